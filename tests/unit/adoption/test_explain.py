"""Cards: every column that there is, the state in words, what is beneath and what is not known."""

import json
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from assets.adoption.estimates import estimate
from assets.adoption.explain import NOT_FIGURES, STATE_MEANS, Ledger, silences, source_cards
from assets.adoption.survey import survey_observations
from assets.ingest.snapshot import read, read_manifest
from assets.schemas import TABLES
from assets.schemas.vocabulary import CODINGS, STATES
from maps import words
from maps.geometry.regions import load_regions


@pytest.fixture(scope="module")
def tables():
    empty = (
        TABLES[name].create_empty()
        for name in ("adoption/builder_choices", "ingest/package_downloads", "attribute/tracked_packages")
    )
    survey, regions = read("survey_use"), load_regions()
    return (
        estimate(survey, *empty, regions, denominators=read("denominators")),
        survey_observations(survey),
        survey,
        regions,
    )


@pytest.fixture(scope="module")
def ledger(tables):
    return Ledger(*tables, read_manifest()[1])


def _survey(ledger, region):
    return ledger.card(region, signals=["survey_use"]).cells[0]


def test_a_card_shows_every_column_of_its_cell_with_the_declared_meaning(tables, ledger):
    cell = tables[0].filter((pl.col("signal") == "survey_use") & (pl.col("region_id") == "NG")).row(0, named=True)
    facts = {fact.column: fact for fact in _survey(ledger, "NG").figures}
    declared = TABLES["adoption/estimates"].columns()
    shown = {name for name in declared if cell[name] is not None} - {*NOT_FIGURES}
    assert set(facts) == shown
    assert {name for name, column in declared.items() if column.dtype.is_numeric()} & set(NOT_FIGURES) == set()
    assert all(facts[name].value == cell[name] for name in shown)
    assert all(facts[name].meaning == declared[name].description for name in shown)
    assert (facts["n"].said, facts["n"].unit, facts["cn_share"].said) == ("45", "people", "65 %")


def test_every_figure_that_is_no_count_has_a_step_or_is_told_to_have_none(ledger):
    for region in ("world", "m49:011", "NG", "NA", "PE", "metro:lagos"):
        cell = _survey(ledger, region)
        counts = {
            fact.column for fact in cell.figures if fact.unit in {"people", "events"} or isinstance(fact.value, str)
        }
        told = {step.column for step in cell.steps} | set(cell.not_recomputed)
        assert told | counts == {fact.column for fact in cell.figures}
        assert not {step.column for step in cell.steps} & set(cell.not_recomputed)


def test_a_card_names_the_source_with_the_checksum_of_the_file_beneath(ledger):
    source = _survey(ledger, "NG").sources[0]
    _, manifest = read_manifest()
    assert (source.source_id, source.licence) == ("so_survey_2025", "ODbL-1.0")
    assert [file.sha256 for file in source.files] == [manifest["tables"]["survey_use"]["sha256"]]


def test_observations_beneath_are_the_counts(ledger):
    rows = {row.origin: row.n for row in _survey(ledger, "NG").observations}
    assert (rows["CN"], rows["US"]) == (37, 20)
    whole = _survey(ledger, "world")
    assert whole.observation_count == 333
    assert len(whole.observations) < 333


def test_a_metro_is_modelled_and_shows_whose_observations_it_inherits(ledger):
    cell = _survey(ledger, "metro:jakarta")
    assert (cell.state_said, cell.observations_of) == ("modelled", "Indonesia")
    assert {step.column for step in cell.steps} >= {"cn_share", "cn_share_low", "cn_share_high"}
    assert any("model" in said for said in cell.unknown)
    assert not cell.not_recomputed


def test_hidden_and_silent_cells_say_what_that_means_and_have_no_figure(ledger):
    hidden, silent = _survey(ledger, "NA"), ledger.card("NG", signals=["model_download"]).cells[0]
    assert (hidden.state, silent.state) == ("suppressed", "not_observable")
    assert "not zero" in hidden.state_means
    assert "cn_share" not in {fact.column for fact in hidden.figures}
    assert (silent.figures, silent.steps, silent.observations) == ((), (), ())
    assert silent.unknown
    assert set(STATE_MEANS) == set(STATES)


def test_cells_that_are_silent_for_one_reason_are_one_line_that_names_their_codings(ledger):
    silent = ledger.card("NG", signals=["model_download"]).cells[0]
    assert not silent.has_figure
    cells = [replace(silent, coding=coding, coding_means=words.CODINGS[coding]) for coding in CODINGS]
    (line,) = silences(cells)
    assert all(cell.coding_means in line.codings for cell in cells)
    other = silences([cells[0], replace(cells[1], reason="Another."), cells[2]])
    assert [one.reason for one in other] == [cells[0].reason, "Another."]
    assert cells[1].coding_means not in other[0].codings


def test_the_newest_period_with_a_figure_is_shown_and_all_on_demand(tables):
    estimates, observations, survey, regions = tables
    later = estimates.filter(pl.col("signal") == "survey_use").with_columns(period=pl.lit(date(2026, 6, 1)))
    blank = later.with_columns(
        state=pl.lit("not_observed"),
        reason=pl.lit("Not asked."),
        **{name: pl.lit(None, dtype) for name, dtype in later.schema.items() if dtype.is_numeric()},
    )
    both = Ledger(pl.concat([estimates, blank]), observations, survey, regions, read_manifest()[1], only=["NG"])
    assert [cell.period for cell in both.card("NG", signals=["survey_use"]).cells] == ["2025-06-01"]
    every = both.card("NG", signals=["survey_use"], every=True).cells
    assert [(cell.period, cell.has_figure) for cell in every] == [("2025-06-01", True), ("2026-06-01", False)]
    asked = both.card("NG", signals=["survey_use"], period=date(2026, 6, 1)).cells
    assert [cell.reason for cell in asked] == ["Not asked."]


def test_a_card_is_plain_json(ledger):
    card = json.loads(json.dumps(ledger.card("PE", every=True).as_json(), allow_nan=False))
    assert card["region_id"] == "PE"
    survey = next(cell for cell in card["cells"] if cell["signal"] == "survey_use")
    assert all(step["agrees"] for step in survey["steps"])


def test_sources_stand_with_all_their_files():
    _, manifest = read_manifest()
    files = [file for source in source_cards(manifest).values() for file in source.files]
    assert {file.table for file in files} == {f"ingest/{name}" for name in manifest["tables"]}
