"""The page is one file that asks for nothing, runs only its own scripts, and says what the table says."""

import base64
import hashlib
import itertools
import json
import re
from importlib.resources import files

import folium
import polars as pl
import pytest

from maps import cells as cube
from maps import packing, words
from maps.geometry.regions import load_regions
from maps.interactive import SCRIPTS, AdoptionLayer, AdoptionMap, page_script, render_world_map
from maps.page_data import PARTS_SCHEMA
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
    assert page.count("<script") == page.count("</script>") == 4 + page.count('<script type="text/plain"')
    names = {region["name"] for region in regions_of(page)}
    assert "{{ 7*7 }}" in names
    assert "</script><script>document.body.dataset.broken=1</script>" in names
    assert "override" in names


def test_leaflet_carries_its_licence(page):
    assert "BSD 2-Clause License" in page
    assert "Volodymyr Agafonkin" in page


def blob(page, name):
    text = re.search(rf'<script type="text/plain" id="{name}">(.*?)</script>', page, re.DOTALL)[1]
    return packing.from_text(text)


def regions_of(page):
    data = block(page, "data")
    return [dict(zip(data["region_fields"], row, strict=True)) for row in data["regions"]]


def test_figures_are_those_of_the_table(page):
    data = block(page, "data")
    assert data["signals"]["fork"]["silent"] == words.STATES["not_observed"]
    assert data["signals"]["survey_use"]["silent"] == ""
    head, columns = packing.unpack_figures(blob(page, data["series"][0]["blob"]))
    ids = [regions_of(page)[place]["id"] for place in itertools.accumulate(head["steps"])]
    table = synthetic.cells().filter(signal="survey_use")
    shares = table.select("region_id", pl.col("cn_share").fill_null(float("nan")))
    assert dict(zip(ids, columns["cn_share"].tolist(), strict=True)) == pytest.approx(dict(shares.rows()), nan_ok=True)


def test_a_notice_stands_where_no_economy_has_a_share(page):
    found = {
        (one.spec.signal, one.coding): one
        for one in cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())
    }
    for series in block(page, "data")["series"]:
        one = found[series["signal"], series["coding"]]
        expected = cube.notice(one)
        assert list(series["notices"].values()) == ([expected] if expected else [])


def test_page_opens_with_the_first_slice_that_has_a_share(page):
    one = cube.first_with_values(cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec()))
    first = block(page, "data")["first"]
    assert first == {"signal": one.spec.signal, "coding": one.coding, "period": one.period.isoformat()}


def test_outlines_of_unknown_regions_are_refused():
    topology = synthetic.topology()
    topology["objects"]["economies"]["geometries"][3]["id"] = "ZZ"
    with pytest.raises(cube.MapError, match="ZZ"):
        render_world_map(synthetic.cells(), synthetic.regions(), synthetic.spec(), topology=topology)


