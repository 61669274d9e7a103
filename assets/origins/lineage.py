"""Lineage: which roots a model was made from, and in which parts.

Here: the directed graph child → parents as arrays, for any number of models. Not here: ids
(`assets/origins/identities.py`), what origin a root has (`assets/origins/evidence.py`).

How it stays fast: most models have one parent, so a chain of them is followed by pointer doubling, in as many
rounds as the logarithm of its length. What is left are *junctions*, models with several parents; they are few,
and are worked out level by level. Cycles are condensed before. No path is ever enumerated.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

BLOCK: Final = 32
"""Labels that are worked out at once; bounds memory to junctions × labels of a block."""

PRUNED: Final = 0.95
"""Edges that a round of pruning must leave for the next one not to be worth it."""

NONE: Final = -1

Integers = npt.NDArray[np.signedinteger[Any]]
Node = np.int32
"""Type of the numbers of models: half the memory of what numpy would take, enough for two billion."""

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Mixtures:
    """In which parts every model goes back to labelled roots.

    A model's parts are a *mixture*. Those numbered below ``labels`` are one label whole; the others belong to
    junctions, are numbered from there on, and stand in ``junction``, ``label`` and ``weight``.

    Attributes:
        mixture: Number of the mixture of each model.
        labels: Number of labels.
        junction: Mixture of each part, not below ``labels``; sorted.
        label: Label of each part.
        weight: Size of each part, above 0; the parts of a mixture add up to 1.
    """

    mixture: Integers
    labels: int
    junction: Integers
    label: Integers
    weight: Floats


def distinct_edges(child: Integers, parent: Integers, models: int) -> Flags:
    """Return which edges to keep: no self-loops, and of edges between the same two models the first."""
    keep: Flags = child != parent
    at = np.flatnonzero(keep & (np.bincount(child, minlength=models) > 1)[child])
    if at.size:
        _, first = np.unique(child[at].astype(np.int64) * models + parent[at], return_index=True)
        keep[at] = False
        keep[at[first]] = True
    return keep


def _cycles(child: Integers, parent: Integers, models: int) -> tuple[Integers, Integers]:
    """Return the members of all cycles and, for each, the head of its cycle: the member with the lowest number."""
    from scipy import sparse
    from scipy.sparse import csgraph

    while child.size:
        is_child, is_parent = np.zeros(models, dtype=bool), np.zeros(models, dtype=bool)
        is_child[child], is_parent[parent] = True, True
        inner = is_child[parent] & is_parent[child]
        kept = np.count_nonzero(inner)
        done = kept > PRUNED * child.size
        child, parent = child[inner], parent[inner]
        if done:
            break
    touched = np.zeros(models, dtype=bool)
    touched[child] = touched[parent] = True
    nodes = np.flatnonzero(touched)
    number = np.zeros(models, dtype=Node)
    number[nodes] = np.arange(nodes.size)
    graph = sparse.csr_array(
        (np.ones(child.size, dtype=np.int8), (number[child], number[parent])), shape=(nodes.size, nodes.size)
    )
    groups, group = csgraph.connected_components(graph, directed=True, connection="strong")
    at = np.flatnonzero(np.bincount(group, minlength=groups)[group] > 1)
    heads = np.full(groups, models, dtype=Node)
    np.minimum.at(heads, group[at], nodes[at])
    return nodes[at], heads[group[at]]


def _follow(child: Integers, parent: Integers, single: Flags) -> tuple[Integers, Integers]:
    """Follow every chain of models with one parent to the root or junction where it ends, by pointer doubling.

    Returns:
        The model where each model's chain ends (itself for roots and junctions) and the steps up to there.
    """
    end, steps = np.arange(single.size, dtype=Node), np.zeros(single.size, dtype=Node)
    end[child], steps[child] = parent, 1
    going = child
    while True:
        at = end[going]
        further = single[at]
        going, at = going[further], at[further]
        if not going.size:
            return end, steps
        steps[going] += steps[at]
        end[going] = end[at]


def slices(starts: Integers, counts: Integers) -> Integers:
    """Return the positions ``starts[i] … starts[i] + counts[i]`` of all slices, one after the other."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


