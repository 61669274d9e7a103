"""Finding a region by what people call it: ids, codes, names and aliases; several are told, near misses proposed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.places.find_region import find_region, plain_name
from maps.geometry.regions import load_metros, load_regions

REGIONS = load_regions()


@given(st.sampled_from(REGIONS["region_id"].to_list()), st.sampled_from([str, str.lower, str.upper, str.title]))
def test_every_region_is_found_by_its_id_in_any_case(region, written):
    assert find_region(f" {written(region)} ", REGIONS).regions == (region,)


@given(st.sampled_from(REGIONS.select("region_id", "name").rows()))
def test_every_region_is_found_by_its_name(row):
    region, name = row
    assert region in find_region(name, REGIONS).regions


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("LIMA", ("metro:lima",)),
        ("NA", ("NA",)),
        ("namibia", ("NA",)),
        ("NGA", ("NG",)),
        ("Singapore", ("SG", "metro:singapore")),
        ("sao paulo", ("metro:sao-paulo",)),
        ("The Gambia", ("GM",)),
        ("western africa", ("m49:011",)),
    ],
)
def test_codes_names_and_ambiguous_names(text, regions):
    assert find_region(text, REGIONS).regions == regions


def test_every_alias_of_a_metro_finds_it():
    for metro in load_metros():
        assert all(metro.region_id in find_region(alias, REGIONS).regions for alias in metro.aliases)


def test_near_misses_are_proposed_and_nonsense_is_not():
    assert find_region("Nigerria", REGIONS).similar[0] == "Nigeria"
    nothing = find_region("xyzzy", REGIONS)
    assert (nothing.regions, nothing.similar) == ((), ())


@given(st.text(max_size=20))
def test_any_text_is_answered_and_names_are_folded_once(text):
    found = find_region(text, REGIONS)
    assert not (found.regions and found.similar)
    assert plain_name(plain_name(text)) == plain_name(text)
