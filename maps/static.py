"""The world map as a picture: SVG written by hand, and PNG made of it.

Here: layout and drawing. Not here: what a cell looks like (`cells`, `patterns`), projection and outlines
(`maps.geometry`).

A plotting library would take thirty times as long, and would not let every outline carry a name and a title.
"""

import html
import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from maps import cells as cube
from maps import colours, patterns, scales, svg, words
from maps.spec import MapSpec

if TYPE_CHECKING:
    import geopandas as gpd

WIDTH: Final = 1200.0
PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_MARGIN: Final = 30.0
_SOUTHERN_EDGE: Final = -57.0
"""Latitude of the lower edge: Antarctica adopts no models."""
_NAME_SIZE: Final = 10.5
_LEAST_RING: Final = 0.25
"""Rings smaller than this many square pixels are left out, unless they are all of a region."""


class _Frame:
    """From projected metres to pixels."""

    def __init__(self, *, left: float, right: float, top: float, y: float) -> None:
        self.left, self.top, self.y = left, top, y
        self.scale = (WIDTH - 2 * _MARGIN) / (right - left)

    def point(self, east: float, north: float) -> tuple[float, float]:
        """Pixel of a projected point."""
        return _MARGIN + (east - self.left) * self.scale, self.y + (self.top - north) * self.scale

    def path(self, geometry: Any) -> str:
        """SVG path of polygons or lines in relative tenths of pixels."""
        import shapely

        parts = shapely.get_parts(geometry)
        rings = [
            (ring, True) for part in parts if part.geom_type == "Polygon" for ring in (part.exterior, *part.interiors)
        ] + [(part, False) for part in parts if part.geom_type == "LineString"]
        drawn = [(self._line(ring, closed=closed), closed and self._area(ring)) for ring, closed in rings]
        kept = [path for path, area in drawn if path and (area is False or area >= _LEAST_RING)]
        return "".join(kept) or max((path for path, _ in drawn), key=len, default="")

    def _area(self, ring: Any) -> float:
        import shapely

        return float(shapely.Polygon(ring).area) * self.scale**2

    def _line(self, ring: Any, *, closed: bool) -> str:
        import numpy as np

        metres = np.asarray(ring.coords)[:, :2]
        pixels = (metres - [self.left, self.top]) * [self.scale, -self.scale] + [_MARGIN, self.y]
        tenths = np.rint(pixels * 10).astype(int)
        moved = np.any(np.diff(tenths, axis=0) != 0, axis=1)
        tenths = tenths[np.concatenate([[True], moved])]
        if len(tenths) < (4 if closed else 2):
            return ""
        steps = np.diff(tenths[:-1] if closed else tenths, axis=0)
        start = f"M{_tenths(tenths[0][0])} {_tenths(tenths[0][1])}l"
        rest = "".join(_pair(int(x), int(y)) for x, y in steps).lstrip()
        return start + rest + ("z" if closed else "")


def _tenths(value: int) -> str:
    """Tenths of a pixel as a decimal without needless characters: `-3` is `-.3`."""
    whole, rest = divmod(abs(int(value)), 10)
    text = f"{whole}" if rest == 0 else f"{whole or ''}.{rest}"
    return f"-{text}" if value < 0 and text != "0" else text


def _pair(x: int, y: int) -> str:
    """Two coordinates; a minus sign separates as well as a blank does."""
    first, second = _tenths(x), _tenths(y)
    lead = "" if first.startswith("-") else " "
    return f"{lead}{first}{'' if second.startswith('-') else ' '}{second}"


def _caption(row: dict[str, Any], unit: str) -> str:
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


def _swatch(x: float, y: float, fill: str, *, crossed: bool = False, ring: bool = False) -> str:
    if ring:
        return (
            f'<circle cx="{svg.number(x + 13)}" cy="{svg.number(y + 7)}" r="6" fill="{fill}" stroke="{colours.INK}" '
            'stroke-dasharray="2 1.4"/>'
        )
    box = (
        f'<rect x="{svg.number(x)}" y="{svg.number(y)}" width="26" height="14" fill="{fill}" '
        f'stroke="{colours.BORDER}" stroke-width=".7"/>'
    )
    return box + (svg.cross(x + 13, y + 7, reach=3, colour=colours.CROSS) if crossed else "")