def test_real_outlines_stay_within_budget():
    regions = load_regions()
    rows = [
        synthetic.cell(region, cn_share=(index % 101) / 100, reason=None)
        for index, region in enumerate(regions.filter(level="country")["region_id"])
    ]
    table = synthetic.cells().clear().vstack(pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row"))
    page = render_world_map(table, regions, synthetic.spec())
    assert len(page.encode()) <= 800_000


def test_own_script_stays_small():
    assert len(page_script().encode()) < 56 * 1024


def test_own_script_is_every_file_of_the_folder():
    folder = files("maps") / "web" / "script"
    assert {f"{name}.js" for name in SCRIPTS} == {path.name for path in folder.iterdir()}


def test_vendored_files_are_those_of_their_provenance():
    web = files("maps") / "web"
    pinned = json.loads((web / "SOURCES.json").read_text(encoding="utf-8"))["leaflet"]["sha256"]
    assert {name: hashlib.sha256((web / name).read_bytes()).hexdigest() for name in pinned} == pinned


def test_map_takes_other_layers_of_folium():
    world = AdoptionMap()
    folium.GeoJson({"type": "Point", "coordinates": [3.4, 6.5]}, marker=folium.CircleMarker()).add_to(world)
    page = world.get_root().render()
    assert "geo_json" in page
    assert not resources(page)


def composed(cells, **options):
    world = AdoptionMap()
    AdoptionLayer(
        cells, synthetic.spec(), regions=synthetic.regions(), topology=synthetic.topology(), **options
    ).add_to(world)
    return world


def test_layer_and_map_are_folium(tmp_path, page):
    world = composed(synthetic.cells())
    assert isinstance(world, folium.Map)
    file = tmp_path / "map.html"
    world.save(file)
    assert file.read_text(encoding="utf-8") == page


def test_a_table_of_ones_own_needs_few_columns():
    table = pl.DataFrame(
        {
            "signal": "survey_use",
            "period": synthetic.PERIOD,
            "coding": "publisher",
            "region_id": ["A0", "A1"],
            "cn_share": [0.0, 0.4],
            "evidence": "declared",
        }
    )
    page = composed(table).get_root().render()
    _, columns = packing.unpack_figures(blob(page, "series-0"))
    assert columns["state"] == ["zero", "value"]
    assert columns["cn_share"].tolist() == [0.0, 0.4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"region_id": ["A0", "ZZ", "QQ"]}, "unknown regions: QQ; |unknown regions: QQ, ZZ"),
        ({"region_id": ["A0", "A0", "A1"]}, "repeated keys: .*A0"),
        ({"cn_share": [0.1, float("nan"), 0.2]}, "cn_share is not finite: A1 nan"),
        ({"cn_share": [0.1, 1.2, -0.5]}, "cn_share is outside 0–1: A1 1.2, A2 -0.5"),
        ({"evidence": ["declared", "guessed", "declared"]}, "unknown evidence: A1 guessed"),
        ({"cn_share": [0.1, None, 0.2]}, "lacks columns: state"),
        ({"n": [1.0, 2.0, 3.0]}, "lacks columns: counted"),
    ],
)
def test_layer_refuses_what_cannot_be_drawn_and_names_it(change, message):
    table = {
        "signal": ["survey_use"] * 3,
        "period": [synthetic.PERIOD] * 3,
        "coding": ["publisher"] * 3,
        "region_id": ["A0", "A1", "A2"],
        "cn_share": [0.1, 0.2, 0.3],
        "evidence": ["declared"] * 3,
    }
    with pytest.raises(cube.MapError, match=message):
        composed(pl.DataFrame(table | change))


def test_a_map_takes_one_layer():
    world = composed(synthetic.cells())
    AdoptionLayer(
        synthetic.cells(), synthetic.spec(), regions=synthetic.regions(), topology=synthetic.topology()
    ).add_to(world, name="second")
    with pytest.raises(cube.MapError, match="one AdoptionLayer"):
        world.get_root().render()


def test_page_without_script_has_the_figures(page):
    fallback = re.search(r"<noscript>(.*?)</noscript>", page, re.DOTALL)[1]
    shown = synthetic.cells().filter(
        (pl.col("signal") == "survey_use")
        & pl.col("level").is_in(["world", "country"])
        & pl.col("cn_share").is_not_null()
    )
    assert fallback.count("<tr>") == 1 + shown.height
    assert "Economy A6" in fallback


def test_subdivisions_need_a_name_and_an_economy():
    topology = synthetic.topology()
    topology["objects"]["subdivisions"] = {"geometries": [{"type": "Polygon", "id": "ZZ-1", "arcs": [[0]]}]}
    options = {"regions": synthetic.regions(), "topology": topology}
    with pytest.raises(cube.MapError, match="have no name: ZZ-1"):
        AdoptionLayer(synthetic.cells(), synthetic.spec(), **options)
    parts = pl.DataFrame([("ZZ-1", "Z", 0.0, 0.0, "ZZ-1", None, None)], schema=PARTS_SCHEMA, orient="row")
    with pytest.raises(cube.MapError, match="the map does not have: ZZ-1"):
        AdoptionLayer(synthetic.cells(), synthetic.spec(), parts=parts, **options)
