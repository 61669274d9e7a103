"""Dagster's home: one build at a time, and a history that two beginners cannot break."""

import subprocess
import sys

import pytest

from pipelines.cli import run as atlas
from pipelines.instance import BusyError, alone
from pipelines.settings import Settings


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
