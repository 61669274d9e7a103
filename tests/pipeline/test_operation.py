"""Operation on the embedded figures, end to end: what runs say of themselves, back-fills, and the last good site."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from assets.adoption import reproduced
from assets.partitions import kept_part, part_path
from assets.publish import assets as publish_assets
from assets.schemas import TABLES
from pipelines.backup import BackupError, back_up, restore
from pipelines.build import build_defs
from pipelines.execution import Problem, run
from pipelines.instance import write_history_quickly
from pipelines.retention import prune
from pipelines.settings import Settings
from pipelines.storage import read_table
from tests.standins.object_store import BUCKET, serving

YEAR = ("2024-11-01", "2025-10-31")
IN_PARTS = {asset for asset, table in TABLES.items() if table.LAYER == "archive"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("operation")
    return Settings(mode="snapshot", data=str(root / "data"), output=root / "build", DAGSTER_HOME=root / "dagster")


@pytest.fixture(scope="module")
def built(settings):
    outcome = run(settings, only=(), tell=lambda _: None)
    assert outcome.problems == []
    return settings


@pytest.fixture(scope="module")
def instance(built):
    with dg.DagsterInstance.from_config(str(built.dagster_home)) as instance:
        yield instance


def _files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _metadata(instance, asset):
    event = instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.mark.parametrize("asset", sorted(set(TABLES) - IN_PARTS))
def test_every_table_says_how_much_it_holds_and_of_when(instance, built, asset):
    said, table = _metadata(instance, asset), TABLES[asset]
    frame = read_table(UPath(built.store), asset, mode="snapshot")
    assert said["dagster/row_count"] == frame.height
    assert said["file"] == f"{asset}.parquet"
    assert said["period"]
    assert said["freshness"]
    assert said["coverage"]
    if table.PERSONAL:
        assert said["preview"] == "Rows concern people and are not shown."
    else:
        assert said["preview"].startswith(f"| {frame.columns[0]} |")
        assert f"{frame.height:,} rows" in said["preview"]


def test_facts_are_those_of_the_figures(instance):
    said = _metadata(instance, "adoption/estimates")
    assert said["period"] == "2023-01-01 to 2026-05-01 (period)"
    assert said["freshness"].startswith("newest 2026-05-01, ")
    assert said["coverage"]["economies"] == 250
    assert "suppressed" in said["coverage"]["states"]


@pytest.mark.parametrize("asset", ["world_map", "static_maps", "download_chart", "open_data", "explained", "site"])
def test_everything_published_says_what_it_rests_on_and_shows_itself(instance, asset):
    said = _metadata(instance, f"publish/{asset}")
    assert said["files"] > 0
    assert said["rows_read"] == sum(record.data["rows"] for record in said["rests_on"].records) > 0
    assert said["period"]
    assert said["freshness"]
    assert said["coverage"]
    pictured = said["preview"].startswith("![preview](data:image/svg+xml;base64,")
    assert pictured is (asset in {"world_map", "static_maps", "download_chart"})
    assert pictured or "bytes" in said["preview"]


def test_a_failing_checks_explanation_says_what_to_do(instance):
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [dg.AssetCheckKey(dg.AssetKey(["adoption", "estimates"]), "survey_reproduced")]
    )
    (record,) = records.values()
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    assert evaluation.passed
    assert evaluation.metadata["compared"].value > 140
    assert "atlas explain" in evaluation.metadata["runbook"].value


def _back_fill(built, instance, asset, first, last):
    write_history_quickly(built.mode)
    defs = build_defs(settings=built)
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(asset.split("/"))],
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
    )


@pytest.fixture(scope="module")
def year(built, instance):
    assert _back_fill(built, instance, "archive/daily_counters", *YEAR).success
    assert _back_fill(built, instance, "archive/monthly_counters", "2024-11-01", "2025-10-01").success
    return UPath(built.store)


def test_a_year_of_days_is_back_filled_in_one_run(year, built, instance):
    made = instance.get_materialized_partitions(dg.AssetKey(["archive", "daily_counters"]))
    assert len(made) == 365
    observed = read_table(UPath(built.store), "ingest/model_download_totals", mode="snapshot").drop_nulls("downloads")
    counts = dict(observed.group_by("observed_on").len().iter_rows())
    for key in made:
        day = kept_part(year, "archive/daily_counters", key)
        # A day without an observation has no rows; that is no count of zero.
        assert day.height == counts.get(date.fromisoformat(key), 0)
        assert set(day["observed_on"]) <= {date.fromisoformat(key)}


def test_months_follow_from_their_days(year):
    month = kept_part(year, "archive/monthly_counters", "2025-02-01")
    days = pl.concat(
        part for day in range(1, 29) if (part := kept_part(year, "archive/daily_counters", f"2025-02-{day:02d}")).height
    )
    assert month.height == days.n_unique(["platform", "model_id", "definition", "source_id"]) > 1_000
    assert kept_part(year, "archive/monthly_counters", "2025-10-01").is_empty()


def test_a_back_fill_again_changes_no_byte(year, built, instance):
    before = _files(part_path(year, "archive/daily_counters", "x").parent)
    assert _back_fill(built, instance, "archive/daily_counters", "2025-01-12", "2025-01-16").success
    assert _files(part_path(year, "archive/daily_counters", "x").parent) == before


def test_a_day_that_the_inputs_no_longer_hold_is_kept(year, built, instance, monkeypatch):
    path = part_path(year, "archive/daily_counters", "2025-01-14")
    before = path.read_bytes()
    from assets.archive import counters

    real = counters.daily_counters
    monkeypatch.setattr(counters, "daily_counters", lambda *tables: real(*tables).clear())
    assert _back_fill(built, instance, "archive/daily_counters", "2025-01-14", "2025-01-14").success
    assert path.read_bytes() == before


def test_frozen_estimates_tell_when_shares_moved(built, instance):
    month = ("2025-06-01", "2025-06-01")
    assert _back_fill(built, instance, "archive/monthly_estimates", *month).success
    whole = read_table(UPath(built.store), "adoption/estimates", mode="snapshot")
    kept = kept_part(UPath(built.store), "archive/monthly_estimates", "2025-06-01")
    assert kept.equals(whole.filter(pl.col("period") == date(2025, 6, 1)))
    moved = kept.with_columns(cn_share=pl.col("cn_share") / 2)
    part = part_path(UPath(built.store), "archive/monthly_estimates", "2025-06-01")
    moved.write_parquet(part)
    result = _back_fill(built, instance, "archive/monthly_estimates", *month)
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "not_revised"]
    assert not check.passed
    assert "2025-06-01" in check.description
    assert check.metadata["cells"].value == kept.filter(pl.col("cn_share") > 0).height
    assert re.search(r"survey_use [A-Z]{2} 2025-06 \(\w+\): \d+\.\d% → \d+\.\d%", check.metadata["largest"].value)
    assert kept_part(UPath(built.store), "archive/monthly_estimates", "2025-06-01").equals(kept)


def test_a_blocked_table_keeps_the_last_good_site(built, monkeypatch):
    """The check that fails stands before the maps: neither its table nor any file of the site may change."""
    site, table = _files(built.output), UPath(built.store) / "adoption" / "estimates.parquet"
    before = table.read_bytes()
    monkeypatch.setattr(reproduced, "not_reproduced", lambda *_: (142, ["KE"]))
    outcome = run(built, only=("adoption/estimates", "publish"), tell=lambda _: None)
    (problem,) = outcome.problems
    assert (problem.asset, problem.cause) == (
        "adoption/estimates",
        "check survey_reproduced failed: Not the survey's counts: KE.",
    )
    assert table.read_bytes() == before
    assert _files(built.output) == site


def test_a_page_that_fails_its_check_is_not_published(built, monkeypatch):
    before = _files(built.output)
    real = publish_assets._stands_alone
    monkeypatch.setattr(publish_assets, "_stands_alone", lambda page: replace(real(page), passed=False))
    outcome = run(built, only=("publish/world_map", "publish/site"), tell=lambda _: None)
    assert {(problem.asset, problem.cause.partition(":")[0]) for problem in outcome.problems} == {
        ("publish/world_map", "check stands_alone failed")
    }
    # Not even a draft is left.
    assert _files(built.output) == before
    assert not list(built.output.glob(".draft-*"))


def test_a_run_with_many_fewer_rows_warns(built, monkeypatch):
    from assets.origins import builders

    real = builders.load_builders
    monkeypatch.setattr(builders, "load_builders", lambda *given, **more: real(*given, **more).head(32))
    outcome = run(built, only=("attribute/builders",), tell=lambda _: None)
    (warning,) = [fact for fact in outcome.facts if isinstance(fact, Problem)]
    assert not warning.fatal
    assert "volume" in warning.cause
    monkeypatch.undo()
    assert run(built, only=("attribute/builders",), tell=lambda _: None).problems == []


@pytest.fixture(scope="module")
def backup(built, tmp_path_factory):
    file = tmp_path_factory.mktemp("backup") / "atlas.tar.gz"
    assert back_up(built, file) > 40
    return file


@pytest.fixture
def elsewhere(tmp_path):
    return Settings(
        mode="snapshot", data=str(tmp_path / "data"), output=tmp_path / "build", DAGSTER_HOME=tmp_path / "dagster"
    )


def test_a_restored_store_makes_the_same_site(built, backup, elsewhere):
    restore(elsewhere, backup)
    assert run(elsewhere, only=("publish",), tell=lambda _: None).problems == []
    assert _files(elsewhere.output) == _files(built.output)
    with dg.DagsterInstance.from_config(str(elsewhere.dagster_home)) as instance:
        # The history came along: the UI shows the tables as made.
        assert instance.get_latest_materialization_event(dg.AssetKey(["ingest", "models"]))


def test_a_store_that_was_copied_into_a_bucket_makes_the_same_site(built, elsewhere):
    with serving():
        place = UPath(f"s3://{BUCKET}/moved")
        for path, content in _files(Path(built.store)).items():
            (place / "snapshot" / path.as_posix()).write_bytes(content)
        there = elsewhere.model_copy(update={"data": str(place)})
        assert run(there, only=("publish",), tell=lambda _: None).problems == []
        assert _files(there.output) == _files(built.output)
        with pytest.raises(BackupError, match="tools of the object store"):
            back_up(there, elsewhere.output / "atlas.tar.gz")


def test_a_backup_is_for_its_owner_alone(backup):
    assert backup.stat().st_mode & 0o077 == 0


def test_a_backup_overwrites_nothing(built, backup, elsewhere):
    with pytest.raises(BackupError, match="there already"):
        back_up(built, backup)
    with pytest.raises(BackupError, match="does not exist: make it"):
        back_up(built, backup.parent / "nowhere" / "atlas.tar.gz")
    with pytest.raises(BackupError, match="not empty"):
        restore(built, backup)
    live = elsewhere.model_copy(update={"mode": "live"})
    with pytest.raises(BackupError, match="set ATLAS_MODE=snapshot"):
        restore(live, backup)


@pytest.mark.parametrize("cut", [0, 100, 10_000])
def test_a_damaged_backup_says_so(backup, elsewhere, tmp_path, cut):
    (tmp_path / "cut.tar.gz").write_bytes(backup.read_bytes()[:cut])
    with pytest.raises(BackupError, match="damaged"):
        restore(elsewhere, tmp_path / "cut.tar.gz")


def test_old_runs_are_forgotten_but_not_those_that_made_what_is_there(built, instance):
    for _ in range(2):
        assert run(built, only=("attribute/regions",), tell=lambda _: None).problems == []
    before = instance.get_runs_count()
    later = datetime.now(UTC) + timedelta(days=100)
    made = {asset: instance.get_latest_materialization_event(dg.AssetKey(asset.split("/"))) for asset in TABLES}
    parts = instance.get_materialized_partitions(dg.AssetKey(["archive", "daily_counters"]))
    assert prune(instance, older_than=timedelta(days=200), now=later) == 0
    count = prune(instance, older_than=timedelta(days=90), now=later)
    assert 0 < count < before
    assert instance.get_runs_count() == before - count
    for asset, event in made.items():
        assert instance.get_latest_materialization_event(dg.AssetKey(asset.split("/"))) == event
    assert instance.get_materialized_partitions(dg.AssetKey(["archive", "daily_counters"])) == parts