def _levels(child: Integers, parent: Integers, count: int) -> Integers:
    """Return the level of each junction: 0 where no parent is a junction, else one above its highest parent."""
    waiting = np.bincount(child, minlength=count)
    order = np.argsort(parent, kind="stable")
    children, sizes = child[order], np.bincount(parent, minlength=count)
    starts = np.cumsum(sizes) - sizes
    levels, level = np.zeros(count, dtype=np.int64), 0
    ready = np.flatnonzero(waiting == 0)
    while ready.size:
        levels[ready] = level
        freed, times = np.unique(children[slices(starts[ready], sizes[ready])], return_counts=True)
        waiting[freed] -= times
        ready, level = freed[waiting[freed] == 0], level + 1
    return levels


@dataclass(frozen=True, kw_only=True)
class _Junctions:
    """Edges of the junctions, sorted by junction; junctions are numbered so that parents come first.

    Attributes:
        starts: Where the edges of each junction begin, and the number of edges.
        parent: Junction that an edge leads to, or ``NONE`` where it leads to a root.
        root: Root that an edge leads to, where it leads to one.
        steps: Steps that an edge stands for.
        cuts: First junction of each level, and the number of junctions.
    """

    starts: Integers
    parent: Integers
    root: Integers
    steps: Integers
    cuts: Integers

    @property
    def count(self) -> int:
        return self.starts.size - 1

    def depths(self) -> Integers:
        """Longest chain below each junction."""
        depth = np.zeros(self.count + 1, dtype=np.int64)  # the last one stands for the roots
        for first, last in zip(self.cuts[:-1], self.cuts[1:], strict=True):
            edges = slice(self.starts[first], self.starts[last])
            below = self.steps[edges] + depth[self.parent[edges]]
            depth[first:last] = np.maximum.reduceat(below, self.starts[first:last] - self.starts[first])
        return depth[:-1]

    def parts(self, own: Integers) -> tuple[Integers, Integers, Floats]:
        """Junction, label and weight of every part: what comes from roots, plus the parts of junctions below."""
        from scipy import sparse

        sizes = np.diff(self.starts)
        row, weight = np.repeat(np.arange(self.count), sizes), np.repeat(1.0 / sizes, sizes)
        inner = self.parent >= 0
        shape = (self.count, self.count)
        above = sparse.csr_array((weight[inner], (row[inner], self.parent[inner])), shape=shape)
        levels = [(first, last, above[first:last]) for first, last in zip(self.cuts[1:-1], self.cuts[2:], strict=True)]
        used, column = np.unique(own[self.root[~inner]], return_inverse=True)
        row, weight = row[~inner], weight[~inner]
        parts = []
        for begin in range(0, used.size, BLOCK):
            width = min(BLOCK, used.size - begin)
            here = (begin <= column) & (column < begin + width)
            cells = row[here] * width + column[here] - begin
            block = np.bincount(cells, weight[here], minlength=self.count * width).reshape(self.count, width)
            for first, last, matrix in levels:
                block[first:last] += matrix @ block
            junction, place = np.nonzero(block)
            parts.append((junction, used[begin + place], block[junction, place]))
        junction, label, share = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(junction, kind="stable")
        return junction[order], label[order], np.minimum(share[order], 1.0)


