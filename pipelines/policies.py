"""Policies: how old tables and maps may get before the UI says so.

Here: deadlines by group, applied to all assets at one place. Not here: the age of the figures themselves, which
checks beside the assets judge: a table made today may hold last year's survey.
"""

from datetime import timedelta
from typing import Final

import dagster as dg

from pipelines.settings import Mode

WINDOWS: Final = {
    "live": (timedelta(hours=36), timedelta(hours=72)),
    "snapshot": (timedelta(days=31), timedelta(days=93)),
    "synthetic": (timedelta(days=31), timedelta(days=93)),
}
"""Age at which to warn and to fail: one and two missed daily refreshes, or months where a person starts the runs."""

GROUPS: Final = frozenset({"ingest", "publish"})
"""What comes in and what goes out; the layers between are made in the same run."""


def with_freshness(spec: dg.AssetSpec, mode: Mode) -> dg.AssetSpec:
    """Return the asset's specification with the deadline of its group."""
    if spec.group_name not in GROUPS:
        return spec
    warn, fail = WINDOWS[mode]
    return spec.replace_attributes(freshness_policy=dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn))
