"""Names: what each source contributes."""

from functools import cache

import polars as pl
import pytest

from assets.places.aliases import alias_names
from assets.places.names import (
    CASES,
    COLUMNS,
    KINDS,
    airport_codes,
    city_names,
    country_names,
    metro_names,
    read_cities,
    read_subdivisions,
    subdivision_codes,
    subdivision_names,
)
from assets.places.text import FLAG, key_of
from maps.geometry.regions import load_metros


@cache
def _cities():
    return read_cities()


@cache
def _countries():
    return country_names()


@cache
def _city_names():
    return city_names(_cities(), _countries()).with_columns(key=key_of(pl.col("name")))


@cache
def _subdivisions():
    return read_subdivisions()


def _meanings(frame, name, *columns):
    return set(frame.filter(pl.col("name") == name).select(*columns).unique().iter_rows())


# Places and their subdivisions.


@pytest.mark.parametrize(
    ("name", "geonameid", "admin1"),
    [
        ("Lagos", 2332459, "NG-LA"),
        ("Jakarta", 1642911, "ID-JK"),
        ("Paris", 2988507, "FR-IDF"),
        ("London", 2643743, "GB-ENG"),
        ("Taichung", 1668399, "TW-TXG"),
        ("Male", 1282027, "MV-MLE"),
        ("Cork", 2965140, "IE-M"),
        ("Reykjavík", 3413829, "IS-1"),
        ("Windhoek", 3352136, "NA-KH"),
        ("Lima", 3936456, "PE-LMA"),
        ("Nairobi", 184745, "KE-30"),
        ("Mumbai", 1275339, "IN-MH"),
        ("Beijing", 1816670, "CN-BJ"),
        ("Istanbul", 745044, "TR-34"),
        ("Seoul", 1835848, "KR-11"),
        ("Tokyo", 1850147, "JP-13"),
        ("Moscow", 524901, "RU-MOW"),
        ("Bogotá", 3688689, "CO-DC"),
        ("Mexico City", 3530597, "MX-CMX"),
        ("Toronto", 6167865, "CA-ON"),
        ("Sydney", 2147714, "AU-NSW"),
        ("Hanoi", 1581130, "VN-HN"),
    ],
)
def test_a_city_lies_in_its_subdivision_of_iso_3166_2(name, geonameid, admin1):
    (row,) = _cities().filter(pl.col("geonameid") == geonameid).to_dicts()
    assert (row["name"], row["admin1"]) == (name, admin1)


def test_nearly_all_people_of_cities_have_a_subdivision_of_their_own_country():
    cities = _cities()
    assert cities["geonameid"].is_unique().all()
    known = cities.filter(pl.col("admin1").is_not_null())
    assert known["population"].sum() > 0.98 * cities["population"].sum()
    assert known.select((pl.col("admin1").str.slice(0, 3) == pl.col("country") + "-").all()).item()


def test_namibia_is_a_country_and_not_a_missing_value():
    assert _cities().filter(pl.col("country") == "NA").height > 20
    assert _subdivisions().filter(pl.col("country") == "NA", pl.col("level") == 1).height >= 13
    assert _meanings(_countries().filter(pl.col("prior") > 1e6), "Namibia", "country") == {("NA",)}


def test_subdivisions_have_two_levels_and_codes_of_their_country():
    frame = _subdivisions()
    assert set(frame["level"]) == {1, 2}
    coded = frame.filter(pl.col("iso").is_not_null(), pl.col("level") == 1)
    assert coded.height > 3000
    assert not frame.filter(pl.col("iso") == "").height
    assert {"US-CA", "NG-LA", "ID-JK", "BR-SP", "IN-KA", "CN-GD"} <= set(coded["iso"])


# Sources.


def test_every_source_contributes_rows_of_one_shape():
    cities, subdivisions = _cities(), _subdivisions()
    for frame in (
        _countries(),
        _city_names(),
        subdivision_names(subdivisions, cities),
        subdivision_codes(subdivisions, cities),
        airport_codes(cities),
        metro_names(cities),
        alias_names(cities),
    ):
        assert set(COLUMNS) <= set(frame.columns)
        assert set(frame["kind"]) <= set(KINDS)
        assert set(frame["case"]) <= set(CASES)
        assert frame.select((pl.col("prior") > 0).all()).item()
        assert not frame["name"].null_count()


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("Germany", "DE"), ("Deutschland", "DE"), ("Allemagne", "DE"), ("ドイツ", "DE"), ("Германия", "DE"),
        ("ألمانيا", "DE"), ("जर्मनी", "DE"), ("Saksa", "DE"), ("Kosovo", "XK"), ("Namibia", "NA"), ("Taiwan", "TW"),
        ("日本", "JP"), (FLAG + "ke", "KE"), ("KEN", "KE"), ("KE", "KE"),
    ],
)  # fmt: skip
def test_countries_go_by_names_of_all_languages_codes_and_flags(name, country):
    likeliest = _countries().filter(pl.col("name") == name).sort("prior", descending=True)
    assert likeliest["country"][0] == country


