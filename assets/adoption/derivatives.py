"""Regional builder choice (signal ``derivative``): on whose weights organisations outside CN and US build.

Here: putting the curated table and the declared lineage together as choices, and counting them by economy, metro
and year, as observations and as cells. Not here: the curated table (`assets/origins/builders.py`), the origin of
weights (`assets/origins`).

What n is: distinct organisations, each once an origin, region and year; ``events`` counts their models. An
organisation that built on both sides in a year counts on both. These are public acts of named organisations, not
answers or traces of people, so that the rule that hides cells of fewer than 10 people does not apply: nothing
personal could be derived. The other half of that rule does apply. n is 1 to 5 almost everywhere, so the interval is
wide and every map draws such cells as small. Evidence is ``declared``: the organisation says what it built on, and
where it sits. The curated table holds what is well documented, the lineage what the snapshot's two panels list;
neither is a census, and their coverage of builders is not known.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from assets.adoption.intervals import overlap_share_interval
from assets.adoption.leave_one_out import without_one
from assets.origins.builders import metros_by_city
from assets.origins.registry import attach_publishers

NEITHER: Final = "Built on weights of neither side: {} organisation(s)."
SOURCE: Final = "regional_builders"
BUILDING_ROLES: Final = ("lab", "finetuner", "community")
"""Roles whose models are choices. Repackagers, platforms and persons choose nothing for an organisation."""

BUILDING_RELATIONS: Final = ("finetune", "adapter", "merge", "unspecified")
"""Relations that build on a base; a quantised copy only converts it."""

ORIGINS: Final = ("CN", "US", "other", "unknown")
HUB: Final = "huggingface"


def _organisations(rows: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Add organisation, home, city and role of each row's account on the row's day."""
    names = publishers.filter(pl.col("alias_of").is_null()).select(
        "platform", "headquarters", "organisation", "city", canonical_account="account"
    )
    unique = names.unique(["platform", "canonical_account", "headquarters"], keep="last", maintain_order=True)
    keys = ["platform", "canonical_account", "headquarters"]
    return attach_publishers(rows, publishers, day_column="released_on").join(unique, on=keys, how="left")


