"""The plane of static maps: Equal Earth, centred so that no land of size is cut.

Here: projecting outlines, the globe's edge and the graticule. Not here: the interactive map's own projection
(`maps/web/script/projection.js`, the same formula), drawing.

Equal Earth (B. Šavrič, T. Patterson, B. Jenny, 2019, doi:10.1080/13658816.2018.1504949) is equal-area, so that
a shape's ink is proportional to its land. Centred on 11° E it is cut at 169° W, in the Bering Strait.
"""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import shapely

from maps.geometry.shapes import polygonal

if TYPE_CHECKING:
    import geopandas as gpd

CENTRAL_MERIDIAN: Final = 11.0
HALF_TURN: Final = 180.0
POLE: Final = 90.0
SEGMENT: Final = 1.0
"""Longest side of an outline before projection, in degrees."""


def plane_crs(central_meridian: float = CENTRAL_MERIDIAN) -> str:
    """PROJ text of the plane, in metres on the WGS 84 ellipsoid."""
    return f"+proj=eqearth +lon_0={central_meridian:g} +datum=WGS84 +units=m +no_defs"


def project(
    longitude: Any, latitude: Any, central_meridian: float = CENTRAL_MERIDIAN
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Project points.

    Args:
        longitude: array of degrees east, any turn.
        latitude: array of degrees north, -90 to 90, of the same shape.
        central_meridian: longitude of the middle of the map, degrees east.

    Returns:
        x and y in metres; x = 0 on the central meridian, y = 0 on the equator.
    """
    turned = np.asarray(longitude, dtype=float) - central_meridian
    return _forward((turned + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN, np.asarray(latitude, dtype=float))


def project_shapes(shapes: "gpd.GeoDataFrame", central_meridian: float = CENTRAL_MERIDIAN) -> "gpd.GeoDataFrame":
    """Project outlines, cutting those that lie across the map's edge.

    Args:
        shapes: polygons in degrees (EPSG:4326), such as `maps.geometry.shapes.load_shapes` gives.
        central_meridian: longitude of the middle of the map, degrees east.

    Returns:
        The same rows and columns; valid MultiPolygons in metres, `crs` set to the plane.
    """
    return shapes.set_geometry(
        [_projected(shape, central_meridian) for shape in shapes.geometry], crs=plane_crs(central_meridian)
    )


def sphere_outline(step: float = 1.0) -> shapely.Polygon:
    """Edge of the globe on the plane, whatever the central meridian.

    Args:
        step: degrees of latitude between points.

    Returns:
        Polygon in metres.
    """
    up = np.linspace(-POLE, POLE, round(2 * POLE / step) + 1)
    longitude = np.concatenate([np.full_like(up, HALF_TURN), np.full_like(up, -HALF_TURN)])
    return shapely.Polygon(np.column_stack(_forward(longitude, np.concatenate([up, up[::-1]]))))


def graticule(
    central_meridian: float = CENTRAL_MERIDIAN, *, spacing: float = 30.0, step: float = 1.0
) -> list[shapely.LineString]:
    """Meridians and parallels on the plane, without the globe's edge and the poles.

    Args:
        central_meridian: longitude of the middle of the map, degrees east.
        spacing: degrees between lines, counted from the Greenwich meridian and the equator.
        step: degrees of latitude between points of a meridian.

    Returns:
        Lines in metres: meridians from west to east of Greenwich's turn, then parallels from south to north.
    """
    up = np.linspace(-POLE, POLE, round(2 * POLE / step) + 1)
    turned = (np.arange(-HALF_TURN, HALF_TURN, spacing) - central_meridian + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN
    inner = turned[np.abs(turned) < HALF_TURN]
    meridians = [(np.full_like(up, longitude), up) for longitude in inner]
    across = np.array([-HALF_TURN, HALF_TURN])
    parallels = [(across, np.full_like(across, latitude)) for latitude in np.arange(spacing - POLE, POLE, spacing)]
    return [shapely.LineString(np.column_stack(_forward(*line))) for line in (*meridians, *parallels)]


_EQUAL_EARTH: Final = pyproj.Transformer.from_crs(
    pyproj.CRS(4326).geodetic_crs, "+proj=eqearth +datum=WGS84 +units=m +over +no_defs", always_xy=True
)
"""Degrees from the central meridian to metres; `+over` keeps 180° on the eastern edge."""


def _forward(
    turned: np.ndarray[Any, Any], latitude: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    x, y = _EQUAL_EARTH.transform(turned, latitude)
    return np.asarray(x), np.asarray(y)


def _projected(shape: Any, central_meridian: float) -> Any:
    """Cut one shape along the map's edges, bring the pieces to one turn, project them."""
    west, _, east, _ = shape.bounds
    # Straight in degrees is curved on the plane: long borders and the cut itself need points in between.
    dense = shapely.segmentize(shape, SEGMENT)
    pieces = []
    for turn in (-2 * HALF_TURN, 0.0, 2 * HALF_TURN):
        left, right = central_meridian - HALF_TURN + turn, central_meridian + HALF_TURN + turn
        if west >= right or east <= left:
            continue
        whole = left <= west and east <= right
        inside = dense if whole else _between(dense, left, right)
        shift = central_meridian + turn
        plane = shapely.transform(inside, lambda x, y, shift=shift: _forward(x - shift, y), interleaved=False)
        pieces.append(polygonal(plane))
    return polygonal(shapely.union_all(pieces)) if len(pieces) > 1 else pieces[0]


def _between(shape: Any, left: float, right: float) -> Any:
    """Part of a shape between two meridians, with points along the cut."""
    return shapely.segmentize(shapely.intersection(shape, shapely.box(left, -POLE, right, POLE)), SEGMENT)
