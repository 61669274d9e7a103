"""``atlas explain``: a card on the terminal or as JSON, names that people use, what to run where nothing is there."""

import json

import polars as pl
import pytest

from assets.adoption.estimates import estimate
from assets.adoption.survey import survey_observations
from assets.ingest.snapshot import read
from assets.schemas import TABLES
from maps.geometry.regions import load_regions
from pipelines.cli import run
from pipelines.storage import MODE_KEY, TABLE_KEY, open_store


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    from upath import UPath

    folder = tmp_path_factory.mktemp("data")
    empty = (
        TABLES[name].create_empty()
        for name in ("adoption/builder_choices", "ingest/package_downloads", "attribute/tracked_packages")
    )
    survey, regions = read("survey_use"), load_regions()
    tables = {
        "adoption/estimates": estimate(survey, *empty, regions, denominators=read("denominators")),
        "adoption/observations": survey_observations(survey),
        "ingest/survey_use": survey,
        "attribute/regions": regions,
        "adoption/allocations": TABLES["adoption/allocations"].create_empty(),
    }
    for mode in ("snapshot", "live"):
        open_store(UPath(folder / mode), mode)
        for key, frame in tables.items():
            path = folder / mode / f"{key}.parquet"
            path.parent.mkdir(exist_ok=True)
            frame.select(TABLES[key].column_names()).write_parquet(path, metadata={MODE_KEY: mode, TABLE_KEY: key})
    return folder


@pytest.fixture
def atlas(data, capsys, monkeypatch):
    monkeypatch.delenv("ATLAS_MODE", raising=False)

    def call(*arguments, place=data):
        code = run(["explain", *arguments, "--data", str(place)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_a_card_tells_figures_steps_sources_and_what_is_not_known(atlas):
    code, out, _ = atlas("NG", "--signal", "survey_use")
    assert code == 0
    for said in ("Nigeria", "65 %", "37 / (37 + 20) = 0.649123", "Nigeria, CN: 37 people", "not known", "ODbL-1.0"):
        assert said in out
    assert "SHA-256" in out
    assert "differs" not in out


@pytest.mark.parametrize("name", ["LIMA", "metro:Lima", "lima"])
def test_the_region_may_be_written_as_people_do(atlas, name):
    code, out, _ = atlas(name)
    assert code == 0
    assert out.startswith("Lima  metro:lima, metro area, in Peru")
    assert "state: value (modelled)" in out


def test_signals_without_a_figure_are_named_and_explained_on_demand(atlas):
    _, short, _ = atlas("KE")
    _, long, _ = atlas("KE", "--all")
    assert "Without a figure here (--all explains them)" in short
    assert "Without a figure" not in long
    assert "nobody knows), by who released the model: no source can tell." in " ".join(short.split())
    assert "state: not_observable (no source can tell)" in long


def test_json_is_for_machines(atlas):
    code, out, _ = atlas("PE", "--json")
    card = json.loads(out)
    assert code == 0
    assert (card["run_mode"], card["region_id"], card["name"]) == ("snapshot", "PE", "Peru")
    figures = {fact["column"]: fact["value"] for fact in card["cells"][0]["figures"]}
    assert figures["n_cn"] == 16


def test_live_stores_are_explained_too(atlas):
    code, out, _ = atlas("KE", "--live")
    assert code == 0
    assert "From the last build (live)." in out


@pytest.mark.parametrize(("place", "region"), [("Ikeja", "metro:lagos"), ("Surabaya", "ID")])
def test_a_place_inside_a_region_leads_to_it_and_says_so(atlas, place, region):
    code, out, err = atlas(place, "--json", "--signal", "survey_use")
    assert code == 0
    assert json.loads(out)["region_id"] == region
    assert f"{place!r} is no region of its own and lies in" in err


def test_an_ambiguous_name_lists_what_it_may_mean(atlas):
    code, _, err = atlas("Singapore")
    assert code == 2
    assert "SG (Singapore, economy or territory), metro:singapore (Singapore, metro area)" in err


@pytest.mark.parametrize(
    ("option", "name", "known"),
    [("--signal", "stars", "survey_use"), ("--coding", "maker", "publisher, weights, control")],
)
def test_unknown_words_are_answered_with_the_known_ones(atlas, option, name, known):
    code, _, err = atlas("NG", option, name)
    assert code == 2
    assert f"{option} '{name}' is not one of" in err
    assert known in err


def test_a_near_miss_is_proposed(atlas):
    code, _, err = atlas("Nigerria")
    assert code == 2
    assert "Did you mean Nigeria" in err


def test_a_period_without_a_cell_says_which_there_are(atlas):
    code, _, err = atlas("NG", "--period", "2019", "--signal", "survey_use")
    assert code == 1
    assert "There is no cell of NG for period 2019-01-01; there are: 2025-06-01 publisher." in err
    code, out, _ = atlas("NG", "--period", "2025-06", "--coding", "publisher", "--signal", "survey_use")
    assert code == 0
    assert "65 %" in out


@pytest.mark.parametrize(("flag", "command"), [((), "'atlas build'"), (("--live",), "'atlas build --live'")])
def test_without_figures_it_says_which_command_makes_them(atlas, tmp_path, flag, command):
    code, _, err = atlas("NG", *flag, place=tmp_path)
    assert code == 1
    assert f"run {command} first" in err


def test_the_card_is_that_of_the_table(atlas, data):
    figure = pl.read_parquet(data / "snapshot/adoption/estimates.parquet").filter(signal="survey_use", region_id="ID")
    card = json.loads(atlas("ID", "--json", "--signal", "survey_use")[1])
    shown = {fact["column"]: fact["value"] for fact in card["cells"][0]["figures"]}
    assert all(shown[name] == figure[name].item() for name in shown)
