"""Stars: how many stars each tracked repository gained by the week; counts alone, the lists of people are closed.

Here: GitHub's one REST interface that the atlas asks, what is kept of it, table ``star_history``. Not here: today's
counts (`reads.py`), GraphQL (`client.py`).

A page has 30 weeks, newest first. Of each repository the first page is asked for under the entity tag of the last time,
which costs nothing where nothing changed; older pages are read until weeks come that are there already. A list without
weeks of a repository that has stars is *restricted*: nobody shows it, which is not the same as no stars.
"""

import io
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl
from upath import UPath

from assets.ingest.github.client import API_VERSION, TOKEN_VARIABLE
from assets.ingest.github.reads import SOURCE, Target
from assets.ingest.web.client import Client
from assets.ingest.web.errors import BrokenError, RefusedError
from assets.ingest.web.manners import Manners
from assets.schemas.tracked import StarHistory
from assets.whole_files import replace_file

URL_VARIABLE: Final = "ATLAS_GITHUB_REST_URL"
URL: Final = "https://api.github.com"
FOLDER: Final = "stars"
STATE_KEY: Final = "atlas.stars"
MOST_PAGES: Final = 100
NOT_MODIFIED: Final = 304
ROWS: Final = pl.Schema({"week": pl.Date(), "stars": pl.Int64()})


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """Weeks of a repository, the tag of its first page, and whether GitHub shows the history."""

    rows: pl.DataFrame
    etag: str = ""
    access: str = "unread"


def connected(environ: Mapping[str, str] = os.environ, sleep: Callable[[float], None] = time.sleep) -> Client:
    """Return a client of GitHub's REST interface; without a token GitHub answers 60 requests an hour.

    Args:
        environ: Environment: ``GITHUB_TOKEN``, and ``ATLAS_GITHUB_REST_URL`` for GitHub Enterprise.
        sleep: Waits for seconds.
    """
    token = environ.get(TOKEN_VARIABLE, "").strip()
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
    if token:
        headers["Authorization"] = f"bearer {token}"
    manners = Manners(attempts=4, patience=600, run_patience=3600)
    return Client("GitHub", manners=manners, headers=headers, secrets=[token] if token else (), sleep=sleep)


def address(environ: Mapping[str, str] = os.environ) -> str:
    """Return the address of GitHub's REST interface."""
    return (environ.get(URL_VARIABLE) or URL).rstrip("/")


def _file(folder: UPath, target: Target) -> UPath:
    return folder / FOLDER / f"{target.database_id}.parquet"


def _kept(folder: UPath, target: Target) -> _Kept:
    try:
        content = _file(folder, target).read_bytes()
        state = json.loads(pl.read_parquet_metadata(io.BytesIO(content))[STATE_KEY])
        rows = pl.read_parquet(content)
    except (FileNotFoundError, KeyError, ValueError, pl.exceptions.PolarsError):
        # A file that cannot be read is fetched anew: GitHub has the whole history.
        return _Kept(rows=pl.DataFrame(schema=ROWS))
    return _Kept(rows=rows, etag=state["etag"], access=state["access"])


def _keep(folder: UPath, target: Target, kept: _Kept) -> None:
    buffer = io.BytesIO()
    state = json.dumps({"etag": kept.etag, "access": kept.access}, sort_keys=True)
    kept.rows.sort("week").write_parquet(buffer, compression="zstd", metadata={STATE_KEY: state})
    replace_file(_file(folder, target), buffer.getvalue())


def _weeks(items: Any, source: str, url: str) -> pl.DataFrame:
    if not isinstance(items, list):
        raise BrokenError(source=source, url=url, said="the body is no history of stars", retry=False)
    try:
        rows = [
            {"week": datetime.fromtimestamp(item["week"], UTC).date(), "stars": int(item["total"])} for item in items
        ]
    except (TypeError, KeyError, ValueError, OSError, OverflowError):
        raise BrokenError(source=source, url=url, said="the body is no history of stars", retry=False) from None
    frame = pl.DataFrame(rows, schema=ROWS)
    if (frame["stars"] < 0).any():
        raise BrokenError(source=source, url=url, said="a week has fewer than no stars", retry=False)
    return frame


def _read(client: Client, base: str, target: Target, kept: _Kept) -> _Kept:
    """Return the history of a repository as it stands, from what is kept and the pages that are newer."""
    url = f"{base}/repos/{target.current_name}/stargazers/history"
    found, etag = pl.DataFrame(schema=ROWS), ""
    # The newest week that is kept may have been under way: it is read again.
    settled = kept.rows["week"].max()
    for page in range(1, MOST_PAGES + 1):
        headers = {"If-None-Match": kept.etag} if page == 1 and kept.etag else None
        reply = client.get(url, params={"page": str(page)}, headers=headers)
        if reply.status == NOT_MODIFIED:
            return kept
        etag = etag or reply.headers.get("etag", "")
        weeks = _weeks(reply.json(), reply.source, reply.url)
        found = pl.concat([found, weeks])
        oldest = weeks["week"].min()
        reached = isinstance(settled, date) and isinstance(oldest, date) and oldest < settled
        if reached or 'rel="next"' not in reply.headers.get("link", ""):
            break
    older = kept.rows.join(found, on="week", how="anti")
    rows = pl.concat([older, found]).unique("week", keep="last", maintain_order=True)
    return _Kept(rows=rows, etag=etag, access="open" if rows.height else "restricted")


def read_all(
    client: Client, base: str, folder: UPath, wanted: Sequence[Target], tell: Callable[[str], None]
) -> dict[str, int]:
    """Bring the histories of all repositories up to date, each by itself.

    Args:
        client: Connection.
        base: Address of the interface.
        folder: Folder of GitHub in the store.
        wanted: The repositories.
        tell: Takes a line of progress.

    Returns:
        Number of repositories by access: open, restricted, refused.

    Raises:
        FetchError: GitHub cannot be reached, or its limits are spent; what was read is kept.
    """
    seen = {"open": 0, "restricted": 0, "refused": 0}
    for position, target in enumerate(wanted, start=1):
        kept = _kept(folder, target)
        try:
            found = _read(client, base, target, kept)
        except RefusedError:
            # One that is gone or blocked says nothing of the others; its weeks stay.
            seen["refused"] += 1
            continue
        if found is not kept:
            _keep(folder, target, found)
        seen[found.access] += 1
        if position % 20 == 0 or position == len(wanted):
            tell(f"GitHub stars: {position} of {len(wanted)} repositories, {client.requests:,} requests.")
    return seen


def star_history(folder: UPath, wanted: Sequence[Target]) -> pl.DataFrame:
    """Return table ``star_history``: the weeks that are kept.

    Args:
        folder: Folder of GitHub in the store.
        wanted: The repositories.
    """
    parts = [_kept(folder, target).rows.with_columns(repository=pl.lit(target.repository)) for target in wanted]
    empty = StarHistory.create_empty()
    rows = pl.concat([pl.DataFrame(schema={**ROWS, "repository": pl.String}), *parts])
    return rows.with_columns(source_id=pl.lit(SOURCE)).select(empty.columns).sort("repository", "week")
