"""The map over months, signals, measures and levels, in a browser without a network; the figures are SYNTHETIC."""

import csv
import datetime as dt
import io
import struct
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe

from maps import cells as cube
from maps import measures, packing, patterns, scales, words
from maps.geometry.regions import load_regions, load_subdivisions
from maps.interactive import render_world_map
from maps.page_data import FIGURES, PARTS_SCHEMA
from tests.unit.maps import synthetic

pytestmark = pytest.mark.system
MONTHS = [dt.date(2025, month, 1) for month in (1, 2, 3)] + [dt.date(2026, 1, 1)]
FURTHER = dict.fromkeys(cube.FURTHER, pl.Float64)
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 3840, "height": 2160}


def rows_of(regions, signal, period, seed):
    """Made-up cells of one signal and month: every state, few and many people, all measures."""
    found = []
    for index, (region, level) in enumerate(regions):
        turn = index * 31 + seed * 17
        share = (turn * 37 % 1001) / 1000
        base = {"signal": signal, "level": level, "period": period}
        if level == "country" and turn % 11 == 0:
            continue
        if level == "country" and turn % 7 == 0:
            state = ("suppressed", "not_observable", "not_observed")[turn % 3]
            found.append(synthetic.silent(region, state, "Made up.", **base))
            continue
        n = float((12, 45, 300, 5000)[turn % 4])
        figures = {
            "cn_share": share,
            "state": "value" if share else "zero",
            "n": n,
            "n_cn": float(round(n * share)),
            "n_us": n - round(n * share),
            "evidence": ("declared", "inferred", "logged", "modelled")[turn % 4 if turn % 5 == 0 else 0],
            "cn_share_shrunk": share / 2 + 0.25 if turn % 3 else None,
            "location_quotient": round(share / 0.5, 4),
            "cn_per_1000_developers": round(n * share / 50, 4),
            "change_previous": None if seed == 0 else round(60 * share - 30, 2),
            "change_previous_low": None if seed == 0 else round(60 * share - 35, 2),
            "change_previous_high": None if seed == 0 else round(60 * share - 25, 2),
        }
        found.append(synthetic.cell(region, **base, **figures))
    return found


def gaps(parts, seed):
    """All but every sixth of the subdivisions, another sixth each month."""
    return [part for index, part in enumerate(parts) if (index + seed) % 6]


@pytest.fixture(scope="module")
def deep():
    """Months of two signals over the world and the subdivisions of two economies; Peru has none with figures."""
    regions = load_regions()
    parts = load_subdivisions()
    places = list(regions.filter(pl.col("level") != "subregion").select("region_id", "level").rows())
    inner = [(region, "admin1") for region in parts.filter(pl.col("parent_id").is_in(["NG", "ID"]))["region_id"]]
    rows = [
        row
        for signal in ("survey_use", "fork")
        for seed, month in enumerate(MONTHS)
        for row in rows_of([*places, *gaps(inner, seed)], signal, month, seed + (5 if signal == "fork" else 0))
    ]
    table = pl.DataFrame(rows, schema=synthetic.SCHEMA | FURTHER, orient="row")
    return table, regions, parts


