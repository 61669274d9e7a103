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


def _listed(models: pl.DataFrame, totals: pl.DataFrame) -> pl.DataFrame:
    """Every model of both tables once, with its last day and whether a table shows its lineage."""
    columns = ["platform", "model_id", "account", "observed_on"]
    return (
        pl.concat(
            [
                models.select(*columns, lineage_observed=pl.lit(True)),  # noqa: FBT003
                totals.select(*columns, lineage_observed=pl.lit(False)),  # noqa: FBT003
            ]
        )
        .sort("observed_on")
        .group_by("platform", "model_id")
        .agg(pl.col("account").last(), pl.col("observed_on").last(), pl.col("lineage_observed").any())
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

    Publisher coding asks who released the model: the group of the account's headquarters on the model's last
    day. A repackager releases nothing of its own, so its models take the origin of what they declare as base,
    through any number of repackagers. Weights coding follows every declared parent to the roots.

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
    listed = _listed(models, totals)
    placed = attach_publishers(
        pl.concat([listed, _unlisted(listed, parents).select(listed.columns)]),
        publishers,
        day_column="observed_on",
    ).with_columns(own_method=_registry_method(), node=pl.concat_str("platform", "model_id", separator=":"))
    known = pl.col("own_method").is_in(["registry", "registry_unreviewed"])
    placed = placed.with_columns(
        own_origin=pl.when(known).then(origin_group("headquarters")).otherwise(pl.lit("unknown"))
    )
    edges = parents.select(pl.format("huggingface:{}", pl.col("child_id", "parent_id")).name.keep())

    repackaged = placed.filter(pl.col("role") == "repackager").select(child_id="node")
    by_publisher = _coded(placed, edges.join(repackaged, on="child_id", how="semi"), "publisher")

    declared = edges.select(node="child_id").unique().with_columns(declares=pl.lit(True))  # noqa: FBT003
    traced = placed.join(declared, on="node", how="left").with_columns(
        unseen=~pl.col("lineage_observed") & pl.col("declares").is_null()
    )
    by_weights = _coded(
        traced.with_columns(
            own_origin=pl.when("unseen").then(pl.lit("unknown")).otherwise("own_origin"),
            own_method=pl.when("unseen").then(pl.lit("lineage_not_observed")).otherwise("own_method"),
        ),
        edges,
        "weights",
    )
    return (
        pl.concat([by_publisher, by_weights])
        .join(placed.select("node", "platform", "model_id"), on="node")
        .join(listed, on=["platform", "model_id"], how="semi")
        .drop("node")
        .sort("platform", "model_id", "coding", "origin")
    )
