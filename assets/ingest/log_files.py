"""Donated download logs as files: which there are, and their columns as Hugging Face exports them.

Here: finding the files behind a path, folder, pattern or URL, checking their columns, errors of reading. Not here: what
the rows mean (`assets/ingest/log_rows.py`), counting (`assets/ingest/log_reduction.py`).

No error quotes a cell: rows hold the pseudonyms of people.
"""

import glob
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

COLUMNS: Final = (
    *("timestamp", "status", "method", "repoName", "repoType", "hashedUserId", "hashedIp", "country", "region"),
)
"""Columns of an export of granular logs; further ones, such as ``userAgent``, are never read."""

SUFFIXES: Final = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}
FILE: Final = "file"
HEAD_BYTES: Final = 1 << 19
"""Of a CSV file, to estimate its rows."""

GZIP: Final = 16
"""What zlib wants to be added to the window's size for gzip."""

_BREAKDOWN: Final = frozenset({"total", "downloads"})
_MARKS_OF_PATTERNS: Final = frozenset("*?[")


class LogError(ValueError):
    """A donated log cannot be used; the message names the file, what is wrong and what to do, never a cell."""


@dataclass(frozen=True, kw_only=True)
class LogFile:
    """A file of a log, or a URL with a pattern that polars resolves.

    Attributes:
        path: Path or URL.
        form: ``csv`` or ``parquet``.
        size: Bytes; None for a URL.
    """

    path: str
    form: str
    size: int | None


def _form(path: str) -> str | None:
    name = path.partition("?")[0].lower() if "://" in path else path.lower()
    return next((form for suffix, form in SUFFIXES.items() if name.endswith(suffix)), None)


def find_files(places: Sequence[str]) -> list[LogFile]:
    """Return the files behind some places, each once, sorted.

    Args:
        places: Files, folders (all files below them), patterns (``logs/2026-*.csv.gz``) or URLs of object stores and
            web servers, in which the store's reader resolves patterns.

    Raises:
        LogError: A place does not exist, holds no log, or holds a file of another kind.
    """
    found = {file.path: file for place in places for file in _behind(place)}
    return [found[path] for path in sorted(found)]


def _behind(place: str) -> Iterator[LogFile]:
    if "://" in place:
        form = _form(place)
        if form is None:
            raise LogError(
                f"{place}: name files by their suffix ({', '.join(SUFFIXES)}), for example {place}/*.parquet."
            )
        yield LogFile(path=place, form=form, size=None)
        return
    paths = _local(place)
    if not paths:
        raise LogError(f"{place}: there is no such file, nor a file behind this folder or pattern; check the path.")
    if wrong := [path for path in paths if _form(path.name) is None]:
        raise LogError(
            f"{wrong[0]}: a log is a file that ends in {', '.join(SUFFIXES)}; rename it, or name the logs by a pattern."
        )
    for path in paths:
        yield LogFile(path=str(path.resolve()), form=str(_form(path.name)), size=path.stat().st_size)


def _local(place: str) -> list[Path]:
    path = Path(place).expanduser()
    if path.is_dir():
        below = (found.relative_to(path) for found in path.rglob("*") if found.is_file())
        return [path / name for name in below if not any(part.startswith((".", "_")) for part in name.parts)]
    if path.is_file():
        return [path]
    if _MARKS_OF_PATTERNS & set(place):
        return [Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file()]  # noqa: PTH207
    return []


def scan(file: LogFile) -> pl.LazyFrame:
    """Return the columns of a log, and ``file``: the path that each row stands in.

    Raises:
        LogError: The file cannot be opened or lacks a column.
    """
    # A path may hold what looks like a pattern; a URL may be one.
    pattern = file.size is None
    with explained(file):
        if file.form == "csv":
            frame = pl.scan_csv(file.path, infer_schema=False, glob=pattern, include_file_paths=FILE)
        else:
            frame = pl.scan_parquet(
                file.path, glob=pattern, include_file_paths=FILE, hive_partitioning=False, extra_columns="ignore"
            )
        columns = frame.collect_schema()
    missing = [name for name in COLUMNS if name not in columns]
    if missing and set(columns) >= _BREAKDOWN:
        raise LogError(
            f"{file.path}: this is the daily breakdown, which has no countries; ask Hugging Face for the granular "
            f"request-level logs (columns {', '.join(COLUMNS)})."
        )
    if missing:
        raise LogError(
            f"{file.path}: lacks the column(s) {', '.join(missing)}; a granular download log has {', '.join(COLUMNS)}, "
            "spelt like this."
        )
    wrong = [name for name in COLUMNS[2:] if columns[name] not in (pl.String, pl.Categorical, pl.Null)]
    if wrong:
        raise LogError(f"{file.path}: column {wrong[0]} holds {columns[wrong[0]]}, no text; export it as text.")
    if not (columns["status"].is_integer() or columns["status"] == pl.String):
        raise LogError(f"{file.path}: column status holds {columns['status']}, neither integers nor text.")
    if columns["timestamp"] not in (pl.String, pl.Datetime):
        raise LogError(
            f"{file.path}: column timestamp holds {columns['timestamp']}; export it as a timestamp in UTC or as text "
            "like 2026-08-01T12:00:00.000Z."
        )
    texts = [pl.col(name).cast(pl.String) for name in COLUMNS[2:]]
    return frame.select(FILE, "timestamp", "status", *texts)


def expected_rows(file: LogFile) -> float | None:
    """Return about how many rows a file has, to say how long it takes; None where nobody knows."""
    if file.size is None:
        return None
    with explained(file):
        if file.form == "parquet":
            return float(
                pl.scan_parquet(file.path, glob=False, hive_partitioning=False).select(pl.len()).collect().item()
            )
        with Path(file.path).open("rb") as opened:
            head = opened.read(HEAD_BYTES)
    text = head
    if file.path.lower().endswith(".gz"):
        with suppress(zlib.error):  # reading will tell
            text = zlib.decompressobj(wbits=zlib.MAX_WBITS | GZIP).decompress(head)
    return text.count(b"\n") * file.size / max(len(head), 1)


_CAUSES: Final = (
    (
        "object-store error",
        "it cannot be fetched; check the address, the credentials (docs/logs.md) and the connection",
    ),
    ("unexpected end of file", "the file is cut short; copy it again, whole"),
    ("gzip", "the compressed data are damaged; copy the file again"),
    ("more fields", "a row has more cells than the header; put cells that hold commas in quotes"),
    ("could not parse", "a quote is opened and never closed; export the file again with quotes doubled inside cells"),
    ("utf-8", "it holds text that is not UTF-8; convert it"),
    ("utf8", "it holds text that is not UTF-8; convert it"),
    ("empty csv", "the file is empty, without even a header; export it again"),
    ("parquet", "it is cut short, damaged or no Parquet file; copy it again, whole"),
)
"""What polars says, and what that means for a log. Its own words may quote cells."""


@contextmanager
def explained(file: LogFile) -> Iterator[None]:
    """Turn errors of reading into a LogError that quotes nothing of the content.

    Raises:
        LogError: Reading failed.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).replace(file.path, "").lower()
        if isinstance(error, OSError) and error.errno is not None:
            cause = f"{error.strerror}; check the file and the free space for temporary files"
        else:
            other = f"reading failed ({type(error).__name__})"
            cause = next((cause for words, cause in _CAUSES if words in said), other)
    else:
        return
    # The original may quote cells: it must not be chained.
    raise LogError(f"{file.path}: {cause}.")
