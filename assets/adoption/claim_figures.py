"""Figures of claims: from the tables of a run to the cells that a statement is judged by.

Here: one reader a table, all of one shape. Not here: statements (`claims.toml`, `claims.py`) and the rules of verdicts
(`verdicts.py`).

A reader takes the rows that a statement selects and returns one row a cell with the columns of ``CELLS``; a cell
without a figure keeps its state and reason. It invents nothing: what the table does not know stays null.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

from assets.adoption.intervals import difference_interval, wilson_interval
from assets.adoption.verdicts import WITH_FIGURE

CELLS: Final[Mapping[str, Any]] = {
    "subject": pl.String,
    "period": pl.Date,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "bound_low": pl.Float64,
    "bound_high": pl.Float64,
    "n": pl.Float64,
    "counted": pl.String,
    "evidence": pl.String,
    "state": pl.String,
    "reason": pl.String,
    "source_id": pl.String,
}
"""Columns of a reader's result."""

EVENT_COLUMNS: Final = (
    "event_id",
    "event_date",
    "signal",
    "series",
    "coding",
    "window_months",
    "effect",
    "effect_low",
    "effect_high",
    "placebo_rank",
    "placebos",
    "state",
    "reason",
    "source_id",
)
"""Columns of table ``event_windows`` that statements may select by or read."""

PLACEBO_LEVEL: Final = 0.05
"""An event's effect must be among so small a part of all dates compared, or it is one that any month may show."""

LEAST_PLACEBOS: Final = math.ceil(1 / PLACEBO_LEVEL) - 1
"""With fewer even the first rank is no such part, so that the comparison can show nothing."""

NOTHING_READ: Final = "The table {} has no rows on this in this run."
ORDINARY: Final = "Other months, whose windows may overlap an event, show as much: rank {} of {}."
FEW: Final = "Too few placebo dates to tell the effect from chance: at least {} needed, {} found."


def _cells(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in CELLS.items())


def estimate_cells(rows: pl.DataFrame, figure: str, *, complete_count: bool) -> pl.DataFrame:
    """Return cells of table ``estimates``: of each region the newest period with a figure, or else the newest.

    Args:
        rows: The rows that the statement selects.
        figure: ``cn_share``.
        complete_count: Whether the counts are of everything, so that sampling leaves nothing open and the interval is
            the point; the bounds still tell what is not known.
    """
    newest = (
        rows.sort(pl.col("state").is_in(WITH_FIGURE), "period", descending=True)
        .unique("region_id", keep="first", maintain_order=True)
        .sort("region_id")
    )
    whole = pl.lit(complete_count)
    return _cells(
        newest.with_columns(
            subject="region_id",
            value=figure,
            low=pl.when(whole).then(figure).otherwise("cn_share_low"),
            high=pl.when(whole).then(figure).otherwise("cn_share_high"),
        )
    )


