"""Lineage: which roots a model was made from, and in which parts.

Here: the directed graph child → parents as sparse matrices, for any number of models. Not here: what origin a
root has (`assets/origins/codings.py`).
"""

from typing import Final

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph

TOLERANCE: Final = 1e-9


class LineageError(ValueError):
    """The edges do not fit the models; the message names the ids."""


def _encoded(models: pl.DataFrame, edges: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return child and parent positions of the distinct edges that are not self-loops."""
    index = models.select("model_id").with_row_index("position")
    positions = (
        edges.select("child_id", "parent_id")
        .unique(maintain_order=True)
        .filter(pl.col("child_id") != pl.col("parent_id"))
        .join(index.rename({"position": "child"}), left_on="child_id", right_on="model_id", how="left")
        .join(index.rename({"position": "parent"}), left_on="parent_id", right_on="model_id", how="left")
    )
    lost = positions.filter(pl.col("child").is_null() | pl.col("parent").is_null())
    if lost.height:
        raise LineageError(
            f"{lost.height} edge(s) name models that are not listed, the first being "
            f"{lost['child_id'][0]} → {lost['parent_id'][0]}; list every child and parent."
        )
    return positions["child"].to_numpy(), positions["parent"].to_numpy()


def resolve(models: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Return in which parts each model goes back to roots of which label.

    A model with parents takes the mean of their labels (equal weights), a model without takes its own. Cycles
    are condensed: their members share the parents outside, or, where there are none, the mean of the members'
    own labels. Self-loops are ignored. With P the row-normalised matrix child → parent of the condensed graph
    and B the labels of its roots, the result is the Neumann series (I + P + P² + …) B, which ends after the
    longest chain because P is nilpotent; no path is ever enumerated.

    Args:
        models: ``model_id`` (unique), ``own`` (label of the model itself, such as its publisher's origin).
        edges: ``child_id``, ``parent_id``; every id must be in ``models``.

    Returns:
        ``model_id``, ``label``, ``weight`` (> 0, sums to 1 per model), ``depth`` (longest chain below, in
        steps) and ``has_parents``.

    Raises:
        LineageError: An edge names an unlisted model.
    """
    count = models.height
    child, parent = _encoded(models, edges)
    ones = np.ones(len(child))
    graph = sparse.csr_matrix((ones, (child, parent)), shape=(count, count))
    groups, group = csgraph.connected_components(graph, directed=True, connection="strong")

    outside = group[child] != group[parent]
    reach = sparse.csr_matrix((ones[outside], (group[child[outside]], group[parent[outside]])), shape=(groups, groups))
    degree = np.asarray(reach.sum(axis=1)).ravel()
    parents = sparse.diags(np.divide(1.0, degree, out=np.zeros(groups), where=degree > 0)) @ reach

    labels = models["own"].unique().sort().to_list()
    own = np.zeros((count, len(labels)))
    own[np.arange(count), models["own"].replace_strict(labels, range(len(labels))).to_numpy()] = 1.0
    members = sparse.csr_matrix((np.ones(count), (group, np.arange(count))), shape=(groups, count))
    sizes = np.asarray(members.sum(axis=1))
    term = np.where((degree == 0)[:, None], (members @ own) / sizes, 0.0)

    shares, depth, step = term.copy(), np.zeros(groups, dtype=np.int64), 0
    while True:
        term = parents @ term
        reached = term.any(axis=1)
        if not reached.any():
            break
        step += 1
        shares += term
        depth[reached] = step
    if not np.allclose(shares.sum(axis=1), 1.0, atol=TOLERANCE):
        raise LineageError("Labels do not add up to one; the condensed graph still has a cycle.")

    wide = pl.DataFrame(shares[group], schema=labels).with_columns(
        models["model_id"], depth=pl.Series(depth[group]), has_parents=pl.Series(degree[group] > 0)
    )
    return (
        wide.unpivot(labels, index=["model_id", "depth", "has_parents"], variable_name="label", value_name="weight")
        .filter(pl.col("weight") > TOLERANCE)
        .with_columns(weight=pl.min_horizontal(pl.col("weight"), 1.0))
        .sort("model_id", "label")
    )
