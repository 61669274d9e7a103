"""Regional months: the monthly series of every region for which a month can be shown.

Here: table ``regional_months``: people who fork and contribute by economy and month, beside the signals whose period is
a month anyway (packages, donated logs). Not here: yearly cells of people (`located.py`), series of the world
(`monthly.py`, `event_windows.py`).

A month has few people. Months stand beside the year that holds them, and somebody who is shown both must not learn how
few people a hidden one has. So an economy's year of months is shown whole or not at all: where its yearly cell is
shown, each month has ``LEAST_PEOPLE`` people, and so has what each month leaves of the year (or it leaves nobody).
Months of regions above and below economies are not shown: totals would give the hidden months of the rest away.
"""

from typing import Final

import polars as pl

from assets.adoption.intervals import overlap_share_interval
from assets.adoption.people import COUNTS, SIGNALS, count_in_shards, people_events
from assets.adoption.suppression import LEAST_PEOPLE
from assets.schemas.series import RegionalMonths

MONTHLY: Final = ("package_download", "model_download")
"""Signals whose period is a month in table ``estimates``."""

HIDDEN: Final = (
    "A month of the year has fewer than 10 people here, or leaves fewer of the year, or the year itself is hidden: the "
    "year's months are shown together or not at all."
)
NOBODY: Final = (
    "No whole month of people is known by region in this run: 'atlas build --live' with GITHUB_TOKEN reads them."
)
NOTHING: Final = "No month was logged by region in this run."
_KEY: Final = ("signal", "month", "region_id")
_YEAR: Final = ("signal", "year", "region_id")


def people_months(
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    places: pl.DataFrame,
    tracked: pl.DataFrame,
    estimates: pl.DataFrame,
) -> pl.DataFrame:
    """Return the months of people by economy, hidden ones without figures.

    Months run from the first in which anybody did something to the last before the newest, which may not be over. A
    month without anybody in an economy has too few people, like any other.

    Args:
        forks: Table ``forks``.
        contributions: Table ``contributions``.
        places: Table ``actor_places``.
        tracked: Table ``tracked_repositories``.
        estimates: Table ``estimates``; its yearly cells decide what may be shown.

    Returns:
        ``signal, month, region_id``, counts, share with interval, ``state`` and ``reason``.
    """
    events = people_events(forks, contributions, every="1mo")
    counted, _ = count_in_shards(events, places, tracked)
    span = (
        counted.group_by("signal")
        .agg(month=pl.date_ranges(pl.col("period").min(), pl.col("period").max().dt.offset_by("-1mo"), "1mo").first())
        .explode("month")
        .drop_nulls("month")
        .with_columns(year=pl.col("month").dt.truncate("1y"))
    )
    yearly = estimates.filter(
        pl.col("signal").is_in(SIGNALS) & (pl.col("level") == "country") & pl.col("evidence").is_not_null()
    ).select(
        "signal",
        "region_id",
        year="period",
        year_n="n",
        year_shown=pl.col("state").is_in(["value", "zero"]),
    )
    sums = ("n", "everybody", *COUNTS)
    own = (
        counted.filter(pl.col("country").is_not_null())
        .group_by("signal", month="period", region_id="country")
        .agg(pl.col(sums).sum())
    )
    rest = pl.col("year_n") - pl.col("n")
    enough = ((pl.col("n") >= LEAST_PEOPLE) & pl.col("year_shown") & ((rest == 0) | (rest >= LEAST_PEOPLE))).fill_null(
        value=False
    )
    rows = (
        yearly.join(span, on=["signal", "year"])
        .join(own, on=_KEY, how="left")
        .with_columns(pl.col(sums).fill_null(0))
        .with_columns(shown=enough.all().over(_YEAR))
        .sort(_KEY)
    )
    both = pl.col("n_cn") + pl.col("n_us") - pl.col("n")
    low, high = overlap_share_interval(rows["n_cn"], rows["n_us"], rows.select(both).to_series())

    def where_shown(figure: pl.Expr) -> pl.Expr:
        return pl.when("shown").then(figure.cast(pl.Float64))

    return rows.select(
        *_KEY,
        level=pl.lit("country"),
        coding=pl.lit("publisher"),
        counted=pl.lit("people"),
        **{name: where_shown(pl.col(name)) for name in ("n", *COUNTS)},
        cn_share=where_shown(pl.col("n_cn") / (pl.col("n_cn") + pl.col("n_us"))),
        cn_share_low=where_shown(pl.lit(pl.Series(low))),
        cn_share_high=where_shown(pl.lit(pl.Series(high))),
        evidence=pl.lit("declared"),
        state=pl.when(~pl.col("shown"))
        .then(pl.lit("suppressed"))
        .when(pl.col("n_cn") > 0)
        .then(pl.lit("value"))
        .otherwise(pl.lit("zero")),
        reason=pl.when(~pl.col("shown")).then(pl.lit(HIDDEN)),
        source_id=pl.lit("github"),
    )


def regional_months(people: pl.DataFrame, estimates: pl.DataFrame) -> pl.DataFrame:
    """Return table ``regional_months``; a signal without any month has one row, for the world, with the reason.

    Args:
        people: Result of ``people_months``.
        estimates: Table ``estimates``, of which the measured cells of monthly signals are taken as they are.
    """
    logged = (
        estimates.filter(pl.col("signal").is_in(MONTHLY) & (pl.col("evidence") == "logged"))
        .rename({"period": "month"})
        .select(people.columns)
    )
    rows = pl.concat([people, logged])
    silent = (
        estimates.filter(pl.col("signal").is_in([*SIGNALS, *MONTHLY]))
        .join(rows, on="signal", how="anti")
        .group_by("signal")
        .agg(month=pl.col("period").max().dt.truncate("1mo"))
        .with_columns(
            region_id=pl.lit("world"),
            level=pl.lit("world"),
            coding=pl.lit("publisher"),
            counted=pl.when(pl.col("signal").is_in(SIGNALS)).then(pl.lit("people")).otherwise(pl.lit("downloads")),
            state=pl.lit("not_observed"),
            reason=pl.when(pl.col("signal").is_in(SIGNALS)).then(pl.lit(NOBODY)).otherwise(pl.lit(NOTHING)),
        )
    )
    table = pl.concat([rows, silent], how="diagonal")
    return table.select(pl.col(name).cast(column.dtype) for name, column in RegionalMonths.columns().items()).sort(
        "signal", "month", "level", "region_id", "coding"
    )
