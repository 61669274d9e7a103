"""Registry: every economy and metro, with a parent, and bad edits refused by name and value."""

import shutil

import polars as pl
import pytest

from maps.geometry import regions
from maps.geometry.shapes import data_folder

GOOD = """
[[metro]]
id = "metro:lagos"
name = "Lagos"
country = "NG"
admin1 = "NG-LA"
longitude = 3.39
latitude = 6.45
radius_km = 40
admin1_members = ["NG-LA"]
aliases = ["Eko"]
members = [{ name = "Lagos", geonameid = 2332459 }, { name = "Ikeja", geonameid = 2338106 }]
"""
OTHER = (
    GOOD.replace("metro:lagos", "metro:eko")
    .replace("2332459", "1")
    .replace("2338106", "2")
    .replace('["NG-LA"]', '["NG-OG"]')
)
WISHED = [
    "lagos",
    "jakarta",
    "lima",
    "nairobi",
    "sao-paulo",
    "bengaluru",
    "cairo",
    "mexico-city",
    "hanoi",
    "karachi",
    "istanbul",
    "singapore",
    "shenzhen",
    "san-francisco-bay-area",
]


@pytest.fixture(scope="module")
def registry() -> pl.DataFrame:
    return regions.load_regions()


@pytest.fixture
def folder(tmp_path):
    for name in (regions.ECONOMIES_FILE, regions.SUBREGIONS_FILE, regions.METROS_FILE):
        shutil.copy(str(data_folder() / name), tmp_path / name)
    return tmp_path


@pytest.fixture
def metros_file(tmp_path):
    def write(text):
        place = tmp_path / "metros.toml"
        place.write_text(text, encoding="utf-8")
        return place

    return write


def replace_in(folder, name, old, new):
    place = folder / name
    text = place.read_text(encoding="utf-8")
    assert old in text
    place.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_registry_has_all_249_iso_codes_and_kosovo(registry):
    codes = registry.filter(level="country")["region_id"]
    assert codes.n_unique() == len(codes) == 250
    assert codes.str.contains("^[A-Z]{2}$").all()
    assert {
        "AX",
        "BQ",
        "BV",
        "CW",
        "GG",
        "HK",
        "IO",
        "JE",
        "MO",
        "NA",
        "NO",
        "PS",
        "SS",
        "SX",
        "TL",
        "TW",
        "UM",
        "XK",
        "ZW",
    } <= set(codes)
    iso3 = registry.filter(level="country")["iso3"]
    assert iso3.n_unique() == 250
    assert iso3.str.contains("^[A-Z]{3}$").all()


def test_m49_codes_are_three_digits_and_only_kosovo_has_none(registry):
    economies = registry.filter(level="country")
    assert economies.filter(pl.col("m49").is_null())["region_id"].to_list() == ["XK"]
    assert economies["m49"].drop_nulls().n_unique() == 249
    assert economies["m49"].drop_nulls().str.contains(r"^\d{3}$").all()
    assert economies.filter(region_id="AF")["m49"].item() == "004"


def test_namibia_is_text(registry):
    namibia = registry.filter(region_id="NA")
    assert namibia["name"].item() == "Namibia"
    assert registry["region_id"].null_count() == 0


def test_columns_are_those_of_the_declared_table(registry):
    from assets.schemas.attribute import Regions

    assert registry.columns == Regions.column_names()
    assert Regions.is_valid(registry)


def test_every_region_but_the_world_has_a_parent_of_the_right_level(registry):
    levels = dict(registry.select("region_id", "level").iter_rows())
    allowed = {"subregion": {"world"}, "country": {"subregion"}, "metro": {"country"}}
    for row in registry.iter_rows(named=True):
        if row["region_id"] == "world":
            assert row["parent_id"] is None
        elif row["region_id"] == "AQ":
            assert row["parent_id"] == "world"
        else:
            assert levels[row["parent_id"]] in allowed[row["level"]], row


def test_subregions_split_africa_and_latin_america(registry):
    parents = dict(registry.select("region_id", "parent_id").iter_rows())
    names = dict(registry.select("region_id", "name").iter_rows())
    expected = {
        "NG": "Western Africa",
        "KE": "Eastern Africa",
        "CD": "Middle Africa",
        "NA": "Southern Africa",
        "EG": "Northern Africa",
        "PE": "South America",
        "MX": "Central America",
        "JM": "Caribbean",
        "TW": "Eastern Asia",
        "XK": "Southern Europe",
        "GG": "Northern Europe",
    }
    assert {region_id: names[parents[region_id]] for region_id in expected} == expected
    assert registry.filter(level="subregion").height == 22


