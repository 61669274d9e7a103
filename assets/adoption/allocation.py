"""Allocation: the world's downloads of models, spread over economies by a stated weighting (evidence ``modelled``).

Here: which total is spread, table ``allocations``, and its cells in table ``estimates``. Not here: the weights
(`weightings.py`, `family_weightings.py`), whether they predict anything (`allocation_checks.py`), downloads that were
logged (`donated.py`).

No public source says from where models are downloaded. An allocation is arithmetic on two things that are known, totals
of the world and something else by economy, under an assumption that nobody has tested. Spread by survey shares, it is
the survey in other units; it confirms nothing that the survey says.

The total is one rolling figure of 30 days, never a sum of several. Panels come in the order of ``PANELS``: the more of
the hub, the better; a panel of trending models is chosen by its outcome and is never the total. Every other panel and
definition within a year is a rival, and the draws take each as often as the total itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from assets.adoption.family_weightings import family_parts, family_weightings
from assets.adoption.intervals import CONFIDENCE
from assets.adoption.weightings import (
    ASSUMPTIONS,
    DRAWS,
    HIDDEN,
    MISSING,
    NULL,
    PEOPLE,
    SEED,
    Array,
    Weights,
    asked_of,
    sides_by_economy,
    weightings,
)
from assets.ingest.sources import load_sources
from assets.schemas.allocation import Allocations
from assets.schemas.vocabulary import CODINGS
from maps import words

SIGNAL: Final = "model_download"
POOLED: Final = "pooled"
PLATFORM: Final = "huggingface"
DEFINITION: Final = "rolling_30d"
PANELS: Final = ("whole_hub", "registry_accounts", "evaluation_registry", "all_accounts")
RIVALS_WITHIN: Final = timedelta(days=366)
LEAST: Final = 1e-9
NO_PLACE: Final = "Nobody's region is known."
ONLY_NULL: Final = "Only the null model reaches here: its share is the world's, and tells nothing of the place."
WOULD: Final = "Would be modelled from the survey, whose counts are hidden here. Nobody's region is known."
SHARE_ALIKE: Final = tuple(key for key, source in load_sources().items() if source.licence == "ODbL-1.0")
"""Sources whose licence passes to what is derived from them: the mean cites them first."""


@dataclass(frozen=True, kw_only=True)
class Total:
    """The downloads that are spread.

    Attributes:
        cn: Downloads of Chinese models.
        us: Downloads of US models.
        shares: Draws of the Chinese share of both: rival definitions, and unknown origins on either side.
        period: First day of the month in which the window ends.
        day: Last day of the window.
        panel: Part of the hub that it counts.
        source_id: Source of it.
        rivals: Definitions and panels that the draws are from, this one included.
    """

    cn: float
    us: float
    shares: Array
    period: date
    day: date
    panel: str
    source_id: str
    rivals: int


def chosen_total(world_series: pl.DataFrame, coding: str) -> Total:
    """Return the total of a coding, with what its definition leaves open.

    Args:
        world_series: Table ``world_series``.
        coding: Coding of the origins.

    Raises:
        ValueError: No panel counts models of both sides.
    """
    sided = world_series.filter(
        (pl.col("platform") == PLATFORM) & (pl.col("coding") == coding) & pl.col("cn_share").is_not_null()
    )
    rank = pl.col("panel").replace_strict({name: at for at, name in enumerate(PANELS)}, default=None)
    order = ["rank", "period", "source_id"]
    ranked = (
        sided.with_columns(rank=rank)
        .filter((pl.col("definition") == DEFINITION) & pl.col("rank").is_not_null())
        .sort(order, descending=[False, True, False])
    )
    if ranked.is_empty():
        raise ValueError(
            f"The table world_series has no total of the last 30 days with both sides (coding {coding}, platform "
            f"{PLATFORM}, panels {', '.join(PANELS)}); build adoption/world_series."
        )
    chosen = ranked.row(0, named=True)
    far = (pl.col("period") - chosen["period"]).abs()
    key = ["definition", "panel"]
    rivals = (
        sided.filter(far <= RIVALS_WITHIN)
        .sort(far, "source_id", maintain_order=True)
        .unique(key, keep="first", maintain_order=True)
        .sort(key)
    )
    random = np.random.default_rng([SEED, len(ASSUMPTIONS), CODINGS.index(coding)])
    picked = random.integers(rivals.height, size=DRAWS)
    low, high = (rivals[name].to_numpy()[picked] for name in ("bound_low", "bound_high"))
    return Total(
        cn=chosen["n_cn"],
        us=chosen["n_us"],
        # All on one side would leave regions that have none of it without a share.
        shares=np.clip(low + random.random(DRAWS) * (high - low), LEAST, 1 - LEAST),
        period=chosen["period"].replace(day=1),
        day=chosen["period"],
        panel=chosen["panel"],
        source_id=chosen["source_id"],
        rivals=rivals.height,
    )


def _share(cn: Array, us: Array) -> Array:
    """Return cn / (cn + us); not a number where there is neither."""
    with np.errstate(invalid="ignore"):
        return cn / (cn + us)


def _share_at(odds: Array, cn: float, us: float) -> Array:
    """Return the share where the parts have these odds; infinite odds are a share of 1."""
    # Odds may be as small or as large as a float can be: what overflows is infinite, and the share 0 or 1.
    with np.errstate(over="ignore", divide="ignore"):
        return cn / (cn + us / odds)


def allocate(weights: Weights, cn: float, us: float, shares: Array, above: pl.DataFrame) -> pl.DataFrame:
    """Spread a total over economies, and sum them to the regions above.

    * n_cn, n_us: the total × the mean part over the draws. Means add up: the economies sum to the total.
    * share: n_cn / (n_cn + n_us).
    * interval: the 2.5 and 97.5 % quantiles over the draws of weights and of the total's definition, and no narrower
      than the shares that any completion of hidden counts gives at the total itself.

    Args:
        weights: A weighting.
        cn: Downloads of Chinese models in the world.
        us: Downloads of US models in the world.
        shares: Draws of the total's Chinese share.
        above: Economy ``region_id`` and ``parent_id``, the regions to sum to.

    Returns:
        ``region_id, level, n_cn, n_us, cn_share, cn_share_low, cn_share_high, weight_n, state, reason``. A sum has a
        share where any economy beneath has one.
    """
    own = weights.regions
    place = {region: at for at, region in enumerate(own["region_id"])}
    sums = above.filter(pl.col("region_id").is_in(own["region_id"].implode()) & pl.col("parent_id").is_not_null())
    parents = sums["parent_id"].unique().sort().to_list()
    into = np.zeros((own.height, len(parents)))
    for region, parent in sums.select("region_id", "parent_id").iter_rows():
        into[place[region], parents.index(parent)] = 1.0
    part_cn, part_us = (np.hstack([drawn, drawn @ into]) for drawn in (weights.cn, weights.us))
    n_cn, n_us = cn * part_cn.mean(axis=0), us * part_us.mean(axis=0)
    drawn = _share(part_cn * shares[:, None], part_us * (1 - shares[:, None]))
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    share = _share(n_cn, n_us)
    economies = slice(own.height)
    low[economies] = np.minimum(low[economies], _share_at(weights.odds_low, cn, us))
    high[economies] = np.maximum(high[economies], _share_at(weights.odds_high, cn, us))
    telling = own["state"].is_in(["value", "zero"]).to_numpy().astype(float)
    beneath = pl.DataFrame(
        {
            "region_id": parents,
            "level": ["world" if parent == "world" else "subregion" for parent in parents],
            "weight_n": own["n"].to_numpy() @ into,
            "telling": telling @ into,
            "all": into.sum(axis=0),
        },
        schema_overrides={"region_id": pl.String, "level": pl.String},
    ).select(
        "region_id",
        "level",
        "weight_n",
        state=pl.when(pl.col("telling") > 0).then(pl.lit("value")).otherwise(pl.lit("not_observed")),
        reason=pl.when(pl.col("telling") < pl.col("all")).then(
            pl.format(
                "The weights tell something of {} of its {} economies.",
                pl.col("telling").cast(pl.Int64),
                pl.col("all").cast(pl.Int64),
            )
        ),
    )
    countries = own.select("region_id", "state", "reason", level=pl.lit("country"), weight_n="n")
    rows = pl.concat([countries.select(beneath.columns), beneath]).with_columns(
        n_cn=pl.Series(n_cn),
        n_us=pl.Series(n_us),
        cn_share=pl.Series(share),
        cn_share_low=pl.Series(np.minimum(low, share)),
        cn_share_high=pl.Series(np.maximum(high, share)),
    )
    unasked = pl.col("state") == "not_observed"
    return rows.with_columns(
        cn_share=pl.when(pl.col("state").is_in(["value", "zero"])).then("cn_share"),
        cn_share_low=pl.when(~unasked).then("cn_share_low"),
        cn_share_high=pl.when(~unasked).then("cn_share_high"),
    )


def regions_above(regions: pl.DataFrame) -> pl.DataFrame:
    """Return each economy with its subregion, where it has one, and with the world.

    Args:
        regions: Table ``regions``.
    """
    economies = regions.filter(pl.col("level") == "country").select("region_id", "parent_id")
    return pl.concat([economies, economies.with_columns(parent_id=pl.lit("world"))]).unique(maintain_order=True)


def _pooled(rows: pl.DataFrame, sources: Sequence[str]) -> pl.DataFrame:
    """Return the mean of the weightings of one coding.

    Downloads are averaged over the weightings that tell something of the region, so that the mean lies between what
    they give; regions of which different ones tell do not add up to the total. The interval is the hull of all
    intervals, those of hidden counts included. The null model enters, because none of the others is known to be better.
    A region has a share only where a weighting other than the null model tells something of it: the null model's share
    is the world's everywhere.
    """
    tells = pl.col("state").is_in(["value", "zero"])
    informed = (tells & (pl.col("weighting") != NULL)).any()
    share = pl.col("n_cn") / (pl.col("n_cn") + pl.col("n_us"))
    valued = pl.col("state") == "value"
    assumed = pl.col("names").list.eval(pl.element().replace_strict(ASSUMPTIONS)).list.join("; or that ")
    held = valued & pl.col("share_least").is_not_null()
    return (
        rows.group_by("coding", "period", "region_id", "level", "panel", "total_source_id", maintain_order=True)
        .agg(
            n_cn=pl.col("n_cn").filter(tells).mean(),
            n_us=pl.col("n_us").filter(tells).mean(),
            cn_share_low=pl.col("cn_share_low").min(),
            cn_share_high=pl.col("cn_share_high").max(),
            share_least=pl.col("cn_share").min(),
            share_most=pl.col("cn_share").max(),
            names=pl.col("weighting").filter(tells),
            state=pl.when(informed)
            .then(pl.lit("value"))
            .when((pl.col("state") == "suppressed").any())
            .then(pl.lit("suppressed"))
            .otherwise(pl.lit("not_observed")),
        )
        .with_columns(
            weighting=pl.lit(POOLED),
            source_id=pl.lit(next((one for one in sources if one in SHARE_ALIKE), sources[0])),
            cn_share=pl.when(valued).then(share),
            reason=pl.when(valued)
            .then(
                pl.format(
                    "Mean of {} weighting(s), each an assumption: that {}. Sources: {}, {}.",
                    pl.col("names").list.len(),
                    assumed,
                    "total_source_id",
                    pl.lit(", ".join(dict.fromkeys(sources))),
                )
            )
            .when(pl.col("state") == "suppressed")
            .then(pl.lit(HIDDEN))
            .otherwise(pl.lit(ONLY_NULL)),
        )
        .with_columns(
            **{name: pl.when(held).then(name) for name in ("share_least", "share_most")},
            cn_share_low=pl.when(valued | (pl.col("state") == "suppressed")).then(
                pl.min_horizontal("cn_share_low", "cn_share")
            ),
            cn_share_high=pl.when(valued | (pl.col("state") == "suppressed")).then(
                pl.max_horizontal("cn_share_high", "cn_share")
            ),
        )
    )


def allocations(
    world_series: pl.DataFrame,
    survey_use: pl.DataFrame,
    observations: pl.DataFrame,
    denominators: pl.DataFrame,
    regions: pl.DataFrame,
    *,
    families: pl.DataFrame,
    people: pl.DataFrame,
) -> pl.DataFrame:
    """Return table ``allocations``: every weighting, and their mean, by coding and region.

    A weighting without data in the run has one row, for the world, not observed and with the reason.

    Args:
        world_series: Table ``world_series``.
        survey_use: Table ``survey_use``.
        observations: Table ``observations``.
        denominators: Table ``denominators``.
        regions: Table ``regions``.
        families: Table ``family_totals``.
        people: Result of ``people_by_family``.

    Raises:
        ValueError: No panel counts models of both sides, or no weighting has data.
    """
    above, parts = regions_above(regions), []
    sides = {signal: sides_by_economy(observations, signal).filter(coding="publisher") for signal in PEOPLE.values()}
    for coding in CODINGS:
        total = chosen_total(world_series, coding)
        found = weightings(survey_use, observations, denominators, regions, day=total.day)
        if not found:
            raise ValueError("No weighting has data; build ingest/denominators, which the null model needs.")
        own = families.filter(
            platform=PLATFORM, definition=DEFINITION, panel=total.panel, period=total.day, source_id=total.source_id
        )
        asked = asked_of(survey_use, denominators, regions, total.day)
        lines = family_parts(own.filter(coding=coding))
        found |= family_weightings(found, survey_use, asked, people=people, sides=sides, parts=lines)
        told = [
            allocate(weights, total.cn, total.us, total.shares, above).with_columns(
                weighting=pl.lit(name), source_id=pl.lit(weights.source_id), weight_period=pl.lit(weights.period)
            )
            for name, weights in found.items()
        ]
        silent = pl.DataFrame(
            [(name, "world", "world", "not_observed", why) for name, why in MISSING.items() if name not in found],
            schema=["weighting", "region_id", "level", "state", "reason"],
            orient="row",
        )
        common = {
            "coding": pl.lit(coding),
            "period": pl.lit(total.period),
            "panel": pl.lit(total.panel),
            "total_source_id": pl.lit(total.source_id),
        }
        spread = pl.concat(told).with_columns(**common)
        pooled = _pooled(spread, [weights.source_id for weights in found.values()])
        # What an economy without a share weighs is in the sums above it, and no figure of its own.
        whole = pl.concat([spread, pooled.drop("names"), silent.with_columns(**common)], how="diagonal").with_columns(
            pl.when(pl.col("cn_share").is_not_null()).then(pl.col("n_cn", "n_us"))
        )
        parts.append(whole.with_columns(rivals=pl.lit(total.rivals)))
    table = pl.concat(parts).with_columns(definition=pl.lit(DEFINITION))
    return table.select(pl.col(name).cast(column.dtype) for name, column in Allocations.columns().items()).sort(
        "coding", "weighting", "level", "region_id"
    )


def allocated_cells(allocations: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of table ``estimates``: economies and subregions of which a weighting tells something.

    No n stands in them: nobody was counted there, and a number would look as if. Coverage is 0 and the bounds are 0 and
    1, because nobody's region is known. The world has no cell: the total is of one panel (table ``world_series``).

    Args:
        allocations: Table ``allocations``.
    """
    told = allocations.filter(
        (pl.col("weighting") == POOLED)
        & pl.col("level").is_in(["country", "subregion"])
        & pl.col("state").is_in(["value", "suppressed"])
    )
    valued = pl.col("state") == "value"

    def percent(column: str) -> pl.Expr:
        return (pl.col(column) * 100).round(0).cast(pl.Int64).cast(pl.String)

    panel = pl.col("panel").replace_strict(words.PANELS)
    reason = pl.format(
        "Modelled, not measured: the hub's downloads of 30 days ({}) spread over economies. {} The share moves from {} "
        "to {} % with the weighting; the interval holds that and rival definitions of the total. {}",
        panel,
        "reason",
        percent("share_least"),
        percent("share_most"),
        pl.lit(NO_PLACE),
    )
    return told.select(
        "period",
        "level",
        "region_id",
        "coding",
        "state",
        "source_id",
        "cn_share",
        signal=pl.lit(SIGNAL),
        counted=pl.lit("downloads"),
        cn_share_low=pl.when(valued).then("cn_share_low"),
        cn_share_high=pl.when(valued).then("cn_share_high"),
        bound_low=pl.lit(0.0),
        bound_high=pl.lit(1.0),
        coverage=pl.lit(0.0),
        evidence=pl.lit("modelled"),
        reason=pl.when(valued).then(reason).otherwise(pl.lit(WOULD)),
    )
