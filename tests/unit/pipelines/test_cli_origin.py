"""``atlas origin``: trees for people, tables for machines, one-line errors for both."""

import polars as pl
import pytest

from pipelines.cli import run


@pytest.fixture
def atlas(capsys):
    def start(*arguments):
        code = run(["origin", *arguments])
        return code, *capsys.readouterr()

    return start


def test_models_are_explained_from_the_snapshot_where_there_is_no_build(atlas):
    code, out, err = atlas("Qwen/Qwen2.5-7B-Instruct", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B")
    assert (code, err) == (0, "")
    first, second = out.split("\n\n")[:2]
    assert "finetune of Qwen/Qwen2.5-7B  →  CN 100 % Qwen: reviewed in the registry" in first
    assert "by weights    CN 100 % Qwen  (1 step to the furthest root)" in first
    assert "by publisher  CN 100 % DeepSeek" in second
    assert "by weights    US 100 % Llama" in second
    assert "by control    CN 100 % DeepSeek" in second
    assert "evidence: https://" in second
    assert out.rstrip().endswith("From the embedded snapshot; publisher registry of 2026-08-21.")


def test_the_tables_of_the_last_build_go_before_the_snapshot(atlas):
    assert run(["build", "--only", "ingest", "--only", "attribute"]) == 0
    code, out, _ = atlas("Qwen/Qwen2.5-7B-Instruct")
    assert code == 0
    assert "From the last build (snapshot)" in out


def test_a_model_of_which_nothing_is_known_is_an_error_after_the_others(atlas):
    code, out, err = atlas("Qwen/Qwen2.5-7B-Instruct", "no/such")
    assert code == 1
    assert "by publisher  CN 100 % Qwen" in out
    assert err.startswith("atlas: error: Nothing is known of no/such: no table has it")


def test_a_misspelt_model_is_offered_those_much_alike(atlas):
    code, out, _ = atlas("Qwen/Qwen2.5-7B-Instruckt")
    assert code == 0
    assert "much alike: Qwen/Qwen2.5-7B-Instruct" in out


def test_the_registry_is_read_on_the_day(atlas):
    account = "sentence-transformers/all-MiniLM-L6-v2"
    assert "other (DE) 100 %" in atlas(account, "--day", "2025-07-07")[1]
    assert "by publisher  US 100 %" in atlas(account, "--day", "2025-12-01")[1]


def test_a_table_is_resolved(atlas, tmp_path):
    models, parents, output = (tmp_path / f"{name}.parquet" for name in ("models", "parents", "out"))
    pl.DataFrame({"model_id": ["me/tune"]}).write_parquet(models)
    pl.DataFrame({"child_id": ["me/tune"], "parent_id": ["Qwen/Qwen3-8B"]}).write_parquet(parents)
    given = ("--models", str(models), "--parents", str(parents), "--output", str(output), "--day", "2026-08-21")
    code, out, err = atlas(*given)
    assert (code, err) == (0, "")
    assert "Wrote 3 rows on 1 models" in out
    rows = pl.read_parquet(output).filter(pl.col("coding") == "weights").select("country", "relation", "depth").rows()
    assert rows == [("CN", "unspecified", 1)]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Name a model such as Qwen/Qwen2.5-7B-Instruct, or give --models."),
        (("gpt2",), 2, "'gpt2' is no id of the Hub; write account/name"),
        (("./checkpoints/x",), 2, "is no id of the Hub"),
        (("--models", "m.parquet"), 2, "--models needs --parents and --output beside it."),
        (("a/b", "--output", "o.csv"), 2, "Give either models to explain or --models"),
        (("--models", "m.parquet", "--parents", "p.parquet", "--output", "o.csv"), 1, "m.parquet: no such file."),
        (("a/b", "--day", "yesterday"), 2, "Invalid value for '--day'"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(atlas, arguments, code, said):
    found, out, err = atlas(*arguments)
    assert (found, out) == (code, "")
    assert err.startswith("atlas: error: ")
    assert said in err
    assert err.count("\n") == 1
