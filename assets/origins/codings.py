"""Codings: the origin of every model under each question one may ask.

Here: publisher coding (who released it) and weights coding (which root base models it goes back to). Not here:
the registry's rules (`registry.py`) and the graph (`lineage.py`).
"""

from typing import Final

import polars as pl

from assets.origins.lineage import resolve
from assets.origins.registry import attach_publishers, origin_group

PERSONAL_ACCOUNT: Final = r"^u\d{5}$"
"""Pseudonyms that the snapshot gives to personal accounts."""

HUB_ID: Final = r"^[\w.-]+/[\w.-]+$"
"""Account and name; anything else that cards declare as a base is a local path."""


def registry_since(day: str, publishers: pl.DataFrame) -> pl.Expr:
    """Return the first day of the registry's present wording on each day of a column.

    Between two days on which some row begins or ends, the registry says the same: origins are worked out once for
    each such stretch, and a figure takes those of its own day.

    Args:
        day: Column with dates.
        publishers: Table ``publishers``.
    """
    changes = pl.concat([publishers["valid_from"], publishers["valid_to"].drop_nulls()]).unique().sort()
    stretch = pl.lit(changes).search_sorted(pl.col(day), side="right").cast(pl.Int64) - 1
    return pl.when(stretch >= 0).then(pl.lit(changes).gather(stretch.clip(0))).otherwise(pl.lit(changes.min(), pl.Date))


