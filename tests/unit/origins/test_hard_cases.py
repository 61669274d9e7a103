"""Hard cases by name, each under every coding, with the registry and the family table that ship."""

from datetime import date

import polars as pl
import pytest

from assets.origins.codings import attribute
from assets.origins.registry import load_publishers

DAY = date(2026, 8, 21)
PUBLISHERS = load_publishers()
DISTILL = "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"
EDGES = [
    (DISTILL, "meta-llama/Llama-3.3-70B-Instruct", "finetune"),
    ("bartowski/DeepSeek-R1-Distill-Llama-70B-GGUF", DISTILL, "quantized"),
    ("perplexity-ai/r1-1776", "deepseek-ai/DeepSeek-R1", "finetune"),
    ("aisingapore/Gemma-SEA-LION-v4-27B-IT", "google/gemma-3-27b-it", "finetune"),
    ("aisingapore/Qwen-SEA-LION-v4-32B-IT", "Qwen/Qwen3-32B", "finetune"),
    ("unsloth/Qwen2.5-7B-Instruct-bnb-4bit", "Qwen/Qwen2.5-7B-Instruct", "quantized"),
    ("mradermacher/tuned-GGUF", "somebody/tuned", "quantized"),
    ("somebody/tuned", "unsloth/Qwen2.5-7B-Instruct-bnb-4bit", "adapter"),
    ("WizardLM/WizardLM-13B-V1.2", "meta-llama/Llama-2-13b-hf", "finetune"),
    ("somebody/frankenmerge", "meta-llama/Llama-2-70b-hf", "merge"),
    ("somebody/frankenmerge", "Qwen/Qwen1.5-72B", "merge"),
    ("somebody/frankenmerge", "mistralai/Mixtral-8x7B-v0.1", "merge"),
    ("somebody/frankenmerge", "somebody/frankenmerge", "merge"),
    ("somebody/merge-of-merges", "somebody/frankenmerge", "merge"),
    ("somebody/merge-of-merges", "zai-org/glm-4-9b", "merge"),
    ("somebody/chatglm-tune", "THUDM/chatglm3-6b", "finetune"),
    ("somebody/marco-tune", "AIDC-AI/Marco-o1", "finetune"),
]
UNDECLARED = [
    "bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF",
    "perplexity-ai/r1-1776-distill-llama-70b",
    "unsloth/unheard-of",
    "somebody/unheard-of",
    "somebody/my-qwen2.5-tune",
]


@pytest.fixture(scope="module")
def found():
    ids = sorted({end for child, parent, _ in EDGES for end in (child, parent)} | set(UNDECLARED))
    models = pl.DataFrame({"model_id": ids}).with_columns(platform=pl.lit("huggingface"))
    parents = pl.DataFrame(EDGES, schema=["child_id", "parent_id", "relation"], orient="row")
    attribution = attribute(models, parents, PUBLISHERS, day=DAY)
    rows = pl.concat(attribution.rows(coding) for coding in ("publisher", "weights", "control"))
    return rows.with_columns(model_id=attribution.ids.gather(rows["index"])).sort("model_id", "coding", "country")


def _origins(found, model, coding):
    own = found.filter((pl.col("model_id") == model) & (pl.col("coding") == coding))
    return {country: pytest.approx(weight) for country, weight in own.select("country", "weight").iter_rows()}


