"""Donated logs as a user names them: raw ones, which are reduced here, and tables that were reduced elsewhere.

Here: telling the two apart, putting them together, what to say about it. Not here: the reduction
(`assets/ingest/log_reduction.py`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from assets.ingest.log_files import LogError, LogFile, explained, find_files
from assets.ingest.log_reduction import Account, Step, reduce_logs
from assets.places.log_places import log_places
from assets.schemas.ingest import DownloadLogs
from assets.schemas.table import validate

SAY_SECONDS: Final = 10.0
"""How often a long reduction says how far it is."""


class NoLogs:
    """Why there are no donated logs."""

    @staticmethod
    def why(*, asked: bool, named: str) -> str:
        """Return the reason in words.

        Args:
            asked: Whether the run asks sources.
            named: Logs that the settings name.
        """
        if not asked:
            return "No logs: donated logs are read in live mode only."
        if not named:
            return "No logs were donated: ATLAS_LOGS names none (see docs/logs.md)."
        return "The logs that ATLAS_LOGS names hold no request that counts."


@dataclass(frozen=True, kw_only=True)
class Donated:
    """The table ``download_logs``, and what a person should look at."""

    table: pl.DataFrame
    doubts: Sequence[str]


def read_donated(named: str, *, today: date, say: Callable[[str], None]) -> Donated:
    """Return the counts of all logs that are named.

    Args:
        named: Files, folders, patterns or URLs, one a line.
        today: Day of the run.
        say: Takes lines on progress and on what became of the rows.

    Raises:
        LogError: A log cannot be read, or two tables count the same.
        TableError: A reduced table does not meet its declaration.
    """
    files = find_files(named.splitlines())
    reduced = {file.path: table for file in files if (table := _reduced(file)) is not None}
    raw = [file.path for file in files if file.path not in reduced]
    doubts: list[str] = []
    if raw:
        found = reduce_logs(raw, places=log_places, today=today, tell=_teller(say))
        for line in found.account.lines():
            say(line)
        doubts = doubts_about(found.account)
        reduced[", ".join(raw)] = found.table
    table = pl.concat(reduced.values())
    twice = table.filter(table.select(DownloadLogs.primary_key()).is_duplicated())
    if twice.height:
        raise LogError(
            f"{twice.height:,} rows of {', '.join(reduced)} count the same, for example {twice['repository'][0]} in "
            f"{twice['period'][0]:%Y-%m}; people cannot be added up, so name one of the two, or reduce the raw logs "
            "of both in one go."
        )
    return Donated(table=table.sort(DownloadLogs.primary_key()), doubts=doubts)


def doubts_about(account: Account) -> list[str]:
    """Return what a person should look at, as lines."""
    rows = account.rows
    doubts = (
        (rows["malformed"], "rows could not be read"),
        (rows["skewed"], "rows have an impossible date"),
        (account.repeated, "rows repeat a day of another file and were left out"),
        (account.shared_days, "days are in several files: check that the exports do not overlap"),
    )
    return [f"Donated logs: {count:,} {words}." for count, words in doubts if count]


def _reduced(file: LogFile) -> pl.DataFrame | None:
    """Return the table of a file that holds one, None for a raw log."""
    if file.form != "parquet":
        return None
    with explained(file):
        columns = pl.scan_parquet(file.path, hive_partitioning=False).collect_schema().names()
        if set(columns) != set(DownloadLogs.column_names()):
            return None
        table = pl.read_parquet(file.path, hive_partitioning=False)
    return validate(table, DownloadLogs, where=file.path)


def _teller(say: Callable[[str], None]) -> Callable[[Step], None]:
    """Return what turns steps into a line now and then."""
    started = said = time.monotonic()

    def tell(step: Step) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said < SAY_SECONDS:
            return
        said = now
        words = [f"{step.rows:,} rows read", f"{step.rows / (now - started):,.0f} rows/s"]
        if step.share:
            left = (now - started) * (1 - step.share) / step.share
            words += [f"{100 * step.share:.0f} % done", f"{left:.0f} s left"]
        say("Donated logs: " + ", ".join(words))

    return tell