def _listed(models: pl.DataFrame, totals: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Every model once a stretch of the registry, with its last day in it and whether a table shows its lineage."""
    columns = ["platform", "model_id", "account", "observed_on"]
    listed = pl.concat([models.select(columns), totals.select(columns)])
    shown = models.select("platform", "model_id").unique().with_columns(lineage_observed=pl.lit(True))  # noqa: FBT003
    return (
        listed.with_columns(registry_since=registry_since("observed_on", publishers))
        .sort("observed_on")
        .group_by("platform", "model_id", "registry_since")
        .agg(pl.col("account").last(), pl.col("observed_on").last())
        .join(shown, on=["platform", "model_id"], how="left")
        .with_columns(pl.col("lineage_observed").fill_null(value=False))
        .sort("platform", "model_id", "registry_since")
    )


def _unlisted(listed: pl.DataFrame, parents: pl.DataFrame) -> pl.DataFrame:
    """Models that only the lineage names: roots, as far as anyone can see."""
    return (
        pl.concat([parents["parent_id"], parents["child_id"]])
        .unique()
        .alias("model_id")
        .to_frame()
        .with_columns(platform=pl.lit("huggingface"))
        .join(listed, on=["platform", "model_id"], how="anti")
        .select(
            "platform",
            "model_id",
            registry_since=pl.lit(listed["registry_since"].max(), pl.Date),
            account=pl.when(pl.col("model_id").str.contains(HUB_ID)).then(
                pl.col("model_id").str.split("/").list.first()
            ),
            observed_on=pl.lit(listed["observed_on"].max(), pl.Date),
            lineage_observed=pl.lit(True),  # noqa: FBT003
        )
    )


def _registry_method() -> pl.Expr:
    return (
        pl.when(pl.col("account").str.contains(PERSONAL_ACCOUNT))
        .then(pl.lit("unaffiliated_user"))
        .when(pl.col("headquarters").is_null())
        .then(pl.lit("not_in_registry"))
        .when(pl.col("role") == "repackager")
        .then(pl.lit("repackager_without_parents"))
        .when(pl.col("headquarters") == "ZZ")
        .then(pl.lit("no_single_base"))
        .when(pl.col("review_state") == "unreviewed")
        .then(pl.lit("registry_unreviewed"))
        .otherwise(pl.lit("registry"))
    )


def _coded(placed: pl.DataFrame, edges: pl.DataFrame, coding: str) -> pl.DataFrame:
    """Resolve the edges over models labelled ``origin|method`` and take the labels apart again."""
    resolved = resolve(
        placed.select(model_id="node", own=pl.concat_str("own_origin", "own_method", separator="|")), edges
    )
    parts = pl.col("label").str.split_exact("|", 1)
    unreviewed = pl.col("root_method") == "registry_unreviewed"
    return (
        resolved.with_columns(parts.struct[0].alias("origin"), parts.struct[1].alias("root_method"))
        .group_by("model_id", "origin")
        .agg(
            pl.col("weight").sum().clip(0.0, 1.0),
            unreviewed_weight=pl.col("weight").filter(unreviewed).sum().clip(0.0, 1.0),
            depth=pl.col("depth").first(),
            method=pl.when(pl.col("has_parents").first())
            .then(pl.lit("declared_parents"))
            .otherwise(pl.col("root_method").first()),
        )
        .rename({"model_id": "node"})
        .with_columns(coding=pl.lit(coding))
    )


def model_origins(
    models: pl.DataFrame, totals: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Return the origin of every listed model under the publisher and the weights coding.

    Publisher coding asks who released the model: the group of the account's headquarters on the day of the
    figure. The registry is dated, so a model has origins for each stretch of it in which it was observed. A
    repackager releases nothing of its own, so its models take the origin of what they declare as base, through any
    number of repackagers. Weights coding follows every declared parent to the roots.

    Unknown is never guessed: an account outside the registry, a personal account, a publisher without a single
    base, a repackager without declared parents and, under the weights coding, a model whose lineage no table
    shows (crawls of download counters, ModelScope) stay ``unknown`` with the reason in ``method``.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        parents: Table ``model_parents``.
        publishers: Table ``publishers``.

    Returns:
        Table ``model_origins``.
    """
    listed = _listed(models, totals, publishers)
    return pl.concat(
        _in_stretch(stretch, listed, parents, publishers)
        for stretch in listed.partition_by("registry_since", maintain_order=True)
    ).sort("platform", "model_id", "registry_since", "coding", "origin")


def _in_stretch(
    stretch: pl.DataFrame, listed: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Origins of the models of one stretch of the registry; what they descend from may be listed in others."""
    since = stretch["registry_since"][0]
    elsewhere = listed.join(stretch, on=["platform", "model_id"], how="anti").unique(["platform", "model_id"])
    day = pl.lit(stretch["observed_on"].max(), pl.Date)
    everyone = pl.concat([stretch, elsewhere.with_columns(observed_on=day, registry_since=pl.lit(since, pl.Date))])
    everyone = pl.concat([everyone, _unlisted(everyone, parents).select(everyone.columns)])
    placed = attach_publishers(everyone, publishers, day_column="observed_on").with_columns(
        own_method=_registry_method(), node=pl.concat_str("platform", "model_id", separator=":")
    )
    known = pl.col("own_method").is_in(["registry", "registry_unreviewed"])
    placed = placed.with_columns(
        own_origin=pl.when(known).then(origin_group("headquarters")).otherwise(pl.lit("unknown"))
    )
    edges = parents.select(pl.format("huggingface:{}", pl.col("child_id", "parent_id")).name.keep())

    repackaged = placed.filter(pl.col("role") == "repackager").select(child_id="node")
    by_publisher = _coded(placed, edges.join(repackaged, on="child_id", how="semi"), "publisher")

    # A model whose lineage nobody saw may still be the root of others; only its own row stays unknown.
    unseen = placed.filter(~pl.col("lineage_observed")).join(edges.select(node="child_id"), on="node", how="anti")
    by_weights = _coded(placed, edges, "weights").join(unseen.select("node"), on="node", how="anti")
    never_seen = unseen.select(
        "node",
        origin=pl.lit("unknown"),
        weight=pl.lit(1.0),
        unreviewed_weight=pl.lit(0.0),
        depth=pl.lit(0, pl.Int64),
        method=pl.lit("lineage_not_observed"),
        coding=pl.lit("weights"),
    )
    return (
        pl.concat([by_publisher, by_weights, never_seen.select(by_weights.columns)])
        .join(placed.select("node", "platform", "model_id", "registry_since"), on="node")
        .join(stretch, on=["platform", "model_id"], how="semi")
        .drop("node")
    )
