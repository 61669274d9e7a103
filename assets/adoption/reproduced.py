"""Anchor figures: counts of a source that must come out of the estimation as they went in.

Here: comparing the estimates of economies with the survey's own counts. Not here: estimating (`estimates.py`), figures
that others published (`validations.py`).
"""

from typing import Final

import polars as pl

SIDES: Final = {"ANY_CN_OPEN": "n_cn", "ANY_US_OPEN": "n_us"}


def not_reproduced(estimates: pl.DataFrame, survey_use: pl.DataFrame) -> tuple[int, list[str]]:
    """Return how many counts of economies were compared, and the economies where an estimate has another one.

    Args:
        estimates: Table ``estimates``.
        survey_use: Table ``survey_use``.
    """
    published = (
        survey_use.filter(pl.col("model").is_in(list(SIDES)) & pl.col("users").is_not_null())
        .select("region_id", "users", period="wave", side=pl.col("model").replace_strict(SIDES))
        .cast({"users": pl.Float64})
    )
    shown = (
        estimates.filter((pl.col("signal") == "survey_use") & (pl.col("level") == "country"))
        .unpivot(list(SIDES.values()), index=["region_id", "period"], variable_name="side", value_name="shown")
        .drop_nulls("shown")
    )
    both = shown.join(published, on=["region_id", "period", "side"], how="left")
    off = both.filter(~pl.col("shown").eq_missing(pl.col("users")))
    return both.height, sorted(set(off["region_id"]))
