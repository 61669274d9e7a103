"""Views: the world, and six continents each in an equal-area projection of its own.

Here: what a view shows, its plane, and outlines on it. Not here: the plane of the world (`projection`), drawing.

A continent is a list of UN M49 subregions. Its plane is Lambert's azimuthal equal-area projection (J. H. Lambert, 1772;
J. P. Snyder, 1987, USGS Professional Paper 1395, p. 182) about a point near its middle, so that ink is proportional to
land as on the world map. Economies that reach into the window from outside are drawn as ground and carry no figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
import pyproj
import shapely

from maps.geometry import projection
from maps.geometry.shapes import load_shapes, polygonal

if TYPE_CHECKING:
    import geopandas as gpd

SNAP: Final = 50.0
"""Metres within which two pieces of a shape that was cut at 180° are one again."""
SOUTHERN_EDGE: Final = -57.0
"""Latitude of the world's lower edge: Antarctica adopts no models."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A part of the world that is drawn at once.

    Attributes:
        name: how commands and files call it.
        label: how captions call it.
        subregions: UN M49 subregions whose economies have figures here; none for the world, which has all.
        centre: longitude and latitude about which the plane is projected; null for the world.
        reaches: points in degrees that the window just holds; none for the world.
    """

    name: str
    label: str
    subregions: tuple[str, ...] = ()
    centre: tuple[float, float] | None = None
    reaches: tuple[tuple[float, float], ...] = ()

    @property
    def is_world(self) -> bool:
        """Whether it is the world."""
        return self.centre is None

    def crs(self) -> str:
        """PROJ text of the plane, in metres on the WGS 84 ellipsoid."""
        if self.centre is None:
            return projection.plane_crs()
        longitude, latitude = self.centre
        return f"+proj=laea +lat_0={latitude:g} +lon_0={longitude:g} +datum=WGS84 +units=m +no_defs"

    def members(self, regions: pl.DataFrame) -> pl.Series:
        """Ids of the regions that have figures here: subregions, their economies, and metro areas of those.

        Args:
            regions: table of `maps.geometry.regions.load_regions`.
        """
        if self.is_world:
            return regions["region_id"]
        economies = regions.filter((pl.col("level") == "country") & pl.col("parent_id").is_in(self.subregions))
        metros = regions.filter(
            (pl.col("level") == "metro") & pl.col("parent_id").is_in(economies["region_id"].to_list())
        )
        return pl.concat([pl.Series("region_id", self.subregions), economies["region_id"], metros["region_id"]])


WORLD: Final = View(name="world", label="the world")
VIEWS: Final[Mapping[str, View]] = {
    view.name: view
    for view in (
        WORLD,
        View(
            name="africa",
            label="Africa",
            subregions=("m49:011", "m49:014", "m49:015", "m49:017", "m49:018"),
            centre=(17.0, 1.0),
            reaches=((-26.0, 1.0), (17.0, -36.0), (60.0, 1.0), (17.0, 38.0)),
        ),
        View(
            name="asia",
            label="Asia",
            subregions=("m49:030", "m49:034", "m49:035", "m49:143", "m49:145"),
            centre=(90.0, 25.0),
            reaches=(
                (26.0, 38.0),
                (90.0, -11.5),
                (146.0, 40.0),
                (90.0, 56.0),
                (34.0, 28.0),
                (141.0, -9.0),
                (60.0, 56.0),
                (142.0, 46.0),
                (121.0, 54.0),
            ),
        ),
        View(
            name="europe",
            label="Europe",
            subregions=("m49:039", "m49:151", "m49:154", "m49:155"),
            centre=(15.0, 53.0),
            reaches=((-25.0, 64.0), (15.0, 34.0), (60.0, 55.0), (15.0, 72.0)),
        ),
        View(
            name="north-america",
            label="North America",
            subregions=("m49:013", "m49:021", "m49:029"),
            centre=(-95.0, 42.0),
            reaches=((-168.0, 61.0), (-80.0, 7.0), (-20.0, 74.0), (-59.0, 13.0), (-95.0, 82.0)),
        ),
        View(
            name="south-america",
            label="South America",
            subregions=("m49:005",),
            centre=(-60.0, -20.0),
            reaches=((-82.0, -4.0), (-68.0, -56.5), (-33.5, -7.0), (-72.0, 13.5)),
        ),
        View(
            name="oceania",
            label="Oceania",
            subregions=("m49:053", "m49:054", "m49:057", "m49:061"),
            centre=(160.0, -18.0),
            reaches=((112.0, -25.0), (170.0, -48.5), (-134.0, -20.0), (145.5, 20.0)),
        ),
    )
}
"""Views by name."""


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
    x, y = _transformer(view.crs()).transform(np.asarray(longitude, float), np.asarray(latitude, float))
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
    return _plane(view, load_shapes())


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
    transformer = _transformer(view.crs())

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
