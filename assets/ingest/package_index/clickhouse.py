"""Client of ClickHouse's public PyPI tables: which days they hold, and one package's downloads in a span of days.

Here: the two queries, their limits, and what the server's error codes mean. Not here: which packages and months
are asked for (`plan.py`), what is kept (`parts.py`).

The public user reads only, may change no setting, and its results are cut at 1,000 rows without any error. So every
query asks for one package and at most a month, every row carries the number of rows that there are in all, and a
span whose answer is cut or too large is halved. Public tables of daily sums hold a row a version and file type:
only sums are ever read.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from assets.ingest.web.client import Client
from assets.ingest.web.errors import BrokenError, FetchError, RejectedError
from assets.ingest.web.manners import Manners
from assets.ingest.web.reply import OK, Reply

SOURCE: Final = "ClickHouse public PyPI tables"
TABLE: Final = "pypi.pypi_downloads_per_day_by_version_by_installer_by_type_by_country"
PACKAGE_MANAGERS: Final = ("pip", "uv", "poetry", "pdm", "pipenv", "conda", "Bazel")
MIRRORS: Final = ("bandersnatch", "devpi", "Artifactory", "Nexus", "z3c.pypimirror")
STEADY: Final = ("huggingface-hub", "torch", "transformers")
"""Packages that are downloaded everywhere on every day: a day on which they have no row is not in the source."""

ROWS_ALLOWED: Final = 900
"""An answer of so many rows is taken for cut even if it says otherwise; the cap of the public user is 1,000."""

DAYS_QUERY: Final = f"""
SELECT day, downloads, count() OVER () AS rows_in_all
FROM (
    SELECT date AS day, sum(count) AS downloads
    FROM {TABLE}
    WHERE project IN {{projects:Array(String)}} AND date >= {{since:Date}} AND date < {{until:Date}}
    GROUP BY day
)
ORDER BY day
"""  # noqa: S608 - the table is a constant, values are bound by the server

DOWNLOADS_QUERY: Final = f"""
SELECT country, installer_class, downloads, count() OVER () AS rows_in_all
FROM (
    SELECT
        upper(country_code) AS country,
        multiIf(
            installer IN {{managers:Array(String)}}, 'package_manager',
            installer IN {{mirrors:Array(String)}}, 'mirror',
            'other'
        ) AS installer_class,
        sum(count) AS downloads
    FROM {TABLE}
    WHERE project = {{project:String}} AND date >= {{since:Date}} AND date < {{until:Date}}
    GROUP BY country, installer_class
)
ORDER BY country, installer_class
"""  # noqa: S608 - the table is a constant, values are bound by the server

ROW_SCHEMA: Final = {"country": pl.String, "installer_class": pl.String, "downloads": pl.Int64}
_EXCEPTION: Final = re.compile(r"Code: (\d+)\. DB::Exception: ?(.{0,160})", re.ASCII | re.DOTALL)
QUOTA: Final = 201
TOO_LARGE: Final = frozenset({158, 307, 396})
NOT_ALLOWED: Final = frozenset({192, 193, 194, 497, 516})
CHANGED: Final = frozenset({16, 36, 46, 47, 60, 62, 81})
"""Codes that a query gets when a table, a column or the language is not what it was."""


UNREADABLE: Final = "a row lacks a column that the query names, or holds a value of another type"


class TooLargeError(RejectedError):
    """An answer was cut at the server's cap of rows, or would read more than the server allows."""

    REMEDY = "ask for a shorter span of days"


