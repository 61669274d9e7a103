"""``atlas locate``: say where free-text locations are, for a few of them or a file of millions.

Here: the command, the table it prints, what it appends to files, its progress. Not here: reading texts
(`assets/places/locate.py`), reading and writing files (`pipelines/cli/tables.py`).
"""

import io
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

import click

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from pipelines.cli.tables import Table

EPILOG = """\b
Examples:
  atlas locate "Lagos, Portugal" "BLR" 🇮🇩          a table on the terminal
  atlas locate -- "-33.87, 151.21"                  a location that begins with a hyphen
  atlas locate --input people.csv --output located.csv
  atlas locate --input people.parquet --column home --output located.parquet
  zcat people.csv.gz | atlas locate --input - --output - | head
"""

APPENDED: Final = ("country", "admin1", "city", "city_geonameid", "metro", "confidence", "reason")
"""Columns that a file gets, in order."""

DECIMALS: Final = 4
"""Of a confidence in a file."""

NOTHING: Final = "–"
UNBOUNDED: Final = 1 << 16
"""Width of the lines where nobody looks at a terminal."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible letters that scripts and emoji need."""


@click.command(epilog=EPILOG)
@click.argument("locations", metavar="[TEXT]...", nargs=-1)
@click.option("--input", "source", metavar="FILE", help="Table to read: .csv, .tsv (or .gz), .parquet; - for stdin.")
@click.option("--column", metavar="NAME", default="location", show_default=True, help="Its column with the locations.")
@click.option(
    "--output", "target", metavar="FILE", help="Table to write: the input's rows and columns, and what was found."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "tsv", "parquet"]),
    help="Format of stdin and stdout, and of files whose suffix does not say.  [default: csv]",
)
@click.option(
    "--encoding",
    metavar="NAME",
    default="utf-8",
    show_default=True,
    help="Encoding of CSV input; utf8-lossy replaces what is no UTF-8. The output is UTF-8.",
)
def locate(
    *, locations: tuple[str, ...], source: str | None, column: str, target: str | None, form: str | None, encoding: str
) -> None:
    """Say in which country, subdivision, city and metro free-text locations are.

    Give the texts, or a table with --input and --output. The output keeps rows, columns and their order, and appends
    country (ISO 3166-1), admin1 (ISO 3166-2), city, city_geonameid, metro, confidence and reason. A text that does
    not say where it is gets no country, and the reason tells why.
    """
    if locations and (source or target):
        raise click.UsageError("give locations or --input, not both")
    if locations:
        _print_table(locations)
    elif source and target:
        _locate_file(source, target, column, form, encoding)
    elif source or target:
        raise click.UsageError("--input and --output go together; - means standard input or output")
    else:
        raise click.UsageError("nothing to locate: give locations, or a table with --input and --output")


def shown(text: str) -> str:
    """Return a text as a terminal may show it: what would move, hide or reorder letters is written as an escape."""
    return "".join(letter if _is_visible(letter) else _escape(letter) for letter in text)


def _is_visible(letter: str) -> bool:
    if letter in _JOINERS or "\U000e0020" <= letter <= "\U000e007f":  # the latter spell flags of subdivisions
        return True
    return unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escape(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # a byte of the command line that is no UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape", "backslashreplace").decode()


def _valid(text: str) -> str:
    """Return the text with replacement characters for what no encoding can hold."""
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def _geocode(texts: "pl.Series") -> "pl.DataFrame":
    from assets.places.locate import locate as geocode

    return geocode(texts)


def _print_table(locations: tuple[str, ...]) -> None:
    import polars as pl
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    from maps.geometry.regions import load_regions

    found = _geocode(pl.Series("location", [_valid(text) for text in locations], pl.String))
    names = dict(load_regions().filter(level="country").select("region_id", "name").iter_rows())
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=UNBOUNDED)
    rows = [_cells(text, row, names) for text, row in zip(locations, found.iter_rows(named=True), strict=True)]
    heads = [head for head in rows[0] if head != "candidates" or any(row[head] != NOTHING for row in rows)]
    grid = Grid(box=SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for head in heads:
        grid.add_column(head, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(row[head]) for head in heads))
    needed = console.measure(grid, options=console.options.update(max_width=UNBOUNDED)).maximum
    if needed <= console.width:
        console.print(grid)
        return
    for row in rows:  # a narrow terminal would break words
        sheet = Grid.grid(padding=(0, 2))
        for head in heads:
            if row[head] != NOTHING:
                sheet.add_row(head, Text(row[head], overflow="fold"))
        console.print(sheet, "")


