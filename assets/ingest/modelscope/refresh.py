"""Refresh: one observation of ModelScope's counters a day, resumable by the page, and what of it lasts.

Here: which pages to ask for, taking an observation over, doubting it. Not here: a page (`listing.py`).

In a store, ``modelscope/<day>/<account>/`` holds the pages of a crawl under way, and
``modelscope/counters/<month>.parquet`` the counters of the month's last whole observation. A crawl that is killed goes
on with the next page.
"""

import io
from collections.abc import Callable, Collection
from datetime import date
from time import monotonic
from typing import Any, Final

import polars as pl
from upath import UPath

from assets.ingest.journal import Journal
from assets.ingest.modelscope.listing import MOST_LISTED, PAGE_SIZE, ROWS, ModelScopeSettings, page
from assets.ingest.standing import Standing, note, standing_of
from assets.ingest.web.client import Client
from assets.ingest.web.errors import BrokenError, FetchError
from assets.whole_files import remove_folder, replace_file

SOURCE_ID: Final = "modelscope_api"
PLATFORM: Final = "modelscope"
FOLDER: Final = "modelscope"
DAY_KEY: Final = "atlas.observed_on"
LEAST_OF_LAST: Final = 0.95
"""An observation with fewer models than this part of the last one is not believed."""

TOLD_EVERY: Final = 5.0
NEW: Final[dict[str, Any]] = {"page": 0, "done": False, "total": 0}
"""State of an account's listing before its first page."""


def folder(store: UPath) -> UPath:
    """Return the folder of a store that holds what was read of ModelScope."""
    return store / FOLDER


def refresh(
    client: Client,
    settings: ModelScopeSettings,
    store: UPath,
    *,
    accounts: Collection[str],
    today: date,
    tell: Callable[[str], None],
) -> Standing:
    """Bring the counters of a store up to the day, and note how the source stands.

    Where ModelScope cannot be read or its answer is not believed, the counters of the last good day stay in force.

    Args:
        client: Connection.
        settings: Address and patience.
        store: Root of the store.
        accounts: Accounts to list.
        today: Day of the run, UTC.
        tell: Told of progress.

    Returns:
        The standing that was noted.
    """
    last = standing_of(store, SOURCE_ID)
    if last.fresh and last.day == today:
        tell(f"ModelScope was read today already: {last.rows:,} models.")
        return last
    try:
        listed, cut = _crawl(client, settings, folder(store) / today.isoformat(), accounts, tell)
    except FetchError as error:
        return _stale(store, last, str(error))
    if listed.height < LEAST_OF_LAST * last.rows:
        remove_folder(folder(store) / today.isoformat())
        return _stale(store, last, f"It listed {listed.height:,} models, {last.rows:,} on {last.observed_on}.")
    buffer = io.BytesIO()
    listed.write_parquet(buffer, compression="zstd", metadata={DAY_KEY: today.isoformat()})
    replace_file(folder(store) / "counters" / f"{today:%Y-%m}.parquet", buffer.getvalue())
    standing = Standing(source_id=SOURCE_ID, fresh=True, observed_on=today.isoformat(), rows=listed.height)
    note(store, standing)
    for old in folder(store).iterdir():
        if old.name != "counters" and old.is_dir():
            remove_folder(old)
    if cut:
        tell(f"ModelScope: {cut:,} models lie beyond the {MOST_LISTED:,} of an account that can be listed.")
    return standing


def _stale(store: UPath, last: Standing, reason: str) -> Standing:
    standing = Standing(source_id=SOURCE_ID, fresh=False, observed_on=last.observed_on, rows=last.rows, reason=reason)
    note(store, standing)
    return standing


def _crawl(
    client: Client,
    settings: ModelScopeSettings,
    place: UPath,
    accounts: Collection[str],
    tell: Callable[[str], None],
) -> tuple[pl.DataFrame, int]:
    """Return the rows of all accounts, each model once, and the number of models that cannot be listed."""
    parts, cut, began, told = [], 0, monotonic(), 0.0
    for position, account in enumerate(sorted(accounts), start=1):
        journal = Journal(place / account, ROWS, NEW)
        while not journal.state["done"]:
            number = journal.state["page"] + 1
            found = page(client, settings, account, number)
            listed = number * PAGE_SIZE
            at_end = found.rows.is_empty() or listed >= found.total
            done = at_end or listed >= MOST_LISTED
            journal.add(found.rows, {"page": number, "done": done, "total": found.total})
        own, expected = journal.rows(), min(journal.state["total"], MOST_LISTED)
        if own.height < LEAST_OF_LAST * expected:
            remove_folder(place)
            said = f"{own.height:,} models of {account} came, and it says that there are {expected:,}"
            raise BrokenError(source=client.source, url=settings.url, said=said, retry=False)
        cut += max(0, journal.state["total"] - MOST_LISTED)
        parts.append(own)
        if monotonic() - told > TOLD_EVERY or position == len(accounts):
            told = monotonic()
            left = (told - began) / position * (len(accounts) - position)
            rows = sum(part.height for part in parts)
            tell(f"ModelScope: {position} of {len(accounts)} accounts, {rows:,} models, about {left:,.0f} s left.")
    # A model that moved between pages while they were read comes twice; its last counter counts.
    listed = pl.concat([pl.DataFrame(schema=ROWS), *parts])
    return listed.unique("model_id", keep="last", maintain_order=True).sort("model_id"), cut


def model_download_totals(store: UPath) -> pl.DataFrame:
    """Return the rows of table ``model_download_totals``: the counters of every month's last observation.

    Args:
        store: Root of the store.
    """
    kept = folder(store) / "counters"
    files = sorted(kept.glob("*.parquet"), key=lambda path: path.name) if kept.exists() else []
    months = []
    for path in files:
        content = path.read_bytes()
        day = date.fromisoformat(pl.read_parquet_metadata(io.BytesIO(content))[DAY_KEY])
        months.append(pl.read_parquet(content).with_columns(observed_on=pl.lit(day)))
    empty = pl.DataFrame(schema={**ROWS, "observed_on": pl.Date})
    return pl.concat([empty, *months]).with_columns(
        platform=pl.lit(PLATFORM), definition=pl.lit("all_time"), source_id=pl.lit(SOURCE_ID)
    )
