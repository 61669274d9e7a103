"""Codings: the origin of every model under each question one may ask.

Here: publisher coding (who released it), weights coding (which root base models it goes back to) and control
coding (who controls the publisher), for a day and for every stretch of the registry. Not here: the registry on a
day (`dated.py`), numbering models (`nodes.py`), the graph (`lineage.py`), what a root's origin rests on
(`evidence.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from assets.origins.curated import NO_SINGLE_BASE
from assets.origins.dated import HUB, DatedRegistry, registry_since
from assets.origins.evidence import METHODS, label_table, own_words
from assets.origins.lineage import Graph, Integers, Mixtures, slices
from assets.origins.nodes import Nodes, numbered
from assets.origins.registry import origin_group
from assets.schemas.vocabulary import CODINGS, ORIGINS, RELATIONS

RELATION_ORDER: Final = ("merge", "adapter", "quantized", "finetune", "unspecified")
"""Where a model declares several relations, the first of these is kept."""
GRAPH_OF: Final[Mapping[str, str]] = {"publisher": "release", "control": "release", "weights": "weights"}
COUNTRY_OF: Final[Mapping[str, str]] = {"publisher": "headquarters", "control": "control", "weights": "headquarters"}


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Origins of models on a day, ready to be written out coding by coding.

    Attributes:
        models: One row per model, listed ones first and in their order, then those that only the lineage names:
            relation, and for each graph mixture, depth and whether it has parents in it.
        ids: ``model_id`` of each.
        parts: For each coding mixture × country with weight, unreviewed_weight, origin, family and root_method.
    """

    models: pl.DataFrame
    ids: pl.Series
    parts: Mapping[str, pl.DataFrame]

    def rows(self, coding: str, *, first: int = 0, count: int | None = None) -> pl.DataFrame:
        """Return the rows of a coding, one per model × country.

        Args:
            coding: One of ``CODINGS``.
            first: Model to begin with.
            count: Number of models; all that follow by default.

        Returns:
            index (place of the model in ``ids``), coding, country, origin, weight, unreviewed_weight, family,
            relation, method, root_method and depth.
        """
        graph, parts = GRAPH_OF[coding], self.parts[coding]
        models = self.models.slice(first, count).select(
            "relation", mixture=f"{graph}_mixture", depth=f"{graph}_depth", has_parents=f"{graph}_has_parents"
        )
        # The parts are sorted by mixture, and every mixture has some.
        sizes = np.bincount(parts["mixture"].to_numpy())
        mixture = models["mixture"].to_numpy()
        several = sizes[mixture]
        at = slices((np.cumsum(sizes) - sizes)[mixture], several)
        of = np.repeat(np.arange(models.height, dtype=np.int32), several)
        origins, models = parts[at], models.select("relation", "depth", "has_parents")[of]
        root = pl.col("root_method")
        return pl.concat([origins, models], how="horizontal").select(
            (pl.Series(of) + first).cast(pl.UInt32).alias("index"),
            pl.lit(coding, pl.Enum(CODINGS)).alias("coding"),
            "country",
            "origin",
            "weight",
            "unreviewed_weight",
            "family",
            "relation",
            pl.when("has_parents").then(pl.lit("declared_parents", METHODS)).otherwise(root).alias("method"),
            root,
            "depth",
        )


def _relations(nodes: Nodes, parents: pl.DataFrame) -> pl.Series:
    """Return how each node was made from its parents, null where it declares none but itself."""
    codes = parents["relation"].cast(pl.Enum(RELATION_ORDER)).to_physical().to_numpy()
    others = nodes.child != nodes.parent
    first = np.full(nodes.who.size, len(RELATION_ORDER), dtype=np.uint8)
    np.minimum.at(first, nodes.child[others], codes[others].astype(np.uint8))
    words = pl.Series([*RELATION_ORDER, None], dtype=pl.Enum(RELATIONS))
    return words.gather(first).alias("relation")


