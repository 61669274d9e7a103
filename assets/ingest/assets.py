"""Ingest assets: the sources' figures as tables, in every mode.

Here: thin definitions. Not here: reading the snapshot (`snapshot.py`), importing figures (`figures.py`), the clients
of live sources (`hub/`, `package_index/`, `github/`).

A live store is seeded from the embedded snapshot. The check ``current`` marks every table as stale whose source was not
read in the last run, and says what stood in the way. Tables that nobody publishes frozen have no rows in the snapshot.
Donated download logs are read in live mode (`log_reduction.py`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome, at_least, reaches
from assets.declare import table_asset
from assets.ingest import snapshot
from assets.ingest import standings as standings_of
from assets.ingest.alone import alone
from assets.ingest.standing import Standing, note, standing_of
from assets.partitions import REPOSITORY, REPOSITORY_LISTINGS
from assets.run import Run
from assets.schemas import Table
from assets.schemas.ingest import (
    Accounts,
    CommitOffsets,
    Contributions,
    Denominators,
    DownloadLogs,
    Forks,
    ModelDownloadTotals,
    ModelParents,
    Models,
    PackageDownloads,
    Repositories,
    RepositoryCounts,
    RepositoryReads,
    SurveyUse,
)
from assets.schemas.sources import Standings
from assets.schemas.tracked import StarHistory

if TYPE_CHECKING:
    from assets.ingest.github import reads
    from assets.ingest.github.client import GitHub

KINDS: Final = {"polars", "parquet"}
GITHUB_POOL: Final = "github_api"
HUB_POOL: Final = "hub_api"
PACKAGE_INDEX_POOL: Final = "package_index_api"
REFERENCE_POOL: Final = "reference_files"
"""Steps of a pool take turns, also across processes: a source wants one request after the other."""


def _is_current(table: type[Table]) -> Check:
    """The table is as new as the mode of the run promises; otherwise the check says what stood in the way."""

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
    checks=[_is_current(Models), at_least(15_000), reaches("observed_on", date(2026, 8, 21))],
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
    checks=[_is_current(ModelParents), at_least(12_000)],
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
        _is_current(ModelDownloadTotals),
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
        _is_current(SurveyUse),
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
        _is_current(Denominators),
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


@table_asset(Repositories, kinds={*KINDS, "github"}, source="release", checks=[_is_current(Repositories), at_least(20)])
def repositories(run: Run) -> pl.DataFrame:
    """Which GitHub repositories are tracked?"""
    return snapshot.read("repositories")


@table_asset(
    CommitOffsets, kinds={*KINDS, "github"}, source="release", checks=[_is_current(CommitOffsets), at_least(2_000)]
)
def commit_offsets(run: Run) -> pl.DataFrame:
    """In which time zones does the core staff of tracked repositories commit?"""
    return snapshot.read("commit_offsets")


@table_asset(
    PackageDownloads,
    kinds={*KINDS, "clickhouse"},
    source="package_index",
    pool=PACKAGE_INDEX_POOL,
    checks=[_is_current(PackageDownloads)],
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
            today=datetime.now(UTC).date(),
            months=settings.months,
            tell=log.info,
        )
    return frame


def _each_repository_read(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    behind = frame.filter((pl.col("access") != "open") | ~pl.col("complete"))
    named = behind.select(pl.format("{} ({}: {})", "repository", "listing", "access")).to_series().to_list()
    return Outcome(
        passed=behind.is_empty(),
        said=f"{behind.height} listing(s) not read to the end: {', '.join(named[:10])}."
        if named
        else f"Every listing of {frame['repository'].n_unique()} repositories was read to its end.",
        figures={"listings": frame.height, "behind": behind.height},
    )


EACH_READ: Final = Check(
    name="each_repository_read",
    description="Every listing of every repository was read to its end, and none was closed since.",
    run=_each_repository_read,
    severity=dg.AssetCheckSeverity.WARN,
    blocking=False,
)


LEAST_OF_COUNTER: Final = 0.95
"""Share of the entries GitHub counts that a listing read to its end must hold; forks vanish while they are listed."""


def _as_counted(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    listed = frame.filter((pl.col("listing") == "forks") & pl.col("complete") & (pl.col("listed") > 0))
    held = (pl.col("kept") + pl.col("unreadable")) / pl.col("listed")
    short = listed.filter(held < LEAST_OF_COUNTER)["repository"].to_list()
    return Outcome(
        passed=not short,
        said=f"Less than {LEAST_OF_COUNTER:.0%} of the forks that GitHub counts: {', '.join(short[:10])}."
        if short
        else f"{listed.height} listings of forks hold what GitHub counts.",
        figures={"compared": listed.height, "short": len(short)},
    )


AS_COUNTED: Final = Check(
    name="as_the_source_counts",
    description="Listings of forks that were read to the end hold about as many as GitHub itself counts.",
    run=_as_counted,
    severity=dg.AssetCheckSeverity.WARN,
    blocking=False,
)


def today() -> date:
    """Return the day of the run, UTC."""
    return datetime.now(UTC).date()


def _from_github(run: Run, part: str, read: "Callable[[GitHub], None]") -> None:
    """Read a part of GitHub in live mode; where that fails, report why and leave the last good data."""
    from assets.ingest.github import reads
    from assets.ingest.github.client import GitHubError, connected

    old = standing_of(run.store_path, reads.SOURCE, part)
    try:
        with connected() as github:
            read(github)
    except GitHubError as error:
        standing = replace(old, fresh=False, reason=str(error))
    else:
        standing = Standing(source_id=reads.SOURCE, part=part, fresh=True, observed_on=today().isoformat())
    note(run.store_path, standing)


def _listing(run: Run, listing: str, wanted: "list[reads.Target]") -> None:
    from assets.ingest.github import reads
    from assets.ingest.github.sweep import Reader
    from assets.places.actors import load_key
    from assets.places.locate import locate

    folder = reads.github_folder(run.store_path)
    key = load_key(run.store)

    def read(github: "GitHub") -> None:
        reader = Reader(github=github, key=key, locate=locate, today=today())
        reads.read_all(listing, wanted, folder, reader, tell=dg.get_dagster_logger().info)

    _from_github(run, listing, read)


def _github_table(
    table: type[Table],
    run: Run,
    build: "Callable[[list[reads.Target]], pl.DataFrame]",
    counts: pl.DataFrame,
) -> pl.DataFrame:
    """Return a table of the store's journals; in snapshot mode it has no rows."""
    from assets.ingest.github import reads
    from assets.origins.tracked import load_repositories

    if not run.reads_sources:
        return table.create_empty()
    return build(reads.targets(counts, load_repositories()))


