"""Intervals of shares: what sampling alone leaves open.

Here: closed-form and quadrature formulas on arrays. Not here: worst-case bounds, which answer another question
(what is hidden or unlocated) and stand beside the signal they belong to.
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

CONFIDENCE: Final = 0.95
JEFFREYS: Final = 0.5
"""Prior count per category (Jeffreys): keeps coverage near nominal for small n."""

NODES: Final = 64
PRECISION: Final = 2.0**-34
"""Precision of a quantile."""


def standard_normal_quantile() -> float:
    """Return z of the house's two-sided confidence."""
    from scipy import special

    return float(special.ndtri((1 + CONFIDENCE) / 2))


def wilson_interval(count: ArrayLike, people: ArrayLike) -> tuple[Array, Array]:
    """Return the 95 % score interval of a share of independent people.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n) with p = count / n (Wilson 1927; recommended over the textbook
    interval by Brown, Cai and DasGupta 2001).

    Args:
        count: People on the side, or a share of them that is no whole number; one element a cell.
        people: People in all, n.

    Returns:
        Lower and upper ends; 0 and 1 where there are no people.

    Raises:
        ValueError: A count is negative, not finite or above the number of people.
    """
    k, n = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=float)) for x in (count, people)))
    wrong = ~(np.isfinite(k) & np.isfinite(n) & (k >= 0) & (k <= n + 1e-9))
    if wrong.any():
        cell = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"Counts of cell {cell} do not fit: {k[cell]} of {n[cell]} people.")
    z = standard_normal_quantile()
    size = np.where(n > 0, n, 1.0)
    p = np.clip(k / size, 0, 1)
    centre = (p + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z * np.sqrt(p * (1 - p) / size + z**2 / (4 * size**2)) / (1 + z**2 / size)
    low = np.where(k <= 0, 0.0, np.clip(centre - reach, 0, 1))
    high = np.where(k >= n, 1.0, np.clip(centre + reach, 0, 1))
    return np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0)


def difference_interval(
    later: tuple[pl.Expr, pl.Expr, pl.Expr], earlier: tuple[pl.Expr, pl.Expr, pl.Expr]
) -> tuple[pl.Expr, pl.Expr]:
    """Return the 95 % interval of the difference of two shares, each given as share, lower and upper end.

    d − √((p₁ − l₁)² + (u₂ − p₂)²) and d + √((u₁ − p₁)² + (p₂ − l₂)²) with d = p₁ − p₂: the square-and-add rule, which
    with Wilson's intervals is Newcombe's method 10 (1998) and holds for any intervals of independent estimates (Zou and
    Donner 2008). People who are in both samples make it wider than need be.
    """
    (share, low, high), (before, before_low, before_high) = later, earlier
    difference = share - before
    down = ((share - low).pow(2) + (before_high - before).pow(2)).sqrt()
    up = ((high - share).pow(2) + (before - before_low).pow(2)).sqrt()
    return difference - down, difference + up


def _overlap_share_quantile(cn_only: Array, us_only: Array, both: Array, level: float) -> Array:
    """Return a quantile of θ = (p_cn + p_both) / (1 + p_both) with Dirichlet p, by Chandrupatla's method."""
    from scipy import special
    from scipy.optimize import elementwise

    nodes = (np.arange(NODES) + 0.5) / NODES
    p_both = special.betaincinv(both[:, None], (cn_only + us_only)[:, None], nodes[None, :])
    # Where everybody is on both sides, the rest is nothing.
    rest = np.maximum(1 - p_both, np.finfo(float).tiny)

    def beyond(share: Array, cell: Array) -> Array:
        here = cell.astype(np.int64)
        split = (share[..., None] * (1 + p_both[here]) - p_both[here]) / rest[here]
        below = special.betainc(cn_only[here][..., None], us_only[here][..., None], np.clip(split, 0, 1))
        return np.asarray(below.mean(axis=-1) - level)

    cells = np.arange(len(both), dtype=float)
    found = elementwise.find_root(
        beyond, (np.zeros(len(both)), np.ones(len(both))), args=(cells,), tolerances={"xatol": PRECISION, "xrtol": 0.0}
    )
    return np.asarray(found.x)


def overlap_share_interval(n_cn: ArrayLike, n_us: ArrayLike, n_both: ArrayLike) -> tuple[Array, Array]:
    """Return the 95 % credible interval of CN / (CN + US) where a person may count on both sides.

    The distinct people fall into three categories: CN only, US only, both. Their probabilities have a
    Dirichlet posterior with Jeffreys' prior, and the share is θ = (p_cn + p_both) / (1 + p_both). Given p_both,
    which is Beta distributed, p_cn / (1 − p_both) is Beta distributed and independent of it, so that the
    distribution function of θ is a one-dimensional integral, taken by the midpoint rule over quantiles of
    p_both, and inverted. (Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.4 for the
    posterior; neutrality of the Dirichlet distribution: Connor and Mosimann 1969.)

    Args:
        n_cn: People on the Chinese side, including those on both; one element a cell.
        n_us: People on the US side, including those on both.
        n_both: People on both sides.

    Returns:
        Lower and upper ends.

    Raises:
        ValueError: A count is negative or not finite, or more people are on both sides than on one.
    """
    cn, us, both = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=float)) for x in (n_cn, n_us, n_both)))
    wrong = ~(np.isfinite(cn) & np.isfinite(us) & (both >= 0) & (both <= np.minimum(cn, us)))
    if wrong.any():
        cell = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"Counts of cell {cell} do not fit: CN {cn[cell]}, US {us[cell]}, both {both[cell]}; "
            "each must be finite and not negative, and no more people on both sides than on one."
        )
    # Small counts repeat in many cells.
    counts, cells = np.unique(np.column_stack([cn, us, both]), axis=0, return_inverse=True)
    cn_only, us_only = (counts[:, side] - counts[:, 2] + JEFFREYS for side in (0, 1))
    both_sides = counts[:, 2] + JEFFREYS
    levels = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    ends = [_overlap_share_quantile(cn_only, us_only, both_sides, level)[cells.reshape(-1)] for level in levels]
    # With no people on one side the share is 0 or 1, which the posterior of a continuous share never reaches.
    return np.minimum(ends[0], np.where(cn == 0, 0.0, 1.0)), np.maximum(ends[1], np.where(us == 0, 1.0, 0.0))