@pytest.fixture(scope="module")
def deep_file(deep, tmp_path_factory):
    table, regions, _ = deep
    file = tmp_path_factory.mktemp("deep") / "world.html"
    file.write_text(render_world_map(table, regions, synthetic.spec()), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def deep_slices(deep):
    table, regions, _ = deep
    return {(one.spec.signal, one.period): one for one in cube.slices(table, regions, synthetic.spec())}


def address(**state):
    return "#" + "&".join(f"{key}={value}" for key, value in state.items())


def drawn(page):
    """Region → look and fill of all that is in sight."""
    return {
        region: (look, fill)
        for region, look, fill in page.eval_on_selector_all(
            ".folium-map [data-region]:not(.elsewhere)",
            "nodes => nodes.map(n => [n.dataset.region, n.dataset.look, n.getAttribute('fill')])",
        )
    }


def expected_paint(rows, measure=measures.MEASURES[0]):
    """Region → look and fill by Python's rules."""
    found = {}
    for row in rows.to_dicts():
        value, look = row[measure.column], row["look"]
        index = None if value is None else sum(value >= edge for edge in measure.breaks)
        if row["cn_share"] is not None and value is None:
            look = "without_measure"
        strength = scales.strength_of(row["n"])
        found[row["region_id"]] = (look, patterns.fill_of(look, index, ramp=measure.ramp, strength=strength))
    return found


@pytest.mark.parametrize("signal", ["survey_use", "fork"])
def test_fills_are_pythons_in_every_period(show, deep_file, deep_slices, signal):
    page = show(deep_file, address(signal=signal))
    for t, month in enumerate(MONTHS):
        page.locator("#period").fill(str(t))
        one = deep_slices[signal, month]
        assert drawn(page) == expected_paint(one.rows.filter(pl.col("level").is_in(["country", "metro"])))
        assert page.text_content("#subtitle").replace("\u00a0", " ") == cube.subtitle(one)
        assert page.text_content("#tally") == cube.tally(one)


# The made-up table has no month a year before; that its measure cannot be chosen is tested below.
@pytest.mark.parametrize("measure", measures.MEASURES[:-1], ids=lambda one: one.column)
def test_every_measure_is_painted_by_its_classes(show, deep, deep_file, deep_slices, measure):
    page = show(deep_file, address(signal="fork", period="2025-03-01", measure=measure.column))
    one = deep_slices["fork", MONTHS[2]]
    joined = deep[0].filter(signal="fork", period=MONTHS[2]).select("region_id", *FURTHER)
    rows = one.rows.filter(pl.col("level").is_in(["country", "metro"])).join(joined, on="region_id", how="left")
    shown = measure
    if measure.column == "cn_per_1000_developers":
        values = (
            deep[0].filter((pl.col("signal") == "fork") & (pl.col("level") == "country"))[measure.column].drop_nulls()
        )
        breaks = measures.rate_breaks(values.to_list())
        shown = measures.Measure(**{**measure.__dict__, "breaks": breaks, "labels": measures.class_labels(breaks)})
    paint = expected_paint(rows, shown)
    assert drawn(page) == paint
    economies = one.rows.filter(level="country")["region_id"].to_list()
    counts = page.eval_on_selector_all(
        "#scale li", "nodes => nodes.map(n => [n.children[1].textContent, n.lastElementChild.textContent])"
    )
    assert [label for label, _ in counts] == list(shown.labels)
    silent = set(patterns.FILLS)
    assert sum(int(number) for _, number in counts) == sum(paint[region][0] not in silent for region in economies)
    assert page.text_content("#title").startswith(f"SYNTHETIC: {measure.heading}")


def test_a_measure_that_a_signal_lacks_cannot_be_chosen(show, deep_file):
    page = show(deep_file, address(signal="fork"))
    option = page.locator("#measure option").nth(5)
    assert option.is_disabled()
    assert "none of this signal" in option.text_content()


def test_legend_counts_sum_to_the_regions_of_the_view(show, deep, deep_file):
    page = show(deep_file)
    for inside, total in ((None, deep[1].filter(level="country").height), ("NG", 37), ("PE", None)):
        if inside:
            page.evaluate("hash => { location.hash = hash; }", f"#signal=fork&in={inside}")
            page.wait_for_selector("#back:visible")
            page.wait_for_function("id => document.title.includes(id)", arg={"NG": "Nigeria", "PE": "Peru"}[inside])
        keys = [*(f"class-{i}" for i in range(7)), "suppressed", "not_observable", "not_observed"]
        counts = dict(
            page.eval_on_selector_all(
                "#legend [data-key]", "n => n.map(i => [i.dataset.key, Number(i.lastElementChild.textContent)])"
            )
        )
        expected = total or page.locator(".folium-map .part").count()
        assert sum(counts[key] for key in keys) == expected


def test_enter_and_backspace_lead_into_an_economy_and_back(show, deep, deep_file):
    page = show(deep_file, address(signal="fork", period="2025-02-01", region="NG"))
    page.focus('.folium-map [data-region="NG"]')
    page.keyboard.press("Enter")
    page.wait_for_selector("#back:visible")
    table, _, parts = deep
    own = table.filter((pl.col("signal") == "fork") & (pl.col("period") == MONTHS[1]))
    states = parts.filter(parent_id="NG")["region_id"].to_list()
    paint = drawn(page)
    inside = {region: look for region, look in paint.items() if region.startswith("NG-")}
    assert set(inside) == set(states)
    assert {region for region in paint if not region.startswith("NG-")} == {"metro:lagos", "metro:abuja"} & set(
        load_regions()["region_id"]
    )
    for row in own.filter(pl.col("region_id").is_in(states)).to_dicts():
        look = "modelled" if row["evidence"] == "modelled" else "small" if row["n"] < 30 else "plain"
        fill = patterns.fill_of(look, scales.class_of(row["cn_share"]), strength=scales.strength_of(row["n"]))
        assert inside[row["region_id"]] == (look, fill)
    missing = set(states) - set(own["region_id"])
    assert missing
    assert {inside[region][0] for region in missing} == {"not_observed"}
    assert "Nigeria, by subdivision" in page.text_content("#title")
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")
    page.wait_for_selector("#back", state="hidden")
    assert page.evaluate("document.activeElement.dataset.region") == "NG"


def test_a_tour_by_keyboard_alone(show, deep_file):
    page = show(deep_file, address(signal="fork", period="2025-02-01"))
    press = page.keyboard.press

    def here():
        return page.evaluate("document.activeElement.dataset.region ?? document.activeElement.id")

    def tab_to(wanted):
        for _ in range(30):
            if here() == wanted:
                return
            press("Tab")
        pytest.fail(f"Tab does not reach {wanted}.")

    tab_to("signal")
    tab_to("find")
    page.keyboard.type("nigeria")
    press("Enter")
    page.wait_for_selector("#card:visible")
    tab_to("NG")
    press("Enter")
    page.wait_for_selector("#back:visible")
    page.wait_for_function("() => ![undefined, 'NG'].includes(document.activeElement.dataset.region)")
    first = here()
    press("ArrowDown")
    press("ArrowUp")
    press("ArrowRight")
    assert here() != first
    assert page.text_content("#live").startswith(page.text_content("#chosen strong"))
    press("Escape")
    assert page.is_hidden("#tip")
    press("Backspace")
    page.wait_for_selector("#back", state="hidden")
    assert here() == "NG"
    page.keyboard.down("Shift")
    tab_to("period")
    page.keyboard.up("Shift")
    press("End")
    assert page.text_content("#period-words") == "January 2026"


def test_an_economy_whose_parts_have_no_figures_is_not_painted_over_them(show, deep_file):
    page = show(deep_file, address(signal="fork", **{"in": "PE"}))
    assert {look for region, (look, _) in drawn(page).items() if region.startswith("PE-")} == {"not_observed"}
    assert words.NO_SUBDIVISION in page.text_content("#notice")
    assert words.NOT_PAINTED in page.text_content("#notice")
    ground = page.eval_on_selector('.folium-map [data-region="PE"]', "node => getComputedStyle(node).fill")
    other = page.eval_on_selector('.folium-map [data-region="BR"]', "node => getComputedStyle(node).fill")
    assert ground == other


def test_arrows_reach_every_subdivision(show, deep_file):
    page = show(deep_file, address(signal="fork", **{"in": "ID"}))
    reached = page.evaluate(
        """() => {
          const here = () => document.activeElement.dataset.region;
          const queue = [document.querySelector('.folium-map [tabindex="0"]').dataset.region];
          const seen = new Set(queue);
          for (const id of queue) for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
            const path = document.querySelector(`.folium-map [data-region="${CSS.escape(id)}"]`);
            path.dispatchEvent(new MouseEvent("click", {bubbles: true}));
            path.focus();
            path.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
            if (!seen.has(here())) { seen.add(here()); queue.push(here()); }
          }
          return [...seen];
        }"""
    )
    assert set(reached) == set(drawn(page))


def test_the_address_brings_the_view_back_and_back_steps_through_views(show, deep_file):
    page = show(deep_file)
    page.select_option("#signal", "fork")
    page.wait_for_function("() => location.hash.includes('signal=fork')")
    page.select_option("#measure", label="Location quotient")
    page.select_option("#view", "evidence")
    page.focus("#period")
    page.keyboard.press("ArrowLeft")
    page.fill("#find", "Lagos")
    page.press("#find", "Enter")
    page.wait_for_selector("#card:visible")
    link = page.evaluate("location.hash")
    assert {
        "signal=fork",
        "measure=location_quotient",
        "view=evidence",
        "period=2025-03-01",
        "region=metro:lagos",
    } <= set(link[1:].split("&"))
    again = show(deep_file, link)
    assert drawn(again) == drawn(page)
    assert again.text_content("#title") == page.text_content("#title")
    assert again.text_content("#chosen strong") == "Lagos"
    page.go_back()
    page.wait_for_function("() => !location.hash.includes('evidence')")
    assert page.input_value("#view") == "measure"
    page.go_back()
    page.wait_for_function("() => !location.hash.includes('measure')")
    page.wait_for_function("() => document.getElementById('measure').value === '0'")


def test_an_address_that_names_what_is_not_there_says_so(show, deep_file):
    page = show(deep_file, address(signal="fork", period="1999-01-01", region="QQ"))
    assert "period 1999-01-01, region QQ" in page.text_content("#astray")
    assert page.text_content("#period-words") == "January 2026"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Lagos", "Lagos"),
        ("turkiye", "Türkiye"),
        ("Turkey", "Türkiye"),
        ("cote d'ivoire", "Ivoire"),
        ("Ivory Coast", "Ivoire"),
        ("BURMA", "Myanmar"),
        ("sao paulo", "São Paulo"),
        ("NG-KN", "Kano"),
    ],
)
def test_search_knows_other_names(show, deep_file, text, name):
    page = show(deep_file)
    page.fill("#find", text)
    page.press("#find", "Enter")
    page.wait_for_selector("#card:visible")
    page.wait_for_function("name => document.querySelector('#chosen strong').textContent.includes(name)", arg=name)
    assert name in page.text_content("#live")


