"""Planes: a view with everything on it, projected.

Here: the plane of a view, outlines, ground and graticule on it. Not here: what a view shows (`views`), the plane of the
world (`projection`), drawing.

A continent's plane is Lambert's azimuthal equal-area projection (J. H. Lambert, 1772; J. P. Snyder, 1987, USGS
Professional Paper 1395, p. 182) about a point near its middle, so that ink is proportional to land as on the world map.
Economies that reach into the window from outside are drawn as ground and carry no figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import shapely

from maps.geometry import projection
from maps.geometry.shapes import load_shapes, polygonal
from maps.geometry.views import VIEWS, View

if TYPE_CHECKING:
    import geopandas as gpd

SNAP: Final = 50.0
"""Metres within which two pieces of a shape that was cut at 180° are one again."""
SOUTHERN_EDGE: Final = -57.0
"""Latitude of the world's lower edge: Antarctica adopts no models."""


def plane_crs(view: View) -> str:
    """PROJ text of the plane of a view, in metres on the WGS 84 ellipsoid."""
    if view.centre is None:
        return projection.plane_crs()
    longitude, latitude = view.centre
    return f"+proj=laea +lat_0={latitude:g} +lon_0={longitude:g} +datum=WGS84 +units=m +no_defs"


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A view with everything on it, in metres.

    Attributes:
        window: left, bottom, right and top end.
        outlines: shape of each region that the window holds a part of.
        ground: the water: the globe's edge for the world, the window for a continent.
        graticule: meridians and parallels.
    """

    window: tuple[float, float, float, float]
    outlines: Mapping[str, Any]
    ground: Any
    graticule: Any


def project_points(view: View, longitude: Any, latitude: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Project points onto the plane of a view.

    Args:
        view: the view.
        longitude: degrees east.
        latitude: degrees north.

    Returns:
        x and y in metres.
    """
    if view.is_world:
        return projection.project(longitude, latitude)
    x, y = _transformer(plane_crs(view)).transform(np.asarray(longitude, float), np.asarray(latitude, float))
    return np.asarray(x), np.asarray(y)


def plane(view: View, shapes: "gpd.GeoDataFrame | None" = None) -> Plane:
    """Everything that a view shows, projected.

    Args:
        view: the view.
        shapes: outlines in longitude and latitude; the packaged ones by default, which are projected once.
    """
    return _packaged(view) if shapes is None else _plane(view, shapes)


@lru_cache(maxsize=len(VIEWS))
def _packaged(view: View) -> Plane:
    return _plane(view, _packaged_shapes())


@cache
def _packaged_shapes() -> "gpd.GeoDataFrame":
    return load_shapes()


@lru_cache(maxsize=len(VIEWS))
def _transformer(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(pyproj.CRS(4326).geodetic_crs, crs, always_xy=True)


def _plane(view: View, shapes: "gpd.GeoDataFrame") -> Plane:
    if view.is_world:
        projected = projection.project_shapes(shapes)
        sphere = projection.sphere_outline()
        left, _, right, top = sphere.bounds
        bottom = float(projection.project([0.0], [SOUTHERN_EDGE])[1][0])
        return Plane(
            window=(left, bottom, right, top),
            outlines=dict(zip(projected["region_id"], projected.geometry, strict=True)),
            ground=sphere,
            graticule=shapely.MultiLineString(projection.graticule()),
        )
    x, y = project_points(view, *zip(*view.reaches, strict=True))
    window = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    frame = shapely.box(*window)
    transformer = _transformer(plane_crs(view))

    def onto(points: np.ndarray[Any, Any], latitude: np.ndarray[Any, Any]) -> Any:
        return transformer.transform(points, latitude)

    outlines = {}
    for region, shape in zip(shapes["region_id"], shapes.geometry, strict=True):
        pieces = [
            polygonal(shapely.make_valid(shapely.transform(part, onto, interleaved=False)))
            for part in shapely.get_parts(shapely.segmentize(shape, projection.SEGMENT))
        ]
        whole = shapely.union_all(pieces, grid_size=SNAP) if len(pieces) > 1 else pieces[0]
        inside = polygonal(shapely.intersection(whole, frame))
        if not inside.is_empty:
            outlines[region] = inside
    return Plane(window=window, outlines=outlines, ground=frame, graticule=_graticule(view, frame))


def _graticule(view: View, frame: Any, spacing: float = 10.0) -> Any:
    longitude, latitude = view.centre or (0.0, 0.0)
    near = np.linspace(-80.0, 80.0, 161)
    lines = []
    for step in np.arange(-80.0, 81.0, spacing):
        meridian = round((longitude + step) / spacing) * spacing
        up = np.clip(latitude + near, -90.0, 90.0)
        lines.append(np.column_stack(project_points(view, np.full_like(up, meridian), up)))
        parallel = round((latitude + step) / spacing) * spacing
        if abs(parallel) < projection.POLE:
            lines.append(np.column_stack(project_points(view, longitude + near, np.full_like(near, parallel))))
    return shapely.intersection(shapely.MultiLineString(lines), frame)