def _cells(text: str, row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    code, confidence = row["country"], row["confidence"]
    candidates = (row["candidates"] or []) if code is None else []
    return {
        "location": shown(text) or NOTHING,
        "country": f"{code} {names.get(code, '')}".strip() if code else NOTHING,
        "admin1": row["admin1"] or NOTHING,
        "city": shown(row["city"] or NOTHING),
        "metro": row["metro"] or NOTHING,
        "confidence": NOTHING if confidence is None else f"{100 * confidence:.1f} %",
        "reason": shown(row["reason"]),
        "candidates": ", ".join(f"{one['country']} {100 * one['weight']:.0f} %" for one in candidates) or NOTHING,
    }


def _locate_file(source: str, target: str, column: str, form: str | None, encoding: str) -> None:
    from pipelines.cli import table_output, tables

    before, after = tables.format_of(source, form), tables.format_of(target, form)
    tables.check_paths(source, target)
    if before.kind != "csv" and encoding != "utf-8":
        raise click.UsageError("--encoding is for CSV input")
    rows = located = undecided = 0
    with ExitStack() as stack:
        table = stack.enter_context(tables.reading(source, before, encoding))
        position = _position(table, tables.said(source), column)
        write = stack.enter_context(table_output.writing(target, after, [*table.columns, *APPENDED], table))
        meter = stack.enter_context(Meter(_stderr(), table.share))
        for batch in table.batches:
            found = _geocode(_column(batch, position))
            write(batch.hstack(_appended(found, inert=after.kind == "csv")))
            rows += batch.height
            located += found["country"].count()
            undecided += found.filter(found["country"].is_null() & (found["candidates"].list.len() > 0)).height
            meter.advance(batch.height)
    click.echo(_closing_line(rows, located, undecided), err=True)


def _position(table: "Table", name: str, column: str) -> int:
    """Return which column holds the locations.

    Raises:
        TableError: None or several are called so, it holds no text, or a column has the name of an appended one.
    """
    import polars as pl

    from pipelines.cli.tables import TableError

    columns = table.columns
    if columns.count(column) != 1:
        there = "there are several columns" if column in columns else "there is no column"
        raise TableError(f"{name}: {there} called {shown(column)!r}; name one with --column: {_listed(columns)}")
    if clash := [called for called in APPENDED if called in columns]:
        raise TableError(f"{name}: has columns that would be appended: {', '.join(clash)}; rename them first")
    position = columns.index(column)
    dtype = table.dtypes[position]
    if dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        raise TableError(f"{name}: column {shown(column)!r} holds {dtype}, no text; name another one with --column")
    return position


def _listed(names: tuple[str, ...], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(shown, names[:most])) + more


def _column(batch: "pl.DataFrame", position: int) -> "pl.Series":
    import polars as pl

    return batch[str(position)].cast(pl.String).fill_null("").rename("location")


def _appended(found: "pl.DataFrame", *, inert: bool) -> "pl.DataFrame":
    """Return what a file gets of the geocoder's answer; for CSV nothing in it begins like a formula."""
    import polars as pl

    from pipelines.cli.table_output import harmless

    frame = found.select(APPENDED).with_columns(pl.col("confidence").round(DECIMALS))
    return frame.with_columns(harmless(pl.col(pl.String))) if inert else frame


def _closing_line(rows: int, located: int, undecided: int) -> str:
    def part(count: int) -> str:
        return f"{count:,} ({100 * count / rows:.1f} %)" if rows else "0"

    silent = rows - located - undecided
    return f"{rows:,} rows: {part(located)} located, {part(silent)} abstained, {part(undecided)} open."


def _stderr() -> "Console":
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


class Meter:
    """Shows how far a long input is: a bar on a terminal, else a line now and then; nothing for a short one.

    Args:
        console: Where to show it.
        share: Returns the share of the input that is read, None where nobody knows.
        clock: Returns seconds.
    """

    SILENT_SECONDS: Final = 2.0
    LINE_SECONDS: Final = 5.0

    def __init__(
        self, console: "Console", share: Callable[[], float | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._console, self._share, self._clock = console, share, clock
        self._started = self._said = clock()
        self._rows = 0
        self._bar = Progress(BarColumn(), TextColumn("{task.description}"), console=console, transient=True)
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        """Start the clock."""
        self._started = self._said = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar off the terminal."""
        if self._bar.live.is_started:  # else stopping prints an empty line
            self._bar.stop()

    def advance(self, rows: int) -> None:
        """Count rows that are done, and show it where it is time."""
        self._rows += rows
        now = self._clock()
        if self._console.is_terminal and now - self._started >= self.SILENT_SECONDS:
            share = self._share()
            self._bar.start()
            self._bar.update(
                self._task, total=None if share is None else 1.0, completed=share or 0.0, description=self._line(now)
            )
        elif not self._console.is_terminal and now - self._said >= self.LINE_SECONDS:
            self._said = now
            self._console.print(self._line(now))

    def _line(self, now: float) -> str:
        seconds = max(now - self._started, 1e-9)
        words = [f"{self._rows:,} rows", f"{self._rows / seconds:,.0f} rows/s"]
        if share := self._share():
            words += [f"{100 * share:.0f} % read", f"{seconds / share - seconds:.0f} s left"]
        return ", ".join(words)