def test_two_regions_stand_side_by_side(show, deep, deep_file):
    table, regions, _ = deep
    known = table.filter(signal="fork", period=MONTHS[2], level="country").drop_nulls("cn_share")
    one, other = known.row(3, named=True), known.row(60, named=True)
    page = show(deep_file, address(signal="fork", period="2025-03-01", region=one["region_id"]))
    page.click("#compare")
    page.fill("#find", regions.filter(region_id=other["region_id"])["name"][0])
    page.press("#find", "Enter")
    page.wait_for_selector("#against:visible")
    for side, row in (("#chosen", one), ("#against", other)):
        said = page.text_content(side).replace("\u00a0", " ")
        assert f"Chinese {words.percent(row['cn_share'])}" in said
        assert words.percent_span(row["cn_share_low"], row["cn_share_high"]) in said
    points = f"{abs(100 * (one['cn_share'] - other['cn_share'])):.1f} points"
    assert points in page.text_content("#verdict")
    assert f"compare={other['region_id']}" in page.evaluate("location.hash")


OUTSIDE = """region => {
  const path = document.querySelector(`.economy[data-region="${region}"]`), place = path.getScreenCTM();
  const size = ([left, top, right, bottom]) => (right - left) * (bottom - top);
  const boxes = path.getAttribute("d").split("M").slice(1).map(ring => {
    const points = ring.match(/-?[\\d.]+ -?[\\d.]+/g).map(pair => pair.split(" ").map(Number));
    const [xs, ys] = [0, 1].map(axis => points.map(point => point[axis]));
    return [Math.min(...xs) + place.e, Math.min(...ys) + place.f, Math.max(...xs) + place.e, Math.max(...ys) + place.f];
  });
  const { left, top, right, bottom } = document.querySelector(".folium-map").getBoundingClientRect();
  const least = 0.05 * boxes.reduce((sum, box) => sum + size(box), 0), large = boxes.filter(box => size(box) > least);
  return [large.length, large.filter(box => box[0] < left || box[1] < top || box[2] > right || box[3] > bottom)];
}"""
"""How many large polygons an economy has, and the boxes of those that are not wholly on the map."""


