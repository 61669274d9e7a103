"""What a row of a download log is: counted, or why not; a download, a part of one, or a check; by whom.

Here: expressions on the columns of a log. Not here: files (`assets/ingest/log_files.py`), counting
(`assets/ingest/log_reduction.py`). docs/logs.md tells the rules in words.
"""

import re
from datetime import date, timedelta
from typing import Final

import polars as pl

from assets.schemas.ingest import REPOSITORY_KINDS

OUTCOMES: Final = ("counted", "malformed", "skewed", "failed", "forwarded", "other_method")
"""What becomes of a row; every row has one outcome."""

MEANINGS: Final = {
    "counted": "answered requests, counted",
    "malformed": "without a readable time, status, method, repository or kind",
    "skewed": "dated before the Hub began or in the future: a wrong clock",
    "failed": "answered by an error, or not at all (status outside 200–399)",
    "forwarded": "sent on to another address of the Hub, which logs them again (301, 307, 308)",
    "other_method": "neither GET nor HEAD",
}
"""The outcomes in words."""

NOBODY: Final = 0
"""Person of a row that names none, or that is not counted."""

HUB_BEGAN: Final = date(2019, 1, 1)
SKEW_ALLOWED: Final = timedelta(days=1)
SENT: Final = (200, 302, 303)
"""Answers to GET that send a file or hand over to the content network, which this log does not see."""

PART: Final = 206
FORWARDED: Final = (301, 307, 308)
_UTC: Final = r"Z$"
_OFFSET: Final = r":\d\d(\.\d+)?[+-]\d\d:?\d\d$"
_ZONES: Final = (_UTC, _OFFSET)


def outcome_and_facts(example: str | None, *, is_text: bool, seed: int, today: date, marked: bool) -> list[pl.Expr]:
    """Return the expressions that turn rows of a log into what is counted.

    Args:
        example: A timestamp of the log, to tell how it is written; None where there is none.
        is_text: Whether timestamps are text.
        seed: Secret number of the run. Persons become 64-bit hashes under it, so that what is stored while counting is
            no pseudonym of the log.
        today: Day of the run; rows of later days than tomorrow have a wrong clock.
        marked: Whether to add ``mark``, a number of the whole row.

    Returns:
        Columns file, outcome (number in ``OUTCOMES``), repository, repository_kind, day, log_country, log_region,
        person, sent (whether it is a download), took (whether the person got a file or a part of one), and mark.
    """
    day = _day(example) if is_text else pl.col("timestamp").dt.convert_time_zone("UTC").dt.date()
    status = pl.col("status").cast(pl.Int32, strict=False)
    method = pl.col("method")
    kind = pl.col("repoType").cast(pl.Enum(REPOSITORY_KINDS), strict=False)
    repository = _text("repoName")
    broken = (
        day.is_null()
        | status.is_null()
        | ~status.is_between(100, 599)
        | method.is_null()
        | repository.is_null()
        | kind.is_null()
    )
    reasons = (
        ("malformed", broken),
        ("skewed", ~day.is_between(HUB_BEGAN, today + SKEW_ALLOWED)),
        ("other_method", ~method.is_in(["GET", "HEAD"])),
        ("failed", ~status.is_between(200, 399)),
        ("forwarded", status.is_in(FORWARDED)),
    )
    outcome = pl.coalesce(
        *(pl.when(holds).then(pl.lit(OUTCOMES.index(name), pl.UInt8)) for name, holds in reasons),
        pl.lit(0, pl.UInt8),
    )
    person = (
        pl.when(_text("hashedUserId").is_not_null())
        .then(pl.col("hashedUserId").hash(seed))
        .when(_text("hashedIp").is_not_null())
        .then(pl.col("hashedIp").hash(seed + 1))
        .otherwise(pl.lit(NOBODY, pl.UInt64))
    )
    get = method == "GET"
    facts = {
        "repository": repository.cast(pl.Categorical),
        "repository_kind": kind,
        "day": day,
        "log_country": _text("country").cast(pl.Categorical),
        "log_region": _text("region").cast(pl.Categorical),
        "sent": get & status.is_in(SENT),
        "took": get & status.is_in([*SENT, PART]),
    }
    mark = [_mark(person).alias("mark")] if marked else []
    return [
        pl.col("file").cast(pl.Categorical),
        outcome.alias("outcome"),
        *(fact.alias(name) for name, fact in facts.items()),
        pl.when(outcome == 0).then(person).otherwise(pl.lit(NOBODY, pl.UInt64)).alias("person"),
        *mark,
    ]


def _text(column: str) -> pl.Expr:
    """Return a text column with null for what is empty."""
    return pl.when(pl.col(column) != "").then(pl.col(column))


def _day(example: str | None) -> pl.Expr:
    """Read the UTC day of timestamps written like the example; other ones become null.

    Without a zone they are meant in UTC. Reading days alone is five times as fast as reading instants.
    """
    text = pl.col("timestamp")
    zone = next((zone for zone in _ZONES if re.search(zone, example or "Z")), None)
    if zone == _OFFSET:
        return text.str.to_datetime("%+", strict=False, time_unit="us").dt.convert_time_zone("UTC").dt.date()
    alike = text.str.ends_with("Z") if zone == _UTC else ~text.str.ends_with("Z")
    long_enough = text.str.len_bytes() >= len("2026-08-01T12:00:00")
    return pl.when(alike & long_enough).then(text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False))


def _mark(person: pl.Expr) -> pl.Expr:
    """Return a number of the row; sums of it tell whether two files hold the same rows."""
    shape = ("timestamp", "status", "method", "repoName", "repoType", "country", "region")
    mark = person
    for number, name in enumerate(shape):
        mark = mark ^ pl.col(name).hash(number)
    return mark
