"""Families: every pattern finds its example and leaves its counterexample alone."""

import numpy as np
import polars as pl
import pytest

from assets.origins.families import COLUMNS, FamilyError, load_families
from assets.origins.registry import load_publishers

FAMILIES = load_families()
ROWS = FAMILIES.rows.with_columns(pl.col("family").fill_null("")).to_dicts()


def _found(name, kind):
    if kind == "architecture":
        code = FAMILIES.in_architectures(pl.Series([name], dtype=pl.String))[0]
    else:
        named, derived = FAMILIES.in_ids(pl.Series([f"llama-qwen/{name}"]), np.array([0]))
        code = (derived if kind == "derived" else named)[0]
    return FAMILIES.names[code] if code >= 0 else ""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']}:{row['pattern']}")
def test_pattern_finds_its_example_and_not_its_counterexample(row):
    assert _found(row["example"], row["kind"]) == row["family"]
    if row["counterexample"]:
        assert _found(row["counterexample"], row["kind"]) != row["family"]


def test_every_home_is_in_the_registry():
    accounts = load_publishers().filter(pl.col("platform") == "huggingface")["account"]
    assert set(FAMILIES.accounts) <= set(accounts)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Qwen2.5-7B-Instruct-Llama-merge", ""),  # two lines give none away
        ("DeepSeek-R1-Distill-Qwen-7B-Llama", ""),
        ("my_fine_tuned_QWEN", "Qwen"),
        ("notqwen-7b", ""),
        ("", ""),
    ],
)
def test_a_name_gives_away_one_family_or_none(name, family):
    assert _found(name, "name") == family


def test_architectures_that_many_makers_train_anew_give_nothing_away():
    for name in ("LlamaForCausalLM", "DeepseekV3ForCausalLM", None, ""):
        assert _found(name, "architecture") == ""


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("Qwen", "Qwen", "nmae", "qwen", "qwen", "")], "row 1: kind is 'nmae'"),
        ([("Qwen", "Qwen", "name", "Qwen", "Qwen", "")], "pattern 'Qwen' has capitals"),
        ([("Qwen", "Qwen", "name", "qwen", "", "")], "pattern and example are needed"),
        ([("", "", "name", "qwen", "qwen", "")], "every other row has both"),
        ([("Qwen", "Qwen", "name", "qwen", "qwen", "")] * 2, "'qwen' stands there twice"),
        (
            [("Qwen", "Qwen", "name", "qwen", "qwen", ""), ("Qwen", "Alibaba", "name", "qwq", "qwq", "")],
            "'Qwen' has the accounts Alibaba, Qwen",
        ),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path, rows, words):
    path = tmp_path / "families.csv"
    pl.DataFrame(rows, schema=list(COLUMNS), orient="row").write_csv(path)
    with pytest.raises(FamilyError, match=words):
        load_families(path)


def test_a_table_with_other_columns_is_refused(tmp_path):
    path = tmp_path / "families.csv"
    path.write_text("family,pattern\nQwen,qwen\n")
    with pytest.raises(FamilyError, match="they must be family, account"):
        load_families(path)
