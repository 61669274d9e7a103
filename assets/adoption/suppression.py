"""Which cells of located people to hide, so that no sum of what is shown gives away few people.

Here: the rule on counts of people by place (DESIGN, rules of measurement, 8), for one signal and period. Not here:
counting (`located.py`), donated logs (`assets/ingest/log_suppression.py`, whose counts do not add up).

Everybody is in one country at most, so that people add up: the world is its subregions and the people without a place,
a subregion its economies, an economy its first-level subdivisions and those who name none, and again its metros, those
who live elsewhere and those who do not say. Metros and subdivisions cut across each other.

* A cell of fewer than ``LEAST_PEOPLE`` people is hidden.
* Of every shown total, what its hidden parts leave over must be at least two cells, with ``LEAST_PEOPLE - 1`` people
  more than there are cells: each hidden count may then have ``LEAST_PEOPLE`` values or more, also for somebody who
  knows that none of them is 0. (Cells that a hidden total holds count for the nearest total that is shown.)
* Where metros cut across subdivisions, a count could follow through the other side: a subdivision that is a metro's
  whole would be as open as the metro. Take places as nodes of a graph, with an edge between a subdivision and a metro
  that share people. One person more in a hidden subdivision, one fewer on the next edge and so on along a path to
  another hidden subdivision changes no total and no metro. So the two cells or more must be joined by paths, or lie in
  parts of the graph that hold hidden cells of both kinds, between which people can be moved.
* Where that fails, the smallest shown cell that helps is hidden too, and at last the economy with all of its parts.

How many people have no place at all, and how many of an economy name no part of it, counts as known to everybody.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LEAST_PEOPLE: Final = 10
"""Distinct people that a shown cell rests on, and values that a hidden count may have."""

WORLD: Final = "world"
UNSAID: Final = ""
"""Part of an economy of those who do not say where in it they live; known to everybody."""

ELSEWHERE: Final = "elsewhere"
"""Part of an economy of those who live outside its metros; no cell of its own."""

Cell = tuple[str, str]
"""Level and region."""

Node = tuple[str, str]
"""Level of a part (admin1 or metro) and its region, UNSAID or ELSEWHERE."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """People who live in the same place, as finely as it is known.

    Attributes:
        country: ISO 3166-1 alpha-2.
        admin1: ISO 3166-2 code, or UNSAID.
        metro: Metro, ELSEWHERE or UNSAID.
        n: People on either side.
        everybody: People on any side.
    """

    country: str
    admin1: str
    metro: str
    n: int
    everybody: int

    @property
    def parts(self) -> tuple[Node, Node]:
        """The two parts of the economy that hold the group."""
        return ("admin1", self.admin1), ("metro", self.metro)


def too_few(n: int, everybody: int) -> bool:
    """Return whether a cell rests on too few people: those of either side, or all where there are none."""
    return (n or everybody) < LEAST_PEOPLE


def _open(cells: Iterable[int]) -> bool:
    """Return whether hidden cells that are known to add up leave each of them enough values."""
    counts = list(cells)
    return len(counts) > 1 and sum(counts) - len(counts) >= LEAST_PEOPLE - 1


class _Slice:
    """Counts of one signal and period, and what of them is hidden so far."""

    def __init__(self, groups: Iterable[Group], parents: Mapping[str, str]) -> None:
        self.n: dict[Cell, int] = defaultdict(int)
        everybody: dict[Cell, int] = defaultdict(int)
        self.groups: dict[str, list[Group]] = defaultdict(list)
        self.children: dict[Cell, set[Cell]] = defaultdict(set)
        for group in groups:
            country, parent = ("country", group.country), parents[group.country]
            self.groups[group.country].append(group)
            holders = [country]
            if parent != WORLD:
                holders.append(("subregion", parent))
                self.children["subregion", parent].add(country)
            self.children["world", WORLD].add(holders[-1])
            for cell in (*holders, *(part for part in group.parts if part[1] not in {UNSAID, ELSEWHERE})):
                self.n[cell] += group.n
                everybody[cell] += group.everybody
        self.hidden = {cell for cell, count in everybody.items() if too_few(self.n[cell], count)}

    def smallest(self, cells: Iterable[Cell]) -> Cell | None:
        """Return the smallest cell that is shown, if any is."""
        return min(
            (cell for cell in cells if cell not in self.hidden), key=lambda one: (self.n[one], one), default=None
        )

    def hide(self, cell: Cell) -> None:
        """Hide a cell; an economy with all of its parts."""
        self.hidden.add(cell)
        if cell[0] == "country":
            parts = {part for group in self.groups[cell[1]] for part in group.parts}
            self.hidden |= {part for part in parts if part[1] not in {UNSAID, ELSEWHERE}}


def _economies_of(total: Cell, slice_: _Slice) -> Iterator[tuple[Cell, list[Cell]]]:
    """Give each hidden part of a shown total with the hidden economies in it."""
    for part in sorted(slice_.children[total] & slice_.hidden):
        yield part, [part] if part[0] == "country" else sorted(slice_.children[part] & slice_.hidden)


def _next_of_total(total: Cell, slice_: _Slice) -> Cell | None:
    """Return the cell to hide next so that a shown total gives nothing away, or None if it gives nothing away."""
    parts = dict(_economies_of(total, slice_))
    if not parts:
        return None
    for part, economies in parts.items():
        if not economies:
            return slice_.smallest(slice_.children[part]) or total
    left_over = [economy for economies in parts.values() for economy in economies]
    if _open(slice_.n[economy] for economy in left_over):
        return None
    return slice_.smallest(slice_.children[total]) or total


class _Parts:
    """The parts of one economy as a graph: subdivisions and metros that share people are joined."""

    def __init__(self, country: str, slice_: _Slice) -> None:
        self.slice = slice_
        self.n: dict[Node, int] = defaultdict(int)
        joined: dict[Node, Node] = {}

        def root(node: Node) -> Node:
            while (above := joined.setdefault(node, node)) != node:
                node = above
            return node

        for group in slice_.groups[country]:
            for part in group.parts:
                self.n[part] += group.n
                root(part)
            if group.n:
                one, other = (root(part) for part in group.parts)
                joined[one] = other
        self.network = {node: root(node) for node in self.n}

    def unknown(self, node: Node) -> bool:
        """Return whether nobody is told how many people a part has."""
        return node in self.slice.hidden or node[1] == ELSEWHERE

    def to_protect(self) -> list[Node]:
        """Return the parts whose count must not follow from others, the smallest first."""
        parts = (
            node
            for node in self.n
            if node in self.slice.hidden or (node[1] == ELSEWHERE and self.n[node] < LEAST_PEOPLE)
        )
        return sorted(parts, key=lambda node: (self.n[node], node))

    def free(self) -> set[Node]:
        """Return the networks that hold unknown parts of both kinds: people can be moved in and out of them."""
        networks: dict[Node, set[str]] = defaultdict(set)
        for node in self.n:
            if self.unknown(node):
                networks[self.network[node]].add(node[0])
        return {network for network, levels in networks.items() if len(levels) > 1}

    def exchanges(self, node: Node, free: set[Node]) -> list[int]:
        """Return the counts of the unknown parts that people of a part could be moved to, its own among them."""
        alike = [other for other in self.n if other[0] == node[0] and self.unknown(other)]
        if self.n[node]:
            home = self.network[node]
            near = free if home in free else {home}
            alike = [other for other in alike if self.network[other] in near]
        return [self.n[other] for other in alike]

    def next(self) -> Cell | None:
        """Return the part to hide next, UNSAID for the whole economy, or None if no part is given away."""
        free = self.free()
        for node in self.to_protect():
            if _open(self.exchanges(node, free)):
                continue
            published = [part for part in self.n if part[1] not in {UNSAID, ELSEWHERE}]
            near = [part for part in published if self.network[part] == self.network[node]]
            choices = (
                [part for part in near if part[0] == node[0]],
                near,
                [part for part in published if part[0] == node[0]],
                published,
            )
            found = (self.slice.smallest(choice) for choice in choices)
            return next((part for part in found if part), ("country", UNSAID))
        return None


def hidden_cells(groups: Iterable[Group], parents: Mapping[str, str]) -> set[Cell]:
    """Return the cells to hide, as level and region.

    Args:
        groups: Everybody with a place in one signal and period, each in one group.
        parents: Subregion of each economy, or ``world``.
    """
    slice_ = _Slice(groups, parents)
    for economy in [cell for cell in slice_.hidden if cell[0] == "country"]:
        slice_.hide(economy)
    for country in slice_.groups:
        graph = _Parts(country, slice_)
        while ("country", country) not in slice_.hidden and (part := graph.next()):
            slice_.hide(("country", country) if part[1] == UNSAID else part)
    # Subregions first: what the world hides lies in subregions that are then hidden, and asks nothing of shown ones.
    totals = [cell for cell in sorted(slice_.children) if cell[0] != "world"]
    for total in [*totals, ("world", WORLD)]:
        while total not in slice_.hidden and (cell := _next_of_total(total, slice_)):
            slice_.hide(cell)
    return slice_.hidden
