"""Checks of the allocation: how far it moves with the weighting, and whether it predicts what was logged.

Here: table ``allocation_checks``. Not here: the allocation itself (`allocation.py`).

Two comparisons, a row each pair. *agreement*: the shares that two weightings give the same economies; weightings that
disagree cannot both be right, and weightings that agree can be wrong together. *held_out*: where downloads are logged
by economy, their world total is spread by each weighting that has not seen them, and the shares are compared with the
logged ones. The null model is the measure: a weighting that errs as much as "everyone adopts like the world" knows
nothing of regions.
"""

from itertools import combinations
from typing import Any, Final

import numpy as np
import polars as pl

from assets.adoption.allocation import SHARE_ALIKE, allocate
from assets.adoption.family_weightings import BY_FAMILY
from assets.adoption.intervals import CONFIDENCE
from assets.adoption.weightings import (
    ASSUMPTIONS,
    DRAWS,
    MISSING,
    NULL,
    REQUESTS,
    Weights,
    sides_by_economy,
    weightings,
)
from assets.schemas.allocation import AllocationChecks

HELD_OUT: Final = {
    "package_download": "No downloads of packages by economy in this run: nothing logged to predict.",
    "model_download": "No donated log of publishers of both sides in this run: nothing logged to predict.",
}
FEWEST: Final = 3
NO_SUMS: Final = pl.DataFrame(schema={"region_id": pl.String, "parent_id": pl.String})
LUCK: Final = 0.025
"""What happens by chance with less than this probability is taken as no luck: erring less, and covering too little."""


def _compared(ours: pl.Series, theirs: pl.Series) -> dict[str, float | int | None]:
    """Return how two series of shares of the same economies differ."""
    from scipy import stats

    apart = (ours - theirs).abs()
    ranked = ours.len() >= FEWEST and ours.round(12).n_unique() > 1 and theirs.round(12).n_unique() > 1
    return {
        "economies": ours.len(),
        "mean_error": apart.mean() if ours.len() else None,  # type: ignore[dict-item]
        "greatest_error": apart.max() if ours.len() else None,  # type: ignore[dict-item]
        # Weights of the null model differ in their last bits, which are no ranks.
        "rank_correlation": float(stats.spearmanr(ours.round(12), theirs.round(12)).statistic) if ranked else None,
    }


def _cited(*sources: str | None) -> str | None:
    """Return the source that a comparison is published under: a share-alike one if there is any."""
    return next((one for one in sources if one in SHARE_ALIKE), sources[0])


def agreement(allocations: pl.DataFrame) -> list[dict[str, object]]:
    """Return the rows that compare weightings with each other, economy by economy.

    Args:
        allocations: Table ``allocations``.
    """
    shares = allocations.filter((pl.col("level") == "country") & pl.col("cn_share").is_not_null())
    missing = allocations.filter((pl.col("level") == "world") & (pl.col("state") == "not_observed"))
    rows: list[dict[str, object]] = []
    for (coding, period), own in allocations.group_by(["coding", "period"], maintain_order=True):
        absent = dict(missing.filter(coding=coding).select("weighting", "reason").iter_rows())
        for first, second in combinations(ASSUMPTIONS, 2):
            key = {"check": "agreement", "coding": coding, "period": period, "weighting": first, "against": second}
            why = absent.get(first) or absent.get(second)
            if why:
                rows.append({**key, "economies": 0, "state": "not_observed", "reason": why})
                continue
            ours, theirs = (
                shares.filter(coding=coding, period=period, weighting=name).select("region_id", "cn_share", "source_id")
                for name in (first, second)
            )
            both = ours.join(theirs, on="region_id", suffix="_theirs").sort("region_id")
            sources = own.filter(pl.col("weighting").is_in([first, second]))["source_id"].drop_nulls().unique().sort()
            rows.append(
                {
                    **key,
                    **_compared(both["cn_share"], both["cn_share_theirs"]),
                    "state": "value" if both.height else "not_observed",
                    "reason": None if both.height else "The two weightings have no economy in common.",
                    "source_id": _cited(*sources),
                }
            )
    return rows


def predicted(truth: pl.DataFrame, weights: Weights) -> pl.DataFrame:
    """Spread the total of a logged signal and set the shares beside the logged ones.

    The total is spread over the economies that the log has and the weights tell something of, and is the sum of theirs.

    Args:
        truth: ``region_id, cn, us`` of one period and coding.
        weights: A weighting that has not seen the signal.

    Returns:
        ``region_id, cn_share, cn_share_low, cn_share_high, logged_share``.
    """
    telling = weights.regions.with_row_index().filter(pl.col("state").is_in(["value", "zero"]))
    common = telling.join(truth, on="region_id").sort("region_id")
    cn, us = float(common["cn"].sum()), float(common["us"].sum())
    if common.height < FEWEST or cn == 0 or us == 0:
        return pl.DataFrame(
            schema=dict.fromkeys(("region_id", "cn_share", "cn_share_low", "cn_share_high", "logged_share"), pl.Float64)
        )
    at = common["index"].to_numpy()
    own_cn, own_us = (drawn[:, at] / drawn[:, at].sum(axis=1, keepdims=True) for drawn in (weights.cn, weights.us))
    # Nothing is hidden in economies that tell something, so that sampling alone is left.
    held = Weights(
        name=weights.name,
        regions=common.select("region_id", "n", "state", "reason"),
        cn=own_cn,
        us=own_us,
        odds_low=np.full(common.height, np.inf),
        odds_high=np.zeros(common.height),
        period=weights.period,
        source_id=weights.source_id,
    )
    spread = allocate(held, cn, us, np.full(DRAWS, cn / (cn + us)), NO_SUMS)
    logged = truth.select("region_id", logged_share=pl.col("cn") / (pl.col("cn") + pl.col("us")))
    return (
        spread.join(logged, on="region_id")
        .select("region_id", "cn_share", "cn_share_low", "cn_share_high", "logged_share")
        .sort("region_id")
    )


