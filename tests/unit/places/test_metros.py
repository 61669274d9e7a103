"""Metros: who belongs to them, in which order the rules apply, and sheets that are in step with the watch-list."""

import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.places.metros import metro_membership, metro_of_admin1, metro_sheets
from maps.geometry.regions import Member, Metro, load_metros

ROOT = Path(__file__).parents[3]


def metro(slug, *, longitude=0.0, latitude=0.0, members=(), admin1_members=(), radius_km=None, country="NG"):
    return Metro(
        region_id=f"metro:{slug}",
        name=slug.title(),
        country=country,
        admin1=None,
        longitude=longitude,
        latitude=latitude,
        members=tuple(Member(name=f"Place {number}", geonameid=number) for number in members),
        admin1_members=admin1_members,
        radius_km=radius_km,
        aliases=(),
        collisions=(),
        note=None,
    )


def cities(*rows):
    return pl.DataFrame(
        rows,
        schema={
            "geonameid": pl.Int64,
            "country": pl.String,
            "admin1": pl.String,
            "longitude": pl.Float64,
            "latitude": pl.Float64,
        },
        orient="row",
    )


def belongs(frame, *metros):
    found = metro_membership(frame, metros)
    assert found.schema == {"geonameid": pl.Int64, "metro": pl.String}
    assert found["geonameid"].is_unique().all()
    return dict(found.iter_rows())


def test_members_go_first_then_codes_then_radius():
    one = metro("one", members=[1], radius_km=100)
    two = metro("two", members=[9], admin1_members=("NG-LA",), longitude=0.1)
    frame = cities(
        (1, "NG", "NG-LA", 0.1, 0.0),  # a member of one, in the subdivision of two
        (2, "NG", "NG-LA", 0.0, 0.0),  # in the subdivision of two, at the anchor of one
        (3, "NG", "NG-OG", 0.0, 0.5),
        (4, "NG", "NG-OG", 0.0, 5.0),
    )
    assert belongs(frame, one, two) == {1: "metro:one", 2: "metro:two", 3: "metro:one"}


def test_nearest_anchor_wins_where_two_reach():
    west, east = metro("west", radius_km=150), metro("east", longitude=1.0, radius_km=150)
    frame = cities((1, "NG", None, 0.4, 0.0), (2, "NG", None, 0.6, 0.0), (3, "NG", None, 0.5, 0.0))
    assert belongs(frame, west, east) == {1: "metro:west", 2: "metro:east", 3: "metro:east"}


def test_radius_ends_at_the_border():
    frame = cities((1, "NG", None, 0.0, 0.0), (2, "BJ", None, 0.0, 0.0))
    assert belongs(frame, metro("lagos", radius_km=10)) == {1: "metro:lagos"}


def test_radius_crosses_the_date_line():
    frame = cities((1, "NG", None, -179.95, 0.0), (2, "NG", None, 179.0, 0.0))
    assert belongs(frame, metro("line", longitude=179.95, radius_km=15)) == {1: "metro:line"}


def test_places_without_position_or_country_are_no_error():
    frame = cities((1, "NG", "NG-LA", None, None), (2, "NG", None, None, 1.0), (3, None, None, 0.0, 0.0))
    assert belongs(frame, metro("lagos", admin1_members=("NG-LA",), radius_km=150)) == {1: "metro:lagos"}


def test_no_city_or_no_metro_is_an_empty_table():
    assert belongs(cities(), metro("lagos", radius_km=1)) == {}
    assert belongs(cities((1, "NG", "NG-LA", 0.0, 0.0))) == {}


def test_a_repeated_city_is_one_row():
    assert belongs(cities(*[(1, "NG", None, 0.0, 0.0)] * 3), metro("lagos", members=[1])) == {1: "metro:lagos"}


