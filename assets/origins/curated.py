"""Curated tables: reading the CSV files that people edit, and the findings that all of them share.

Here: text to typed rows, order, stray blanks, unknown countries, and one error that lists every finding. Not here:
the columns (`assets/schemas`) and the rules of a single table (`registry.py`, `tracked.py`, `builders.py`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

import polars as pl

NO_SINGLE_BASE: Final = "ZZ"

Row = dict[str, Any]
T = TypeVar("T")


class RegistryError(ValueError):
    """A curated table contradicts itself or cannot be used; the message names place, value and remedy."""


def shipped(name: str, load: Callable[[Path], T]) -> T:
    """Return what ``load`` makes of a file that ships beside this module."""
    with as_file(files("assets.origins") / name) as path:
        return load(path)


def read_text(path: Path, *, dates: Sequence[str] = (), flags: Sequence[str] = ()) -> pl.DataFrame:
    """Read a CSV as text, then turn the named columns into dates and into true or false.

    Text first, because an inferred type would turn ``NA`` (Namibia) into a null.

    Args:
        path: The file.
        dates: Columns that hold days, written YYYY-MM-DD.
        flags: Columns that hold ``true`` or ``false``.

    Raises:
        RegistryError: The file is no CSV, or a value is no date or no flag.
    """
    try:
        texts = pl.read_csv(path, infer_schema=False, null_values=[""])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RegistryError(
            f"{path}: the file cannot be read as CSV ({error}); give a comma-separated UTF-8 file."
        ) from error
    words = pl.DataFrame({"text": ["true", "false"], "flag": [True, False]})
    for name in (*dates, *flags):
        if name not in texts.columns:
            continue  # the declaration reports missing columns, all at once
        if name in dates:
            parsed, form = texts[name].str.to_date("%Y-%m-%d", strict=False), "a date as YYYY-MM-DD"
        else:
            parsed = texts[name].replace_strict(words["text"], words["flag"], default=None, return_dtype=pl.Boolean)
            form = "true or false"
        wrong = (parsed.is_null() & texts[name].is_not_null()).arg_true()
        if len(wrong):
            row = wrong[0]
            raise RegistryError(f"{path.name}: row {row + 1}: {name} is {texts[name][row]!r}; write {form}.")
        texts = texts.with_columns(parsed.alias(name))
    return texts


def known_countries() -> Collection[str]:
    """Return the ISO 3166-1 alpha-2 codes of the region registry."""
    from maps.geometry.regions import load_regions

    return frozenset(load_regions().filter(pl.col("level") == "country")["region_id"])


def numbered(table: pl.DataFrame) -> list[Row]:
    """Return the rows with their number: 1 is the first below the header."""
    return list(table.with_row_index("row", offset=1).iter_rows(named=True))


def blanks(rows: Iterable[Row], who: Callable[[Row], str]) -> Iterator[str]:
    """Report texts that begin or end with a blank."""
    for row in rows:
        for name, value in row.items():
            if isinstance(value, str) and value != value.strip():
                yield f"{who(row)}: {name} {value!r} begins or ends with a blank; remove it."


def unsorted_rows(rows: Sequence[Row], order: Sequence[str], who: Callable[[Row], str]) -> Iterator[str]:
    """Report rows that stand after a greater one."""
    for one, other in pairwise(rows):
        if tuple(one[name] for name in order) > tuple(other[name] for name in order):
            yield (
                f"{who(other)} stands after row {one['row']} ({one[order[-2] if len(order) > 1 else order[0]]!r}); "
                f"sort the rows by {', '.join(order)} (capitals before small letters)."
            )


def unknown_countries(
    rows: Iterable[Row], names: Sequence[str], countries: Collection[str], who: Callable[[Row], str]
) -> Iterator[str]:
    """Report codes that the region registry does not have; an absent code is none."""
    for row in rows:
        for name in names:
            if row[name] is not None and row[name] != NO_SINGLE_BASE and row[name] not in countries:
                yield (
                    f"{who(row)}: {name} {row[name]!r} is no country of the region registry; write an "
                    f"ISO 3166-1 alpha-2 code, or {NO_SINGLE_BASE} where there is no single base."
                )


def refuse(problems: Sequence[str], *, where: str) -> None:
    """Raise one error with every finding, if there is any.

    Raises:
        RegistryError: There is a finding.
    """
    if problems:
        raise RegistryError(
            f"{where}: {len(problems)} problem(s); row 1 is the first below the header.\n  " + "\n  ".join(problems)
        )
