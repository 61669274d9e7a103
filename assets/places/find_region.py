"""Finding a region of the registry by what people call it.

Here: ids, codes, names and aliases, and names much alike. Not here: free-text locations (`locate.py`), which may name
places inside a region.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import polars as pl

from assets.places.aliases import load_aliases
from maps.geometry.regions import load_metros

MOST_SIMILAR: Final = 3
ALIKE: Final = 0.75
"""Least likeness of a name that is proposed, from 0 to 1 (Ratcliff and Obershelp)."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a name may mean.

    Attributes:
        regions: Ids of the regions that are called so; several where the name is ambiguous.
        similar: Where there are none: names much alike, best first.
    """

    regions: tuple[str, ...]
    similar: tuple[str, ...] = ()


@lru_cache(maxsize=1 << 13)
def plain_name(text: str) -> str:
    """Return a name without capitals, accents and punctuation, as names are compared."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"^(the )+", "", " ".join(kept.split()))


def _names(regions: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield every name with the region that bears it."""
    known = set(regions["region_id"])
    for region, name, iso3 in regions.select("region_id", "name", "iso3").iter_rows():
        yield name, region
        yield from ((text, region) for text in (iso3, region.partition(":")[2]) if text)
    for metro in load_metros():
        if metro.region_id in known:
            yield from ((alias, metro.region_id) for alias in metro.aliases)
    yield from ((alias, code) for alias, code in _names_of_countries() if code in known)


@cache
def _names_of_countries() -> tuple[tuple[str, str], ...]:
    return tuple(load_aliases().filter(kind="country").select("alias", "country").iter_rows())


def find_region(text: str, regions: pl.DataFrame) -> Found:
    """Return the regions that a text names: by id in any case, else by name, alias or code.

    Args:
        text: What a person typed.
        regions: Table ``regions``.
    """
    by_id = {region.casefold(): region for region in regions["region_id"]}
    if text.strip().casefold() in by_id:
        return Found(regions=(by_id[text.strip().casefold()],))
    names: dict[str, dict[str, None]] = {}
    for name, region in _names(regions):
        names.setdefault(plain_name(name), {})[region] = None
    wanted = plain_name(text)
    if wanted in names:
        return Found(regions=tuple(names[wanted]))
    shown = {plain_name(name): name for name in regions["name"]}
    close = difflib.get_close_matches(wanted, shown, n=MOST_SIMILAR, cutoff=ALIKE)
    return Found(regions=(), similar=tuple(shown[name] for name in close))