@pytest.mark.parametrize(
    ("model", "publisher", "weights", "control"),
    [
        (DISTILL, "CN", "US", "CN"),
        ("bartowski/DeepSeek-R1-Distill-Llama-70B-GGUF", "CN", "US", "CN"),
        ("bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF", "CN", "CN", "CN"),
        ("perplexity-ai/r1-1776", "US", "CN", "US"),
        ("aisingapore/Gemma-SEA-LION-v4-27B-IT", "SG", "US", "SG"),
        ("aisingapore/Qwen-SEA-LION-v4-32B-IT", "SG", "CN", "SG"),
        ("unsloth/Qwen2.5-7B-Instruct-bnb-4bit", "CN", "CN", "CN"),
        ("mradermacher/tuned-GGUF", "ZZ", "CN", "ZZ"),
        ("somebody/tuned", "ZZ", "CN", "ZZ"),
        ("WizardLM/WizardLM-13B-V1.2", "US", "US", "US"),
        ("somebody/chatglm-tune", "ZZ", "CN", "ZZ"),
        ("somebody/marco-tune", "ZZ", "CN", "ZZ"),
        ("unsloth/unheard-of", "ZZ", "ZZ", "ZZ"),
        ("somebody/unheard-of", "ZZ", "ZZ", "ZZ"),
        ("somebody/my-qwen2.5-tune", "ZZ", "CN", "ZZ"),
    ],
)
def test_named_models_have_one_origin_under_each_coding(found, model, publisher, weights, control):
    for coding, country in (("publisher", publisher), ("weights", weights), ("control", control)):
        assert _origins(found, model, coding) == {country: 1.0}, coding


def test_a_frankenmerge_is_shared_out_equally_and_again_in_its_children(found):
    assert _origins(found, "somebody/frankenmerge", "weights") == {"CN": 1 / 3, "FR": 1 / 3, "US": 1 / 3}
    assert _origins(found, "somebody/merge-of-merges", "weights") == {"CN": 2 / 3, "FR": 1 / 6, "US": 1 / 6}
    for coding in ("publisher", "control"):
        assert _origins(found, "somebody/merge-of-merges", coding) == {"ZZ": 1.0}


@pytest.mark.parametrize(
    ("model", "coding", "method", "root", "depth", "relation", "family"),
    [
        (DISTILL, "weights", "declared_parents", "registry", 1, "finetune", "Llama"),
        (DISTILL, "publisher", "registry", "registry", 0, "finetune", "DeepSeek"),
        ("mradermacher/tuned-GGUF", "weights", "declared_parents", "registry", 3, "quantized", "Qwen"),
        ("mradermacher/tuned-GGUF", "publisher", "declared_parents", "not_in_registry", 1, "quantized", None),
        ("somebody/my-qwen2.5-tune", "weights", "name_pattern", "name_pattern", 0, None, "Qwen"),
        ("somebody/unheard-of", "weights", "not_in_registry", "not_in_registry", 0, None, None),
        ("unsloth/unheard-of", "weights", "repackager_without_parents", "repackager_without_parents", 0, None, None),
    ],
)
def test_how_it_was_found_is_recorded(found, model, coding, method, root, depth, relation, family):  # noqa: PLR0917
    row = found.filter((pl.col("model_id") == model) & (pl.col("coding") == coding)).row(0, named=True)
    assert (row["method"], row["root_method"], row["depth"]) == (method, root, depth)
    assert (row["relation"], row["family"]) == (relation, family)


def test_control_never_passes_for_reviewed(found):
    known = found.filter((pl.col("coding") == "control") & (pl.col("country") != "ZZ"))
    assert known.height > 0
    assert (known["unreviewed_weight"] == known["weight"]).all()


def test_an_architecture_speaks_where_the_account_does_not():
    models = pl.DataFrame(
        {
            "model_id": ["somebody/a", "somebody/b", "meta-llama/c"],
            "architecture": ["Qwen2ForCausalLM", "LlamaForCausalLM", "Qwen2ForCausalLM"],
        }
    ).with_columns(platform=pl.lit("huggingface"))
    none = pl.DataFrame(schema={"child_id": pl.String, "parent_id": pl.String, "relation": pl.String})
    rows = attribute(models, none, PUBLISHERS, day=DAY).rows("weights")
    assert rows["country"].to_list() == ["CN", "ZZ", "US"]
    assert rows["root_method"].to_list() == ["architecture", "not_in_registry", "registry"]
