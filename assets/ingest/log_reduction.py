"""Donated download logs, reduced to counts by repository, time and place in one pass and bounded memory.

Here: counting requests and distinct people, and the account of what became of every row. Not here: files
(`assets/ingest/log_files.py`), what a row is (`assets/ingest/log_rows.py`), hiding small counts
(`assets/ingest/log_suppression.py`), which regions words mean (`assets/places/log_places.py`).

Distinct people do not add up, so somebody has to be remembered. The pass writes what it needs of each row into
temporary files, one per share of the people; each share then fits in memory, and shares do add up. The temporary files
hold no id of the log but a 64-bit hash under a number that only this process knows, and are gone when it ends.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from assets.ingest.log_files import FILE, LogError, LogFile, expected_rows, explained, find_files, scan
from assets.ingest.log_rows import MEANINGS, NOBODY, OUTCOMES, outcome_and_facts
from assets.ingest.log_suppression import REPOSITORY, hide
from assets.schemas.ingest import DownloadLogs
from assets.schemas.table import validate

SHARES: Final = 32
"""Parts that people are split into; a log of any size fits in memory part by part."""

MOST_AT_ONCE: Final = 2_500_000
"""Rows of parts that are counted at once."""

READING: Final = 0.7
"""Part of the work that reading takes, roughly."""

MOST_ROWS: Final = 5_000_000
"""Rows of counts that are kept before they are added up."""

MOST_MALFORMED: Final = 0.01
"""Share of unreadable rows from which a log is taken for something else."""

SOURCE: Final = "donated_logs"
PLATFORM: Final = "huggingface"
REQUESTS: Final = ("requests", "downloads")
_PAIR: Final = ("log_country", "log_region")
_FINEST: Final = (*REPOSITORY, "period", "country", "region_id")
_CELL: Final = (*REPOSITORY, "span", "period", "country", "region_id")

Places = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Account:
    """What became of the rows of a log.

    Attributes:
        files: Number of files.
        rows: Rows of each outcome of ``OUTCOMES``, repeated ones left out.
        repeated: Rows of days that another file holds in exactly the same rows; they are left out.
        shared_days: Days that several files hold with different rows: parts of a day, or overlapping exports.
        nameless: Counted rows without a person; they are requests of nobody.
        placeless: Counted rows without a known country.
        unplaced: Counted rows with a country whose region is not told, or not known to the atlas.
    """

    files: int
    rows: Mapping[str, int]
    repeated: int
    shared_days: int
    nameless: int
    placeless: int
    unplaced: int

    @property
    def total(self) -> int:
        """All rows of the files."""
        return sum(self.rows.values()) + self.repeated

    def lines(self) -> list[str]:
        """Return the account as lines for people; the first one sums it up."""
        lines = [f"{self.total:,} rows in {self.files:,} file(s)"]
        lines += [f"{count:,} {MEANINGS[name]}" for name, count in self.rows.items() if count or name == "counted"]
        notes = (
            (self.repeated, "in days that another file repeats row for row; left out"),
            (self.nameless, "counted rows name nobody: requests without downloaders"),
            (self.placeless, "counted rows have no known country (ZZ)"),
            (self.unplaced, "counted rows have a country but no known region in it"),
            (self.shared_days, "day(s) are in several files with different rows: check that exports do not overlap"),
        )
        return lines + [f"{count:,} {words}" for count, words in notes if count]


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """A reduced log: the table ``download_logs``, and what became of the rows."""

    table: pl.DataFrame
    account: Account


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far a reduction is: rows read so far, and the share of the work that is done where it is known."""

    rows: int
    share: float | None


def reduce_logs(
    named: Sequence[str], *, places: Places, today: date, tell: Callable[[Step], None] = lambda _: None
) -> Reduced:
    """Reduce logs to counts.

    Args:
        named: Files, folders, patterns or URLs.
        places: Says which region a pair of a log means (``log_places``).
        today: Day of the run, to tell wrong clocks.
        tell: Called as the work goes on, possibly from several threads.

    Raises:
        LogError: A log cannot be read, or is none.
    """
    files = find_files(named)
    with TemporaryDirectory(prefix="atlas-logs-") as name:
        folder = Path(name)
        _spill(files, folder, today, tell)
        days = _days(folder, ", ".join(named))
        repeated = _repeated(days)
        pairs = _pairs(folder, repeated)
        placed = places(pairs.select(pl.col(_PAIR).cast(pl.String)))
        account = _account(days, repeated, pairs.with_columns(placed.select("country", "region_id")), len(files))
        if account.rows["malformed"] > MOST_MALFORMED * account.total:
            raise LogError(
                f"{', '.join(named)}: {account.rows['malformed']:,} of {account.total:,} rows are "
                f"{MEANINGS['malformed']}; this is no granular download log, or its export is broken. See docs/logs.md."
            )
        located = pairs.select(_PAIR).hstack(placed.select(pl.col("country", "region_id").cast(pl.Categorical)))

        def counting(done: float) -> None:
            tell(Step(rows=account.total, share=READING + (1 - READING) * done))

        cells = _cells(folder, repeated, located, _sum(days, "spilled"), counting)
    table = hide(cells).with_columns(platform=pl.lit(PLATFORM), source_id=pl.lit(SOURCE))
    table = validate(table, DownloadLogs, where=", ".join(named)).sort(DownloadLogs.primary_key())
    return Reduced(table=table, account=account)


