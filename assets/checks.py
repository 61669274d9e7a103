"""Asset checks: what one is, and the checks that several tables share.

Here: the shape of a check and builders of general ones (volume, references, freshness). Not here: checks that
only one table has; they stand beside its asset. Validation against the declaration is not a check: a table
that breaks it is never written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import dagster as dg
import polars as pl

SUBDIVISION: Final = r"^([A-Z]{2})-[A-Z0-9]{1,3}$"
"""ISO 3166-2 code; the group is its economy."""

Figures = Mapping[str, int | float | str]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a check found: whether it passed, a sentence, and the figures behind it."""

    passed: bool
    said: str
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check of one table.

    Attributes:
        name: Short name, unique per table.
        description: What a pass means.
        run: Takes the table and the asset's inputs by argument name.
        severity: ``ERROR`` fails the build, ``WARN`` only shows.
        blocking: Whether a failure stops what depends on the table.
    """

    name: str
    description: str
    run: Callable[[pl.DataFrame, Mapping[str, Any]], Outcome]
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
    blocking: bool = True


def at_least(rows: int) -> Check:
    """The table has at least so many rows: a truncated source fails."""

    def run(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
        return Outcome(
            passed=frame.height >= rows,
            said=f"{frame.height:,} rows; at least {rows:,} expected.",
            figures={"rows": frame.height, "expected_at_least": rows},
        )

    return Check(name="complete", description=f"At least {rows:,} rows: the source was not cut short.", run=run)


def reaches(column: str, day: date) -> Check:
    """The newest value of a date column is not older than a day: a stalled source fails."""

    def run(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
        newest = frame[column].max()
        passed = isinstance(newest, date) and newest >= day
        return Outcome(
            passed=passed,
            said=f"Newest {column}: {newest!s}; at least {day} expected.",
            figures={"newest": str(newest)},
        )

    return Check(name="reaches", description=f"The newest {column} is {day} or later.", run=run)


def regions_known(argument: str, *, column: str = "region_id", also: frozenset[str] = frozenset()) -> Check:
    """Every region of the table is in the region registry given as an input.

    A subdivision (ISO 3166-2) is known by its economy: the registry holds none.
    """

    def run(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
        known = set(inputs[argument]["region_id"]) | also
        economy = pl.col(column).str.extract(SUBDIVISION).fill_null(pl.col(column))
        unknown = sorted(set(frame.filter(~economy.is_in(list(known)))[column]))
        return Outcome(
            passed=not unknown,
            said=f"Unknown regions: {', '.join(unknown)}." if unknown else "Every region is in the registry.",
            figures={"unknown_regions": len(unknown)},
        )

    return Check(name="regions_known", description="Every region is in the region registry.", run=run)
