"""Lineage: fractional roots on any graph, checked against an independent walk and against shapes real data hold."""

from functools import cache

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.origins.lineage import BLOCK, Graph

ORIGINS = ["CN", "US", "other", "unknown"]


def _graph(own, edges):
    number = {model: place for place, model in enumerate(own)}
    ends = np.array([[number[child], number[parent]] for child, parent in edges], dtype=np.int32).reshape(-1, 2)
    return Graph(len(own), ends[:, 0], ends[:, 1])


def _resolve(own, edges):
    """Return the weights of every label and the depth, by model."""
    labels = sorted(set(own.values()))
    graph = _graph(own, edges)
    mixtures = graph.mixtures(np.array([labels.index(label) for label in own.values()]), labels=len(labels))
    parts = {mixture: {label: 1.0} for mixture, label in enumerate(labels)}
    for junction, label, weight in zip(mixtures.junction, mixtures.label, mixtures.weight, strict=True):
        parts.setdefault(int(junction), {})[labels[label]] = float(weight)
    weights = {model: parts[int(mixture)] for model, mixture in zip(own, mixtures.mixture, strict=True)}
    return weights, dict(zip(own, graph.depth.tolist(), strict=True))


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


def test_a_chain_equals_its_root():
    own = {f"m{step}": "US" for step in range(76)} | {"m0": "CN"}
    weights, depth = _resolve(own, [(f"m{step + 1}", f"m{step}") for step in range(75)])
    assert all(weights[model] == {"CN": 1.0} for model in own)
    assert depth["m75"] == 75


def test_depth_counts_the_longest_way_through_chains_and_merges():
    own = dict.fromkeys(["root", "a", "b", "merge", "c", "top"], "CN")
    edges = [("a", "root"), ("b", "a"), ("merge", "b"), ("merge", "root"), ("c", "merge"), ("top", "c"), ("top", "a")]
    _, depth = _resolve(own, edges)
    assert depth == {"root": 0, "a": 1, "b": 2, "merge": 3, "c": 4, "top": 5}


def test_chains_into_a_cycle_end():
    own = {"a": "CN", "b": "CN", "c": "US", "child": "other"}
    weights, depth = _resolve(own, [("a", "b"), ("b", "c"), ("c", "a"), ("child", "c")])
    assert weights["child"] == {"CN": pytest.approx(2 / 3), "US": pytest.approx(1 / 3)}
    assert depth == {"a": 0, "b": 0, "c": 0, "child": 1}
    assert _graph(own, [("a", "b"), ("b", "a"), ("child", "a")]).has_parents.tolist() == [False, False, False, True]


def test_a_merge_of_more_roots_than_are_worked_out_at_once():
    roots = {f"root{number}": f"label{number:03}" for number in range(3 * BLOCK + 1)}
    weights, _ = _resolve(roots | {"merge": "x"}, [("merge", root) for root in roots])
    assert set(weights["merge"]) == set(roots.values())
    assert sum(weights["merge"].values()) == pytest.approx(1)


def test_a_graph_without_edges_or_models():
    assert _resolve({"a": "CN"}, []) == ({"a": {"CN": 1.0}}, {"a": 0})
    assert Graph(0, np.zeros(0, np.int32), np.zeros(0, np.int32)).depth.size == 0


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 12))
    own = {f"m{i}": draw(st.sampled_from(ORIGINS)) for i in range(size)}
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


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_an_unrelated_model_changes_nothing(graph):
    own, edges = graph
    before, depth = _resolve(own, edges)
    after, deeper = _resolve(own | {"stranger": "US", "its child": "CN"}, [*edges, ("its child", "stranger")])
    assert {model: after[model] for model in own} == before
    assert {model: deeper[model] for model in own} == depth


@given(graphs(), st.randoms())
@settings(max_examples=100, deadline=None)
def test_order_and_names_of_models_and_edges_mean_nothing(graph, random):
    own, edges = graph
    weights, depth = _resolve(own, edges)
    models, shuffled = list(own), list(edges)
    random.shuffle(models)
    random.shuffle(shuffled)
    renamed = dict(zip(models, (f"x{number}" for number in range(len(models))), strict=True))
    found, deep = _resolve(
        {renamed[model]: own[model] for model in models},
        [(renamed[child], renamed[parent]) for child, parent in shuffled],
    )
    for model in own:
        assert found[renamed[model]] == pytest.approx(weights[model])
        assert deep[renamed[model]] == depth[model]