def _parts(mixtures: Mixtures, labels: pl.DataFrame, coding: str) -> pl.DataFrame:
    """Return mixture × country of one coding, with what each part rests on."""
    country = COUNTRY_OF[coding]
    review = pl.col("unreviewed")
    method = pl.col("root_method")
    if coding == "control":
        # Who controls an organisation is always the curator's judgement; a review speaks of the headquarters.
        known = pl.col("control") != NO_SINGLE_BASE
        review = known
        method = (
            pl.when(known & (method == "registry"))
            .then(pl.lit("registry_unreviewed", METHODS))
            .when(~known & method.is_in(["registry", "registry_unreviewed", "name_pattern", "architecture"]))
            .then(pl.lit("no_single_base", METHODS))
            .otherwise(method)
        )
    said = labels.select(
        pl.col("label").cast(pl.Int32),
        pl.col("family").cast(pl.Categorical),
        country=pl.col(country).cast(pl.Categorical),
        origin=origin_group(country).cast(pl.Enum(ORIGINS)),
        root_method=method,
        unreviewed=review,
    )
    key = ["mixture", "country"]
    whole = said.select(
        "country",
        "origin",
        "family",
        "root_method",
        mixture="label",
        weight=pl.lit(1.0),
        unreviewed_weight=pl.col("unreviewed").cast(pl.Float64),
    )
    parts = pl.DataFrame({"mixture": mixtures.junction, "label": mixtures.label, "weight": mixtures.weight})
    parts = parts.cast({"mixture": pl.Int32, "label": pl.Int32}).join(said, on="label")
    lines = (
        parts.select(*key, "family")
        .drop_nulls("family")
        .unique()
        .sort(*key, "family")
        .group_by(key, maintain_order=True)
        .agg(pl.col("family").cast(pl.String).str.join(";").cast(pl.Categorical))
    )
    mixed = (
        parts.sort("mixture", "weight", "root_method", descending=[False, True, False])
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("origin").first(),
            pl.col("root_method").first(),
            pl.col("weight").sum().clip(0.0, 1.0),
            unreviewed_weight=(pl.col("weight") * pl.col("unreviewed")).sum().clip(0.0, 1.0),
        )
        .join(lines, on=key, how="left")
    )
    return pl.concat([whole, mixed.select(whole.columns)])


def attribute(models: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame, *, day: date) -> Attribution:
    """Return whose each model is on a day, under every coding.

    Publisher coding asks who released the model: the headquarters of its account's organisation. Control coding
    asks who controls that organisation. A repackager releases nothing of its own, so its models take both from what
    they declare as base, through any number of repackagers. Weights coding follows every declared parent to the
    roots and asks where the makers of those sit.

    A root that its account does not explain (personal, unlisted, a repackager or finetuner) is explained by its
    architecture, else by the one family that its name mentions; ``root_method`` says so. What remains is unknown,
    never guessed: country ``ZZ`` with the reason in ``root_method``.

    Args:
        models: ``platform`` and ``model_id`` (once a platform); may have ``account`` (else it is what stands before
            the slash), ``architecture`` and ``lineage_observed`` (false: no table shows this model's lineage, so
            its weights are unknown).
        parents: Table ``model_parents``: ids of Hugging Face. Ids that are not listed, local paths, self-loops and
            cycles are welcome.
        publishers: Table ``publishers``.
        day: Day on which to read the registry.
    """
    registry = DatedRegistry.on(publishers, day)
    nodes = numbered(models, parents, registry)
    count = nodes.who.size
    graph = Graph(count, nodes.child, nodes.parent)
    architectures = models["architecture"] if "architecture" in models.columns else None
    words = own_words(nodes, registry, graph.counts, architectures)
    code, distinct = _compact([words["release"], words["weights"], words["unseen"]])
    labels = label_table(distinct, registry)
    at = np.concatenate([nodes.listed, nodes.strangers["node"].cast(pl.Int32).to_numpy()])
    weights = graph.mixtures(code[words["weights"]], labels=distinct.size)
    # A model whose lineage nobody saw may still be the root of others; only its own row stays unknown.
    weights.mixture[nodes.unseen] = code[words["unseen"]]
    columns = _columns("weights", graph, weights, at)
    del graph, words["weights"]  # for millions of models each is large
    parts = {"weights": _parts(weights, labels, "weights")}
    del weights
    handed_on = registry.flags("role", ("repackager",))[nodes.who[nodes.child]]
    graph = Graph(count, nodes.child[handed_on], nodes.parent[handed_on])
    release = graph.mixtures(code[words["release"]], labels=distinct.size)
    columns += _columns("release", graph, release, at)
    del graph, words
    parts |= {coding: _parts(release, labels, coding) for coding in ("publisher", "control")}
    del release
    return Attribution(
        models=pl.DataFrame([*columns, _relations(nodes, parents).gather(at)]),
        ids=pl.concat([models["model_id"], nodes.strangers["model_id"]]),
        parts=parts,
    )


