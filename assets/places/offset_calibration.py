"""How far offset evidence can be believed: calibration against declared places, and a confusion matrix.

Here: fitting the parameters of `assets/places/offsets.py` on people who declare a place and whose commits carry
offsets, what the fit is worth, declared against inferred economies. Not here: the evidence itself.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.places.offsets import (
    NOISE,
    THRESHOLD,
    UNCALIBRATED_SMOOTHING,
    UNCALIBRATED_TEMPERATURE,
    Array,
    Evidence,
    Fit,
    OffsetError,
    gather_evidence,
    name_economies,
)

LEAST_PEOPLE: Final = 10
"""A published cell rests on so many people (DESIGN 6.8)."""
LEAST_TO_FIT: Final = 100
"""People with both kinds of evidence from which a temperature is fitted."""
MOST_TO_FIT: Final = 50_000
BINS: Final = 10
NOBODY_HAS_BOTH: Final = f"fewer than {LEAST_TO_FIT} actors have both an offset and a declared place"
ABSTAINED: Final = "abstained"
OTHER: Final = "other"
RELIABILITY: Final = pl.Schema(
    {"bin": pl.Int64(), "n": pl.Int64(), "probability": pl.Float64(), "accuracy": pl.Float64()}
)
MATRIX: Final = pl.Schema({"declared": pl.String(), "inferred": pl.String(), "n": pl.Int64()})


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How far probabilities can be believed, and the temperature that makes them so.

    Attributes:
        state: ``value``, or ``not_observed`` where too few actors have both kinds of evidence.
        reason: Why nothing was fitted.
        temperature: T of ``infer``; that of uncalibrated use where nothing was fitted.
        smoothing: δ of ``infer``, likewise.
        n: People behind the fit.
        accuracy: Share of them whose most probable economy is the declared one, to two digits.
        ece: Expected calibration error, each half of the people judged with the parameters fitted on the other.
        ece_uncalibrated: The same without a fit.
        log_loss: Mean −log p(declared economy) in nats, judged like ``ece``.
        reliability: Bins of equal size, each of ten people or more: mean probability and accuracy.
    """

    state: str
    reason: str | None
    temperature: float
    smoothing: float
    n: int | None
    accuracy: float | None
    ece: float | None
    ece_uncalibrated: float | None
    log_loss: float | None
    reliability: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Declared against inferred economies.

    Attributes:
        state: ``value``, or ``not_observed``.
        reason: Why there is no matrix.
        n: People in the matrix.
        accuracy: Right among those for whom an economy was named, to two digits; null where none was.
        ece: Expected calibration error of the most probable economy, named or not.
        matrix: ``declared``, ``inferred``, ``n``: rows sum to the people who declare the economy. ``abstained`` =
            none was named; ``other`` = economies with too few people, put together so that no cell and no
            difference rests on fewer than ten.
    """

    state: str
    reason: str | None
    n: int | None
    accuracy: float | None
    ece: float | None
    matrix: pl.DataFrame


def _declared(histograms: pl.DataFrame, declared: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the histograms and declared countries of the actors that have both."""
    places = declared.select(pl.col("actor").cast(pl.String), declared="country").drop_nulls()
    clashing = places.unique().height - places["actor"].n_unique()
    if clashing:
        raise OffsetError(f"{clashing} actor(s) declare more than one country; give one row an actor.")
    places = places.unique()
    of_both = histograms.with_columns(pl.col("actor").cast(pl.String)).join(
        places.select("actor"), on="actor", how="semi"
    )
    return of_both, places.join(of_both.select("actor").unique(), on="actor", how="semi").sort("actor")


