"""Outlines: complete, valid, where the world has them, and refused when changed."""

import json
import shutil
from pathlib import Path

import geopandas as gpd
import polars as pl
import pyproj
import pytest
import shapely

from maps.geometry import shapes
from maps.geometry.regions import load_metros, load_regions

NEAR_METRES = 25_000.0

INLAND = {
    "Abuja": ("NG", 7.49, 9.06),
    "Addis Ababa": ("ET", 38.747, 9.025),
    "Almaty": ("KZ", 76.912, 43.252),
    "Bengaluru": ("IN", 77.594, 12.972),
    "Berlin": ("DE", 13.411, 52.524),
    "Bogotá": ("CO", -74.082, 4.610),
    "Brasília": ("BR", -47.93, -15.78),
    "Cayenne's hinterland": ("GF", -53.2, 4.0),
    "Gilgit": ("PK", 74.31, 35.92),
    "Hargeisa": ("SO", 44.065, 9.56),
    "Johannesburg": ("ZA", 28.044, -26.202),
    "Juba": ("SS", 31.58, 4.86),
    "Kigali": ("RW", 30.059, -1.950),
    "Kyiv": ("UA", 30.524, 50.455),
    "La Paz": ("BO", -68.15, -16.5),
    "Lhasa": ("CN", 91.11, 29.65),
    "Madrid": ("ES", -3.70, 40.42),
    "Mexico City": ("MX", -99.128, 19.428),
    "Nairobi": ("KE", 36.817, -1.283),
    "Nicosia, north": ("CY", 33.36, 35.25),
    "Oslo": ("NO", 10.75, 59.95),
    "Paris": ("FR", 2.349, 48.853),
    "Pristina": ("XK", 21.167, 42.667),
    "Ramallah": ("PS", 35.20, 31.90),
    "Simferopol": ("UA", 34.10, 44.95),
    "Smara": ("EH", -11.67, 26.74),
    "Srinagar": ("IN", 74.80, 34.09),
    "Sukhumi's hinterland": ("GE", 41.20, 43.05),
    "Tashkent": ("UZ", 69.216, 41.265),
    "Windhoek": ("NA", 17.08, -22.56),
    "Yakutsk": ("RU", 129.73, 62.03),
}
DISPUTED = {
    "Abyei": ("SD", 28.4, 9.6),
    "Aksai Chin": ("CN", 79.5, 35.2),
    "Crimea": ("UA", 34.10, 44.95),
    "Essequibo": ("GY", -59.0, 6.0),
    "Golan Heights": ("IL", 35.78, 33.0),
    "Halaib Triangle": ("EG", 36.0, 22.6),
    "Itanagar": ("IN", 93.6, 27.1),
    "Kunashir": ("RU", 145.85, 44.1),
    "Stepanakert": ("AZ", 46.75, 39.82),
    "Tiraspol": ("MD", 29.6, 46.85),
    "Tskhinvali": ("GE", 43.97, 42.23),
}
"""Where the drawn boundaries put contested places, as `SOURCES.json` states it."""
COASTAL = {
    "Anadyr": ("RU", 177.51, 64.73),
    "Cayenne": ("GF", -52.33, 4.93),
    "Fort-de-France": ("MQ", -61.07, 14.61),
    "Hong Kong": ("HK", 114.175, 22.278),
    "Istanbul": ("TR", 28.950, 41.014),
    "Jakarta": ("ID", 106.845, -6.215),
    "Karachi": ("PK", 67.010, 24.861),
    "Kralendijk": ("BQ", -68.27, 12.15),
    "Laayoune": ("EH", -13.20, 27.15),
    "Lagos": ("NG", 3.395, 6.454),
    "Lima": ("PE", -77.028, -12.043),
    "Longyearbyen": ("SJ", 15.64, 78.22),
    "Macao": ("MO", 113.546, 22.201),
    "Mamoudzou": ("YT", 45.228, -12.781),
    "Pointe-à-Pitre": ("GP", -61.533, 16.241),
    "Saint-Denis": ("RE", 55.45, -20.88),
    "Shenzhen": ("CN", 114.068, 22.546),
    "Singapore": ("SG", 103.850, 1.290),
    "Stanley": ("FK", -57.85, -51.70),
    "Suva": ("FJ", 178.44, -18.14),
    "Sydney": ("AU", 151.207, -33.868),
    "Taipei": ("TW", 121.526, 25.053),
}
KNOWN_KM2 = {
    "AU": 7_692_024,
    "BR": 8_515_767,
    "DE": 357_022,
    "DZ": 2_381_741,
    "EG": 1_002_450,
    "ET": 1_104_300,
    "FR": 551_500,
    "ID": 1_904_569,
    "JP": 377_915,
    "KE": 580_367,
    "KZ": 2_724_900,
    "MN": 1_564_116,
    "MX": 1_964_375,
    "NA": 825_615,
    "NG": 923_768,
    "PE": 1_285_216,
    "RU": 17_098_242,
    "TR": 783_562,
    "VN": 331_212,
    "ZA": 1_219_090,
}
"""Total areas as national statistics offices state them, inland waters included."""


