"""Regions of one slice on a plane: areas, dots, metro areas, crosses, names and values.

Here: what is drawn inside the frame of a static map. Not here: what a cell looks like (`cells`, `patterns`), projection
and outlines (`maps.geometry`), captions and legend (`static`, `legend`).
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from maps import cells as cube
from maps import colours, patterns, svg, words
from maps.frame import Frame
from maps.geometry.planes import Plane, plane, project_points
from maps.geometry.views import View

if TYPE_CHECKING:
    import geopandas as gpd

_NAME_SIZE: Final = 10.5
_VALUE_SIZE: Final = 11.0
_LEAST_AREA: Final = 14.0
"""Square pixels below which an economy of a continent is a dot."""
_WHOLE: Final = 700.0
"""Pixels across from which on dots have their whole size."""
_VALUE_ROOM: Final = 24.0
"""Pixels across that an economy needs to hold its value."""
_KNOWN: Final = frozenset({"plain", "small", "modelled", "suppressed"})

_PLACES: Final = (
    (8, 3.5, "start"),
    (-8, 3.5, "end"),
    (0, -9, "middle"),
    (0, 17, "middle"),
    (6, -5.5, "start"),
    (6, 12.5, "start"),
    (-6, -5.5, "end"),
    (-6, 12.5, "end"),
)
"""Where a name may stand beside its point, best first: offset in pixels, and the end that is fixed."""

Box = tuple[float, float, float, float]


def _caption(row: Mapping[str, Any], unit: str) -> str:
    """Figures of a row in one line, for the title of its outline."""
    if row["cn_share"] is None:
        return f"{row['name']}: {words.STATES[row['state']]}"
    interval = words.percent_span(row["cn_share_low"], row["cn_share_high"])
    parts = [f"{row['name']}: {words.percent(row['cn_share'])} Chinese"]
    if interval != words.DASH:
        parts.append(f"95 % interval {interval}")
    if row["n"] is not None:
        parts.append(f"n = {words.count(row['n'])} {unit}")
    return ", ".join([*parts, words.EVIDENCE[row["evidence"]]])


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _labels(points: list[tuple[float, float, str]], taken: list[Box], frame: Frame) -> Iterator[str]:
    """Names beside points where they fit without touching a point, a mark or another name."""
    own_boxes = [(x - 7, y - 7, x + 7, y + 7) for x, y, _ in points]
    taken = [*own_boxes, *taken]
    for (x, y, name), own in zip(points, own_boxes, strict=True):
        long = svg.width(name, _NAME_SIZE)
        for dx, dy, anchor in _PLACES:
            start = x + dx - {"start": 0, "end": long, "middle": long / 2}[anchor]
            box = (start - 1, y + dy - 8.5, start + long + 1, y + dy + 2.5)
            inside = box[0] > frame.x and box[2] < frame.right and box[1] > frame.y and box[3] < frame.bottom
            if inside and not any(other != own and _touch(box, other) for other in taken):
                taken.append(box)
                yield svg.line(
                    name, x + dx, y + dy, size=_NAME_SIZE, fill=colours.INK, anchor=anchor, halo=colours.PAPER
                )
                break


@lru_cache(maxsize=64)
def _outlines(view: View, box: tuple[float, float, float, float]) -> dict[str, tuple[str, float, float, float, float]]:
    """Path of each outline, its area in square pixels, the point its value may stand at, and the room across there."""
    return _drawn(plane(view), Frame(plane(view).window, x=box[0], y=box[1], width=box[2], height=box[3]))


def _drawn(shown: Plane, frame: Frame) -> dict[str, tuple[str, float, float, float, float]]:
    import shapely

    found = {}
    for region, shape in shown.outlines.items():
        if shape.is_empty:
            continue
        largest = max(shapely.get_parts(shape), key=lambda part: part.area)
        middle = shapely.maximum_inscribed_circle(largest, tolerance=20_000 + 0.02 * largest.area**0.5)
        x, y = frame.point(*middle.coords[0])
        room = 2 * middle.length * frame.scale
        found[region] = (frame.path(shape), shape.area * frame.scale**2, x, y, room)
    return found


def draw_regions(
    one: cube.Slice,
    view: View,
    *,
    box: tuple[float, float, float, float],
    shapes: "gpd.GeoDataFrame | None" = None,
    named: bool = True,
    key: str = "map",
) -> tuple[str, Frame]:
    """Sea, graticule, economies, dots, metro areas and crosses.

    Args:
        one: the slice; regions of the window that it has no row for are drawn as ground.
        view: part of the world.
        box: x, y, width and height that the picture of it may take, in pixels.
        shapes: outlines in longitude and latitude; the packaged ones by default.
        named: whether metro areas are named and economies of continents carry their value.
        key: id of the group, unique in the document.

    Returns:
        The SVG, and the frame that it fills. Each region is a path or circle with `data-region`, its look in
        `data-look` and its figures as title.
    """
    shown = plane(view, shapes)
    frame = Frame(shown.window, x=box[0], y=box[1], width=box[2], height=box[3])
    outlines = _outlines(view, box) if shapes is None else _drawn(shown, frame)
    rows = one.rows.filter(pl.col("level").is_in(["country", "metro"])).to_dicts()
    east, north = project_points(view, [row["longitude"] for row in rows], [row["latitude"] for row in rows])
    size = min(1.0, 0.3 + 0.7 * (frame.right - frame.x) / _WHOLE)
    areas, dots, metros, crosses, values = [], [], [], [], []
    taken: list[Box] = []
    names: list[tuple[float, float, str]] = []
    own = {row["region_id"] for row in rows}
    ground = [path for region, (path, *_) in outlines.items() if region not in own]
    for row, anchor_east, anchor_north in zip(rows, east, north, strict=True):
        region, look = row["region_id"], row["look"]
        x, down = frame.point(float(anchor_east), float(anchor_north))
        inside = frame.x <= x <= frame.right and frame.y <= down <= frame.bottom
        if not inside and (row["level"] == "metro" or region not in outlines):
            continue
        label = f"<title>{svg.quoted(_caption(row, one.spec.people))}</title>"
        paint = f'data-region="{svg.quoted(region)}" data-look="{look}" fill="{patterns.fill_of(look, row["class"])}"'
        place = f'cx="{svg.number(x)}" cy="{svg.number(down)}"'
        known = look in _KNOWN
        if row["level"] == "metro":
            metros.append(f'<circle {paint} {place} r="{svg.number(size * (5 if known else 2.5))}">{label}</circle>')
            if known and named:
                names.append((x, down, row["name"]))
        elif _is_area(row, outlines, view):
            path, _, middle_x, middle_y, room = outlines[region]
            areas.append(f'<path {paint} d="{path}">{label}</path>')
            if look == "suppressed" and not view.is_world:
                x, down = middle_x, middle_y
            if named and not view.is_world and row["cn_share"] is not None and room >= _VALUE_ROOM:
                values.append(_value(row, middle_x, middle_y))
                taken.append((middle_x - 11, middle_y - 7, middle_x + 11, middle_y + 7))
        else:
            dots.append(f'<circle {paint} {place} r="{svg.number(size * (3.8 if known else 1.7))}">{label}</circle>')
            if known:
                taken.append((x - 3, down - 3, x + 3, down + 3))
        if look == "suppressed":
            taken.append((x - 3, down - 3, x + 3, down + 3))
            crosses.append(svg.cross(x, down, reach=2.8 * size, colour=colours.CROSS))
    clip = (
        f'<clipPath id="{key}-window"><rect x="{svg.number(frame.x)}" y="{svg.number(frame.y - 1)}" '
        f'width="{svg.number(frame.right - frame.x)}" height="{svg.number(frame.bottom - frame.y + 1)}"/></clipPath>'
    )
    drawn = (
        f'<defs>{clip}</defs><g id="{key}" clip-path="url(#{key}-window)">'
        f'<path d="{frame.path(shown.ground)}" fill="{colours.SEA}" stroke="{colours.GRATICULE}"/>'
        f'<path d="{frame.path(shown.graticule)}" fill="none" stroke="{colours.GRATICULE}" stroke-width=".8"/>'
        f'<path d="{"".join(ground)}" fill="{colours.OUTSIDE}"/>'
        f'<g stroke="{colours.BORDER}" stroke-width=".5" stroke-linejoin="round">{"".join(areas)}</g>'
        f'<g stroke="{colours.INK}" stroke-width=".9" stroke-dasharray="2 1.4">{"".join(metros)}</g>'
        f'<g stroke="{colours.BORDER}" stroke-width=".8">{"".join(dots)}</g>{"".join(crosses)}{"".join(values)}'
        f"{''.join(_labels(names, taken, frame))}</g>"
    )
    return drawn, frame


def _is_area(
    row: Mapping[str, Any], outlines: Mapping[str, tuple[str, float, float, float, float]], view: View
) -> bool:
    """Whether an economy is large enough to be drawn as what it is."""
    if row["region_id"] not in outlines:
        return False
    if view.is_world:
        return bool((row["area_km2"] or 0) >= cube.SMALL_AREA_KM2)
    return outlines[row["region_id"]][1] >= _LEAST_AREA


def _value(row: Mapping[str, Any], x: float, y: float) -> str:
    """The share in per cent, where there is room for it."""
    text = words.percent(row["cn_share"]).removesuffix(" %")
    return svg.line(text, x, y + 4, size=_VALUE_SIZE, fill=colours.INK, bold=True, anchor="middle", halo=colours.PAPER)
