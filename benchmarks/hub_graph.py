"""A made-up model graph of the Hub's size and shape: ``python benchmarks/hub_graph.py FOLDER [MODELS]``.

Writes ``models.parquet`` (model_id, account) and ``parents.parquet`` (child_id, parent_id, relation). The shape is
the Hub's: six in ten models have no parent; parents are chosen by popularity, so that a few bases hold most
children; three in a hundred models are merges of two to six; serial mergers make long chains; there are self-loops,
cycles of two and three, repackagers, and parents that do not exist. The famous bases belong to accounts of the
publisher registry, and many names mention a family. All of it is made up; no row is a real model.
"""

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

SEED: Final = 20261125
MODELS: Final = 2_500_000
BASES: Final = 2_000
LABS: Final = ("Qwen", "deepseek-ai", "zai-org", "meta-llama", "google", "microsoft", "mistralai", "tiiuae", "upstage")
LAB_ODDS: Final = (0.30, 0.06, 0.04, 0.24, 0.12, 0.08, 0.10, 0.03, 0.03)
REPACKAGERS: Final = ("mradermacher", "bartowski", "unsloth", "TheBloke")
WORDS: Final = (
    "qwen2.5-7b",
    "llama-3-8b",
    "gemma-2b",
    "mistral-7b",
    "my-model",
    "ppo-lunar",
    "classifier",
    "test-repo",
)
WITH_PARENT: Final = 0.40
RECENT_PARENT: Final = 0.25
SERIAL: Final = 0.02
SERIAL_BROKEN: Final = 0.25
MERGED: Final = 0.075
REPACKAGED: Final = 0.08
GONE: Final = 0.04
RELATIONS: Final = ("finetune", "quantized", "adapter", "merge", "unspecified")

Integers = npt.NDArray[np.int64]
Texts = npt.NDArray[Any]


def _parents(rng: np.random.Generator, models: int) -> tuple[Integers, Integers, Integers]:
    """Return child and parent numbers and the relation's code; a parent is older, so has a lower number."""
    has_parent = rng.random(models) < WITH_PARENT
    has_parent[:BASES] = False
    child = np.flatnonzero(has_parent)
    popular = np.minimum((rng.pareto(0.75, child.size) + 1).astype(np.int64) - 1, BASES - 1)
    parent = popular.copy()
    recent = rng.random(child.size) < RECENT_PARENT
    parent[recent] = np.maximum(child[recent] - 1 - (rng.pareto(0.8, recent.sum()) * 50).astype(np.int64), 0)
    serial = np.flatnonzero(rng.random(child.size) < SERIAL)
    parent[serial[1:]] = child[serial[:-1]]
    ended = rng.random(serial.size) < SERIAL_BROKEN
    parent[serial[ended]] = popular[serial[ended]]
    merges = child[rng.random(child.size) < MERGED]
    more = np.repeat(merges, rng.integers(1, 6, merges.size))
    others = np.minimum((rng.pareto(0.6, more.size) + 1).astype(np.int64) * 7, more - 1)
    few = max(child.size // 4_000, 3)
    loops, two, three = (rng.choice(child, few, replace=False) for _ in range(3))
    two, three = two[: few // 2 * 2].reshape(2, -1), three[: few // 3 * 3].reshape(3, -1)
    child = np.concatenate([child, more, loops, *two, *three])
    parent = np.concatenate([parent, others, loops, *two[::-1], *np.roll(three, 1, axis=0)])
    relation = np.searchsorted([0.35, 0.75, 0.94, 0.97], rng.random(child.size))
    relation[-more.size :] = RELATIONS.index("merge")
    return child, parent, relation


def _ids(rng: np.random.Generator, models: int) -> tuple[Texts, Texts]:
    """Return the account and the id of every model."""
    accounts = np.char.add("owner", (rng.permutation(models) // 4).astype(str)).astype(object)
    accounts[:BASES] = rng.choice(np.array(LABS, dtype=object), BASES, p=LAB_ODDS)
    repackaged = BASES + np.flatnonzero(rng.random(models - BASES) < REPACKAGED)
    accounts[repackaged] = rng.choice(np.array(REPACKAGERS, dtype=object), repackaged.size)
    words = rng.choice(np.array(WORDS, dtype=object), models)
    numbers = np.arange(models).astype(str).astype(object)
    return accounts, accounts + "/" + words + "-" + numbers


def hub_graph(models: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a graph of so many models: ``model_id, account`` and ``child_id, parent_id, relation``."""
    rng = np.random.default_rng(SEED)
    child, parent, relation = _parents(rng, models)
    accounts, ids = _ids(rng, models)
    ends = ids[parent]
    gone = rng.random(parent.size) < GONE
    ends[gone] = np.char.add("gone/model-", (parent[gone] // 3).astype(str)).astype(object)
    text = pl.String
    listed = pl.DataFrame({"model_id": ids.tolist(), "account": accounts.tolist()}, schema_overrides={"account": text})
    edges = pl.DataFrame(
        {
            "child_id": ids[child].tolist(),
            "parent_id": ends.tolist(),
            "relation": np.array(RELATIONS, dtype=object)[relation].tolist(),
        }
    ).unique(["child_id", "parent_id"], maintain_order=True)
    return listed.sample(fraction=1, shuffle=True, seed=1), edges.sample(fraction=1, shuffle=True, seed=2)


def write(folder: Path, models: int) -> None:
    """Write both tables into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(("models", "parents"), hub_graph(models), strict=True):
        frame.write_parquet(folder / f"{name}.parquet")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else MODELS)