def _verdict(name: str, own: pl.DataFrame, world: float, covered: int) -> str | None:
    """Judge a weighting: against the null model first, then by its intervals.

    It errs less than the null model only beyond luck: Wilcoxon's signed-rank test over economies, one-sided.
    """
    from scipy import stats

    if name == NULL:
        return None
    errors = (own["cn_share"] - own["logged_share"]).abs().to_numpy()
    null_errors = (own["logged_share"] - world).abs().to_numpy()
    # Where no error differs, the test has no probability to give.
    beyond_luck = stats.wilcoxon(errors, null_errors, alternative="less").pvalue < LUCK
    if not beyond_luck:
        return "no_better_than_null"
    return "predicts" if stats.binom.cdf(covered, own.height, CONFIDENCE) > LUCK else "intervals_too_narrow"


def held_out(
    survey_use: pl.DataFrame, observations: pl.DataFrame, denominators: pl.DataFrame, regions: pl.DataFrame
) -> list[dict[str, object]]:
    """Return the rows that compare predictions with logs, for each logged signal, month, coding and weighting.

    Args:
        survey_use: Table ``survey_use``.
        observations: Table ``observations``.
        denominators: Table ``denominators``.
        regions: Table ``regions``.
    """
    rows: list[dict[str, object]] = []
    newest = observations["period"].max()
    by_month: dict[Any, dict[str, Weights]] = {}
    for signal, nothing in HELD_OUT.items():
        # A log holds the lines of whoever donated it, and packages have none: weightings by family are not held out.
        names = [name for name in ASSUMPTIONS if REQUESTS.get(name) != signal and name not in BY_FAMILY]
        logged = sides_by_economy(observations.filter(pl.col("evidence") == "logged"), signal)
        sided = logged.filter((pl.col(side).sum().over("period", "coding") > 0) for side in ("cn", "us"))
        if sided.is_empty():
            key = {"check": "held_out", "coding": "publisher", "period": newest, "against": signal}
            rows += [
                {**key, "weighting": name, "economies": 0, "state": "not_observed", "reason": nothing} for name in names
            ]
        for (period, coding), truth in sided.group_by(["period", "coding"], maintain_order=True):
            key = {"check": "held_out", "coding": coding, "period": period, "against": signal}
            if period not in by_month:
                by_month[period] = weightings(survey_use, observations, denominators, regions, day=period)
            found = by_month[period]
            for name in names:
                row: dict[str, object] = {**key, "weighting": name}
                if name not in found:
                    rows.append({**row, "economies": 0, "state": "not_observed", "reason": MISSING[name]})
                    continue
                own = predicted(truth, found[name])
                if own.is_empty():
                    few = f"Fewer than {FEWEST} economies are in both, or one side has nothing there."
                    rows.append({**row, "economies": 0, "state": "not_observed", "reason": few})
                    continue
                figures = _compared(own["cn_share"], own["logged_share"])
                # On these economies the null model gives each the share of their sum.
                shared = truth.filter(pl.col("region_id").is_in(own["region_id"].implode()))
                cn, us = (float(shared[side].sum()) for side in ("cn", "us"))
                pooled = cn / (cn + us)
                null_error = float((own["logged_share"] - pooled).abs().mean())  # type: ignore[arg-type]
                inside = own["logged_share"].is_between(own["cn_share_low"] - 1e-9, own["cn_share_high"] + 1e-9)
                rows.append(
                    {
                        **row,
                        **figures,
                        "null_error": null_error,
                        "interval_coverage": float(inside.mean()),  # type: ignore[arg-type]
                        "verdict": _verdict(name, own, pooled, int(inside.sum())),
                        "state": "value",
                        "source_id": _cited(truth["source_id"][0], found[name].source_id),
                    }
                )
    return rows


def allocation_checks(
    allocations: pl.DataFrame,
    survey_use: pl.DataFrame,
    observations: pl.DataFrame,
    denominators: pl.DataFrame,
    regions: pl.DataFrame,
) -> pl.DataFrame:
    """Return table ``allocation_checks``.

    Args:
        allocations: Table ``allocations``.
        survey_use: Table ``survey_use``.
        observations: Table ``observations``.
        denominators: Table ``denominators``.
        regions: Table ``regions``.
    """
    rows = [*agreement(allocations), *held_out(survey_use, observations, denominators, regions)]
    schema = {name: column.dtype for name, column in AllocationChecks.columns().items()}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row").sort(
        "check", "coding", "period", "weighting", "against"
    )
