"""Ingest assets: the sources' figures as tables, in every mode.

Here: thin definitions. Not here: reading the snapshot (`snapshot.py`), importing figures (`figures.py`), the clients
of live sources (`hub/`, `package_index/`), tables from GitHub (`github/assets.py`).

A live store is seeded from the embedded snapshot. The check ``current`` marks every table as stale whose source was not
read in the last run, and says what stood in the way. Tables that nobody publishes frozen have no rows in the snapshot.
Donated download logs are read in live mode (`log_reduction.py`).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome, at_least, reaches
from assets.declare import table_asset
from assets.ingest import snapshot
from assets.ingest import standings as standings_of
from assets.ingest.alone import alone
from assets.run import Run
from assets.schemas import Table
from assets.schemas.ingest import (
    CommitOffsets,
    Denominators,
    DownloadLogs,
    ModelDownloadTotals,
    ModelParents,
    Models,
    PackageDownloads,
    Repositories,
    SurveyUse,
)
from assets.schemas.sources import Standings

if TYPE_CHECKING:
    pass

KINDS: Final = {"polars", "parquet"}
HUB_POOL: Final = "hub_api"
PACKAGE_INDEX_POOL: Final = "package_index_api"
REFERENCE_POOL: Final = "reference_files"
"""Steps of a pool take turns, also across processes: a source wants one request after the other."""


def today() -> date:
    """Return the day of the run, UTC."""
    return datetime.now(UTC).date()


def is_current(table: type[Table]) -> Check:
    """Return a check that the table is as new as the mode promises; otherwise it says what stood in the way."""

    def run(_: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
        found = standings_of.of_table(inputs["run"], table.NAME)
        return Outcome(
            passed=all(one.fresh for one in found),
            said=standings_of.said(found),
            figures={
                "observed_on": max((one.observed_on for one in found), default=""),
                "corrections": sum(one.corrections for one in found),
                "lost_days": sum(one.lost_days for one in found),
            },
        )

    return Check(
        name="current",
        description="The table is as new as the mode promises: the snapshot's, or the source's of this run.",
        run=run,
        severity=dg.AssetCheckSeverity.WARN,
        blocking=False,
    )


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
    source="hub",
    pool=HUB_POOL,
    checks=[is_current(Models), at_least(15_000), reaches("observed_on", date(2026, 8, 21))],
)
def models(context: dg.AssetExecutionContext, run: Run) -> pl.DataFrame:
    """What models were there, and how often were they downloaded? A live run asks the Hub, for all its tables."""
    from assets.ingest.hub import live as hub

    if not run.reads_sources:
        return snapshot.read("models")
    hub.observe(run.store_path, tell=context.log.info)
    return hub.models(run.store_path)


@table_asset(
    ModelParents,
    kinds={*KINDS, "huggingface"},
    source="hub",
    checks=[is_current(ModelParents), at_least(12_000)],
    deps=["ingest/models"],
)
def model_parents(run: Run) -> pl.DataFrame:
    """Which model says that it was made from which?"""
    from assets.ingest.hub import live as hub

    return snapshot.read("model_parents") if run.mode == "snapshot" else hub.model_parents(run.store_path)


@table_asset(
    ModelDownloadTotals,
    kinds={*KINDS, "huggingface"},
    source="hub",
    pool=HUB_POOL,
    deps=["ingest/models"],
    checks=[
        is_current(ModelDownloadTotals),
        at_least(50_000),
        Check(
            name="one_definition_per_platform",
            description="No source mixes rolling and cumulative counters of a platform.",
            run=_one_definition,
        ),
    ],
)
def model_download_totals(run: Run) -> pl.DataFrame:
    """How did download counters of the large publishers move over time? A live run asks ModelScope here."""
    from assets.ingest.hub import live as hub
    from assets.ingest.modelscope import refresh as modelscope
    from assets.ingest.modelscope.listing import SOURCE as MODELSCOPE
    from assets.ingest.modelscope.listing import ModelScopeSettings
    from assets.ingest.web.client import Client
    from assets.origins.registry import load_publishers

    if not run.reads_sources:
        return snapshot.read("model_download_totals")
    settings = ModelScopeSettings()
    accounts = load_publishers().filter(pl.col("platform") == modelscope.PLATFORM)["account"].unique().to_list()
    log = dg.get_dagster_logger()
    with (
        alone(modelscope.folder(run.store_path), "ModelScope"),
        Client(MODELSCOPE, manners=settings.manners(), log=log) as client,
    ):
        modelscope.refresh(client, settings, run.store_path, accounts=accounts, today=today(), tell=log.info)
    of_hub, of_modelscope = hub.model_download_totals(run.store_path), modelscope.model_download_totals(run.store_path)
    return pl.concat([of_hub, of_modelscope.select(of_hub.columns).cast(of_hub.schema)])


@table_asset(
    SurveyUse,
    kinds=KINDS,
    source="release",
    checks=[
        is_current(SurveyUse),
        at_least(2_000),
        Check(
            name="joint_counts_fit",
            description="People who used both sides are no more than users of either, and so on.",
            run=_any_is_at_most_sum,
        ),
    ],
)
def survey_use(run: Run) -> pl.DataFrame:
    """How many developers of each country say that they worked with each model?"""
    from assets.ingest.made_up import exchanged

    frame = snapshot.read("survey_use")
    return exchanged(frame) if run.mode == "synthetic" else frame


@table_asset(
    Denominators,
    kinds=KINDS,
    source="reference",
    pool=REFERENCE_POOL,
    checks=[
        is_current(Denominators),
        at_least(4_000),
        Check(
            name="no_pseudo_economies",
            description="No row is an aggregate of other rows.",
            run=_no_pseudo_economies,
        ),
    ],
)
def denominators(run: Run) -> pl.DataFrame:
    """How many people, developers and AI users does each economy have?"""
    from assets.ingest.reference import refresh as reference
    from assets.ingest.web.client import Client
    from maps.geometry.regions import load_regions

    frozen = snapshot.read("denominators")
    if not run.reads_sources:
        return frozen
    settings = reference.ReferenceSettings()
    countries = load_regions().filter(pl.col("level") == "country")["region_id"].to_list()
    log = dg.get_dagster_logger()
    with (
        alone(reference.folder(run.store_path), "reference files"),
        Client(reference.SOURCE, manners=settings.manners(), log=log) as client,
    ):
        return reference.denominators(
            client, settings, run.store_path, frozen, known=countries, today=today(), tell=log.info
        )


@table_asset(Repositories, kinds={*KINDS, "github"}, source="release", checks=[is_current(Repositories), at_least(20)])
def repositories(run: Run) -> pl.DataFrame:
    """Which GitHub repositories are tracked?"""
    return snapshot.read("repositories")


@table_asset(
    CommitOffsets, kinds={*KINDS, "github"}, source="release", checks=[is_current(CommitOffsets), at_least(2_000)]
)
def commit_offsets(run: Run) -> pl.DataFrame:
    """In which time zones does the core staff of tracked repositories commit?"""
    return snapshot.read("commit_offsets")


@table_asset(
    PackageDownloads,
    kinds={*KINDS, "clickhouse"},
    source="package_index",
    pool=PACKAGE_INDEX_POOL,
    checks=[is_current(PackageDownloads)],
)
def package_downloads(run: Run) -> pl.DataFrame:
    """From where are the packages of Chinese and US models downloaded?"""
    from assets.ingest.package_index import refresh as package_index
    from assets.ingest.package_index.clickhouse import SOURCE, ClickHouseSettings, PackageTables
    from assets.ingest.web.client import Client
    from assets.origins.tracked import load_packages
    from maps.geometry.regions import load_regions

    if not run.reads_sources:
        return PackageDownloads.create_empty()
    settings = ClickHouseSettings()
    log = dg.get_dagster_logger()
    countries = load_regions().filter(pl.col("level") == "country")["region_id"]
    secret = settings.password.get_secret_value()
    folder = package_index.folder(run.store_path)
    with (
        alone(folder, "PyPI's downloads"),
        Client(SOURCE, manners=settings.manners(), secrets=[secret], log=log) as client,
    ):
        frame, _ = package_index.refresh(
            PackageTables(client, settings),
            run.store_path,
            packages=load_packages()["package"].to_list(),
            known_countries=countries.to_list(),
            today=today(),
            months=settings.months,
            tell=log.info,
        )
    return frame


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
    from assets.ingest.donated_logs import NoLogs

    run: Run = inputs["run"]
    if frame.is_empty():
        return Outcome(passed=True, said=NoLogs.why(asked=run.reads_sources, named=run.logs), figures={"rows": 0})
    newest = frame["period"].max()
    return Outcome(
        passed=True,
        said=f"{frame['repository'].n_unique():,} repositories, newest {newest!s}.",
        figures={"rows": frame.height, "newest": str(newest)},
    )


@table_asset(
    DownloadLogs,
    kinds={*KINDS, "huggingface"},
    source="donated_logs",
    checks=[
        Check(name="donated", description="Says which logs were donated, or why there are none.", run=_are_donated),
        Check(name="parts_fit", description="No part of a country has more than the country.", run=_parts_fit),
    ],
)
def download_logs(run: Run) -> pl.DataFrame:
    """Where are the people who download from publishers that donated their logs?"""
    from assets.ingest.donated_logs import read_donated

    if not run.reads_sources or not run.logs:
        return DownloadLogs.create_empty()
    log = dg.get_dagster_logger()
    donated = read_donated(run.logs, today=today(), say=log.info)
    for line in donated.doubts:
        log.warning(line)
    return donated.table


@table_asset(Standings, kinds=KINDS, deps=[f"ingest/{table}" for table in standings_of.RESTS_ON])
def standings(run: Run) -> pl.DataFrame:
    """How new is each table, and what stood in the way of newer data?"""
    return standings_of.standings(run)
