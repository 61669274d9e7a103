"""The site: says what its figures rest on and how old they are, survives thin runs, lets no name break a page."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.signals import load_signals
from assets.ingest.sources import load_sources
from assets.ingest.standings import RESTS_ON
from assets.publish.captions import chart_spec, credit, map_spec, stamp
from assets.publish.site import render_index, render_method, render_origins, render_pictures, render_sources
from assets.publish.summary import region_counts
from assets.schemas import TABLES

SURVEY = {
    "signal": "survey_use",
    "period": date(2025, 6, 1),
    "coding": "publisher",
    "counted": "people",
    "evidence": "declared",
    "source_id": "so_survey_2025",
}
REGIONS = [
    ("world", "world", "World", None),
    ("KE", "country", "Kenya", "world"),
    ("CI", "country", "Côte d'Ivoire <b>&", "world"),
    ("SE", "country", "Sweden", "world"),
    ("AQ", "country", "Antarctica", "world"),
    ("metro:nairobi", "metro", "Nairobi", "KE"),
]


def _table(name, rows):
    columns = TABLES[name].columns()
    schema = {column: declared.dtype for column, declared in columns.items()}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def _regions():
    return _table(
        "attribute/regions",
        [dict(zip(("region_id", "level", "name", "parent_id"), row, strict=True)) | {"drawn": True} for row in REGIONS],
    )


def _cell(region, level, share, n, **more):
    figures = {"region_id": region, "level": level, "cn_share": share, "n": n}
    known = {"cn_share_low": share - 0.1, "cn_share_high": share + 0.1, "cn_share_shrunk": share} if share else {}
    return SURVEY | figures | {"state": "value" if share else "suppressed", "reason": None} | known | more


def _estimates(*cells):
    others = [
        SURVEY
        | {"signal": name, "region_id": region, "level": level, "state": signal.absent_state, "reason": "none"}
        | {"evidence": None, "source_id": None}
        for name, signal in load_signals().items()
        if name != "survey_use"
        for region, level, *_ in REGIONS
    ]
    return _table("adoption/estimates", [*cells, *others])


def _series():
    row = {
        "platform": "huggingface",
        "definition": "rolling_30d",
        "panel": "trending",
        "period": date(2026, 8, 21),
        "coding": "weights",
        "accounts": 9,
        "models": 9,
        "n_cn": 40.0,
        "n_us": 40.0,
        "n_other": 0.0,
        "n_unknown": 120.0,
        "n_unreviewed": 2.0,
        "cn_share": 0.5,
        "bound_low": 0.2,
        "bound_high": 0.8,
        "corrections": 0,
        "source_id": "hf_radar",
    }
    return _table("adoption/world_series", [row])


def _specifications(*rows):
    plain = {
        "platform": "huggingface",
        "definition": "rolling_30d",
        "panel": "trending",
        "period": date(2026, 8, 21),
        "measure": "downloads",
        "tasks": "all_tasks",
        "top": "with_top",
        "coding": "weights",
        "n": 200.0,
        "cn_of_all": 0.2,
        "us_of_all": 0.2,
        "cn_share": 0.5,
        "bound_low": 0.2,
        "bound_high": 0.8,
        "untagged": 0.1,
        "source_id": "hf_radar",
    }
    return _table("adoption/specifications", [plain | row for row in rows or ({},)])


def _standings(*stale):
    rows = [
        {"table": table, "source_id": "github", "part": "whole", "rows": 1, "corrections": 0, "lost_days": 0}
        | {"fresh": table not in stale, "reason": "It did not answer." if table in stale else None}
        for table in RESTS_ON
    ]
    return _table("ingest/standings", rows)


def _diagnostics():
    facts = {"subject": "fork ~ survey_use", "period": date(2026, 1, 1), "value_unit": "ρ", "n": 25, "note": "Read so."}
    return _table(
        "adoption/diagnostics",
        [
            facts | {"diagnostic": "signal_agreement", "value": 0.5, "low": 0.14, "high": 0.75, "state": "value"},
            facts | {"diagnostic": "cloud_share", "state": "not_observed", "reason": "No <b>downloads</b>."},
        ],
    )


def _origins(*rows, licences=(), choices=(), queue=()):
    return render_origins(
        _estimates(WORLD),
        _series(),
        _specifications(*rows),
        _table("adoption/licences", licences),
        _table("adoption/builder_choices", choices),
        _table("attribute/review_queue", queue),
        _regions(),
        _standings(),
        boundaries="Lines.",
        run_mode="snapshot",
    )


def _index(*cells, stale=(), run_mode="live"):
    return render_index(
        _estimates(*cells),
        _series(),
        _specifications(),
        _regions(),
        _standings(*stale),
        map_image="<svg/>",
        chart_image="<svg/>",
        boundaries="Lines.",
        run_mode=run_mode,
    )


WORLD = _cell("world", "world", 0.58, 5900.0)


def test_the_lead_ranks_by_shrunken_shares_of_enough_people_and_prints_intervals():
    page = _index(
        WORLD,
        _cell("KE", "country", 0.81, 46.0, cn_share_shrunk=0.74),
        _cell("SE", "country", 0.45, 76.0, cn_share_shrunk=0.47),
        _cell("CI", "country", 0.95, 9.0, cn_share_shrunk=0.7),
    )
    assert "from 45 % in Sweden (35–55 %) to 81 % in Kenya (71–91 %)" in page.replace("\u00a0", " ")
    assert "In 3 economies and territories at least five answered; 3 of them" in page
    assert "at least 5,900 people" in page


@pytest.mark.parametrize(
    "cells",
    [
        (_cell("world", "world", None, None, reason="hidden"),),
        (WORLD, _cell("KE", "country", 0.8, 9.0)),
        (_cell("world", "world", None, None, reason="hidden"), _cell("KE", "country", None, None, reason="hidden")),
    ],
)
def test_a_thin_run_has_a_page_without_a_ranking(cells):
    page = _index(*cells)
    assert "the share runs from" not in page


def test_unknown_origins_stand_beside_the_share():
    page = _index(WORLD)
    assert "unknown origin" in page
    assert '<td class="number">60 %</td>' in page


def test_names_are_text_and_never_markup():
    page = _index(WORLD, _cell("CI", "country", 0.6, 40.0))
    assert "Côte d&#39;Ivoire &lt;b&gt;&amp;" in page
    assert "Ivoire <b>" not in page


STAMP = '<span class="stamp">STALE</span>'


def _stamps(*stale):
    standings = _standings(*stale)
    spec = map_spec(_estimates(WORLD), standings, boundaries="Lines.", run_mode="live")
    return {
        "page": STAMP in _index(WORLD, stale=stale),
        "chart": chart_spec(_series(), standings, run_mode="live").stamp == "STALE",
        **{one.signal: one.stamp == "STALE" for one in spec.signals},
    }


@pytest.mark.parametrize(
    ("stale", "stamped"),
    [
        ((), set()),
        (("survey_use",), {"page", "survey_use"}),
        (("models",), {"page", "chart"}),
        # Neither a table without a signal nor a signal without a figure makes anything look old.
        (("denominators", "forks", "package_downloads"), set()),
    ],
)
def test_what_rests_on_a_stale_source_is_stamped_and_nothing_else(stale, stamped):
    assert {name for name, is_stale in _stamps(*stale).items() if is_stale} == stamped


def test_a_table_without_a_standing_is_an_error():
    with pytest.raises(ValueError, match="survey_use; build ingest/standings"):
        stamp(_standings().filter(pl.col("table") != "survey_use"), ["models", "survey_use"])


def test_the_page_of_sources_says_how_each_stands_and_what_it_is():
    standings = _standings("forks")
    page = render_sources(_estimates(WORLD), _series(), standings, boundaries="Lines.", run_mode="live")
    assert f"{STAMP} It did not answer." in page
    assert "In this run 1 of" in page
    read = standings.filter(pl.col("fresh") & pl.col("observed_on").is_not_null()).height
    assert page.count("<td>current</td>") == read
    assert page.count("<td>not read in this mode</td>") == len(RESTS_ON) - 1 - read
    for key, source in load_sources().items():
        assert f'id="{key}"' in page
        assert source.licence in page


def test_the_page_of_pictures_lists_what_was_drawn_and_shows_what_is_of_all_signals():
    pictures = {"static/survey_use-africa.svg": "<svg/>", "static/signals.svg": "<svg/>"}
    page = render_pictures(pictures, _estimates(WORLD), _series(), _standings(), boundaries="L.", run_mode="snapshot")
    assert '<a href="static/survey_use-africa.svg">Africa</a>' in page
    assert "fork-" not in page
    assert page.count("<figure>") == 1
    nothing = render_pictures({}, _estimates(WORLD), _series(), _standings(), boundaries="L.", run_mode="snapshot")
    assert "nothing to draw" in nothing


def test_captions_credit_every_source_with_its_licence():
    said = credit(pl.Series(["hf_radar", "so_survey_2025", None, "hf_radar"]))
    assert said.count("CC-BY-4.0") == 1
    assert "ODbL-1.0" in said
    spec = map_spec(_estimates(WORLD), _standings(), boundaries="Lines.", run_mode="snapshot")
    assert [signal.signal for signal in spec.signals] == list(load_signals())
    assert spec.signal("fork").credit == "No source in this run."
    assert "HF//RADAR" in chart_spec(_series(), _standings(), run_mode="snapshot").credit


def test_what_is_modelled_is_counted_apart_from_what_is_measured():
    cells = _estimates(
        WORLD,
        _cell("KE", "country", 0.8, 46.0),
        _cell("SE", "country", None, None, reason="hidden"),
        _cell("metro:nairobi", "metro", 0.8, None, evidence="modelled"),
    )
    counts = region_counts(cells)["survey_use"]
    assert (counts["value"], counts["modelled"], counts["suppressed"]) == (1, 1, 1)


def test_the_lowest_and_the_highest_way_of_asking_are_told_on_both_pages():
    rows = ({"cn_share": 0.21, "coding": "publisher"}, {"cn_share": 0.71, "tasks": "llm_only"}, {"measure": "models"})
    page = _origins(*rows)
    assert "There are 2 ways of asking" in page
    assert "runs from 21 % to 71 %" in page
    assert "(trending models, 21 August 2026) it still runs from 21 % to 71 %" in page
    assert "Lowest: last 30 days, trending models, all tasks, all, by who released the model." in page


def test_codings_without_an_answer_are_dashes_and_reasons_are_told():
    page = _origins({}, {"coding": "publisher", "cn_share": None, "reason": "The source cannot tell."})
    assert "<strong>50 %</strong>" in page
    assert "<strong>–</strong>" in page
    assert "1 of the combinations (the source cannot tell)" in page


def test_a_run_without_any_answer_still_has_its_pages():
    silent = {"cn_share": None, "reason": "The source cannot tell."}
    page = _origins(silent)
    assert "ways of asking about downloads" not in page
    assert "the source cannot tell" in page


def test_licences_of_labs_are_shown_by_size_and_year():
    cell = {"panel": "trending", "period": date(2026, 8, 21), "makers": "labs", "coding": "publisher", "origin": "CN"}
    cell |= {"licence_class": "permissive", "of_models": 9.0, "models": 6.0, "share": 2 / 3, "source_id": "hf_radar"}
    page = _origins(
        licences=[
            cell | {"size_band": "all", "release_year": "all"},
            cell | {"size_band": "all", "release_year": "2025"},
            cell | {"size_band": "all", "release_year": "2024", "makers": "everyone"},
        ]
    )
    assert '<td>China</td><td class="number">9</td><td class="number">67 %</td>' in page
    assert '<td>2025</td><td class="number">67 % (9)</td><td class="number">–</td>' in page
    assert "<td>2024</td>" not in page


def test_builders_are_marks_by_place_and_side():
    choice = {"model": "m", "country": "KE", "metro": "metro:nairobi", "released_on": date(2024, 1, 1)}
    choice |= {"found_in": "curated"}
    page = _origins(
        choices=[
            choice | {"organisation": "One", "origin": "CN"},
            choice | {"organisation": "Two", "origin": "CN"},
            choice | {"organisation": "Two", "origin": "US", "model": "k", "released_on": date(2025, 1, 1)},
        ]
    )
    row = page[page.index('<th scope="row">Nairobi') :].partition("</tr>")[0]
    assert "metro area" in row
    assert "2024–2025" in row
    assert row.count("●") == 3
    assert "One, Two" in row
    assert page.index(">Nairobi<") < page.index(">Kenya<")


def test_what_is_left_to_review_names_registered_accounts_alone():
    row = {"source_id": "hf_radar", "platform": "huggingface", "observed_on": date(2026, 8, 21)}
    page = _origins(
        queue=[
            row | {"account": "some-person", "need": "unregistered", "share": 0.03, "rank": 1},
            row | {"account": "unsloth", "need": "unreviewed", "share": 0.02, "rank": 2},
            row | {"account": "Comfy-Org", "need": "unreviewed", "share": 0.01, "rank": 3},
        ]
    )
    assert "unsloth, Comfy-Org" in page
    assert "some-person" not in page
    assert '<td class="number">3 %</td><td class="number">2</td><td class="number">3 %</td>' in page


def test_a_synthetic_run_says_so_beside_every_title():
    assert _index(WORLD, run_mode="synthetic").count("SYNTHETIC DEMO") == 2
    spec = map_spec(_estimates(WORLD), _standings("survey_use"), boundaries="Lines.", run_mode="synthetic")
    assert (spec.stamp, spec.signal("survey_use").stamp) == ("SYNTHETIC DEMO", "STALE")
    chart = chart_spec(_series(), _standings("models"), run_mode="synthetic")
    assert chart.stamp == "SYNTHETIC DEMO: STALE"


def test_the_method_page_has_each_diagnostic_with_its_result_or_its_reason():
    page = render_method(
        _estimates(WORLD), _series(), _standings(), _diagnostics(), boundaries="Lines.", run_mode="live"
    )
    assert "0.5 (0.14 to 0.75)" in page
    assert "not observed</td>" in page
    assert "No &lt;b&gt;downloads&lt;/b&gt;." in page


@pytest.mark.parametrize(
    ("evidence", "said"), [("modelled", "by economy: an estimate, nobody measured it"), ("logged", "logged where")]
)
def test_the_title_of_downloads_says_whether_any_were_logged(evidence, said):
    cell = {**WORLD, "signal": "model_download", "level": "country", "region_id": "KE", "evidence": evidence}
    spec = map_spec(_estimates(WORLD, cell), _standings(), boundaries="Lines.", run_mode="live")
    title = next(one.title for one in spec.signals if one.signal == "model_download")
    assert said in title
