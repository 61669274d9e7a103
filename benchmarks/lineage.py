"""Lineage at the Hub's size against named peers, in the same run: ``python benchmarks/lineage.py [MODELS]``.

Makes the graph of ``hub_graph.py``, then lets every method resolve it in a process of its own and prints whole time,
time in the graph itself, peak memory and the factor to ours. Ours goes from the Parquet files to all three codings,
with registry, fallbacks, families and reasons; the peers only share out the origins of the roots (which they are
given) under one coding, on ids that our code has numbered for them. Before anything is printed, the shares of every
model under the weights coding are compared.

The peers are networkx and, where it is installed, rustworkx: condensation, then topological order, as one would
write first. Read the factors, not the seconds.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from hub_graph import MODELS

from assets.origins.codings import RELATION_ORDER, attribute
from assets.origins.identities import Index
from assets.origins.lineage import Graph, distinct_edges
from assets.origins.registry import load_publishers
from assets.schemas.vocabulary import CODINGS, ORIGINS

DAY: Final = date(2026, 8, 21)
PORTION: Final = 250_000
"""Models whose rows are taken at once, as a writer does."""

LIMITS: Final = {"whole": 3.0, "core": 0.6, "mebibytes": 700.0}
"""Most that ours may take: seconds, seconds in the graph, memory."""

TIMES_FASTER: Final = {"networkx": 40.0, "rustworkx": 5.0}
"""Least factor to each peer, whole against whole; for the full size of graph on two quiet cores."""

TOLERANCE: Final = 1e-9
TURNS: Final = ("ours", "networkx", "ours", "rustworkx", "ours")
"""Ours runs before, between and after the peers, and its median counts: two cores are seldom quiet for minutes."""

Shares = npt.NDArray[np.float64]
Integers = npt.NDArray[np.signedinteger[Any]]


class Clock:
    """Seconds since the last lap, by name of the lap."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a lap."""
        now = time.perf_counter()
        self.laps[name], self._since = now - self._since, now


def _read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    models = pl.scan_parquet(folder / "models.parquet").select("model_id", platform=pl.lit("huggingface"))
    parents = pl.scan_parquet(folder / "parents.parquet")
    return (
        models.cast({"platform": pl.Enum(["huggingface"])}).collect(engine="streaming").rechunk(),
        parents.cast({"relation": pl.Enum(RELATION_ORDER)}).collect(engine="streaming"),
    )


def _encoded(models: pl.DataFrame, parents: pl.DataFrame) -> tuple[int, Integers, Integers]:
    """Return the number of all models, and child and parent of the distinct edges."""
    ids, ends = models["model_id"], pl.concat([parents["child_id"], parents["parent_id"]])
    at = Index(ids).positions(ends)
    lost = np.flatnonzero(at < 0)
    texts = ends.gather(lost)
    unlisted = texts.unique(maintain_order=True)
    at[lost] = len(ids) + Index(unlisted).positions(texts)
    child, parent = at[: parents.height], at[parents.height :]
    count = len(ids) + len(unlisted)
    keep = distinct_edges(child, parent, count)
    return count, child[keep], parent[keep]


def ours(folder: Path, clock: Clock) -> Shares:
    """Resolve with the atlas; also measures the graph alone."""
    models, parents = _read(folder)
    clock.lap("read")
    found = attribute(models, parents, load_publishers(), day=DAY)
    for coding in CODINGS:
        for first in range(0, found.models.height, PORTION):
            found.rows(coding, first=first, count=PORTION)
    clock.lap("whole")
    clock.laps["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = found.rows("weights").group_by("index", "origin").agg(pl.col("weight").sum())
    shares = np.zeros((found.models.height, len(ORIGINS)))
    shares[rows["index"].to_numpy(), rows["origin"].to_physical().to_numpy()] = rows["weight"].to_numpy()
    np.save(folder / "own.npy", shares)
    count, child, parent = _encoded(models, parents)
    clock.lap("encode again")
    graph = Graph(count, child, parent)
    graph.mixtures(shares.argmax(axis=1).astype(np.int32), labels=len(ORIGINS))
    clock.lap("core")
    return shares


def _peer_inputs(folder: Path, clock: Clock) -> tuple[Shares, Integers, Integers]:
    own = np.load(folder / "own.npy")
    clock.lap("given")
    _, child, parent = _encoded(*_read(folder))
    clock.lap("read and encode")
    return own, child, parent


def _propagate(
    own: Shares,
    component: list[int],
    edges: Iterable[tuple[int, int]],
    parents_first: Callable[[list[list[int]]], list[int]],
) -> Shares:
    """Share out over the condensed graph: a component takes the mean over its outside edges, or of its members."""
    outside: list[list[int]] = [[] for _ in range(max(component) + 1)]
    members: list[list[int]] = [[] for _ in outside]
    for child, parent in edges:
        if component[child] != component[parent]:
            outside[component[child]].append(component[parent])
    for node, home in enumerate(component):
        members[home].append(node)
    rows, shares = own.tolist(), [[0.0] * len(ORIGINS)] * len(outside)
    for home in parents_first(outside):
        sources = [shares[parent] for parent in outside[home]] or [rows[node] for node in members[home]]
        shares[home] = [sum(column) / len(sources) for column in zip(*sources, strict=True)]
    return np.array([shares[home] for home in component])


def networkx(folder: Path, clock: Clock) -> Shares:
    """Resolve with networkx."""
    import networkx as nx

    own, child, parent = _peer_inputs(folder, clock)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(own)))
    graph.add_edges_from(zip(child.tolist(), parent.tolist(), strict=True))
    condensed = nx.condensation(graph)
    mapping = condensed.graph["mapping"]
    component = [mapping[node] for node in range(len(own))]
    shares = _propagate(
        own,
        component,
        zip(child.tolist(), parent.tolist(), strict=True),
        lambda _: list(reversed(list(nx.topological_sort(condensed)))),
    )
    clock.lap("core")
    return shares


