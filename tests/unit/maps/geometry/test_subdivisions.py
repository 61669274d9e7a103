"""Subdivisions: nested in their economies, where the world has them, and each one either drawn or explained."""

import re
import shutil
from collections import defaultdict
from itertools import chain
from pathlib import Path

import geopandas as gpd
import polars as pl
import pyproj
import pytest
import shapely

from maps.geometry import regions, shapes
from maps.geometry.degrees import shape_area_km2

NEAR_METRES = 25_000.0

CITIES = {
    "Abidjan": ("CI-01", -4.02, 5.35),
    "Accra": ("GH-AA", -0.19, 5.60),
    "Aksai Chin": ("CN-XJ", 79.5, 35.2),
    "Almaty's hinterland": ("KZ-ALA", 77.5, 44.5),
    "Ambato": ("EC-T", -78.62, -1.25),
    "Amsterdam": ("NL-NH", 4.90, 52.37),
    "Anadyr": ("RU-CHU", 177.51, 64.73),
    "Anchorage": ("US-AK", -149.90, 61.20),
    "Asmara": ("ER-MA", 38.93, 15.34),
    "Athens": ("GR-I", 23.73, 37.98),
    "Bandung": ("ID-JB", 107.61, -6.92),
    "Barcelona": ("ES-CT", 2.16, 41.39),
    "Bengaluru": ("IN-KA", 77.594, 12.972),
    "Berlin": ("DE-BE", 13.41, 52.52),
    "Bogotá": ("CO-DC", -74.08, 4.61),
    "Brasília": ("BR-DF", -47.93, -15.78),
    "Brussels": ("BE-BRU", 4.35, 50.85),
    "Buenos Aires": ("AR-C", -58.42, -34.61),
    "Cairo": ("EG-C", 31.35, 30.06),
    "Cape Town": ("ZA-WC", 18.46, -33.95),
    "Chennai": ("IN-TN", 80.22, 13.08),
    "Chicago": ("US-IL", -87.75, 41.85),
    "Đà Nẵng": ("VN-DN", 108.10, 16.00),
    "Davao": ("PH-11", 125.50, 7.15),
    "Donetsk": ("UA-14", 37.80, 48.02),
    "Edinburgh": ("GB-SCT", -3.19, 55.93),
    "Georgetown": ("GY-DE", -58.15, 6.75),
    "Gilgit": ("PK-GB", 74.31, 35.92),
    "Guadalajara": ("MX-JAL", -103.35, 20.67),
    "Hangzhou": ("CN-ZJ", 120.10, 30.25),
    "Hanoi": ("VN-HN", 105.80, 21.02),
    "Hồ Chí Minh": ("VN-SG", 106.66, 10.80),
    "Honolulu": ("US-HI", -157.86, 21.35),
    "Hyderabad": ("IN-TS", 78.47, 17.38),
    "Isfahan": ("IR-10", 51.67, 32.65),
    "Islamabad": ("PK-IS", 73.06, 33.69),
    "Istanbul": ("TR-34", 28.80, 41.05),
    "Jakarta": ("ID-JK", 106.845, -6.215),
    "Jayapura": ("ID-PA", 140.70, -2.60),
    "Juba": ("SS-EC", 31.58, 4.86),
    "Kaduna": ("NG-KD", 7.44, 10.52),
    "Kampala": ("UG-C", 32.58, 0.34),
    "Karachi": ("PK-SD", 67.05, 24.90),
    "Kathmandu": ("NP-P3", 85.32, 27.71),
    "Kazan": ("RU-TA", 49.12, 55.79),
    "Kigali": ("RW-01", 30.06, -1.95),
    "Kinshasa": ("CD-KN", 15.31, -4.35),
    "Kyiv": ("UA-30", 30.52, 50.45),
    "Lagos": ("NG-LA", 3.395, 6.50),
    "Leh": ("IN-LA", 77.58, 34.16),
    "Lhasa": ("CN-XZ", 91.11, 29.65),
    "Lima": ("PE-LMA", -77.03, -12.04),
    "London": ("GB-ENG", -0.13, 51.51),
    "Lyon": ("FR-ARA", 4.84, 45.76),
    "Malolos": ("PH-03", 120.82, 14.85),
    "Manchester": ("GB-ENG", -2.24, 53.48),
    "Manila": ("PH-00", 121.03, 14.60),
    "Medellín": ("CO-ANT", -75.57, 6.25),
    "Milan": ("IT-25", 9.19, 45.46),
    "Montréal": ("CA-QC", -73.60, 45.52),
    "Moscow": ("RU-MOW", 37.62, 55.75),
    "Moscow's south-east": ("RU-MOS", 38.60, 55.40),
    "Mumbai": ("IN-MH", 72.95, 19.08),
    "Munich": ("DE-BY", 11.58, 48.14),
    "Nairobi": ("KE-30", 36.84, -1.29),
    "Nakuru": ("KE-700", 36.07, -0.29),
    "Naples": ("IT-72", 14.35, 40.90),
    "New Delhi": ("IN-DL", 77.15, 28.62),
    "Oslo": ("NO-03", 10.75, 59.95),
    "Palermo": ("IT-82", 13.40, 37.95),
    "Paris": ("FR-IDF", 2.349, 48.853),
    "Reykjavík": ("IS-1", -21.85, 64.12),
    "San Francisco": ("US-CA", -122.30, 37.75),
    "Saint Petersburg": ("RU-SPE", 30.31, 59.94),
    "São Paulo": ("BR-SP", -46.64, -23.55),
    "Seoul": ("KR-11", 126.99, 37.56),
    "Sevastopol": ("UA-40", 33.60, 44.60),
    "Shanghai": ("CN-SH", 121.40, 31.20),
    "Simferopol": ("UA-43", 34.10, 44.95),
    "Skopje, Centar": ("MK-814", 21.425, 41.975),
    "Srinagar": ("IN-JK", 74.80, 34.09),
    "Surabaya": ("ID-JI", 112.70, -7.30),
    "Sydney": ("AU-NSW", 151.00, -33.85),
    "Taipei": ("TW-TPE", 121.54, 25.05),
    "Tehran": ("IR-23", 51.39, 35.70),
    "Tokyo": ("JP-13", 139.60, 35.70),
    "Toronto": ("CA-ON", -79.40, 43.75),
    "Tunis": ("TN-11", 10.17, 36.80),
    "Valmiera": ("LV-113", 25.43, 57.54),
    "Warsaw": ("PL-14", 21.01, 52.23),
    "Zürich": ("CH-ZH", 8.54, 47.38),
}
"""Cities, and contested or often misplaced places, with the drawn subdivision they lie in."""
UNDIVIDED = {
    "Cayenne": ("GF", -52.4, 4.9),
    "Hargeisa": ("SO", 44.07, 9.56),
    "Hong Kong": ("HK", 114.10, 22.42),
    "Kyrenia's hinterland": ("CY", 33.2, 35.25),
    "Laayoune": ("EH", -13.1, 27.15),
    "Pristina": ("XK", 21.167, 42.667),
    "San Juan": ("PR", -66.2, 18.3),
    "Greenland's national park": ("GL", -35.0, 75.0),
}
LEFT_OVER = {"CY", "GL", "SO"}
"""Economies with land that no subdivision of the source has; `SOURCES.json` says which."""
LOST_TO_THE_GRID = {"MT-21", "MT-29", "MT-42"}


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return regions.load_subdivisions()


