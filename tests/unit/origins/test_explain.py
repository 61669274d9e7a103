"""Explanations: the way that each coding followed, what it rests on, and what is not known."""

from datetime import date

import polars as pl
import pytest

from assets.origins import explain as module
from assets.origins.explain import explain
from assets.origins.registry import load_publishers

DAY = date(2026, 8, 21)


def _explained(wanted, edges, listed=()):
    models = pl.DataFrame({"model_id": list(listed)}, schema={"model_id": pl.String}).select(
        pl.lit("huggingface").alias("platform"), "model_id", lineage_observed=pl.lit(value=True)
    )
    parents = pl.DataFrame(edges, schema={"child_id": pl.String, "parent_id": pl.String}, orient="row")
    found = explain(wanted, models, parents.with_columns(relation=pl.lit("merge")), load_publishers(), day=DAY)
    return found[0] if len(found) == 1 else found


def _ways(step):
    return {step.model_id: [_ways(parent) for parent in step.parents]}


def test_the_weights_go_on_where_the_publisher_ends():
    edges = [("bartowski/x-GGUF", "me/x"), ("me/x", "Qwen/Qwen3-8B"), ("me/x", "google/gemma-3-4b-it")]
    one = _explained(["bartowski/x-GGUF"], edges)
    assert one.listed
    assert _ways(one.codings["publisher"].way) == {"bartowski/x-GGUF": [{"me/x": []}]}
    assert one.codings["publisher"].depth == 1
    weights = one.codings["weights"]
    assert _ways(weights.way) == {"bartowski/x-GGUF": [{"me/x": [{"Qwen/Qwen3-8B": []}, {"google/gemma-3-4b-it": []}]}]}
    assert weights.depth == 2
    assert [(part.origin, part.weight, part.family) for part in weights.parts] == [
        ("CN", 0.5, "Qwen"),
        ("US", 0.5, "Gemma"),
    ]
    assert [step.parts[0].reason for step in weights.way.parents[0].parents] == ["reviewed in the registry"] * 2


def test_cycles_end_and_what_stands_above_is_not_shown_again():
    edges = [("me/a", "me/b"), ("me/b", "me/a"), ("me/a", "Qwen/Qwen3-8B"), ("me/b", "Qwen/Qwen3-8B")]
    way = _explained(["me/a"], edges).codings["weights"].way
    assert _ways(way) == {"me/a": [{"Qwen/Qwen3-8B": []}, {"me/b": [{"Qwen/Qwen3-8B": []}, {"me/a": []}]}]}
    assert way.parents[1].parents[1].shown_above


def test_a_long_way_says_what_it_leaves_out(monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 3)
    way = _explained(["me/merge"], [("me/merge", f"Qwen/Qwen{n}") for n in range(9)]).codings["weights"].way
    assert len(way.parents) == 2
    assert way.left_out == 7


def test_an_old_name_of_an_account_is_the_new_one():
    one = _explained(["THUDM/glm-4-9b"], [("zai-org/glm-4-9b", "zai-org/glm-base")], listed=["zai-org/glm-4-9b"])
    assert one.listed
    assert "THUDM, now zai-org" in one.account
    assert _ways(one.codings["weights"].way) == {"zai-org/glm-4-9b": [{"zai-org/glm-base": []}]}


def test_the_evidence_of_the_account_is_cited_or_said_to_lack():
    reviewed, unreviewed = _explained(["Qwen/Qwen3-8B", "unsloth/x"], [])
    assert reviewed.evidence.startswith("https://")
    assert "read on 20" in reviewed.evidence
    assert unreviewed.evidence == "the curator's knowledge, no page cited"


@pytest.mark.parametrize(
    ("model", "known"),
    [("nobody/nothing", False), ("nobody/qwen3-tune", True), ("unsloth/nothing", True), ("nobody/listed", True)],
)
def test_a_model_is_known_by_a_table_its_account_or_its_name(model, known):
    assert _explained([model], [], listed=["nobody/listed"]).known == known


def test_ids_much_alike_are_offered_only_where_no_table_has_the_model():
    assert _explained(["Qwen/Qwen3-8b"], [], listed=["Qwen/Qwen3-8B"]).similar == ["Qwen/Qwen3-8B"]
    assert _explained(["Qwen/Qwen3-8B"], [], listed=["Qwen/Qwen3-8B", "Qwen/Qwen3-8b"]).similar == []
