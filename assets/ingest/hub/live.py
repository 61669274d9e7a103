"""Live tables of the Hub: the embedded snapshot with the newest good observation beside it.

Here: putting store, settings, registry and snapshot together for the assets. Not here: observing (`refresh.py`), the
rules of the tables (`tables.py`), Dagster.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
from upath import UPath

from assets.ingest import snapshot
from assets.ingest.hub import tables
from assets.ingest.hub.refresh import kept_counters, observation, refresh
from assets.ingest.hub.settings import HubError, HubSettings
from assets.ingest.standing import Standing, note, standing_of
from assets.origins.registry import load_publishers
from assets.places.actors import ActorKeyError, load_key


def _settings() -> HubSettings:
    """Return the settings, or those of a run without any where one of them cannot be used."""
    try:
        return HubSettings.load()
    except HubError:
        return HubSettings.model_construct()


def _source() -> str:
    return _settings().source_id


def observe(root: UPath, *, tell: Callable[[str], None]) -> Standing:
    """Ask the Hub for today's observation, and note how the source stands.

    Args:
        root: Root of the store.
        tell: Told of progress.

    Returns:
        The standing; stale with the reason where there is no new observation.
    """
    try:
        settings = HubSettings.load()
        hashed = load_key(root).hashed
    except (HubError, ActorKeyError) as error:
        standing = replace(standing_of(root, _source()), fresh=False, reason=str(error))
        note(root, standing)
        return standing
    registry = load_publishers().filter(pl.col("platform") == tables.PLATFORM)
    return refresh(
        root,
        settings,
        today=datetime.now(UTC).date(),
        known=registry["account"].unique().to_list(),
        hashed=hashed,
        tell=tell,
    )


def standing(root: UPath) -> Standing:
    """Return how the Hub stands in a store, in the scope of the settings."""
    return standing_of(root, _source())


def models(root: UPath) -> pl.DataFrame:
    """Return table ``models``: the snapshot's rows and, once there is one, the newest observation's."""
    kept, source = snapshot.read("models"), _source()
    newest = observation(root, source)
    if newest is None:
        return kept
    live = tables.models(newest.rows, day=newest.day, source_id=source)
    return pl.concat([kept, live.select(kept.columns).cast(kept.schema)])


def model_parents(root: UPath) -> pl.DataFrame:
    """Return table ``model_parents``: lineage that the newest observation declares, the snapshot's for other models."""
    kept, source = snapshot.read("model_parents"), _source()
    newest = observation(root, source)
    if newest is None:
        return kept
    live = tables.model_parents(newest.rows, source_id=source)
    return tables.newest_edges(kept, live.cast(kept.schema))


def model_download_totals(root: UPath) -> pl.DataFrame:
    """Return table ``model_download_totals``: the snapshot's crawls and the counters kept of every month."""
    kept, source = snapshot.read("model_download_totals"), _source()
    live = tables.model_download_totals(kept_counters(root, source), source_id=source)
    return pl.concat([kept, live.select(kept.columns).cast(kept.schema)])