@pytest.fixture(scope="module")
def outlines() -> gpd.GeoDataFrame:
    return shapes.load_shapes(name=shapes.SUBDIVISIONS)


@pytest.fixture(scope="module")
def by_id(outlines):
    return dict(zip(outlines.region_id, outlines.geometry, strict=True))


@pytest.fixture(scope="module")
def economies():
    drawn = shapes.load_shapes()
    return dict(zip(drawn.region_id, drawn.geometry, strict=True))


@pytest.fixture
def folder(tmp_path):
    for name in (regions.ECONOMIES_FILE, regions.SUBREGIONS_FILE, regions.SUBDIVISIONS_FILE):
        shutil.copy(str(shapes.data_folder() / name), tmp_path / name)
    return tmp_path


def metres_to(shape, longitude, latitude):
    plane = pyproj.Transformer.from_crs(
        4326, f"+proj=aeqd +lon_0={longitude} +lat_0={latitude} +datum=WGS84", always_xy=True
    )
    return shapely.Point(0, 0).distance(shapely.transform(shape, plane.transform, interleaved=False))


def test_more_than_sixty_places_are_asserted():
    assert len(CITIES) > 60


@pytest.mark.parametrize("city", CITIES)
def test_city_lies_in_its_subdivision(outlines, by_id, city):
    region_id, longitude, latitude = CITIES[city]
    assert metres_to(by_id[region_id], longitude, latitude) < NEAR_METRES
    inside = set(outlines.region_id[outlines.contains(shapely.Point(longitude, latitude))])
    # A coast may be a few kilometres off, but no other economy may have the place, and rarely a neighbour.
    assert {other[:2] for other in inside} <= {region_id[:2]}