def _legend(one: cube.Slice, y: float) -> tuple[str, float]:
    """Classes with counts on the left, the other looks with counts on the right."""
    counts, parts = one.counts, []
    left, step = _MARGIN, 82.0
    end = left + step * len(scales.CLASS_LABELS)
    parts.append(svg.line("← more US", left, y, size=13, fill=colours.AMERICAN_INK, bold=True))
    parts.append(svg.line("more Chinese →", end, y, size=13, fill=colours.CHINESE_INK, bold=True, anchor="end"))
    heading = "Chinese share of Chinese and US together, %"
    parts.append(svg.line(heading, (left + end) / 2, y, size=13, fill=colours.INK, anchor="middle"))
    for index, (colour, label) in enumerate(zip(colours.CLASS_COLOURS, scales.CLASS_LABELS, strict=True)):
        x = left + index * step
        parts.append(
            f'<rect data-key="class-{index}" x="{svg.number(x)}" y="{svg.number(y + 9)}" width="{svg.number(step)}" '
            f'height="17" fill="{colour}"/>'
        )
        middle = x + step / 2
        parts.append(svg.line(label, middle, y + 42, size=13, fill=colours.INK, anchor="middle"))
        parts.append(
            svg.line(str(counts.classes[index]), middle, y + 59, size=13, fill=colours.INK, bold=True, anchor="middle")
        )
    parts.append(
        f'<rect x="{svg.number(left)}" y="{svg.number(y + 9)}" width="{svg.number(end - left)}" height="17" '
        f'fill="none" stroke="{colours.BORDER}" stroke-width=".7"/>'
    )
    counted = f"Bold: number of economies and territories, {counts.total} in all; metro areas are counted apart"
    parts.append(svg.line(counted, left, y + 80, size=12, fill=colours.MUTED))
    for index, (look, fill, label) in enumerate(patterns.legend()):
        column, row = divmod(index, 3)
        x, down = end + 48 + column * 252, y + row * 25
        parts.append(_swatch(x, down - 2, fill, crossed=look == "suppressed", ring=look == "metro"))
        parts.append(svg.line(label, x + 35, down + 10, size=13, fill=colours.INK))
        parts.append(
            svg.line(
                str(getattr(counts, look)),
                x + 43 + svg.width(label, 13),
                down + 10,
                size=13,
                fill=colours.INK,
                bold=True,
            )
        )
    return f'<g id="legend">{"".join(parts)}</g>', y + 108


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


def _labels(points: list[tuple[float, float, str]], marks: list[tuple[float, float]]) -> Iterator[str]:
    """Names beside points where they fit without touching a point, a mark or another name."""
    taken: list[tuple[float, float, float, float]] = [(x - 7, y - 7, x + 7, y + 7) for x, y, _ in points]
    own_spots = {(x, y) for x, y, _ in points}
    taken.extend((x - 3, y - 3, x + 3, y + 3) for x, y in marks if (x, y) not in own_spots)
    for x, y, name in points:
        long = svg.width(name, _NAME_SIZE)
        for dx, dy, anchor in _PLACES:
            start = x + dx - {"start": 0, "end": long, "middle": long / 2}[anchor]
            box = (start - 1, y + dy - 8.5, start + long + 1, y + dy + 2.5)
            inside = box[0] > _MARGIN and box[2] < WIDTH - _MARGIN
            own = (x - 7, y - 7, x + 7, y + 7)
            if inside and not any(other != own and _touch(box, other) for other in taken):
                taken.append(box)
                yield svg.line(
                    name, x + dx, y + dy, size=_NAME_SIZE, fill=colours.INK, anchor=anchor, halo=colours.PAPER
                )
                break


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _headline(one: cube.Slice) -> str:
    """The world's figure in a sentence, or nothing."""
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


