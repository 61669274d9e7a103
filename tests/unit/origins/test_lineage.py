"""Lineage: fractional roots on any graph, checked against an independent walk and against shapes real data hold."""

from functools import cache

import networkx as nx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.origins.lineage import LineageError, resolve


def _resolve(own, edges):
    models = pl.DataFrame(
        {"model_id": list(own), "own": list(own.values())}, schema={"model_id": pl.String, "own": pl.String}
    )
    frame = pl.DataFrame(edges, schema={"child_id": pl.String, "parent_id": pl.String}, orient="row")
    result = resolve(models, frame)
    return {
        model: dict(result.filter(pl.col("model_id") == model).select("label", "weight").iter_rows()) for model in own
    }, dict(result.select("model_id", "depth").iter_rows())


def test_a_merge_takes_equal_parts_of_its_parents():
    own = {"qwen": "CN", "llama": "US", "mistral": "other", "merge": "unknown", "quant": "unknown"}
    weights, depth = _resolve(own, [("merge", "qwen"), ("merge", "llama"), ("merge", "mistral"), ("quant", "merge")])
    third = pytest.approx(1 / 3)
    assert weights["merge"] == {"CN": third, "US": third, "other": third}
    assert weights["quant"] == weights["merge"]
    assert depth == {"qwen": 0, "llama": 0, "mistral": 0, "merge": 1, "quant": 2}


def test_a_model_made_from_itself_and_repeated_edges_change_nothing():
    weights, _ = _resolve(
        {"a": "CN", "b": "US", "c": "unknown"}, [("a", "a"), ("c", "a"), ("c", "b"), ("c", "a"), ("c", "c")]
    )
    assert weights["a"] == {"CN": 1}
    assert weights["c"] == {"CN": pytest.approx(0.5), "US": pytest.approx(0.5)}


def test_a_cycle_with_parents_outside_takes_their_origin():
    weights, _ = _resolve({"a": "US", "b": "US", "root": "CN"}, [("a", "b"), ("b", "a"), ("b", "root")])
    assert weights["a"] == weights["b"] == {"CN": 1}


def test_a_cycle_without_parents_takes_the_mean_of_its_members():
    weights, _ = _resolve({"a": "US", "b": "CN", "child": "other"}, [("a", "b"), ("b", "a"), ("child", "a")])
    assert weights["child"] == {"CN": pytest.approx(0.5), "US": pytest.approx(0.5)}


def test_a_ladder_with_more_paths_than_anyone_can_walk_is_resolved():
    # Each rung has two models that both point to both models of the rung below: 2^75 paths to the roots.
    own, edges = {}, []
    for rung in range(76):
        for side in "ab":
            own[f"{rung}{side}"] = "CN" if side == "a" else "US"
            edges += [(f"{rung}{side}", f"{rung - 1}{below}") for below in "ab"] if rung else []
    weights, depth = _resolve(own, edges)
    assert weights["75a"] == {"CN": pytest.approx(0.5), "US": pytest.approx(0.5)}
    assert depth["75a"] == 75


def test_an_edge_to_an_unlisted_model_is_refused_by_name():
    with pytest.raises(LineageError, match="a → ghost"):
        _resolve({"a": "CN"}, [("a", "ghost")])


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 12))
    own = {f"m{i}": draw(st.sampled_from(["CN", "US", "other", "unknown"])) for i in range(size)}
    pairs = st.tuples(st.sampled_from(sorted(own)), st.sampled_from(sorted(own)))
    return own, draw(st.lists(pairs, max_size=30))


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_any_graph_agrees_with_an_independent_walk_over_its_condensation(graph):
    own, edges = graph
    weights, _ = _resolve(own, edges)
    directed = nx.DiGraph()
    directed.add_nodes_from(own)
    directed.add_edges_from(edge for edge in edges if edge[0] != edge[1])
    condensed = nx.condensation(directed)
    component = condensed.graph["mapping"]

    @cache
    def walk(node):
        members = condensed.nodes[node]["members"]
        parents = [component[p] for m in members for p in directed.successors(m) if component[p] != node]
        sources = [walk(p) for p in parents] or [((own[m], 1.0),) for m in members]
        total = {}
        for source in sources:
            for label, weight in source:
                total[label] = total.get(label, 0.0) + weight / len(sources)
        return tuple(sorted(total.items()))

    for model in own:
        assert weights[model] == pytest.approx(dict(walk(component[model])))
        assert sum(weights[model].values()) == pytest.approx(1)
