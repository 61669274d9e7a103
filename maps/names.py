"""Names that people use for regions, so that a search finds "Burma", "Turkiye" and "Eko".

Here: other names of economies and metro areas. Not here: resolving location texts (`assets/places`), searching
(`web/script/search.js`, which also folds accents and case).

Names of economies in their own languages and in five that are read widely are those of Unicode CLDR, by way of Babel;
`aliases.csv` has what CLDR lacks: former and short names. Metro areas bring their own in `metros.toml`.
"""

import csv
import functools
from importlib.resources import files
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from maps import words
from maps.geometry.regions import load_metros

READ_WIDELY: Final = ("en", "es", "fr", "pt", "de")


def _cldr(territory: str) -> list[str]:
    """Names of an economy in its official languages and in those that are read widely."""
    found: list[str] = []
    for language in (*READ_WIDELY, *get_official_languages(territory)):
        try:
            name = Locale.parse(language).territories.get(territory)
        except (UnknownLocaleError, ValueError):
            # CLDR knows the language but has no names in it.
            continue
        if name:
            found.append(name)
    return found


@functools.cache
def aliases() -> dict[str, tuple[str, ...]]:
    """Other names by region id, each once.

    Raises:
        ValueError: if a row of `aliases.csv` is incomplete.
    """
    found: dict[str, list[str]] = {metro.region_id: list(metro.aliases) for metro in load_metros()}
    text = (files("maps") / "aliases.csv").read_text(encoding="utf-8")
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if not row["region_id"] or not row["alias"]:
            raise ValueError(f"aliases.csv, line {number}: write region_id and alias; got {row}.")
        found.setdefault(row["region_id"], []).append(row["alias"])
    return {region: tuple(dict.fromkeys(words.plain(name) for name in names)) for region, names in found.items()}


def other_names(region_id: str, level: str, name: str) -> list[str]:
    """Names of a region beside its own.

    Args:
        region_id: region of the registry.
        level: its level; only economies have names in CLDR.
        name: its own name.
    """
    known = [*aliases().get(region_id, ()), *(_cldr(region_id) if level == "country" else ())]
    return [other for other in dict.fromkeys(words.plain(one) for one in known) if other.casefold() != name.casefold()]