def rustworkx(folder: Path, clock: Clock) -> Shares:
    """Resolve with rustworkx."""
    import rustworkx as rx

    own, child, parent = _peer_inputs(folder, clock)
    graph = rx.PyDiGraph(multigraph=False)
    graph.add_nodes_from(range(len(own)))
    graph.add_edges_from_no_data(list(zip(child.tolist(), parent.tolist(), strict=True)))
    component = [0] * len(own)
    for home, nodes in enumerate(rx.strongly_connected_components(graph)):
        for node in nodes:
            component[node] = home

    def parents_first(outside: list[list[int]]) -> list[int]:
        condensed = rx.PyDiGraph(multigraph=False)
        condensed.add_nodes_from(range(len(outside)))
        condensed.add_edges_from_no_data([(home, above) for home, row in enumerate(outside) for above in row])
        return list(reversed(rx.topological_sort(condensed)))

    shares = _propagate(own, component, zip(child.tolist(), parent.tolist(), strict=True), parents_first)
    clock.lap("core")
    return shares


def _alone(method: str, folder: Path) -> None:
    """Run one method in this process and print its figures as JSON."""
    clock = Clock()
    shares = {"ours": ours, "networkx": networkx, "rustworkx": rustworkx}[method](folder, clock)
    laps = clock.laps
    peak = laps.pop("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    whole = laps["read"] + laps["whole"] if method == "ours" else laps["read and encode"] + laps["core"]
    worst = float(np.abs(shares - np.load(folder / "own.npy")).max())
    print(json.dumps({"whole": whole, "core": laps["core"], "mebibytes": peak / 1024, "worst": worst}))


def main(models: int) -> None:
    """Run every method and print the table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # In a process of its own: Linux lets a child's peak memory begin with its parent's.
        subprocess.run([sys.executable, Path(__file__).with_name("hub_graph.py"), place, str(models)], check=True)
        figures: dict[str, dict[str, float]] = {}
        runs: list[dict[str, float]] = []
        for method in TURNS:
            if method != "ours" and find_spec(method) is None:
                print(f"{method} is not installed; left out.")
                continue
            command = [sys.executable, __file__, method, place]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            figures[method] = json.loads(done.stdout)
            if figures[method]["worst"] > TOLERANCE:
                raise SystemExit(f"{method} differs from ours by {figures[method]['worst']:.2e}.")
            if method == "ours":
                runs.append(figures["ours"])
        figures["ours"] = {name: median(run[name] for run in runs) for name in figures["ours"]}
        edges = pl.scan_parquet(folder / "parents.parquet").select(pl.len()).collect().item()
    print(f"{models:,} models, {edges:,} edges; largest difference {max(f['worst'] for f in figures.values()):.0e}")
    print(f"{'method':<12}{'whole, s':>10}{'core, s':>10}{'MiB':>8}{'whole ÷ ours':>14}")
    for method, figure in figures.items():
        factor = figure["whole"] / figures["ours"]["whole"]
        print(f"{method:<12}{figure['whole']:>10.2f}{figure['core']:>10.2f}{figure['mebibytes']:>8.0f}{factor:>14.1f}")
    if models < MODELS:
        print("Limits are for the full size.")
        return
    missed = [
        f"{name} {figures['ours'][name]:.2f} > {most:g}"
        for name, most in LIMITS.items()
        if figures["ours"][name] > most
    ]
    for peer, least in TIMES_FASTER.items():
        if peer in figures and (factor := figures[peer]["whole"] / figures["ours"]["whole"]) < least:
            missed.append(f"{factor:.1f} times faster than {peer} < {least:g}")
    if missed:
        raise SystemExit(f"Limits missed: {'; '.join(missed)}.")
    print("All limits kept.")


if __name__ == "__main__":
    if sys.argv[2:]:
        _alone(sys.argv[1], Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else MODELS)
