"""Tables that people bring: read in batches.

Here: CSV, TSV and Parquet from files and standard input, every cell as it was. Not here: writing them back
(`pipelines/cli/table_output.py`), what is appended (`pipelines/cli/locate.py`), tables of the graph
(`pipelines/storage.py`).

CSV cells are text and stay what they were: nothing is parsed into numbers, ``NA`` is no missing value, and a missing
cell and an empty quoted one stay apart. Columns are called by their position inside a batch, so that headers may
repeat a name.
"""

import codecs
import csv
import gzip
import io
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Final

import click
import numpy as np
import polars as pl

STREAM: Final = "-"
"""Path that means standard input or output."""

BATCH_ROWS: Final = 250_000
BLOCK_BYTES: Final = 1 << 24
LONGEST_RECORD_BYTES: Final = 1 << 26
LOSSY: Final = "utf8-lossy"
"""Encoding that replaces what is no UTF-8 instead of refusing it."""

_SUFFIXES: Final = {
    ".csv": ("csv", ",", False),
    ".csv.gz": ("csv", ",", True),
    ".tsv": ("csv", "\t", False),
    ".tsv.gz": ("csv", "\t", True),
    ".parquet": ("parquet", "", False),
}
FORMATS: Final = ("csv", "tsv", "parquet")
_QUOTE, _NEWLINE, _RETURN = b'"\n\r'
_TOO_LONG: Final = f"a record is longer than {LONGEST_RECORD_BYTES >> 20} MB; a quote may never close"


