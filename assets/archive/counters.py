"""Counters by day and by month, and what of a month was revised.

Here: pure functions. Not here: observing (`assets/ingest/hub`), differences over longer times
(`assets/adoption/world_series.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from assets.schemas.archive import COUNTER_DEFINITIONS, DailyCounters, MonthlyCounters, MonthlyEstimates

ROLLING, ALL_TIME = COUNTER_DEFINITIONS
KEY: Final = ("platform", "model_id", "observed_on", "definition", "source_id")


def daily_counters(models: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """Return every counter that was observed, as rows of table ``daily_counters``.

    Args:
        models: Table ``models``: the newest observations, two counters a row.
        totals: Table ``model_download_totals``: one counter a row, over time.
    """
    columns = DailyCounters.column_names()
    listed = models.unpivot(
        ["downloads_30d", "downloads_all_time"],
        index=["platform", "model_id", "observed_on", "account", "source_id"],
        variable_name="counter",
        value_name="downloads",
    ).with_columns(
        definition=pl.col("counter").replace_strict({"downloads_30d": ROLLING, "downloads_all_time": ALL_TIME})
    )
    counted = [part.select(columns).cast({"definition": pl.String}) for part in (listed, totals)]
    # An observation stands in both tables where its day was the last one of its month.
    return pl.concat(counted).drop_nulls("downloads").unique(KEY, keep="first", maintain_order=True).sort(KEY)


def monthly_counters(days: pl.DataFrame) -> pl.DataFrame:
    """Return the first and last counter of each model and month, as rows of table ``monthly_counters``.

    Args:
        days: Rows of table ``daily_counters``.
    """
    key = ["platform", "model_id", "month", "definition", "source_id"]
    return (
        days.with_columns(month=pl.col("observed_on").dt.truncate("1mo"))
        .sort("observed_on")
        .group_by(key, maintain_order=True)
        .agg(
            observed_days=pl.col("observed_on").n_unique().cast(pl.Int64),
            first_on=pl.col("observed_on").first(),
            first_downloads=pl.col("downloads").first(),
            last_on=pl.col("observed_on").last(),
            last_downloads=pl.col("downloads").last(),
        )
        .select(MonthlyCounters.column_names())
        .sort(key)
    )


def revisions(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of a month whose share is another one than before, or that are there on one side alone.

    Args:
        before: Rows of table ``monthly_estimates`` as they were kept.
        now: The same cells as they are estimated now.

    Returns:
        The key of ``monthly_estimates``, with ``cn_share_before`` and ``cn_share`` (1; null where a side has none) and
        ``moved``, their distance (1; null where a side has none).
    """
    key = MonthlyEstimates.primary_key()
    both = now.select(*key, "cn_share", there=True).join(
        before.select(*key, "cn_share", there=True), on=key, how="full", coalesce=True, suffix="_before"
    )
    other = ~pl.col("cn_share").eq_missing(pl.col("cn_share_before"))
    alone = pl.any_horizontal(pl.col("there", "there_before").is_null())
    return both.filter(other | alone).select(
        *key, "cn_share_before", "cn_share", moved=(pl.col("cn_share") - pl.col("cn_share_before")).abs()
    )


def revision(cell: Mapping[str, Any]) -> str:
    """Return a revised cell in words: which, its share before, its share now."""
    before, now = (
        "no share" if share is None else f"{share:.1%}" for share in (cell["cn_share_before"], cell["cn_share"])
    )
    return f"{cell['signal']} {cell['region_id']} {cell['period']:%Y-%m} ({cell['coding']}): {before} → {now}"
