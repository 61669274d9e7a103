"""The interactive map in a browser without a network: what it draws, says and does.

The figures are SYNTHETIC; the outlines are the packaged ones where a test needs the real world.
"""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from maps import cells as cube
from maps import patterns, scales, words
from maps.geometry.regions import load_regions
from maps.interactive import render_world_map
from tests.unit.maps import synthetic

pytestmark = pytest.mark.system
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def world_cells(regions):
    """A cell of every look spread over the real economies."""
    looks = (
        {},
        {"n": 12.0},
        {"state": "suppressed", "bound_low": 0.1, "bound_high": 0.8},
        {"state": "not_observable"},
        {"evidence": "modelled"},
        None,
    )
    rows = [synthetic.cell("world", level="world"), synthetic.cell("m49:015", level="subregion", cn_share=0.7)]
    for index, region in enumerate(regions.filter(level="country")["region_id"]):
        figures = looks[index % len(looks)]
        if figures is None:
            continue
        if "state" in figures:
            state = figures["state"]
            extra = {key: value for key, value in figures.items() if key != "state"}
            rows.append(synthetic.silent(region, state, "Made up.", **extra))
        else:
            rows.append(synthetic.cell(region, cn_share=(index * 37 % 101) / 100, **figures))
    metro = regions.filter(level="metro")["region_id"]
    rows += [synthetic.cell(region, level="metro", evidence="modelled", reason="Made up.") for region in metro]
    return pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row")


@pytest.fixture(scope="module")
def world():
    regions = load_regions()
    return world_cells(regions), regions


