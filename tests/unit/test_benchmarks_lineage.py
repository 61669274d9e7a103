"""The benchmark of lineage: its graph has the Hub's shape, and every method finds the same shares."""

import importlib
from pathlib import Path

import networkx as nx
import numpy as np
import polars as pl
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MODELS = 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        place = tmp_path_factory.mktemp("hub")
        importlib.import_module("hub_graph").write(place, MODELS)
        yield place


def test_the_graph_has_the_shape_of_the_hub(folder):
    models, parents = (pl.read_parquet(folder / f"{name}.parquet") for name in ("models", "parents"))
    assert models["model_id"].n_unique() == models.height == MODELS
    children = parents["child_id"].unique()
    assert 0.55 < 1 - len(children) / MODELS < 0.70
    assert (parents["child_id"] == parents["parent_id"]).any()
    missing = parents.filter(~pl.col("parent_id").is_in(models["model_id"].implode()))
    assert 0.01 < missing.height / parents.height < 0.10
    several = parents.group_by("child_id").len().filter(pl.col("len") > 1)
    assert several.height > 0.02 * len(children)
    popular = parents["parent_id"].value_counts(sort=True)["count"]
    assert popular.head(100).sum() > 0.3 * parents.height
    graph = nx.DiGraph(parents.select("child_id", "parent_id").rows())
    assert any(len(component) > 1 for component in nx.strongly_connected_components(graph))
    assert set(models["account"]) & {"bartowski", "unsloth"}


def test_ours_and_the_peer_agree_on_every_model(folder):
    benchmark = importlib.import_module("lineage")
    own = benchmark.ours(folder, benchmark.Clock())
    assert own.sum(axis=1) == pytest.approx(1.0)
    peer = benchmark.networkx(folder, benchmark.Clock())
    assert np.abs(own - peer).max() <= benchmark.TOLERANCE
