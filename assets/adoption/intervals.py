"""Intervals of shares: what sampling alone leaves open.

Here: closed-form and quadrature formulas on arrays. Not here: worst-case bounds, which answer another question
(what is hidden or unlocated) and stand beside the signal they belong to.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]

CONFIDENCE: Final = 0.95
JEFFREYS: Final = 0.5
"""Prior count per category (Jeffreys): keeps coverage near nominal for small n."""

NODES: Final = 64
BISECTIONS: Final = 34
"""Halvings of [0, 1]: the quantile is exact to 2⁻³⁴."""


def _overlap_share_below(share: Array, cn_only: Array, us_only: Array, both: Array, nodes: Array) -> Array:
    """Return P(θ ≤ share) for θ = (p_cn + p_both) / (1 + p_both) with Dirichlet p."""
    p_both = special.betaincinv(both[:, None], (cn_only + us_only)[:, None], nodes[None, :])
    split = (share[:, None] * (1 + p_both) - p_both) / np.maximum(1 - p_both, np.finfo(float).tiny)
    return np.asarray(special.betainc(cn_only[:, None], us_only[:, None], np.clip(split, 0, 1)).mean(axis=1))


def overlap_share_interval(n_cn: ArrayLike, n_us: ArrayLike, n_both: ArrayLike) -> tuple[Array, Array]:
    """Return the 95 % credible interval of CN / (CN + US) where a person may count on both sides.

    The distinct people fall into three categories: CN only, US only, both. Their probabilities have a
    Dirichlet posterior with Jeffreys' prior, and the share is θ = (p_cn + p_both) / (1 + p_both). Given p_both,
    which is Beta distributed, p_cn / (1 − p_both) is Beta distributed and independent of it, so that the
    distribution function of θ is a one-dimensional integral, taken by the midpoint rule over quantiles of
    p_both, and inverted by bisection. (Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.4 for the
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
    alpha = (cn - both + JEFFREYS, us - both + JEFFREYS, both + JEFFREYS)
    nodes = (np.arange(NODES) + 0.5) / NODES
    ends = []
    for target in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2):
        low, high = np.zeros(cn.shape), np.ones(cn.shape)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            below = _overlap_share_below(middle, *alpha, nodes) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        ends.append((low + high) / 2)
    # With no people on one side the share is 0 or 1, which the posterior of a continuous share never reaches.
    return np.minimum(ends[0], np.where(cn == 0, 0.0, 1.0)), np.maximum(ends[1], np.where(us == 0, 1.0, 0.0))


def wilson_interval(part: ArrayLike, whole: ArrayLike) -> tuple[Array, Array]:
    """Return the 95 % score interval of a share of independent cases (Wilson 1927).

    Args:
        part: Cases that count; one element a cell. Fractions of cases are admitted.
        whole: All cases.

    Returns:
        Lower and upper ends; 0 and 1 where there is no case.

    Raises:
        ValueError: A part is negative or greater than its whole.
    """
    count, total = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=float)) for x in (part, whole)))
    if not ((count >= 0) & (count <= total)).all():
        raise ValueError("A part is negative or greater than its whole; give cases out of all cases.")
    squared = float(special.ndtri((1 + CONFIDENCE) / 2)) ** 2
    centre = (count + squared / 2) / (total + squared)
    spread = np.sqrt(squared * (count * (total - count) / np.maximum(total, 1e-300) + squared / 4)) / (total + squared)
    return np.where(count == 0, 0.0, centre - spread), np.where(count == total, 1.0, centre + spread)


def difference_interval(
    part: ArrayLike, whole: ArrayLike, other_part: ArrayLike, other_whole: ArrayLike
) -> tuple[Array, Array]:
    """Return the 95 % interval of a share minus another, independent one (Newcombe 1998, method 10).

    Args:
        part: Cases of the first share; one element a cell.
        whole: All cases of the first.
        other_part: Cases of the second share.
        other_whole: All cases of the second; each whole at least one case.

    Returns:
        Lower and upper ends.

    Raises:
        ValueError: A part is negative or greater than its whole, or a whole has no case.
    """
    one, all_one, two, all_two = (np.asarray(x, dtype=float) for x in (part, whole, other_part, other_whole))
    if not ((all_one > 0) & (all_two > 0)).all():
        raise ValueError("A difference of shares needs a case on either side.")
    (low, high), (other_low, other_high) = wilson_interval(one, all_one), wilson_interval(two, all_two)
    first, second = one / all_one, two / all_two
    return (
        first - second - np.hypot(first - low, other_high - second),
        first - second + np.hypot(high - first, second - other_low),
    )