def _bins(probability: Array, right: NDArray[np.bool_]) -> pl.DataFrame:
    """Return the reliability diagram in bins of equal size, each of ten people or more where there are as many."""
    n = len(probability)
    bins = max(1, min(BINS, n // LEAST_PEOPLE))
    order = np.argsort(probability, kind="stable")
    number = np.empty(n, dtype=np.int64)
    number[order] = np.arange(n) * bins // n
    return (
        pl.DataFrame({"bin": number, "probability": probability, "right": right})
        .group_by("bin")
        .agg(
            n=pl.len().cast(pl.Int64),
            probability=pl.col("probability").mean(),
            accuracy=pl.col("right").cast(pl.Float64).mean(),
        )
        .select(RELIABILITY.names())
        .sort("bin")
    )


def _error(reliability: pl.DataFrame) -> float:
    """Return the expected calibration error: Σ n/N × |accuracy − probability| (Naeini et al., AAAI 2015)."""
    gap = (pl.col("accuracy") - pl.col("probability")).abs()
    return float(reliability.select((pl.col("n") * gap).sum() / pl.col("n").sum()).item())


def _fitted(evidence: Evidence, log_likelihood: Array, answers: NDArray[np.int64]) -> Fit:
    """Return the T and δ with the least log loss."""
    from scipy import optimize

    prior = evidence.share()[answers]

    def given(log_temperature: float) -> tuple[float, float]:
        """Return the least loss at a temperature, and its δ; the loss is convex in δ."""
        unsmoothed = evidence.unsmoothed(log_likelihood, float(np.exp(log_temperature)))
        hit = unsmoothed[np.arange(len(answers)), answers]
        best = optimize.minimize_scalar(
            lambda smoothing: _log_loss((1 - smoothing) * hit + smoothing * prior),
            bounds=(0.0, 0.5),
            method="bounded",
            options={"xatol": 1e-4},
        )
        return float(best.fun), float(best.x)

    best = optimize.minimize_scalar(
        lambda log_temperature: given(log_temperature)[0],
        bounds=(np.log(0.2), np.log(50.0)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return Fit(temperature=float(np.exp(best.x)), smoothing=given(best.x)[1])


def _log_loss(hit: Array) -> float:
    return float(-np.log(np.maximum(hit, 1e-12)).mean())


def calibrate(
    histograms: pl.DataFrame, declared: pl.DataFrame, developers: pl.DataFrame, *, noise: float = NOISE
) -> Calibration:
    """Fit temperature and smoothing on actors that have both an offset and a declared place.

    People who declare a place are not all people: the fit holds for others as far as their offsets err alike. A
    prior that does not suit the actors is not repaired by it; the error then stays high, which is how to see it.
    Of more than 50,000 actors the first by hash are taken, which is a random sample.

    Args:
        histograms: As for ``infer``.
        declared: ``actor``, ``country``; rows without a country do not count.
        developers: As for ``infer``.
        noise: As for ``infer``.

    Raises:
        OffsetError: A column or parameter does not fit, or an actor declares two countries.
    """
    both, places = _declared(histograms, declared)
    evidence = gather_evidence(both, developers, noise)
    columns = pl.DataFrame({"declared": evidence.countries}).with_row_index("column")
    known = evidence.actors.drop_nulls("row").join(places, on="actor").join(columns, on="declared").sort("actor")
    known = known.head(MOST_TO_FIT)
    if known.height < LEAST_TO_FIT:
        return Calibration(
            state="not_observed",
            reason=NOBODY_HAS_BOTH,
            temperature=UNCALIBRATED_TEMPERATURE,
            smoothing=UNCALIBRATED_SMOOTHING,
            n=None,
            accuracy=None,
            ece=None,
            ece_uncalibrated=None,
            log_loss=None,
            reliability=pl.DataFrame(schema=RELIABILITY),
        )
    likelihood = np.asarray(evidence.observed[known["row"].to_numpy()] @ evidence.log_days)
    answers = known["column"].to_numpy().astype(np.int64)
    halves = np.arange(len(answers)) % 2
    held_out = np.zeros((len(answers), len(evidence.countries)))
    for half in (0, 1):
        fit = _fitted(evidence, likelihood[halves != half], answers[halves != half])
        held_out[halves == half] = evidence.smoothed(
            evidence.unsmoothed(likelihood[halves == half], fit.temperature), fit.smoothing
        )
    uncalibrated = evidence.smoothed(evidence.unsmoothed(likelihood, UNCALIBRATED_TEMPERATURE), UNCALIBRATED_SMOOTHING)
    fit = _fitted(evidence, likelihood, answers)
    right = held_out.argmax(axis=1) == answers
    reliability = _bins(held_out.max(axis=1), right)
    return Calibration(
        state="value",
        reason=None,
        temperature=fit.temperature,
        smoothing=fit.smoothing,
        n=len(answers),
        accuracy=round(float(right.mean()), 2),
        ece=_error(reliability),
        ece_uncalibrated=_error(_bins(uncalibrated.max(axis=1), uncalibrated.argmax(axis=1) == answers)),
        log_loss=_log_loss(held_out[np.arange(len(answers)), answers]),
        reliability=reliability,
    )


def _folded(counts: pl.DataFrame, column: str, within: list[str]) -> pl.DataFrame:
    """Put cells of fewer than ten people into ``other``, and the next smallest too while ``other`` is below ten."""
    order = [*within, "n", column]
    before = pl.col("n").cum_sum() - pl.col("n")
    counts = counts.sort(order).with_columns(before=before.over(within) if within else before)
    small = (pl.col("n") < LEAST_PEOPLE) | pl.col("before").is_between(1, LEAST_PEOPLE - 1)
    return counts.with_columns(pl.when(small).then(pl.lit(OTHER)).otherwise(pl.col(column)).alias(column)).drop(
        "before"
    )


def confusion(
    histograms: pl.DataFrame,
    declared: pl.DataFrame,
    developers: pl.DataFrame,
    *,
    temperature: float = UNCALIBRATED_TEMPERATURE,
    smoothing: float = UNCALIBRATED_SMOOTHING,
    threshold: float = THRESHOLD,
    noise: float = NOISE,
) -> Confusion:
    """Compare inferred with declared economies, without cells that rest on fewer than ten people.

    Args:
        histograms: As for ``infer``.
        declared: ``actor``, ``country``; rows without a country do not count.
        developers: As for ``infer``.
        temperature: As for ``infer``; fitted on the same people it flatters the error, see ``Calibration.ece``.
        smoothing: As for ``infer``.
        threshold: As for ``infer``; 0 names the most probable economy of everyone with a usable offset.
        noise: As for ``infer``.

    Raises:
        OffsetError: A column or parameter does not fit, or an actor declares two countries.
    """
    fit = Fit(temperature=temperature, smoothing=smoothing)
    both, places = _declared(histograms, declared)
    if places.height < LEAST_TO_FIT:
        return Confusion(
            state="not_observed",
            reason=NOBODY_HAS_BOTH,
            n=None,
            accuracy=None,
            ece=None,
            matrix=pl.DataFrame(schema=MATRIX),
        )
    people = name_economies(gather_evidence(both, developers, noise), fit, threshold).join(places, on="actor")
    counts = (
        people.select("declared", inferred=pl.col("country").fill_null(ABSTAINED))
        .group_by("declared", "inferred")
        .agg(n=pl.len().cast(pl.Int64))
    )
    rows = _folded(counts.group_by("declared").agg(pl.col("n").sum()).with_columns(row="declared"), "declared", [])
    cells = counts.rename({"declared": "row"}).join(rows.select("row", "declared"), on="row")
    cells = cells.group_by("declared", "inferred").agg(pl.col("n").sum())
    matrix = _folded(cells, "inferred", ["declared"]).group_by("declared", "inferred").agg(pl.col("n").sum())
    named = people.drop_nulls("country")
    with_offset = people.drop_nulls("probability").sort("actor")
    best = with_offset["candidates"].list.first().struct.field("country")
    right = (best == with_offset["declared"]).to_numpy()
    return Confusion(
        state="value",
        reason=None,
        n=people.height,
        accuracy=round(float((named["country"] == named["declared"]).cast(pl.Float64).mean() or 0.0), 2)  # type: ignore[arg-type]
        if named.height
        else None,
        ece=_error(_bins(with_offset["probability"].to_numpy(), right)) if with_offset.height else None,
        matrix=matrix.select(MATRIX.names()).sort("declared", "inferred"),
    )
