"""Sweeps: reading one listing of one repository page by page, so that a killed run goes on where it was.

Here: what a page does to the state of a listing, which rows are in force, the loop. Not here: sending (`client.py`),
rows of a page (`rows.py`), files (`assets/ingest/journal.py`).

A *sweep* goes from the newest entry back: to the end (the first time, and for forks every 30 days, because forks are
deleted), or to what is known already. Its cursor is used within a day only; GitHub promises nothing for longer.
Until a sweep is over the rows of the one before it stay in force.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from assets.ingest.github.client import Answer, BlockedError, GitHub, GitHubError, SourceDownError
from assets.ingest.github.queries import COMMITS, FORKS
from assets.ingest.github.rows import COMMIT_ROWS, FORK_ROWS, PLACE, AnswerError, Page, commit_page, fork_page
from assets.ingest.github.verdicts import STALE_CURSOR
from assets.ingest.journal import Journal
from assets.places.actors import ActorKey

State = Mapping[str, Any]

FULL_EVERY: Final = timedelta(days=30)
SINCE: Final = date(2023, 1, 1)
"""First day of commits that are read; the model lines of the atlas begin here."""

NEW: Final[State] = {
    "access": "open",
    "complete": False,
    "full_on": None,
    "listed": None,
    "number": 0,
    "read_on": None,
    "reason": None,
    "sweep": None,
    "unreadable": 0,
    "watermark": "",
}
"""State of a listing that was never read."""

RESTRICTED: Final = "GitHub counts entries but shows none to this token"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list that a repository has.

    Attributes:
        name: ``forks`` or ``contributions``.
        query: Its query.
        schema: Columns of its rows.
        read: Turns an answer into a page.
    """

    name: str
    query: str
    schema: pl.Schema
    read: Callable[..., Page]


LISTINGS: Final = {
    "forks": Listing(name="forks", query=FORKS, schema=FORK_ROWS, read=fork_page),
    "contributions": Listing(name="contributions", query=COMMITS, schema=COMMIT_ROWS, read=commit_page),
}


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What reading needs beside the repository.

    Attributes:
        github: The connection.
        key: Key of the store.
        locate: ``assets.places.locate.locate``.
        today: Day of the run, UTC.
    """

    github: GitHub
    key: ActorKey
    locate: Callable[[pl.Series], pl.DataFrame]
    today: date


def _begun(name: str, state: State, today: date) -> dict[str, Any]:
    """Return a new sweep: a full one where there is nothing to stop at, or the last full one is old."""
    full_on = state["full_on"]
    old = full_on is None or (name == "forks" and today - date.fromisoformat(full_on) >= FULL_EVERY)
    full = old or not state["watermark"]
    since = SINCE.isoformat() if full else state["watermark"][:7] + "-01"
    number = max(state["number"], (state["sweep"] or {}).get("number", 0)) + 1
    return {
        "begun": today.isoformat(),
        "cursor": None,
        "full": full,
        "high": "",
        "low": "" if full and name == "forks" else state["watermark"] if name == "forks" else since,
        "number": number,
        "unreadable": 0,
    }


def opened(name: str, state: State, today: date) -> dict[str, Any]:
    """Return the state with a sweep: the one that is under way today, or a new one."""
    sweep = state["sweep"]
    if sweep and sweep["begun"] == today.isoformat():
        return dict(state)
    return {**state, "sweep": _begun(name, state, today)}


def after_page(name: str, state: State, page: Page, today: date) -> tuple[dict[str, Any], bool]:
    """Return the state after a page of its sweep, and whether the sweep is over."""
    sweep = state["sweep"]
    first = not sweep["high"] and sweep["cursor"] is None
    if first and page.listed > 0 and page.entries == 0:
        return {**state, "access": "restricted", "reason": RESTRICTED, "listed": page.listed, "sweep": None}, True
    sweep = {
        **sweep,
        "cursor": page.cursor,
        "high": max(sweep["high"], page.newest),
        "unreadable": sweep["unreadable"] + page.unreadable,
    }
    reached = name == "forks" and sweep["low"] and page.oldest and page.oldest < sweep["low"]
    if page.cursor and not reached:
        return {**state, "sweep": sweep}, False
    day = today.isoformat()
    return {
        **state,
        "access": "open",
        "complete": True,
        "full_on": day if sweep["full"] else state["full_on"],
        "listed": page.listed if name == "forks" or sweep["full"] else state["listed"],
        "number": sweep["number"],
        "read_on": day,
        "reason": None,
        "sweep": None,
        # A delta meets hidden entries again that the full sweep has counted.
        "unreadable": sweep["unreadable"] if sweep["full"] else state["unreadable"],
        "watermark": max(state["watermark"], sweep["high"]),
    }, True


def rows_in_force(name: str, rows: pl.DataFrame, state: State) -> pl.DataFrame:
    """Return the rows that count in a state, each once, in an order that does not depend on interruptions."""
    if name == "forks":
        return rows.unique("fork", keep="last", maintain_order=True).sort("fork")
    number = state["number"] if state["complete"] else (state["sweep"] or {}).get("number", 0)
    kept = rows.filter(pl.col("sweep") <= number if state["complete"] else pl.col("sweep") == number)
    return _counted(kept)


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Add up commits of one account, month and clock, which may stand on several pages."""
    key = ["actor", "month", "utc_offset_minutes"]
    return (
        rows.group_by(key, maintain_order=True)
        .agg(pl.col("commits").sum(), pl.col("kind", *PLACE, "located_on", "sweep").last())
        .select(rows.columns)
        .sort(key)
    )


