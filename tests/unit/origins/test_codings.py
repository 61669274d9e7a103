"""Codings: publisher and weights answer different questions, and neither guesses."""

from datetime import date

import polars as pl
import pytest

from assets.origins.codings import model_origins

DAY = date(2026, 5, 20)


def _models(*rows):
    return pl.DataFrame(rows, schema=["model_id", "account"], orient="row").with_columns(
        platform=pl.lit("huggingface"), observed_on=pl.lit(DAY)
    )


def _totals(*rows):
    schema = {"platform": pl.String, "model_id": pl.String, "account": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(observed_on=pl.lit(date(2025, 7, 7)))


def _parents(*rows):
    edges = pl.DataFrame(rows, schema={"child_id": pl.String, "parent_id": pl.String}, orient="row")
    return edges.with_columns(relation=pl.lit("finetune"))


PUBLISHERS = pl.DataFrame(
    [
        ("huggingface", "Qwen", "CN", "lab", "reviewed"),
        ("huggingface", "deepseek-ai", "CN", "lab", "reviewed"),
        ("huggingface", "meta-llama", "US", "lab", "reviewed"),
        ("huggingface", "SomeLab", "HK", "lab", "unreviewed"),
        ("huggingface", "bigscience", "ZZ", "community", "unreviewed"),
        ("huggingface", "unsloth", "US", "repackager", "unreviewed"),
        ("huggingface", "bartowski", "ZZ", "repackager", "unreviewed"),
        ("modelscope", "qwen", "CN", "lab", "unreviewed"),
    ],
    schema=["platform", "account", "headquarters", "role", "review_state"],
    orient="row",
).with_columns(
    organisation=pl.col("account"),
    control="headquarters",
    valid_from=pl.lit(date(2022, 1, 1)),
    valid_to=pl.lit(None, pl.Date),
    alias_of=pl.lit(None, pl.String),
    families=pl.lit(None, pl.String),
)


def _coded(models, totals, parents, coding):
    rows = model_origins(models, totals, parents, PUBLISHERS).filter(pl.col("coding") == coding)
    return {
        model: (dict(own.group_by("origin").agg(pl.col("weight").sum()).iter_rows()), own["method"][0])
        for (model,), own in rows.group_by("model_id")
    }


def test_a_distillation_is_chinese_by_publisher_and_american_by_weights():
    models = _models(("deepseek-ai/R1-Distill-Llama", "deepseek-ai"), ("meta-llama/Llama-3", "meta-llama"))
    parents = _parents(("deepseek-ai/R1-Distill-Llama", "meta-llama/Llama-3"))
    publisher = _coded(models, _totals(), parents, "publisher")
    weights = _coded(models, _totals(), parents, "weights")
    assert publisher["deepseek-ai/R1-Distill-Llama"] == ({"CN": 1.0}, "registry")
    assert weights["deepseek-ai/R1-Distill-Llama"] == ({"US": 1.0}, "declared_parents")


def test_repackagers_are_intermediaries_under_both_codings():
    repackaged = [("unsloth/Qwen3-GGUF", "unsloth"), ("bartowski/unsloth-Qwen3", "bartowski")]
    models = _models(*repackaged, ("unsloth/own", "unsloth"))
    parents = _parents(("unsloth/Qwen3-GGUF", "Qwen/Qwen3"), ("bartowski/unsloth-Qwen3", "unsloth/Qwen3-GGUF"))
    for coding in ("publisher", "weights"):
        found = _coded(models, _totals(), parents, coding)
        assert found["unsloth/Qwen3-GGUF"][0] == {"CN": 1.0}
        assert found["bartowski/unsloth-Qwen3"][0] == {"CN": 1.0}
        assert found["unsloth/own"] == ({"unknown": 1.0}, "repackager_without_parents")


def test_a_merge_of_a_finetuner_is_its_own_by_publisher_and_shared_by_weights():
    models = _models(("SomeLab/merge", "SomeLab"), ("Qwen/Qwen3", "Qwen"), ("meta-llama/Llama-3", "meta-llama"))
    parents = _parents(("SomeLab/merge", "Qwen/Qwen3"), ("SomeLab/merge", "meta-llama/Llama-3"))
    assert _coded(models, _totals(), parents, "publisher")["SomeLab/merge"] == ({"other": 1.0}, "registry_unreviewed")
    half = pytest.approx(0.5)
    assert _coded(models, _totals(), parents, "weights")["SomeLab/merge"][0] == {"CN": half, "US": half}


def test_hong_kong_is_not_folded_into_china():
    found = _coded(_models(("SomeLab/m", "SomeLab")), _totals(), _parents(), "publisher")
    assert found["SomeLab/m"][0] == {"other": 1.0}


@pytest.mark.parametrize(
    ("model", "account", "method"),
    [
        ("u00001/m", "u00001", "unaffiliated_user"),
        ("Nobody/m", "Nobody", "not_in_registry"),
        ("bigscience/bloom", "bigscience", "no_single_base"),
    ],
)
def test_what_nobody_knows_stays_unknown_with_its_reason(model, account, method):
    found = _coded(_models((model, account)), _totals(), _parents(), "publisher")
    assert found[model] == ({"unknown": 1.0}, method)


def test_local_paths_and_models_outside_every_table_do_not_break_lineage():
    models = _models(("u00001/tuned", "u00001"), ("u00002/tuned", "u00002"))
    parents = _parents(("u00001/tuned", "./checkpoints/llama"), ("u00002/tuned", "Qwen/never-listed"))
    weights = _coded(models, _totals(), parents, "weights")
    assert weights["u00001/tuned"][0] == {"unknown": 1.0}
    assert weights["u00002/tuned"][0] == {"CN": 1.0}


def test_lineage_that_no_table_shows_is_unknown_by_weights_but_not_by_publisher():
    totals = _totals(("huggingface", "Qwen/crawled", "Qwen"), ("modelscope", "qwen/crawled", "qwen"))
    models = _models(("meta-llama/x", "meta-llama"))
    assert _coded(models, totals, _parents(), "publisher")["Qwen/crawled"] == ({"CN": 1.0}, "registry")
    assert _coded(models, totals, _parents(), "publisher")["qwen/crawled"] == ({"CN": 1.0}, "registry_unreviewed")
    for model in ("Qwen/crawled", "qwen/crawled"):
        assert _coded(models, totals, _parents(), "weights")[model] == ({"unknown": 1.0}, "lineage_not_observed")


def test_an_account_that_moved_has_the_origin_of_the_day():
    moved = pl.concat(
        [
            PUBLISHERS.filter(pl.col("account") == "SomeLab").with_columns(
                headquarters=pl.lit("DE"), valid_to=pl.lit(date(2025, 10, 22))
            ),
            PUBLISHERS.filter(pl.col("account") == "SomeLab").with_columns(
                headquarters=pl.lit("US"), valid_from=pl.lit(date(2025, 10, 22))
            ),
        ]
    )
    totals = _totals(("huggingface", "SomeLab/m", "SomeLab"))  # observed in July 2025
    rows = model_origins(_models(("SomeLab/m", "SomeLab")), totals, _parents(), moved)
    by_publisher = rows.filter(pl.col("coding") == "publisher").sort("registry_since")
    assert by_publisher.select("registry_since", "origin").rows() == [
        (date(2022, 1, 1), "other"),
        (date(2025, 10, 22), "US"),
    ]


def test_listing_a_root_in_a_crawl_never_makes_its_children_unknown():
    models = _models(("u00001/tuned", "u00001"))
    parents = _parents(("u00001/tuned", "Qwen/base"))
    totals = _totals(("huggingface", "Qwen/base", "Qwen"))
    weights = _coded(models, totals, parents, "weights")
    assert weights["u00001/tuned"][0] == {"CN": 1.0}
    assert weights["Qwen/base"] == ({"unknown": 1.0}, "lineage_not_observed")


def test_every_model_and_what_it_names_once_and_weights_add_up():
    models = _models(("SomeLab/merge", "SomeLab"), ("Qwen/Qwen3", "Qwen"))
    parents = _parents(("SomeLab/merge", "Qwen/Qwen3"), ("SomeLab/merge", "meta-llama/never-listed"))
    rows = model_origins(models, _totals(("huggingface", "Qwen/Qwen3", "Qwen")), parents, PUBLISHERS)
    assert set(rows["model_id"]) == {"SomeLab/merge", "Qwen/Qwen3", "meta-llama/never-listed"}
    sums = rows.group_by("model_id", "registry_since", "coding").agg(pl.col("weight").sum())
    assert sums["weight"].to_list() == pytest.approx([1.0] * sums.height)


def test_what_rests_on_unreviewed_rows_is_recorded():
    models = _models(("SomeLab/m", "SomeLab"), ("Qwen/m", "Qwen"))
    rows = model_origins(models, _totals(), _parents(), PUBLISHERS).filter(pl.col("coding") == "publisher")
    assert dict(rows.select("model_id", "unreviewed_weight").iter_rows()) == {"SomeLab/m": 1.0, "Qwen/m": 0.0}
