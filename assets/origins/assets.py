"""Origins assets: the publisher registry and the origin of every model.

Here: thin definitions and their checks. Not here: the rules (`registry.py`, `lineage.py`, `codings.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome, at_least
from assets.declare import table_asset
from assets.schemas.attribute import ModelOrigins, Publishers
from assets.schemas.tracked import Builders, ReviewQueue, TrackedPackages, TrackedRepositories

KINDS: Final = {"polars", "parquet"}
COVERED_DOWNLOADS: Final = 0.95
"""Share of the newest registry-selected table's 30-day downloads that registry rows must cover."""

REVIEWED_DOWNLOADS: Final = 0.7
"""Share of any source's downloads that must come from publishers whose seat somebody checked."""


def _headline_accounts(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    expected = {"Qwen": "CN", "deepseek-ai": "CN", "meta-llama": "US", "google": "US", "mistralai": "FR"}
    found = dict(frame.filter(pl.col("platform") == "huggingface").select("account", "headquarters").iter_rows())
    wrong = [account for account, country in expected.items() if found.get(account) != country]
    return Outcome(
        passed=not wrong,
        said=f"Unexpected headquarters of {', '.join(wrong)}." if wrong else "Headline publishers are as expected.",
    )


def _weights_add_up(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    sums = frame.group_by("platform", "model_id", "registry_since", "coding").agg(pl.col("weight").sum())
    off = sums.filter((pl.col("weight") - 1).abs() > 1e-9)  # noqa: PLR2004
    return Outcome(
        passed=off.is_empty(),
        said="Every model's origins add up to one."
        if off.is_empty()
        else f"{off.height} model(s) do not add up to one, the first being {off['model_id'][0]}.",
        figures={"sums": sums.height},
    )


def _registry_covers(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    newest = inputs["models"].filter(pl.col("source_id") == "hub_stats_frozen")
    joined = newest.join(
        frame.filter(pl.col("coding") == "publisher").group_by("model_id").agg(pl.col("method").first()),
        on="model_id",
    )
    outside = joined.filter(pl.col("method").is_in(["not_in_registry", "unaffiliated_user"]))["downloads_30d"].sum()
    share = 1 - outside / joined["downloads_30d"].sum()
    return Outcome(
        passed=share >= COVERED_DOWNLOADS,
        said=f"Registry rows cover {share:.1%} of the 30-day downloads; at least {COVERED_DOWNLOADS:.0%} expected.",
        figures={"covered_share": share},
    )


def _covers_each_source(_: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    from assets.origins.review import coverage

    shares = coverage(inputs["models"], inputs["model_download_totals"], inputs["publishers"])
    short = shares.filter(pl.col("covered") < COVERED_DOWNLOADS)
    named = (f"{row['source_id']} on {row['platform']}" for row in short.iter_rows(named=True))
    lowest = 0.0 if shares.is_empty() else float(shares["covered"].to_numpy().min())
    least = shares.group_by("source_id", "platform").agg(pl.col("covered", "reviewed").min()).sort(pl.all())
    return Outcome(
        passed=short.is_empty(),
        said=f"Below {COVERED_DOWNLOADS:.0%} of the downloads: {', '.join(sorted(set(named)))}."
        if short.height
        else f"Registry rows cover at least {lowest:.1%} of the downloads of every source and day.",
        figures={
            f"{kind}_{row['source_id']}_{row['platform']}": row[kind]
            for row in least.iter_rows(named=True)
            for kind in ("covered", "reviewed")
        },
    )


def _reviewed_share(_: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    from assets.origins.review import coverage

    shares = coverage(inputs["models"], inputs["model_download_totals"], inputs["publishers"])
    least = shares.group_by("source_id", "platform").agg(pl.col("reviewed").min()).sort(pl.all())
    short = [
        f"{source} on {hub}: {share:.1%}" for source, hub, share in least.iter_rows() if share < REVIEWED_DOWNLOADS
    ]
    return Outcome(
        passed=not short,
        said=f"Less than {REVIEWED_DOWNLOADS:.0%} of the downloads come from reviewed publishers: {', '.join(short)}."
        if short
        else f"At least {REVIEWED_DOWNLOADS:.0%} of every source's downloads come from reviewed publishers.",
        figures={f"unreviewed_{source}_{hub}": round(1 - share, 4) for source, hub, share in least.iter_rows()},
    )


@table_asset(
    Publishers,
    kinds={*KINDS, "csv"},
    checks=[
        at_least(250),
        Check(
            name="headline_accounts",
            description="The publishers that decide the answer sit where they should.",
            run=_headline_accounts,
        ),
    ],
)
def publishers() -> pl.DataFrame:
    """Whose account is it, where does that organisation sit, and who checked?"""
    from assets.origins.registry import load_publishers

    return load_publishers()


@table_asset(
    ReviewQueue,
    kinds=KINDS,
    checks=[
        Check(
            name="covers_each_source",
            description="The registry has a row for nearly all downloads of every source, on every day.",
            run=_covers_each_source,
            severity=dg.AssetCheckSeverity.WARN,
            blocking=False,
        ),
        Check(
            name="reviewed_share",
            description="Most downloads come from publishers that somebody checked.",
            run=_reviewed_share,
            severity=dg.AssetCheckSeverity.WARN,
            blocking=False,
        ),
    ],
)
def review_queue(models: pl.DataFrame, model_download_totals: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Which accounts should be checked next, by the downloads that rest on them?"""
    from assets.origins.review import review_queue as queue_of

    return queue_of(models, model_download_totals, publishers)


def _both_sides(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    counts = {side: frame.filter(origin=side).height for side in ("CN", "US", "other")}
    return Outcome(
        passed=min(counts["CN"], counts["US"]) > 0,
        said=", ".join(f"{side}: {count}" for side, count in counts.items()) + ".",
        figures=counts | {"verified": frame.filter(pl.col("verification") != "unverified").height},
    )


BOTH_SIDES: Final = Check(name="both_sides", description="Neither side of the contrast is empty.", run=_both_sides)


@table_asset(TrackedRepositories, kinds={*KINDS, "csv"}, checks=[at_least(200), BOTH_SIDES])
def tracked_repositories(publishers: pl.DataFrame) -> pl.DataFrame:
    """Which GitHub repositories stand for Chinese, US and other models?"""
    from assets.origins.tracked import load_repositories

    return load_repositories(publishers=publishers)


@table_asset(TrackedPackages, kinds={*KINDS, "csv"}, checks=[at_least(50), BOTH_SIDES])
def tracked_packages(publishers: pl.DataFrame) -> pl.DataFrame:
    """Which PyPI packages go with Chinese, US and other models, and what do their downloads show?"""
    from assets.origins.tracked import load_packages

    return load_packages(publishers=publishers)


@table_asset(Builders, kinds={*KINDS, "csv"}, checks=[at_least(30)])
def builders(publishers: pl.DataFrame) -> pl.DataFrame:
    """On which bases do well-documented regional and national models stand?"""
    from assets.origins.builders import load_builders

    return load_builders(publishers=publishers)


@table_asset(
    ModelOrigins,
    kinds=KINDS,
    checks=[
        at_least(40_000),
        Check(name="weights_add_up", description="Fractions of a merge add up to one.", run=_weights_add_up),
        Check(
            name="registry_covers",
            description="The registry knows the publishers of most downloads.",
            run=_registry_covers,
            severity=dg.AssetCheckSeverity.WARN,
            blocking=False,
        ),
    ],
)
def model_origins(
    models: pl.DataFrame,
    model_download_totals: pl.DataFrame,
    model_parents: pl.DataFrame,
    publishers: pl.DataFrame,
) -> pl.DataFrame:
    """Whose model is it, by who released it and by whose weights it was made from?"""
    from assets.origins import codings

    return codings.model_origins(models, model_download_totals, model_parents, publishers)
