"""Empirical-Bayes shrinkage: region → subregion → world.

Here: the normal–normal model on the logit scale, on arrays. Not here: which regions belong together (the region
registry) and where the shares come from.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.adoption.intervals import CONFIDENCE

Array = NDArray[np.float64]


def standard_normal_quantile() -> float:
    """Return z of the house's two-sided confidence."""
    from scipy import special

    return float(special.ndtri((1 + CONFIDENCE) / 2))


def logit(share: Array) -> Array:
    """Return the log-odds of shares; 0 and 1 are moved inside by 1e-6, far beyond any published interval."""
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))


def expit(log_odds: Array) -> Array:
    """Return the shares of log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def between_variance(effect: Array, variance: Array, group: NDArray[np.int64]) -> float:
    """Return the variance between members of the same group beyond sampling (method of moments).

    DerSimonian and Laird's estimator (1986), with Q, its degrees of freedom and its scale summed over groups,
    so that all groups share one variance.

    Args:
        effect: Log-odds.
        variance: Their sampling variance.
        group: Group of each element, from 0.

    Returns:
        The variance, at least 0; 0 where no group has two members.
    """
    weight = 1 / variance
    size = int(group.max(initial=-1)) + 1
    total = np.bincount(group, weight, size)
    mean = np.bincount(group, weight * effect, size) / total
    q = float(np.sum(weight * (effect - mean[group]) ** 2))
    freedom = len(effect) - size
    scale = float(np.sum(total - np.bincount(group, weight**2, size) / total))
    return max(0.0, (q - freedom) / scale) if scale > 0 else 0.0


@dataclass(frozen=True)
class Shrunken:
    """Result of the shrinkage.

    Attributes:
        share: Shrunken share of each element.
        group_share: Shrunken share of each group.
        within: Standard deviation of log-odds between members of a group.
    """

    share: Array
    group_share: Array
    within: float


def shrink(share: Array, low: Array, high: Array, group: NDArray[np.int64]) -> Shrunken:
    """Pull shares towards their group, and groups towards the whole.

    θ_i ~ N(μ_g, τ²) within groups and μ_g ~ N(μ, ω²) between them, both variances by moments; sampling
    variances are read off the 95 % intervals on the logit scale. The posterior mean is a weighted mean of raw
    and prior, so it lies between them (Morris 1983; Efron and Morris 1973).

    Args:
        share: Raw shares.
        low: Lower ends of their 95 % intervals.
        high: Upper ends.
        group: Group of each element, numbered from 0 without gaps.
    """
    effect = logit(share)
    variance = np.maximum((logit(high) - logit(low)) / (2 * standard_normal_quantile()), 1e-3) ** 2
    within = between_variance(effect, variance, group)

    precision = 1 / (variance + within)
    group_precision = np.bincount(group, precision)
    group_effect = np.bincount(group, precision * effect) / group_precision
    group_variance = 1 / group_precision
    between = between_variance(group_effect, group_variance, np.zeros(len(group_effect), dtype=np.int64))

    whole_precision = 1 / (group_variance + between)
    whole = float(np.sum(whole_precision * group_effect) / np.sum(whole_precision))
    pull = between / (between + group_variance)
    prior = pull * group_effect + (1 - pull) * whole
    own = within / (within + variance)
    return Shrunken(
        share=expit(own * effect + (1 - own) * prior[group]),
        group_share=expit(prior),
        within=float(np.sqrt(within)),
    )
