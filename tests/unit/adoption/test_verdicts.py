"""Verdicts: never stronger than the interval, never from what was not observed, monotone in the figure."""

from dataclasses import replace

import pytest
from hypothesis import given
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
    cell = Figure(value=0.6, low=0.4, high=0.8, bound_low=0.6, bound_high=0.6, n=25, evidence="logged", state="value")
    assert people_needed(cell, 0.5) == pytest.approx(100, abs=1)
    assert people_needed(replace(cell, value=0.5), 0.5) is None
    assert "About 100 cases" in would_change(cell, "undecided", "above", 0.5, ADMITTED)


def test_words_of_the_table_are_the_rules_words():
    assert (declared.VERDICTS, declared.FINDINGS) == (VERDICTS, FINDINGS)