def test_every_economy_and_metro_has_an_anchor(registry):
    placed = registry.filter(pl.col("level").is_in(["country", "metro"]))
    assert placed.filter(pl.col("longitude").is_null() | pl.col("latitude").is_null()).is_empty()


def test_undrawn_economies_say_why(registry):
    undrawn = registry.filter(~pl.col("drawn"), level="country")
    assert undrawn["region_id"].to_list() == ["AQ", "BV", "CC", "GI", "TK", "UM", "VA"]
    assert undrawn["note"].str.starts_with("Not drawn").all()


def test_worldview_notes_are_on_the_regions_concerned(registry):
    noted = dict(registry.filter(pl.col("note").is_not_null()).select("region_id", "note").iter_rows())
    assert "Crimea" in noted["UA"]
    assert "Somaliland" in noted["SO"]
    assert "Northern Cyprus" in noted["CY"]
    assert "Siachen" in noted["IN"]
    assert "Siachen" in noted["PK"]
    assert "user-assigned" in noted["XK"]


def test_watch_list_covers_every_continent(registry):
    metros = regions.load_metros()
    ids = {metro.region_id for metro in metros}
    assert {f"metro:{name}" for name in WISHED} <= ids
    assert len(ids) == len(metros) >= 40
    parents = dict(registry.select("region_id", "parent_id").iter_rows())
    assert len({parents[metro.country] for metro in metros}) >= 15
    assert all(metro.members for metro in metros)


def test_metro_carries_members_aliases_and_collisions():
    lima = next(metro for metro in regions.load_metros() if metro.region_id == "metro:lima")
    assert lima.country == "PE"
    assert regions.Member(name="Callao", geonameid=3946083) in lima.members
    assert "Lima, Ohio, United States" in lima.collisions


def test_good_file_is_read(metros_file):
    (metro,) = regions.load_metros(metros_file(GOOD))
    assert (metro.region_id, metro.admin1, metro.aliases, metro.collisions) == ("metro:lagos", "NG-LA", ("Eko",), ())
    assert [member.geonameid for member in metro.members] == [2332459, 2338106]
    assert (metro.radius_km, metro.admin1_members) == (40.0, ("NG-LA",))


def test_radius_and_codes_are_optional(metros_file):
    (metro,) = regions.load_metros(
        metros_file(GOOD.replace("radius_km = 40\n", "").replace('admin1_members = ["NG-LA"]\n', ""))
    )
    assert (metro.radius_km, metro.admin1_members) == (None, ())


def test_greatest_radius_is_allowed(metros_file):
    (metro,) = regions.load_metros(metros_file(GOOD.replace("= 40", "= 150")))
    assert metro.radius_km == 150


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"NG"', '"NX"', "'NX'"),
        ('"metro:lagos"', '"metro:Lagos"', "'metro:Lagos'"),
        ('"metro:lagos"', '"metro:são-paulo"', "'metro:são-paulo'"),
        ('"metro:lagos"', '"lagos"', "'lagos'"),
        ('"metro:lagos"', '"metro:a--b"', "'metro:a--b'"),
        ("longitude = 3.39", "longitude = 183.39", r"183\.39"),
        ("latitude = 6.45", "latitude = -96.45", r"-96\.45"),
        ("latitude = 6.45", "latitude = nan", "nan"),
        ("latitude = 6.45", "latitude = true", "True"),
        ("latitude = 6.45", 'latitude = "6.45"', "'6.45'"),
        ("latitude = 6.45", "", "lacks latitude"),
        ('name = "Lagos"\n', "", "lacks name"),
        ('name = "Lagos"\n', 'name = ""\n', "name is ''"),
        ('"NG-LA"', '"GH-AA"', "'GH-AA'"),
        ('["NG-LA"]', '["GH-AA"]', "admin1_members holds 'GH-AA', neither an ISO 3166-2 code of NG nor the economy"),
        ('["NG-LA"]', '["Lagos"]', "admin1_members holds 'Lagos'"),
        ('["NG-LA"]', '["NG-LA", "NG-LA"]', "admin1_members holds 'NG-LA' twice"),
        ('["NG-LA"]', "[7]", "admin1_members holds 7"),
        ('["NG-LA"]', '"NG-LA"', "admin1_members is 'NG-LA', which is empty or of the wrong type"),
        ("radius_km = 40", "radius_km = 0", "radius_km 0 is not above 0 and at most 150"),
        ("radius_km = 40", "radius_km = -3", "radius_km -3"),
        ("radius_km = 40", "radius_km = 150.5", r"radius_km 150\.5"),
        ("radius_km = 40", "radius_km = nan", "radius_km nan"),
        ("radius_km = 40", "radius_km = true", "radius_km is True"),
        ('["Eko"]', '["Eko", 7]', "7"),
        ("aliases", "alias", "unknown key alias"),
        ('{ name = "Ikeja", geonameid = 2338106 }', '{ name = "Ikeja" }', "Ikeja"),
        ("2338106", "2332459", "Ikeja, Lagos"),
        (GOOD[GOOD.index("members = [{") :], "members = []", r"members is \[\]"),
        (GOOD[GOOD.index("members = [{") :], "", "lacks members"),
        ("[[metro]]", "[[metro]", "cannot be read as TOML"),
        ("[[metro]]", "[[city]]", r"no \[\[metro\]\] table"),
    ],
)
def test_bad_metro_is_refused_by_file_and_value(metros_file, old, new, said):
    assert old in GOOD
    with pytest.raises(regions.RegionError, match=rf"metros\.toml.*{said}"):
        regions.load_metros(metros_file(GOOD.replace(old, new, 1)))


