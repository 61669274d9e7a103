"""Crawl: reading listings page by page, so that a run killed at any moment goes on where it stopped.

Here: the plan of a crawl, its checkpoints and its progress. Not here: requests (`requests.py`), what an item means
(`pages.py`), what becomes of the rows (`refresh.py`).

A page becomes one Parquet file, whose metadata say which page is next. File and metadata appear by one rename, so that
no row is lost or doubled and at most the page that was under way is asked for again. The listing is ordered by the day
of creation and the Hub's pages continue after the last model seen, not after a count: models that are added, removed or
downloaded meanwhile move no other.
"""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Protocol

import polars as pl
from upath import UPath

from assets.ingest.hub.pages import PSEUDONYM, ROWS, PageError
from assets.ingest.hub.requests import Answer
from assets.ingest.hub.settings import HubError, HubSettings
from assets.ingest.hub.tables import most_used, together
from assets.whole_files import remove_folder, replace_file

PLAN: Final = "plan.json"
STATE_KEY: Final = "atlas.hub_page"
LONGEST_AGE: Final = timedelta(days=1)
"""A crawl that began longer ago is begun anew: its first counters are too old to stand beside new ones."""

TELL_SECONDS: Final = 5.0
"""How often progress is told: the lines stay in the log of the run."""

Selection = Mapping[str, str]


class Pages(Protocol):
    """Whoever gives the pages of a listing."""

    def first(self, selection: Selection) -> Answer:
        """Return the first page."""

    def following(self, path: str) -> Answer:
        """Return a later page."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a crawl reads; it stays as it is from the first page to the last, over any number of runs.

    Attributes:
        day: Day of the observation: that of the first request.
        endpoint: Hub that is asked.
        source_id: Source that the rows will cite; says the scope.
        accounts: Accounts to list, or none for every public model.
        bases: Number of models whose derivatives are listed.
    """

    day: date
    endpoint: str
    source_id: str
    accounts: tuple[str, ...]
    bases: int

    @classmethod
    def of(cls, settings: HubSettings, accounts: Sequence[str], day: date) -> "Plan":
        """Return the plan of the settings for a day."""
        curated = settings.scope == "accounts"
        return cls(
            day=day,
            endpoint=settings.endpoint,
            source_id=settings.source_id,
            accounts=tuple(sorted(accounts)) if curated else (),
            bases=settings.bases if curated else 0,
        )

    def as_json(self) -> bytes:
        """Return the plan as it is kept."""
        return (json.dumps({**vars(self), "day": self.day.isoformat()}) + "\n").encode()

    def continues(self, other: "Plan") -> bool:
        """Return whether a plan kept by an earlier run may be gone on with in place of this one."""
        same = (self.endpoint, self.source_id, self.bases) == (other.endpoint, other.source_id, other.bases)
        return same and timedelta() <= self.day - other.day <= LONGEST_AGE


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """Where a crawl stands: pages kept, listing under way, path of its next page (empty: its first)."""

    pages: int = 0
    listing: int = 0
    following: str = ""


