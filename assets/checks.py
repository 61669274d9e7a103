"""Asset checks: what one is, and the checks that several tables share.

Here: the shape of a check, builders of general ones (volume, references, freshness), and those that every table has.
Not here: checks that only one table has; they stand beside its asset. What to do when one fails is in `runbook.toml`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.schemas import Table

SUBDIVISION: Final = r"^([A-Z]{2})-[A-Z0-9]{1,3}$"
"""ISO 3166-2 code; the group is its economy."""

AS_DECLARED: Final = "as_declared"
VOLUME: Final = "volume"
LEAST_OF_LAST: Final = 0.9
MOST_OF_LAST: Final = 10.0
"""Between these multiples of the last run's rows a table is believed to be whole, and to hold nothing twice."""

UNPLACED: Final = frozenset({"ZZ", "world"})
"""Codes of sources that are no region of the registry: none given, and all together."""

WRITTEN_BY_STRANGERS: Final = frozenset({"hub"})
"""Sources whose texts anybody may write, such as the bases that a model's card declares."""

Figures = Mapping[str, int | float | str]


class BlockedError(RuntimeError):
    """A blocking check failed, so that its table was not written; the message says which and why."""


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


def _region_outcome(frame: pl.DataFrame, column: str, known: set[str]) -> Outcome:
    economy = pl.col(column).str.extract(SUBDIVISION).fill_null(pl.col(column))
    unknown = sorted(set(frame.filter(~economy.is_in(list(known)))[column]))
    return Outcome(
        passed=not unknown,
        said=f"Unknown regions: {', '.join(unknown)}." if unknown else "Every region is in the registry.",
        figures={"unknown_regions": len(unknown)},
    )


def regions_known(argument: str, *, column: str = "region_id", also: frozenset[str] = frozenset()) -> Check:
    """Every region of the table is in the region registry given as an input.

    A subdivision (ISO 3166-2) is known by its economy: the registry holds none.
    """

    def run(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
        return _region_outcome(frame, column, set(inputs[argument]["region_id"]) | also)

    return Check(name="regions_known", description="Every region is in the region registry.", run=run)


def _registered(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    from maps.geometry.regions import load_regions

    return _region_outcome(frame, "region_id", set(load_regions()["region_id"]) | UNPLACED)


def volume(rows: int, last: int | None) -> Outcome:
    """Compare the rows of a table with those of the last run.

    Args:
        rows: Rows of the table.
        last: Rows that the last run wrote, or None where there was none.
    """
    if not last:
        said = "No earlier run on this home wrote rows to compare with."
        return Outcome(passed=True, said=f"{rows:,} rows. {said}", figures={"rows": rows})
    passed = LEAST_OF_LAST * last <= rows <= MOST_OF_LAST * last
    said = f"{rows:,} rows; {last:,} in the last run."
    return Outcome(
        passed=passed,
        said=said if passed else f"{said} Expected {LEAST_OF_LAST:g} to {MOST_OF_LAST:g} times as many.",
        figures={"rows": rows, "last_rows": last, "of_last": round(rows / last, 4)},
    )


def _nothing_personal(table: type[Table], *, blocking: bool) -> Check:
    closed = [name for name, column in table.columns().items() if (column.metadata or {}).get("allowed")]

    def run(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
        from assets.places.actors import no_personal_data

        found = no_personal_data(frame, vocabularies=closed)
        return Outcome(
            passed=not found,
            said=f"Columns that hold what looks like an address or login: {', '.join(found)}."
            if found
            else "No value looks like an address or login.",
            figures=found,
        )

    return Check(
        name="no_personal_data",
        description="No value looks like an e-mail address or a login.",
        run=run,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        blocking=blocking,
    )


def shared_checks(table: type[Table], own: Sequence[Check], *, source: str | None = None) -> list[Check]:
    """Return the checks of a table: its own and, where it has none of the same name, those that every table has.

    What looks like personal data stops a table, unless strangers write its texts: then one of them could stop the
    atlas, and it warns.

    Args:
        table: The declaration.
        own: Checks that stand beside the asset.
        source: Source of the rows, where they come from outside.
    """
    names = {check.name for check in own}
    general = [_nothing_personal(table, blocking=source not in WRITTEN_BY_STRANGERS)]
    if "region_id" in table.column_names():
        general.append(
            Check(name="regions_known", description="Every region is in the region registry.", run=_registered)
        )
    return [*own, *(check for check in general if check.name not in names)]
