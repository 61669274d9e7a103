"""Where a region lies: a small picture of its part of the world, with the region on it.

Here: drawing it. Not here: projection and outlines (`maps.geometry`), maps of figures (`static`). The picture shows no
figure, so that its colours are none of those that mean one.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from maps import colours, svg
from maps.frame import Frame
from maps.geometry.planes import plane, project_points
from maps.geometry.views import VIEWS, View

WIDTH: Final = 300.0
HEIGHT: Final = 250.0
_TOLERANCE: Final = 0.8
"""Pixels by which a simplified outline may differ: the picture is small, and stands on hundreds of pages."""
_LEAST: Final = 1.5
"""Square pixels below which an island is left out, unless it is the largest of its economy."""
_SMALL: Final = 60.0
"""Square pixels below which a ring leads the eye."""


@lru_cache(maxsize=len(VIEWS))
def _drawn(view: View) -> tuple[Frame, dict[str, tuple[str, float]], str]:
    """Frame of a view, path and square pixels of each outline, and all of them as one path."""
    import shapely

    shown = plane(view)
    frame = Frame(shown.window, x=0, y=0, width=WIDTH, height=HEIGHT)
    outlines: dict[str, tuple[str, float]] = {}
    for region, shape in shown.outlines.items():
        parts = shapely.get_parts(shape)
        sizes = shapely.area(parts) * frame.scale**2
        large: Any = shapely.multipolygons(parts[sizes >= min(_LEAST, sizes.max())])
        outlines[region] = frame.path(shapely.simplify(large, _TOLERANCE / frame.scale)), float(sizes.sum())
    return frame, outlines, "".join(path for path, _ in outlines.values())


def draw_locator(
    view: View,
    economies: Sequence[str],
    *,
    label: str,
    anchor: tuple[float, float] | None = None,
    place: tuple[float, float] | None = None,
) -> str:
    """Draw a part of the world, economies on it, and a place in them.

    Args:
        view: part of the world.
        economies: ids of those that are dark.
        label: what the picture shows, for whom does not see it.
        anchor: longitude and latitude of a single economy, which a ring surrounds where it is small or has no outline.
        place: longitude and latitude of a metro area.

    Returns:
        SVG element, 300 pixels wide at most, without an id, so that it can stand in a page.
    """
    frame, outlines, ground = _drawn(view)
    known = [outlines[region] for region in economies if region in outlines]
    marks = []
    if anchor is not None and sum(area for _, area in known) < _SMALL:
        marks.append((anchor, f'r="8" fill="none" stroke="{colours.INK}" stroke-width="1.4"'))
    if place is not None:
        marks.append((place, f'r="3.4" fill="{colours.PAPER}" stroke="{colours.INK}" stroke-width="1.6"'))
    drawn = []
    for (longitude, latitude), look in marks:
        east, north = project_points(view, [longitude], [latitude])
        x, y = frame.point(float(east[0]), float(north[0]))
        drawn.append(f'<circle cx="{svg.number(x)}" cy="{svg.number(y)}" {look}/>')
    left, wide, tall = (svg.number(length) for length in (frame.x, frame.right - frame.x, frame.bottom))
    return (
        f'<svg viewBox="{left} 0 {wide} {tall}" width="{wide}" height="{tall}" role="img" '
        f'aria-label="{svg.quoted(label)}">'
        f'<rect x="{left}" width="{wide}" height="{tall}" fill="{colours.SEA}"/>'
        f'<path d="{ground}" fill="{colours.PAPER}" stroke="{colours.BORDER}" stroke-width=".4"/>'
        f'<path d="{"".join(path for path, _ in known)}" fill="{colours.MUTED}"/>{"".join(drawn)}</svg>'
    )
