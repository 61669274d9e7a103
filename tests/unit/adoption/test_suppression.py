"""Hidden cells: an attacker who solves everything that is public learns no hidden count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from assets.adoption.suppression import ELSEWHERE, LEAST_PEOPLE, UNSAID, Group, hidden_cells, too_few

PARENTS = {"AA": "m49:1", "AB": "m49:1", "AC": "m49:1", "BA": "m49:2", "BB": "m49:2", "CA": "m49:3", "AQ": "world"}


def _group(country, n, admin1=UNSAID, metro=UNSAID, others=0):
    return Group(country=country, admin1=admin1, metro=metro, n=n, everybody=n + others)


def _holders(group):
    """Return the published cells that count a group, and the sums of it that everybody knows."""
    parent = PARENTS[group.country]
    cells = [("world", "world"), ("country", group.country)]
    cells += [("subregion", parent)] if parent != "world" else []
    cells += [("admin1", group.admin1)] if group.admin1 != UNSAID else []
    cells += [("metro", group.metro)] if group.metro not in {UNSAID, ELSEWHERE} else []
    known = [("unsaid admin1", group.country)] if group.admin1 == UNSAID else []
    known += [("unsaid metro", group.country)] if group.metro == UNSAID else []
    return cells, known


class Attacker:
    """Knows every shown count, who has no place, where nobody is, and that nobody is hidden for nothing."""

    def __init__(self, groups, hidden):
        self.groups = [group for group in groups if group.n]
        sums = {}
        for number, group in enumerate(self.groups):
            cells, known = _holders(group)
            for cell in (*cells, *known):
                sums.setdefault(cell, np.zeros(len(self.groups)))[number] = 1
        counts = np.array([group.n for group in self.groups])
        self.hidden = {cell: row for cell, row in sums.items() if cell in hidden}
        parts = {(cell[0], group.country) for group in groups for cell in _holders(group)[0] if cell not in hidden}
        # Who names no part of an economy enters the bounds of its shown parts, and nothing else.
        told = {(f"unsaid {level}", country) for level, country in parts}
        shown = [row for cell, row in sums.items() if cell in told or (" " not in cell[0] and cell not in hidden)]
        self.equal = np.array(shown).reshape(-1, len(self.groups)), np.array([row @ counts for row in shown])
        self.at_least = -np.array(list(self.hidden.values())).reshape(-1, len(self.groups))

    def range_of(self, cell, least=1):
        """Return the least and the greatest count that a hidden cell can have, where each has at least so many."""
        ends = []
        for sign in (1, -1):
            found = linprog(
                sign * self.hidden[cell],
                A_eq=self.equal[0] if len(self.equal[0]) else None,
                b_eq=self.equal[1] if len(self.equal[0]) else None,
                A_ub=self.at_least,
                b_ub=-least * np.ones(len(self.at_least)),
            )
            assert found.status in {0, 3}, found.message
            ends.append(sign * found.fun if found.status == 0 else np.inf)
        return ends[0], ends[1]


COUNT = st.one_of(st.integers(1, 12), st.integers(1, 120))


@st.composite
def economies(draw):
    """People of economies alone."""
    return [_group(country, draw(COUNT)) for country in draw(st.sets(st.sampled_from(sorted(PARENTS)), min_size=1))]


@st.composite
def worlds(draw):
    """People in up to three economies with subdivisions and metros that cut across each other."""
    groups = []
    for country in draw(st.sets(st.sampled_from(["AA", "AB", "BA", "AQ"]), min_size=1, max_size=3)):
        places = [
            (admin1, metro)
            for admin1 in (UNSAID, f"{country}-1", f"{country}-2", f"{country}-3")
            for metro in (UNSAID, ELSEWHERE, f"metro:{country.lower()}-x", f"metro:{country.lower()}-y")
        ]
        chosen = draw(st.lists(st.sampled_from(places), min_size=1, max_size=7, unique=True))
        groups += [_group(country, draw(COUNT), *place, others=draw(st.integers(0, 3))) for place in chosen]
    return groups


def _few(groups):
    """Return the cells that rest on too few people by themselves."""
    n, everybody = {}, {}
    for group in groups:
        for cell in _holders(group)[0]:
            n[cell] = n.get(cell, 0) + group.n
            everybody[cell] = everybody.get(cell, 0) + group.everybody
    return {cell for cell in n if cell[0] != "world" and too_few(n[cell], everybody[cell])}


@given(economies())
@settings(max_examples=150, deadline=None)
def test_every_hidden_economy_may_have_ten_counts_or_more(groups):
    hidden = hidden_cells(groups, PARENTS)
    assert _few(groups) <= hidden
    attacker = Attacker(groups, hidden)
    for cell in attacker.hidden:
        low, high = attacker.range_of(cell)
        assert high - low >= LEAST_PEOPLE - 1 - 1e-6, (cell, low, high)


@given(worlds())
@settings(max_examples=250, deadline=None)
def test_no_hidden_count_follows_from_everything_public(groups):
    hidden = hidden_cells(groups, PARENTS)
    assert _few(groups) <= hidden
    attacker = Attacker(groups, hidden)
    for cell in attacker.hidden:
        low, high = attacker.range_of(cell)
        assert high - low >= 1 - 1e-6, (cell, low, high)


@given(economies(), st.data())
@settings(max_examples=80, deadline=None)
def test_a_side_of_a_hidden_economy_follows_only_where_nobody_hidden_is_on_it(groups, data):
    hidden = hidden_cells(groups, PARENTS)
    sides = [
        Group(country=one.country, admin1=UNSAID, metro=UNSAID, n=data.draw(st.integers(0, one.n)), everybody=one.n)
        for one in groups
    ]
    attacker = Attacker([one for one in groups if one.n], hidden)
    counts = np.array([one.n for one in sides])
    attacker.equal = attacker.equal[0], attacker.equal[0] @ counts
    attacker.at_least = -np.eye(len(sides))
    for cell, row in attacker.hidden.items():
        low, high = attacker.range_of(cell, least=0)
        assert high - low >= 1 - 1e-6 or row @ counts == 0, (cell, low, high)


@given(worlds(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_people_does_not_matter(groups, random):
    shuffled = list(groups)
    random.shuffle(shuffled)
    assert hidden_cells(shuffled, PARENTS) == hidden_cells(groups, PARENTS)


def test_the_attacker_finds_what_is_hidden_without_help():
    groups = [_group("AA", 3), _group("AB", 40), _group("BA", 50)]
    assert Attacker(groups, {("country", "AA")}).range_of(("country", "AA")) == (3, 3)


def test_a_subregion_that_hides_its_one_economy_does_not_leave_it_to_the_world():
    groups = [_group("CA", 3), _group("AA", 20), _group("AB", 4), _group("BA", 90), _group("BB", 80)]
    hidden = hidden_cells(groups, PARENTS)
    assert {("country", "CA"), ("subregion", "m49:3"), ("country", "AB"), ("country", "AA")} <= hidden
    assert len({cell for cell in hidden if cell[0] == "subregion"}) > 1


def test_many_ones_are_not_given_away_by_their_number():
    parents = {f"A{letter}": "m49:1" for letter in "ABCDEFGHIJK"}
    groups = [_group(country, 1) for country in list(parents)[:10]] + [_group("AK", 500)]
    assert ("country", "AK") in hidden_cells(groups, parents)


@pytest.mark.parametrize("metro_people", [20, 200])
def test_a_metro_that_is_a_whole_subdivision_does_not_reveal_it(metro_people):
    groups = [
        _group("AA", metro_people, "AA-1", "metro:aa-x"),
        _group("AA", 3, "AA-2", ELSEWHERE),
        _group("AA", 300, "AA-3", ELSEWHERE),
    ]
    hidden = hidden_cells(groups, PARENTS)
    assert ("admin1", "AA-2") in hidden
    for cell in (attacker := Attacker(groups, hidden)).hidden:
        low, high = attacker.range_of(cell)
        assert high > low


def test_a_subdivision_inside_a_shown_metro_is_not_its_remainder():
    groups = [
        _group("AA", 3, "AA-1", "metro:aa-x"),
        _group("AA", 40, "AA-2", "metro:aa-x"),
        _group("AA", 5, "AA-3", ELSEWHERE),
        _group("AA", 8, "AA-4", ELSEWHERE),
        _group("AA", 50, "AA-5", ELSEWHERE),
    ]
    hidden = hidden_cells(groups, PARENTS)
    for cell in (attacker := Attacker(groups, hidden)).hidden:
        low, high = attacker.range_of(cell)
        assert high > low, cell


def test_where_there_are_enough_people_nothing_is_hidden():
    groups = [_group("AA", 40, "AA-1", "metro:aa-x"), _group("AA", 30, "AA-2", ELSEWHERE), _group("BA", 50)]
    assert hidden_cells(groups, PARENTS) == set()