class TableError(ValueError):
    """A table cannot be read or written; the message names the file, the place in it and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a table is written.

    Attributes:
        kind: ``csv`` or ``parquet``.
        separator: Between the cells of a row, for CSV.
        compressed: Whether the file is gzipped.
    """

    kind: str
    separator: str
    compressed: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that is open for reading.

    Attributes:
        columns: Names in the order of the file; CSV headers may repeat one.
        dtypes: Types of the columns; text throughout for CSV.
        batches: Frames of up to ``BATCH_ROWS`` rows in the order of the file, at least one; their columns are called
            ``0``, ``1``, ….
        share: Returns the share of the input that has been read, None where its size is not known.
        line_end: How lines of the CSV file end.
        marked: Whether the CSV file begins with a byte order mark.
    """

    columns: tuple[str, ...]
    dtypes: tuple[pl.DataType, ...]
    batches: Iterator[pl.DataFrame]
    share: Callable[[], float | None]
    line_end: str = "\n"
    marked: bool = False


def said(path: str) -> str:
    """Return a path in words that a terminal shows as they are."""
    name = "standard input or output" if path == STREAM else path
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)


def format_of(path: str, given: str | None) -> Format:
    """Return the format of a file, from its suffix or else from what the person says.

    Args:
        path: Path or ``-``.
        given: One of ``FORMATS``, for standard streams and for files whose suffix does not say.

    Raises:
        click.UsageError: Neither says.
    """
    name = Path(path).name.lower()
    for suffix, (kind, separator, compressed) in _SUFFIXES.items():
        if path != STREAM and name.endswith(suffix):
            return Format(kind=kind, separator=separator, compressed=compressed)
    if given is None and path != STREAM:
        raise click.UsageError(
            f"{said(path)}: the suffix is none of {', '.join(_SUFFIXES)}; rename it or say --format {'|'.join(FORMATS)}"
        )
    kind, separator, _ = _SUFFIXES[f".{given or 'csv'}"]
    return Format(kind=kind, separator=separator, compressed=False)


def check_paths(source: str, target: str) -> None:
    """Refuse paths that cannot work before anything is read.

    Raises:
        click.UsageError: The input is no file, the output's folder is missing, the output is no regular file, or both
            are the same file.
    """
    if source != STREAM and not Path(source).exists():
        raise click.UsageError(f"{said(source)}: no such file")
    if source != STREAM and Path(source).is_dir():
        raise click.UsageError(f"{said(source)}: is a folder; name a file in it")
    if target == STREAM:
        return
    out = Path(target)
    if not out.absolute().parent.is_dir():
        raise click.UsageError(f"{said(target)}: the folder {said(str(out.parent))} does not exist; make it first")
    if out.exists() and not out.is_file():
        raise click.UsageError(f"{said(target)}: is there and no regular file; choose another output")
    if source != STREAM and out.exists() and out.samefile(source):
        raise click.UsageError(f"{said(target)}: is the input as well; choose another output")


@contextmanager
def reading(path: str, form: Format, encoding: str = "utf-8") -> Iterator[Table]:
    """Open a table for reading.

    Args:
        path: Path or ``-``.
        form: Its format.
        encoding: Of CSV text: a codec of Python or ``utf8-lossy``.

    Raises:
        TableError: The table cannot be read, now or while batches are taken.
    """
    if form.kind == "parquet":
        with _on_disk(path) as place:
            yield _parquet(place, path)
        return
    with _raw(path) as raw:
        size = os.fstat(raw.fileno()).st_size if path != STREAM else 0

        def share() -> float | None:
            return min(raw.tell() / size, 1.0) if size else None

        file = gzip.GzipFile(fileobj=raw) if form.compressed else raw
        yield _csv(_texts(file, said(path), encoding), said(path), form.separator, share)


@contextmanager
def _raw(path: str) -> Iterator[IO[bytes]]:
    if path == STREAM:
        yield sys.stdin.buffer
        return
    with Path(path).open("rb") as file:
        yield file


@contextmanager
def _on_disk(path: str) -> Iterator[Path]:
    """Yield where the file lies; Parquet is read from its end, so a stream is stored first."""
    if path != STREAM:
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        place = Path(folder) / "input.parquet"
        with place.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield place


def _parquet(place: Path, path: str) -> Table:
    lazy = pl.scan_parquet(place, glob=False, hive_partitioning=False)
    try:
        schema = lazy.collect_schema()
        total = lazy.select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableError(f"{said(path)}: cannot be read as Parquet: {error}") from error
    names = [str(number) for number in range(len(schema))]
    done = 0

    def batches() -> Iterator[pl.DataFrame]:
        nonlocal done
        try:
            for frame in lazy.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
                frame.columns = names
                done += frame.height
                yield from frame.iter_slices(BATCH_ROWS)
        except pl.exceptions.PolarsError as error:
            raise TableError(f"{said(path)}: row {done + 1:,} or later cannot be read: {error}") from error
        if not done:
            yield pl.DataFrame(schema=dict(zip(names, schema.dtypes(), strict=True)))

    return Table(
        columns=tuple(schema.names()),
        dtypes=tuple(schema.dtypes()),
        batches=batches(),
        share=lambda: done / total if total else None,
    )


def _texts(file: IO[bytes] | gzip.GzipFile, name: str, encoding: str) -> Iterator[bytes]:
    """Yield a file in blocks of valid UTF-8."""
    errors = "replace" if encoding == LOSSY else "strict"
    try:
        decoder = codecs.getincrementaldecoder("utf-8" if encoding == LOSSY else encoding)(errors)
    except LookupError as error:
        raise TableError(f"--encoding {said(encoding)} is not known; write utf-8, {LOSSY}, cp1252, …") from error
    before = lines = 0
    while True:
        try:
            block = file.read(BLOCK_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(f"{name}: cannot be read after byte {before:,}: {error}") from error
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            line = lines + 1 + bytes(error.object[: error.start]).count(b"\n")
            at = before - pending + error.start
            raise TableError(
                f"{name}: line {line:,}, byte {at:,}: {error.object[error.start]:#04x} is no {encoding} "
                f"({error.reason}); name the encoding with --encoding, or --encoding {LOSSY} to replace it"
            ) from error
        if text:
            yield text.encode()
        if not block:
            return
        before += len(block)
        lines += text.count("\n")


def _csv(blocks: Iterator[bytes], name: str, separator: str, share: Callable[[], float | None]) -> Table:
    first, end = b"", 0
    for block in blocks:
        first += block
        if (end := _header_end(first)) or len(first) > LONGEST_RECORD_BYTES:
            break
    end = end or first.find(b"\n") + 1 or len(first)
    header = first[:end].decode()
    marked = header.startswith("\ufeff")
    header = header.removeprefix("\ufeff")
    records = list(csv.reader(io.StringIO(header, newline=""), delimiter=separator))
    if len(records) > 1:
        raise TableError(f"{name}: lines end in lone carriage returns; convert them to line feeds")
    columns = tuple(records[0]) if records else ()
    if not columns:
        raise TableError(f"{name}: the first line is empty; write the names of the columns there")
    return Table(
        columns=columns,
        dtypes=(pl.String(),) * len(columns),
        batches=_csv_batches(chain([first[end:]], blocks), name, separator, len(columns), header.count("\n")),
        share=share,
        line_end="\r\n" if header.endswith("\r\n") else "\n",
        marked=marked,
    )


def _header_end(data: bytes) -> int:
    """Return where the first record ends, 0 where that is not reached; names may hold line feeds inside quotes."""
    end = 0
    while (end := data.find(b"\n", end) + 1) > 0:
        if data.count(b'"', 0, end) % 2 == 0:
            return end
    return 0


def _csv_batches(blocks: Iterable[bytes], name: str, separator: str, width: int, lines: int) -> Iterator[pl.DataFrame]:
    """Yield the records of a CSV file.

    Well-formed records are read in columns, thousands at once. From the first misplaced quote on, records are read
    one by one, which is lenient and about ten times slower.
    """
    schema = {str(number): pl.String() for number in range(width)}
    blocks, rest, yielded = iter(blocks), b"", False
    while True:
        block = next(blocks, None)
        rest += block or b""
        cut = _last_record_end(rest) if block is not None else len(rest)
        whole, rest = rest[:cut], rest[cut:]
        if not _is_well_formed(whole, separator) or len(rest) > LONGEST_RECORD_BYTES:
            yield from _one_by_one(chain([whole + rest], blocks), name, separator, schema, lines)
            return
        if whole:
            # Polars drops one byte order mark; here it would be the first letter of a cell.
            marked = codecs.BOM_UTF8 + whole if whole.startswith(codecs.BOM_UTF8) else whole
            try:
                frame = pl.read_csv(
                    marked,
                    has_header=False,
                    schema=schema,
                    separator=separator,
                    missing_columns="insert",
                    extra_columns="raise",
                )
            except pl.exceptions.PolarsError:
                yield from _one_by_one(chain([whole + rest], blocks), name, separator, schema, lines)
                return
            lines += whole.count(b"\n")
            yielded = True
            yield from frame.iter_slices(BATCH_ROWS)
        if block is None:
            break
    if not yielded:
        yield pl.DataFrame(schema=schema)


def _last_record_end(data: bytes) -> int:
    """Return where the last whole record ends: after the last line feed that is not inside quotes."""
    end = data.rfind(b"\n") + 1
    if end == 0 or data.count(b'"', 0, end) % 2 == 0:
        return end
    array = np.frombuffer(data, np.uint8)
    feeds = np.flatnonzero(array == _NEWLINE)
    outside = feeds[np.searchsorted(np.flatnonzero(array == _QUOTE), feeds) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def _is_well_formed(data: bytes, separator: str) -> bool:
    """Return whether quotes stand only around cells and doubled inside them (RFC 4180)."""
    if b'"' not in data:
        return True
    array = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(array == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    padded = np.concatenate([[_NEWLINE], array, [_NEWLINE, _NEWLINE]])
    before, after, next_but_one = padded[opening], padded[closing + 2], padded[np.minimum(closing + 3, len(padded) - 1)]
    cell = ord(separator)
    begins = (before == cell) | (before == _NEWLINE) | (before == _QUOTE)
    ends = (after == cell) | (after == _NEWLINE) | (after == _QUOTE)
    ends |= (after == _RETURN) & (next_but_one == _NEWLINE)
    return bool(begins.all() and ends.all())


def _one_by_one(
    blocks: Iterable[bytes], name: str, separator: str, schema: Mapping[str, pl.DataType], lines: int
) -> Iterator[pl.DataFrame]:
    csv.field_size_limit(LONGEST_RECORD_BYTES)
    reader = csv.reader(_lines(blocks), delimiter=separator)
    width = len(schema)
    rows: list[list[str | None]] = []
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            cause = _TOO_LONG if "limit" in str(error) else str(error)
            raise TableError(f"{name}: line {lines + reader.line_num:,}: {cause}") from error
        if row is not None and len(row) > width:
            raise TableError(
                f"{name}: line {lines + reader.line_num:,}: {len(row)} cells, but the header names {width}; "
                "put quotes around cells that hold the separator"
            )
        if row is not None:
            rows.append([*(cell or None for cell in row), *[None] * (width - len(row))])
        if len(rows) == BATCH_ROWS or row is None:
            yield pl.DataFrame(rows, schema=schema, orient="row")
            rows = []
        if row is None:
            return


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from (f"{line.decode()}\n" for line in whole)
    if rest:
        yield rest.decode()
