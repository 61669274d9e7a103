"""From a plane in metres to paths in pixels.

Here: where a projected point falls, and outlines as SVG paths in as few characters as they need. Not here: projection
(`maps.geometry`), what is drawn (`static`).
"""

import math
from functools import lru_cache
from itertools import starmap
from typing import Any, Final

_LEAST_RING: Final = 0.25
"""Rings smaller than this many square pixels are left out, unless they are all of a region."""


class Frame:
    """From projected metres to pixels: a window of the plane, as large as it fits into a box and in its middle.

    Args:
        window: left, bottom, right and top end of what is shown, in metres.
        x: left end of the box in pixels.
        y: top of the box.
        width: pixels across that the box has.
        height: pixels down that it has; as many as are needed by default.

    Attributes:
        scale: pixels a metre.
        bottom: y of the window's lower edge.
    """

    def __init__(
        self, window: tuple[float, float, float, float], *, x: float, y: float, width: float, height: float = math.inf
    ) -> None:
        self.left, low, right, self.top = window
        self.scale = min(width / (right - self.left), height / (self.top - low))
        self.x = x + (width - (right - self.left) * self.scale) / 2
        self.y = y
        self.right = self.x + (right - self.left) * self.scale
        self.bottom = y + (self.top - low) * self.scale

    def point(self, east: float, north: float) -> tuple[float, float]:
        """Pixel of a projected point."""
        return self.x + (east - self.left) * self.scale, self.y + (self.top - north) * self.scale

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
        pixels = (metres - [self.left, self.top]) * [self.scale, -self.scale] + [self.x, self.y]
        tenths = np.rint(pixels * 10).astype(int)
        moved = np.any(np.diff(tenths, axis=0) != 0, axis=1)
        tenths = tenths[np.concatenate([[True], moved])]
        if len(tenths) < (4 if closed else 2):
            return ""
        steps = np.diff(tenths[:-1] if closed else tenths, axis=0)
        start = f"M{_tenths(tenths[0][0])} {_tenths(tenths[0][1])}l"
        rest = "".join(starmap(_pair, steps.tolist())).lstrip()
        return start + rest + ("z" if closed else "")


def _tenths(value: int) -> str:
    """Tenths of a pixel as a decimal without needless characters: `-3` is `-.3`."""
    whole, rest = divmod(abs(int(value)), 10)
    text = f"{whole}" if rest == 0 else f"{whole or ''}.{rest}"
    return f"-{text}" if value < 0 and text != "0" else text


# Outlines are half a million short steps, most of them one of a few thousand.
@lru_cache(maxsize=1 << 16)
def _pair(x: int, y: int) -> str:
    """Two coordinates; a minus sign separates as well as a blank does."""
    first, second = _tenths(x), _tenths(y)
    lead = "" if first.startswith("-") else " "
    return f"{lead}{first}{'' if second.startswith('-') else ' '}{second}"