def test_nearly_all_cities_lie_inside(outlines):
    points = gpd.GeoDataFrame(
        {"stated": [region_id for region_id, _, _ in CITIES.values()]},
        geometry=[shapely.Point(longitude, latitude) for _, longitude, latitude in CITIES.values()],
        crs=4326,
    )
    found = points.sjoin(outlines, how="left", predicate="within")
    wrong = found[(found.region_id != found.stated) & found.region_id.notna()]
    assert set(wrong.stated) == set()
    assert found.region_id.isna().sum() <= 5


def test_topology_and_table_draw_the_same_subdivisions(table):
    drawn = table.filter("drawn")["region_id"].to_list()
    ids = [shape["id"] for shape in shapes.load_topology()["objects"]["subdivisions"]["geometries"]]
    assert ids == sorted(drawn)
    assert len(ids) == len(set(ids)) == shapes.provenance()["output"]["subdivisions"]


def test_ids_are_codes_of_an_economy_and_never_those_of_the_source(table):
    assert table["region_id"].is_unique().all()
    assert table["region_id"].str.contains("^[A-Z]{2}-[A-Z0-9]{1,3}$").all()
    # Natural Earth writes -99 for a missing code and a tilde after one of its own; Isla de la Juventud is CU-99.
    assert table.filter(pl.col("region_id").str.contains(r"^-|~|-99|-X\d\d"))["region_id"].to_list() == ["CU-99"]
    assert (table["region_id"].str.head(2) == table["parent_id"]).all()


def test_names_are_unique_within_an_economy_and_written_plainly(table):
    assert table.group_by("parent_id", "name").len().filter(pl.col("len") > 1).is_empty()
    assert table.filter(pl.col("name").str.contains(r"[\[\]†*]"))["name"].to_list() == []


def test_subdivisions_fill_their_economy(by_id, economies):
    area = defaultdict(float)
    for region_id, shape in by_id.items():
        area[region_id[:2]] += shape_area_km2(shape)
    ratios = {region_id: area[region_id] / shape_area_km2(economies[region_id]) for region_id in area}
    assert {region_id for region_id, ratio in ratios.items() if not 0.99 < ratio < 1.01} == LEFT_OVER
    assert len(ratios) > 180


def test_levels_share_their_arcs():
    objects = shapes.load_topology()["objects"]
    arcs = {
        name: {
            geometry["id"]: {
                ~arc if arc < 0 else arc
                for arc in chain.from_iterable(
                    geometry["arcs"] if geometry["type"] == "Polygon" else chain.from_iterable(geometry["arcs"])
                )
            }
            for geometry in objects[name]["geometries"]
        }
        for name in ("economies", "subdivisions")
    }
    of_economy = defaultdict(set)
    for region_id, used in arcs["subdivisions"].items():
        of_economy[region_id[:2]] |= used
    foreign = {
        economy for economy, used in of_economy.items() if not arcs["economies"][economy] <= used and economy != "GL"
    }
    assert foreign <= LEFT_OVER