@pytest.fixture(scope="module")
def page_file(world, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "world.html"
    file.write_text(render_world_map(*world, synthetic.spec()), encoding="utf-8")
    return file


def drawn(page):
    return page.eval_on_selector_all(
        ".folium-map [data-region]",
        "nodes => nodes.map(n => [n.dataset.region, n.dataset.look, n.getAttribute('fill')])",
    )


def test_fills_are_those_that_python_computes(show, world, page_file):
    one = cube.slices(*world, synthetic.spec())[0]
    expected = {
        (region, look, patterns.fill_of(look, index, strength=scales.strength_of(n)))
        for region, level, look, index, n in one.rows.select("region_id", "level", "look", "class", "n").rows()
        if level in {"country", "metro"}
    }
    assert {tuple(item) for item in drawn(show(page_file))} == expected


def test_legend_counts_every_economy_once(show, world, page_file):
    page = show(page_file)
    counts = page.eval_on_selector_all(
        "#legend [data-key]", "nodes => nodes.map(n => [n.dataset.key, Number(n.lastElementChild.textContent)])"
    )
    counts = dict(counts)
    one = cube.slices(*world, synthetic.spec())[0]
    assert [counts[f"class-{index}"] for index in range(7)] == list(one.counts.classes)
    states = ("suppressed", "not_observable", "not_observed")
    total = sum(counts[f"class-{index}"] for index in range(7)) + sum(counts[state] for state in states)
    assert total == world[1].filter(level="country").height


def test_every_suppressed_economy_bears_a_cross(show, world, page_file):
    page = show(page_file)
    assert page.locator(".cross").count() == world[0].filter(state="suppressed").height


def test_arrow_keys_reach_and_announce_every_region(show, world, page_file):
    page = show(page_file)
    page.locator("#theme").focus()
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.region !== undefined"):
            break
    page.keyboard.press("ArrowRight")
    first = page.text_content("#live")
    page.keyboard.press("ArrowRight")
    second = page.text_content("#live")
    assert first
    assert second
    assert first != second
    reached = page.evaluate(
        """() => {
          const press = key => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
          const here = () => document.activeElement.dataset.region;
          const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], paths = new Map([[here(), []]]);
          const queue = [here()];
          const links = new Map();
          // Walk every arrow from every region: go there by focus, as a user would have arrived.
          for (const id of queue) {
            for (const key of keys) {
              const path = document.querySelector(`.folium-map [data-region="${CSS.escape(id)}"]`);
              path.dispatchEvent(new MouseEvent("click", {bubbles: true}));
              path.focus();
              press(key);
              if (!paths.has(here())) { paths.set(here(), 1); queue.push(here()); }
            }
          }
          return [...paths.keys()];
        }"""
    )
    regions = world[1].filter(pl.col("level").is_in(["country", "metro"]))["region_id"]
    assert set(reached) == set(regions)


def test_table_is_the_map(show, world, page_file):
    page = show(page_file)
    page.click("summary")
    page.wait_for_selector("#rows tr")
    rows = page.eval_on_selector_all(
        "#rows tr", "rows => rows.map(r => [r.dataset.region, ...[...r.children].map(c => c.textContent)])"
    )
    assert len(rows) == world[1].height
    shown = {row[0]: row for row in rows}
    one = cube.slices(*world, synthetic.spec())[0]
    for row in one.rows.to_dicts():
        line = shown[row["region_id"]]
        assert line[1].removesuffix(" (metro area)") == row["name"]
        assert line[3] == words.percent(row["cn_share"])
        assert line[4] == words.percent_span(row["cn_share_low"], row["cn_share_high"])
        assert line[6] == words.count(row["n"])
        assert line[11] == words.STATES[row["state"]]


def test_csv_holds_the_figures_of_the_table(show, world, page_file):
    page = show(page_file)
    with page.expect_download() as download:
        page.click("#csv")
    assert download.value.suggested_filename == "adoption-atlas-survey_use-2025-05-01-publisher.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = {row["region_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == world[1].height
    for region, share in world[0].select("region_id", "cn_share").rows():
        assert rows[region]["cn_share"] == ("" if share is None else f"{round(share, 4):g}")


def test_svg_download_is_a_picture_of_its_own(show, page_file):
    import xml.etree.ElementTree as ET

    page = show(page_file)
    with page.expect_download() as download:
        page.click("#svg")
    root = ET.parse(download.value.path()).getroot()  # noqa: S314 - our own page's file
    texts = [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0].startswith("SYNTHETIC: ")
    assert len([node for node in root.iter() if node.get("data-region")]) > 200
    said = " ".join(texts)
    for part in ("Chinese share of Chinese and US together, %", *words.LOOKS.values()):
        assert part in said, "The picture needs its legend."
    credit = " ".join(page.text_content("#credit").split())
    assert credit in " ".join(said.split()), "The credit is not cut off."
    _, _, wide, tall = (float(number) for number in root.get("viewBox").split())
    places = [(float(node.get("x")), float(node.get("y"))) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert all(0 <= x <= wide and 0 <= y <= tall for x, y in places)


def test_tab_reaches_the_map_once_and_shows_where_it_is(show, page_file):
    page = show(page_file)
    page.focus("#world")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.region !== undefined")
    assert page.locator(".outline").count() == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator('.folium-map [data-region][tabindex="0"]').count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#card') !== null")


def test_another_signal_closes_the_description_of_the_old_one(show, page_file):
    page = show(page_file)
    page.hover('.folium-map [data-region="BR"]', force=True)
    assert page.is_visible("#tip")
    page.evaluate(
        "() => { const s = document.querySelector('#signal'); s.value = 'fork'; s.dispatchEvent(new Event('change')); }"
    )
    assert page.is_hidden("#tip")


def test_a_signal_that_no_source_can_tell_is_not_listed_as_missing_data(show, tmp_path):
    file = tmp_path / "silent.html"
    regions = load_regions()
    rows = [
        synthetic.silent(region, "not_observable", "Made up.", signal="model_download")
        for region in regions.filter(level="country")["region_id"]
    ]
    table = synthetic.cells().clear().vstack(pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row"))
    file.write_text(render_world_map(table, regions, synthetic.spec()), encoding="utf-8")
    labels = {label.split(" – ")[1] for label in show(file).locator("#signal option").all_text_contents()}
    assert labels == {words.STATES["not_observable"], words.STATES["not_observed"]}


def test_signals_without_data_are_listed_with_their_reason(show, page_file):
    page = show(page_file)
    assert "no data in this run" in page.locator("#signal option").nth(2).text_content()
    page.select_option("#signal", "fork")
    assert words.NO_ROW in page.text_content("#notice")
    assert {look for _, look, _ in drawn(page)} == {"not_observed"}
    page.select_option("#signal", "survey_use")
    assert page.is_hidden("#notice")


def test_evidence_view_colours_by_evidence(show, world, page_file):
    page = show(page_file)
    page.select_option("#view", "evidence")
    fills = {region: fill for region, _, fill in drawn(page)}
    for region, evidence in world[0].filter(pl.col("cn_share").is_not_null()).select("region_id", "evidence").rows():
        if region in fills:
            assert fills[region] == patterns.EVIDENCE_FILLS[evidence]
    assert page.is_visible("#kinds")
    assert page.is_hidden("#scale")


def test_regions_link_to_the_pages_that_explain_them(show, world, tmp_path):
    file = tmp_path / "world.html"
    spec = replace(synthetic.spec(), explained="explain")
    file.write_text(render_world_map(*world, spec), encoding="utf-8")
    page = show(file)
    page.click("summary")
    page.wait_for_selector("#rows tr")
    links = page.eval_on_selector_all("#rows th a", "all => all.map(a => a.getAttribute('href'))")
    regions = page.eval_on_selector_all("#rows tr", "all => all.map(row => row.dataset.region)")
    assert links == [f"explain/{region.replace(':', '-')}.html" for region in regions]
    page.fill("#find", "Lagos")
    page.press("#find", "Enter")
    assert page.get_attribute("#card a", "href") == "explain/metro-lagos.html"
    assert page.inner_text("#card a") == words.EXPLAIN


def test_the_description_stays_for_who_goes_to_its_link(show, world, tmp_path):
    file = tmp_path / "world.html"
    spec = replace(synthetic.spec(), explained="explain")
    file.write_text(render_world_map(*world, spec), encoding="utf-8")
    page = show(file)
    page.hover('.folium-map [data-region="BR"]', force=True)
    for part in ("95 % interval", "n = ", "Worst-case bounds", "Evidence: "):
        assert part in page.text_content("#tip").replace("\u00a0", " ")
    page.wait_for_selector("#tip.pinned")
    link = page.locator("#tip a")
    assert link.get_attribute("href") == "explain/BR.html"
    box = link.bounding_box()
    # On the way lie other regions, which must not take its place.
    page.mouse.move(box["x"] + 9, box["y"] + box["height"] / 2, steps=20)
    assert "Brazil" in page.text_content("#tip")
    assert link.evaluate("link => link.matches(':hover')")
    page.mouse.move(5, 5, steps=3)
    assert page.is_hidden("#tip")


def test_a_description_that_stays_gives_way_to_the_next_region(show, page_file):
    page = show(page_file)
    page.hover('.folium-map [data-region="BR"]', force=True)
    page.wait_for_selector("#tip.pinned")
    tip, at = page.locator("#tip").bounding_box(), page.locator('.folium-map [data-region="AR"]').bounding_box()
    page.mouse.move(tip["x"] - 16, tip["y"] - 16)
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 3, steps=15)
    assert "Argentina" in page.text_content("#tip")


def test_tab_leads_from_a_region_into_its_description_and_escape_back(show, world, tmp_path):
    file = tmp_path / "world.html"
    spec = replace(synthetic.spec(), explained="explain")
    file.write_text(render_world_map(*world, spec), encoding="utf-8")
    page = show(file)
    page.focus("#world")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    region = page.evaluate("document.activeElement.dataset.region")
    page.keyboard.press("Tab")
    assert page.is_visible("#tip")
    focused = page.evaluate("[document.activeElement.parentElement.id, document.activeElement.getAttribute('href')]")
    assert focused == ["tip", f"explain/{region.replace(':', '-')}.html"]
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.region") == region
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.is_hidden("#tip")
    assert page.evaluate("document.activeElement.closest('#card') !== null")


def test_a_map_alone_in_another_page_links_nowhere(browser, world, tmp_path):
    spec = replace(synthetic.spec(), explained="explain")
    (tmp_path / "world.html").write_text(render_world_map(*world, spec), encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text('<iframe src="world.html" width="900" height="900"></iframe>', encoding="utf-8")
    page = browser.new_page()
    page.goto(frame.as_uri())
    inside = page.frames[1]
    inside.wait_for_selector("body[data-ready]")
    inside.click("summary")
    inside.wait_for_selector("#rows tr")
    assert inside.query_selector_all("#rows tr")
    assert inside.query_selector_all("#rows a, #card a") == []
    page.close()


def test_find_reaches_a_small_economy(show, page_file):
    page = show(page_file)
    page.fill("#find", "singapore")
    page.keyboard.press("Enter")
    assert page.locator("#card strong").text_content() == "Singapore"
    assert "Singapore" in page.text_content("#live")


def test_pointing_describes_and_leaving_hides(show, page_file):
    page = show(page_file)
    page.hover('.folium-map [data-region="BR"]', force=True)
    assert "Brazil" in page.text_content("#tip")
    page.mouse.move(5, 5)
    assert page.is_hidden("#tip")


def test_hostile_names_stay_text(show, tmp_path):
    file = tmp_path / "hostile.html"
    page_text = render_world_map(
        synthetic.cells(), synthetic.regions(), synthetic.spec(), topology=synthetic.topology()
    )
    file.write_text(page_text, encoding="utf-8")
    page = show(file)
    page.click("summary")
    page.wait_for_selector("#rows tr")
    assert page.evaluate("document.body.dataset.broken") is None
    names = page.locator("#rows th").all_text_contents()
    assert "</script><script>document.body.dataset.broken=1</script>" in names
    with page.expect_download() as download:
        page.click("#csv")
    assert "'=1+1" in Path(download.value.path()).read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        ("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))", "img-src"),
        ("fetch('http://127.0.0.1:9/').catch(() => {})", "connect-src"),
        ("document.body.append(Object.assign(document.createElement('script'), {text: 'x'}))", "script-src-elem"),
    ],
)
def test_the_policy_is_in_force(browser, page_file, attempt, refused):
    page = browser.new_context(offline=True).new_page()
    page.goto(page_file.as_uri())
    page.wait_for_selector("body[data-ready]")
    found = page.evaluate(
        f"""new Promise(done => {{
          document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
          setTimeout(done, 5000, "nothing was refused");
          {attempt};
        }})"""
    )
    assert found == refused
    page.context.close()


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
def test_nothing_overlaps_or_spills(show, page_file, tmp_path, size, scheme):
    page = show(page_file, viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page.screenshot(path=tmp_path / f"{size['width']}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    parts = ("header", "#controls", ".folium-map", "#legend", "#aside", "#table", "footer")
    boxes = {part: page.locator(part).bounding_box() for part in parts}
    for first in parts:
        for second in parts:
            if first < second:
                one, two = boxes[first], boxes[second]
                apart = (
                    one["x"] + one["width"] <= two["x"] + 1
                    or two["x"] + two["width"] <= one["x"] + 1
                    or one["y"] + one["height"] <= two["y"] + 1
                    or two["y"] + two["height"] <= one["y"] + 1
                )
                assert apart, f"{first} overlaps {second}: {json.dumps([one, two])}"
    assert boxes["#legend"]["y"] >= boxes[".folium-map"]["y"] + boxes[".folium-map"]["height"]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_theme_button_turns_light_to_dark_and_keeps_the_data_colours(show, page_file):
    page = show(page_file)
    before = drawn(page)
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert drawn(page) == before
