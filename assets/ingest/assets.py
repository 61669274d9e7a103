"""Ingest assets: the sources' figures as tables, in every mode.

Here: thin definitions. Not here: reading the snapshot (`snapshot.py`), importing figures (`figures.py`).

Donated download logs are read in live mode (`log_reduction.py`). The other sources have no live client yet: a live
store is seeded from the embedded snapshot, and the check ``current`` marks every such table as stale until a client for
it exists.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome, at_least, reaches
from assets.declare import table_asset
from assets.ingest import snapshot
from assets.ingest.donated_logs import NoLogs, read_donated
from assets.run import Run
from assets.schemas.ingest import (
    CommitOffsets,
    Denominators,
    DownloadLogs,
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


CURRENT: Final = Check(
    name="current",
    description="The table is as new as the mode promises: the snapshot's, or the source's of this run.",
    run=_is_current,
    severity=dg.AssetCheckSeverity.WARN,
    blocking=False,
)


def _one_definition(frame: pl.DataFrame, _: object) -> Outcome:
    mixed = frame.group_by("platform").agg(pl.col("definition").n_unique()).filter(pl.col("definition") > 1)["platform"]
    return Outcome(
        passed=mixed.is_empty(),
        said="Each platform has one download definition."
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
    Models, kinds={*KINDS, "huggingface"}, checks=[CURRENT, at_least(15_000), reaches("observed_on", date(2026, 8, 21))]
)
def models(run: Run) -> pl.DataFrame:
    """What models were there, and how often they were downloaded."""
    return snapshot.read("models")


@table_asset(ModelParents, kinds={*KINDS, "huggingface"}, checks=[CURRENT, at_least(12_000)])
def model_parents(run: Run) -> pl.DataFrame:
    """Which model says it was made from which."""
    return snapshot.read("model_parents")


@table_asset(
    ModelDownloadTotals,
    kinds={*KINDS, "huggingface"},
    checks=[
        CURRENT,
        at_least(50_000),
        Check(
            name="one_definition_per_platform",
            description="No platform mixes rolling and cumulative counters.",
            run=_one_definition,
        ),
    ],
)
def model_download_totals(run: Run) -> pl.DataFrame:
    """How download counters of the large publishers moved over time."""
    return snapshot.read("model_download_totals")


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


def _parts_fit(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    place = ["platform", "repository", "repository_kind", "span", "period", "country"]
    parts = frame.filter(pl.col("level").is_in(["admin1", "metro"]))
    whole = frame.filter(pl.col("level") == "country").select(*place, most="downloaders", all="requests")
    sums = parts.group_by(place).agg(pl.col("requests").sum(), pl.col("downloaders").max()).join(whole, on=place)
    wrong = sums.filter((pl.col("requests") > pl.col("all")) | (pl.col("downloaders") > pl.col("most"))).height
    return Outcome(
        passed=not wrong,
        said=f"{wrong:,} countries have less than their parts." if wrong else "Countries have what their parts have.",
        figures={"rows": frame.height, "hidden": int(frame["suppressed"].sum()), "wrong": wrong},
    )


def _are_donated(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    run: Run = inputs["run"]
    if frame.is_empty():
        return Outcome(passed=True, said=NoLogs.why(mode=run.mode, named=run.logs), figures={"rows": 0})
    newest = frame["period"].max()
    return Outcome(
        passed=True,
        said=f"{frame['repository'].n_unique():,} repositories, newest {newest!s}.",
        figures={"rows": frame.height, "newest": str(newest)},
    )


@table_asset(
    DownloadLogs,
    kinds={*KINDS, "huggingface"},
    checks=[
        Check(name="donated", description="Says which logs were donated, or why there are none.", run=_are_donated),
        Check(name="parts_fit", description="No part of a country has more than the country.", run=_parts_fit),
    ],
)
def download_logs(run: Run) -> pl.DataFrame:
    """Where the people are who download from publishers that donated their logs."""
    if run.mode != "live" or not run.logs:
        return DownloadLogs.create_empty()
    log = dg.get_dagster_logger()
    donated = read_donated(run.logs, today=datetime.now(UTC).date(), say=log.info)
    for line in donated.doubts:
        log.warning(line)
    return donated.table