@pytest.fixture(scope="module")
def outlines() -> gpd.GeoDataFrame:
    return shapes.load_shapes()


@pytest.fixture
def folder(tmp_path):
    for name in (shapes.TOPOLOGY_FILE, shapes.SOURCES_FILE):
        shutil.copy(str(shapes.data_folder() / name), tmp_path / name)
    return tmp_path


def containing(outlines, longitude, latitude):
    return set(outlines.region_id[outlines.contains(shapely.Point(longitude, latitude))])


def metres_to(outlines, region_id, longitude, latitude):
    """Distance from a point to a region on a plane that is true to scale around the point."""
    plane = pyproj.Transformer.from_crs(
        4326, f"+proj=aeqd +lon_0={longitude} +lat_0={latitude} +datum=WGS84", always_xy=True
    )
    shape = outlines.set_index("region_id").geometry[region_id]
    return shapely.Point(0, 0).distance(shapely.transform(shape, plane.transform, interleaved=False))


def test_topology_and_registry_draw_the_same_regions():
    drawn = load_regions().filter("drawn")["region_id"].to_list()
    ids = [shape["id"] for shape in shapes.load_topology()["objects"]["economies"]["geometries"]]
    assert sorted(ids) == sorted(drawn)
    assert len(ids) == len(set(ids)) == shapes.provenance()["output"]["economies"]
    assert not [region_id for region_id in ids if "-" in region_id or "9" in region_id]


def test_every_geometry_has_arcs():
    geometries = shapes.load_topology()["objects"]["economies"]["geometries"]
    assert not [shape["id"] for shape in geometries if not shape.get("arcs")]


def test_economies_often_lost_are_drawn(outlines):
    often_lost = {
        "CN",
        "EH",
        "FR",
        "HK",
        "MO",
        "NA",
        "NO",
        "PS",
        "SS",
        "TW",
        "XK",
        "GF",
        "GP",
        "MQ",
        "RE",
        "YT",
        "SJ",
        "BQ",
        "TV",
        "MC",
        "SM",
        "LI",
        "NR",
        "CX",
    }
    assert often_lost <= set(outlines.region_id)


def test_antarctica_is_not_drawn(outlines):
    assert "AQ" not in set(outlines.region_id)
    assert outlines.total_bounds[1] > -60


def test_shapes_are_valid_sorted_and_in_degrees(outlines):
    assert outlines.is_valid.all()
    assert not outlines.is_empty.any()
    assert outlines.crs == "EPSG:4326"
    assert outlines.region_id.is_monotonic_increasing
    assert list(outlines.columns) == ["region_id", "geometry"]
    assert set(outlines.geom_type) == {"MultiPolygon"}


def test_neighbours_share_their_borders(outlines):
    assert shapely.coverage_is_valid(outlines.geometry.to_numpy())


def test_nothing_spans_the_antimeridian(outlines):
    parts = outlines.explode()
    widths = parts.bounds["maxx"] - parts.bounds["minx"]
    assert widths.max() < 180
    west, south, east, north = outlines.total_bounds
    assert (west, east) == (-180.0, 180.0)
    assert north < 84
    assert south > -60


@pytest.mark.parametrize("region_id", ["RU", "FJ"])
def test_both_sides_of_180_degrees_meet(outlines, region_id):
    shape = outlines.set_index("region_id").geometry[region_id]
    east_edge = shapely.box(179.99, -90, 180, 90).intersection(shape).bounds
    west_edge = shapely.box(-180, -90, -179.99, 90).intersection(shape).bounds
    assert east_edge[2] == 180.0
    assert west_edge[0] == -180.0


def test_russia_reaches_from_kaliningrad_to_the_bering_strait(outlines):
    russia = outlines.set_index("region_id").geometry["RU"]
    easternmost = max(part.bounds[2] for part in russia.geoms if part.bounds[2] < 0)
    assert easternmost == pytest.approx(-169.0, abs=1.5)
    assert min(part.bounds[0] for part in russia.geoms if part.bounds[0] > 0) == pytest.approx(19.6, abs=0.3)


@pytest.mark.parametrize("city", INLAND)
def test_inland_city_lies_in_its_region(outlines, city):
    region_id, longitude, latitude = INLAND[city]
    assert containing(outlines, longitude, latitude) == {region_id}


