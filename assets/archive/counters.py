"""Counters by day and by month.

Here: pure functions. Not here: observing (`assets/ingest/hub`), differences over longer times
(`assets/adoption/world_series.py`).
"""

from typing import Final

import polars as pl

from assets.schemas.archive import COUNTER_DEFINITIONS, DailyCounters, MonthlyCounters

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