@table_asset(
    RepositoryCounts,
    kinds={*KINDS, "github"},
    source="github",
    checks=[_is_current(RepositoryCounts)],
    pool=GITHUB_POOL,
)
def repository_counts(run: Run) -> pl.DataFrame:
    """Which tracked repositories can be read, and how many stars and forks do they have?"""
    from assets.ingest.github import reads
    from assets.origins.tracked import load_repositories

    if not run.reads_sources:
        return RepositoryCounts.create_empty()
    folder = reads.github_folder(run.store_path)
    names = reads.tracked_names(load_repositories())
    with alone(folder, "GitHub"):
        _from_github(run, "counts", lambda github: reads.read_counts(github, names, folder, today()))
    return reads.counts_table(folder)


@table_asset(Forks, kinds={*KINDS, "github"}, source="github", checks=[_is_current(Forks)], pool=GITHUB_POOL)
def forks(run: Run, repository_counts: pl.DataFrame) -> pl.DataFrame:
    """Who forked the tracked repositories? People are keyed hashes; a live run reads what is new."""
    from assets.ingest.github import reads

    def read(wanted: "list[reads.Target]") -> pl.DataFrame:
        with alone(reads.github_folder(run.store_path), "GitHub"):
            _listing(run, "forks", wanted)
        return reads.forks_table(reads.github_folder(run.store_path), wanted)

    return _github_table(Forks, run, read, repository_counts)


@table_asset(
    Contributions, kinds={*KINDS, "github"}, source="github", checks=[_is_current(Contributions)], pool=GITHUB_POOL
)
def contributions(run: Run, repository_counts: pl.DataFrame) -> pl.DataFrame:
    """Who commits to the tracked repositories, in which months and by which clocks? People are keyed hashes."""
    from assets.ingest.github import reads

    def read(wanted: "list[reads.Target]") -> pl.DataFrame:
        with alone(reads.github_folder(run.store_path), "GitHub"):
            _listing(run, "contributions", wanted)
        return reads.contributions_table(reads.github_folder(run.store_path), wanted)

    return _github_table(Contributions, run, read, repository_counts)


