"""Tables of other people's models: read with errors that say what to do, resolved, written in portions."""

from datetime import date

import polars as pl
import pytest

from assets.origins import tables
from assets.origins.registry import load_publishers
from assets.origins.tables import OUTPUT, OriginTableError, read_models, read_parents, write_origins

DAY = date(2026, 8, 21)
MODELS = {"model_id": ["me/merge", "me/tune", "Qwen/Qwen3-8B", "gpt2"]}
PARENTS = {
    "child_id": ["me/merge", "me/merge", "me/tune", "me/tune"],
    "parent_id": ["Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B", "./checkpoints", "me/tune"],
    "relation": ["merge", "merge", "finetune", None],
}


@pytest.fixture
def files(tmp_path):
    def write(suffix=".parquet", *, models=None, parents=None):
        paths = tmp_path / f"models{suffix}", tmp_path / f"parents{suffix}"
        for path, content in zip(paths, (models or MODELS, parents or PARENTS), strict=True):
            frame = pl.DataFrame(content)
            frame.write_parquet(path) if suffix == ".parquet" else frame.write_csv(path)
        return paths

    return write


def _resolved(models, parents, output):
    rows = write_origins(read_models(models), read_parents(parents), load_publishers(), output, day=DAY)
    found = pl.read_parquet(output) if output.suffix == ".parquet" else pl.read_csv(output, null_values=[""])
    assert found.height == rows
    return found


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_one_row_a_model_coding_and_country(files, tmp_path, suffix):
    found = _resolved(*files(suffix), tmp_path / f"out{suffix}")
    assert found.columns == OUTPUT.names()
    merge = found.filter((pl.col("model_id") == "me/merge") & (pl.col("coding") == "weights"))
    assert merge.select("country", "origin", "weight", "method", "depth", "family").sort("country").rows() == [
        ("CN", "CN", 0.5, "declared_parents", 1, "Qwen"),
        ("US", "US", 0.5, "declared_parents", 1, "Llama"),
    ]
    lost = found.filter((pl.col("model_id") == "me/tune") & (pl.col("coding") == "weights")).row(0, named=True)
    assert (lost["country"], lost["root_method"], lost["relation"]) == ("ZZ", "local_path", "finetune")
    sums = found.group_by("model_id", "coding").agg(pl.col("weight").sum())
    assert sums.height == 3 * len(MODELS["model_id"])
    assert sums["weight"].to_list() == pytest.approx([1.0] * sums.height)
    # Only what is listed has rows; parents that nobody listed do not.
    assert set(found["model_id"]) == set(MODELS["model_id"])
    assert not list(tmp_path.glob(".*.draft"))


def test_portions_change_nothing(files, tmp_path, monkeypatch):
    whole = _resolved(*files(), tmp_path / "whole.parquet")
    monkeypatch.setattr(tables, "PORTION", 1)
    assert _resolved(*files(), tmp_path / "bits.parquet").equals(whole)


def test_platform_account_and_architecture_are_used_where_they_are(files, tmp_path):
    models = {
        "model_id": ["a", "b"],
        "platform": ["huggingface", "modelscope"],
        "account": ["Qwen", "deepseek-ai"],
        "architecture": ["x", "y"],
    }
    found = _resolved(*files(models=models), tmp_path / "out.parquet").filter(pl.col("coding") == "publisher")
    assert found.select("platform", "country").rows() == [("huggingface", "CN"), ("modelscope", "CN")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"models": {"id": ["a/b"]}}, r"models.parquet: lacks the column\(s\) model_id .*it has id"),
        ({"models": {"model_id": [1]}}, "models.parquet: column model_id is Int64; text is expected"),
        ({"models": {"model_id": ["a/b", None]}}, r"models.parquet: model_id is empty in 1 row\(s\); remove"),
        ({"models": {"model_id": ["a/b"], "platform": ["hub"]}}, "platform 'hub' is not one of huggingface, modelsc"),
        ({"parents": {"child_id": ["a/b"]}}, r"parents.parquet: lacks the column\(s\) parent_id"),
        (
            {"parents": {"child_id": ["a/b"], "parent_id": ["c/d"], "relation": ["fork"]}},
            "parents.parquet: relation 'fork' is not one of merge, adapter",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_file_and_column(files, content, said):
    models, parents = files(**content)
    with pytest.raises(OriginTableError, match=said):
        read_models(models), read_parents(parents)


def test_files_that_are_absent_damaged_or_of_another_kind_are_refused(tmp_path):
    with pytest.raises(OriginTableError, match=r"none.parquet: no such file"):
        read_models(tmp_path / "none.parquet")
    with pytest.raises(OriginTableError, match=r"ends in .parquet or .csv is expected"):
        read_models(tmp_path / "models.xlsx")
    (tmp_path / "bad.parquet").write_text("model_id\n")
    with pytest.raises(OriginTableError, match=r"bad.parquet: the file is damaged or no .parquet file"):
        read_models(tmp_path / "bad.parquet")


def test_outputs_that_cannot_be_written_are_refused_before_the_work(files, tmp_path):
    models, parents = files()
    with pytest.raises(OriginTableError, match="no such folder; make it first"):
        _resolved(models, parents, tmp_path / "none" / "out.parquet")
    with pytest.raises(OriginTableError, match=r"out.xlsx: a file whose name ends"):
        _resolved(models, parents, tmp_path / "out.xlsx")
