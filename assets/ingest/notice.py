"""NOTICE: whose work the atlas contains, printed from the registries of sources.

Here: the text. Not here: the registries (`sources.toml`, `maps/geometry`).
"""

from typing import Final

from assets.ingest.sources import load_sources
from assets.places.names import SOURCES as NAME_SOURCES
from maps.geometry.shapes import sources as geometry_sources

HEAD: Final = """Adoption Atlas
Copyright 2026 the Adoption Atlas authors

Code: Apache License 2.0 (see LICENSE). This file lists the figures, shapes and programs of others that the
repository contains, and the terms of what the atlas publishes. The texts of licences that ask for it stand in
LICENSES/. Printed by `atlas dictionary`; do not edit by hand.

Terms of published data
  Tables and maps with rows from the Stack Overflow Developer Survey: Open Database License 1.0, in files of their
  own (open-data/survey/), with the attribution below.
  All other tables: CC BY 4.0, because one of their sources asks for credit.
"""

PROGRAMS: Final = """Programs of others in this repository
  Leaflet 1.9.4 (BSD-2-Clause), Copyright Volodymyr Agafonkin and CloudMade; its licence stands beside it in maps/web.
  Words of SCOWL up to size 40, cut to names of places (assets/places/common_words.txt), Copyright Kevin Atkinson and
  others; its licence stands in LICENSES/SCOWL.txt.
"""


def notice() -> str:
    """Return the text of NOTICE."""
    blocks = [
        f"  [{key}] {source.title}\n"
        f"    {source.publisher}; {source.location} @ {source.revision} ({source.dated})\n"
        f"    Licence: {source.licence}. Attribution: {source.attribution}\n"
        f"    {source.derivation}"
        for key, source in load_sources().items()
    ]
    shapes = [
        f"  {source.name}, {source.version}\n"
        f"    Licence: {source.licence}. {source.credit}\n"
        f"    For: {source.used_for}."
        for source in geometry_sources()
    ]
    names = [
        f"  {source.package}\n    Licence: {source.licence}. {source.credit}\n    For: {source.used_for}."
        for source in NAME_SOURCES
    ]
    return "\n".join(
        [
            HEAD,
            "Figures (assets/ingest/snapshots) and registry evidence (assets/origins/publishers.csv)",
            *blocks,
            "",
            "Shapes and names (maps/geometry/data, where SOURCES.json lists every edit)",
            *shapes,
            "",
            "Names of places (in installed packages, not in the repository; the gazetteer is compiled from them)",
            *names,
            "",
            PROGRAMS,
        ]
    )
