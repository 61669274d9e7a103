"""How sure a reading is: the probability that its country is right, and from which on it is an answer.

Here: the features of a reading, the fitted coefficients (``confidence.json``), fitting them anew. Not here: the
measures that features are made of (`assets/places/resolve.py`).

The model is a logistic regression, so that an analyst can read what makes a reading sure. It was fitted on readings of
labelled texts (``python -m assets.places.fit_confidence``); what it was fitted on and how well it is calibrated stands
in the file.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from assets.places.gazetteer import ADMIN1, COUNTRY, REGION
from assets.places.resolve import RIVAL

Array = np.ndarray[Any, Any]

COEFFICIENTS_FILE: Final = "confidence.json"
LOWEST, HIGHEST = 0.001, 0.999
"""No reading of a text is surer than this; labels themselves err more often."""


def features(measures: Mapping[str, Array]) -> dict[str, Array]:
    """Return the features of readings by name, each a float per text; all are of the order of one.

    Args:
        measures: ``Resolution.measures``.
    """
    kind, unexplained = measures["kind"], np.minimum(measures["unexplained"], 5)
    country = (kind == COUNTRY).astype(float)
    subdivision = np.isin(kind, (ADMIN1, REGION)).astype(float)
    town = 1 - country - subdivision
    odds = np.clip(measures["odds"], -7, 9)
    left_over, size = np.log1p(unexplained), np.clip(measures["size"], 2.5, 8) - 5
    whole, several = measures["whole"], (measures["explained"] > 1).astype(float)
    long = (measures["longest"] > 1).astype(float)
    respelt, codes_only = measures["respelt"], measures["codes_only"]
    return {
        "constant": np.ones(len(kind)),
        "odds": odds,
        "odds of a town": odds * town,
        "faint conflict": np.minimum(measures["conflict"], RIVAL) / RIVAL,
        "words left over": left_over,
        "words left over by a town": left_over * town,
        "words left over in the part": left_over * (1 - whole),
        "any word left over": (unexplained > 0).astype(float),
        "country named": country,
        "subdivision named": subdivision,
        "size of a town": size * town,
        "size of a town with words left over": size * town * (unexplained > 0),
        "placeless word": measures["nonplace"],
        "respelt": respelt,
        "respelt town": respelt * town,
        "name of several words": long,
        "town of several words": long * town,
        "whole part": whole,
        "town is the whole part": whole * town,
        "codes only": codes_only,
        "codes only with words left over": codes_only * (unexplained > 0),
        "several names agree": several,
        "several towns agree": several * town,
        "share among homonyms": np.log(np.clip(measures["share"], 1e-3, 1)),
        "common words only": measures["common"],
        "common words only, by size": measures["common"] * size,
        "length": np.log1p(measures["words"]),
    }


@cache
def _model() -> Mapping[str, Any]:
    model: Mapping[str, Any] = json.loads((files("assets.places") / COEFFICIENTS_FILE).read_bytes())
    return model


def least_confidence() -> float:
    """Return the confidence that a reading must have to be an answer."""
    return float(_model()["least_confidence"])


def confidence(measures: Mapping[str, Array]) -> Array:
    """Return the probability that the country of each reading is right; 0 where no name speaks for a country.

    Args:
        measures: ``Resolution.measures``.
    """
    coefficients = _model()["coefficients"]
    score = sum(coefficients[name] * values for name, values in features(measures).items())
    probability = np.clip(1 / (1 + np.exp(-np.asarray(score, float))), LOWEST, HIGHEST)
    return np.where(measures["explained"] > 0, probability, 0.0)


def fit(columns: Mapping[str, Array], right: Array, weight: Array, *, ridge: float = 1.0) -> dict[str, float]:
    """Fit the coefficients by penalised maximum likelihood.

    Args:
        columns: Features by name, as ``features`` returns them.
        right: 1 where the country of a reading was right, 0 where it was wrong or should not have been answered.
        weight: Weight of each reading.
        ridge: Penalty on squared coefficients (the constant is free).

    Raises:
        RuntimeError: The optimiser did not converge.
    """
    from scipy.optimize import minimize

    matrix = np.stack(list(columns.values()), axis=1)
    free = np.array([name != "constant" for name in columns], float)

    def loss(beta: Array) -> tuple[float, Array]:
        score = matrix @ beta
        value = weight @ (np.logaddexp(0, -score) * right + np.logaddexp(0, score) * (1 - right))
        slope = matrix.T @ (weight * (1 / (1 + np.exp(-score)) - right))
        return float(value + ridge * (free * beta**2).sum()), slope + 2 * ridge * free * beta

    found = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    if not found.success:
        raise RuntimeError(f"The confidence could not be fitted: {found.message}.")
    return dict(zip(columns, map(float, found.x), strict=True))


def calibration_error(probability: Array, right: Array, bins: int = 10) -> float:
    """Return the expected calibration error: the mean gap between probability and rate in bins of equal count.

    Source: Naeini, Cooper and Hauskrecht 2015, with equal-mass bins.
    """
    order = np.argsort(probability)
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(abs(probability[part].mean() - right[part].mean()) * len(part) for part in parts) / len(order))
