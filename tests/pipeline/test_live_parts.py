"""Back-fills in live mode against stand-ins: months of PyPI's downloads long ago, and single repositories."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from assets.ingest.package_index import clickhouse
from assets.ingest.web.manners import Manners
from assets.origins.tracked import load_packages, load_repositories
from assets.partitions import REPOSITORY, kept_part
from pipelines.build import build_defs
from pipelines.execution import run
from pipelines.instance import prepare, write_history_quickly
from pipelines.settings import Settings
from tests.standins.clickhouse import ClickHouse
from tests.standins.github import TOKEN, GitHub, World
from tests.standins.web import Status

MONTHLY = "archive/monthly_package_downloads"
LISTINGS = "archive/repository_listings"


def _months_ago(count):
    month = datetime.now(UTC).date().replace(day=1)
    for _ in range(count):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


@pytest.fixture
def settings():
    settings = Settings.load(mode="live")
    prepare(settings)
    write_history_quickly(settings.mode)
    return settings


@pytest.fixture
def clickhouse_server(monkeypatch):
    newest = datetime.now(UTC).date() - timedelta(days=1)
    with ClickHouse(oldest=_months_ago(20), newest=newest) as server:
        monkeypatch.setenv("ATLAS_CLICKHOUSE_URL", server.url)
        monkeypatch.setenv("ATLAS_CLICKHOUSE_MONTHS", "1")
        manners = Manners(read=5, total=10, attempts=1, backoff=0.001)
        monkeypatch.setattr(clickhouse.ClickHouseSettings, "manners", lambda _: manners)
        yield server


def _made(settings, asset, *, key=None, span=None):
    tags = (
        {}
        if span is None
        else dict(zip(("dagster/asset_partition_range_start", "dagster/asset_partition_range_end"), span, strict=True))
    )
    with dg.DagsterInstance.get() as instance:
        return (
            build_defs(settings=settings)
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(asset.split("/"))],
                partition_key=key,
                tags=tags,
                raise_on_error=False,
            )
        )


def test_months_before_the_running_table_are_asked_for_once(settings, clickhouse_server):
    first, last = _months_ago(18).isoformat(), _months_ago(17).isoformat()
    packages = load_packages().height
    assert _made(settings, MONTHLY, span=(first, last)).success
    assert len(clickhouse_server.requests) == 1 + 2 * packages
    store = UPath(settings.store)
    for key in (first, last):
        month = kept_part(store, MONTHLY, key)
        assert set(month["month"]) == {date.fromisoformat(key)}
        assert month["package"].n_unique() == packages
    before = [kept_part(store, MONTHLY, key) for key in (first, last)]
    clickhouse_server.requests.clear()
    assert _made(settings, MONTHLY, span=(first, last)).success
    assert len(clickhouse_server.requests) == 1
    assert all(one.equals(kept_part(store, MONTHLY, key)) for one, key in zip(before, (first, last), strict=True))


def test_a_source_that_fails_leaves_the_month_unmade_and_what_came_before(settings, clickhouse_server):
    key = _months_ago(18).isoformat()
    clickhouse_server.script(Status(503))
    assert not _made(settings, MONTHLY, key=key).success
    assert kept_part(UPath(settings.store), MONTHLY, key) is None
    with dg.DagsterInstance.get() as instance:
        assert not instance.get_materialized_partitions(dg.AssetKey(MONTHLY.split("/")))
    assert _made(settings, MONTHLY, key=key).success


def test_one_repository_is_read_by_itself(settings, monkeypatch):
    names = load_repositories().filter(pl.col("alias_of").is_null())["repository"].to_list()
    world = World(names=names, forks=400, commits=2, people=150)
    with GitHub(world).serve() as server:
        monkeypatch.setenv("ATLAS_ACTOR_KEY", "ab" * 32)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("ATLAS_GITHUB_URL", f"{server.url}/graphql")
        monkeypatch.setenv("ATLAS_GITHUB_REST_URL", server.url)
        assert run(settings, only=("ingest/repository_counts",), tell=lambda _: None).problems == []
        name = max(names, key=lambda one: len(world.repositories[one]["forks"]))
        with dg.DagsterInstance.get() as instance:
            instance.add_dynamic_partitions(REPOSITORY.name, [name])
        server.requests.clear()
        assert _made(settings, LISTINGS, key=name).success
    part = kept_part(UPath(settings.store), LISTINGS, name)
    assert set(part["repository"]) == {name}
    assert part["complete"].all()
    forks = part.filter(listing="forks").row(0, named=True)
    assert forks["kept"] + forks["unreadable"] >= len(world.repositories[name]["forks"])
    assert 0 < len(server.requests) < 20