def _columns(name: str, graph: Graph, mixtures: Mixtures, at: Integers) -> list[pl.Series]:
    """Return mixture, depth and whether there are parents, of the nodes of all models."""
    facts = {"mixture": mixtures.mixture, "depth": graph.depth, "has_parents": graph.has_parents}
    return [pl.Series(f"{name}_{fact}", values[at]) for fact, values in facts.items()]


def _compact(columns: list[Integers]) -> tuple[Integers, Integers]:
    """Return a table from label to its rank among those that occur, and the labels that occur."""
    there = np.zeros(max(int(column.max(initial=0)) for column in columns) + 1, dtype=bool)
    for column in columns:
        there[column] = True
    rank: Integers = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return rank, np.flatnonzero(there)


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


def _stretches(listed: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the origins of the models of each stretch; what they descend from may be listed in others."""
    for stretch in listed.partition_by("registry_since", maintain_order=True):
        elsewhere = listed.join(stretch, on=["platform", "model_id"], how="anti").unique(
            ["platform", "model_id"], keep="last", maintain_order=True
        )
        everyone = pl.concat([stretch, elsewhere])
        last_day: date = stretch["observed_on"].to_list()[stretch["observed_on"].arg_max() or 0]
        found = attribute(everyone, parents, publishers, day=last_day)
        # What only the lineage names stands beside the models that name it.
        named = found.ids.slice(everyone.height) if stretch["lineage_observed"].any() else found.ids.clear()
        shown = pl.concat(
            [
                stretch.select("platform", "model_id", index=pl.int_range(pl.len(), dtype=pl.UInt32)),
                pl.DataFrame({"model_id": named}).select(
                    pl.lit(HUB).alias("platform"),
                    "model_id",
                    index=pl.int_range(pl.len(), dtype=pl.UInt32) + everyone.height,
                ),
            ]
        ).with_columns(registry_since=pl.lit(stretch["registry_since"][0], pl.Date))
        for coding in CODINGS:
            rows = found.rows(coding)
            yield (
                shown.join(rows, on="index")
                .with_columns(
                    pl.col("coding", "country", "origin", "family", "relation", "method", "root_method").cast(
                        pl.String
                    ),
                    pl.col("depth").cast(pl.Int64),
                )
                .drop("index")
            )


def model_origins(
    models: pl.DataFrame, totals: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Return the origin of every listed model, and of every model that only the lineage names.

    The registry is dated, so a model has origins for each stretch of it in which it was observed; within a stretch
    ``attribute`` says how. A model that no table shows the lineage of (crawls of download counters, ModelScope) has
    unknown weights.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        parents: Table ``model_parents``.
        publishers: Table ``publishers``.

    Returns:
        Table ``model_origins``.
    """
    listed = _listed(models, totals, publishers)
    return pl.concat(_stretches(listed, parents, publishers)).sort(
        "platform", "model_id", "registry_since", "coding", "country"
    )
