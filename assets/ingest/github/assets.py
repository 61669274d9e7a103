"""Assets that are read from GitHub: repositories, forks, contributions, stars, and how far each was read.

Here: thin definitions, checks of completeness. Not here: the connection (`client.py`), one listing of one repository
(`sweep.py`), all of them (`reads.py`), star histories (`stars.py`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome
from assets.declare import table_asset
from assets.ingest.alone import alone
from assets.ingest.assets import KINDS, is_current, today
from assets.ingest.standing import Standing, note, standing_of
from assets.partitions import REPOSITORY, REPOSITORY_LISTINGS
from assets.run import Run
from assets.schemas import Table
from assets.schemas.ingest import Accounts, Contributions, Forks, RepositoryCounts, RepositoryReads
from assets.schemas.tracked import StarHistory

if TYPE_CHECKING:
    from assets.ingest.github import reads
    from assets.ingest.github.client import GitHub

GITHUB_POOL: Final = "github_api"
"""Steps of a pool take turns, also across processes: a source wants one request after the other."""


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
    """Read a listing of the repositories into the journals of the store; two runs never do so at once."""
    from assets.ingest.github import reads
    from assets.ingest.github.sweep import Reader
    from assets.places.actors import load_key
    from assets.places.locate import locate

    folder = reads.github_folder(run.store_path)
    key = load_key(run.store)

    def read(github: "GitHub") -> None:
        reader = Reader(github=github, key=key, locate=locate, today=today())
        reads.read_all(listing, wanted, folder, reader, tell=dg.get_dagster_logger().info)

    with alone(folder, "GitHub"):
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
    checks=[is_current(RepositoryCounts)],
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


@table_asset(Forks, kinds={*KINDS, "github"}, source="github", checks=[is_current(Forks)], pool=GITHUB_POOL)
def forks(run: Run, repository_counts: pl.DataFrame) -> pl.DataFrame:
    """Who forked the tracked repositories? People are keyed hashes; a live run reads what is new."""
    from assets.ingest.github import reads

    def read(wanted: "list[reads.Target]") -> pl.DataFrame:
        _listing(run, "forks", wanted)
        return reads.forks_table(reads.github_folder(run.store_path), wanted)

    return _github_table(Forks, run, read, repository_counts)


@table_asset(
    Contributions, kinds={*KINDS, "github"}, source="github", checks=[is_current(Contributions)], pool=GITHUB_POOL
)
def contributions(run: Run, repository_counts: pl.DataFrame) -> pl.DataFrame:
    """Who commits to the tracked repositories, in which months and by which clocks? People are keyed hashes."""
    from assets.ingest.github import reads

    def read(wanted: "list[reads.Target]") -> pl.DataFrame:
        _listing(run, "contributions", wanted)
        return reads.contributions_table(reads.github_folder(run.store_path), wanted)

    return _github_table(Contributions, run, read, repository_counts)


@table_asset(StarHistory, kinds={*KINDS, "github"}, source="github", checks=[is_current(StarHistory)], pool=GITHUB_POOL)
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


@table_asset(Accounts, kinds={*KINDS, "github"}, source="github", checks=[is_current(Accounts)])
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
