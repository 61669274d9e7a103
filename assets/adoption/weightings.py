"""Weightings: by what the world's downloads of a side are spread over economies.

Here: the parts of the world that each weighting gives an economy, a part for each side, as draws. Not here: weightings
that take each model line by itself (`family_weightings.py`), the totals that are spread, and what comes of it
(`allocation.py`).

A weighting is an assumption on people who were not seen: that downloads of a side lie where something else of that side
lies. ``developers`` is the null model: both sides lie where developers are, so that every economy adopts like the
world. It tells nothing of a region and stands beside the others to show what they add.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.adoption.intervals import JEFFREYS
from assets.adoption.survey import UNLOCATED, counts_by_country

Array = NDArray[np.float64]
Integers = NDArray[np.signedinteger[Any]]

DRAWS: Final = 2000
"""Draws of each weighting: the Monte-Carlo error of a 2.5 % quantile's level is 0.35 points."""

SEED: Final = 20260601

NULL: Final = "developers"
SURVEY: Final = "survey_developers"
PEOPLE: Final = {"forks": "fork", "contributors": "contribution"}
REQUESTS: Final = {"packages": "package_download"}
SIDES: Final = ("CN", "US")
TINY: Final = 1e-300
"""Divides where nobody is there."""

ASSUMPTIONS: Final = {
    SURVEY: "developers of an economy download a side's models as often as respondents there say they worked with them",
    "forks": "a side's downloads lie where the owners of forks of its repositories say they live",
    "contributors": "a side's downloads lie where contributors to its repositories say they live",
    "packages": "a side's models are downloaded from where its vendors' packages are",
    NULL: "every economy adopts like the world, by its number of developers",
    "survey_families": "developers of an economy download each model line as often as respondents there say they "
    "worked with it, and lines that were not asked for like the other models of their side",
    "fork_families": "downloads of a model line lie where the owners of forks of its repositories say they live",
    "contributor_families": "downloads of a model line lie where contributors to its repositories say they live",
}
"""Weightings in the order of tables, and the assumption that each of them is."""

MISSING: Final = {
    SURVEY: "No respondent of a survey in an economy whose developers are counted in this run.",
    "forks": "No located owner of a fork of both sides in this run: 'atlas build --live' with GITHUB_TOKEN reads them.",
    "contributors": "No located contributor to both sides in this run: 'atlas build --live' with GITHUB_TOKEN reads "
    "them.",
    "packages": "No downloads of packages of both sides by place in this run: 'atlas build --live' reads them.",
    NULL: "No developers by economy in this run.",
    "survey_families": "No line that a survey asked for is among the total's downloads in this run.",
    "fork_families": "No model line has enough located owners of forks in this run.",
    "contributor_families": "No model line has enough located contributors in this run.",
}
HIDDEN: Final = (
    "A count of the survey is hidden here. The downloads are the mean over what it can be, so that the world adds up; "
    "no share is drawn from them."
)
UNASKED: Final = (
    "Nobody here is in the survey. The downloads take the rate of all respondents, so that the world adds up; no share "
    "is drawn from them."
)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What one weighting gives each economy.

    Attributes:
        name: The weighting, of ``ASSUMPTIONS``.
        regions: One row an economy, sorted: ``region_id``, ``state``, ``reason``, and ``n``, what is behind its weight
            (respondents, people, requests or accounts).
        cn: Part of the world's Chinese downloads, draws × economies; each draw sums to 1.
        us: Part of the world's US downloads.
        odds_low: Least odds cn ÷ us of the parts over every completion of hidden counts, without noise of sampling.
        odds_high: Greatest such odds.
        period: Period of what the weights are from.
        source_id: Source of the weights.
    """

    name: str
    regions: pl.DataFrame
    cn: Array
    us: Array
    odds_low: Array
    odds_high: Array
    period: date
    source_id: str


def generator(name: str) -> np.random.Generator:
    """Return the generator of a weighting: its own, so that none depends on which others the run has."""
    return np.random.default_rng([SEED, list(ASSUMPTIONS).index(name)])


def parts_of(sizes: Array) -> Array:
    """Return each size as a part of their sum, along the last axis."""
    return np.asarray(sizes / sizes.sum(axis=-1, keepdims=True))


def odds_of(cn: Array, us: Array) -> Array:
    """Return cn ÷ us; infinite where there is no US part, undefined odds of nothing as 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((cn == 0) & (us == 0), 1.0, cn / us)


