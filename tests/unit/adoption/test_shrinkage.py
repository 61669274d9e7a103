"""Shrinkage: between raw and prior, stronger for what is known less, and right where the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.shrinkage import between_variance, expit, logit, shrink


def _cells(shares, errors):
    effect = logit(np.asarray(shares))
    return expit(effect), expit(effect - 1.96 * np.asarray(errors)), expit(effect + 1.96 * np.asarray(errors))


@st.composite
def regions(draw):
    size = draw(st.integers(2, 25))
    shares = draw(st.lists(st.floats(0.05, 0.95), min_size=size, max_size=size))
    errors = draw(st.lists(st.floats(0.05, 1.5), min_size=size, max_size=size))
    groups = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    _, dense = np.unique(groups, return_inverse=True)
    return shares, errors, dense


@given(regions())
@settings(max_examples=200, deadline=None)
def test_shrunken_shares_lie_between_the_raw_share_and_the_group(cells):
    shares, errors, group = cells
    share, low, high = _cells(shares, errors)
    result = shrink(share, low, high, group)
    prior = result.group_share[group]
    assert np.all(result.share >= np.minimum(share, prior) - 1e-9)
    assert np.all(result.share <= np.maximum(share, prior) + 1e-9)


def test_the_less_is_known_the_more_it_is_pulled():
    shares = [0.9, 0.9, 0.3, 0.35, 0.4, 0.45, 0.25]
    share, low, high = _cells(shares, [0.1, 1.2, 0.2, 0.2, 0.2, 0.2, 0.2])
    result = shrink(share, low, high, np.zeros(7, dtype=np.int64))
    assert result.share[1] < result.share[0] < 0.9


def test_equal_shares_are_left_alone():
    share, low, high = _cells([0.4] * 5, [0.3] * 5)
    result = shrink(share, low, high, np.array([0, 0, 1, 1, 1]))
    assert result.share == pytest.approx([0.4] * 5, abs=1e-9)
    assert result.within == 0


def test_variance_between_regions_is_recovered():
    rng = np.random.default_rng(11)
    errors = rng.uniform(0.1, 0.5, 4_000)
    group = rng.integers(0, 40, 4_000)
    effect = rng.normal(0, 1, 40)[group] + rng.normal(0, 0.6, 4_000) + rng.normal(0, errors)
    assert between_variance(effect, errors**2, group) == pytest.approx(0.36, abs=0.03)


def test_shrinkage_is_nearer_to_the_truth_than_the_raw_shares():
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(10), 12)
    truth = rng.normal(0, 0.8, 10)[group] + rng.normal(0, 0.3, 120)
    errors = rng.uniform(0.3, 1.0, 120)
    share, low, high = _cells(expit(truth + rng.normal(0, errors)), errors)
    result = shrink(share, low, high, group)
    raw_error = np.mean((logit(share) - truth) ** 2)
    assert np.mean((logit(result.share) - truth) ** 2) < 0.6 * raw_error
