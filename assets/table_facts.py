"""Facts of a finished table that an operator wants to see beside it: period, freshness, coverage and first rows.

Here: pure functions on a table and its declaration. Not here: how Dagster shows them (`assets/declare.py`), whether a
table is good enough (`assets/checks.py`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl

from assets.schemas.table import Table

TIMES: Final = (
    *("period", "month", "wave", "observed_on", "week", "read_on", "located_on", "seen", "dated", "event_date"),
    "created_on",
)
"""Columns that say which time a row is about, the first one that a table has; others date a part of it."""

UNDATED: Final = "No dates: a registry or a rule, as new as the version of the atlas."
HIDDEN: Final = "Rows concern people and are not shown."
PREVIEW_ROWS: Final = 5
PREVIEW_COLUMNS: Final = 12
PREVIEW_CHARACTERS: Final = 40
"""Previews stay in Dagster's event log for good: they are kept small."""


def time_column(table: type[Table]) -> str | None:
    """Return the column that says which time a row is about, or None for a table without one."""
    dated = {name for name, column in table.columns().items() if column.dtype == pl.Date}
    return next((name for name in TIMES if name in dated), None)


def _span(frame: pl.DataFrame, table: type[Table]) -> tuple[date, date] | None:
    column = time_column(table)
    if column is None:
        return None
    first, last = frame[column].min(), frame[column].max()
    return (first, last) if isinstance(first, date) and isinstance(last, date) else None


def period_covered(frame: pl.DataFrame, table: type[Table]) -> str:
    """Return the first and the last day that rows are about."""
    span = _span(frame, table)
    if span is not None:
        return f"{span[0]} to {span[1]} ({time_column(table)})"
    return UNDATED if time_column(table) is None else "Without rows, no period."


def freshness(frame: pl.DataFrame, table: type[Table], *, today: date) -> str:
    """Return how old the newest row is; a table that was made today may hold last year's survey."""
    span = _span(frame, table)
    if span is not None:
        return f"newest {span[1]}, {(today - span[1]).days:,} days before this run"
    return UNDATED if time_column(table) is None else "Without rows: not observed."


def coverage(frame: pl.DataFrame, table: type[Table]) -> Mapping[str, int | float | str]:
    """Return what of the table is known.

    Returns:
        ``filled_share`` (1): values that are there, of all that may be null. Where the table has the columns:
        ``economies`` that have a row, ``states`` of its cells with their counts, and the ``located_share`` of the
        people behind its cells (1), weighted by them.
    """
    found: dict[str, int | float | str] = {}
    optional = [name for name, column in table.columns().items() if column.nullable]
    if optional and frame.height:
        absent = sum(frame[name].null_count() for name in optional)
        found["filled_share"] = round(1 - absent / (len(optional) * frame.height), 4)
    if "region_id" in frame.columns:
        found["economies"] = frame.filter(pl.col("region_id").str.len_chars() == 2)["region_id"].n_unique()  # noqa: PLR2004
    if "state" in frame.columns:
        counts = frame.group_by("state").len().sort("state").iter_rows()
        found["states"] = ", ".join(f"{state} {count:,}" for state, count in counts)
    if {"n_located", "n_unlocated"} <= set(frame.columns):
        located, unlocated = (float(frame[name].cast(pl.Float64).sum() or 0) for name in ("n_located", "n_unlocated"))
        if located + unlocated:
            found["located_share"] = round(located / (located + unlocated), 4)
    return found or {"rows": frame.height}


def _cell(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
    text = " ".join(text.split())
    cut = text if len(text) <= PREVIEW_CHARACTERS else f"{text[: PREVIEW_CHARACTERS - 1]}…"
    return cut.replace("|", "\\|")


def preview(frame: pl.DataFrame, table: type[Table]) -> str:
    """Return the first rows as a Markdown table; of a table that concerns people, the reason why there are none."""
    if table.PERSONAL:
        return HIDDEN
    columns = frame.columns[:PREVIEW_COLUMNS]
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += [
        "| " + " | ".join(_cell(value) for value in row) + " |"
        for row in frame.select(columns).head(PREVIEW_ROWS).iter_rows()
    ]
    more = f"{frame.height:,} rows" + (
        f", {frame.width - len(columns)} more columns" if frame.width > len(columns) else ""
    )
    return "\n".join([*lines, "", f"*{more}*"])
