"""Fit ``confidence.json``: ``python -m assets.places.fit_confidence LABELLED.csv [MORE.csv]`` (for maintainers).

Here: the program. Not here: the model (`assets/places/confidence.py`).

LABELLED.csv has the columns location, country, alt and stratum: country is the answer; with an empty country, alt lists
codes of which any is right, or is empty too where there is nothing to answer. Rows of stratum ``probe`` are left out:
they were made up. MORE.csv has location, label (the answer, empty = none) and status; rows of status ``agree`` and
``junk`` count, the former lightly, since such labels come from another program. Neither file is kept here: locations
are personal data.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from assets.places.confidence import COEFFICIENTS_FILE, calibration_error, features, fit
from assets.places.gazetteer import load_gazetteer
from assets.places.resolve import resolve
from assets.places.spans import find_spans

FOLDS: Final = 10
LEAST_CONFIDENCE: Final = 0.75
"""A wrong answer is three times worse than none (DESIGN 6.11): an answer must be right three times out of four."""

LIGHT: Final = 0.08
Array = np.ndarray[Any, Any]


def _read(path: str) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False).fill_null("")


def _readings(texts: pl.Series) -> tuple[Array, dict[str, Array], Array]:
    gazetteer = load_gazetteer()
    found = resolve(find_spans(texts, gazetteer), gazetteer)
    country = np.where(found.country >= 0, gazetteer.countries[np.maximum(found.country, 0)], "")
    # Open texts are not answered, so they teach nothing.
    return country, features(found.measures), (found.measures["explained"] > 0) & ~found.rivals


def main(arguments: list[str]) -> None:
    """Fit, say how well it is calibrated on folds that it was not fitted on, and write the file."""
    labelled = _read(arguments[0]).filter(pl.col("stratum") != "probe")
    country, columns, read = _readings(labelled["location"])
    accepted = [
        {code, *alternatives.split()} - {""} for code, alternatives in labelled.select("country", "alt").iter_rows()
    ]
    right = np.array([code in codes for code, codes in zip(country, accepted, strict=True)], float)
    weight = np.ones(len(right)) * read
    for path in arguments[1:]:
        more = _read(path).filter(pl.col("status").is_in(["agree", "junk"]))
        more = more.join(labelled, on="location", how="anti")
        more_country, more_columns, more_read = _readings(more["location"])
        columns = {name: np.concatenate([values, more_columns[name]]) for name, values in columns.items()}
        right = np.append(right, (more_country == more["label"].to_numpy()).astype(float))
        weight = np.append(weight, np.where(more["status"] == "junk", 1.0, LIGHT) * more_read)
    fold = np.full(len(right), -1)
    fold[: len(country)] = np.random.default_rng(0).integers(0, FOLDS, len(country))
    held_out = np.zeros(len(country))
    for number in range(FOLDS):
        keep = fold != number
        beta = fit({name: values[keep] for name, values in columns.items()}, right[keep], weight[keep])
        score = sum(beta[name] * values[: len(country)] for name, values in columns.items())
        mine = fold[: len(country)] == number
        held_out[mine] = (1 / (1 + np.exp(-np.asarray(score))))[mine]
    answered = read & (held_out >= LEAST_CONFIDENCE)
    error = calibration_error(held_out[answered], right[: len(country)][answered])
    written = {
        "fitted_on": f"{len(right):,} labelled texts ({len(country):,} read by hand)",
        "calibration_error": round(error, 4),
        "least_confidence": LEAST_CONFIDENCE,
        "coefficients": {name: round(value, 4) for name, value in fit(columns, right, weight).items()},
    }
    target = Path(str(files("assets.places") / COEFFICIENTS_FILE))
    target.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{target.name}: calibration error {error:.4f} on {answered.sum():,} answers held out.\n")


if __name__ == "__main__":
    main(sys.argv[1:])
