"""Empirical-Bayes shrinkage: region → subregion → world.

Here: the normal–normal model on the logit scale, on arrays. Not here: which regions belong together (the region
registry) and where the shares come from.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assets.adoption.intervals import CONFIDENCE, standard_normal_quantile

Array = NDArray[np.float64]

WIDEST: Final = 3.0
"""Greatest spread of log-odds that the prior allows: regions whose odds differ 20-fold and more."""

STEPS: Final = 20
"""Steps of the grid of each spread, narrow near 0."""

EDGE_SPREAD: Final = 2.22
"""Standard deviation of log-odds where nobody is on one side: that of Beta(½, n + ½), √(ψ′(½) + ψ′(n + ½))."""

EDGE_DISTANCE: Final = 2.88
"""Distance of their mean, ψ(½) − ψ(n + ½), from the log-odds of the far end of the 95 % interval."""

HALVINGS: Final = 30
NEGLIGIBLE: Final = 1e-6
"""Weight of grid points, relative to the greatest, below which they are left out."""


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
        low: Lower end of its 95 % interval.
        high: Upper end.
        group_share: Shrunken share of each group.
        within: Standard deviation of log-odds between members of a group, by moments.
        spread: The same as root mean square of its posterior: never 0, and wide where few members tell.
    """

    share: Array
    low: Array
    high: Array
    group_share: Array
    within: float
    spread: float


@dataclass(frozen=True)
class _Given:
    """Posterior of everything, given the two spreads.

    Attributes:
        mean: Log-odds of each element.
        variance: Their variance.
        group_mean: Log-odds of each group.
        log_likelihood: Of the spreads, up to a constant.
    """

    mean: Array
    variance: Array
    group_mean: Array
    log_likelihood: float


def _given(effect: Array, variance: Array, group: NDArray[np.int64], within: float, between: float) -> _Given:
    """Return the posterior of θ and μ given τ² = ``within`` and ω² = ``between``; the whole's mean has a flat prior.

    Group means: ȳ_g with precision W_g = Σ 1/(v_i + τ²), of variance 1/W_g + ω² around the whole. Then
    μ_g | y ~ N(b ȳ_g + (1 − b) μ̂, b/W_g + (1 − b)² Var μ̂) with b = ω²/(ω² + 1/W_g), and
    θ_i | y ~ N(a y_i + (1 − a) E μ_g, a v_i + (1 − a)² Var μ_g) with a = τ²/(τ² + v_i)
    (Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4, applied twice).
    """
    precision = 1 / (variance + within)
    group_precision = np.bincount(group, precision)
    group_effect = np.bincount(group, precision * effect) / group_precision
    group_variance = 1 / group_precision
    whole_precision = 1 / (group_variance + between)
    whole = float(np.sum(whole_precision * group_effect) / np.sum(whole_precision))
    pull = between / (between + group_variance)
    group_mean = pull * group_effect + (1 - pull) * whole
    group_spread = pull * group_variance + (1 - pull) ** 2 / np.sum(whole_precision)
    own = within / (within + variance)
    log_likelihood = 0.5 * (
        np.sum(np.log(precision) - precision * (effect - group_effect[group]) ** 2)
        - np.sum(np.log(group_precision))
        + np.sum(np.log(whole_precision) - whole_precision * (group_effect - whole) ** 2)
        - np.log(np.sum(whole_precision))
    )
    return _Given(
        mean=own * effect + (1 - own) * group_mean[group],
        variance=own * variance + (1 - own) ** 2 * group_spread[group],
        group_mean=group_mean,
        log_likelihood=float(log_likelihood),
    )


