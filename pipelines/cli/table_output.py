"""Tables that people get back: theirs with columns appended, whole or not at all.

Here: CSV, TSV and Parquet to files and standard output. Not here: reading them (`pipelines/cli/tables.py`), what is
appended (`pipelines/cli/locate.py`).
"""

import codecs
import csv
import gzip
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import click
import polars as pl

from pipelines.cli.tables import STREAM, Format, Table, TableError, said

FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"
"""What makes a spreadsheet read a cell as a formula."""

Write = Callable[[pl.DataFrame], None]


@contextmanager
def writing(path: str, form: Format, columns: Sequence[str], like: Table) -> Iterator[Write]:
    """Yield a function that appends a frame to a new table; the table is there when the block ends without an error.

    Args:
        path: Path or ``-``.
        form: Its format.
        columns: Names, by position.
        like: The input, whose line ends and byte order mark a CSV output takes over.

    Raises:
        TableError: The format cannot hold these columns.
    """
    if form.kind == "csv":
        for name, dtype in zip(like.columns, like.dtypes, strict=True):
            if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
                raise TableError(f"column {said(name)!r} holds {dtype}, which CSV cannot; write .parquet")
    elif repeated := sorted({name for name in columns if list(columns).count(name) > 1}):
        raise TableError(f"Parquet cannot hold two columns with one name: {', '.join(map(said, repeated))}; rename one")
    with _new_file(path) as place:
        if form.kind == "parquet":
            with _parquet_parts(place, columns) as write:
                yield write
            return
        with _stream(place, form) as file:
            if like.marked:
                file.write(codecs.BOM_UTF8)
            file.write(f"{_header(columns, form.separator)}{like.line_end}".encode())

            def write_csv(frame: pl.DataFrame) -> None:
                text = frame.write_csv(include_header=False, separator=form.separator, line_terminator=like.line_end)
                file.write(text.encode())

            yield write_csv


def _header(columns: Sequence[str], separator: str) -> str:
    text = io.StringIO(newline="")
    # With any other line terminator the writer of Python 3.11 leaves carriage returns unquoted.
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerow(columns)
    return text.getvalue().removesuffix("\r\n")


@contextmanager
def _new_file(path: str) -> Iterator[Path | None]:
    """Yield where to write; the file takes its place at the end, and nothing is left after an error."""
    if path == STREAM:
        yield None
        return
    target = Path(path).resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


@contextmanager
def _stream(place: Path | None, form: Format) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if place is None:
        file = sys.stdout.buffer
        yield file
        file.flush()
    elif form.compressed:
        with gzip.open(place, "wb", compresslevel=6) as packed:
            yield packed
    else:
        with place.open("wb") as plain:
            yield plain


@contextmanager
def _parquet_parts(place: Path | None, columns: Sequence[str]) -> Iterator[Write]:
    """Yield a function that stores a frame as a part; the parts become one file at the end, in their order."""
    if place is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal; name a file with --output, or redirect the output")
    with tempfile.TemporaryDirectory(prefix=".atlas-", dir=place.parent if place else None) as folder:
        parts: list[Path] = []

        def write(frame: pl.DataFrame) -> None:
            part = Path(folder) / f"{len(parts):06}.parquet"
            frame.columns = list(columns)
            frame.write_parquet(part)
            parts.append(part)

        yield write
        whole = place or Path(folder) / "whole.parquet"
        pl.scan_parquet(parts, glob=False).sink_parquet(whole)
        if place is None:
            out = sys.stdout.buffer
            with whole.open("rb") as file:
                shutil.copyfileobj(file, out)
            out.flush()


def harmless(text: pl.Expr) -> pl.Expr:
    """Return text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one."""
    return text.str.replace(FORMULA, "'${0}")
