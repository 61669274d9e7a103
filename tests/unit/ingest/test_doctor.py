"""The doctor: what one look at each source shows over real sockets, when all is well and when it is not."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from assets.ingest.doctor import (
    look,
    look_at_github,
    look_at_hub,
    look_at_logs,
    look_at_modelscope,
    look_at_package_index,
    look_at_reference,
)
from assets.origins.tracked import load_repositories
from pipelines.cli import run as atlas
from tests.standins.clickhouse import ClickHouse, exception
from tests.standins.github import TOKEN, GitHub, World
from tests.standins.hub import StandInHub, model, page_of_html, refused
from tests.standins.modelscope import ModelScope
from tests.standins.reference import GRAPH, ReferenceFiles

TODAY = datetime.now(UTC).date()
HUB_TOKEN = "hf_" + "secret" * 5
NAMES = load_repositories().filter((pl.col("kind") == "model") & pl.col("alias_of").is_null())["repository"].sort()[:3]


@pytest.fixture
def hub(monkeypatch):
    with StandInHub([model(number, "Qwen") for number in range(1_200)]) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.endpoint)
        yield served


@pytest.fixture
def github(monkeypatch):
    made = GitHub(World(names=NAMES.to_list(), forks=60, commits=0))
    with made.serve() as server:
        monkeypatch.setenv("ATLAS_GITHUB_URL", f"{server.url}/graphql")
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        made.server = server
        yield made


@pytest.fixture
def packages(monkeypatch):
    with ClickHouse(oldest=TODAY - timedelta(days=90), newest=TODAY - timedelta(days=1)) as server:
        monkeypatch.setenv("ATLAS_CLICKHOUSE_URL", server.url)
        yield server


@pytest.fixture
def modelscope(monkeypatch):
    with ModelScope({"Qwen": 60, "Shanghai_AI_Laboratory": 3, "ZhipuAI": 3, "baichuan-inc": 3, "iic": 3}) as server:
        monkeypatch.setenv("ATLAS_MODELSCOPE_URL", server.url)
        yield server


@pytest.fixture
def reference(monkeypatch):
    with ReferenceFiles() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


def _broken(finding):
    return [one.text for one in finding.assumptions if one.holds is False]


def test_all_is_well(hub, github, packages, modelscope, reference):
    hub.usual_headers = {"RateLimit": '"api";r=499;t=120', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
    hub.datasets = {
        "cfahlgren1/hub-stats": ("2026-11-20", {}),
        "hfmlsoc/hub_weekly_snapshots": ("2026-11-19", {"models/2026-11-18/models.parquet": b""}),
    }
    findings = look(logs="", today=TODAY)
    assert all(finding.current for finding in findings)
    assert [_broken(finding) for finding in findings] == [[], [], [], [], [], []]
    assert findings[0].limits == "499 of 500 requests, for 120 s"
    assert findings[1].limits.startswith("4,999 of 5,000 points until ")
    assert len(hub.requests) == 1
    assert hub.downloads == []
    assert len(github.queries) == 3
    assert len(packages.requests) == 2
    assert len(modelscope.requests) == 1
    assert len(reference.requests) == 2


def test_smaller_pages_of_the_hub_are_told_with_what_they_cost(hub):
    hub.page_size = 100
    finding = look_at_hub()
    assert _broken(finding)[0] == "1,000 models a page with expand"
    assert finding.current
    assert "100 came; a whole hub of 3,000,000 models takes 30,000 requests" in finding.assumptions[0].said


def test_a_fact_that_the_hub_no_longer_tells_is_named(hub):
    hub.models = [{key: value for key, value in item.items() if key != "downloadsAllTime"} for item in hub.models]
    assert "absent: downloadsAllTime" in [one.said for one in look_at_hub().assumptions]


@pytest.mark.parametrize("fault", [page_of_html, refused(401), refused(503), refused(429, {"Retry-After": "3600"})])
def test_a_hub_that_does_not_answer_is_told_once_and_at_once(hub, monkeypatch, fault):
    monkeypatch.setenv("HF_TOKEN", HUB_TOKEN)
    hub.always = fault
    finding = look_at_hub()
    assert (finding.reachable, finding.current) == (False, False)
    assert "stale" in finding.then
    assert len(hub.requests) == 1


def test_restricted_forks_are_told_from_a_repository_without_forks(github):
    for one in github.world.repositories.values():
        one["restricted"] = True
    finding = look_at_github()
    assert _broken(finding) == ["forks are listed to strangers"]
    assert (finding.current, "restricted" in finding.then) == (False, True)
    for one in github.world.repositories.values():
        one["forks"] = []
    assert _broken(look_at_github()) == []


def test_hidden_locations_are_a_broken_assumption(github):
    for person in github.world.people:
        person["location"] = None
    assert _broken(look_at_github()) == ["owners of forks show where they say they live"]


@pytest.mark.usefixtures("github")
def test_no_token_and_a_wrong_one_are_told_apart(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_wrong")
    assert "GitHub refuses" in look_at_github().authorised
    monkeypatch.delenv("GITHUB_TOKEN")
    assert "GITHUB_TOKEN is not set" in look_at_github().authorised
    assert not look_at_github().current


def test_a_stalled_index_and_a_used_up_quota_are_told(packages):
    packages.newest = TODAY - timedelta(days=12)
    finding = look_at_package_index(TODAY)
    assert _broken(finding) == ["the newest day is at most 3 days old"]
    assert (finding.reachable, finding.current) == (True, False)
    packages.script(exception(201, "Quota exceeded"))
    assert "run again in an hour" in look_at_package_index(TODAY).authorised


def test_a_counter_that_modelscope_no_longer_tells_is_a_broken_assumption(modelscope):
    modelscope.counters = {f"{account}/model-{number}": None for account in modelscope.accounts for number in range(60)}
    assert len(_broken(look_at_modelscope())) == 1


def test_one_reference_file_of_another_form_is_told_and_the_other_read(reference):
    reference.replaced[GRAPH] = b"pushes,iso2_code\n1,US\n"
    finding = look_at_reference()
    assert [one.holds for one in finding.assumptions] == [False, True]
    assert (finding.reachable, finding.current) == (True, False)


def test_logs_are_opened(tmp_path):
    assert look_at_logs("").current
    (tmp_path / "log.csv").write_text("timestamp,status\n")
    finding = look_at_logs(str(tmp_path))
    assert not finding.current
    assert "lacks the column(s)" in finding.authorised


@pytest.mark.usefixtures("github")
def test_one_source_says_nothing_of_another_and_no_secret_is_told(monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", HUB_TOKEN)
    monkeypatch.setenv("ATLAS_CLICKHOUSE_PASSWORD", "open-sesame")
    assert atlas(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "GitHub: reachable" in said
    assert (
        "A live run will leave Hugging Face Hub, ClickHouse public PyPI tables, ModelScope, Reference files stale."
        in said
    )
    assert atlas(["doctor", "--json"]) == 1
    as_json = capsys.readouterr().out
    assert [finding["current"] for finding in json.loads(as_json)] == [False, True, False, False, False, True]
    assert not [secret for secret in (HUB_TOKEN, TOKEN, "open-sesame") if secret in said + as_json]


def test_a_setting_that_cannot_be_used_is_told_before_anything_is_asked(hub, monkeypatch, capsys):
    monkeypatch.setenv("ATLAS_MODE", "liev")
    assert atlas(["doctor"]) == 2
    assert "ATLAS_MODE is 'liev'" in capsys.readouterr().err
    assert hub.requests == []


@pytest.mark.usefixtures("packages")
def test_the_day_is_the_callers():
    assert look_at_package_index(date(2020, 1, 1)).assumptions[2].said == "it holds no day of the last 40"
