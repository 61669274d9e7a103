"""Made-up people who fork made-up repositories, for tests of what is counted."""

from datetime import date

import polars as pl

from assets.places.actors import PLACES
from assets.schemas.ingest import Forks

CN, CN_TOO, US, NEITHER = "lab/cn", "lab/cn-too", "lab/us", "lab/neither"
TRACKED = pl.DataFrame(
    {
        "repository": [CN, CN_TOO, US, NEITHER],
        "origin": ["CN", "CN", "US", "other"],
        "kind": ["model"] * 4,
    }
)


def _actors(groups):
    """Give each person of (size, home, repositories, year) a number."""
    number = 0
    for size, home, repositories, year in groups:
        for _ in range(size):
            number += 1
            yield f"{number:064x}", home, repositories, year


def places_of(groups):
    """Return where the people live."""
    rows = []
    for actor, (country, admin1, metro), _, _ in _actors(groups):
        level = "metro" if metro else "admin1" if admin1 else "country"
        rows.append(
            {
                "actor": actor,
                "country": country,
                "admin1": admin1,
                "metro": metro,
                "level": level if country else None,
                "evidence": "declared" if country else None,
            }
        )
    return pl.DataFrame(rows, schema=PLACES)


def forks_of(groups):
    """Return what the people forked, once each."""
    rows = [
        {
            "fork": f"{10_000_000 * position + int(actor, 16):064x}",
            "repository": repository,
            "database_id": position,
            "actor": actor,
            "owner_kind": "person",
            "created_on": date(year, 5, 17),
            "source_id": "github",
        }
        for actor, _, repositories, year in _actors(groups)
        for position, repository in enumerate(sorted(repositories), start=1)
    ]
    return pl.DataFrame(rows, schema=Forks.create_empty().schema)
