"""Asset ``ingest/package_downloads`` in live mode, end to end: settings, run, store, check and what is told."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from assets.ingest.alone import alone
from assets.ingest.package_index import clickhouse
from assets.ingest.web.manners import Manners
from assets.origins.tracked import load_packages
from pipelines.execution import Problem, run
from pipelines.settings import Settings
from pipelines.storage import read_table
from tests.standins.clickhouse import ClickHouse, exception
from tests.standins.web import Cut, Status

ASSET = "ingest/package_downloads"
TOKEN = "right"  # noqa: S105


@pytest.fixture
def server(monkeypatch):
    newest = datetime.now(UTC).date() - timedelta(days=1)
    with ClickHouse(oldest=newest - timedelta(days=60), newest=newest) as stand_in:
        monkeypatch.setenv("ATLAS_CLICKHOUSE_URL", stand_in.url)
        monkeypatch.setenv("ATLAS_CLICKHOUSE_MONTHS", "1")
        monkeypatch.setattr(
            clickhouse.ClickHouseSettings, "manners", lambda _: Manners(read=0.3, total=1, attempts=2, backoff=0.001)
        )
        yield stand_in


def _go():
    outcome = run(Settings.load(mode="live"), only=(ASSET,), tell=lambda _: None)
    return outcome, [fact for fact in outcome.facts if isinstance(fact, Problem)]


def _table():
    settings = Settings.load(mode="live")
    return read_table(UPath(settings.store), ASSET, mode="live")


def _written():
    root = Path(Settings.load(mode="live").store)
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(root.rglob("*")) if p.is_file()}


def test_a_live_run_fills_the_table_and_a_second_one_changes_no_byte(server):
    packages = load_packages().height
    outcome, problems = _go()
    assert outcome.problems == problems == []
    assert len(server.requests) == 1 + packages
    table = _table()
    assert table["package"].n_unique() == packages
    assert {"KE", "NG", "ID", "PE", "ZZ"} <= set(table["region_id"])
    assert table["downloads"].min() > 0
    before = _written()
    server.requests.clear()
    assert _go()[1] == []
    assert len(server.requests) == 1
    assert _written() == before


def test_a_second_run_at_once_is_refused_and_changes_nothing(server):
    folder = UPath(Settings.load(mode="live").store) / "fetched" / "package_downloads"
    _go()
    before = _written()
    server.requests.clear()
    with alone(folder, "PyPI's downloads"):
        outcome, _ = _go()
    assert any("Another run is reading PyPI's downloads" in problem.cause for problem in outcome.problems)
    assert server.requests == []
    assert _written() == before


@pytest.mark.parametrize(
    "fault", [Status(503), Cut(50), exception(201, "Quota exceeded")], ids=["down", "cut", "quota"]
)
def test_a_source_that_fails_keeps_the_table_and_marks_it(server, fault):
    _go()
    before = _table()
    server.fault_for = lambda _: fault
    outcome, problems = _go()
    assert outcome.problems == []
    said = " ".join(problem.cause for problem in problems)
    assert f"Stale: clickhouse_pypi, as of {server.newest}." in said
    assert _table().equals(before)


def test_a_first_run_without_a_source_ends_in_an_empty_table_that_says_so(server):
    server.fault_for = lambda _: Status(503)
    outcome, problems = _go()
    assert outcome.problems == []
    assert "Stale: clickhouse_pypi, never read." in " ".join(problem.cause for problem in problems)
    assert _table().is_empty()


def test_the_password_is_in_no_file_that_a_failing_run_wrote(server, monkeypatch):
    secret = "pa55-w0rd-0f-th3-0wner"  # noqa: S105
    monkeypatch.setenv("ATLAS_CLICKHOUSE_USER", "me")
    monkeypatch.setenv("ATLAS_CLICKHOUSE_PASSWORD", secret)
    server.fault_for = lambda asked: exception(516, f"no user with key {asked.headers['x-clickhouse-key']}")
    outcome, problems = _go()
    assert server.requests[0].headers["x-clickhouse-key"] == secret
    assert "***" in " ".join(problem.cause for problem in problems)
    settings = Settings.load(mode="live")
    for root in (Path(settings.store), settings.dagster_home):
        files = [path for path in root.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if secret.encode() in path.read_bytes()]
    assert secret not in repr(outcome)


def test_what_was_read_reaches_the_estimates_and_other_sources_stand(server, monkeypatch):
    monkeypatch.setenv("ATLAS_CLICKHOUSE_MONTHS", "2")
    settings = Settings.load(mode="live")
    before = (
        "regions",
        "tracked_packages",
        "tracked_repositories",
        "builders",
        "publishers",
        "model_origins",
        "actor_places",
    )
    after = (
        "builder_choices",
        "observations",
        "world_series",
        "family_totals",
        "allocations",
        "allocation_checks",
        "estimates",
    )
    wanted = ("ingest", *(f"attribute/{name}" for name in before), *(f"adoption/{name}" for name in after))
    assert run(settings, only=wanted, tell=lambda _: None).problems == []
    store = UPath(settings.store)
    cells = read_table(store, "adoption/estimates", mode="live").filter(signal="package_download", level="country")
    measured = cells.filter(state="value")
    # The last month that is over on the source's newest day.
    following = (server.newest + timedelta(days=1)).replace(day=1)
    assert measured["period"].unique().to_list() == [(following - timedelta(days=1)).replace(day=1)]
    assert {"KE", "NG", "ID", "PE"} <= set(measured["region_id"])
    assert set(measured["evidence"]) == {"logged"}
    assert set(cells.filter(pl.col("state") != "value")["state"]) == {"not_observed"}
    survey = read_table(store, "adoption/estimates", mode="live").filter(signal="survey_use", region_id="KE")
    assert survey["n"].item() == 46


def test_without_live_mode_nothing_is_asked(server):
    outcome = run(Settings.load(mode="snapshot"), only=(ASSET,), tell=lambda _: None)
    assert outcome.facts
    assert all(not isinstance(fact, Problem) for fact in outcome.facts)
    assert not server.requests
    table = read_table(UPath(Settings.load(mode="snapshot").store), ASSET, mode="snapshot")
    assert table.is_empty()