def settled(name: str, rows: pl.DataFrame, before: State, after: State) -> pl.DataFrame:
    """Return the rows after a sweep has ended: what it replaces is gone, what it found stands once.

    Args:
        name: The listing.
        rows: All rows of the journal, those of the sweep last.
        before: State with the sweep.
        after: State after it.
    """
    sweep, number = before["sweep"], after["number"]
    own = pl.col("sweep") == number
    if name == "forks":
        kept = rows.filter(own) if sweep["full"] else rows
    else:
        done = pl.col("sweep") <= before["number"]
        kept = rows.filter(own | (done & (pl.col("month") < date.fromisoformat(sweep["low"]))))
    return rows_in_force(name, kept, after)


def _obstacle(answer: Answer) -> tuple[str, str]:
    """Return why there is no repository or no list in an answer."""
    kinds = sorted({kind for kind, _ in answer.errors})
    where = sorted({".".join(str(step) for step in path if isinstance(step, str)) for _, path in answer.errors})
    access = {"NOT_FOUND": "not_found", "FORBIDDEN": "forbidden"}.get(kinds[0] if kinds else "", "unread")
    return access, f"GitHub says {', '.join(kinds) or 'nothing'} at {', '.join(where) or 'repository'}"


def _asked(listing: Listing, repository: str, sweep: State, reader: Reader) -> Answer:
    owner, _, name = repository.partition("/")
    variables = {"owner": owner, "name": name, "after": sweep["cursor"]}
    if listing.name == "contributions":
        variables["since"] = f"{sweep['low']}T00:00:00Z"
    return reader.github.page(listing.query, variables)


def read_listing(listing: Listing, repository: str, database_id: int, journal: Journal, reader: Reader) -> None:
    """Read what is new in a listing into its journal; a listing that was read today costs nothing.

    What stands in the way of this repository alone is noted in the state, and its rows stay.

    Args:
        listing: What to read.
        repository: Owner and name of today.
        database_id: GitHub's number of the repository; another one under this name is not read.
        journal: The listing's journal.
        reader: The connection and what rows need.

    Raises:
        SourceDownError: Nothing more can be had in this run. The journal holds every page that came.
    """
    if journal.state["read_on"] == reader.today.isoformat() and journal.state["sweep"] is None:
        return
    state: dict[str, Any] = opened(listing.name, journal.state, reader.today)
    over = restarted = False
    while not over:
        try:
            answer = _asked(listing, repository, state["sweep"], reader)
            page, obstacle = _read(listing, answer, database_id, state, reader)
        except SourceDownError:
            raise
        except BlockedError as error:
            page, obstacle = None, ("blocked", f"GitHub took it down: {error}")
        except (GitHubError, AnswerError) as error:
            page, obstacle = None, ("unread", str(error))
        if page is None:
            if obstacle[1] == STALE_CURSOR and not restarted:
                restarted = True
                state = {**state, "sweep": _begun(listing.name, state, reader.today)}
                continue
            _note(journal, listing, obstacle)
            return
        after, over = after_page(listing.name, state, page, reader.today)
        if over and after["access"] == "restricted":
            _note(journal, listing, (after["access"], after["reason"]))
        elif over:
            everything = pl.concat([journal.rows(), page.rows])
            journal.replace(settled(listing.name, everything, state, after), after)
        else:
            journal.add(page.rows, after)
        state = after


def _read(
    listing: Listing, answer: Answer, database_id: int, state: State, reader: Reader
) -> tuple[Page | None, tuple[str, str]]:
    """Return the page of an answer, or what stands in the way."""
    if any(kind == STALE_CURSOR for kind, _ in answer.errors):
        return None, ("unread", STALE_CURSOR)
    found = answer.data.get("repository")
    if found is None:
        return None, _obstacle(answer)
    if found.get("databaseId") != database_id:
        return None, ("unread", "another repository has this name now")
    if answer.errors and listing.name == "forks" and found.get("forks") is None:
        return None, _obstacle(answer)
    page = listing.read(found, key=reader.key, locate=reader.locate, day=reader.today, sweep=state["sweep"]["number"])
    return page, ("open", "")


def _note(journal: Journal, listing: Listing, obstacle: tuple[str, str]) -> None:
    """Keep what stands in the way in the state; rows stay as they are."""
    access, reason = obstacle
    noted = {**journal.state, "access": access, "reason": reason}
    if noted != journal.state:
        journal.add(pl.DataFrame(schema=listing.schema), noted)