@pytest.mark.parametrize("place", DISPUTED)
def test_disputed_place_is_drawn_as_stated(outlines, place):
    region_id, longitude, latitude = DISPUTED[place]
    assert containing(outlines, longitude, latitude) == {region_id}
    assert any(region_id in line for line in shapes.provenance()["worldview_lines"])


@pytest.mark.parametrize("city", COASTAL)
def test_coastal_city_lies_near_its_region(outlines, city):
    region_id, longitude, latitude = COASTAL[city]
    assert metres_to(outlines, region_id, longitude, latitude) < NEAR_METRES


def test_siachen_is_assigned_to_nobody(outlines):
    assert containing(outlines, 77.0, 35.4) == set()


def test_metro_anchors_lie_in_their_country(outlines):
    far = {
        metro.region_id: metres_to(outlines, metro.country, metro.longitude, metro.latitude) for metro in load_metros()
    }
    assert {name: metres for name, metres in far.items() if metres > NEAR_METRES} == {}


def test_anchors_of_economies_lie_in_their_outline(outlines):
    anchors = load_regions().filter(pl.col("level") == "country", "drawn")
    by_id = outlines.set_index("region_id").geometry
    outside = {
        row["region_id"]: round(metres)
        for row in anchors.iter_rows(named=True)
        if not by_id[row["region_id"]].contains(shapely.Point(row["longitude"], row["latitude"]))
        and (metres := metres_to(outlines, row["region_id"], row["longitude"], row["latitude"])) > 1_000
    }
    assert outside == {}


@pytest.mark.parametrize("region_id", KNOWN_KM2)
def test_area_agrees_with_national_statistics(region_id):
    stated = load_regions().filter(region_id=region_id)["area_km2"].item()
    assert stated == pytest.approx(KNOWN_KM2[region_id], rel=0.05)


def test_simplification_keeps_areas(outlines):
    measured = outlines.set_index("region_id").to_crs("+proj=cea +datum=WGS84").area / 1e6
    stated = load_regions().filter(pl.col("area_km2") > 1_000)
    ratios = {row["region_id"]: measured[row["region_id"]] / row["area_km2"] for row in stated.iter_rows(named=True)}
    scattered = {region_id: ratio for region_id, ratio in ratios.items() if not 0.94 < ratio < 1.06}
    assert scattered == {}
    assert sum(0.99 < ratio < 1.01 for ratio in ratios.values()) > 0.85 * len(ratios)


def test_size_stays_within_its_budget():
    assert shapes.provenance()["output"]["bytes"] <= 400_000
    assert shapes.provenance()["output"]["economies_bytes"] <= 100_000
    assert len(shapes.topology_bytes()) <= 290_000


def test_provenance_names_package_licence_and_worldview():
    stated = shapes.provenance()
    assert stated["worldview"] == shapes.WORLDVIEW == "UN-leaning"
    assert [source["natural_earth_version"] for source in stated["inputs"]] == ["4.1.0", "5.1"]
    assert all(len(source["sha256"]) == 64 for source in stated["inputs"])
    assert {source.licence for source in shapes.sources()} >= {"public domain", "BSD-3-Clause", "CC BY 4.0"}
    assert "no opinion on legal status" in shapes.BOUNDARY_NOTE


def test_changed_topology_is_refused_by_name(folder: Path):
    place = folder / shapes.TOPOLOGY_FILE
    packed = bytearray(place.read_bytes())
    packed[1000] ^= 1
    place.write_bytes(packed)
    with pytest.raises(shapes.GeometryError, match=r"regions\.topojson\.gz: sha256 is [0-9a-f]{64}, but SOURCES"):
        shapes.load_topology(folder)
    with pytest.raises(shapes.GeometryError, match=r"regions\.topojson\.gz"):
        shapes.load_shapes(folder)


def test_missing_topology_is_refused_by_name(folder: Path):
    (folder / shapes.TOPOLOGY_FILE).unlink()
    with pytest.raises(shapes.GeometryError, match=r"regions\.topojson\.gz: cannot be read"):
        shapes.topology_bytes(folder)