def _from_lineage(
    models: pl.DataFrame, parents: pl.DataFrame, origins: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Choices of registry organisations whose models declare a base of somebody else."""
    listed = (
        models.filter(pl.col("platform") == HUB)
        .sort("observed_on")
        .unique("model_id", keep="last", maintain_order=True)
        .select("platform", "account", "model_id", released_on="created_on")
        .drop_nulls("released_on")
    )
    regional = _organisations(listed, publishers).filter(
        pl.col("organisation").is_not_null(),
        ~pl.col("headquarters").is_in(["CN", "US", "ZZ"]),
        pl.col("role").is_in(BUILDING_ROLES),
    )
    bases = parents.filter(pl.col("relation").is_in(BUILDING_RELATIONS)).select(
        "child_id", account=pl.col("parent_id").str.split("/").list.first(), platform=pl.lit(HUB)
    )
    declared = bases.join(regional.select("released_on", child_id="model_id", builder="organisation"), on="child_id")
    outside = _organisations(declared, publishers).filter(pl.col("organisation").ne_missing(pl.col("builder")))
    weights = (
        origins.filter((pl.col("platform") == HUB) & (pl.col("coding") == "weights") & (pl.col("weight") > 0))
        .select("model_id", "origin")
        .unique()
    )
    return (
        regional.join(outside.select(model_id="child_id").unique(), on="model_id", how="semi")
        .join(weights, on="model_id", how="left")
        .join(metros_by_city(), left_on=["headquarters", "city"], right_on=["country", "city"], how="left")
        .select(
            "organisation",
            "city",
            "metro",
            "released_on",
            model="model_id",
            origin=pl.col("origin").fill_null("unknown"),
            country="headquarters",
            found_in=pl.lit("lineage"),
        )
    )


def builder_choices(
    builders: pl.DataFrame,
    models: pl.DataFrame,
    parents: pl.DataFrame,
    origins: pl.DataFrame,
    publishers: pl.DataFrame,
) -> pl.DataFrame:
    """Return table ``builder_choices``.

    From the lineage come models of registry organisations whose home on the day of creation is neither CN nor US,
    with at least one declared base of another organisation; their origin is that of their weights, and a merge of
    both sides is a choice of both. A model built on the organisation's own is no new choice.

    Args:
        builders: Table ``builders``.
        models: Table ``models``.
        parents: Table ``model_parents``.
        origins: Table ``model_origins``.
        publishers: Table ``publishers``.
    """
    curated = builders.select(
        "organisation",
        "model",
        "country",
        "city",
        "metro",
        "released_on",
        origin="base_origin",
        found_in=pl.lit("curated"),
    )
    lineage = _from_lineage(models, parents, origins, publishers).select(curated.columns)
    # The table and the hub may name one model in two ways: "Sarvam-M" is sarvamai/sarvam-m.
    name = pl.col("model").str.split("/").list.last().str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    return (
        pl.concat([curated, lineage])
        .with_columns(name=name)
        .sort("organisation", "name", "origin", "found_in", "released_on")
        .unique(["organisation", "name", "origin"], keep="first", maintain_order=True)
        .drop("name")
        .sort("organisation", "model", "origin")
    )


def _placed(choices: pl.DataFrame) -> pl.DataFrame:
    """Return the choices once a region, by economy and by metro, with the year as ``period``."""
    dated = choices.with_columns(period=pl.col("released_on").dt.truncate("1y"))
    return pl.concat(
        dated.drop_nulls(level).with_columns(region_id=level, level=pl.lit(level)) for level in ("country", "metro")
    )


def _counted(choices: pl.DataFrame) -> pl.DataFrame:
    """Count organisations and models of each origin, year and region; origins without any are zero."""
    placed = _placed(choices)
    cells = placed.select("level", "region_id", "period").unique()
    counts = placed.group_by("region_id", "period", "origin").agg(
        n=pl.col("organisation").n_unique(), events=pl.struct("organisation", "model").n_unique()
    )
    return (
        cells.join(pl.DataFrame({"origin": ORIGINS}), how="cross")
        .join(counts, on=["region_id", "period", "origin"], how="left")
        .with_columns(pl.col("n").fill_null(0).cast(pl.Float64), pl.col("events").fill_null(0).cast(pl.Int64))
    )


def derivative_observations(choices: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of table ``observations`` for regional builder choice, by economy and by metro.

    A period is a calendar year, filed under its first month: a month holds one or two choices at most. Every region
    and year with a choice has a row for each origin, zero included; others have none and are not observed.

    Args:
        choices: Table ``builder_choices``.
    """
    return (
        _counted(choices)
        .select(
            "period",
            "level",
            "region_id",
            "origin",
            "n",
            "events",
            signal=pl.lit("derivative"),
            coding=pl.lit("weights"),
            counted=pl.lit("organisations"),
            n_low="n",
            n_high="n",
            respondents=pl.lit(None, pl.Int64),
            evidence=pl.lit("declared"),
            state=pl.when(pl.col("n") > 0).then(pl.lit("value")).otherwise(pl.lit("zero")),
            source_id=pl.lit(SOURCE),
        )
        .sort("period", "level", "region_id", "origin")
    )


def _models_alone(placed: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Return each model of either side in a cell with its organisation, and whether that has no other of the side."""
    models = (
        placed.filter(pl.col("origin").is_in(["CN", "US"])).select(*key, "organisation", "origin", "model").unique()
    )
    others = pl.col("model").n_unique().over(*key, "organisation", "origin")
    return (
        models.with_columns(only=(others == 1).cast(pl.Int64))
        .group_by(*key, "origin", artefact="model")
        .agg(people=pl.col("organisation").n_unique(), only=pl.col("only").sum())
    )


def derivative_cells(choices: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of table ``estimates`` for regional builder choice: a region and year with any choice.

    The interval is that of counts that may overlap: an organisation that built on both sides counts on both. With
    one to three organisations it spans most of what is possible, and that is what is known. A region whose
    organisations built on neither side has no share. There is no cell of the world: the list is no census.

    Args:
        choices: Table ``builder_choices``.
    """
    key = ["period", "level", "region_id"]
    placed = _placed(choices)
    sides = {
        f"n_{origin.lower()}": pl.col("organisation").filter(pl.col("origin") == origin).n_unique().cast(pl.Float64)
        for origin in ORIGINS
    }
    either = pl.col("origin").is_in(["CN", "US"])
    cells = placed.group_by(key).agg(
        n=pl.col("organisation").filter(either).n_unique().cast(pl.Float64),
        events=pl.struct("organisation", "model").filter(either).n_unique().cast(pl.Int64),
        organisations=pl.col("organisation").n_unique(),
        **sides,
    )
    cells = cells.with_columns(n_both=pl.col("n_cn") + pl.col("n_us") - pl.col("n"))
    cells = cells.join(without_one(_models_alone(placed, key), cells, key=key), on=key, how="left")
    low, high = overlap_share_interval(cells["n_cn"], cells["n_us"], cells["n_both"])
    cn, us, unknown = pl.col("n_cn"), pl.col("n_us"), pl.col("n_unknown")
    has_share = pl.col("n") > 0

    def where_known(figure: pl.Expr) -> pl.Expr:
        return pl.when(has_share).then(figure)

    return cells.with_columns(
        signal=pl.lit("derivative"),
        coding=pl.lit("weights"),
        counted=pl.lit("organisations"),
        cn_share=where_known(cn / (cn + us)),
        cn_share_low=where_known(pl.lit(pl.Series(low))),
        cn_share_high=where_known(pl.lit(pl.Series(high))),
        bound_low=where_known(cn / (cn + us + unknown)),
        bound_high=where_known((cn + unknown) / (cn + us + unknown)),
        evidence=where_known(pl.lit("declared")),
        state=pl.when(~has_share)
        .then(pl.lit("not_observed"))
        .when(cn > 0)
        .then(pl.lit("value"))
        .otherwise(pl.lit("zero")),
        reason=pl.when(~has_share).then(pl.format(NEITHER, "organisations")),
        source_id=pl.lit(SOURCE),
    ).drop("organisations")