def test_codes_of_countries_count_only_as_codes_are_written():
    frame = _countries()
    assert _meanings(frame.filter(pl.col("country") == "DE"), "DE", "case") == {("tail",)}
    assert _meanings(frame.filter(pl.col("country") == "DE"), "DEU", "case") == {("upper",)}


def test_a_sovereign_may_stand_behind_its_territory_and_not_the_other_way_round():
    china = _countries().filter(pl.col("name") == "China")
    weight = dict(china.group_by("country").agg(pl.col("prior").max()).iter_rows())
    assert {"HK", "MO", "TW"} < set(weight)
    assert weight["CN"] > 100 * max(weight["HK"], weight["MO"], weight["TW"])
    assert _meanings(_countries(), "Hong Kong", "country") == {("HK",)}


@pytest.mark.parametrize("name", ["Munich", "München", "Monaco di Baviera", "Мюнхен", "ミュンヘン", "慕尼黑"])
def test_cities_go_by_their_names_in_all_scripts(name):
    assert 2867714 in set(_city_names().filter(pl.col("name") == name)["geonameid"])


def test_transliterations_in_small_letters_and_codes_are_no_names_of_cities():
    second = _city_names().filter("second_hand")
    assert second.height > 500_000
    small = pl.col("name").str.contains(r"^[\x00-\x7f]*$") & ~pl.col("name").str.contains("[A-Z]")
    assert not second.filter(small).height
    assert not second.filter(pl.col("name").str.contains(r"^[A-Z]{1,4}$")).height


def test_no_city_goes_by_the_name_of_a_foreign_country_but_by_its_own():
    second = _city_names().filter("second_hand")
    assert not second.filter(pl.col("key") == "germany").height
    assert not second.filter(pl.col("key") == "france", pl.col("country") != "FR").height


def test_a_capital_is_likelier_than_its_people_say():
    frame = _city_names().filter(~pl.col("second_hand"))
    people = dict(_cities().select("geonameid", "population").iter_rows())
    prior = dict(frame.select("geonameid", "prior").iter_rows())
    for capital, other in ((3352136, 3354247), (184745, 186301), (2988507, 2995469)):  # Windhoek, Nairobi, Paris
        assert prior[capital] / people[capital] > 2 * prior[other] / people[other]


@pytest.mark.parametrize(
    ("key", "admin1"),
    [
        ("california", "US-CA"),
        ("bavaria", "DE-BY"),
        ("lagos", "NG-LA"),
        ("gauteng", "ZA-GP"),
        ("guangdong", "CN-GD"),
        ("karnataka", "IN-KA"),
        ("sao paulo", "BR-SP"),
        ("ontario", "CA-ON"),
    ],
)
def test_subdivisions_go_by_their_names(key, admin1):
    frame = subdivision_names(_subdivisions(), _cities()).with_columns(name=key_of(pl.col("name")))
    assert (admin1, "admin1") in _meanings(frame, key, "admin1", "kind")


def test_counties_of_ireland_lie_in_its_provinces():
    frame = subdivision_names(_subdivisions(), _cities()).filter(pl.col("country") == "IE")
    assert set(frame["admin1"].drop_nulls()) <= {"IE-C", "IE-L", "IE-M", "IE-U"}


def test_letters_of_subdivisions_count_behind_a_name_and_with_the_country_in_capitals():
    frame = subdivision_codes(_subdivisions(), _cities())
    assert ("US-TX", "tail") in _meanings(frame, "TX", "admin1", "case")
    assert ("US-TX", "upper") in _meanings(frame, "US TX", "admin1", "case")
    prior = dict(frame.filter(pl.col("name") == "CA", pl.col("case") == "tail").select("admin1", "prior").iter_rows())
    assert max(prior, key=prior.get) == "US-CA"
    assert not frame.filter(pl.col("admin1").is_in(["CN-TW", "CN-HK", "FR-RE", "US-PR"])).height


@pytest.mark.parametrize(("code", "geonameid"), [("LOS", 2332459), ("NBO", 184745), ("SIN", 1880252)])
def test_airports_stand_for_their_cities_in_capitals(code, geonameid):
    assert _meanings(airport_codes(_cities()), code, "geonameid", "case") == {(geonameid, "upper")}


def test_other_names_of_metros_mean_their_core():
    frame = metro_names(_cities())
    for metro in load_metros():
        for alias in metro.aliases:
            assert metro.members[0].geonameid in set(frame.filter(pl.col("name") == alias)["geonameid"])