def _system(edges: tuple[Integers, Integers, Integers], number: Integers, count: int) -> tuple[_Junctions, Integers]:
    """Return the system of the junctions and the rank that it gives to each of them.

    Args:
        edges: Junction, end of the chain that the edge opens, steps up to there.
        number: Number of each node among the junctions, -1 for others.
        count: Number of junctions.
    """
    child, end, steps = edges
    parent = number[end]
    inner = parent >= 0
    levels = _levels(child[inner], parent[inner], count)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(levels, kind="stable")] = np.arange(count)
    order = np.argsort(rank[child], kind="stable")
    sizes = np.bincount(rank[child], minlength=count)
    system = _Junctions(
        starts=np.concatenate([[0], np.cumsum(sizes)]),
        parent=np.where(inner, rank[parent], NONE)[order],
        root=end[order],
        steps=steps[order],
        cuts=np.concatenate([[0], np.cumsum(np.bincount(levels))]),
    )
    return system, rank


class Graph:
    """The lineage of any number of models, ready to be asked.

    A model with parents takes the mean of their mixtures (equal weights), a model without takes its own label.
    Cycles are condensed: their members share the parents outside, every edge alike, or, where there are none, the
    mean of the members' own labels. Self-loops and repeated edges are ignored.

    Attributes:
        depth: Longest chain of parents below each model, in steps; a cycle counts as one model.
        has_parents: Whether a model goes back to another one outside its own cycle.
        counts: Whether a model's own label counts: roots and members of cycles without parents outside.
    """

    def __init__(self, models: int, child: Integers, parent: Integers) -> None:
        """Follow all chains and order the junctions.

        Args:
            models: Number of models; they are numbered from 0.
            child: Models that declare a parent.
            parent: The parent of each.
        """
        keep = distinct_edges(child, parent, models)
        child, parent = child[keep], parent[keep]
        members, heads = _cycles(child, parent, models)
        self._stood_for: Integers = np.zeros(0, dtype=Node)
        closed = self._stood_for
        if members.size:
            head = np.arange(models, dtype=Node)
            head[members] = heads
            child, parent = head[child], head[parent]
            outside = child != parent
            child, parent = child[outside], parent[outside]
            is_child = np.zeros(models, dtype=bool)
            is_child[child] = True
            within = ~is_child[heads]
            closed, self._stood_for = heads[within], members[within]
            # A cycle without parents outside becomes a junction of stand-ins for its members.
            child = np.concatenate([child, closed])
            parent = np.concatenate([parent, models + np.arange(closed.size, dtype=Node)])
        nodes = models + closed.size
        degree = np.bincount(child, minlength=nodes)
        single, several = degree == 1, degree > 1
        del degree
        lone = single[child]
        self._end, depth = _follow(child[lone], parent[lone], single)
        at = np.flatnonzero(several)
        self._rank: Integers = np.full(nodes, NONE, dtype=Node)
        self._rank[at] = np.arange(at.size)
        self._system: _Junctions | None = None
        if at.size:
            opened, source = parent[~lone], self._rank[child[~lone]]
            steps = depth[opened] + (opened < models)
            self._system, rank = _system((source, self._end[opened], steps), self._rank, at.size)
            self._rank[at] = rank
            above = np.flatnonzero(self._rank[self._end] >= 0)
            depth[above] += self._system.depths()[self._rank[self._end[above]]]
        self.has_parents: Flags = (single | several)[:models]
        self.has_parents[closed] = False
        self.depth: Integers = depth[:models]
        for column in (self._end, self.depth, self.has_parents):
            column[members] = column[heads]
        self.counts: Flags = ~self.has_parents

    def mixtures(self, own: Integers, *, labels: int) -> Mixtures:
        """Return in which parts each model goes back to roots of which label.

        Args:
            own: Label of each model itself, from 0 to ``labels`` - 1; read only where ``counts`` says so.
            labels: Number of labels.
        """
        if self._stood_for.size:
            own = np.concatenate([own, own[self._stood_for]])
        rank = self._rank[self._end]
        mixture = np.where(rank >= 0, rank + Node(labels), own[self._end])[: self.depth.size]
        empty = np.zeros(0, dtype=Node)
        junction, label, weight = self._system.parts(own) if self._system else (empty, empty, np.zeros(0))
        return Mixtures(mixture=mixture, labels=labels, junction=labels + junction, label=label, weight=weight)
