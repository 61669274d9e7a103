"""Standings: every table says how new it is, by what the clients noted in the store."""

import polars as pl
import pytest

from assets.ingest import snapshot
from assets.ingest.github import reads
from assets.ingest.modelscope import refresh as modelscope
from assets.ingest.package_index import refresh as package_index
from assets.ingest.standing import Standing, StandingError, note, standing_of
from assets.ingest.standings import RESTS_ON, of_table, said, standings
from assets.run import Run
from assets.schemas import TABLES, validate
from assets.schemas.sources import Standings

LIVE_ONLY = {"package_downloads", "repository_counts", "forks", "contributions", "accounts", "star_history"}


@pytest.fixture
def run(tmp_path):
    return Run(mode="live", store=str(tmp_path / "store"), output=str(tmp_path / "build"))


def _noted(run, **standing):
    note(run.store_path, Standing(**standing))


def test_every_table_that_rests_on_a_source_is_one_of_the_ingest_layer():
    assert {f"ingest/{table}" for table in RESTS_ON} <= set(TABLES)


def test_sources_are_named_as_their_clients_name_them():
    assert RESTS_ON["forks"] == ((reads.SOURCE, "forks"),)
    assert RESTS_ON["package_downloads"] == ((package_index.SOURCE_ID, ""),)
    assert (modelscope.SOURCE_ID, "") in RESTS_ON["model_download_totals"]


def test_a_store_that_asked_nobody_is_stale_with_reasons(run):
    frame = validate(standings(run), Standings, where="ingest/standings")
    assert set(frame["table"]) == set(RESTS_ON)
    assert not frame["fresh"].any()
    assert frame.filter(pl.col("table") == "survey_use")["observed_on"].null_count() == 0
    assert frame.filter(pl.col("table") == "forks")["observed_on"].null_count() == 1
    assert said(of_table(run, "forks")) == "Stale: github (forks), never read. The source has not been asked yet."


def test_a_run_on_the_snapshot_promises_no_more_than_the_snapshot(run):
    frame = standings(Run(mode="snapshot", store=run.store, output=run.output))
    assert frame["fresh"].all()
    assert set(frame.filter(pl.col("observed_on").is_null())["table"]) == LIVE_ONLY
    assert dict(frame.filter(table="survey_use").select("source_id", "rows").iter_rows()) == {
        "so_survey_2025": snapshot.read("survey_use").height
    }


def test_parts_of_a_source_stand_by_themselves(run):
    _noted(run, source_id="github", part="forks", fresh=True, observed_on="2026-11-25", rows=30_000)
    _noted(run, source_id="github", part="contributions", fresh=False, reason="The limit was reached.")
    by_table = {key[0]: rows for key, rows in standings(run).group_by("table")}
    assert by_table["forks"]["fresh"].to_list() == [True]
    assert by_table["contributions"]["reason"].to_list() == ["The limit was reached."]
    # Accounts come from both listings, so that they are as old as the older one.
    assert sorted(by_table["accounts"]["fresh"]) == [False, True]
    assert said(of_table(run, "forks")) == "Current: github (forks), as of 2026-11-25: 30,000 rows."


def test_what_a_source_corrected_or_lost_is_told(run):
    _noted(run, source_id="clickhouse_pypi", fresh=True, observed_on="2026-11-20", lost_days=2)
    _noted(run, source_id="hub_accounts", fresh=True, observed_on="2026-11-25", corrections=3, corrected=-70)
    assert "The source lost 2 day(s), which stay unknown." in said(of_table(run, "package_downloads"))
    assert "3 counters fell, which are corrections." in said(of_table(run, "models"))


def test_a_damaged_file_names_itself_and_the_remedy(run):
    _noted(run, source_id="github", part="forks", fresh=True)
    (run.store_path / "standing" / "github.forks.json").write_text("{")
    with pytest.raises(StandingError, match=r"github\.forks\.json: the file is damaged .* remove it"):
        standing_of(run.store_path, "github", "forks")
