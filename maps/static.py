"""Static maps: a slice as a picture with title, legend, notes and, beside it, its figures in rank order.

Here: layout. Not here: regions (`choropleth`), legend (`legend`), the ranked plot (`ranking`), several maps in one
picture (`multiples`), PNG and PDF (`raster`).

SVG is written by hand: a plotting library would take thirty times as long, and would not let every outline carry a name
and a title.
"""

import datetime as dt
from typing import TYPE_CHECKING, Final

import polars as pl

from maps import cells as cube
from maps import colours, patterns, svg, words
from maps.choropleth import draw_regions
from maps.geometry.views import WORLD, View
from maps.legend import draw_legend
from maps.ranking import draw_ranking
from maps.spec import MapSpec

if TYPE_CHECKING:
    import geopandas as gpd

WIDTH: Final = 1200.0
MARGIN: Final = 30.0
_RANKING: Final = 410.0
"""Pixels across of the ranked plot."""
_GAP: Final = 26.0
_CONTINENT_HEIGHT: Final = 640.0


def _headline(one: cube.Slice, view: View) -> str:
    """The world's figure in a sentence, or those of a continent's subregions; nothing where there is none."""
    if not view.is_world:
        subregions = one.rows.filter((pl.col("level") == "subregion") & pl.col("cn_share").is_not_null())
        told = [f"{name} {words.percent(share)}" for name, share in subregions.select("name", "cn_share").iter_rows()]
        return f"Chinese share by subregion: {words.listing(told)}" if told else ""
    world = one.rows.filter((pl.col("level") == "world") & pl.col("cn_share").is_not_null())
    if not world.height:
        return ""
    row = world.row(0, named=True)
    interval = words.percent_span(row["cn_share_low"], row["cn_share_high"])
    bounds = words.percent_span(row["bound_low"], row["bound_high"])
    extents = [
        text
        for text in (
            "" if interval == words.DASH else f"95 % interval {interval}",
            "" if bounds == words.DASH else f"worst-case bounds {bounds}",
        )
        if text
    ]
    aside = f" ({'; '.join(extents)})" if extents else ""
    return f"World: {words.percent(row['cn_share'])} Chinese{aside}"


def choose(
    found: list[cube.Slice], *, signal: str | None, period: dt.date | None = None, coding: str | None = None
) -> cube.Slice:
    """The slice that is asked for: the first with values where nothing is said.

    Args:
        found: slices of the map.
        signal: its signal; by default the first that has a share for any economy.
        period: its period; by default the latest with a share for any economy.
        coding: question that the origin answers; by default the first of the signal.

    Raises:
        MapError: if there is none; the message lists what there is.
    """
    signal = signal or cube.first_with_values(found).spec.signal
    own = [one for one in found if one.spec.signal == signal]
    if not own:
        raise cube.MapError(f"The map names no signal {signal}.")
    asked = [one for one in own if coding is None or one.coding == coding]
    if not asked:
        known = sorted({one.coding for one in own})
        raise cube.MapError(f"{signal} has no coding {coding}; it has {words.listing(known)}.")
    dated = [one for one in asked if period is None or one.period == period]
    if not dated:
        known = sorted({str(one.period) for one in asked if one.period})
        raise cube.MapError(f"{signal} has no period {period}; it has {words.listing(known) or 'none'}.")
    return cube.first_with_values(dated)


def render_static_svg(
    cells: pl.DataFrame,
    regions: pl.DataFrame,
    spec: MapSpec,
    *,
    signal: str | None = None,
    shapes: "gpd.GeoDataFrame | None" = None,
) -> str:
    """The world map of one signal as SVG, latest period.

    Args:
        cells: table `estimates` (see `assets/schemas/adoption.py`).
        regions: table of `maps.geometry.regions.load_regions`.
        spec: captions, units, credits.
        signal: which signal; by default the first that has a share for any economy.
        shapes: outlines in longitude and latitude; the packaged ones by default.

    Returns:
        See `draw_map`.

    Raises:
        MapError: if the table cannot be drawn truthfully; the message lists ids and values.
    """
    return draw_map(choose(cube.slices(cells, regions, spec), signal=signal), spec, shapes=shapes)


def draw_map(
    one: cube.Slice,
    spec: MapSpec,
    *,
    view: View = WORLD,
    ranking: bool = False,
    shapes: "gpd.GeoDataFrame | None" = None,
) -> str:
    """A slice as a picture.

    Args:
        one: the slice, of all regions; those outside the view are left out of counts and captions.
        spec: captions, units, credits.
        view: part of the world.
        ranking: whether shares and intervals stand beside the map in rank order.
        shapes: outlines in longitude and latitude; the packaged ones by default.

    Returns:
        SVG, 1200 pixels wide, or 1640 for the world with the ranked plot. Each region is a path or circle named
        `data-region`, with its look in `data-look` and its figures as title. The same input gives the same bytes.
    """
    own = one if view.is_world else cube.within(one, view.members(one.rows), view.label)
    across = WIDTH + (_RANKING + MARGIN if ranking and view.is_world else 0)
    room = across - 2 * MARGIN
    heading = cube.title(one, spec) if view.is_world else f"{view.label}: {cube.title(one, spec)}"
    parts: list[str] = []
    text, y = svg.paragraph(heading, MARGIN, 46, size=25, fill=colours.INK, limit=room, bold=True, even=True)
    parts.append(text)
    text, y = svg.paragraph(cube.subtitle(own), MARGIN, y - 6, size=14, fill=colours.MUTED, limit=room)
    parts.append(text)
    for sentence in (cube.notice(own), "" if cube.notice(own) else _headline(own, view)):
        text, y = svg.paragraph(sentence, MARGIN, y + 2, size=14.5, fill=colours.INK, limit=room, bold=True)
        parts.append(text)
    top = y
    width = room - (_RANKING + _GAP if ranking else 0)
    height = 10_000.0 if view.is_world else _CONTINENT_HEIGHT
    drawn, frame = draw_regions(own, view, box=(MARGIN, top, width, height), shapes=shapes)
    parts.append(drawn)
    y = frame.bottom
    if view.is_world:
        drawn, y = draw_legend(own.counts, MARGIN, y + 30)
        parts.append(drawn)
    if ranking:
        left = MARGIN + width + _GAP
        drawn, end = draw_ranking(own, x=left, y=top, width=across - MARGIN - left, height=y - top)
        parts.append(drawn)
        y = max(y, end)
    if not view.is_world:
        drawn, y = draw_legend(own.counts, MARGIN, y + 30)
        parts.append(drawn)
    for sentence in (one.spec.note, cube.credit(one, spec)):
        text, y = svg.paragraph(sentence, MARGIN, y + 2, size=12, fill=colours.MUTED, limit=room)
        parts.append(text)
    description = f"{cube.subtitle(own)}. {cube.tally(own)} {one.spec.note} {cube.credit(one, spec)}"
    body = f"<defs>{patterns.definitions()}</defs>{''.join(parts)}"
    return svg.document(size=(across, y + 12), title=heading, description=description, body=body)