@pytest.mark.parametrize(("economy", "large"), [("ID", 5), ("US", 2), ("RU", 1), ("FR", 1), ("NZ", 2), ("MY", 2)])
def test_an_open_economy_is_on_the_map_with_all_its_large_polygons(show, deep_file, economy, large):
    page = show(deep_file, address(**{"in": economy}), viewport=PHONE)
    assert page.evaluate(OUTSIDE, economy) == [large, []]


def test_an_economy_cut_by_the_edge_of_the_map_is_shown_on_one_side_of_it(show, deep_file):
    page = show(deep_file, address(region="KI"))
    beyond = page.locator(".economy[data-region=NZ]")
    assert beyond.bounding_box()["width"] > 0
    page.click("#enter")
    page.wait_for_function("text => document.getElementById('live').textContent === text", arg=words.NO_OUTLINES)
    assert beyond.bounding_box()["width"] == 0


def test_the_browser_rounds_as_python_does_and_the_two_sides_make_a_hundred(browser):
    script = (files("maps") / "web" / "script" / "figures.js").read_text(encoding="utf-8")
    shares = [part / whole for whole in (200, 1000, 10_000) for part in range(whole + 1)]
    page = browser.new_page()
    body = f"{script}; return shares.map(share => [percent(share), percentRest(share)]);"
    said = page.evaluate("([body, shares]) => new Function('shares', body)(shares)", [body, shares])
    page.close()
    assert [share for share, _ in said] == [words.percent(share) for share in shares]
    for share, rest in said:
        first, second = (text.removesuffix(" %") for text in (share, rest))
        assert Decimal(first) + Decimal(second) == 100, share
        assert ("." in first) == ("." in second), share


