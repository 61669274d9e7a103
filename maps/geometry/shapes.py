"""Outlines of economies and their subdivisions: the vendored topology, checked, as TopoJSON or GeoPandas.

Here: reading and verifying `data/regions.topojson.gz`, decoding and cutting TopoJSON, worldview and credits.
Not here: making that file (`build_geometry`), names and parents (`regions`), the plane (`projection`).
"""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

TOPOLOGY_FILE: Final = "regions.topojson.gz"
SOURCES_FILE: Final = "SOURCES.json"
ECONOMIES: Final = "economies"
"""Name of the TopoJSON object that holds economies and territories; ids ISO 3166-1 alpha-2, and XK."""
SUBDIVISIONS: Final = "subdivisions"
"""Name of the TopoJSON object that holds first-level subdivisions, from the same arcs; ids ISO 3166-2."""
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


def is_subdivision(region_id: str) -> bool:
    """Whether an id is that of a subdivision (ISO 3166-2), not of an economy."""
    return "-" in region_id


def topology_bytes(folder: Traversable | None = None, *, name: str = ECONOMIES, economy: str | None = None) -> bytes:
    """TopoJSON of one object, to embed in a page.

    Args:
        folder: folder of the files; the packaged one by default.
        name: `economies` or `subdivisions`.
        economy: leave only the subdivisions of this economy.

    Returns:
        UTF-8 JSON: one object of this name, whose geometries carry `id` = region_id, and its arcs.

    Raises:
        GeometryError: if the file is missing or is not the one that `SOURCES.json` pins, or if it has no such object
            or draws no such economy.
    """
    topology = load_topology(folder)
    ids = None
    if economy is not None:
        if economy not in {geometry["id"] for geometry in topology["objects"][ECONOMIES]["geometries"]}:
            raise GeometryError(f"The topology has no economy {economy!r}; write an ISO 3166-1 alpha-2 code.")
        every = [geometry["id"] for geometry in topology["objects"][SUBDIVISIONS]["geometries"]]
        ids = [region_id for region_id in every if region_id.startswith(f"{economy}-")]
    return encode_topology(cut_topology(topology, name, ids))


def encode_topology(topology: dict[str, Any]) -> bytes:
    """A topology as UTF-8 JSON, the same bytes each time."""
    return json.dumps(topology, separators=(",", ":"), sort_keys=True).encode()


