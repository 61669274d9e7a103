"""Assembly: the one place where assets, resources, jobs and schedules become Dagster definitions.

Here: which modules hold assets and which resources they get. The UI, the command line and the tests all call
`build_defs`. Not here: the assets (`assets/*/assets.py`), or anything that runs them.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import dagster as dg

from assets.run import Run
from pipelines.jobs import SOURCE_JOBS, read_repositories, refresh_atlas
from pipelines.policies import with_automation, with_freshness
from pipelines.retention import prune_history
from pipelines.schedules import schedules
from pipelines.sensors import follow_changes, new_repositories, tell_failures
from pipelines.settings import Settings
from pipelines.storage import TableIOManager

LAYERS: Final = (
    "assets.ingest.assets",
    "assets.ingest.github.assets",
    "assets.places.assets",
    "assets.origins.assets",
    "assets.adoption.assets",
    "assets.adoption.series_assets",
    "assets.adoption.exhibit_assets",
    "assets.publish.assets",
    "assets.archive.assets",
)
"""Modules of assets, in the order the data flow."""


def resources(settings: Settings) -> dict[str, Any]:
    """Return the resources of a run by key."""
    return {
        "run": Run(mode=settings.mode, store=settings.store, output=str(settings.output), logs=settings.logs),
        "tables": TableIOManager(store=settings.store, mode=settings.mode),
    }


def build_defs(
    *,
    settings: Settings | None = None,
    modules: Sequence[ModuleType] | None = None,
    resource_overrides: Mapping[str, Any] | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Return the definitions of the atlas.

    Args:
        settings: Mode and places; from the environment by default.
        modules: Modules of assets; those of all layers by default.
        resource_overrides: Resources that replace or join the usual ones, by key.
        loggers: Loggers that a run may ask for, by key.
    """
    settings = settings or Settings.load()
    loaded = modules or [import_module(name) for name in LAYERS]
    assets = dg.map_asset_specs(
        lambda spec: with_automation(with_freshness(spec, settings.mode)),
        [value for module in loaded for value in vars(module).values() if isinstance(value, dg.AssetsDefinition)],
    )
    return dg.Definitions(
        assets=assets,
        resources=resources(settings) | dict(resource_overrides or {}),
        jobs=[refresh_atlas, *SOURCE_JOBS, read_repositories, prune_history],
        schedules=schedules(settings.mode),
        sensors=[follow_changes(settings.mode), new_repositories(settings.mode), tell_failures(settings.mode)],
        loggers=loggers,
        # One process: a step costs 0.1 s instead of 4.5 s, and polars uses all cores by itself.
        executor=dg.in_process_executor,
    )