def test_what_is_spoken_has_one_stop_after_each_sentence(show, deep_file):
    page = show(deep_file)
    spoken = page.eval_on_selector_all(
        "[data-region][aria-label]", "nodes => nodes.map(n => n.getAttribute('aria-label'))"
    )
    assert any(words.SMALL_N in text for text in spoken)
    assert [text for text in spoken if ".." in text] == []


@pytest.mark.parametrize("apart", [False, True])
def test_a_comparison_says_which_is_higher_only_where_the_intervals_do(show, deep, deep_file, apart):
    known = deep[0].filter(signal="fork", period=MONTHS[2], level="country").drop_nulls("cn_share_low")
    one = known.sort("cn_share").row(0 if apart else known.height // 2, named=True)
    clear = (pl.col("cn_share_low") > one["cn_share_high"]) | (pl.col("cn_share_high") < one["cn_share_low"])
    other = known.filter(clear if apart else ~clear & (pl.col("cn_share") < one["cn_share"])).row(0, named=True)
    ids = {"region": one["region_id"], "compare": other["region_id"]}
    page = show(deep_file, address(signal="fork", period="2025-03-01", **ids))
    said = page.text_content("#verdict").replace("\u00a0", " ")
    assert f"{abs(100 * (one['cn_share'] - other['cn_share'])):.1f} points" in said
    assert ("which is higher is open" in said) == (not apart)
    assert ("lower than" in said or "higher than" in said) == apart


@pytest.mark.parametrize(
    ("economy", "said"),
    [("KE", "8 outlines of Kenya, as divided before 2013: "), ("NG", "37 subdivisions of Nigeria: ")],
)
def test_outlines_say_which_division_they_show(show, deep_file, economy, said):
    page = show(deep_file, address(**{"in": economy}))
    assert page.text_content("#tally").startswith(said)


def test_a_subdivision_that_is_not_drawn_leads_to_the_outline_that_holds_it(show, deep_file):
    page = show(deep_file, address(**{"in": "KE", "region": "KE-43"}))
    assert page.text_content("#chosen strong") == "Rift Valley (to 2013)"
    assert not page.is_visible("#astray")
    page = show(deep_file)
    page.fill("#find", "Turkana")
    page.wait_for_selector("#found button")
    assert "(Turkana)" in page.text_content("#found")
    page.press("#find", "Enter")
    page.wait_for_function("() => location.hash.includes('region=KE-700')")
    page = show(deep_file, address(region="KE-99"))
    assert "region KE-99" in page.text_content("#astray")


def test_the_description_has_the_trend_over_all_periods(show, deep, deep_file):
    known = deep[0].filter((pl.col("signal") == "fork") & pl.col("cn_share").is_not_null())
    counted = dict(known.group_by("region_id").len().iter_rows())
    region = next(large for large in ("BR", "AU", "IN", "DZ", "CD") if counted.get(large) == len(MONTHS))
    page = show(deep_file, address(signal="fork"))
    page.hover(f'.folium-map [data-region="{region}"]', force=True)
    assert page.get_attribute("#tip .trend .line", "d").count("L") == len(MONTHS) - 1


def test_play_moves_through_the_periods_and_stops_at_the_last(show, deep_file):
    page = show(deep_file, address(signal="fork", period="2025-03-01"))
    page.click("#play")
    page.wait_for_function("() => document.getElementById('period').value === '3'")
    page.wait_for_function("() => document.getElementById('play').textContent === '▶'")
    assert page.text_content("#period-words") == "January 2026"
    page.focus("#period")
    page.keyboard.press("Home")
    assert page.get_attribute("#period", "aria-valuetext") == "January 2025"


def test_play_is_slower_for_who_asked_for_less_motion(show, deep_file):
    page = show(deep_file, "", reduced_motion="reduce")
    page.clock.install()
    page.evaluate("hash => { location.hash = hash; }", address(signal="fork", period="2025-01-01"))
    page.wait_for_function("() => document.getElementById('period').value === '0'")
    page.click("#play")
    page.clock.run_for(1900)
    assert page.input_value("#period") == "0"
    page.clock.run_for(200)
    assert page.input_value("#period") == "1"


def test_downloads_of_a_view_parse(show, deep, deep_file):
    page = show(deep_file, address(signal="fork", period="2025-02-01", measure="location_quotient", **{"in": "NG"}))
    with page.expect_download() as download:
        page.click("#png")
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">I", content[16:20]) == (2400,)
    assert len(content) > 30_000, "A blank picture is smaller."
    assert download.value.suggested_filename.endswith("fork-2025-02-01-publisher-location_quotient-NG.png")
    with page.expect_download() as download:
        page.click("#csv")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    own = deep[0].filter(
        (pl.col("signal") == "fork") & (pl.col("period") == MONTHS[1]) & pl.col("region_id").str.starts_with("NG-")
    )
    shares = {row["region_id"]: row["cn_share"] for row in rows if row["level"] == "admin1"}
    assert {region: float(share) for region, share in shares.items() if share} == dict(
        own.select("region_id", pl.col("cn_share").round(4)).rows()
    )


