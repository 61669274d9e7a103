"""The real lineage edges of the snapshot: everything resolves, and an independent walk agrees."""

from datetime import date

import networkx as nx
import numpy as np
import polars as pl
import pytest

from assets.ingest.snapshot import read
from assets.origins.codings import attribute
from assets.origins.lineage import Graph
from assets.origins.registry import load_publishers
from assets.schemas.vocabulary import CODINGS, ORIGINS


@pytest.fixture(scope="module")
def edges():
    parents = read("model_parents")
    ids = pl.concat([parents["child_id"], parents["parent_id"]]).unique(maintain_order=True)
    at = {model: place for place, model in enumerate(ids)}
    child, parent = (np.array([at[model] for model in parents[end]]) for end in ("child_id", "parent_id"))
    return ids, child, parent


def test_the_snapshot_holds_the_shapes_that_break_simple_walks(edges):
    ids, child, parent = edges
    graph = nx.DiGraph(zip(child.tolist(), parent.tolist(), strict=True))
    assert sum(child == parent) == 28
    paths = {}
    condensed = nx.condensation(graph)
    for home in reversed(list(nx.topological_sort(condensed))):
        paths[home] = sum(paths[above] for above in condensed.successors(home)) or 1
    assert max(paths.values()) > 1e13
    assert Graph(len(ids), child.astype(np.int32), parent.astype(np.int32)).depth.max() == 75


def test_every_model_of_the_snapshot_agrees_with_an_independent_walk(edges):
    ids, child, parent = edges
    labels = np.arange(len(ids), dtype=np.int32) % np.int32(7)
    graph = Graph(len(ids), child.astype(np.int32), parent.astype(np.int32))
    mixtures = graph.mixtures(labels, labels=7)
    own = np.zeros((7 + (mixtures.junction.max() - 6 if mixtures.junction.size else 0), 7))
    own[np.arange(7), np.arange(7)] = 1
    np.add.at(own, (mixtures.junction, mixtures.label), mixtures.weight)
    directed = nx.DiGraph()
    directed.add_nodes_from(range(len(ids)))
    directed.add_edges_from((c, p) for c, p in zip(child.tolist(), parent.tolist(), strict=True) if c != p)
    condensed = nx.condensation(directed)
    component = condensed.graph["mapping"]
    walked = {}
    for home in reversed(list(nx.topological_sort(condensed))):
        members = condensed.nodes[home]["members"]
        above = [walked[component[p]] for m in members for p in directed.successors(m) if component[p] != home]
        walked[home] = np.mean(above or [np.eye(7)[labels[m]] for m in members], axis=0)
    expected = np.array([walked[component[model]] for model in range(len(ids))])
    assert own[mixtures.mixture] == pytest.approx(expected)


def test_every_listed_model_adds_up_to_one_under_every_coding():
    models = read("models").unique("model_id", keep="last", maintain_order=True).select("platform", "model_id")
    found = attribute(models, read("model_parents"), load_publishers(), day=date(2026, 8, 21))
    for coding in CODINGS:
        rows = found.rows(coding)
        sums = rows.group_by("index").agg(pl.col("weight").sum())
        assert sums.height == len(found.ids)
        assert sums["weight"].to_numpy() == pytest.approx(1.0)
        assert set(rows["origin"].unique()) == set(ORIGINS)
