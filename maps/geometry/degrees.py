"""Shapes in degrees: their area on the ellipsoid, and what crosses 180°.

Here: what both builds of outlines need. Not here: the builds (`build_geometry`, `build_subdivisions`), the plane of
static maps (`projection`).
"""

from typing import Any, Final

import pyproj
import shapely

from maps.geometry.shapes import polygonal

SQUARE_METRES_PER_KM2: Final = 1e6
_PLANE: Final = pyproj.Transformer.from_crs(4326, "+proj=cea +datum=WGS84 +over", always_xy=True)
"""An equal-area plane; `+over` lets longitudes run beyond 180°."""
EAST_EDGE: Final = 180.0
FULL_TURN: Final = 360.0


def east_of_zero(polygon: Any) -> Any:
    """Move the western longitudes of a polygon by a full turn, so that it is whole around 180°."""
    return shapely.transform(polygon, lambda xy: xy + (xy[:, :1] < 0) * [FULL_TURN, 0.0])


def shape_area_km2(shape: Any) -> float:
    """Area of a shape in degrees, on the WGS 84 ellipsoid, in square kilometres."""
    return float(shapely.transform(shape, _PLANE.transform, interleaved=False).area) / SQUARE_METRES_PER_KM2


def cut_at_edge(shape: Any) -> Any:
    """Cut a shape at 180° and bring the eastern remainder back by a full turn."""
    if shape.bounds[2] <= EAST_EDGE:
        return shape
    west = shapely.intersection(shape, shapely.box(-EAST_EDGE, -90, EAST_EDGE, 90))
    east = shapely.intersection(shape, shapely.box(EAST_EDGE, -90, EAST_EDGE + FULL_TURN, 90))
    moved = shapely.transform(east, lambda xy: xy - [FULL_TURN, 0.0])
    return shapely.MultiPolygon([*polygonal(west).geoms, *polygonal(moved).geoms])