def test_metro_named_in_the_refusal(metros_file):
    with pytest.raises(regions.RegionError, match=r"metros\.toml: metro 'metro:eko': country 'NX'"):
        regions.load_metros(metros_file(GOOD + OTHER.replace('"NG"', '"NX"')))


def test_repeated_id_is_refused(metros_file):
    repeated = OTHER.replace("metro:eko", "metro:lagos")
    with pytest.raises(regions.RegionError, match="'metro:lagos' occurs twice"):
        regions.load_metros(metros_file(GOOD + repeated))


def test_member_of_two_metros_is_refused(metros_file):
    with pytest.raises(regions.RegionError, match=r"'metro:eko': member 2332459 \(Lagos\).*metro:lagos"):
        regions.load_metros(metros_file(GOOD + GOOD.replace("metro:lagos", "metro:eko")))


def test_admin1_of_two_metros_is_refused(metros_file):
    shared = OTHER.replace('["NG-OG"]', '["NG-OG", "NG-LA"]')
    with pytest.raises(regions.RegionError, match="'metro:eko': admin1_members: NG-LA already belongs to metro:lagos"):
        regions.load_metros(metros_file(GOOD + shared))


def test_every_metro_has_aliases_and_more_than_its_core():
    for metro in regions.load_metros():
        assert metro.aliases, metro.region_id
        assert metro.admin1_members or metro.radius_km or len(metro.members) > 1, metro.region_id
        assert not {*metro.aliases} & {*metro.collisions}, metro.region_id


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(regions.RegionError, match=r"gone\.toml"):
        regions.load_metros(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\nNG,NGA,", "\nNga,NGA,", "'Nga'"),
        ("\nNG,NGA,", "\nNE,NGA,", "region 'NE'"),
        ("NGA,566,", "NGA,56,", "'56'"),
        ("566,Nigeria,m49:011", "566,Nigeria,m49:999", "'m49:999'"),
        ("566,Nigeria,", "566,,", "name is None"),
        ("true,", "perhaps,", "perhaps"),
        ("region_id,iso3", "region_id,alpha3", "lacks the columns iso3"),
    ],
)
def test_bad_economy_is_refused_by_file_and_value(folder, old, new, said):
    replace_in(folder, regions.ECONOMIES_FILE, old, new)
    with pytest.raises(regions.RegionError, match=rf"(?s)economies\.csv.*{said}"):
        regions.load_regions(folder)


def test_bad_subregion_is_refused(folder):
    replace_in(folder, regions.SUBREGIONS_FILE, "m49:011", "m49:11")
    with pytest.raises(regions.RegionError, match=r"subregions\.csv: region 'm49:11'"):
        regions.load_regions(folder)


def test_missing_registry_file_is_refused(folder):
    (folder / regions.ECONOMIES_FILE).unlink()
    with pytest.raises(regions.RegionError, match=r"economies\.csv: cannot be read"):
        regions.load_regions(folder)