def _choose(found: list[cube.Slice], signal: str | None) -> cube.Slice:
    if signal is None:
        return cube.first_with_values(found)
    own = [one for one in found if one.spec.signal == signal]
    if not own:
        raise cube.MapError(f"The map names no signal {signal}.")
    return own[0]


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
        The picture, 1200 pixels wide. Each region is a path or circle named `data-region`, with its look
        in `data-look` and its figures as title. The same input gives the same bytes.

    Raises:
        MapError: if the table cannot be drawn truthfully; the message lists ids and values.
    """
    one = _choose(cube.slices(cells, regions, spec), signal)
    title = cube.title(one, spec)
    parts: list[str] = []
    text, y = svg.paragraph(title, _MARGIN, 46, size=25, fill=colours.INK, limit=WIDTH - 2 * _MARGIN, bold=True)
    parts.append(text)
    text, y = svg.paragraph(cube.subtitle(one), _MARGIN, y - 6, size=14, fill=colours.MUTED, limit=WIDTH - 2 * _MARGIN)
    parts.append(text)
    for sentence in (cube.notice(one), "" if cube.notice(one) else _headline(one)):
        text, y = svg.paragraph(
            sentence, _MARGIN, y + 2, size=14.5, fill=colours.INK, limit=WIDTH - 2 * _MARGIN, bold=True
        )
        parts.append(text)
    drawn, y = _world(one, shapes=shapes, y=y)
    parts.append(drawn)
    drawn, y = _legend(one, y + 30)
    parts.append(drawn)
    for sentence in (one.spec.note, cube.credit(one, spec)):
        text, y = svg.paragraph(sentence, _MARGIN, y + 2, size=12, fill=colours.MUTED, limit=WIDTH - 2 * _MARGIN)
        parts.append(text)
    description = f"{cube.subtitle(one)}. {cube.tally(one)} {one.spec.note} {cube.credit(one, spec)}"
    body = f"<defs>{patterns.definitions()}</defs>{''.join(parts)}"
    return svg.document(size=(WIDTH, y + 12), title=title, description=description, body=body)


def _world(one: cube.Slice, *, shapes: "gpd.GeoDataFrame | None", y: float) -> tuple[str, float]:
    """Sea, graticule, economies, dots, metro areas and crosses; and the y below them."""
    import shapely

    from maps.geometry.projection import graticule, project, project_shapes, sphere_outline

    if shapes is None:
        from maps.geometry.shapes import load_shapes

        shapes = load_shapes()
    projected = project_shapes(shapes)
    outline = dict(zip(projected["region_id"], projected.geometry, strict=True))
    rows = one.rows.filter(pl.col("level").is_in(["country", "metro"])).to_dicts()
    east, north = project([row["longitude"] for row in rows], [row["latitude"] for row in rows])
    _, edge = project([0.0], [_SOUTHERN_EDGE])
    sphere = sphere_outline()
    left, _, right, top = sphere.bounds
    frame = _Frame(left=left, right=right, top=top, y=y)
    bottom = frame.point(0, float(edge[0]))[1]
    areas, dots, metros, crosses = [], [], [], []
    marks: list[tuple[float, float]] = []
    names: list[tuple[float, float, str]] = []
    for row, anchor_east, anchor_north in zip(rows, east, north, strict=True):
        region, look = row["region_id"], row["look"]
        x, down = frame.point(float(anchor_east), float(anchor_north))
        if down > bottom:
            continue
        label = f"<title>{svg.quoted(_caption(row, one.spec.people))}</title>"
        fill = patterns.fill_of(look, row["class"])
        paint = f'data-region="{svg.quoted(region)}" data-look="{look}" fill="{fill}"'
        place = f'cx="{svg.number(x)}" cy="{svg.number(down)}"'
        known = look not in {"not_observed", "not_observable"}
        if row["level"] == "metro":
            metros.append(f'<circle {paint} {place} r="{5 if known else 2.5}">{label}</circle>')
            if known:
                names.append((x, down, row["name"]))
        elif region in outline and not outline[region].is_empty and (row["area_km2"] or 0) >= cube.SMALL_AREA_KM2:
            areas.append(f'<path {paint} d="{frame.path(outline[region])}">{label}</path>')
        else:
            dots.append(f'<circle {paint} {place} r="{3.8 if known else 1.7}">{label}</circle>')
            if known:
                marks.append((x, down))
        if look == "suppressed":
            marks.append((x, down))
            crosses.append(svg.cross(x, down, reach=2.8, colour=colours.CROSS))
    grid = frame.path(shapely.MultiLineString(graticule()))
    clip = (
        f'<clipPath id="window"><rect y="{svg.number(y - 1)}" width="{svg.number(WIDTH)}" '
        f'height="{svg.number(bottom - y + 1)}"/></clipPath>'
    )
    drawn = (
        f'<defs>{clip}</defs><g id="map" clip-path="url(#window)">'
        f'<path d="{frame.path(sphere)}" fill="{colours.SEA}" stroke="{colours.GRATICULE}"/>'
        f'<path d="{grid}" fill="none" stroke="{colours.GRATICULE}" stroke-width=".8"/>'
        f'<g stroke="{colours.BORDER}" stroke-width=".5" stroke-linejoin="round">{"".join(areas)}</g>'
        f'<g stroke="{colours.INK}" stroke-width=".9" stroke-dasharray="2 1.4">{"".join(metros)}</g>'
        f'<g stroke="{colours.BORDER}" stroke-width=".8">{"".join(dots)}</g>{"".join(crosses)}'
        f"{''.join(_labels(names, marks))}</g>"
    )
    return drawn, bottom


def svg_to_png(picture: str, *, width: int = 2400) -> bytes:
    """PNG of an SVG.

    Args:
        picture: SVG with a `viewBox`.
        width: pixels across.

    Returns:
        The PNG, with the title of the picture in its metadata; the same machine gives the same bytes for the same
        picture.

    Raises:
        ValueError: if the picture has no `viewBox`.
    """
    import vl_convert

    head = picture[: picture.find(">")]
    if 'viewBox="' not in head:
        raise ValueError("The picture has no viewBox, so its width is unknown.")
    across = float(head.split('viewBox="')[1].split('"')[0].split()[2])
    found = re.search(r'<title id="title">(.*?)</title>', picture, re.DOTALL)
    title = html.unescape(found[1]) if found else ""
    return _titled(bytes(vl_convert.svg_to_png(picture, scale=width / across)), title)


def _titled(png: bytes, title: str) -> bytes:
    """Put a title into a PNG, as international text (PNG specification, 11.3.3.4), behind its header."""
    header_ends = len(PNG_SIGNATURE) + 25
    text = b"iTXtTitle" + bytes(5) + title.encode()
    chunk = (len(text) - 4).to_bytes(4) + text + zlib.crc32(text).to_bytes(4)
    return png[:header_ends] + chunk + png[header_ends:]