@given(
    st.floats(-180, 180),
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.floats(-90, 90),
    st.floats(1, 150),
)
def test_distance_is_that_of_the_cosine_rule(longitude, latitude, other_longitude, other_latitude, radius):
    found = belongs(
        cities((1, "NG", None, other_longitude, other_latitude)),
        metro("here", longitude=longitude, latitude=latitude, radius_km=radius),
    )
    east = math.radians(longitude - other_longitude)
    first, second = math.radians(latitude), math.radians(other_latitude)
    cosine = math.sin(first) * math.sin(second) + math.cos(first) * math.cos(second) * math.cos(east)
    distance = 6371.0088 * math.acos(max(-1, min(1, cosine)))
    if abs(distance - radius) > 0.2:  # the cosine rule loses its digits on short ways
        assert bool(found) == (distance < radius)


@pytest.mark.parametrize(
    ("code", "slug"),
    [
        ("NG-LA", "lagos"),
        ("ID-JK", "jakarta"),
        ("PE-CAL", "lima"),
        ("CN-BJ", "beijing"),
        ("CN-SH", "shanghai"),
        ("DE-BE", "berlin"),
        ("KR-11", "seoul"),
        ("JP-13", "tokyo"),
        ("MX-CMX", "mexico-city"),
        ("CO-DC", "bogota"),
        ("AR-C", "buenos-aires"),
        ("EG-C", "cairo"),
        ("VN-HN", "hanoi"),
        ("TH-10", "bangkok"),
    ],
)
def test_watch_list_knows_city_states(code, slug):
    assert dict(metro_of_admin1().iter_rows())[code] == f"metro:{slug}"


def test_states_that_are_more_than_a_city_are_no_members():
    whole = set(metro_of_admin1()["admin1"])
    assert not whole & {"US-CA", "US-NY", "IN-KA", "IN-MH", "CN-GD", "GB-ENG", "CA-ON", "BR-SP", "PK-SD", "TR-41"}


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((1, "ZA", "ZA-GP", 28.19, -25.75), None),  # Pretoria
        ((2, "AE", "AE-SH", 55.40, 25.34), None),  # Sharjah
        ((3, "DE", "DE-BB", 13.07, 52.40), None),  # Potsdam
        ((4, "PT", "PT-08", -8.67, 37.10), None),  # Lagos in Portugal
        ((5, "GB", "GB-ENG", -0.40, 51.66), "metro:london"),  # Watford
        ((6, "FR", "FR-IDF", 2.07, 48.94), "metro:paris"),
        ((7, "US", "US-NJ", -74.03, 40.77), "metro:new-york"),
        ((8, "US", "US-NY", -78.88, 42.89), None),  # Buffalo
        ((9, "CN", "CN-GD", 113.26, 23.13), None),  # Guangzhou
        ((10, "HK", None, 114.02, 22.45), "metro:hong-kong"),
        ((11, "CO", "CO-CUN", -74.26, 4.73), "metro:bogota"),
    ],
)
def test_watch_list_places(place, expected):
    assert dict(metro_membership(cities(place)).iter_rows()).get(place[0]) == expected


def test_sheets_are_in_step():
    printed = (ROOT / "docs" / "metros.md").read_text(encoding="utf-8")
    assert printed == metro_sheets(), "run 'atlas dictionary'"


def test_sheets_tell_everything_about_every_metro():
    text = metro_sheets()
    for one in load_metros():
        sheet = text.partition(f"\n## {one.name}\n")[2].partition("\n## ")[0]
        said = [f"`{one.region_id}`", f"`{one.country}`", *one.aliases, *one.collisions, *one.admin1_members]
        said += [f"{member.name} ({member.geonameid})" for member in one.members]
        said += [one.note] if one.note else []
        said += [f"{one.radius_km:g} km"] if one.radius_km else []
        assert [words for words in said if words not in sheet] == []


def test_sheets_of_a_metro_without_extras_have_no_empty_lines():
    sheet = metro_sheets([metro("lagos", members=[1])]).partition("## ")[2]
    assert sheet.splitlines() == [
        "Lagos",
        "",
        "* **Id**: `metro:lagos`",
        "* **Economy or territory**: Nigeria (`NG`)",
        "* **Anchor**: 0.0000° N, 0.0000° E",
        "* **Members (1)**: Place 1 (1)",
    ]