def _developers(denominators: pl.DataFrame, regions: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return developers on GitHub by economy of the period nearest to a day."""
    economies = regions.filter(pl.col("level") == "country").select("region_id")
    counted = denominators.filter((pl.col("measure") == "github_developers") & (pl.col("value") > 0))
    own = counted.join(economies, on="region_id", how="semi").with_columns(far=(pl.col("period") - day).abs())
    return (
        own.filter(pl.col("far") == pl.col("far").min())
        .sort("region_id")
        .select("region_id", "period", "value", "source_id")
    )


def null_weights(denominators: pl.DataFrame, regions: pl.DataFrame, day: date) -> Weights | None:
    """Return the null model: both sides by developers on GitHub; None without any.

    Args:
        denominators: Table ``denominators``.
        regions: Table ``regions``.
        day: Period of the total; the developers are those of the period nearest to it.
    """
    developers = _developers(denominators, regions, day)
    if developers.is_empty():
        return None
    parts = np.tile(parts_of(developers["value"].to_numpy()), (DRAWS, 1))
    return Weights(
        name=NULL,
        regions=developers.select("region_id", n="value").with_columns(
            state=pl.lit("value"), reason=pl.lit(None, pl.String)
        ),
        cn=parts,
        us=parts,
        odds_low=np.ones(developers.height),
        odds_high=np.ones(developers.height),
        period=developers["period"][0],
        source_id=developers["source_id"][0],
    )


def _drawn_rates(counts: pl.DataFrame, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw the part of respondents on each side: every hidden count uniform over its range, then a Dirichlet posterior.

    The categories are CN only, US only, both and neither, with Jeffreys' prior, as for the survey's own shares.
    """
    size = (DRAWS, counts.height)
    ends = {name: counts[name].to_numpy() for name in counts.columns if name.endswith(("_low", "_high"))}
    answered = counts["respondents"].to_numpy()
    cn, us = (
        random.integers(ends[f"{side}_low"], ends[f"{side}_high"], size=size, endpoint=True) for side in ("cn", "us")
    )
    most = np.minimum(np.minimum(cn, us), ends["both_high"])
    least = np.minimum(np.maximum(ends["both_low"], cn + us - answered), most)
    both = random.integers(least, most, size=size, endpoint=True)
    neither = np.maximum(answered - (cn + us - both), 0)
    drawn = [random.standard_gamma(count + JEFFREYS) for count in (cn - both, us - both, both, neither)]
    everyone = sum(drawn)
    return (drawn[0] + drawn[2]) / everyone, (drawn[1] + drawn[2]) / everyone


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The newest wave of the survey beside the developers of the economies.

    Attributes:
        counts: Surveyed economies whose developers are counted, with the range of every count, sorted.
        unasked: Economies with developers and without respondents: ``region_id``.
        accounts: Developers of the former, then of the latter.
        wave: Day of the wave.
        source_id: Source of the survey.
    """

    counts: pl.DataFrame
    unasked: pl.DataFrame
    accounts: Array
    wave: date
    source_id: str

    def everywhere(self, rates: Array) -> Array:
        """Return users by economy, the surveyed ones first: rates × developers.

        An economy that was not asked takes the rate of all respondents, weighted by people, so that the parts are of
        the world and not of the surveyed economies.
        """
        answered = self.counts["respondents"].to_numpy()
        pooled = (rates * answered).sum(axis=-1, keepdims=True) / answered.sum()
        rest = np.broadcast_to(pooled, (*rates.shape[:-1], self.unasked.height))
        return np.asarray(np.concatenate([rates, rest], axis=-1) * self.accounts)

    def ends(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return the least and the greatest part of the world that an economy has over completions of hidden counts."""
        answered = self.counts["respondents"].to_numpy()
        least, most = (self.everywhere(count / answered) for count in (low, high))
        return least / max(most.sum(), TINY), most / max(least.sum(), TINY)

    def regions(self, hidden: Array, why: str) -> tuple[pl.DataFrame, Integers]:
        """Return the rows of ``Weights.regions``, sorted, and where each is in the order of ``everywhere``.

        Args:
            hidden: Which surveyed economies have a hidden count.
            why: What to say of them.
        """
        there = pl.Series(hidden)
        rows = pl.concat(
            [
                self.counts.select(
                    "region_id",
                    n=pl.col("respondents").cast(pl.Float64),
                    state=pl.when(there).then(pl.lit("suppressed")).otherwise(pl.lit("value")),
                    reason=pl.when(there).then(pl.lit(why)),
                ),
                self.unasked.select("region_id", n=pl.lit(0.0), state=pl.lit("not_observed"), reason=pl.lit(UNASKED)),
            ]
        ).with_row_index()
        rows = rows.sort("region_id")
        return rows.drop("index"), rows["index"].to_numpy()


def asked_of(survey_use: pl.DataFrame, denominators: pl.DataFrame, regions: pl.DataFrame, day: date) -> Asked | None:
    """Return the newest wave of the survey beside the developers; None where either has no economy of the other.

    Args:
        survey_use: Table ``survey_use``.
        denominators: Table ``denominators``.
        regions: Table ``regions``.
        day: Period of the total.
    """
    developers = _developers(denominators, regions, day)
    newest = survey_use.filter(pl.col("wave") == pl.col("wave").max())
    if newest.is_empty() or developers.is_empty():
        return None
    counts = (
        counts_by_country(newest)
        .filter(pl.col("region_id") != UNLOCATED)
        .join(developers.select("region_id", accounts="value"), on="region_id")
        .sort("region_id")
    )
    if counts.is_empty():
        return None
    unasked = developers.join(counts, on="region_id", how="anti")
    return Asked(
        counts=counts,
        unasked=unasked.select("region_id"),
        accounts=np.concatenate([counts["accounts"].to_numpy(), unasked["value"].to_numpy()]),
        wave=newest["wave"][0],
        source_id=newest["source_id"][0],
    )


def survey_weights(asked: Asked | None) -> Weights | None:
    """Return the parts by survey use × developers: a side's users among respondents × developers of the economy.

    Args:
        asked: Result of ``asked_of``.
    """
    if asked is None:
        return None
    cn, us = (parts_of(asked.everywhere(rates)) for rates in _drawn_rates(asked.counts, generator(SURVEY)))
    (cn_low, cn_high), (us_low, us_high) = (
        asked.ends(*(asked.counts[f"{side}_{end}"].to_numpy() for end in ("low", "high"))) for side in ("cn", "us")
    )
    hidden = asked.counts.select(pl.any_horizontal(pl.col("cn", "us").is_null())).to_series().to_numpy()
    regions, order = asked.regions(hidden, HIDDEN)
    return Weights(
        name=SURVEY,
        regions=regions,
        cn=cn[:, order],
        us=us[:, order],
        # The parts' sums move with the completions of other economies.
        odds_low=odds_of(cn_low, us_high)[order],
        odds_high=odds_of(cn_high, us_low)[order],
        period=asked.wave,
        source_id=asked.source_id,
    )


def sides_by_economy(observations: pl.DataFrame, signal: str) -> pl.DataFrame:
    """Return what a signal counts of either side by period, coding and economy, where both counts are shown.

    Args:
        observations: Table ``observations``.
        signal: Signal of it.

    Returns:
        ``period, coding, region_id, cn, us, source_id``, without economies that count nothing of either.
    """
    own = observations.filter(
        (pl.col("signal") == signal) & (pl.col("level") == "country") & pl.col("origin").is_in(SIDES)
    )
    count = {side.lower(): pl.col("n").filter(pl.col("origin") == side) for side in SIDES}
    return (
        own.group_by("period", "coding", "region_id")
        .agg(
            *(figure.sum().alias(side) for side, figure in count.items()),
            shown=pl.col("n").is_not_null().all() & (pl.len() == len(SIDES)),
            source_id=pl.col("source_id").first(),
        )
        .filter(pl.col("shown") & (pl.col("cn") + pl.col("us") > 0))
        .drop("shown")
        .sort("period", "coding", "region_id")
    )


def counted_weights(name: str, counted: pl.DataFrame, day: date) -> Weights | None:
    """Return the parts by what another signal counts of each side; None where it has not both sides.

    Of people, the parts of an economy are drawn from a Dirichlet posterior over economies, a side by itself. Requests
    are a complete count, of which nothing is drawn.

    Args:
        name: The weighting.
        counted: Result of ``sides_by_economy``, one coding.
        day: Period of the total; the period nearest to it counts.
    """
    far = (pl.col("period") - day).abs()
    two_sided = (pl.col("cn").sum().over("period") > 0) & (pl.col("us").sum().over("period") > 0)
    usable = counted.filter(two_sided)
    own = usable.filter(far == far.min()).filter(pl.col("period") == pl.col("period").max()).sort("region_id")
    if own.is_empty():
        return None
    sizes = [own[side].to_numpy() for side in ("cn", "us")]
    if name in PEOPLE:
        random = generator(name)
        cn, us = (parts_of(random.standard_gamma(size + JEFFREYS, size=(DRAWS, own.height))) for size in sizes)
    else:
        cn, us = (np.tile(parts_of(size), (DRAWS, 1)) for size in sizes)
    odds = odds_of(*(parts_of(size) for size in sizes))
    return Weights(
        name=name,
        regions=own.select(
            "region_id",
            n=pl.col("cn") + pl.col("us"),
            state=pl.when(pl.col("cn") > 0).then(pl.lit("value")).otherwise(pl.lit("zero"))
            if name in REQUESTS
            else pl.lit("value"),
            reason=pl.lit(None, pl.String),
        ),
        cn=cn,
        us=us,
        odds_low=odds,
        odds_high=odds,
        period=own["period"][0],
        source_id=own["source_id"][0],
    )


def weightings(
    survey_use: pl.DataFrame,
    observations: pl.DataFrame,
    denominators: pl.DataFrame,
    regions: pl.DataFrame,
    *,
    day: date,
    without: Iterable[str] = (),
) -> dict[str, Weights]:
    """Return the weightings by side for which the run has data, by name.

    Args:
        survey_use: Table ``survey_use``.
        observations: Table ``observations``.
        denominators: Table ``denominators``.
        regions: Table ``regions``.
        day: Period of the total.
        without: Weightings to leave out.
    """
    found = {
        SURVEY: survey_weights(asked_of(survey_use, denominators, regions, day)),
        **{
            name: counted_weights(name, sides_by_economy(observations, signal).filter(coding="publisher"), day)
            for name, signal in {**PEOPLE, **REQUESTS}.items()
        },
        NULL: null_weights(denominators, regions, day),
    }
    return {name: weights for name, weights in found.items() if weights is not None and name not in without}
