"""The page is one file that asks for nothing, runs only its own scripts, and says what the table says."""

import base64
import hashlib
import json
import re
import time
from importlib.resources import files

import folium
import polars as pl
import pytest

from maps import cells as cube
from maps import words
from maps.geometry.regions import load_regions
from maps.interactive import OfflineMap, render_world_map
from tests.unit.maps import synthetic

LINK = 'href="https://leafletjs.com"'


@pytest.fixture(scope="module")
def page():
    return render_world_map(synthetic.cells(), synthetic.regions(), synthetic.spec(), topology=synthetic.topology())


def block(page, name):
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)[1])


def test_bytes_are_the_same_each_time(page):
    again = render_world_map(synthetic.cells(), synthetic.regions(), synthetic.spec(), topology=synthetic.topology())
    assert page == again


def resources(page):
    """Addresses on other hosts, without the link in Leaflet's attribution, which this map leaves off."""
    return re.findall(r"""(?:src|href|action)\s*=\s*["']?\s*(?:https?:)?//[^"' ]+""", page.replace(LINK, ""))


def test_nothing_refers_to_another_file(page):
    assert page.count(LINK) == 1
    assert not resources(page)
    assert not re.findall(r"<(?:link|img|iframe|object|embed|base)\b", page)
    assert not re.findall(r"@import|\bfetch\(|XMLHttpRequest|WebSocket|sourceMappingURL|url\((?!#)", page)


def test_policy_names_every_script_by_digest(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.split("style-src", maxsplit=1)[0]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 3
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_page_has_language_title_and_free_zoom(page):
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "<title>SYNTHETIC: Survey of squares, made up</title>" in page
    assert "user-scalable" not in page
    assert "maximum-scale" not in page


def test_hostile_names_are_data_and_nothing_else(page):
    assert "<script>document.body" not in page
    assert "\u202e" not in page
    assert page.count("<script") == page.count("</script>") == 5
    names = {region["name"] for region in block(page, "data")["regions"]}
    assert "{{ 7*7 }}" in names
    assert "</script><script>document.body.dataset.broken=1</script>" in names
    assert "override" in names


def test_leaflet_carries_its_licence(page):
    assert "BSD 2-Clause License" in page
    assert "Volodymyr Agafonkin" in page


def test_counts_and_figures_are_those_of_the_slices(page):
    found = cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())
    data = block(page, "data")
    assert data["signals"]["fork"]["silent"] == words.STATES["not_observed"]
    assert data["signals"]["survey_use"]["silent"] == ""
    for one, packed in zip(found, data["slices"], strict=True):
        counts = packed["counts"]
        parts = [counts[f"class-{i}"] for i in range(7)]
        parts += [counts[key] for key in ("suppressed", "not_observable", "not_observed")]
        assert sum(parts) == one.counts.total == len(synthetic.COUNTRIES)
    shares = data["slices"][0]["columns"]["cn_share"]
    ids = [data["regions"][index]["id"] for index in data["slices"][0]["region"]]
    table = synthetic.cells().filter(signal="survey_use")
    assert dict(zip(ids, shares, strict=True)) == dict(table.select("region_id", "cn_share").rows())


def test_arcs_come_back_as_they_went(page):
    def numbers(text):
        out, value, shift = [], 0, 0
        for sign in text:
            digit = ord(sign) - 63
            value |= (digit & 31) << shift
            shift += 5
            if digit < 32:
                out.append(~(value >> 1) if value & 1 else value >> 1)
                value = shift = 0
        return out

    arcs = json.loads(synthetic.topology())["arcs"]
    packed = block(page, "topology")["arcs"]
    assert [numbers(text) for text in packed] == [[step for point in arc for step in point] for arc in arcs]


def test_outlines_of_unknown_regions_are_refused():
    topology = synthetic.topology().replace(b'"id": "A3"', b'"id": "ZZ"')
    with pytest.raises(cube.MapError, match="ZZ"):
        render_world_map(synthetic.cells(), synthetic.regions(), synthetic.spec(), topology=topology)


def test_real_outlines_stay_within_budget():
    regions = load_regions()
    rows = [
        synthetic.cell(region, cn_share=(index % 101) / 100, reason=None)
        for index, region in enumerate(regions.filter(level="country")["region_id"])
    ]
    table = synthetic.cells().clear().vstack(pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row"))
    start = time.perf_counter()
    page = render_world_map(table, regions, synthetic.spec())
    assert time.perf_counter() - start < 2
    assert len(page.encode()) <= 600_000


def test_own_script_stays_small():
    # 25 kB for the map and half a kB for the links to the pages that explain a region.
    assert len((files("maps") / "web" / "atlas.js").read_bytes()) < 25.5 * 1024


def test_vendored_files_are_those_of_their_provenance():
    web = files("maps") / "web"
    pinned = json.loads((web / "SOURCES.json").read_text(encoding="utf-8"))["leaflet"]["sha256"]
    assert {name: hashlib.sha256((web / name).read_bytes()).hexdigest() for name in pinned} == pinned


def test_offline_map_takes_other_layers_of_folium():
    world = OfflineMap()
    folium.GeoJson({"type": "Point", "coordinates": [3.4, 6.5]}, marker=folium.CircleMarker()).add_to(world)
    page = world.get_root().render()
    assert "geo_json" in page
    assert not resources(page)
