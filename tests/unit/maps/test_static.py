"""The picture shows what the slices say, in the colours that Python computes, within its size."""

import re
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from maps import cells as cube
from maps import patterns
from maps.geometry.regions import load_regions
from maps.raster import svg_to_png
from maps.static import render_static_svg
from tests.unit.maps import synthetic

SVG = "{http://www.w3.org/2000/svg}"


def draw(signal=None):
    return render_static_svg(
        synthetic.cells(), synthetic.regions(), synthetic.spec(), signal=signal, shapes=synthetic.shapes()
    )


@pytest.fixture(scope="module")
def picture():
    return draw()


def test_bytes_are_the_same_each_time(picture):
    assert picture == draw()


def test_fills_are_those_of_look_and_class(picture):
    one = cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())[0]
    drawn = {
        node.get("data-region"): (node.get("data-look"), node.get("fill"))
        for node in ET.fromstring(picture).iter()  # noqa: S314 - our own text
        if node.get("data-region")
    }
    expected = {
        region: (look, patterns.fill_of(look, index))
        for region, level, look, index in one.rows.select("region_id", "level", "look", "class").rows()
        if level in {"country", "metro"}
    }
    assert drawn == expected


def test_names_are_inert_and_every_region_has_its_figures(picture):
    root = ET.fromstring(picture)  # noqa: S314 - our own text
    titles = [node.findtext(f"{SVG}title") for node in root.iter() if node.get("data-region")]
    assert any(title.startswith("</script><script>") for title in titles)
    assert "A8: 100 % Chinese, 95 % interval 90–100 %, n = 100 respondents, declared by those counted" in " ".join(
        titles
    )
    assert not list(root.iter(f"{SVG}script"))
    assert "\u202e" not in picture


def test_legend_counts_are_those_of_the_table(picture):
    one = cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())[0]
    legend = ET.fromstring(picture).find(f".//{SVG}g[@id='legend']")  # noqa: S314 - our own text
    bold = [node.text for node in legend.iter(f"{SVG}text") if node.get("font-weight") == "700"]
    numbers = [int(text) for text in bold if text.isdigit()]
    counts = one.counts
    assert numbers[:7] == list(counts.classes)
    assert numbers[7:] == [getattr(counts, key) for key, _, _ in patterns.legend()]


def test_a_map_without_colour_says_why():
    assert "No public source says where." in draw("model_download")


def test_unknown_signal_is_refused():
    with pytest.raises(cube.MapError, match="likes"):
        draw("likes")


def test_nothing_refers_to_another_file(picture):
    assert not re.findall(r"""(?:href|src)\s*=|@import|url\((?!#)""", picture)


def test_real_outlines_stay_within_budget_and_become_a_png():
    regions = load_regions()
    countries = regions.filter(level="country")["region_id"]
    rows = [synthetic.cell(region, cn_share=(i % 101) / 100) for i, region in enumerate(countries)]
    table = pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row")
    picture = render_static_svg(table, regions, synthetic.spec())
    assert len(picture.encode()) <= 400_000
    png = svg_to_png(picture, width=600)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 600
    assert png == svg_to_png(picture, width=600)


def test_a_picture_without_a_view_box_is_refused():
    with pytest.raises(ValueError, match="viewBox"):
        svg_to_png("<svg></svg>")
