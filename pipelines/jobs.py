"""Jobs: what can be run by name, by a schedule or from the UI.

Here: selections of assets that belong together in a run. Not here: when they run (`pipelines/schedules.py`), what
follows from their results (`pipelines/policies.py`). Tables that are kept in parts are in no job, because a run makes
parts of one kind only: they are back-filled from the UI, and follow their inputs.
"""

from functools import reduce
from operator import or_
from typing import Final

import dagster as dg

from assets.declare import SOURCE_TAG
from assets.partitions import NAMES, PARTITIONS_TAG, REPOSITORY

IN_PARTS: Final = reduce(or_, (dg.AssetSelection.tag(PARTITIONS_TAG, name) for name in NAMES.values()))
"""Tables that are kept in parts."""


def _of(*sources: str) -> dg.AssetSelection:
    return reduce(or_, (dg.AssetSelection.tag(SOURCE_TAG, source) for source in sources)) - IN_PARTS


refresh_atlas = dg.define_asset_job(
    "refresh_atlas",
    selection=dg.AssetSelection.all() - IN_PARTS,
    description="Everything, from the sources to the maps.",
)
refresh_hub = dg.define_asset_job(
    "refresh_hub", selection=_of("hub"), description="Models, lineage and download counters of the hubs."
)
refresh_github = dg.define_asset_job(
    "refresh_github", selection=_of("github"), description="Forks, contributions and stars of tracked repositories."
)
refresh_package_index = dg.define_asset_job(
    "refresh_package_index", selection=_of("package_index"), description="Downloads of packages by economy."
)
refresh_files = dg.define_asset_job(
    "refresh_files",
    selection=_of("reference", "release", "donated_logs"),
    description="Files that agencies publish or publishers donate, and figures that come with a release.",
)

read_repositories = dg.define_asset_job(
    "read_repositories",
    selection=dg.AssetSelection.tag(PARTITIONS_TAG, NAMES[REPOSITORY]),
    description="What is new of single repositories; a sensor starts it for those that the list gained.",
)

SOURCE_JOBS: Final = (refresh_hub, refresh_github, refresh_package_index, refresh_files)
"""Jobs that ask sources; the layers below them follow."""