def _permissive(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row a panel with permissive, undeclared and all models of either side."""
    sides = rows.filter(pl.col("origin").is_in(["CN", "US"]))

    def models(origin: str, kind: str) -> pl.Expr:
        chosen = (pl.col("origin") == origin) & (pl.col("licence_class") == kind)
        return pl.col("models").filter(chosen).sum()

    counts = {
        f"{side.lower()}_{kind}": models(side, kind) for side in ("CN", "US") for kind in ("permissive", "undeclared")
    }
    wholes = {f"{side.lower()}_all": pl.col("models").filter(pl.col("origin") == side).sum() for side in ("CN", "US")}
    return (
        sides.group_by("panel", maintain_order=True)
        .agg(period=pl.col("period").max(), source_id=pl.col("source_id").first(), **counts, **wholes)
        .sort("panel")
    )


def licence_cells(rows: pl.DataFrame, figure: str, *, complete_count: bool) -> pl.DataFrame:
    """Return cells of table ``licences``, one a panel.

    * ``cn_permissive``: permissive part of the Chinese models, with Wilson's interval.
    * ``cn_minus_us_permissive``: that part minus the US one, with Newcombe's interval.

    The bounds take models without a declared licence as permissive on the one side and not on the other.

    Args:
        rows: The rows that the statement selects.
        figure: One of the two.
        complete_count: As for ``estimate_cells``.
    """
    panels = _permissive(rows)
    needs_us = figure == "cn_minus_us_permissive"
    panels = panels.filter((pl.col("cn_all") > 0) & ((pl.col("us_all") > 0) | (not needs_us)))
    ends = []
    for side in ("cn", "us"):
        least, most = wilson_interval(panels[f"{side}_permissive"].to_numpy(), panels[f"{side}_all"].to_numpy())
        ends += [pl.Series(f"{side}_low", least), pl.Series(f"{side}_high", most)]
    cn, us = (pl.col(f"{side}_permissive") / pl.col(f"{side}_all") for side in ("cn", "us"))
    cn_open, us_open = (pl.col(f"{side}_undeclared") / pl.col(f"{side}_all") for side in ("cn", "us"))
    if needs_us:
        value, bound_low, bound_high = cn - us, cn - us - us_open, cn + cn_open - us
        interval = difference_interval(
            (cn, pl.col("cn_low"), pl.col("cn_high")), (us, pl.col("us_low"), pl.col("us_high"))
        )
        n = pl.col("cn_all") + pl.col("us_all")
    else:
        value, bound_low, bound_high, n = cn, cn, cn + cn_open, pl.col("cn_all")
        interval = pl.col("cn_low"), pl.col("cn_high")
    low, high = (value, value) if complete_count else interval
    return _cells(
        panels.with_columns(ends).select(
            "period",
            "source_id",
            subject="panel",
            value=value,
            low=low,
            high=high,
            bound_low=bound_low,
            bound_high=bound_high,
            n=n,
            counted=pl.lit("models"),
            evidence=pl.lit("declared"),
            state=pl.lit("value"),
            reason=pl.lit(None),
        )
    )


def event_cells(rows: pl.DataFrame, figure: str, *, complete_count: bool) -> pl.DataFrame:
    """Return cells of table ``event_windows``, one an event, series and width of the window.

    Placebo dates are the other months of the series; their windows may overlap an event. An effect that is no rarer
    than among them is not told from none: its interval is widened to hold 0. With fewer than ``LEAST_PLACEBOS`` no
    effect could be rare, so that there is no interval and nothing to judge.
    There are no worst-case bounds: the interval is one of sampling alone.

    Args:
        rows: The rows that the statement selects.
        figure: ``effect``, in log-ratio of CN to US.
        complete_count: As for ``estimate_cells``.
    """
    effect, compared = pl.col(figure), pl.col("placebos") + 1
    enough = (pl.col("placebos") >= LEAST_PLACEBOS).fill_null(value=False)
    rare = enough & (pl.col("placebo_rank") / compared <= PLACEBO_LEVEL)
    low, high = (effect, effect) if complete_count else (pl.col("effect_low"), pl.col("effect_high"))
    return _cells(
        rows.sort("event_date", "series", "window_months").with_columns(
            subject=pl.format("{} / {} / {} months", "event_id", "series", "window_months"),
            period="event_date",
            value=effect,
            # The least and greatest of nothing and 0 are 0: only what has an effect is widened.
            low=pl.when(effect.is_not_null() & enough).then(
                pl.when(rare).then(low).otherwise(pl.min_horizontal(low, pl.lit(0.0)))
            ),
            high=pl.when(effect.is_not_null() & enough).then(
                pl.when(rare).then(high).otherwise(pl.max_horizontal(high, pl.lit(0.0)))
            ),
            # What models nobody listed would do to the effect was not reckoned.
            bound_low=pl.lit(None),
            bound_high=pl.lit(None),
            n=pl.lit(None),
            counted=pl.lit(None),
            evidence=pl.lit("logged"),
            reason=pl.when(rare | ~pl.col("state").is_in(WITH_FIGURE))
            .then("reason")
            .when(enough)
            .then(pl.format(ORDINARY, "placebo_rank", compared))
            .otherwise(pl.format(FEW, pl.lit(LEAST_PLACEBOS), pl.col("placebos").fill_null(0))),
        )
    )


Reader = Callable[..., pl.DataFrame]
READERS: Final[Mapping[str, Reader]] = {
    "estimates": estimate_cells,
    "licences": licence_cells,
    "event_windows": event_cells,
}
FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "estimates": ("cn_share",),
    "licences": ("cn_permissive", "cn_minus_us_permissive"),
    "event_windows": ("effect",),
}
"""Figures that each reader knows."""


def absent(table: str, subjects: list[str]) -> pl.DataFrame:
    """Return cells that say that a table has no rows in this run, one a subject.

    Args:
        table: Name of the table.
        subjects: What would have been measured; one cell for all where nobody can say.
    """
    return _cells(
        pl.DataFrame({"subject": subjects or ["all"]}).with_columns(
            *(pl.lit(None).alias(name) for name in CELLS if name not in {"subject", "state", "reason"}),
            state=pl.lit("not_observed"),
            reason=pl.lit(NOTHING_READ.format(table)),
        )
    )