def _spill(files: Sequence[LogFile], folder: Path, today: date, tell: Callable[[Step], None]) -> None:
    """Write what is needed of the rows, by share of the people."""
    seed = secrets.randbits(63)
    expected = [expected_rows(file) for file in files]
    total = sum(number for number in expected if number)
    known = total if all(number is not None for number in expected) else 0
    rows = 0
    for number, file in enumerate(files):
        frame = scan(file)
        is_text = frame.collect_schema()["timestamp"] == pl.String
        facts = outcome_and_facts(
            _example(file, frame) if is_text else None,
            is_text=is_text,
            seed=seed,
            today=today,
            marked=len(files) > 1 or file.size is None,
        )

        def thinned(batch: pl.DataFrame) -> pl.DataFrame:
            nonlocal rows
            rows += batch.height
            tell(Step(rows=rows, share=READING * min(rows / known, 1) if known else None))
            return _thinned(batch)

        target = pl.PartitionBy(folder / str(number), key={"share": pl.col("person") % SHARES}, include_key=False)
        with explained(file):
            rows_of = frame.select(facts)
            schema = _thinned(pl.DataFrame(schema=rows_of.collect_schema())).schema
            rows_of.map_batches(thinned, streamable=True, schema=schema).sink_parquet(
                target, compression="lz4", statistics=False, mkdir=True, maintain_order=False, engine="streaming"
            )


