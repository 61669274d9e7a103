"""Intervals: agreement with simulation, coverage, and the envelope over hidden joint counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.intervals import overlap_share_interval


@st.composite
def counts(draw):
    cn = draw(st.integers(1, 300))
    us = draw(st.integers(1, 300))
    return cn, us, draw(st.integers(0, min(cn, us)))


@given(counts())
@settings(max_examples=60, deadline=None)
def test_interval_holds_the_share_and_lies_within_zero_and_one(cell):
    cn, us, both = cell
    low, high = overlap_share_interval(cn, us, both)
    assert 0 <= low[0] < cn / (cn + us) < high[0] <= 1


@given(counts())
@settings(max_examples=40, deadline=None)
def test_exchanging_the_sides_mirrors_the_interval(cell):
    cn, us, both = cell
    low, high = overlap_share_interval(cn, us, both)
    mirrored_low, mirrored_high = overlap_share_interval(us, cn, both)
    assert mirrored_low[0] == pytest.approx(1 - high[0], abs=1e-6)
    assert mirrored_high[0] == pytest.approx(1 - low[0], abs=1e-6)


@given(st.integers(5, 60), st.integers(5, 60), st.data())
@settings(max_examples=30, deadline=None)
def test_envelope_of_the_extreme_joint_counts_holds_every_joint_count_between(cn, us, data):
    least = data.draw(st.integers(0, min(cn, us)))
    most = data.draw(st.integers(least, min(cn, us)))
    ends = overlap_share_interval([cn, cn], [us, us], [least, most])
    between = np.arange(least, most + 1)
    low, high = overlap_share_interval(np.full(len(between), cn), np.full(len(between), us), between)
    assert low.min() >= ends[0].min() - 1e-6
    assert high.max() <= ends[1].max() + 1e-6


@pytest.mark.parametrize("cell", [(43, 10, 7), (625, 742, 329), (5, 5, 0), (8, 5, 5)])
def test_interval_agrees_with_draws_from_the_posterior(cell):
    cn, us, both = cell
    draws = np.random.default_rng(20251124).dirichlet([cn - both + 0.5, us - both + 0.5, both + 0.5], 200_000)
    share = (draws[:, 0] + draws[:, 2]) / (1 + draws[:, 2])
    low, high = overlap_share_interval(cn, us, both)
    assert low[0] == pytest.approx(np.quantile(share, 0.025), abs=3e-3)
    assert high[0] == pytest.approx(np.quantile(share, 0.975), abs=3e-3)


@pytest.mark.parametrize("truth", [(0.6, 0.25, 0.15), (0.2, 0.2, 0.6), (0.85, 0.1, 0.05)])
@pytest.mark.parametrize("people", [20, 60])
def test_interval_covers_the_truth_as_often_as_it_says(truth, people):
    samples = np.random.default_rng(7).multinomial(people, truth, size=1_000)
    cn, us, both = samples[:, 0] + samples[:, 2], samples[:, 1] + samples[:, 2], samples[:, 2]
    share = (truth[0] + truth[2]) / (1 + truth[2])
    low, high = overlap_share_interval(cn, us, both)
    covered = np.mean((low <= share) & (share <= high))
    # Discrete data: ±3 points of nominal, Monte-Carlo error included.
    assert 0.92 <= covered <= 0.985


@pytest.mark.parametrize("cell", [(-1, 5, 0), (5, 5, 6), (float("nan"), 5, 0), (5, float("inf"), 0), (5, 5, -1)])
def test_impossible_counts_are_refused_with_their_values(cell):
    with pytest.raises(ValueError, match=r"Counts of cell 0 do not fit: CN .*both"):
        overlap_share_interval(*cell)


def test_a_side_without_people_keeps_the_end_of_the_scale():
    low, high = overlap_share_interval([0, 9], [9, 0], [0, 0])
    assert low[0] == 0
    assert high[1] == 1
