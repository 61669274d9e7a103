"""Reads: all tracked repositories in one run, and the tables that their journals hold.

Here: counts, the loop over repositories, tables from journals, the report that says whether they are current. Not
here: one listing of one repository (`sweep.py`), the connection (`client.py`), assets (`assets.py`).

Everything lies below ``github/`` in the store of the run, by GitHub's number of the repository, so that a renamed one
stays itself. A repository that was deleted or taken down keeps its rows, and says so.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl
from upath import UPath

from assets.ingest.github.client import BlockedError, GitHub, SourceDownError
from assets.ingest.github.queries import COUNTS_A_QUERY, counts_query, counts_variables
from assets.ingest.github.rows import PLACE
from assets.ingest.github.sweep import LISTINGS, NEW, Reader, read_listing, rows_in_force
from assets.ingest.journal import Journal
from assets.schemas.ingest import Accounts, Contributions, Forks, RepositoryCounts, RepositoryReads

SOURCE: Final = "github"
FOLDER: Final = "github"
MOST_UNREAD: Final = 5
"""Repositories in a row that GitHub cannot answer for, after which the run stops asking."""

COUNT_ROWS: Final = pl.Schema(
    {
        "repository": pl.String(),
        "observed_on": pl.Date(),
        "database_id": pl.Int64(),
        "current_name": pl.String(),
        "access": pl.String(),
        "reason": pl.String(),
        "stars": pl.Int64(),
        "forks": pl.Int64(),
        "archived": pl.Boolean(),
    }
)
LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A repository to read.

    Attributes:
        repository: Owner and name, as tracked.
        current_name: Owner and name under which GitHub has it.
        database_id: GitHub's number.
        open: Whether GitHub showed it when it was counted last.
    """

    repository: str
    current_name: str
    database_id: int
    open: bool


def github_folder(store: UPath) -> UPath:
    """Return where a store keeps what was read of GitHub."""
    return store / FOLDER


def tracked_names(tracked: pl.DataFrame) -> list[str]:
    """Return the repositories to ask for: of a renamed one, the name of today."""
    return tracked.filter(pl.col("alias_of").is_null())["repository"].sort().to_list()


def _count_row(name: str, found: Any, errors: Sequence[str], today: date) -> dict[str, Any]:
    row: dict[str, Any] = {"repository": name, "observed_on": today}
    if isinstance(found, dict) and found.get("databaseId") is not None:
        return row | {
            "database_id": found["databaseId"],
            "current_name": found.get("nameWithOwner"),
            "access": "open",
            "stars": found.get("stargazerCount"),
            "forks": found.get("forkCount"),
            "archived": found.get("isArchived"),
        }
    kind = errors[0] if errors else ""
    access = {"NOT_FOUND": "not_found", "FORBIDDEN": "forbidden"}.get(kind, "unread")
    return row | {"access": access, "reason": f"GitHub says {kind or 'nothing'}"}


def _count(github: GitHub, names: Sequence[str], today: date) -> Iterator[dict[str, Any]]:
    """Yield the counts of some repositories; where one of them was taken down, they are asked for one by one."""
    try:
        answer = github.ask(counts_query(len(names)), counts_variables(names))
    except BlockedError as error:
        if len(names) > 1:
            for name in names:
                yield from _count(github, [name], today)
            return
        reason = f"GitHub took it down: {error}"
        yield {"repository": names[0], "observed_on": today, "access": "blocked", "reason": reason}
        return
    for number, name in enumerate(names):
        alias = f"r{number}"
        errors = [kind for kind, path in answer.errors if path[:1] == (alias,)]
        yield _count_row(name, answer.data.get(alias), errors, today)


def counts_journal(folder: UPath) -> Journal:
    """Return the journal of counts."""
    return Journal(folder / "counts", COUNT_ROWS, {"read_on": None})


def read_counts(github: GitHub, names: Sequence[str], folder: UPath, today: date) -> None:
    """Ask for the counts of all repositories, 50 a request, once a day.

    Raises:
        SourceDownError: Nothing can be had in this run.
        GitHubError: GitHub did not answer.
    """
    journal = counts_journal(folder)
    known = journal.rows()
    asked = set(known.filter(pl.col("observed_on") == today)["repository"])
    new = [name for name in names if name not in asked]
    rows = [
        row
        for start in range(0, len(new), COUNTS_A_QUERY)
        for row in _count(github, new[start : start + COUNTS_A_QUERY], today)
    ]
    if rows:
        fresh = pl.DataFrame(rows, schema=COUNT_ROWS)
        journal.replace(pl.concat([known, fresh]).sort("repository", "observed_on"), {"read_on": today.isoformat()})


def counts_table(folder: UPath) -> pl.DataFrame:
    """Return table ``repository_counts``: every day that was observed."""
    return counts_journal(folder).rows().with_columns(source_id=pl.lit(SOURCE)).select(RepositoryCounts.column_names())


def targets(counts: pl.DataFrame, tracked: pl.DataFrame) -> list[Target]:
    """Return the repositories that have a number, each number once, under their newest names."""
    wanted = counts.filter(pl.col("repository").is_in(tracked_names(tracked)))
    newest = wanted.sort("observed_on").group_by("repository").agg(open=pl.col("access").last() == "open")
    numbered = (
        wanted.drop_nulls("database_id")
        .sort("observed_on")
        .group_by("repository")
        .agg(pl.col("database_id", "current_name").last())
        .join(newest, on="repository")
        .sort("repository")
        .unique("database_id", keep="first", maintain_order=True)
    )
    return [
        Target(
            repository=row["repository"],
            current_name=row["current_name"] or row["repository"],
            database_id=row["database_id"],
            open=row["open"],
        )
        for row in numbered.iter_rows(named=True)
    ]


