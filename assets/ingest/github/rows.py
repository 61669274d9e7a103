"""Rows: from GitHub's answers to rows without personal data.

Here: pure functions on one page of an answer; hashing of numbers, telling bots from people, the clock of a commit,
resolving location texts in memory. Not here: asking (`client.py`), paging (`sweep.py`).

What comes in names people; what goes out holds keyed hashes and places only. Logins and location texts end here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from assets.places.actors import ActorKey, actor_ids

Json = Mapping[str, Any]
Locate = Callable[[pl.Series], pl.DataFrame]

BOT: Final = re.compile(
    r"\[bot\]$|[-_]bot$|^bot[-_]|^(dependabot|renovate|github-actions|pre-commit-ci)\b", re.IGNORECASE
)
GHOST: Final = "ghost"
"""Login that GitHub shows in the place of deleted accounts."""

OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})$")
LEAST_OFFSET: Final = -12 * 60
MOST_OFFSET: Final = 14 * 60

_CANDIDATES: Final = pl.List(pl.Struct({"country": pl.String, "weight": pl.Float64}))
PLACE: Final = {
    "country": pl.String(),
    "admin1": pl.String(),
    "city_geonameid": pl.Int64(),
    "metro": pl.String(),
    "level": pl.String(),
    "confidence": pl.Float64(),
    "reason": pl.String(),
    "candidates": _CANDIDATES,
}
FORK_ROWS: Final = pl.Schema(
    {
        "fork": pl.String(),
        "actor": pl.String(),
        "kind": pl.String(),
        "created_on": pl.Date(),
        **PLACE,
        "located_on": pl.Date(),
        "sweep": pl.Int64(),
    }
)
COMMIT_ROWS: Final = pl.Schema(
    {
        "actor": pl.String(),
        "kind": pl.String(),
        "month": pl.Date(),
        "utc_offset_minutes": pl.Int64(),
        "commits": pl.Int64(),
        **PLACE,
        "located_on": pl.Date(),
        "sweep": pl.Int64(),
    }
)
"""An offset of null stands for commits made on github.com, or with a clock that cannot be."""


class AnswerError(ValueError):
    """An answer of GitHub lacks what was asked for; the message names the path, never a value."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a listing.

    Attributes:
        rows: What is kept of it.
        listed: Entries that GitHub counts in the whole listing.
        entries: Entries on this page, unreadable ones too.
        unreadable: Entries that GitHub hides, or that no account is known for.
        newest: Latest moment on the page, ISO 8601 in UTC; empty where there is none.
        oldest: Earliest moment on the page.
        cursor: Where the next page begins; null at the end.
    """

    rows: pl.DataFrame
    listed: int
    entries: int
    unreadable: int
    newest: str
    oldest: str
    cursor: str | None


def kind_of(account: Json) -> str:
    """Return ``person``, ``organisation`` or ``bot``."""
    if account.get("__typename") == "Organization":
        return "organisation"
    return "bot" if account.get("__typename") == "Bot" or BOT.search(account.get("login") or "") else "person"


def offset_minutes(moment: str | None) -> int | None:
    """Return the UTC offset that a Git time stamp carries, in minutes; null where it has none that a clock can have."""
    if not moment:
        return None
    if moment.endswith("Z"):
        return 0
    match = OFFSET.search(moment)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    total = (1 if sign == "+" else -1) * (60 * int(hours) + int(minutes))
    return total if LEAST_OFFSET <= total <= MOST_OFFSET else None


def _known(account: Json | None) -> Json | None:
    """Return the account, or nothing where GitHub hides it."""
    if not account or account.get("databaseId") is None or account.get("login") == GHOST:
        return None
    return account


def _places(accounts: Sequence[Json | None], locate: Locate) -> pl.DataFrame:
    texts = pl.Series([(account or {}).get("location") for account in accounts], dtype=pl.String)
    return locate(texts).select(*PLACE).cast(pl.Schema(PLACE))


def _actors(accounts: Sequence[Json | None], key: ActorKey) -> pl.Series:
    numbers = pl.Series([(account or {}).get("databaseId") for account in accounts], dtype=pl.Int64)
    return actor_ids(numbers, key).rename("actor")


def _nodes(connection: Json, where: str) -> list[Any]:
    nodes, info, total = (connection.get(name) for name in ("nodes", "pageInfo", "totalCount"))
    if not isinstance(nodes, list) or not isinstance(info, Mapping) or not isinstance(total, int):
        raise AnswerError(f"GitHub's answer lacks nodes, pageInfo or totalCount at {where}; the next run asks again")
    return nodes


def _page(rows: pl.DataFrame, connection: Json, nodes: Sequence[Any], readable: int, moments: Sequence[str]) -> Page:
    info = connection["pageInfo"]
    return Page(
        rows=rows,
        listed=connection["totalCount"],
        entries=len(nodes),
        unreadable=len(nodes) - readable,
        newest=max(moments, default=""),
        oldest=min(moments, default=""),
        cursor=info["endCursor"] if info.get("hasNextPage") else None,
    )


def fork_page(repository: Json, *, key: ActorKey, locate: Locate, day: date, sweep: int) -> Page:
    """Return a page of forks: ``FORK_ROWS``.

    A fork whose owner is hidden keeps its row, without an actor. A fork that is hidden itself is only counted.

    Args:
        repository: ``data.repository`` of an answer to ``queries.FORKS``.
        key: The key of the store.
        locate: ``assets.places.locate.locate``.
        day: Today.
        sweep: Number of the reading that the page belongs to.

    Raises:
        AnswerError: The answer lacks the list.
    """
    connection = repository.get("forks") or {}
    nodes = _nodes(connection, "repository.forks")
    forks = [node for node in nodes if node and node.get("databaseId") is not None and node.get("createdAt")]
    owners = [_known(node.get("owner")) for node in forks]
    rows = pl.DataFrame(
        {
            "fork": [key.hashed(f"github-fork:{node['databaseId']}") for node in forks],
            "actor": _actors(owners, key),
            "kind": [kind_of(owner) if owner else None for owner in owners],
            "created_on": [date.fromisoformat(node["createdAt"][:10]) for node in forks],
        },
        schema_overrides={name: FORK_ROWS[name] for name in ("fork", "actor", "kind", "created_on")},
    )
    rows = pl.concat([rows, _places(owners, locate)], how="horizontal").with_columns(
        located_on=pl.lit(day), sweep=pl.lit(sweep, pl.Int64)
    )
    readable = sum(owner is not None for owner in owners)
    return _page(rows.select(FORK_ROWS.names()), connection, nodes, readable, [node["createdAt"] for node in forks])


def commit_page(repository: Json, *, key: ActorKey, locate: Locate, day: date, sweep: int) -> Page:
    """Return a page of commits, counted by account, month and clock: ``COMMIT_ROWS``.

    Arguments and errors as of ``fork_page``, for ``queries.COMMITS``. An empty repository has an empty page.
    """
    branch = repository.get("defaultBranchRef")
    if branch is None:
        return Page(
            rows=pl.DataFrame(schema=COMMIT_ROWS), listed=0, entries=0, unreadable=0, newest="", oldest="", cursor=None
        )
    connection = (branch.get("target") or {}).get("history") or {}
    nodes = _nodes(connection, "repository.defaultBranchRef.target.history")
    commits = [node for node in nodes if node and node.get("committedDate")]
    authors = [node.get("author") or {} for node in commits]
    kept = [
        (node, author, account)
        for node, author in zip(commits, authors, strict=True)
        if (account := _known(author.get("user"))) is not None
    ]
    accounts = [account for _, _, account in kept]
    rows = pl.DataFrame(
        {
            "actor": _actors(accounts, key),
            "kind": [kind_of(account) for account in accounts],
            "month": [date.fromisoformat(node["committedDate"][:7] + "-01") for node, _, _ in kept],
            "utc_offset_minutes": [
                None if node.get("committedViaWeb") else offset_minutes(author.get("date")) for node, author, _ in kept
            ],
        },
        schema_overrides={name: COMMIT_ROWS[name] for name in ("actor", "kind", "month", "utc_offset_minutes")},
    )
    places = _places(accounts, locate)
    counted = (
        pl.concat([rows, places], how="horizontal")
        .group_by("actor", "month", "utc_offset_minutes", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("commits"), pl.col("kind", *PLACE).first())
        .with_columns(located_on=pl.lit(day), sweep=pl.lit(sweep, pl.Int64))
    )
    moments = [node["committedDate"] for node in commits]
    return _page(counted.select(COMMIT_ROWS.names()), connection, nodes, len(kept), moments)