def _kept_plan(folder: UPath) -> Plan | None:
    try:
        kept = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        return Plan(**{**kept, "day": date.fromisoformat(kept["day"]), "accounts": tuple(kept["accounts"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def _files(folder: UPath) -> list[UPath]:
    found = [path for path in folder.iterdir() if path.suffix == ".parquet" and not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.name)


def _read(path: UPath) -> tuple[pl.DataFrame, _Mark]:
    content = path.read_bytes()
    state = json.loads(pl.read_parquet_metadata(io.BytesIO(content))[STATE_KEY])
    return pl.read_parquet(content), _Mark(**state)


def forget(folder: UPath) -> None:
    """Remove a crawl. The plan goes first: without one, files that remain after a kill count for nothing."""
    if not folder.exists():
        return
    (folder / PLAN).unlink(missing_ok=True)
    remove_folder(folder)


class Crawl:
    """A crawl in a folder of its own: begun, gone on with, or finished but not yet taken over.

    Args:
        folder: Where pages and plan are kept.
        wanted: The plan of this run; one that an earlier run began is gone on with if it asks for the same.
        tell: Told of progress.
        expected: Rows to expect, for the time left; 0 where nobody knows.
        taken: Day of the observation that was taken over last: a crawl that it came from is over.
    """

    def __init__(
        self,
        folder: UPath,
        wanted: Plan,
        *,
        tell: Callable[[str], None],
        expected: int = 0,
        taken: date = date.min,
    ) -> None:
        self._folder = folder
        self._tell = tell
        self._expected = expected
        self._kept: list[tuple[pl.DataFrame, _Mark]] = []
        self._followed: set[str] = set()
        self._rows = 0
        self._mark = _Mark()
        kept = _kept_plan(folder)
        if kept is not None and kept.day > taken and wanted.continues(kept):
            self.plan = kept
            self._resume()
            return
        forget(folder)
        self.plan = wanted
        replace_file(folder / PLAN, wanted.as_json())

    def _resume(self) -> None:
        for path in _files(self._folder):
            try:
                part, mark = _read(path)
            except (pl.exceptions.PolarsError, ValueError, KeyError, TypeError):
                raise HubError(
                    f"{path}: the page kept there is damaged; remove {self._folder} and run again."
                ) from None
            self._keep(part, mark)
        self._tell(
            f"Going on with the crawl of {self.plan.day}: {self._mark.pages:,} pages, {self._rows:,} rows are there."
        )

    def _keep(self, part: pl.DataFrame, mark: _Mark) -> None:
        self._kept.append((part, mark))
        self._followed |= {mark.following} - {""}
        self._rows += part.height
        self._mark = mark

    def run(self, hub: Pages, rows: Callable[[Sequence[Mapping[str, Any]]], pl.DataFrame]) -> pl.DataFrame:
        """Read what is left of the plan and return the rows of all of it, each model once.

        Args:
            hub: Gives the pages.
            rows: Turns the items of a page into rows.

        Raises:
            HubError: The Hub cannot be read; the pages read so far are kept.
        """
        pace = _Pace(rows=self._rows, listing=self._mark.listing, expected=self._expected)
        for number, total, selection in self._listings():
            while self._mark.listing == number:
                self._page(hub, rows, selection)
                if pace.due():
                    self._tell(
                        f"Hub: page {self._mark.pages:,}, listing {number + 1:,} of {total:,}, {self._rows:,} rows, "
                        f"{pace.said(self._rows, self._mark.listing, total)}."
                    )
        return together([part for part, _ in self._kept])

    def _listings(self) -> Iterator[tuple[int, int, Selection]]:
        """Yield what is left to list; derivatives can be named only when all accounts have been read."""
        if not self.plan.accounts:
            if self._mark.listing == 0:
                yield 0, 1, {}
            return
        accounts = self.plan.accounts
        total = len(accounts) + self.plan.bases
        for number in range(self._mark.listing, len(accounts)):
            yield number, total, {"author": accounts[number]}
        named = self._of_accounts().filter(~pl.col("account").str.contains(PSEUDONYM))
        bases = most_used(named, self.plan.bases)
        for number in range(self._mark.listing, len(accounts) + len(bases)):
            selection = {"filter": f"base_model:{bases[number - len(accounts)]}"}
            yield number, len(accounts) + len(bases), selection

    def _of_accounts(self) -> pl.DataFrame:
        """Return the rows of the listings of accounts, the same in every run: derivatives do not join them."""
        last = len(self.plan.accounts)
        parts = [
            part for part, mark in self._kept if mark.listing < last or (mark.listing == last and not mark.following)
        ]
        return pl.concat([pl.DataFrame(schema=ROWS), *parts])

    def _page(
        self,
        hub: Pages,
        rows: Callable[[Sequence[Mapping[str, Any]]], pl.DataFrame],
        selection: Selection,
    ) -> None:
        path = self._mark.following
        answer = hub.following(path) if path else hub.first(selection)
        if answer.following in self._followed:
            raise HubError(
                f"{self.plan.endpoint} names a next page that was read before; the next run goes on from here."
            )
        try:
            part = rows(answer.items)
        except PageError as error:
            raise HubError(f"{self.plan.endpoint} sent a page that cannot be read: {error}.") from error
        mark = _Mark(
            pages=self._mark.pages + 1,
            listing=self._mark.listing if answer.following else self._mark.listing + 1,
            following=answer.following,
        )
        buffer = io.BytesIO()
        part.write_parquet(buffer, metadata={STATE_KEY: json.dumps(vars(mark))})
        replace_file(self._folder / f"{mark.pages:07d}.parquet", buffer.getvalue())
        self._keep(part, mark)


class _Pace:
    """How fast a run gets on, and how long it will still take.

    Args:
        rows: Rows that were there when it began.
        listing: Listing at which it began.
        expected: Rows to expect in a single listing; 0 where nobody knows.
    """

    def __init__(self, *, rows: int, listing: int, expected: int) -> None:
        self._clock = time.monotonic()
        self._told = float("-inf")
        self._rows = rows
        self._listing = listing
        self._expected = expected

    def due(self) -> bool:
        """Return whether it is time to say something: after the first page, and every few seconds."""
        if time.monotonic() - self._told < TELL_SECONDS:
            return False
        self._told = time.monotonic()
        return True

    def said(self, rows: int, listing: int, total: int) -> str:
        """Return rate and time left, by rows in a single listing and by listings otherwise."""
        seconds = max(time.monotonic() - self._clock, 1e-9)
        fetched = rows - self._rows
        done, left = (
            (listing - self._listing, total - listing) if total > 1 else (fetched, max(self._expected - rows, 0))
        )
        told = _spoken(left * seconds / done) if done and (total > 1 or self._expected) else "an unknown time"
        return f"{fetched / seconds:,.0f} rows/s, about {told} left"


def _spoken(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{round(seconds)} s" if minutes < 2 else f"{minutes:,} min"  # noqa: PLR2004