def listing_journal(folder: UPath, listing: str, target: Target) -> Journal:
    """Return the journal of one listing of a repository."""
    return Journal(folder / listing / str(target.database_id), LISTINGS[listing].schema, NEW)


def read_all(
    listing: str,
    wanted: Sequence[Target],
    folder: UPath,
    reader: Reader,
    tell: Callable[[str], None] = LOGGER.info,
) -> None:
    """Read one listing of all repositories that are open.

    Args:
        listing: ``forks`` or ``contributions``.
        wanted: The repositories.
        folder: Where the journals are.
        reader: The connection and what rows need.
        tell: Called with a sentence on the progress after each repository that was asked for, and after the last.

    Raises:
        SourceDownError: Nothing more can be had in this run; what was read is kept.
    """
    unread, asked = 0, -1
    open_ = [target for target in wanted if target.open]
    for position, target in enumerate(open_, start=1):
        journal = listing_journal(folder, listing, target)
        read_listing(LISTINGS[listing], target.current_name, target.database_id, journal, reader)
        unread = unread + 1 if journal.state["access"] == "unread" else 0
        spent = reader.github.spent
        if spent.requests != asked or position == len(open_):
            tell(
                f"GitHub {listing}: {position} of {len(open_)} repositories, {spent.requests:,} requests, "
                f"{spent.points:,} points, {spent.waited:,.0f} s of waiting."
            )
        asked = spent.requests
        if unread >= MOST_UNREAD:
            raise SourceDownError(
                f"GitHub could not answer for {unread} repositories in a row ({journal.state['reason']}); the next run "
                "goes on from here."
            )


def _journals(folder: UPath, listing: str, wanted: Sequence[Target]) -> Iterator[tuple[Target, Journal, pl.DataFrame]]:
    for target in wanted:
        journal = listing_journal(folder, listing, target)
        yield target, journal, rows_in_force(listing, journal.rows(), journal.state)


def _named(rows: pl.DataFrame, target: Target) -> pl.DataFrame:
    return rows.with_columns(
        repository=pl.lit(target.repository),
        database_id=pl.lit(target.database_id, pl.Int64),
        source_id=pl.lit(SOURCE),
    )


def forks_table(folder: UPath, wanted: Sequence[Target]) -> pl.DataFrame:
    """Return table ``forks``."""
    parts = [
        _named(rows, target).rename({"kind": "owner_kind"}) for target, _, rows in _journals(folder, "forks", wanted)
    ]
    if not parts:
        return Forks.create_empty()
    return pl.concat(part.select(Forks.column_names()) for part in parts).unique("fork", keep="first").sort("fork")


def contributions_table(folder: UPath, wanted: Sequence[Target]) -> pl.DataFrame:
    """Return table ``contributions``."""
    parts = [_named(rows, target) for target, _, rows in _journals(folder, "contributions", wanted)]
    if not parts:
        return Contributions.create_empty()
    key = ["repository", "actor", "month"]
    told = pl.col("utc_offset_minutes").is_not_null()
    return (
        pl.concat(parts)
        .sort(*key, "utc_offset_minutes")
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("database_id", "source_id").first(),
            pl.col("kind").last().alias("actor_kind"),
            pl.col("commits").filter(~told).sum().alias("web_commits"),
            pl.struct("utc_offset_minutes", "commits").filter(told).alias("offsets"),
            pl.col("commits").sum(),
        )
        .select(Contributions.column_names())
    )


def accounts_table(folder: UPath, wanted: Sequence[Target]) -> pl.DataFrame:
    """Return table ``accounts``: each account once, as it was read last."""
    columns = ["actor", "kind", *PLACE, "located_on"]
    parts = [
        rows.select(columns).drop_nulls("actor")
        for listing in LISTINGS
        for _, _, rows in _journals(folder, listing, wanted)
    ]
    if not parts:
        return Accounts.create_empty()
    return (
        pl.concat(parts)
        .sort("actor", "located_on", "reason", "confidence")
        .unique("actor", keep="last", maintain_order=True)
        .with_columns(source_id=pl.lit(SOURCE))
        .select(Accounts.column_names())
    )


def reads_table(folder: UPath, wanted: Sequence[Target]) -> pl.DataFrame:
    """Return table ``repository_reads``."""
    rows = [
        {
            "repository": target.repository,
            "listing": listing,
            "database_id": target.database_id,
            "access": journal.state["access"],
            "complete": journal.state["complete"],
            "read_on": date.fromisoformat(journal.state["read_on"]) if journal.state["read_on"] else None,
            "listed": journal.state["listed"],
            "kept": kept.height,
            "unreadable": journal.state["unreadable"],
            "reason": journal.state["reason"],
            "source_id": SOURCE,
        }
        for listing in LISTINGS
        for target, journal, kept in _journals(folder, listing, wanted)
    ]
    return pl.DataFrame(rows, schema=RepositoryReads.create_empty().schema)
