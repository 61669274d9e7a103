"""Dagster's home: one build at a time, and a history that two beginners cannot break."""

import subprocess
import sys

import dagster as dg
import pytest
from sqlalchemy import create_engine, text

from pipelines.cli import run as atlas
from pipelines.instance import BusyError, alone, prepare, write_history_quickly
from pipelines.settings import Settings, SettingsError


def test_a_second_build_is_refused_and_says_what_to_do():
    settings = Settings.load()
    refused = pytest.raises(BusyError, match=r"another build is running on .* --data and --output")
    with alone(settings), refused, alone(settings):
        pass


def test_the_lock_goes_with_the_build(capsys):
    settings = Settings.load()
    with alone(settings):
        assert atlas(["build", "--only", "ingest/repositories"]) == 1
        assert capsys.readouterr().err.count("another build is running") == 1
    assert atlas(["build", "--only", "ingest/repositories"]) == 0


def test_two_first_builds_at_once_leave_a_home_that_works():
    command = [sys.executable, "-m", "pipelines", "build", "--only", "ingest/repositories"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    codes = []
    for process in both:
        _, said = process.communicate(timeout=120)
        codes.append(process.returncode)
        assert process.returncode == 0 or "another build is running" in said
    assert 0 in codes
    assert atlas(["build", "--only", "ingest/repositories"]) == 0


def test_each_mode_has_a_history_and_a_build_folder_of_its_own(monkeypatch):
    for name in ("DAGSTER_HOME", "ATLAS_OUTPUT"):
        monkeypatch.delenv(name)
    snapshot, live = Settings.load(), Settings.load(mode="live")
    assert snapshot.dagster_home != live.dagster_home
    assert snapshot.output != live.output
    assert snapshot.output.name == "build"


def test_a_build_folder_that_cannot_be_written_is_refused_before_the_run(tmp_path, capsys):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert atlas(["build", "--output", str(in_the_way / "build")]) == 1
    said = capsys.readouterr()
    assert "the build folder" in said.err
    assert "made" not in said.out


def test_postgres_is_asked_for_by_a_variable_that_stays_in_the_environment(monkeypatch):
    settings = Settings.load()
    monkeypatch.setenv("ATLAS_POSTGRES_URL", "postgresql://atlas:secret@127.0.0.1:9/atlas")
    prepare(settings)
    said = (settings.dagster_home / "dagster.yaml").read_text()
    assert "env: ATLAS_POSTGRES_URL" in said
    assert "secret" not in said
    prepare(settings)


def test_a_home_without_postgres_does_not_become_one_in_silence(monkeypatch):
    settings = Settings.load()
    prepare(settings)
    monkeypatch.setenv("ATLAS_POSTGRES_URL", "postgresql://atlas:secret@127.0.0.1:9/atlas")
    with pytest.raises(SettingsError, match="made without Postgres"):
        prepare(settings)


def test_one_run_a_part_at_a_time_even_where_runs_may_be_many():
    settings = Settings.load()
    prepare(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        limits = instance.get_settings("concurrency")["runs"]
        assert limits["max_concurrent_runs"] == 1
        assert {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1} in limits[
            "tag_concurrency_limits"
        ]
        assert not instance.telemetry_enabled


@pytest.mark.parametrize(("mode", "synchronous"), [("live", 1), ("snapshot", 0)])
def test_a_history_is_written_without_waiting_for_the_disk(mode, synchronous, tmp_path):
    write_history_quickly(mode)
    engine = create_engine(f"sqlite:///{tmp_path / 'history.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == synchronous
    engine.dispose()