def test_shapes_are_a_valid_coverage(outlines):
    decoded = shapes.decode_topology(shapes.load_topology(), "subdivisions")
    assert [record["id"] for record, shape in decoded if not shape.is_valid] == []
    assert not outlines.is_empty.any()
    assert shapely.coverage_is_valid(outlines.geometry.to_numpy())


def test_nothing_spans_the_antimeridian(by_id):
    widths = {
        region_id: max(part.bounds[2] - part.bounds[0] for part in shape.geoms) for region_id, shape in by_id.items()
    }
    assert max(widths.values()) < 70
    assert by_id["RU-CHU"].bounds[0] == -180.0
    assert by_id["RU-CHU"].bounds[2] == 180.0


@pytest.mark.parametrize("place", UNDIVIDED)
def test_land_without_subdivision_lies_in_none(outlines, economies, place):
    economy, longitude, latitude = UNDIVIDED[place]
    point = shapely.Point(longitude, latitude)
    assert set(outlines.region_id[outlines.contains(point)]) == set()
    assert economies[economy].contains(point)


def test_territories_that_are_economies_are_not_drawn_twice(table):
    overseas = table.filter(pl.col("region_id").is_in(["FR-973", "US-PR", "CN-TW", "CN-HK", "CN-MO", "RS-KM", "FI-01"]))
    assert not overseas["drawn"].any()
    assert dict(overseas.select("region_id", "outline_id").iter_rows()) == {
        "CN-HK": "HK",
        "CN-MO": "MO",
        "CN-TW": "TW",
        "FI-01": "AX",
        "FR-973": "GF",
        "RS-KM": "XK",
        "US-PR": "PR",
    }


def test_moscow_is_the_smaller_of_the_two(table):
    areas = dict(table.filter(pl.col("region_id").is_in(["RU-MOW", "RU-MOS"])).select("region_id", "area_km2").rows())
    assert areas["RU-MOW"] < 4_000
    assert areas["RU-MOS"] > 40_000


def test_alaska_and_hawaii_are_where_they_are(by_id):
    assert by_id["US-AK"].bounds[3] > 70
    assert by_id["US-AK"].bounds[0] < -170
    assert -161 < by_id["US-HI"].bounds[0] < by_id["US-HI"].bounds[2] < -154


@pytest.mark.parametrize(
    ("economy", "drawn", "largest"),
    [
        ("FR", 13, "FR-NAQ"),
        ("GB", 4, "GB-ENG"),
        ("IT", 20, "IT-82"),
        ("KE", 8, "KE-700"),
        ("ID", 33, "ID-PA"),
        ("IN", 35, "IN-RJ"),
        ("PH", 17, "PH-02"),
        ("UG", 4, "UG-N"),
        ("VN", 34, "VN-35"),
        ("US", 51, "US-AK"),
        ("NG", 37, "NG-BO"),
    ],
)
def test_second_level_units_are_joined(table, economy, drawn, largest):
    found = table.filter("drawn", parent_id=economy).sort("area_km2", descending=True)
    assert found.height == drawn
    assert found["region_id"][0] == largest


@pytest.mark.parametrize(
    ("region_id", "vintage", "holds"),
    [
        ("ID-PA", "before 2022", {"ID-PE", "ID-PS", "ID-PT"}),
        ("ID-KI", "before 2012", {"ID-KU"}),
        ("GH-BA", "before 2019", {"GH-AF", "GH-BE", "GH-BO"}),
        ("KE-500", "before 2013", {"KE-07", "KE-24", "KE-46"}),
    ],
)
def test_older_outlines_say_so(table, region_id, vintage, holds):
    row = table.row(by_predicate=pl.col("region_id") == region_id, named=True)
    assert row["vintage"] == vintage
    assert set(table.filter(pl.col("outline_id") == region_id, ~pl.col("drawn"))["region_id"]) == holds
    assert all(name in row["note"] for name in holds)