def _example(file: LogFile, frame: pl.LazyFrame) -> str | None:
    """Return the first timestamp that looks like one."""
    like = pl.col("timestamp").str.contains(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
    with explained(file):
        found = frame.filter(like).select("timestamp").head(1).collect(engine="streaming")
    return str(found.item()) if found.height else None


def _thinned(batch: pl.DataFrame) -> pl.DataFrame:
    """Bring rows together that differ in nothing but time of day and answer: a visit is several requests."""
    counts = {"requests": pl.len(), "downloads": pl.col("sent").sum(), "took": pl.col("took").any()}
    marks = {"mark": pl.col("mark").sum()} if "mark" in batch.columns else {}
    keys = (FILE, "outcome", *REPOSITORY, "day", *_PAIR, "person")
    return batch.group_by(keys).agg(**counts, **marks)


def _spilled(folder: Path, shares: Sequence[int] = range(SHARES)) -> pl.LazyFrame | None:
    """Return what was written of some shares; None where nothing was."""
    found = [path for share in shares for path in sorted(folder.glob(f"*/share={share}/*.parquet"))]
    return pl.scan_parquet(found, hive_partitioning=False, glob=False) if found else None


def _counted(folder: Path, repeated: pl.DataFrame, shares: Sequence[int] = range(SHARES)) -> pl.LazyFrame | None:
    rows = _spilled(folder, shares)
    if rows is None:
        return None
    rows = rows.filter(pl.col("outcome") == 0)
    return rows if repeated.is_empty() else rows.join(repeated.lazy(), on=[FILE, "day"], how="anti")


def _days(folder: Path, where: str) -> pl.DataFrame:
    """Count rows by file, day and outcome, with the mark of their content where there is one."""
    rows = _spilled(folder)
    if rows is None:
        raise LogError(f"{where}: there is no row below the header; check the export.")
    marked = "mark" in rows.collect_schema()
    mark = pl.col("mark").sum() if marked else pl.lit(0, pl.UInt64)
    return (
        rows.group_by(FILE, "day", "outcome")
        .agg(rows=pl.col("requests").cast(pl.Int64).sum(), mark=mark, spilled=pl.len())
        .collect(engine="streaming")
    )


def _repeated(days: pl.DataFrame) -> pl.DataFrame:
    """Return days of files that a file before it, by name, holds in the same rows."""
    counted = days.filter(pl.col("outcome") == 0).sort(pl.col(FILE).cast(pl.String), "day")
    first = pl.struct("day", "rows", "mark").is_first_distinct()
    return counted.filter(~first).select(FILE, "day")


def _pairs(folder: Path, repeated: pl.DataFrame) -> pl.DataFrame:
    """Count rows, and those that name nobody, by the pair of country and region in the log."""
    rows = _counted(folder, repeated)
    assert rows is not None, "an empty log was refused"  # noqa: S101
    count = pl.col("requests").cast(pl.Int64)
    nameless = count.filter(pl.col("person") == NOBODY).sum()
    return rows.group_by(_PAIR).agg(rows=count.sum(), nameless=nameless).collect(engine="streaming")


def _account(days: pl.DataFrame, repeated: pl.DataFrame, pairs: pl.DataFrame, files: int) -> Account:
    rows = {name: _sum(days.filter(pl.col("outcome") == number), "rows") for number, name in enumerate(OUTCOMES)}
    again = days.filter(pl.col("outcome") == 0).join(repeated, on=[FILE, "day"], how="semi")
    once = days.filter(pl.col("outcome") == 0).join(repeated, on=[FILE, "day"], how="anti")
    placeless, finer = pl.col("country") == "ZZ", pl.col("region_id") != pl.col("country") + "-ZZ"
    return Account(
        files=files,
        rows={**rows, "counted": rows["counted"] - _sum(again, "rows")},
        repeated=_sum(again, "rows"),
        shared_days=once.group_by("day").len().filter(pl.col("len") > 1).height,
        nameless=_sum(pairs, "nameless"),
        placeless=_sum(pairs.filter(placeless), "rows"),
        unplaced=_sum(pairs.filter(~placeless & ~finer), "rows"),
    )


def _sum(frame: pl.DataFrame, column: str) -> int:
    return int(frame[column].sum())


def _cells(
    folder: Path, repeated: pl.DataFrame, located: pl.DataFrame, spilled: int, tell: Callable[[float], None]
) -> pl.DataFrame:
    """Count requests, downloads and downloaders in every cell, share by share of the people."""
    answered: list[pl.DataFrame] = []
    reached: list[pl.DataFrame] = []
    step = max(1, min(SHARES, SHARES * MOST_AT_ONCE // max(spilled, 1)))
    for first in range(0, SHARES, step):
        rows = _counted(folder, repeated, range(first, min(first + step, SHARES)))
        if rows is not None:
            found = _by_person(rows, located)
            answered = _within(MOST_ROWS, [*answered, _added([found.select(*_FINEST, *REQUESTS)], _FINEST)], _FINEST)
            reached = _within(MOST_ROWS, [*reached, *_downloaders(found)], _CELL)
        tell(min(first + step, SHARES) / SHARES)
    answered, reached = _within(0, answered, _FINEST), _within(0, reached, _CELL)
    requests = pl.concat(_every_level(answered[0], lambda rows, keys: _added([rows], keys)))
    cells = requests.join(reached[0], on=_CELL, how="left").with_columns(pl.col("downloaders").fill_null(0))
    region = pl.col("region_id").cast(pl.String)
    return cells.with_columns(
        pl.col("repository", "country", "region_id").cast(pl.String),
        level=pl.when(region == "world")
        .then(pl.lit("world"))
        .when(region == pl.col("country").cast(pl.String))
        .then(pl.lit("country"))
        .when(region.str.starts_with("metro:"))
        .then(pl.lit("metro"))
        .otherwise(pl.lit("admin1")),
    )


def _by_person(rows: pl.LazyFrame, located: pl.DataFrame) -> pl.DataFrame:
    """Return one row per repository, day, pair and person of a share, with the region of the pair."""
    keys = [*REPOSITORY, "day", *_PAIR, "person"]
    counts = {name: pl.col(name).cast(pl.Int64).sum() for name in REQUESTS}
    return (
        rows.group_by(keys)
        .agg(**counts, took=pl.col("took").any())
        .join(located.lazy(), on=_PAIR, nulls_equal=True)
        .select(*REPOSITORY, "country", "region_id", "person", "took", *counts, period="day")
        .collect(engine="streaming")
    )


def _added(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """Add counts of the same cell up."""
    return pl.concat(frames).group_by(keys).agg(pl.exclude(keys).sum())


def _within(most: int, frames: list[pl.DataFrame], keys: Sequence[str]) -> list[pl.DataFrame]:
    """Add counts up where their tables have more rows together than so many."""
    return [_added(frames, keys)] if sum(frame.height for frame in frames) > most else frames


def _downloaders(found: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Count the distinct people of a share in the cells of every level and span."""
    people = found.filter(pl.col("took") & (pl.col("person") != NOBODY)).select(*_FINEST, "person")

    def distinct(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        return rows.lazy().select(*keys, "person").unique().collect(engine="streaming")

    def counted(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
        counts = rows.lazy().group_by(keys).agg(downloaders=pl.len().cast(pl.Int64))
        return counts.collect(engine="streaming")

    yield from _every_level(people, distinct, counted)


Merge = Callable[[pl.DataFrame, Sequence[str]], pl.DataFrame]


def _every_level(finest: pl.DataFrame, merge: Merge, count: Merge = lambda rows, _: rows) -> Iterator[pl.DataFrame]:
    """Yield counts by part of a country, country and world, for days and months, with all columns of a cell's key.

    Args:
        finest: Rows by day and part of a country.
        merge: Brings rows of the same keys together; the next level is made from its result.
        count: Turns those into counts.
    """
    world = {name: pl.lit("world", pl.Categorical) for name in ("country", "region_id")}
    for span, unit in (("day", "1d"), ("month", "1mo")):
        rows = finest.with_columns(pl.col("period").dt.truncate(unit))
        for keys, filled in ((_FINEST, {}), (_FINEST[:-1], {"region_id": pl.col("country")}), (_FINEST[:-2], world)):
            rows = merge(rows, keys)
            cells = count(rows, keys).with_columns(span=pl.lit(span), **filled)
            yield cells.select(*_CELL, pl.exclude(_CELL))
