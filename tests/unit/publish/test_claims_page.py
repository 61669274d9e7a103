"""The page on claims: every figure with its interval, what is not known, and no word by hand."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.claims import claims_table, load_claims
from assets.ingest.standings import standings
from assets.publish.claims_page import claims_context, told, told_span
from assets.publish.site import render_claims
from assets.run import Run
from assets.schemas import TABLES

STANDINGS = standings(Run(mode="snapshot", store="", output=""))

REGISTER = """
[story]
wording = "They are used <b>everywhere</b>."
heard = "Articles."
caveat = "Use is not liking."
[[story.statements]]
id = "places"
says = "In both places more than half is Chinese."
table = "estimates"
where = { signal = "survey_use", region_id = ["KE", "SE", "metro:nairobi"] }
figure = "cn_share"
comparison = "above"
threshold = 0.5
evidence = ["declared"]
"""
REGIONS = [("KE", "Kenya"), ("SE", "Sweden & <i>"), ("metro:nairobi", "Nairobi")]


def _frame(name, rows):
    schema = {column: declared.dtype for column, declared in TABLES[name].columns().items()}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def _cell(region, share, **more):
    shared = {"signal": "survey_use", "period": date(2025, 6, 1), "coding": "publisher", "counted": "people"}
    ends = {f"{name}_{end}": share + by for name in ("cn_share", "bound") for end, by in (("low", -0.1), ("high", 0.1))}
    figures = {"cn_share": share, "n": 41.0, "evidence": "declared", "state": "value", "source_id": "so_survey_2025"}
    return shared | {"region_id": region} | ends | figures | more


def _page(*cells):
    estimates = _frame("adoption/estimates", cells)
    regions = _frame("attribute/regions", [{"region_id": key, "name": name} for key, name in REGIONS])
    register = load_claims(REGISTER)
    claims = claims_table({"estimates": estimates}, register)
    return claims_context(claims, regions, register)["claims"][0]


def test_figures_stand_with_interval_bounds_n_and_evidence():
    claim = _page(_cell("KE", 0.8), _cell("SE", 0.2), _cell("metro:nairobi", 0.8, evidence="modelled"))
    kenya, sweden = claim["statements"][0]["rows"]
    assert (kenya["subject"], kenya["value"], kenya["interval"]) == ("Kenya", "80 %", "70–90 %")
    assert kenya["n"] == "41 people"
    assert kenya["finding"] == "holds: interval and bounds lie above 50 %"
    assert sweden["finding"] == "does not hold: the interval does not reach above 50 %"
    assert claim["verdict"] == "partly supported"
    assert claim["statements"][0]["holds"] == "1 of 3"


def test_what_to_know_of_a_figure_stands_beside_its_finding():
    event = {
        "event_id": "e1", "event_date": date(2024, 12, 2), "signal": "release", "coding": "publisher", "series": "s",
        "window_months": 12, "effect": 0.5, "effect_low": 0.2, "effect_high": 0.8, "placebo_rank": 8, "placebos": 21,
        "state": "value", "source_id": "x",
    }  # fmt: skip
    controls = {"export_controls": load_claims()["export_controls"]}
    claims = claims_table({"event_windows": _frame("adoption/event_windows", [event])}, controls)
    page = claims_context(claims, _frame("attribute/regions", []), controls)["claims"][0]
    (row,) = page["statements"][0]["rows"]
    assert row["finding"].startswith("open: the interval holds 0.00. Other months, whose windows may overlap an event")
    assert row["finding"].endswith("rank 8 of 22.")
    assert row["bounds"] == "–"


def test_what_is_modelled_or_silent_stands_under_what_is_not_known():
    silent = {"cn_share": None, "cn_share_low": None, "evidence": None, "state": "not_observed", "reason": "No data."}
    claim = _page(_cell("KE", 0.8), _cell("SE", 0.5, **silent), _cell("metro:nairobi", 0.8, evidence="modelled"))
    statement = claim["statements"][0]
    assert [row["subject"] for row in statement["rows"]] == ["Kenya"]
    assert [(row["subjects"], row["state"]) for row in statement["unknown"]] == [
        ("Sweden & <i>", "no data in this run"),
        ("Nairobi", "known as modelled only"),
    ]
    assert {name for row in statement["changes"] for name in row["subjects"].split(", ")} >= {"Kenya", "Nairobi"}


def test_the_sentence_over_a_claim_counts_its_statements():
    claim = _page(_cell("KE", 0.8), _cell("SE", 0.8), _cell("metro:nairobi", 0.8))
    assert claim["summary"] == "Of 1 statement: 1 supported."


def test_names_are_text_and_never_markup():
    estimates = _frame("adoption/estimates", [])
    series = _frame("adoption/world_series", [])
    regions = _frame("attribute/regions", [{"region_id": "world", "name": "<script>"}])
    page = render_claims(
        claims_table({}), estimates, series, regions, STANDINGS, boundaries="Lines <b>.", run_mode="snapshot"
    )
    assert "<script" not in page
    assert page.count("<h2 ") == len(load_claims())
    assert "Lines &lt;b&gt;." in page


@pytest.mark.parametrize(
    ("value", "figure", "said"),
    [
        (0.3258, "cn_minus_us_permissive", "+33 points"),
        (-0.13, "cn_minus_us_permissive", "-13 points"),
        (0.5, "cn_share", "50 %"),
        (0.25, "effect", "+0.25"),
        (None, "effect", "–"),
    ],
)
def test_each_figure_is_told_in_its_unit(value, figure, said):
    assert told(value, figure) == said


def test_differences_are_told_as_spans_without_a_dash_that_reads_as_minus():
    assert told_span(-0.13, 0.17, "cn_minus_us_permissive") == "-13 to +17 points"
    assert told_span(0.3, 0.4, "cn_share") == "30–40 %"
    assert told_span(None, 0.4, "cn_share") == "–"
