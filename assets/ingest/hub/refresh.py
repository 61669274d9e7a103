"""Refresh: one observation a day, and what of it lasts.

Here: taking a crawl over, doubting it, keeping the last good observation and the counters of each month. Not here: the
crawl itself (`crawl.py`), the rules (`tables.py`).

In a store, ``hub/<source>/`` holds ``crawl/`` (pages on the way), ``observation.parquet`` (the newest that was
believed) and ``counters/<month>.parquet`` (the all-time counters of the month's last observation). Every file is
replaced as a whole; a run that is killed between two of them does the rest the next time.
"""

import io
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl
from upath import UPath

from assets.ingest.alone import BusyError, alone
from assets.ingest.hub import pages, tables
from assets.ingest.hub.settings import HubError, HubSettings
from assets.ingest.standing import Standing, note, standing_of
from assets.whole_files import replace_file

if TYPE_CHECKING:
    from assets.ingest.hub import published

FOLDER: Final = "hub"
OBSERVATION: Final = "observation.parquet"
DAY_KEY: Final = "atlas.observed_on"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The Hub as it was seen on a day: rows as in ``pages.ROWS``, each model once."""

    day: date
    rows: pl.DataFrame


def _content(frame: pl.DataFrame, day: date) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", metadata={DAY_KEY: day.isoformat()})
    return buffer.getvalue()


def _read(path: UPath) -> Observation:
    try:
        content = path.read_bytes()
        day = date.fromisoformat(pl.read_parquet_metadata(io.BytesIO(content))[DAY_KEY])
        return Observation(day=day, rows=pl.read_parquet(content))
    except (pl.exceptions.PolarsError, KeyError, ValueError) as error:
        raise HubError(f"{path}: the file is damaged; remove it and run the build again.") from error


def observation(root: UPath, source_id: str) -> Observation | None:
    """Return the newest observation of a store that was believed, or None before the first.

    Raises:
        HubError: The file is damaged.
    """
    path = root / FOLDER / source_id / OBSERVATION
    return _read(path) if path.exists() else None


def kept_counters(root: UPath, source_id: str) -> pl.DataFrame:
    """Return the all-time counters of every month's last observation, with ``observed_on``.

    Raises:
        HubError: A file is damaged.
    """
    folder = root / FOLDER / source_id / "counters"
    found = sorted(folder.glob("*.parquet"), key=lambda path: path.name) if folder.exists() else []
    months = [_read(path) for path in found if not path.name.startswith(".")]
    empty = pl.DataFrame(schema={name: pages.ROWS[name] for name in tables.COUNTERS} | {"observed_on": pl.Date})
    return pl.concat([empty, *(month.rows.with_columns(observed_on=pl.lit(month.day)) for month in months)])


def refresh(
    root: UPath,
    settings: HubSettings,
    *,
    today: date,
    known: Collection[str],
    hashed: Callable[[str], str],
    tell: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Standing:
    """Bring a store's observation of the Hub up to the day, and note how the source stands.

    Nothing is asked where the day has been observed already. Where the Hub cannot be read or its answer is not
    believed, the last good observation stays in force and the standing says why it is stale.

    Args:
        root: Root of the store.
        settings: What to read and how.
        today: Day of the run (UTC).
        known: Accounts of the registry.
        hashed: Keyed hash for pseudonyms.
        tell: Told of progress.
        sleep: How to wait.

    Returns:
        The standing that was noted.

    Raises:
        OSError: The store cannot be read or written.
    """
    source = settings.source_id
    try:
        with alone(root / FOLDER / source, "the Hub"):
            last = observation(root, source)
            if last is None or last.day < today:
                return _renewed(root, settings, last, today=today, known=known, hashed=hashed, tell=tell, sleep=sleep)
    except (HubError, BusyError) as error:
        old = standing_of(root, source)
        standing = Standing(
            source_id=source, fresh=False, observed_on=old.observed_on, reason=str(error), rows=old.rows
        )
        note(root, standing)
        return standing
    tell(f"The Hub was read on {last.day} already: {last.rows.height:,} models.")
    standing = standing_of(root, source)
    if not standing.fresh:
        # Noted by a run that found this one at work.
        standing = Standing(source_id=source, fresh=True, observed_on=last.day.isoformat(), rows=last.rows.height)
        note(root, standing)
    return standing


def _renewed(
    root: UPath,
    settings: HubSettings,
    last: Observation | None,
    *,
    today: date,
    known: Collection[str],
    hashed: Callable[[str], str],
    tell: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Standing:
    from assets.ingest.hub.crawl import Crawl, Plan, forget
    from assets.ingest.hub.requests import HubRequests

    folder = root / FOLDER / settings.source_id
    crawl = Crawl(
        folder / "crawl",
        Plan.of(settings, list(known), today),
        tell=tell,
        expected=last.rows.height if last else 0,
        taken=last.day if last else date.min,
    )
    name = pages.pseudonyms(known, hashed)
    day, trouble = crawl.plan.day, ""
    try:
        with HubRequests(settings, tell=tell, sleep=sleep) as hub:
            listed = crawl.run(hub, partial(pages.rows, name=name))
    except HubError as error:
        if not (settings.scope == "whole" and settings.published):
            raise
        after = last.day if last else date.min
        found = _published(settings, error, after=after, until=today, name=name, tell=tell)
        listed, day, trouble = found.rows, found.day, f"{error} In its place stands {found.place}."
    before = last.rows if last else None
    if doubt := tables.doubts(before, listed, days=(day - last.day).days if last else 0):
        forget(folder / "crawl")
        raise HubError(f"{trouble} {doubt}".strip())
    fell = tables.corrections(before, listed)
    standing = Standing(
        source_id=settings.source_id,
        fresh=not trouble,
        observed_on=day.isoformat(),
        reason=trouble,
        rows=listed.height,
        corrections=fell.height,
        corrected=int(fell["correction"].sum()),
    )
    replace_file(folder / "corrections" / f"{day}.parquet", _content(fell, day))
    replace_file(folder / "counters" / f"{day:%Y-%m}.parquet", _content(tables.counters(listed), day))
    # The standing goes before the observation: after this, the day counts as observed.
    note(root, standing)
    replace_file(folder / OBSERVATION, _content(listed, day))
    if not trouble:
        # A crawl that could not be finished is gone on with by the next run.
        forget(folder / "crawl")
        tell(f"The Hub was read: {listed.height:,} models; {hub.sent:,} requests in this run.")
    return standing


def _published(
    settings: HubSettings,
    error: HubError,
    *,
    after: date,
    until: date,
    name: Callable[[str], str],
    tell: Callable[[str], None],
) -> "published.Published":
    """Return the newest published snapshot, or raise with what was wrong first and why that did not help."""
    from assets.ingest.hub import published
    from assets.ingest.hub.requests import HubRequests

    tell(f"{error} Looking for a published snapshot.")
    patient = published.patient(settings)
    try:
        with HubRequests(patient, tell=tell, capped=True):
            return published.newest(patient, after=after, until=until, name=name, tell=tell)
    except HubError as second:
        raise HubError(f"{error} {second}") from None