def _over_spreads(effect: Array, variance: Array, group: NDArray[np.int64]) -> tuple[Array, Array, Array, Array]:
    """Return weight, τ², and mean and variance of every element at the points of a grid of (τ, ω).

    Prior: both spreads uniform from 0 to ``WIDEST`` (Gelman 2006).
    """
    spreads = WIDEST * (np.arange(STEPS) + 0.5) ** 2 / STEPS**2
    step = np.diff(WIDEST * np.arange(STEPS + 1) ** 2 / STEPS**2)
    points = [
        (np.log(one_step * other_step), within**2, _given(effect, variance, group, within**2, between**2))
        for within, one_step in zip(spreads, step, strict=True)
        for between, other_step in zip(spreads, step, strict=True)
    ]
    log_weight = np.array([prior + given.log_likelihood for prior, _, given in points])
    weight = np.exp(log_weight - log_weight.max())
    kept = [(one, point) for one, point in zip(weight, points, strict=True) if one > NEGLIGIBLE]
    weights = np.array([one for one, _ in kept])
    return (
        weights / weights.sum(),
        np.array([within for _, (_, within, _) in kept]),
        np.array([given.mean for _, (_, _, given) in kept]),
        np.array([given.variance for _, (_, _, given) in kept]),
    )


def _mixture_quantile(weight: Array, mean: Array, spread: Array, level: float) -> Array:
    """Return a quantile of mixtures of normal distributions, by bisection; one column an element."""
    from scipy import special

    reach = special.ndtri(np.array(0.5 + abs(level - 0.5))) * 2
    low, high = (mean - reach * spread).min(axis=0), (mean + reach * spread).max(axis=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = weight @ special.ndtr((middle - mean) / spread) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def observed_log_odds(share: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Return log-odds and their sampling variance; a share of 0 or 1 is read off its far end."""
    effect = logit(share)
    spread = np.maximum((logit(high) - logit(low)) / (2 * standard_normal_quantile()), 1e-3)
    none, all_ = share <= 0, share >= 1
    effect = np.where(none, logit(high) - EDGE_DISTANCE, np.where(all_, logit(low) + EDGE_DISTANCE, effect))
    return effect, np.where(none | all_, EDGE_SPREAD, spread) ** 2


def shrink(share: Array, low: Array, high: Array, group: NDArray[np.int64]) -> Shrunken:
    """Pull shares towards their group, and groups towards the whole.

    θ_i ~ N(μ_g, τ²) within groups and μ_g ~ N(μ, ω²) between them, both variances by moments; sampling
    variances are read off the 95 % intervals on the logit scale. The posterior mean is a weighted mean of raw
    and prior, so it lies between them (Morris 1983; Efron and Morris 1973).

    The interval does not take the variances as known: it is that of the posterior averaged over both spreads (uniform
    priors, on a grid), so that it is wider where few regions tell how much regions differ.

    Args:
        share: Raw shares.
        low: Lower ends of their 95 % intervals.
        high: Upper ends.
        group: Group of each element, numbered from 0 without gaps.
    """
    effect, variance = observed_log_odds(share, low, high)
    within = between_variance(effect, variance, group)
    precision = 1 / (variance + within)
    group_effect = np.bincount(group, precision * effect) / np.bincount(group, precision)
    alone = np.zeros(len(group_effect), dtype=np.int64)
    between = between_variance(group_effect, 1 / np.bincount(group, precision), alone)
    point = _given(effect, variance, group, within, between)

    # Where nobody is on one side, log-odds stand in for the raw share, and could lie beyond it.
    prior, raw = point.group_mean[group], logit(share)
    centre = np.clip(point.mean, np.minimum(raw, prior), np.maximum(raw, prior))
    weight, spreads, means, variances = _over_spreads(effect, variance, group)
    ends = [
        _mixture_quantile(weight, means, np.sqrt(variances), level)
        for level in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    ]
    return Shrunken(
        share=expit(centre),
        low=expit(np.minimum(ends[0], centre)),
        high=expit(np.maximum(ends[1], centre)),
        group_share=expit(point.group_mean),
        within=float(np.sqrt(within)),
        spread=float(np.sqrt(np.sum(weight * spreads))),
    )
