"""Survey use: from counts of respondents to cells of the cube.

Here: what published and hidden counts say about the users of either side, per country and rolled up. Not here:
shrinkage, metros and cells without data (`assets/adoption/estimates.py`).

The source hides counts under 5 and, where one of "used both" and "used neither" could be derived from the
other, hides that one too; "used neither" is hidden wherever a side is. A hidden count is therefore a range, never a
zero.
"""

from typing import Final

import numpy as np
import polars as pl

from assets.adoption.intervals import overlap_share_interval
from assets.adoption.leave_one_out import RANGE

HIDDEN_MAX: Final = 4
"""The source publishes from 5 people on."""

UNLOCATED: Final = "ZZ"
"""The survey's code for respondents who gave no country."""

COUNTS: Final = {
    "ANY_CN_OPEN": "cn",
    "ANY_US_OPEN": "us",
    "BOTH_CN_US_OPEN": "both",
    "NO_OPEN": "neither",
    "Mistral": "other",
}
"""Rows of the survey table that the cube needs. Mistral is the one open model of neither side that was asked."""

SIDES: Final = {"cn": ("DeepSeek", "Qwen"), "us": ("Llama", "Phi-4")}
"""The open models of either side that were asked for: without one, the users of the other are the side's."""

REASON_HIDDEN: Final = "Fewer than 5 people on at least one side; the source hides such counts."
REASON_JOINT: Final = (
    "How many people used both sides is hidden: n is the least it can be, the interval the widest over what is "
    "admissible."
)


def counts_by_country(survey_use: pl.DataFrame) -> pl.DataFrame:
    """Return one row a country with the range of every count.

    For each of cn, us, both, neither and other: ``<name>`` (null where hidden), ``<name>_low`` and
    ``<name>_high``. A hidden count lies in 0–4; the joint count and the count of neither determine each other
    (cn + us − both + neither = respondents), so that where both are hidden one of the two lies in 0–4.

    Args:
        survey_use: Table ``survey_use``.

    Returns:
        ``wave, region_id, respondents, source_id``, the counts and ``n_low``, the least number of distinct people
        on either side; all in people.
    """
    wide = survey_use.filter(pl.col("model").is_in(list(COUNTS))).pivot(
        "model", index=["wave", "region_id", "respondents", "source_id"], values="users"
    )
    missing = [model for model in COUNTS if model not in wide.columns]
    if missing:
        raise ValueError(f"survey_use lacks rows for {', '.join(missing)}; each country must have them.")
    wide = wide.rename(COUNTS)
    hidden = pl.lit(HIDDEN_MAX, pl.Int64)
    ranges = [
        bound
        for name in ("cn", "us", "other")
        for bound in (
            pl.col(name).fill_null(0).alias(f"{name}_low"),
            pl.col(name).fill_null(pl.min_horizontal(hidden, "respondents")).alias(f"{name}_high"),
        )
    ]
    wide = wide.with_columns(ranges)
    least = pl.max_horizontal(pl.lit(0), pl.col("cn_low") + pl.col("us_low") - pl.col("respondents"))
    most = pl.min_horizontal("cn_high", "us_high")
    # Both hidden although each side is published: the joint count is under 5, or the count of neither is.
    neither_at_zero = pl.col("cn") + pl.col("us") - pl.col("respondents")
    may_be_neither = (neither_at_zero + HIDDEN_MAX >= least) & (neither_at_zero >= 0)
    ranged = wide.with_columns(
        both_low=pl.coalesce("both", least),
        both_high=pl.coalesce(
            "both",
            pl.when(may_be_neither)
            .then(pl.min_horizontal(most, neither_at_zero + HIDDEN_MAX))
            .otherwise(pl.min_horizontal(most, hidden)),
        ),
    )
    together = pl.col("cn_low") + pl.col("us_low") - pl.col("both_high")
    return ranged.with_columns(n_low=pl.max_horizontal(together, "cn_low", "us_low")).sort("wave", "region_id")


def survey_observations(survey_use: pl.DataFrame) -> pl.DataFrame:
    """Return the survey's rows of table ``observations``: users of either side by country.

    Args:
        survey_use: Table ``survey_use``.
    """
    counts = counts_by_country(survey_use).filter(pl.col("region_id") != UNLOCATED)
    sides = {"CN": "cn", "US": "us", "other": "other"}
    return pl.concat(
        counts.select(
            signal=pl.lit("survey_use"),
            period="wave",
            level=pl.lit("country"),
            region_id="region_id",
            coding=pl.lit("publisher"),
            origin=pl.lit(origin),
            counted=pl.lit("people"),
            n=pl.col(name).cast(pl.Float64),
            n_low=pl.col(f"{name}_low").cast(pl.Float64),
            n_high=pl.col(f"{name}_high").cast(pl.Float64),
            respondents="respondents",
            events=pl.lit(None, pl.Int64),
            evidence=pl.lit("declared"),
            state=pl.when(pl.col(name).is_null())
            .then(pl.lit("suppressed"))
            .when(pl.col(name) == 0)
            .then(pl.lit("zero"))
            .otherwise(pl.lit("value")),
            source_id="source_id",
        )
        for origin, name in sides.items()
    )


