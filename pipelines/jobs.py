"""Jobs: what can be run by name, by a schedule or from the UI.

Here: selections of assets that belong together in a run. Not here: when they run (`pipelines/schedules.py`).
"""

import dagster as dg

refresh_atlas = dg.define_asset_job(
    "refresh_atlas",
    selection=dg.AssetSelection.all(),
    description="Everything, from the sources to the maps.",
)
