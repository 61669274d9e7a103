"""Ingest assets: the sources' figures as tables, in every mode.

Here: thin definitions. Not here: reading the snapshot (`snapshot.py`), importing figures (`figures.py`), asking the
Hub (`hub/`).

A live store is seeded from the embedded snapshot. The tables of models follow the Hugging Face Hub; no other source has
a live client yet. The check ``current`` marks every table as stale whose source was not read in the last run.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome, at_least, reaches
from assets.declare import table_asset
from assets.ingest import snapshot
from assets.ingest.hub import live as hub
from assets.run import Run
from assets.schemas.ingest import (
    CommitOffsets,
    Denominators,
    ModelDownloadTotals,
    ModelParents,
    Models,
    Repositories,
    SurveyUse,
)

KINDS: Final = {"polars", "parquet"}


def _is_current(_: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    run: Run = inputs["run"]
    day = snapshot.read_manifest()[1]["snapshot"]
    live = run.mode == "live"
    return Outcome(
        passed=not live,
        said=f"Stale: the table stands at the embedded snapshot of {day}; no live client reads this source yet."
        if live
        else f"The embedded snapshot of {day}, which is what this mode runs on.",
        figures={"snapshot": day},
    )


def _hub_is_current(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    run: Run = inputs["run"]
    if run.mode == "snapshot":
        return _is_current(frame, inputs)
    standing = hub.standing(run.store_path)
    told = f"the Hub as of {standing.observed_on}" if standing.observed_on else "the embedded snapshot"
    fell = f" {standing.corrections:,} counters fell, which are corrections." if standing.corrections else ""
    return Outcome(
        passed=standing.fresh,
        said=f"{told[0].upper()}{told[1:]}: {standing.rows:,} models.{fell}"
        if standing.fresh
        else f"Stale: the table stands at {told}. {standing.reason}",
        figures={
            "observed_on": standing.observed_on,
            "models": standing.rows,
            "counters_corrected": standing.corrections,
            "downloads_corrected": standing.corrected,
        },
    )


def _current(run: Callable[[pl.DataFrame, Mapping[str, Any]], Outcome]) -> Check:
    return Check(
        name="current",
        description="The table is as new as the mode promises: the snapshot's, or the source's of this run.",
        run=run,
        severity=dg.AssetCheckSeverity.WARN,
        blocking=False,
    )


CURRENT: Final = _current(_is_current)
HUB_CURRENT: Final = _current(_hub_is_current)


def _one_definition(frame: pl.DataFrame, _: object) -> Outcome:
    crawls = frame.group_by("platform", "source_id").agg(pl.col("definition").n_unique())
    mixed = crawls.filter(pl.col("definition") > 1)["platform"].unique().sort()
    return Outcome(
        passed=mixed.is_empty(),
        said="Each source has one download definition a platform."
        if mixed.is_empty()
        else f"Rolling and cumulative counters are mixed on {', '.join(mixed)}; they cannot be compared.",
    )


def _no_pseudo_economies(frame: pl.DataFrame, _: object) -> Outcome:
    found = sorted(set(frame["region_id"]) & {"EU", "EZ", "UN", "ZZ"})
    return Outcome(
        passed=not found,
        said=f"Pseudo-economies count their members twice: {', '.join(found)}." if found else "Economies only.",
    )


def _any_is_at_most_sum(frame: pl.DataFrame, _: object) -> Outcome:
    counts = frame.pivot("model", index="region_id", values="users")
    wrong = counts.filter(
        (pl.col("ANY_CN_OPEN") > pl.col("DeepSeek") + pl.col("Qwen"))
        | (pl.col("BOTH_CN_US_OPEN") > pl.min_horizontal("ANY_CN_OPEN", "ANY_US_OPEN"))
    )["region_id"]
    return Outcome(
        passed=wrong.is_empty(),
        said="Joint counts fit their parts."
        if wrong.is_empty()
        else f"Joint counts contradict their parts in {', '.join(wrong)}.",
    )


@table_asset(
    Models,
    kinds={*KINDS, "huggingface"},
    checks=[HUB_CURRENT, at_least(15_000), reaches("observed_on", date(2026, 8, 21))],
)
def models(context: dg.AssetExecutionContext, run: Run) -> pl.DataFrame:
    """What models were there, and how often they were downloaded; a live run asks the Hub here, for all its tables."""
    if run.mode == "snapshot":
        return snapshot.read("models")
    hub.observe(run.store_path, tell=context.log.info)
    return hub.models(run.store_path)


@table_asset(
    ModelParents, kinds={*KINDS, "huggingface"}, checks=[HUB_CURRENT, at_least(12_000)], deps=["ingest/models"]
)
def model_parents(run: Run) -> pl.DataFrame:
    """Which model says it was made from which."""
    return snapshot.read("model_parents") if run.mode == "snapshot" else hub.model_parents(run.store_path)


@table_asset(
    ModelDownloadTotals,
    kinds={*KINDS, "huggingface"},
    deps=["ingest/models"],
    checks=[
        HUB_CURRENT,
        at_least(50_000),
        Check(
            name="one_definition_per_platform",
            description="No source mixes rolling and cumulative counters of a platform.",
            run=_one_definition,
        ),
    ],
)
def model_download_totals(run: Run) -> pl.DataFrame:
    """How download counters of the large publishers moved over time."""
    if run.mode == "snapshot":
        return snapshot.read("model_download_totals")
    return hub.model_download_totals(run.store_path)


@table_asset(
    SurveyUse,
    kinds=KINDS,
    checks=[
        CURRENT,
        at_least(2_000),
        Check(
            name="joint_counts_fit",
            description="People who used both sides are no more than users of either, and so on.",
            run=_any_is_at_most_sum,
        ),
    ],
)
def survey_use(run: Run) -> pl.DataFrame:
    """How many developers of each country say they worked with each model."""
    return snapshot.read("survey_use")


@table_asset(
    Denominators,
    kinds=KINDS,
    checks=[
        CURRENT,
        at_least(4_000),
        Check(
            name="no_pseudo_economies",
            description="No row is an aggregate of other rows.",
            run=_no_pseudo_economies,
        ),
    ],
)
def denominators(run: Run) -> pl.DataFrame:
    """How many people, developers and AI users each economy has."""
    return snapshot.read("denominators")


@table_asset(Repositories, kinds={*KINDS, "github"}, checks=[CURRENT, at_least(20)])
def repositories(run: Run) -> pl.DataFrame:
    """Which GitHub repositories are tracked."""
    return snapshot.read("repositories")


@table_asset(CommitOffsets, kinds={*KINDS, "github"}, checks=[CURRENT, at_least(2_000)])
def commit_offsets(run: Run) -> pl.DataFrame:
    """In which time zones the core staff of tracked repositories commit."""
    return snapshot.read("commit_offsets")