def test_broken_provenance_is_refused_by_name(folder: Path):
    (folder / shapes.SOURCES_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(shapes.GeometryError, match=r"SOURCES\.json: cannot be read"):
        shapes.topology_bytes(folder)


def test_decoder_reads_reversed_arcs_holes_and_null_geometries():
    topology = {
        "transform": {"scale": [0.5, 0.5], "translate": [10.0, 20.0]},
        # Two squares that share the arc 1, and a hole in the left one.
        "arcs": [
            [[4, 0], [-4, 0], [0, 4], [4, 0]],
            [[4, 0], [0, 4]],
            [[4, 4], [4, 0], [0, -4], [-4, 0]],
            [[1, 1], [0, 1], [1, 0], [0, -1], [-1, 0]],
        ],
        "objects": {
            "economies": {
                "geometries": [
                    {"type": "Polygon", "id": "AA", "arcs": [[0, ~1], [3]]},
                    {"type": "MultiPolygon", "id": "BB", "arcs": [[[1, 2]]]},
                    {"type": None, "id": "CC"},
                ]
            }
        },
    }
    left, right, nothing = (shape for _, shape in shapes.decode_topology(topology, "economies"))
    assert left.area == pytest.approx(4 - 0.25)
    assert right.bounds == (12.0, 20.0, 14.0, 22.0)
    assert left.intersection(right).length == pytest.approx(2.0)
    assert nothing.is_empty


def test_topology_bytes_are_json_of_the_economies():
    assert json.loads(shapes.topology_bytes()) == shapes.cut_topology(shapes.load_topology(), "economies")


def squares(**rings):
    """Two squares side by side, an enclave in the left one and an island, as TopoJSON with an arc per piece of line."""
    return {
        "transform": {"scale": [0.5, 0.5], "translate": [10.0, 20.0]},
        "arcs": [
            [[4, 0], [-4, 0], [0, 2]],
            [[0, 2], [0, 2], [4, 0]],
            [[4, 0], [0, 4]],
            [[4, 4], [4, 0], [0, -4], [-4, 0]],
            [[1, 1], [0, 1], [1, 0]],
            [[2, 2], [0, -1], [-1, 0]],
            [[20, 0], [4, 0], [0, 4], [-4, -4]],
        ],
        "objects": {
            name: {"type": "GeometryCollection", "geometries": [{"id": key, **value} for key, value in found.items()]}
            for name, found in rings.items()
        },
    }


@pytest.fixture
def drawing():
    return squares(
        economies={
            "AA": {"type": "Polygon", "arcs": [[0, 1, ~2], [4, 5]]},
            "BB": {"type": "MultiPolygon", "arcs": [[[2, 3]], [[6]]]},
            "CC": {"type": "Polygon", "arcs": [[~5, ~4]]},
            "DD": {"type": None},
        },
        subdivisions={"BB-1": {"type": "Polygon", "arcs": [[6]]}},
    )


def same_shapes(before, after):
    return [record["id"] for record, _ in before] == [record["id"] for record, _ in after] and all(
        old.equals(new) for (_, old), (_, new) in zip(before, after, strict=True)
    )


def test_cutting_keeps_shapes_and_joins_arcs(drawing):
    cut = shapes.cut_topology(drawing, "economies")
    assert list(cut["objects"]) == ["economies"]
    assert same_shapes(shapes.decode_topology(drawing, "economies"), shapes.decode_topology(cut, "economies"))
    # The left coast, the border, the enclave's ring used by both sides, the right coast, the island.
    assert len(cut["arcs"]) == 5


def test_cutting_to_some_leaves_only_their_arcs(drawing):
    cut = shapes.cut_topology(drawing, "economies", ["CC"])
    assert [shape["id"] for shape in cut["objects"]["economies"]["geometries"]] == ["CC"]
    assert len(cut["arcs"]) == 1
    (kept,) = (shape for _, shape in shapes.decode_topology(cut, "economies"))
    assert kept.bounds == (10.5, 20.5, 11.0, 21.0)


def test_cutting_to_what_is_not_there_is_refused(drawing):
    with pytest.raises(shapes.GeometryError, match="has no object 'lakes', but economies, subdivisions"):
        shapes.cut_topology(drawing, "lakes")
    with pytest.raises(shapes.GeometryError, match="'economies' has no ZZ"):
        shapes.cut_topology(drawing, "economies", ["AA", "ZZ"])


@pytest.mark.parametrize("name", [shapes.ECONOMIES, shapes.SUBDIVISIONS])
def test_cutting_the_vendored_topology_keeps_every_shape(name):
    topology = shapes.load_topology()
    cut = shapes.cut_topology(topology, name)
    assert same_shapes(shapes.decode_topology(topology, name), shapes.decode_topology(cut, name))
    assert len(cut["arcs"]) < len(topology["arcs"])
    assert shapes.cut_topology(cut, name) == cut


@pytest.mark.parametrize(("economy", "count", "limit"), [("NG", 37, 10_000), ("RU", 83, 70_000), ("XK", 0, 200)])
def test_one_economy_can_be_embedded_alone(economy, count, limit):
    text = shapes.topology_bytes(name=shapes.SUBDIVISIONS, economy=economy)
    assert len(json.loads(text)["objects"]["subdivisions"]["geometries"]) == count
    assert len(text) < limit


def test_unknown_economy_is_refused():
    with pytest.raises(shapes.GeometryError, match="no economy 'ZZ'"):
        shapes.topology_bytes(name=shapes.SUBDIVISIONS, economy="ZZ")
