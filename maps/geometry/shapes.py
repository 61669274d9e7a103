"""Outlines of economies and territories: the vendored topology, checked, as TopoJSON or GeoPandas.

Here: reading and verifying `data/economies.topojson.gz`, the TopoJSON decoder, worldview and credits.
Not here: making that file (`build_geometry`), names and parents (`regions`), the plane (`projection`).
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

TOPOLOGY_FILE: Final = "economies.topojson.gz"
SOURCES_FILE: Final = "SOURCES.json"
OBJECT: Final = "economies"
"""Name of the TopoJSON object that holds the outlines."""
MIN_RING_POINTS: Final = 4
"""Points of the smallest ring: a triangle, closed."""
ROUNDED_DIGITS: Final = 9
"""Decimals of a decoded degree: a tenth of a millimetre."""
WORLDVIEW: Final = "UN-leaning"
"""Name of the drawn boundaries' point of view; `SOURCES.json` lists what it means line by line."""
BOUNDARY_NOTE: Final = "Boundaries are for statistical presentation and imply no opinion on legal status."


class GeometryError(ValueError):
    """The vendored geometry is missing, changed or unreadable; the message names the file and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a part of the geometry or registry comes from.

    Attributes:
        name: whose work it is.
        version: version or commit that was used.
        licence: licence under which it is passed on.
        used_for: what the atlas takes from it.
        credit: sentence for maps and exports.
    """

    name: str
    version: str
    licence: str
    used_for: str
    credit: str


def data_folder() -> Traversable:
    """Folder of the vendored files, inside the installed package."""
    return files("maps.geometry") / "data"


def provenance(folder: Traversable | None = None) -> dict[str, Any]:
    """Provenance of the vendored files, as `SOURCES.json` states it.

    Args:
        folder: folder of the files; the packaged one by default.

    Returns:
        The parsed file: `worldview`, `sources`, `edits`, `output` (with the pinned `sha256`), and more.

    Raises:
        GeometryError: if the file is missing or no JSON.
    """
    place = (folder or data_folder()) / SOURCES_FILE
    try:
        parsed: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GeometryError(f"{place}: cannot be read ({error}); reinstall the package.") from error
    return parsed


def sources() -> tuple[Source, ...]:
    """Credits of geometry and registry, in the order in which maps print them."""
    return tuple(Source(**{name: row[name] for name in Source.__dataclass_fields__}) for row in provenance()["sources"])


def topology_bytes(folder: Traversable | None = None) -> bytes:
    """TopoJSON of all drawn economies, to embed in a page.

    Args:
        folder: folder of the files; the packaged one by default.

    Returns:
        UTF-8 JSON: one object, `economies`, whose geometries carry `id` = region_id.

    Raises:
        GeometryError: if the file is missing or is not the one that `SOURCES.json` pins.
    """
    place = (folder or data_folder()) / TOPOLOGY_FILE
    pinned = provenance(folder)["output"]["sha256"]
    try:
        packed = place.read_bytes()
    except OSError as error:
        raise GeometryError(f"{place}: cannot be read ({error}); reinstall the package.") from error
    found = hashlib.sha256(packed).hexdigest()
    if found != pinned:
        raise GeometryError(
            f"{place}: sha256 is {found}, but {SOURCES_FILE} pins {pinned}. "
            "Restore the file, or rebuild both with python -m maps.geometry.build_geometry."
        )
    return gzip.decompress(packed)


def load_topology(folder: Traversable | None = None) -> dict[str, Any]:
    """Parsed TopoJSON of all drawn economies; see `topology_bytes` for content and errors."""
    parsed: dict[str, Any] = json.loads(topology_bytes(folder))
    return parsed


def decode_topology(topology: dict[str, Any], name: str) -> list[tuple[dict[str, Any], Any]]:
    """Turn one quantised TopoJSON object into geometries.

    Args:
        topology: parsed TopoJSON with a `transform`.
        name: object to decode.

    Returns:
        Per geometry of the object, in file order: the geometry's own record (`id`, `properties`) and a
        MultiPolygon in degrees, empty for a null geometry. Arcs that two neighbours share give identical
        coordinates. Rings that quantisation left with fewer than four points are dropped; nothing else is
        repaired.
    """
    scale = np.asarray(topology["transform"]["scale"])
    shift = np.asarray(topology["transform"]["translate"])
    # Rounded, because 180° must be 180 exactly for a cut there to close.
    arcs = [np.round(np.cumsum(np.asarray(arc), axis=0) * scale + shift, ROUNDED_DIGITS) for arc in topology["arcs"]]

    def ring(indices: list[int]) -> np.ndarray[Any, Any]:
        lines = [arcs[~i][::-1] if i < 0 else arcs[i] for i in indices]
        # Each arc begins with the point that ended the one before it.
        return np.concatenate([lines[0], *(line[1:] for line in lines[1:])])

    def polygons(record: dict[str, Any]) -> Iterator[Any]:
        match record["type"]:
            case "Polygon":
                parts = [record["arcs"]]
            case "MultiPolygon":
                parts = record["arcs"]
            case _:
                parts = []
        for part in parts:
            outer, *inners = (ring(indices) for indices in part)
            if len(outer) >= MIN_RING_POINTS:
                yield shapely.Polygon(outer, [inner for inner in inners if len(inner) >= MIN_RING_POINTS])

    return [
        (record, shapely.MultiPolygon(list(polygons(record)))) for record in topology["objects"][name]["geometries"]
    ]


def polygonal(shape: Any) -> Any:
    """Valid polygonal part of a shape, as a MultiPolygon: lines and points that repair leaves are dropped."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > 0])


def load_shapes(folder: Traversable | None = None) -> "gpd.GeoDataFrame":
    """Outlines of all drawn economies.

    Args:
        folder: folder of the files; the packaged one by default.

    Returns:
        Columns `region_id` and `geometry` (valid, non-empty MultiPolygons, EPSG:4326, cut at 180°),
        sorted by `region_id`.

    Raises:
        GeometryError: if the file is missing or is not the one that `SOURCES.json` pins.
    """
    import geopandas as gpd

    decoded = decode_topology(load_topology(folder), OBJECT)
    shapes = gpd.GeoDataFrame(
        {"region_id": [record["id"] for record, _ in decoded]},
        geometry=[polygonal(shape) for _, shape in decoded],
        crs=4326,
    )
    return shapes.sort_values("region_id", ignore_index=True)
