"""GitHub in live mode on a made-up one, down to the estimates: places, nothing personal, stale when it fails."""

import re
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from assets.origins.tracked import load_repositories
from pipelines.execution import Problem, run
from pipelines.settings import Settings
from pipelines.storage import read_table
from tests.standins.github import TOKEN, GitHub, World

NAMES = load_repositories().filter(pl.col("alias_of").is_null())["repository"].to_list()


@pytest.fixture(scope="module")
def world():
    return World(names=NAMES, forks=3_000, commits=5, people=1_500)


@pytest.fixture(scope="module")
def live(world, tmp_path_factory):
    root = tmp_path_factory.mktemp("live")
    settings = Settings(mode="live", data=str(root / "data"), output=root / "build", DAGSTER_HOME=root / "dagster")
    with pytest.MonkeyPatch.context() as patch, GitHub(world).serve() as server:
        patch.setenv("ATLAS_ACTOR_KEY", "ab" * 32)
        patch.setenv("GITHUB_TOKEN", TOKEN)
        patch.setenv("ATLAS_GITHUB_URL", f"{server.url}/graphql")
        patch.setenv("ATLAS_GITHUB_REST_URL", server.url)
        outcome = run(settings, only=("ingest", "attribute", "adoption"), tell=lambda _: None)
        first = len(server.requests)
        again = run(settings, only=("ingest/forks",), tell=lambda _: None)
        yield settings, outcome, again, first, len(server.requests)


def _table(live, name):
    return read_table(UPath(live[0].store), name, mode="live")


def test_the_graph_runs_through(live):
    _, outcome, again, first, after = live
    assert outcome.problems == again.problems == []
    assert not [fact for fact in outcome.facts if isinstance(fact, Problem) and "each_repository_read" in fact.cause]
    assert not [fact for fact in outcome.facts if isinstance(fact, Problem) and fact.asset == "ingest/forks"]
    assert after == first


def test_each_repository_that_was_read_to_the_end_is_a_partition_that_was_made(live):
    with dg.DagsterInstance.from_config(str(live[0].dagster_home)) as instance:
        made = instance.get_materialized_partitions(dg.AssetKey(["archive", "repository_listings"]))
        known = set(instance.get_dynamic_partitions("github_repository"))
    behind = ~pl.col("complete") | (pl.col("access") != "open")
    reads = _table(live, "ingest/repository_reads")
    assert known == set(reads["repository"])
    assert made == known - set(reads.filter(behind)["repository"])
    assert len(made) == len(NAMES)


def test_places_are_those_that_people_declare(live, world):
    forks, places = _table(live, "ingest/forks"), _table(live, "attribute/actor_places")
    assert forks.height == sum(len(one["forks"]) for one in world.repositories.values())
    assert set(forks["actor"]) <= set(places["actor"])
    declared = places.filter(evidence="declared")
    assert declared["country"].n_unique() > 30
    assert {"metro:lagos", "metro:jakarta", "metro:lima"} <= set(declared["metro"])


def test_no_file_of_a_live_run_names_a_person_a_text_or_the_token(live, world):
    settings = live[0]
    texts = {TOKEN, "standin-person", "Quillon Featherby"}
    texts |= {one["location"] for one in world.people if one["location"] and "," in one["location"]}
    roots = (Path(settings.store), settings.output, settings.dagster_home)
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    assert len(files) > 100
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = str(pl.read_parquet(path).to_dicts()).encode()
        found = [text for text in texts if text.encode() in content]
        assert not found, path


def test_without_a_token_the_last_good_data_stays_and_is_marked_stale(live, monkeypatch):
    settings = live[0]
    before = _table(live, "ingest/forks")
    monkeypatch.delenv("GITHUB_TOKEN")
    outcome = run(settings, only=("ingest/repository_counts", "ingest/forks"), tell=lambda _: None)
    assert outcome.problems == []
    causes = [fact.cause for fact in outcome.facts if isinstance(fact, Problem) and fact.asset == "ingest/forks"]
    assert len(causes) == 1
    assert re.search(r"Stale: github \(forks\), as of \S+\. GITHUB_TOKEN is not set", causes[0])
    assert _table(live, "ingest/forks").equals(before)
