"""Policies: how old tables and maps may get before the UI says so, and what is made when something changed.

Here: deadlines by source and the conditions of what follows, applied to all assets at one place. Not here: the age of
the figures themselves, which checks beside the assets judge: a table made today may hold last year's survey.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import dagster as dg

from assets.declare import SOURCE_TAG
from assets.partitions import PARTITIONS_TAG, REPOSITORY_LISTINGS
from pipelines.settings import Mode

DEADLINES: Final[Mapping[str, tuple[timedelta, timedelta]]] = {
    "hub": (timedelta(hours=36), timedelta(hours=72)),
    "github": (timedelta(days=9), timedelta(days=15)),
    "package_index": (timedelta(days=24), timedelta(days=40)),
    "reference": (timedelta(days=9), timedelta(days=32)),
    "release": (timedelta(days=9), timedelta(days=32)),
    "donated_logs": (timedelta(days=9), timedelta(days=32)),
}
"""Age by source at which to warn and to fail in live mode: about one and two missed runs of its schedule."""

SITE: Final = (timedelta(hours=36), timedelta(hours=72))
"""Age at which what is published is late: it follows the hubs, which are read daily."""

BY_HAND: Final = (timedelta(days=31), timedelta(days=93))
"""Age where a person starts the runs."""

WINDOWS: Final[Mapping[Mode, tuple[timedelta, timedelta]]] = {"live": SITE, "snapshot": BY_HAND, "synthetic": BY_HAND}
"""Deadlines of what no single source decides, by mode."""

GROUPS: Final = frozenset({"ingest", "publish"})
"""What comes in and what goes out; the layers between are made in the same run."""

FOLLOWS: Final = (dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()).with_label(
    "after what it rests on"
)
MADE_ONCE: Final = dg.AutomationCondition.on_missing().with_label("where it is missing")


def deadline(spec: dg.AssetSpec, mode: Mode) -> tuple[timedelta, timedelta] | None:
    """Return the ages at which an asset is warned about and late, or None for one that has no deadline."""
    if spec.group_name not in GROUPS:
        return None
    if mode != "live":
        return BY_HAND
    return DEADLINES[spec.tags[SOURCE_TAG]] if SOURCE_TAG in spec.tags else SITE


def with_freshness(spec: dg.AssetSpec, mode: Mode) -> dg.AssetSpec:
    """Return the asset's specification with its deadline."""
    ages = deadline(spec, mode)
    if ages is None:
        return spec
    warn, fail = ages
    return spec.replace_attributes(freshness_policy=dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn))


def with_automation(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Return the asset's specification with the condition on which it is made by itself.

    What asks a source is made by its schedule, and the parts of single repositories by people and a sensor. Everything
    else follows what it rests on, as long as no blocking check stands in the way; of tables in parts, the newest part.
    """
    in_parts = PARTITIONS_TAG in spec.tags
    if spec.key == REPOSITORY_LISTINGS or (SOURCE_TAG in spec.tags and not (in_parts and spec.deps)):
        return spec
    return spec.replace_attributes(automation_condition=FOLLOWS if list(spec.deps) else MADE_ONCE)