class ClickHouseSettings(BaseSettings):
    """Where the public tables are, and how much of them is kept.

    Attributes:
        url: Address of the HTTP interface (``ATLAS_CLICKHOUSE_URL``).
        user: User of the public tables (``ATLAS_CLICKHOUSE_USER``).
        password: Its password; the public user has none (``ATLAS_CLICKHOUSE_PASSWORD``).
        months: Months to go back, the running one included (``ATLAS_CLICKHOUSE_MONTHS``).
        pause: Seconds between the beginnings of two queries (``ATLAS_CLICKHOUSE_PAUSE``).
        attempts: Most requests for one answer (``ATLAS_CLICKHOUSE_ATTEMPTS``).
    """

    model_config = SettingsConfigDict(env_prefix="ATLAS_CLICKHOUSE_", frozen=True, env_ignore_empty=True)

    url: str = "https://sql-clickhouse.clickhouse.com"
    user: str = "demo"
    password: SecretStr = SecretStr("")
    months: int = Field(default=13, ge=1, le=24)
    pause: float = Field(default=1.0, ge=0)
    attempts: int = Field(default=5, ge=1)

    def manners(self) -> Manners:
        """Return how the source is asked: a query may run for 60 s there."""
        return Manners(read=75, total=150, pause=self.pause, attempts=self.attempts, patience=600, run_patience=1800)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Days from the first to before the last.

    Attributes:
        since: First day.
        until: Day after the last.
    """

    since: date
    until: date

    def parameters(self) -> dict[str, str]:
        """Return the days as parameters of a query."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}

    def halves(self) -> "tuple[Span, Span] | None":
        """Return the two halves, or nothing for a single day."""
        days = (self.until - self.since).days
        if days <= 1:
            return None
        middle = self.since + timedelta(days=days // 2)
        return Span(since=self.since, until=middle), Span(since=middle, until=self.until)


def array(texts: Sequence[str]) -> str:
    """Return texts as a parameter of type ``Array(String)``; the server refuses items without quotes."""
    escaped = (text.replace("\\", "\\\\").replace("'", "\\'") for text in texts)
    return "[" + ",".join(f"'{text}'" for text in escaped) + "]"


def refuse_exceptions(reply: Reply) -> None:
    """Raise what the server says went wrong; it may say so under any status, and after the first rows.

    Raises:
        TooLargeError: The query reads or returns more than is allowed.
        RejectedError: Anything else; the message says whether to wait, to check the user, or that tables changed.
    """
    # The words of an exception stand at the end of a result that was begun; a package or country never contains them.
    found = _EXCEPTION.search(reply.content.decode("utf-8", errors="replace"))
    if not found:
        return
    code = int(found[1])
    kind: type[FetchError] = RejectedError
    remedy, retry = "run again later; what was fetched before is kept", True
    if code in TOO_LARGE:
        kind, remedy, retry = TooLargeError, TooLargeError.REMEDY, False
    elif code == QUOTA:
        remedy, retry = "the hour's allowance of the public user is used up: run again in an hour", False
    elif code in NOT_ALLOWED:
        remedy, retry = "check ATLAS_CLICKHOUSE_USER and ATLAS_CLICKHOUSE_PASSWORD", False
    elif code in CHANGED:
        remedy, retry = "the public tables changed: this version of the atlas must be updated", False
    said = f"the server answers with code {code}: {' '.join(found[2].split())}"
    raise kind(source=reply.source, url=reply.url, said=said, remedy=remedy, retry=retry)


def _rows(reply: Reply) -> list[dict[str, Any]]:
    """Return the rows of an answer in format JSON, whole by its own count.

    Raises:
        BrokenError: The body is not a result, or holds another number of rows than it says.
    """
    body = reply.json()
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or body.get("rows") != len(rows):
        raise BrokenError(source=reply.source, url=reply.url, said="the body is not a whole result of ClickHouse")
    return rows


def _inspect(reply: Reply) -> None:
    refuse_exceptions(reply)
    if reply.status in OK:
        _rows(reply)


class PackageTables:
    """The public tables, as the atlas asks them."""

    def __init__(self, client: Client, settings: ClickHouseSettings) -> None:
        """Keep the client; nothing is sent yet."""
        self._client = client
        self._settings = settings

    def _ask(
        self, query: str, parameters: Mapping[str, str], read: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query, each read by a function; whole by two counts of the server."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        form = {"default_format": "JSON"} | {f"param_{name}": value for name, value in parameters.items()}
        password = self._settings.password.get_secret_value()
        # The server refuses a user in the address beside a password in a header.
        if password:
            headers |= {"X-ClickHouse-User": self._settings.user, "X-ClickHouse-Key": password}
        else:
            form = {"user": self._settings.user} | form
        reply = self._client.request(
            "POST",
            self._settings.url,
            params=form,
            headers=headers,
            content=query.strip().encode(),
            safe=True,
            inspect=_inspect,
        )
        rows = _rows(reply)
        try:
            in_all = int(rows[0]["rows_in_all"]) if rows else 0
            table = [read(row) for row in rows]
        except (KeyError, TypeError, ValueError):
            raise BrokenError(source=reply.source, url=reply.url, said=UNREADABLE, retry=False) from None
        if len(rows) != in_all or len(rows) >= ROWS_ALLOWED:
            said = f"{len(rows):,} rows came of {in_all:,}; the answer was cut"
            raise TooLargeError(source=reply.source, url=reply.url, said=said)
        return table

    def days(self, span: Span) -> list[date]:
        """Return the days of a span that the source holds, told by packages that are downloaded every day.

        Raises:
            FetchError: The source cannot be read.
        """
        try:
            parameters = {"projects": array(STEADY)} | span.parameters()
            rows = self._ask(
                DAYS_QUERY, parameters, lambda row: (date.fromisoformat(row["day"]), int(row["downloads"]))
            )
            return [day for day, downloads in rows if downloads > 0]
        except TooLargeError:
            halves = span.halves()
            if halves is None:
                raise
        return [day for half in halves for day in self.days(half)]

    def downloads(self, package: str, span: Span) -> pl.DataFrame:
        """Return a package's downloads by country code and installer class; none is an empty table.

        Args:
            package: Name, normalised.
            span: Days to sum.

        Raises:
            FetchError: The source cannot be read, or a single day's answer is cut.
        """
        try:
            return self._downloads(package, span)
        except TooLargeError:
            halves = span.halves()
            if halves is None:
                raise
        parts = pl.concat(self.downloads(package, half) for half in halves)
        return parts.group_by("country", "installer_class").agg(pl.col("downloads").sum()).sort(pl.all())

    def _downloads(self, package: str, span: Span) -> pl.DataFrame:
        parameters = {
            "project": package,
            "managers": array(PACKAGE_MANAGERS),
            "mirrors": array(MIRRORS),
        } | span.parameters()
        rows = self._ask(
            DOWNLOADS_QUERY,
            parameters,
            # 64-bit numbers come quoted or not, as the server is set.
            lambda row: (str(row["country"]), str(row["installer_class"]), int(row["downloads"])),
        )
        return pl.DataFrame(rows, schema=ROW_SCHEMA, orient="row")
