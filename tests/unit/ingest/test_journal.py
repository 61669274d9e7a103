"""The journal: rows and state together or not at all."""

import polars as pl
import pytest
from upath import UPath

from assets import whole_files
from assets.ingest.journal import Journal, JournalError

SCHEMA = pl.Schema({"name": pl.String(), "n": pl.Int64()})
START = {"step": 0}


def _rows(*names):
    return pl.DataFrame({"name": names, "n": list(range(len(names)))}, schema=SCHEMA)


@pytest.fixture
def folder(tmp_path):
    return UPath(tmp_path / "listing")


def _open(folder):
    return Journal(folder, SCHEMA, START)


def test_an_absent_journal_is_empty(folder):
    journal = _open(folder)
    assert (journal.rows().height, journal.state) == (0, START)
    assert not folder.exists()


def test_steps_add_up_and_outlast_the_process(folder):
    journal = _open(folder)
    journal.add(_rows("a", "b"), {"step": 1})
    journal.add(_rows("c"), {"step": 2})
    again = _open(folder)
    assert again.rows()["name"].to_list() == ["a", "b", "c"] == journal.rows()["name"].to_list()
    assert again.state == journal.state == {"step": 2}


def test_a_whole_step_takes_the_place_of_all_before(folder):
    journal = _open(folder)
    journal.add(_rows("a"), {"step": 1})
    journal.replace(_rows("z"), {"step": 2})
    journal.add(_rows("y"), {"step": 3})
    assert _open(folder).rows()["name"].to_list() == ["z", "y"]
    assert len(list(folder.iterdir())) == 2


def test_steps_before_a_whole_one_are_out_of_force_though_their_removal_was_interrupted(folder, monkeypatch):
    journal = _open(folder)
    journal.add(_rows("a"), {"step": 1})
    with monkeypatch.context() as patch:
        patch.setattr(type(folder), "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            journal.replace(_rows("z"), {"step": 2})
    assert _open(folder).rows()["name"].to_list() == ["z"]
    _open(folder).replace(_rows("x"), {"step": 3})
    assert _open(folder).rows()["name"].to_list() == ["x"]
    assert len(list(folder.iterdir())) == 1


def test_an_interrupted_write_leaves_no_step(folder, monkeypatch):
    journal = _open(folder)
    journal.add(_rows("a"), {"step": 1})

    def killed(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(whole_files.os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            journal.add(_rows("b"), {"step": 2})
    assert _open(folder).rows()["name"].to_list() == ["a"]
    assert _open(folder).state == {"step": 1}


def test_a_draft_that_a_killed_process_left_is_no_step(folder):
    journal = _open(folder)
    journal.add(_rows("a"), {"step": 1})
    (folder / ".00000002.parquet.77.tmp").write_bytes(b"PAR1 half")
    assert _open(folder).state == {"step": 1}


def test_a_damaged_step_is_named(folder):
    _open(folder).add(_rows("a"), {"step": 1})
    (folder / "00000001.parquet").write_bytes(b"PAR1")
    with pytest.raises(JournalError, match=r"00000001.parquet: this step of a journal is damaged .* remove its folder"):
        _open(folder)


def test_a_step_of_another_version_is_named(folder):
    Journal(folder, pl.Schema({"other": pl.String()}), START).add(pl.DataFrame({"other": ["a"]}), {"step": 1})
    with pytest.raises(JournalError, match="another version"):
        _open(folder)


def test_the_same_steps_are_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        _open(UPath(tmp_path / name)).add(_rows("a", "b"), {"step": 1, "at": "x"})
    one, two = ((tmp_path / name / "00000001.parquet").read_bytes() for name in ("one", "two"))
    assert one == two


def test_a_bucket_holds_journals_too(bucket):
    folder = bucket / "listing"
    _open(folder).add(_rows("a"), {"step": 1})
    _open(folder).add(_rows("b"), {"step": 2})
    assert _open(folder).rows()["name"].to_list() == ["a", "b"]
    _open(folder).replace(_rows("c"), {"step": 3})
    assert _open(folder).rows()["name"].to_list() == ["c"]
    assert len(list(folder.iterdir())) == 1
