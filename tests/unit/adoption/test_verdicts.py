"""Verdicts: never stronger than the interval, never from what was not observed, monotone in the figure."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assets.adoption.verdicts import (
    FINDINGS,
    VERDICT_OF,
    VERDICTS,
    Figure,
    finding,
    people_needed,
    together,
    would_change,
)
from assets.schemas import claims as declared
from assets.schemas.vocabulary import EVIDENCE, STATES

ADMITTED = ("logged", "declared")
RANK = {"not_supported": 0, "partly": 1, "supported": 2}
SHARES = st.floats(0, 1)
COMPARISONS = st.sampled_from(["above", "below"])


@st.composite
def figures(draw, states=("value",), evidence=ADMITTED):
    """Cells whose interval and bounds hold the figure."""
    value = draw(SHARES)
    low, bound_low = (draw(st.none() | st.floats(0, value)) for _ in range(2))
    high, bound_high = (draw(st.none() | st.floats(value, 1)) for _ in range(2))
    return Figure(
        value=value,
        low=low,
        high=high,
        bound_low=bound_low,
        bound_high=bound_high,
        n=draw(st.none() | st.integers(1, 5000)),
        evidence=draw(st.sampled_from(evidence)),
        state=draw(st.sampled_from(states)),
    )


def _verdict(figure, comparison, threshold):
    return VERDICT_OF[finding(figure, comparison, threshold, ADMITTED)]


@given(figures(), COMPARISONS, SHARES)
def test_a_verdict_is_never_stronger_than_interval_and_bounds(figure, comparison, threshold):
    verdict = _verdict(figure, comparison, threshold)
    ends = (figure.low, figure.bound_low) if comparison == "above" else (figure.high, figure.bound_high)
    beyond = [end is not None and (end > threshold if comparison == "above" else end < threshold) for end in ends]
    assert (verdict == "supported") <= all(beyond)
    assert (verdict == "partly") <= beyond[0]


@given(figures(states=STATES, evidence=(None, *EVIDENCE)), COMPARISONS, SHARES)
def test_what_was_not_observed_supports_nothing_and_refutes_nothing(figure, comparison, threshold):
    verdict = _verdict(figure, comparison, threshold)
    if figure.state not in {"value", "zero"} or figure.evidence not in ADMITTED:
        assert verdict == "not_observable"


@given(figures(), COMPARISONS, SHARES, st.floats(0, 1))
def test_a_verdict_rises_with_the_figure(figure, comparison, threshold, step):
    by = step if comparison == "above" else -step
    moved = replace(
        figure,
        **{
            name: None if (end := getattr(figure, name)) is None else end + by
            for name in ("value", "low", "high", "bound_low", "bound_high")
        },
    )
    before, after = (_verdict(one, comparison, threshold) for one in (figure, moved))
    if before == "not_observable":
        assert after == before
    else:
        assert RANK[after] >= RANK[before]


@given(figures(), COMPARISONS, SHARES, SHARES)
def test_a_wider_interval_never_makes_a_verdict_stronger(figure, comparison, threshold, room):
    if figure.low is None or figure.high is None:
        return
    wider = replace(figure, low=figure.low - room, high=figure.high + room)
    assert RANK[_verdict(wider, comparison, threshold)] <= RANK[_verdict(figure, comparison, threshold)]


@given(figures(), SHARES)
def test_above_and_below_are_mirror_images(figure, threshold):
    def turned(end):
        return None if end is None else -end

    mirrored = replace(
        figure,
        value=turned(figure.value),
        low=turned(figure.high),
        high=turned(figure.low),
        bound_low=turned(figure.bound_high),
        bound_high=turned(figure.bound_low),
    )
    assert finding(figure, "above", threshold, ADMITTED) == finding(mirrored, "below", -threshold, ADMITTED)


@given(st.lists(st.sampled_from(VERDICTS), min_size=1, max_size=6), st.sampled_from(["supported", "partly"]))
def test_the_whole_is_supported_only_if_every_part_is(parts, at_most):
    whole = together(parts, at_most=at_most)
    assert (whole == "supported") == (set(parts) == {"supported"} and at_most == "supported")
    assert (whole == "not_observable") == (set(parts) == {"not_observable"})
    assert (whole == "not_supported") <= (not {"supported", "partly"} & set(parts))


@given(st.lists(st.sampled_from([*RANK]), min_size=1, max_size=6), st.data())
def test_a_stronger_part_never_weakens_the_whole(parts, data):
    place = data.draw(st.integers(0, len(parts) - 1))
    stronger = data.draw(st.sampled_from([one for one in RANK if RANK[one] >= RANK[parts[place]]]))
    raised = [*parts[:place], stronger, *parts[place + 1 :]]
    assert RANK[together(raised)] >= RANK[together(parts)]


def test_nothing_cannot_be_judged():
    with pytest.raises(ValueError, match="nothing to judge"):
        together([])


@given(figures(), COMPARISONS, SHARES)
def test_everything_says_what_would_change_it(figure, comparison, threshold):
    found = finding(figure, comparison, threshold, ADMITTED)
    told = would_change(figure, found, comparison, threshold, ADMITTED)
    assert told.endswith(".")
    assert "None" not in told
    assert "nan" not in told


def test_the_number_of_cases_that_would_decide_follows_the_root_of_n():
    cell = Figure(value=0.6, low=0.4, high=0.8, bound_low=0.6, bound_high=0.6, n=50, evidence="logged", state="value")
    # 200 would leave the end on the threshold.
    assert people_needed(cell, 0.5) == 201
    # So few follow no root: 0 of 3 leave more open than three times 0 of 1.
    assert people_needed(replace(cell, n=29), 0.5) is None
    assert people_needed(replace(cell, value=0.5), 0.5) is None
    assert "About 201 cases" in would_change(cell, "undecided", "above", 0.5, ADMITTED)


def _with_cases(figure, n):
    """The cell with the same figure from so many cases: the interval narrows with the root of n."""
    narrower = (figure.n / n) ** 0.5
    low, high = (figure.value + (end - figure.value) * narrower for end in (figure.low, figure.high))
    return replace(figure, low=low, high=high, n=n)


@st.composite
def open_figures(draw):
    """A threshold and a cell whose interval holds it, in thousandths."""
    low, one, other, high = sorted(draw(st.lists(st.integers(0, 1000), min_size=4, max_size=4)))
    value, threshold = draw(st.permutations([one, other]))
    figure = Figure(
        value=value / 1000,
        low=low / 1000,
        high=high / 1000,
        bound_low=None,
        bound_high=None,
        n=draw(st.integers(1, 5000)),
        evidence="logged",
        state="value",
    )
    return figure, threshold / 1000


@given(open_figures(), COMPARISONS)
@example((Figure(value=0.6, low=0.4, high=0.8, bound_low=0, bound_high=1, n=25, evidence="logged", state="value"), 0.5),
         "above")  # fmt: skip
@example((Figure(value=0.4, low=0.2, high=0.6, bound_low=0, bound_high=1, n=3, evidence="logged", state="value"), 0.5),
         "above")  # fmt: skip
def test_what_would_change_an_open_finding_changes_it_as_it_says(case, comparison):
    figure, threshold = case
    assert finding(figure, comparison, threshold, ADMITTED) == "undecided"
    told = would_change(figure, "undecided", comparison, threshold, ADMITTED)
    number = re.match(r"[^;]*?[Aa]bout ([\d,]+) cases|.*; about ([\d,]+) cases", told)
    needed = int((number[1] or number[2]).replace(",", "")) if number else 10**13
    after = finding(_with_cases(figure, needed), comparison, threshold, ADMITTED)
    fewer = finding(_with_cases(figure, max(figure.n, (needed - 1) * (1 - 1e-6))), comparison, threshold, ADMITTED)
    above = comparison == "above"
    if "settle against it" in told:
        assert after == "contrary"
    elif "stays open" in told:
        assert after == "undecided"
    else:
        assert VERDICT_OF[after] == "partly"
        assert "cases with the same figure" in told
    # Nor does it ask for more than is needed.
    assert fewer == "undecided" or not number or needed == figure.n + 1
    # A figure on the other side of the threshold, by more than the interval reaches, is what else it names.
    reach = figure.value - figure.low if above else figure.high - figure.value
    value = threshold + (reach + 0.001) * (1 if above else -1)
    moved = replace(figure, value=value, low=value - reach, high=value + reach)
    assert f"a figure {comparison}" in told.lower()
    assert VERDICT_OF[finding(moved, comparison, threshold, ADMITTED)] == "partly"


@given(open_figures(), COMPARISONS)
def test_where_nothing_is_counted_no_number_of_cases_is_asked_for(case, comparison):
    figure, threshold = case
    told = would_change(replace(figure, n=None), "undecided", comparison, threshold, ADMITTED)
    assert "cases" not in told
    beyond = threshold + (0.001 if comparison == "above" else -0.001)
    off = replace(figure, n=None, value=beyond, low=beyond, high=beyond)
    assert f"an interval that lies {comparison}" in told.lower()
    assert VERDICT_OF[finding(off, comparison, threshold, ADMITTED)] == "partly"


def test_words_of_the_table_are_the_rules_words():
    assert (declared.VERDICTS, declared.FINDINGS) == (VERDICTS, FINDINGS)