def _rolled_up(counts: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Sum countries to their subregions and to the world, from people and never from shares.

    Every published count enters; a hidden one enters as its range. Published counts alone are shown as sums, so
    that nothing hidden can be subtracted out of them.
    """
    published = pl.col("cn").is_not_null() & pl.col("us").is_not_null()
    sums = [
        *(pl.col(name).sum() for name in ("cn", "us")),
        pl.when(pl.col("other").is_not_null().all()).then(pl.col("other").sum()).alias("other"),
        *(pl.col(f"{name}_{end}").sum() for name in ("cn", "us", "both") for end in ("low", "high")),
        pl.col("n_low").sum(),
        pl.col("source_id").first(),
        published.any().alias("published"),
        pl.len().alias("economies"),
        (~published).sum().alias("hiding"),
    ]
    placed = counts.join(regions.select("region_id", "parent_id"), on="region_id", how="left")
    by_subregion = (
        placed.filter(pl.col("parent_id").is_not_null())
        .group_by(region_id=pl.col("parent_id"))
        .agg(sums)
        .with_columns(level=pl.lit("subregion"))
    )
    world = placed.select(sums).with_columns(level=pl.lit("world"), region_id=pl.lit("world"))
    return pl.concat([by_subregion, world.select(by_subregion.columns)]).with_columns(
        both=pl.when(pl.col("both_low") == pl.col("both_high")).then("both_low")
    )


def _interval(shown: pl.DataFrame) -> pl.DataFrame:
    """Return the widest interval over the admissible counts of cells that have a share.

    The ends of the ranges bound it: the interval moves with the share and narrows as more people are on both sides.
    """
    corners = [
        overlap_share_interval(cn, us, np.minimum(both, np.minimum(cn, us)))
        for cn, us, both in (
            tuple(shown[column].to_numpy() for column in columns)
            for columns in (
                ("cn_low", "us_high", "both_low"),
                ("cn_low", "us_high", "both_high"),
                ("cn_high", "us_low", "both_low"),
                ("cn_high", "us_low", "both_high"),
            )
        )
    ]
    return shown.select("region_id").with_columns(
        cn_share_low=pl.min_horizontal(*(pl.Series(low) for low, _ in corners)),
        cn_share_high=pl.max_horizontal(*(pl.Series(high) for _, high in corners)),
    )


def _users_of_models(survey_use: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the users of each model of either side by region, as ranges: region_id, model, users_low, users_high."""
    names = [model for models in SIDES.values() for model in models]
    users = survey_use.filter(pl.col("model").is_in(names) & (pl.col("region_id") != UNLOCATED)).select(
        "region_id",
        "model",
        users_low=pl.col("users").fill_null(0),
        users_high=pl.col("users").fill_null(pl.min_horizontal(pl.lit(HIDDEN_MAX, pl.Int64), "respondents")),
    )
    sums = pl.col("users_low", "users_high").sum()
    parents = regions.filter(pl.col("parent_id") != "world").select("region_id", "parent_id")
    subregions = users.join(parents, on="region_id").group_by("model", region_id="parent_id").agg(sums)
    world = users.group_by("model").agg(sums).with_columns(region_id=pl.lit("world"))
    return pl.concat(part.select(users.columns) for part in (users, subregions, world))


def _without_one(survey_use: pl.DataFrame, rows: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the leave-one-out range of the cells with a share, by region, over every completion of hidden counts.

    A side has two models, so that its users without one are the users of the other. Where those are hidden in an
    economy, the share without the largest is not known, and the range reaches to both ends of 0–4.
    """
    users = _users_of_models(survey_use, regions)
    cells = rows.filter("published").select("region_id", "level", "cn_low", "cn_high", "us_low", "us_high")
    drops = pl.DataFrame(
        [
            (side, model, other)
            for side, models in SIDES.items()
            for model, other in zip(models, reversed(models), strict=True)
        ],
        schema=["side", "model", "other"],
        orient="row",
    )
    kept = users.rename({"model": "other", "users_low": "kept_low", "users_high": "kept_high"})
    left = cells.join(users, on="region_id").join(drops, on="model").join(kept, on=["region_id", "other"])
    ends = {
        f"{side}_{end}": pl.when(pl.col("side") == side).then(f"kept_{end}").otherwise(f"{side}_{end}").cast(pl.Float64)
        for side in SIDES
        for end in ("low", "high")
    }
    left = left.with_columns(**ends)
    middle_cn, middle_us = ((pl.col(f"{side}_low") + pl.col(f"{side}_high")) / 2 for side in SIDES)
    settled = (pl.col("level") != "country") | (pl.col("kept_low") == pl.col("kept_high"))
    shares = left.select(
        "region_id",
        "model",
        "users_low",
        share=pl.when(settled).then(middle_cn / (middle_cn + middle_us)).fill_nan(None),
        least=(pl.col("cn_low") / (pl.col("cn_low") + pl.col("us_high"))).fill_nan(None),
        most=(pl.col("cn_high") / (pl.col("cn_high") + pl.col("us_low"))).fill_nan(None),
    )
    whole = pl.col("least").is_not_null().all() & pl.col("most").is_not_null().all()
    return (
        shares.sort("users_low", "model", descending=[True, False])
        .group_by("region_id", maintain_order=True)
        .agg(
            largest_artefact=pl.col("model").first(),
            cn_share_without_largest=pl.col("share").first(),
            leave_one_out_low=pl.when(whole).then(pl.col("least").min()),
            leave_one_out_high=pl.when(whole).then(pl.col("most").max()),
        )
    )


def survey_cells(survey_use: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return countries, subregions and the world of every wave with share, interval and worst-case bounds.

    * share: CN users / (CN users + US users), a person on both sides counting on both; for a country only where both
      counts are published, otherwise the cell is suppressed. A roll-up takes each hidden count of its economies at
      the middle of 0–4, and says how many of them hide one.
    * interval: Dirichlet over CN only, US only, both; the widest over the admissible hidden counts.
    * bounds: the least and the greatest share over every completion of what is hidden, with the respondents who
      gave no country all placed in the region, once on the one side and once on the other.
    * coverage: respondents with a country ÷ all respondents.

    Args:
        survey_use: Table ``survey_use``.
        regions: Table ``regions``.

    Returns:
        Columns of table ``estimates`` without the shrunken share and the location quotient.
    """
    waves = survey_use.partition_by("wave", maintain_order=True)
    return pl.concat(_wave_cells(wave, regions) for wave in waves)


def _wave_cells(survey_use: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    everyone = counts_by_country(survey_use)
    nowhere = everyone.filter(pl.col("region_id") == UNLOCATED)
    counts = everyone.filter(pl.col("region_id") != UNLOCATED)
    extra_cn, extra_us = (int(nowhere[f"{name}_high"].sum()) for name in ("cn", "us"))
    located = int(counts["respondents"].sum())
    coverage = located / (located + int(nowhere["respondents"].sum()))

    rolled = _rolled_up(counts, regions)
    countries = counts.with_columns(
        level=pl.lit("country"),
        published=pl.col("cn").is_not_null() & pl.col("us").is_not_null(),
        economies=pl.lit(1, pl.UInt32),
        hiding=pl.lit(0, pl.UInt32),
    )
    rows = pl.concat([countries.select(rolled.columns), rolled])
    rows = rows.join(_interval(rows.filter("published")), on="region_id", how="left").join(
        _without_one(survey_use, rows, regions), on="region_id", how="left"
    )

    middle_cn, middle_us = ((pl.col(f"{name}_low") + pl.col(f"{name}_high")) / 2 for name in ("cn", "us"))
    shown = {name: pl.when("published").then(name).cast(pl.Float64) for name in ("cn", "us", "both", "other")}
    rolled_reason = pl.format(
        "{} of {} surveyed economies hide a count. Counts shown are what is published; in the share each hidden one "
        "stands at the middle of 0–4, and the interval is the widest over it. n is the least it can be.",
        "hiding",
        "economies",
    )
    return rows.select(
        "level",
        "region_id",
        "cn_share_low",
        "cn_share_high",
        "source_id",
        *RANGE,
        signal=pl.lit("survey_use"),
        period=pl.lit(survey_use["wave"][0], pl.Date),
        coding=pl.lit("publisher"),
        counted=pl.lit("people"),
        n=pl.when("published").then("n_low").cast(pl.Float64),
        n_cn=shown["cn"],
        n_us=shown["us"],
        n_both=shown["both"],
        n_other=shown["other"],
        n_unknown=pl.lit(None, pl.Float64),
        events=pl.lit(None, pl.Int64),
        cn_share=pl.when("published").then(middle_cn / (middle_cn + middle_us)),
        bound_low=(pl.col("cn_low") / (pl.col("cn_low") + pl.col("us_high") + extra_us)).fill_nan(0.0),
        bound_high=((pl.col("cn_high") + extra_cn) / (pl.col("cn_high") + extra_cn + pl.col("us_low"))).fill_nan(1.0),
        coverage=pl.lit(coverage),
        n_located=pl.lit(float(located)),
        n_unlocated=pl.lit(float(nowhere["respondents"].sum())),
        evidence=pl.lit("declared"),
        state=pl.when(~pl.col("published"))
        .then(pl.lit("suppressed"))
        .when(pl.col("cn_high") == 0)
        .then(pl.lit("zero"))
        .otherwise(pl.lit("value")),
        reason=pl.when(~pl.col("published"))
        .then(pl.lit(REASON_HIDDEN))
        .when(pl.col("hiding") > 0)
        .then(rolled_reason)
        .when(pl.col("both").is_null())
        .then(pl.lit(REASON_JOINT)),
    )
