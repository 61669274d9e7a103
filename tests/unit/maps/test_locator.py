"""A small picture says where a region lies, and no figure."""

import xml.etree.ElementTree as ET

import pytest

from maps import colours
from maps.geometry.regions import load_regions
from maps.geometry.views import VIEWS, WORLD, view_of
from maps.locator import WIDTH, draw_locator

AFRICA = VIEWS["africa"]


def marks(picture):
    return [node.attrib for node in ET.fromstring(picture).iter() if node.tag == "circle"]  # noqa: S314 - our own text


def test_the_region_is_dark_and_the_metro_area_a_ring_in_it():
    picture = draw_locator(AFRICA, ["NG"], label='Where "Lagos" & more lie', place=(3.4, 6.5))
    (ring,) = marks(picture)
    (dark,) = [node for node in ET.fromstring(picture) if node.get("fill") == colours.MUTED]  # noqa: S314 - our own text
    start = dark.get("d").removeprefix("M").split("l")[0].split()
    assert abs(float(ring["cx"]) - float(start[0])) < 40
    assert abs(float(ring["cy"]) - float(start[1])) < 40
    assert 'aria-label="Where &quot;Lagos&quot; &amp; more lie"' in picture
    assert len(picture) < 12_000, "It stands on hundreds of pages."


def test_a_ring_surrounds_what_is_small_and_nothing_else():
    assert marks(draw_locator(AFRICA, ["NG"], label="Nigeria", anchor=(8.0, 9.6))) == []
    (ring,) = marks(draw_locator(AFRICA, ["SC"], label="Seychelles", anchor=(55.5, -4.7)))
    assert 0 < float(ring["cx"]) < WIDTH


def test_no_colour_means_a_figure():
    picture = draw_locator(AFRICA, ["NG", "GH"], label="Two")
    meaning = {
        *colours.CLASS_COLOURS,
        *colours.SEQUENTIAL_COLOURS,
        *colours.EVIDENCE_COLOURS.values(),
        colours.SUPPRESSED,
    }
    assert not [colour for colour in meaning if colour in picture]


@pytest.mark.parametrize(("subregion", "name"), [("m49:011", "africa"), ("m49:005", "south-america"), (None, "world")])
def test_a_subregion_lies_in_its_continent(subregion, name):
    assert view_of(subregion).name == name


def test_every_economy_of_a_subregion_lies_in_a_continent():
    parents = load_regions().filter(level="country")["parent_id"].drop_nulls().unique()
    assert {view_of(parent) for parent in parents if parent.startswith("m49")} >= set(VIEWS.values()) - {WORLD}
