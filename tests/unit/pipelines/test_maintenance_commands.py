"""The maintainers' commands: freezing a snapshot from figures or from the last build, printing documents."""

import functools
import json

import pytest

from assets.ingest import snapshot as snapshots
from pipelines.cli import run


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Freeze below a folder of the test, never into the package."""
    monkeypatch.setattr(snapshots, "freeze", functools.partial(snapshots.freeze, root=tmp_path))
    return tmp_path


def test_the_last_build_freezes_into_a_new_dated_snapshot(root, capsys):
    assert run(["build", "--only", "ingest"]) == 0
    assert run(["snapshot", "--day", "2026-12-01"]) == 0
    assert json.loads((root / "pinned.json").read_text())["snapshot"] == "2026-12-01"
    for name in snapshots.tables_in_snapshot():
        assert snapshots.read(name, root=root).equals(snapshots.read(name))
    assert "Frozen in" in capsys.readouterr().out


def test_without_a_build_there_is_nothing_to_freeze(root, capsys):
    assert run(["snapshot", "--day", "2026-12-01"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("atlas: error: ")
    assert "ingest/models" in said
    assert not (root / "pinned.json").exists()


def test_a_folder_without_figures_is_refused_by_file(root, tmp_path, capsys):
    assert run(["snapshot", "--day", "2026-12-01", "--figures", str(tmp_path)]) == 1
    assert "hf_hub_stats_2026-05.csv.gz: no such file" in capsys.readouterr().err
    assert not (root / "pinned.json").exists()


def test_a_day_that_is_none_is_refused(capsys):
    assert run(["snapshot", "--day", "yesterday"]) == 2
    assert "yesterday" in capsys.readouterr().err


def test_documents_are_in_step(capsys):
    assert run(["dictionary", "--check"]) == 0
    assert capsys.readouterr().err == ""