VIEWS = {
    "world": (address(signal="fork", region="BR", compare="IN"), {}),
    "dark": (address(signal="fork", measure="cn_per_1000_developers"), {"color_scheme": "dark"}),
    "evidence": (address(signal="fork", view="evidence", **{"in": "NG"}), {}),
    "phone": (address(signal="fork", region="BR", **{"in": "ID"}), {"viewport": PHONE}),
    "embed": ("#embed&signal=fork", {"viewport": {"width": 800, "height": 560}}),
    "wide": (address(signal="fork", region="BR"), {"viewport": WIDE}),
}


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_violation(show, deep_file, view):
    where, options = VIEWS[view]
    # Axe is injected, which the page's own policy forbids.
    page = show(deep_file, where, bypass_csp=True, reduced_motion="reduce", **options)
    if view != "embed":
        page.click("summary")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    assert [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found.response["violations"]
    ] == []


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_spills_out_of_the_window(show, deep_file, view):
    where, options = VIEWS[view]
    page = show(deep_file, where, **options)
    width = page.evaluate("innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if view != "phone":
        assert page.locator(".folium-map").bounding_box()["width"] > 0.55 * width


def test_embedded_are_title_map_legend_and_source(show, deep_file):
    page = show(deep_file, "#embed&signal=fork")
    assert all(page.is_visible(part) for part in ("#title", ".folium-map", "#legend", "#credit"))
    assert not any(
        page.is_visible(part) for part in ("#controls", "#time", "#table", "#aside", "#about", "#zoom button")
    )


def test_paper_has_map_and_legend_and_no_controls(show, deep_file):
    page = show(deep_file, address(signal="fork"))
    page.emulate_media(media="print")
    assert page.is_visible(".folium-map")
    assert page.is_visible("#legend")
    assert not any(page.is_visible(part) for part in ("#controls", "#time", "#zoom"))


def test_without_scripts_there_is_a_table(browser, deep, deep_file):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(deep_file.as_uri())
    shown = deep[0].filter(
        (pl.col("signal") == "survey_use")
        & (pl.col("period") == MONTHS[-1])
        & pl.col("level").is_in(["world", "country"])
        & pl.col("cn_share").is_not_null()
    )
    assert page.locator("noscript tbody tr").count() == shown.height
    assert page.is_visible("#title")
    assert not page.is_visible("#controls")
    context.close()


def hostile_world():
    """A square economy of two halves whose names are meant to do harm."""
    topology = synthetic.topology()
    topology["arcs"].append([[30, 100], [0, 10], [10, 0], [0, -10], [-10, 0]])
    arc = len(topology["arcs"]) - 1
    topology["objects"]["subdivisions"] = {
        "geometries": [{"type": "Polygon", "id": f"AA-{i}", "arcs": [[arc]]} for i in (1, 2)]
    }
    topology["objects"]["economies"]["geometries"][0]["id"] = "AA"
    regions = synthetic.regions().with_columns(pl.col("region_id").replace("A0", "AA"))
    names = ("</script><img src=x onerror=document.body.dataset.broken=1>", "\u202e=HYPERLINK(1)")
    parts = pl.DataFrame(
        [(f"AA-{i + 1}", name, None, None, f"AA-{i + 1}", None, None) for i, name in enumerate(names)],
        schema=PARTS_SCHEMA,
        orient="row",
    )
    rows = [
        synthetic.cell("AA", cn_share=0.5),
        synthetic.cell("AA-1", level="admin1"),
        synthetic.cell("AA-2", level="admin1", reason="@SUM(1)"),
        synthetic.cell("AA-99", level="admin1", cn_share=0.9),
    ]
    return pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row"), regions, topology, parts


def test_hostile_subdivisions_and_addresses_stay_text(show, tmp_path):
    table, regions, topology, parts = hostile_world()
    file = tmp_path / "hostile.html"
    file.write_text(
        render_world_map(table, regions, synthetic.spec(), topology=topology, parts=parts), encoding="utf-8"
    )
    attack = "#in=AA&region=AA-1&signal=%3Cimg%20src%3Dx%20onerror%3Ddocument.body.dataset.broken%3D1%3E"
    page = show(file, attack)
    page.click("summary")
    page.wait_for_selector("#rows tr")
    assert page.evaluate("document.body.dataset.broken") is None
    assert page.locator("img").count() == 0
    assert "signal <img src=x" in page.text_content("#astray")
    names = page.locator("#rows th").all_text_contents()
    assert "</script><img src=x onerror=document.body.dataset.broken=1>" in names
    assert not any("\u202e" in name for name in names)
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    assert "'@SUM(1)" in text


def test_a_subdivision_without_an_outline_is_counted_and_listed(show, tmp_path):
    table, regions, topology, parts = hostile_world()
    file = tmp_path / "undrawn.html"
    file.write_text(
        render_world_map(table, regions, synthetic.spec(), topology=topology, parts=parts), encoding="utf-8"
    )
    page = show(file, "#in=AA")
    assert page.text_content("#tally").startswith("3 subdivisions of")
    assert "1 without an outline stand in the table only." in page.text_content("#tally")
    page.click("summary")
    page.wait_for_selector("#rows tr[data-region='AA-99']")


@pytest.mark.parametrize("month", MONTHS)
def test_every_figure_comes_back_in_the_browser_as_python_packed_it(show, deep, deep_file, month):
    page = show(deep_file, address(signal="fork", period=month.isoformat()))
    with page.expect_download() as download:
        page.click("#csv")
    rows = csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig")))
    found = {row["region_id"]: row for row in rows}
    own = deep[0].filter((pl.col("signal") == "fork") & (pl.col("period") == month) & (pl.col("level") != "admin1"))
    for row in own.to_dicts():
        for name in FIGURES:
            value, said = row.get(name), found[row["region_id"]][name]
            if isinstance(value, float):
                decimals = packing.FEWER_DECIMALS.get(name, packing.DECIMALS)
                assert float(said) == round(value, decimals), (row["region_id"], name)
            else:
                assert said == (value or ""), (row["region_id"], name)
