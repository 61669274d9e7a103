"""Cards as pages: one small page a region with all its signals, and a list of them.

Here: filling the templates. Not here: what a card says (`assets/adoption/explain.py`), the frame that all pages share
(`site.py`).
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from jinja2 import Environment

from assets.adoption.explain import Card, Ledger, SourceCard, silences
from maps import words
from maps.geometry.views import view_of
from maps.locator import draw_locator

FOLDER: Final = PurePosixPath("explain")
LEVELS: Final = ("world", "subregion", "country", "metro", "admin1")
PLURALS: Final[Mapping[str, str]] = {
    "world": "The world",
    "subregion": "Subregions",
    "country": "Economies and territories",
    "metro": "Metro areas",
    "admin1": "Subdivisions",
}


def page_of(region_id: str) -> str:
    """Return the file name of a region's page: its id, with a hyphen where files may have no colon.

    Args:
        region_id: Region of the registry.
    """
    return f"{region_id.replace(':', '-')}.html"


def map_address(region_id: str, economy: str | None) -> str:
    """Return the part of the interactive map's address that opens a region.

    Args:
        region_id: Region of the registry.
        economy: Economy that it is or lies in, whose subdivisions are shown; none for the world and its subregions.
    """
    return f"#{f'in={economy}&' if economy else ''}region={region_id}"


def _locator(region_id: str, regions: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a picture of where a region lies; nothing for the world."""
    region = regions[region_id]
    level, parent, middle = region["level"], region["parent_id"], (region["longitude"], region["latitude"])
    label = f"Where {region['name']} lies"
    match level:
        case "country":
            return draw_locator(view_of(parent), [region_id], label=label, anchor=middle)
        case "metro":
            return draw_locator(view_of(regions[parent]["parent_id"]), [parent], label=label, place=middle)
        case "subregion":
            members = [key for key, one in regions.items() if one["parent_id"] == region_id]
            return draw_locator(view_of(region_id), members, label=label)
    return ""


def _sources(card: Card) -> list[SourceCard]:
    return list({source.source_id: source for cell in card.cells for source in cell.sources}.values())


def render_cards(ledger: Ledger, environment: Environment, frame: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield file name and content of every region's page, and of the list of them as ``index.html``.

    Args:
        ledger: The tables of the run.
        environment: The site's templates.
        frame: What every page of the site needs.
    """
    template = environment.get_template("explain.html")
    listed: dict[str, list[dict[str, Any]]] = {level: [] for level in LEVELS}
    for region_id in ledger.regions:
        card = ledger.card(region_id)
        known = [cell for cell in card.cells if cell.has_figure]
        listed[card.level].append({"page": page_of(region_id), "name": card.name, "known": len(known)})
        yield (
            page_of(region_id),
            template.render(
                title=f"{card.name}: figures explained",
                card=card,
                level=words.LEVELS.get(card.level, card.level),
                known=known,
                silent=silences(cell for cell in card.cells if not cell.has_figure),
                sources=_sources(card),
                locator=_locator(region_id, ledger.regions),
                address=map_address(
                    region_id,
                    {"country": region_id, "metro": ledger.regions[region_id]["parent_id"]}.get(card.level),
                ),
                **frame,
            ),
        )
    groups: list[dict[str, Any]] = [
        {"name": PLURALS[level], "members": sorted(rows, key=lambda row: str(row["name"]))}
        for level, rows in listed.items()
        if rows
    ]
    index = environment.get_template("explain_index.html")
    yield "index.html", index.render(title="Every figure explained", groups=groups, **frame)
