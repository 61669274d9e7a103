"""The store: round trips, atomic writes, and everything that it refuses."""

import json

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from upath import UPath

from assets.schemas import TableError
from pipelines.storage import StoreError, TableIOManager, open_store, read_table

KEY = dg.AssetKey(["ingest", "model_parents"])


@pytest.fixture(params=["folder", "memory"])
def root(request, tmp_path):
    return UPath(tmp_path / "store") if request.param == "folder" else UPath(f"memory://{tmp_path.name}/store")


def _manager(root, mode="snapshot"):
    manager = TableIOManager(store=str(root), mode=mode)
    manager.setup_for_execution(dg.build_init_resource_context())
    return manager


def _write(root, frame, *, mode="snapshot", key=KEY):
    context = dg.build_output_context(asset_key=key)
    _manager(root, mode).handle_output(context, frame)
    return context.get_logged_metadata()


def _read(root, *, mode="snapshot", key=KEY):
    return _manager(root, mode).load_input(dg.build_input_context(asset_key=key))


def _file(root):
    return root / "ingest" / "model_parents.parquet"


def test_round_trip_in_declared_order(root, parents):
    _write(root, parents.select(reversed(parents.columns)))
    assert_frame_equal(_read(root), parents)


def test_tables_are_read_outside_of_runs_too(root, parents):
    _write(root, parents)
    assert_frame_equal(read_table(root, "ingest/model_parents", mode="snapshot"), parents)
    with pytest.raises(StoreError, match="written for mode 'snapshot', not 'live'"):
        read_table(root, "ingest/model_parents", mode="live")


def test_lazy_frames_are_written_too(root, parents):
    _write(root, parents.lazy())
    assert_frame_equal(_read(root), parents)


def test_file_names_mode_and_table(root, parents):
    _write(root, parents)
    metadata = pl.read_parquet_metadata(_file(root).read_bytes())
    assert metadata["atlas.run_mode"] == "snapshot"
    assert metadata["atlas.table"] == "ingest/model_parents"


def test_event_log_gets_size_and_checksum_only(root, parents):
    metadata = _write(root, parents)
    assert set(metadata) == {"path", "dagster/row_count", "dagster/uri", "file", "bytes", "sha256"}
    assert metadata["dagster/row_count"].value == 2
    assert metadata["bytes"].value == len(_file(root).read_bytes())


def test_same_table_gives_same_bytes(tmp_path, parents):
    first, second = (_write(UPath(tmp_path / name), parents) for name in "ab")
    assert first["sha256"] == second["sha256"]


def test_failed_write_leaves_the_old_file(tmp_path, parents, monkeypatch):
    root = UPath(tmp_path)
    _write(root, parents)
    before = _file(root).read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        _write(root, parents.head(1))
    assert _file(root).read_bytes() == before
    assert [path.name for path in (tmp_path / "ingest").iterdir()] == ["model_parents.parquet"]


def test_refused_table_leaves_the_old_file(root, parents):
    _write(root, parents)
    with pytest.raises(TableError, match=r"^ingest/model_parents: .*lacks the column\(s\) relation"):
        _write(root, parents.drop("relation"))
    assert_frame_equal(_read(root), parents)


def test_value_outside_its_vocabulary_is_refused_on_write(root, parents):
    with pytest.raises(TableError, match="column relation: check"):
        _write(root, parents.with_columns(relation=pl.lit("cousin")))
    assert not _file(root).exists()


def test_value_outside_its_vocabulary_is_refused_on_read(root, parents):
    _write(root, parents)
    metadata = {"atlas.run_mode": "snapshot", "atlas.table": "ingest/model_parents"}
    with _file(root).open("wb") as file:
        parents.with_columns(relation=pl.lit("cousin")).write_parquet(file, metadata=metadata)
    with pytest.raises(TableError, match=r"^ingest/model_parents \(.*model_parents\.parquet\): .* is refused"):
        _read(root)


@pytest.mark.parametrize("value", [None, 3, {"a": [1]}])
def test_other_things_than_tables_are_refused(root, value):
    with pytest.raises(TableError, match="a polars DataFrame is expected"):
        _write(root, value)


def test_undeclared_asset_is_refused(root, parents):
    with pytest.raises(StoreError, match=r"^ingest/nonsense: no such table is declared"):
        _write(root, parents, key=dg.AssetKey(["ingest", "nonsense"]))


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            {"atlas.run_mode": "synthetic", "atlas.table": "ingest/model_parents"},
            "for mode 'synthetic', not 'snapshot'",
        ),
        ({"atlas.run_mode": "snapshot", "atlas.table": "ingest/models"}, "for table 'ingest/models', not"),
        ({}, "for mode None, not 'snapshot'"),
    ],
)
def test_file_of_another_mode_or_table_is_refused(root, parents, metadata, said):
    _write(root, parents)
    with _file(root).open("wb") as file:
        parents.write_parquet(file, metadata=metadata)
    with pytest.raises(StoreError, match=f"model_parents.parquet was written {said}"):
        _read(root)


def test_cut_file_is_refused(root, parents):
    _write(root, parents)
    _file(root).write_bytes(_file(root).read_bytes()[:-20])
    with pytest.raises(StoreError, match=r"damaged or no Parquet file; rebuild it with 'atlas build --only ingest/"):
        _read(root)


def test_missing_table_says_how_to_make_it(root):
    with pytest.raises(StoreError, match=r"does not exist; rebuild it with 'atlas build --only ingest/model_parents'"):
        _read(root)


def test_new_store_is_marked(root):
    open_store(root, "live")
    marker = json.loads((root / "STORE.json").read_text())
    assert marker["mode"] == "live"
    assert marker["created"].endswith("+00:00")
    open_store(root, "live")


def test_store_of_another_mode_is_refused(root):
    open_store(root, "live")
    with pytest.raises(StoreError, match=r"made for mode 'live' and cannot be used in mode 'synthetic'") as refusal:
        _manager(root, "synthetic")
    assert "\n" not in str(refusal.value)


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(StoreError, match="no store of the atlas"):
        open_store(UPath(tmp_path), "snapshot")


@pytest.mark.parametrize("content", ["", "[]", '{"created": 1}', "{"])
def test_unreadable_marker_is_refused(tmp_path, content):
    (tmp_path / "STORE.json").write_text(content)
    with pytest.raises(StoreError, match="cannot be read"):
        open_store(UPath(tmp_path), "snapshot")