def load_topology(folder: Traversable | None = None) -> dict[str, Any]:
    """Parsed TopoJSON with the objects `economies` and `subdivisions`, which share their arcs.

    Args:
        folder: folder of the files; the packaged one by default.

    Returns:
        The parsed file; geometries carry `id` = region_id and no properties.

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
    parsed: dict[str, Any] = json.loads(gzip.decompress(packed))
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


def cut_topology(topology: dict[str, Any], name: str, ids: Collection[str] | None = None) -> dict[str, Any]:
    """Cut a topology to a part of one object, so that a page carries no more than it draws.

    Args:
        topology: parsed, quantised TopoJSON.
        name: object to keep.
        ids: geometries to keep; all of the object by default.

    Returns:
        TopoJSON with this object and its geometries alone, in their order, and with the arcs that they use,
        renumbered in the order of use. Arcs that meet where nothing else meets become one. Coordinates are the same,
        though a ring may begin at another of its points.

    Raises:
        GeometryError: if the topology has no such object, or the object has not all of the geometries.
    """
    if name not in topology["objects"]:
        raise GeometryError(f"The topology has no object {name!r}, but {', '.join(sorted(topology['objects']))}.")
    geometries = topology["objects"][name]["geometries"]
    if ids is not None:
        if missing := sorted(set(ids) - {geometry["id"] for geometry in geometries}):
            raise GeometryError(f"The object {name!r} has no {', '.join(missing[:10])}.")
        geometries = [geometry for geometry in geometries if geometry["id"] in ids]
    joined = _JoinedArcs(topology["arcs"], [ring for geometry in geometries for ring in _rings(geometry)])
    kept = [_with_rings(geometry, joined.renumbered) for geometry in geometries]
    return {
        "type": "Topology",
        "transform": topology["transform"],
        "objects": {name: {"type": "GeometryCollection", "geometries": kept}},
        "arcs": joined.arcs,
    }


def _rings(geometry: dict[str, Any]) -> list[list[int]]:
    """Rings of a TopoJSON geometry, each a list of arc numbers."""
    match geometry["type"]:
        case "Polygon":
            return list(geometry["arcs"])
        case "MultiPolygon":
            return [ring for polygon in geometry["arcs"] for ring in polygon]
        case _:
            return []


def _with_rings(geometry: dict[str, Any], renumbered: Callable[[list[int]], list[int]]) -> dict[str, Any]:
    """Copy of a TopoJSON geometry with every ring replaced."""
    match geometry["type"]:
        case "Polygon":
            return {**geometry, "arcs": [renumbered(ring) for ring in geometry["arcs"]]}
        case "MultiPolygon":
            return {**geometry, "arcs": [[renumbered(ring) for ring in polygon] for polygon in geometry["arcs"]]}
        case _:
            return dict(geometry)


class _JoinedArcs:
    """Arcs of some rings, joined where no third arc meets them, numbered in the order of their first use."""

    def __init__(self, arcs: list[list[list[int]]], rings: list[list[int]]) -> None:
        self.arcs: list[list[list[int]]] = []
        self._points = {i: np.cumsum(np.asarray(arcs[i]), axis=0) for i in {_plain(n) for ring in rings for n in ring}}
        self._numbers: dict[tuple[int, ...], int] = {}
        ends = Counter(tuple(points[side]) for points in self._points.values() for side in (0, -1))
        self._junctions = {point for point, count in ends.items() if count != 2}  # noqa: PLR2004

    def renumbered(self, ring: list[int]) -> list[int]:
        """The ring in new arc numbers."""
        starts = [place for place, number in enumerate(ring) if self._start(number) in self._junctions]
        if not starts:
            lone = min(range(len(ring)), key=lambda place: _plain(ring[place]))
            return [self._number(tuple(ring[lone:] + ring[:lone]), closed=True)]
        turned = ring[starts[0] :] + ring[: starts[0]]
        bounds = [*(place - starts[0] for place in starts), len(ring)]
        return [self._number(tuple(turned[low:high])) for low, high in pairwise(bounds)]

    def _start(self, number: int) -> tuple[int, ...]:
        points = self._points[_plain(number)]
        return tuple(points[0] if number >= 0 else points[-1])

    def _number(self, chain: tuple[int, ...], *, closed: bool = False) -> int:
        """New number of a chain of arcs, negative if it is known the other way round."""
        back = tuple(~number for number in reversed(chain))
        if closed:
            # Both ways must begin at the same arc to be recognised.
            back = (*back[-1:], *back[:-1])
        if back in self._numbers:
            return ~self._numbers[back]
        if chain not in self._numbers:
            self._numbers[chain] = len(self.arcs)
            lines = [self._points[_plain(n)][::-1] if n < 0 else self._points[n] for n in chain]
            line = np.concatenate([lines[0], *(following[1:] for following in lines[1:])])
            self.arcs.append([line[0].tolist(), *np.diff(line, axis=0).tolist()])
        return self._numbers[chain]


def _plain(number: int) -> int:
    """Arc number without its direction."""
    return ~number if number < 0 else number


def polygonal(shape: Any) -> Any:
    """Valid polygonal part of a shape, as a MultiPolygon: lines and points that repair leaves are dropped."""
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shape)))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > 0])


def load_shapes(folder: Traversable | None = None, *, name: str = ECONOMIES) -> "gpd.GeoDataFrame":
    """Outlines of all drawn economies, or of all drawn subdivisions.

    Args:
        folder: folder of the files; the packaged one by default.
        name: `economies` or `subdivisions`.

    Returns:
        Columns `region_id` and `geometry` (valid, non-empty MultiPolygons, EPSG:4326, cut at 180°),
        sorted by `region_id`.

    Raises:
        GeometryError: if the file is missing or is not the one that `SOURCES.json` pins.
    """
    import geopandas as gpd

    decoded = decode_topology(load_topology(folder), name)
    shapes = gpd.GeoDataFrame(
        {"region_id": [record["id"] for record, _ in decoded]},
        geometry=[polygonal(shape) for _, shape in decoded],
        crs=4326,
    )
    return shapes.sort_values("region_id", ignore_index=True)
