"""Lineage at scale against a named peer, in the same run: ``python benchmarks/lineage.py [MODELS]``.

Both resolve the same synthetic graph (heavy-tailed parents, a tenth merges, a few cycles); the results are
compared before any time is printed. The peer is networkx, whose condensation and topological order are what one
would write first. Read the ratio, not the seconds.
"""

import sys
import time

import networkx as nx
import numpy as np
import polars as pl

from assets.origins.lineage import resolve

ORIGINS = ("CN", "US", "other", "unknown")
TOLERANCE = 1e-9


def synthetic(models: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return models with an own origin and edges: mostly to earlier models, a few backwards (cycles)."""
    rng = np.random.default_rng(20261124)
    child = rng.integers(1, models, int(models * 1.1))
    parent = (child * rng.power(0.3, len(child))).astype(np.int64)
    backwards = rng.integers(0, len(child), models // 10_000 + 1)
    child[backwards], parent[backwards] = parent[backwards].copy(), child[backwards].copy()
    names = np.char.add("account/model-", np.arange(models).astype(str))
    listed = pl.DataFrame({"model_id": names, "own": rng.choice(ORIGINS, models)})
    return listed, pl.DataFrame({"child_id": names[child], "parent_id": names[parent]})


def by_networkx(models: pl.DataFrame, edges: pl.DataFrame) -> dict[str, np.ndarray]:
    """Resolve in topological order of the condensation, one component at a time."""
    graph = nx.DiGraph()
    graph.add_nodes_from(models["model_id"])
    graph.add_edges_from(edge for edge in edges.iter_rows() if edge[0] != edge[1])
    own = {name: np.eye(len(ORIGINS))[ORIGINS.index(label)] for name, label in models.iter_rows()}
    condensed = nx.condensation(graph)
    component = condensed.graph["mapping"]
    shares: dict[int, np.ndarray] = {}
    for node in reversed(list(nx.topological_sort(condensed))):
        members = condensed.nodes[node]["members"]
        outside = [component[p] for m in members for p in graph.successors(m) if component[p] != node]
        shares[node] = np.mean([shares[p] for p in outside] or [own[m] for m in members], axis=0)
    return {name: shares[component[name]] for name in own}


def main() -> None:
    """Print the ratio of the two."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    models, edges = synthetic(count)
    started = time.perf_counter()
    ours = resolve(models, edges)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    theirs = by_networkx(models, edges)
    peer_seconds = time.perf_counter() - started
    wide = ours.pivot("label", index="model_id", values="weight").fill_null(0)
    found = dict(zip(wide["model_id"], wide.select(ORIGINS).to_numpy(), strict=True))
    worst = max(float(np.abs(found[name] - share).max()) for name, share in theirs.items())
    if worst > TOLERANCE:
        raise SystemExit(f"The two differ by {worst:.2e}.")
    print(f"{count:,} models, {edges.height:,} edges: ours {seconds:.2f} s, networkx {peer_seconds:.2f} s, ")
    print(f"ratio {seconds / peer_seconds:.3f}; largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
