"""Change of shares over time: against the previous period and against a year ago.

Here: comparing a cell with the same region's earlier cells. Not here: events and their dates, world series.
"""

from typing import Final

import polars as pl

from assets.adoption.intervals import difference_interval

SERIES: Final = ("signal", "coding")
POINTS: Final = 100
NAMES: Final = {"change_previous": "previous_period", "change_year": "year_before"}


def _change(name: str) -> list[pl.Expr]:
    """Return the change and the ends of its interval, from columns of the cell and ``earlier_``."""
    share, low, high = (pl.col(f"cn_share{end}") for end in ("", "_low", "_high"))
    before, before_low, before_high = (pl.col(f"earlier_cn_share{end}") for end in ("", "_low", "_high"))
    # What is modelled is no observation, and two kinds of evidence are two instruments.
    alike = (pl.col("evidence") == pl.col("earlier_evidence")) & (pl.col("evidence") != "modelled")
    ends = difference_interval((share, low, high), (before, before_low, before_high))
    figures = {name: share - before, f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return [
        pl.when(alike).then((figure * POINTS).clip(-POINTS, POINTS)).alias(column) for column, figure in figures.items()
    ]


def with_changes(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with ``previous_period`` and the changes since, in percentage points with 95 % intervals.

    The previous period is the newest earlier one of the signal and coding, for whatever region: a gap in a region is no
    reason to reach further back. Intervals are those of a difference of independent samples
    (``intervals.difference_interval``); where a share has none, because nothing was sampled, its change has none.

    Args:
        cells: Cells of table ``estimates`` with shares, intervals and evidence; without the columns made here.
    """
    periods = (
        cells.select(*SERIES, "period")
        .unique()
        .sort(*SERIES, "period")
        .with_columns(
            previous_period=pl.col("period").shift(1).over(SERIES), year_before=pl.col("period").dt.offset_by("-1y")
        )
    )
    changed = cells.join(periods, on=[*SERIES, "period"], how="left", maintain_order="left")
    earlier = cells.select(
        *SERIES,
        "region_id",
        pl.col("period").alias("before"),
        pl.col("cn_share", "cn_share_low", "cn_share_high", "evidence").name.prefix("earlier_"),
    )
    for name, before in NAMES.items():
        changed = (
            changed.join(
                earlier,
                left_on=[*SERIES, "region_id", before],
                right_on=[*SERIES, "region_id", "before"],
                how="left",
                maintain_order="left",
            )
            .with_columns(_change(name))
            .drop(pl.selectors.starts_with("earlier_"))
        )
    return changed.drop("year_before")