@table_asset(
    StarHistory, kinds={*KINDS, "github"}, source="github", checks=[_is_current(StarHistory)], pool=GITHUB_POOL
)
def star_history(run: Run, repository_counts: pl.DataFrame) -> pl.DataFrame:
    """How fast do the tracked repositories gain stars?"""
    from assets.ingest.github import reads, stars
    from assets.ingest.web.errors import FetchError
    from assets.origins.tracked import load_repositories

    if not run.reads_sources:
        return StarHistory.create_empty()
    folder = reads.github_folder(run.store_path)
    wanted = [one for one in reads.targets(repository_counts, load_repositories()) if one.open]
    old = standing_of(run.store_path, reads.SOURCE, "stars")
    log = dg.get_dagster_logger()
    try:
        with alone(folder, "GitHub"), stars.connected() as client:
            seen = stars.read_all(client, stars.address(), folder, wanted, log.info)
    except FetchError as error:
        note(run.store_path, replace(old, fresh=False, reason=str(error)))
    else:
        log.info("Star histories by access: %s.", seen)
        note(
            run.store_path,
            Standing(source_id=reads.SOURCE, part="stars", fresh=True, observed_on=today().isoformat()),
        )
    return stars.star_history(folder, wanted)


@table_asset(Accounts, kinds={*KINDS, "github"}, source="github", checks=[_is_current(Accounts)])
def accounts(
    run: Run,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    repository_counts: pl.DataFrame,
) -> pl.DataFrame:
    """What are the accounts behind forks and contributions, and to which place did their location text resolve?"""
    from assets.ingest.github import reads

    folder = reads.github_folder(run.store_path)
    return _github_table(Accounts, run, lambda wanted: reads.accounts_table(folder, wanted), repository_counts)


def read_repositories(run: Run, counts: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """Read the listings of single repositories into the journals of a store, and return how far that went.

    Args:
        run: The run.
        counts: Table ``repository_counts``.
        names: Repositories, as tracked; one that GitHub did not count is left out.

    Raises:
        GitHubError: GitHub did not answer; what came before it is kept.
    """
    from assets.ingest.github import reads
    from assets.ingest.github.client import connected
    from assets.ingest.github.sweep import Reader
    from assets.origins.tracked import load_repositories
    from assets.places.actors import load_key
    from assets.places.locate import locate

    folder = reads.github_folder(run.store_path)
    wanted = [one for one in reads.targets(counts, load_repositories()) if one.repository in names]
    with alone(folder, "GitHub"), connected() as github:
        reader = Reader(github=github, key=load_key(run.store), locate=locate, today=today())
        for listing in ("forks", "contributions"):
            reads.read_all(listing, wanted, folder, reader, tell=dg.get_dagster_logger().info)
    return reads.reads_table(folder, wanted)


def _tell_repositories(context: dg.AssetExecutionContext, found: pl.DataFrame, day: date) -> None:
    """Mark the partition of each repository whose listings were all read to the end on a day."""
    done = pl.col("complete") & (pl.col("access") == "open") & (pl.col("read_on") == day)
    by_repository = found.group_by("repository").agg(done=done.all(), rows=pl.col("kept").sum()).sort("repository")
    context.instance.add_dynamic_partitions(str(REPOSITORY.name), by_repository["repository"].to_list())
    for repository, rows in by_repository.filter("done").select("repository", "rows").iter_rows():
        context.log_event(
            dg.AssetMaterialization(
                asset_key=REPOSITORY_LISTINGS, partition=repository, metadata={"dagster/row_count": rows}
            )
        )


@table_asset(RepositoryReads, kinds={*KINDS, "github"}, source="github", checks=[EACH_READ, AS_COUNTED])
def repository_reads(
    context: dg.AssetExecutionContext,
    run: Run,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    repository_counts: pl.DataFrame,
) -> pl.DataFrame:
    """How far was each listing of each repository read, and what stood in the way?"""
    from assets.ingest.github import reads

    folder = reads.github_folder(run.store_path)
    found = _github_table(RepositoryReads, run, lambda wanted: reads.reads_table(folder, wanted), repository_counts)
    _tell_repositories(context, found, today())
    return found


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
    donated = read_donated(run.logs, today=datetime.now(UTC).date(), say=log.info)
    for line in donated.doubts:
        log.warning(line)
    return donated.table


@table_asset(Standings, kinds=KINDS, deps=[f"ingest/{table}" for table in standings_of.RESTS_ON])
def standings(run: Run) -> pl.DataFrame:
    """How new is each table, and what stood in the way of newer data?"""
    return standings_of.standings(run)