def test_every_outline_that_holds_a_newer_subdivision_states_its_vintage(table):
    held = table.filter(~pl.col("drawn"), pl.col("note").str.starts_with("Newer"))["outline_id"].unique()
    silent = table.filter(pl.col("region_id").is_in(held.implode()), pl.col("vintage").is_null())
    assert silent["region_id"].to_list() == []


def test_documentation_names_every_economy_with_an_older_outline(table):
    text = (Path(__file__).parents[4] / "docs" / "geometry.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\b[A-Z]{2}\b", text.partition("## Vintages")[2].partition("## Worldview")[0]))
    assert listed == set(table.filter(pl.col("vintage").is_not_null())["parent_id"])


def test_what_the_scale_loses_is_listed(table):
    lost = table.filter(~pl.col("drawn"), pl.col("note").str.starts_with("Too small"))
    assert set(lost["region_id"]) >= LOST_TO_THE_GRID
    assert {"MC-MC", "MV-00"} <= set(table.filter(~pl.col("drawn"))["region_id"])


def test_anchors_lie_in_or_near_the_outline_they_belong_to(table, by_id):
    # Islands that are not drawn lie in the outline of no subdivision, but of their economy.
    inside = table.filter(pl.col("outline_id").is_in(list(by_id)))
    points = shapely.points(inside["longitude"], inside["latitude"])
    degrees = shapely.distance(points, [by_id[outline] for outline in inside["outline_id"]])
    far = inside.with_columns(degrees=pl.Series(degrees)).filter(
        pl.col("degrees") > pl.when("drawn").then(0.05).otherwise(0.35)
    )
    assert far.select("region_id", "degrees").rows() == []


def edit(folder, old, new):
    place = folder / regions.SUBDIVISIONS_FILE
    text = place.read_text(encoding="utf-8")
    assert text.count(old) == 1
    place.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("\nNG-LA,Lagos,NG", "\nNG-LAGO,Lagos,NG", "'NG-LAGO': region_id is 'NG-LAGO'; write ISO 3166-2"),
        ("\nNG-LA,Lagos,NG", "\nNG-KN,Lagos,NG", "'NG-KN': region_id is 'NG-KN'; keep one row"),
        ("\nNG-LA,Lagos,NG", "\nNG-LA,,NG", "'NG-LA': name is None; write"),
        ("\nNG-LA,Lagos,NG", "\nNG-LA,Lagos,NE", "'NG-LA': parent_id is 'NE'; write the letters"),
        (",true,NG-LA,", ",true,NG-OG,", "'NG-LA': outline_id is 'NG-OG'; a drawn"),
        (",true,NG-LA,", ",false,NG-OG,", "'NG-LA': drawn is False; only outlines have an area"),
        ("US-PR,Puerto Rico,US,-66.", "US-PR,Puerto Rico,US,-366.", "'US-PR': longitude is -366"),
        (",false,PR,,", ",false,QQ,,", "'US-PR': outline_id is 'QQ'; name a drawn"),
        (",PR,,Drawn as the economy PR.", ",PR,,", "'US-PR': note is None; say why"),
    ],
)
def test_bad_edit_is_refused_by_name_and_value(folder, old, new, complaint):
    edit(folder, old, new)
    with pytest.raises(regions.RegionError) as refusal:
        regions.load_subdivisions(folder)
    assert complaint in str(refusal.value)


def test_missing_column_is_refused(folder):
    place = folder / regions.SUBDIVISIONS_FILE
    pl.read_csv(place, infer_schema=False).drop("vintage").write_csv(place)
    with pytest.raises(regions.RegionError, match="lacks the columns vintage"):
        regions.load_subdivisions(folder)


def test_registry_stays_without_subdivisions(table):
    assert set(regions.load_regions()["region_id"]).isdisjoint(table["region_id"])
    assert table.columns == list(regions.SUBDIVISION_COLUMNS)
