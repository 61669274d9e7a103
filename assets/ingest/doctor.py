"""Doctor: one smallest look at every live source before a run: reachable, authorised, limits left, assumptions.

Here: what is asked of each source and what is made of the answer. Not here: printing (`pipelines/cli/doctor.py`), the
clients (`hub/`, `github/`, `package_index/`, `modelscope/`, `reference/`, `log_files.py`).

An assumption is what the clients rest on and nobody could verify without a network when they were written. The failure
of one source says nothing of another, and no message holds a token.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from assets.ingest.github.client import GitHub, GitHubError, connected
from assets.ingest.github.queries import COUNTS_A_QUERY, FORKS, WHO, counts_query, counts_variables
from assets.ingest.hub import published
from assets.ingest.hub.requests import EXPAND, PAGE_SIZE, HubRequests
from assets.ingest.hub.settings import HubError, HubSettings
from assets.ingest.log_files import LogError, find_files, scan
from assets.ingest.modelscope.listing import SOURCE as MODELSCOPE
from assets.ingest.modelscope.listing import ModelScopeSettings
from assets.ingest.modelscope.listing import page as modelscope_page
from assets.ingest.modelscope.refresh import PLATFORM
from assets.ingest.package_index.clickhouse import ROWS_ALLOWED, SOURCE, ClickHouseSettings, PackageTables, Span
from assets.ingest.package_index.refresh import EXPECTED_LAG
from assets.ingest.reference.forms import FORMS, FormError
from assets.ingest.reference.refresh import SOURCE as REFERENCE
from assets.ingest.reference.refresh import ReferenceSettings
from assets.ingest.web.client import Client
from assets.ingest.web.errors import FetchError
from assets.ingest.web.manners import Manners
from assets.origins.registry import load_publishers
from assets.origins.tracked import load_packages, load_repositories
from maps.geometry.regions import load_regions

WHOLE_HUB: Final = 3_000_000
"""Public models of the Hub, in round figures, for the cost of a whole crawl."""

LONGEST_WAIT: Final = 10.0
"""Seconds that the doctor waits for a limit: it asks little, and a person is waiting."""

KEPT: Final = "leaves this source at its last good data, marked as stale"


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something that a client rests on.

    Attributes:
        text: What is assumed.
        holds: Whether it does; none where that could not be seen.
        said: What was seen.
    """

    text: str
    holds: bool | None
    said: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one look at a source showed.

    Attributes:
        source: Its name.
        reachable: Whether it answered; none where it was not asked.
        authorised: As whom it answers.
        limits: What is left of its limits, as it says.
        assumptions: What the client rests on.
        then: What a run will do.
        current: Whether a run can bring its tables up to date.
    """

    source: str
    reachable: bool | None
    authorised: str = ""
    limits: str = "not told"
    assumptions: tuple[Assumption, ...] = ()
    then: str
    current: bool


def look_at_hub() -> Finding:
    """Ask the Hub for one page of its listing, and whether others publish snapshots of it."""
    name = "Hugging Face Hub"
    try:
        settings = HubSettings.load()
    except HubError as error:
        return Finding(source=name, reachable=None, authorised=str(error), then=KEPT, current=False)
    asking = settings.model_copy(update={"attempts": 1, "answer_seconds": 60.0, "wait_seconds": LONGEST_WAIT})
    who = "with HF_TOKEN" if settings.token else "as a stranger: half as many requests as with a free token"
    try:
        with HubRequests(asking, tell=_nobody, capped=True) as hub:
            page = hub.first({})
            snapshots = published.available(asking)
    except HubError as error:
        return Finding(source=name, reachable=False, authorised=str(error), then=KEPT, current=False)
    size = len(page.items)
    told = {key for item in page.items for key in item}
    absent = sorted(set(EXPAND) - told - {"disabled", "baseModels", "safetensors"})
    full = size == PAGE_SIZE or not page.following
    pages = -(-WHOLE_HUB // max(size, 1))
    scope = (
        f"lists every public model, some {pages:,} requests"
        if settings.scope == "whole"
        else f"lists the registry's accounts and what was made from their {settings.bases:,} most used models"
    )
    return Finding(
        source=name,
        reachable=True,
        authorised=who,
        limits=hub.limits or "not told",
        assumptions=(
            Assumption(
                text=f"{PAGE_SIZE:,} models a page with expand",
                holds=full if size else None,
                said=f"{size:,} came; a whole hub of {WHOLE_HUB:,} models takes {pages:,} requests",
            ),
            Assumption(
                text="each fact that is asked for is told",
                holds=not absent if size else None,
                said=f"absent: {', '.join(absent)}" if absent else "all of them are",
            ),
            *(
                Assumption(
                    text=f"{repository} has a snapshot",
                    holds=day is not None,
                    said=f"the newest is of {day}" if day else reason,
                )
                for repository, day, reason in snapshots
            ),
        ),
        then=scope,
        current=True,
    )


def look_at_github() -> Finding:
    """Ask GitHub who we are, for the counts of 50 repositories, and for ten forks of the one with most of them."""
    try:
        with connected(most_wait=LONGEST_WAIT) as github:
            limit = github.ask(WHO, {}).data.get("rateLimit") or {}
            limits = (
                f"{limit['remaining']:,} of {limit['limit']:,} points until {limit['resetAt']}" if limit else "not told"
            )
            assumptions = _assumptions_of_github(github)
    except GitHubError as error:
        return Finding(source="GitHub", reachable=False, authorised=str(error), then=KEPT, current=False)
    shown = all(one.holds is not False for one in assumptions)
    return Finding(
        source="GitHub",
        reachable=True,
        authorised="with GITHUB_TOKEN",
        limits=limits,
        assumptions=assumptions,
        then="reads forks and commits of the tracked repositories, from where the last run stopped"
        if shown
        else "marks what is not shown as restricted; nothing is counted as zero",
        current=shown,
    )


def _assumptions_of_github(github: GitHub) -> tuple[Assumption, ...]:
    tracked = load_repositories().filter((pl.col("kind") == "model") & pl.col("alias_of").is_null())
    names = tracked["repository"].sort().to_list()[:COUNTS_A_QUERY]
    counts = github.ask(counts_query(len(names)), counts_variables(names)).data
    found = [one for key, one in counts.items() if key.startswith("r") and isinstance(one, dict) and "forkCount" in one]
    readable = Assumption(
        text="tracked repositories can be read",
        holds=bool(found),
        said=f"{len(found)} of {len(names)} answer",
    )
    if not found:
        return (readable,)
    largest = max(found, key=lambda one: one["forkCount"])
    owner, _, name = str(largest["nameWithOwner"]).partition("/")
    github.size = 10
    page = github.page(FORKS, {"owner": owner, "name": name, "after": None}).data.get("repository") or {}
    nodes: list[dict[str, Any]] = [node for node in (page.get("forks") or {}).get("nodes") or [] if node]
    owners = [node["owner"] for node in nodes if node.get("owner")]
    located = [one for one in owners if one.get("location")]
    listed = bool(nodes) if largest["forkCount"] else None
    return (
        readable,
        Assumption(
            text="forks are listed to strangers",
            holds=listed,
            said=f"{len(nodes)} of {largest['forkCount']:,} came for {largest['nameWithOwner']}",
        ),
        Assumption(
            text="owners of forks show where they say they live",
            # Ten owners without a single location are possible, but not likely: one in three or four fills it in.
            holds=bool(located) if owners else None,
            said=f"{len(located)} of {len(owners)} owners have a location",
        ),
    )


def look_at_package_index(today: date) -> Finding:
    """Ask ClickHouse which of the last ten days it holds, and for a month of one package."""
    settings = ClickHouseSettings()
    manners = Manners(read=30, total=60, attempts=1, patience=LONGEST_WAIT, run_patience=LONGEST_WAIT)
    secrets = [settings.password.get_secret_value()]
    package = load_packages().filter(pl.col("headline"))["package"].sort()[0]
    try:
        with Client(SOURCE, manners=manners, secrets=secrets) as client:
            tables = PackageTables(client, settings)
            held = tables.days(Span(since=today - timedelta(days=40), until=today))
            month = tables.downloads(package, Span(since=today - timedelta(days=30), until=today))
    except FetchError as error:
        return Finding(source=SOURCE, reachable=False, authorised=str(error), then=KEPT, current=False)
    newest = max(held, default=None)
    lag = (today - newest).days if newest else None
    fresh = lag is not None and lag <= EXPECTED_LAG.days
    return Finding(
        source=SOURCE,
        reachable=True,
        authorised=f"as {settings.user}",
        assumptions=(
            Assumption(
                text="an answer says how many rows it has in all",
                holds=True,
                said="it does, so that a cut answer is told from a whole one",
            ),
            Assumption(
                text=f"a package's month has fewer than {ROWS_ALLOWED:,} rows",
                holds=month.height < ROWS_ALLOWED,
                said=f"{package}: {month.height:,} rows",
            ),
            Assumption(
                text=f"the newest day is at most {EXPECTED_LAG.days} days old",
                holds=fresh,
                said=f"the newest is {newest}" if newest else "it holds no day of the last 40",
            ),
        ),
        then="asks for the package-months that are missing"
        if fresh
        else "keeps what is there; days that the source lacks stay unknown",
        current=fresh,
    )


def look_at_modelscope() -> Finding:
    """Ask ModelScope for one page of one account."""
    settings = ModelScopeSettings()
    manners = Manners(read=20, total=30, attempts=1, patience=LONGEST_WAIT, run_patience=LONGEST_WAIT)
    accounts = load_publishers().filter((pl.col("platform") == PLATFORM) & (pl.col("review_state") == "reviewed"))
    account = accounts["account"].sort()[0]
    try:
        with Client(MODELSCOPE, manners=manners) as client:
            found = modelscope_page(client, settings, account, 1)
    except FetchError as error:
        return Finding(source=MODELSCOPE, reachable=False, authorised=str(error), then=KEPT, current=False)
    counted = found.rows["downloads"].count()
    return Finding(
        source=MODELSCOPE,
        reachable=True,
        authorised="as a stranger",
        assumptions=(
            Assumption(
                text="a page lists an account's models with their counters, and says how many there are",
                holds=counted > 0 if found.total else None,
                said=f"{account}: {found.rows.height} of {found.total:,} models, {counted} with a counter",
            ),
        ),
        then="lists the registry's accounts, 50 models a request (experimental)",
        current=True,
    )


def look_at_reference() -> Finding:
    """Ask for every reference file, and read it."""
    settings = ReferenceSettings()
    manners = Manners(read=30, total=60, attempts=1, patience=LONGEST_WAIT, run_patience=LONGEST_WAIT)
    known = load_regions().filter(pl.col("level") == "country")["region_id"].to_list()
    assumptions = []
    with Client(REFERENCE, manners=manners) as client:
        for file in settings.files():
            text = f"{file.source_id} is a file of the form that is expected"
            try:
                found = FORMS[file.source_id](client.get(file.url).content, known)
            except FormError as error:
                assumptions.append(Assumption(text=text, holds=False, said=str(error)))
            except FetchError as error:
                assumptions.append(Assumption(text=text, holds=None, said=str(error)))
            else:
                newest = found.rows["period"].sort()[-1]
                said = f"{found.rows.height:,} figures, the newest of {newest}"
                assumptions.append(Assumption(text=text, holds=True, said=said))
    whole = all(one.holds for one in assumptions)
    return Finding(
        source=REFERENCE,
        reachable=any(one.holds is not None for one in assumptions),
        authorised="as a stranger",
        assumptions=tuple(assumptions),
        then="takes the files that changed" if whole else KEPT,
        current=whole,
    )


def look_at_logs(named: str) -> Finding:
    """Open every donated log and look at its columns."""
    name = "Donated logs"
    if not named:
        return Finding(source=name, reachable=None, authorised="ATLAS_LOGS names none", then="has none", current=True)
    try:
        files = find_files(named.splitlines())
        for file in files:
            if file.form == "csv" or "timestamp" in pl.read_parquet_schema(file.path):
                scan(file)
    except (LogError, OSError, pl.exceptions.PolarsError) as error:
        return Finding(source=name, reachable=False, authorised=str(error), then="ends with this error", current=False)
    return Finding(
        source=name,
        reachable=True,
        authorised=f"{len(files):,} file(s)",
        then="reduces them to counts of people by place",
        current=True,
    )


def look(*, logs: str, today: date) -> Sequence[Finding]:
    """Look at every source once, one after the other.

    Args:
        logs: Donated logs as the settings name them.
        today: Today, UTC.
    """
    looks: Sequence[Callable[[], Finding]] = (
        look_at_hub,
        look_at_github,
        lambda: look_at_package_index(today),
        look_at_modelscope,
        look_at_reference,
        lambda: look_at_logs(logs),
    )
    return [one() for one in looks]


def _nobody(_: str) -> None:
    """Tell nobody."""
