"""Observations of the Hub: no row lost or doubled however a run ends, and nothing believed that is not whole."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from assets.ingest.alone import alone
from assets.ingest.hub import crawl
from assets.ingest.hub.refresh import kept_counters, observation, refresh
from assets.ingest.hub.settings import HubSettings
from assets.ingest.standing import standing_of
from tests.standins.hub import (
    StandInHub,
    cut_body,
    damaged_item,
    derived,
    error_as_success,
    model,
    page_of_html,
    refused,
    short_length,
)

TODAY = date(2026, 11, 25)
KNOWN = ("Qwen", "meta-llama", "quiet")
KILLS = 25


def _world(size=2300):
    """Half of the registry's, half of strangers: every fourth of theirs made from one of two bases."""
    bases = [
        model(0, "Qwen", name="base", childrenModelCount={"finetune": 400}),
        model(1, "meta-llama", name="base", childrenModelCount={"quantized": 90}),
    ]
    own = [model(number, KNOWN[number % 2]) for number in range(2, size // 2)]
    strangers = [
        derived(number, f"person-{number % 30}", f"{KNOWN[number % 8 // 4]}/base")
        if number % 4 == 0
        else model(number, f"person-{number % 30}")
        for number in range(size // 2, size)
    ]
    return bases + own + strangers


def _counted(models, by=5):
    return [item | {"downloadsAllTime": item["downloadsAllTime"] + by} for item in models]


@pytest.fixture
def hub():
    with StandInHub(_world()) as served:
        yield served


@pytest.fixture
def store(tmp_path):
    return UPath(tmp_path)


@pytest.fixture
def told():
    return []


@pytest.fixture
def look(hub, store, told):
    def run(*, day=TODAY, known=KNOWN, **settings):
        usual = {"HF_ENDPOINT": hub.endpoint, "scope": "whole", "answer_seconds": 2.0, "attempts": 2}
        return refresh(
            store,
            HubSettings(**usual | settings),
            today=day,
            known=known,
            hashed=lambda text: hashlib.sha256(text.encode()).hexdigest(),
            tell=told.append,
            sleep=lambda _: None,
        )

    return run


def _bytes(store):
    return {
        path.relative_to(store.path).as_posix(): path.read_bytes()
        for path in sorted(Path(store.path).rglob("*.parquet"))
    }


def _keys(store, source="hub_whole"):
    return observation(store, source).rows["hub_key"].to_list()


def test_the_whole_hub_is_read_within_its_budget(hub, look, store, told):
    standing = look()
    assert (standing.fresh, standing.rows, standing.day) == (True, 2300, TODAY)
    assert sorted(_keys(store)) == sorted(item["_id"] for item in hub.models)
    assert len(hub.requests) <= 2300 / 1000 + 2
    assert hub.downloads == []
    assert "page 1, listing 1 of 1, 1,000 rows" in told[0]
    assert "about an unknown time left" in told[0]
    assert told[-1] == "The Hub was read: 2,300 models; 3 requests in this run."


def test_the_second_time_the_log_says_how_long_it_takes(hub, look, told):
    look()
    hub.models = _counted(hub.models)
    told.clear()
    look(day=TODAY + timedelta(days=1))
    assert " s left." in told[0]


def test_a_small_page_is_read_as_it_comes(hub, look, store):
    hub.page_size = 100
    look()
    assert len(set(_keys(store))) == 2300
    assert len(hub.requests) == 23


def test_the_accounts_of_the_registry_and_what_was_made_from_their_models(hub, look, store):
    standing = look(scope="accounts", bases=1)
    rows = observation(store, "hub_accounts").rows
    own = {item["id"] for item in hub.models if item["author"] in KNOWN}
    children = [item for item in hub.models if "base_model:Qwen/base" in item["tags"]]
    assert set(rows.filter(pl.col("account").is_in(KNOWN))["model_id"]) == own
    assert rows.height == standing.rows == len(own) + len(children)
    assert len(hub.requests) == 3 + 1
    assert not [path for path in hub.requests if "person" in path]
    text = str(rows.to_dicts())
    assert "person-" not in text


def test_a_finished_day_is_not_read_again_and_changes_no_byte(hub, look, store):
    look()
    before, asked = _bytes(store), len(hub.requests)
    assert look().fresh
    assert (_bytes(store), len(hub.requests)) == (before, asked)


def test_the_same_answers_give_the_same_bytes(hub, look, store, tmp_path_factory):
    look()
    other = UPath(tmp_path_factory.mktemp("other"))
    settings = HubSettings(HF_ENDPOINT=hub.endpoint, scope="whole")
    hashed = lambda text: hashlib.sha256(text.encode()).hexdigest()  # noqa: E731
    refresh(other, settings, today=TODAY, known=KNOWN, hashed=hashed, tell=lambda _: None)
    assert _bytes(other) == _bytes(store)


@pytest.mark.parametrize(
    "fault",
    [page_of_html, refused(401), refused(503), error_as_success, cut_body, short_length, damaged_item("likes", "x")],
)
def test_a_source_that_fails_keeps_the_last_good_data_and_says_why(hub, look, store, fault):
    look()
    before = _bytes(store)
    hub.models, hub.always = _counted(hub.models), fault
    standing = look(day=TODAY + timedelta(days=1))
    assert (standing.fresh, standing.day, standing.rows) == (False, TODAY, 2300)
    assert standing.reason
    assert standing == standing_of(store, "hub_whole")
    assert _bytes(store) == before
    hub.always = None
    assert look(day=TODAY + timedelta(days=1)).fresh
    assert sorted(_keys(store)) == sorted(item["_id"] for item in hub.models)


def test_a_source_that_never_answered_has_no_rows_rather_than_zeros(hub, look, store):
    hub.always = page_of_html
    standing = look()
    assert (standing.fresh, standing.day) == (False, None)
    assert "page of HTML" in standing.reason
    assert observation(store, "hub_whole") is None
    assert kept_counters(store, "hub_whole").is_empty()


def test_a_run_goes_on_where_the_one_before_stopped(hub, look, store):
    hub.page_size = 100
    hub.faults = {7: refused(403)}
    assert "403" in look().reason
    standing = look()
    assert standing.fresh
    assert sorted(_keys(store)) == sorted(item["_id"] for item in hub.models)
    assert len(hub.requests) == 23 + 1
    assert not (store / "hub" / "hub_whole" / "crawl").exists()


def test_models_that_come_go_and_move_meanwhile_disturb_no_other(hub, look, store):
    hub.page_size = 100
    hub.faults = {7: refused(403)}
    look()
    hub.models = [model(9000 + number, "late", createdAt="2026-11-25T00:00:00.000Z") for number in range(50)] + [
        item | {"downloads": 10**6} for item in hub.models[::-1]
    ]
    assert look().fresh
    assert sorted(_keys(store)) == sorted(item["_id"] for item in _world())


def test_a_crawl_that_is_too_old_or_of_other_settings_is_begun_anew(hub, look, store):
    hub.page_size = 100
    hub.faults = {5: refused(403)}
    look()
    assert look(day=TODAY + timedelta(days=2)).day == TODAY + timedelta(days=2)
    assert len(hub.requests) == 6 + 23
    hub.faults = {29 + 5: refused(403)}
    look(scope="accounts", bases=2)
    look(scope="accounts", bases=1)
    assert observation(store, "hub_accounts").rows.height == 1150 + sum(
        "base_model:Qwen/base" in item["tags"] for item in hub.models
    )


def test_a_crawl_that_began_before_midnight_is_finished_as_that_days(hub, look):
    hub.page_size = 100
    hub.faults = {5: refused(403)}
    look()
    assert look(day=TODAY + timedelta(days=1)).day == TODAY
    assert len(hub.requests) == 23 + 1


def test_a_run_killed_before_it_tidied_up_does_not_take_yesterdays_crawl_for_todays(hub, look, monkeypatch):
    monkeypatch.setattr(crawl, "forget", lambda _: None)
    look()
    monkeypatch.undo()
    hub.models = _counted(hub.models)
    assert look(day=TODAY + timedelta(days=1)).day == TODAY + timedelta(days=1)


@pytest.mark.parametrize("spoil", [lambda models: models[:2000], lambda models: models], ids=["cut", "frozen"])
def test_a_listing_that_is_not_believed_leaves_the_last_in_force_and_is_read_anew(hub, look, store, spoil):
    look()
    whole, hub.models = hub.models, spoil(hub.models)
    assert not look(day=TODAY + timedelta(days=1)).fresh
    assert observation(store, "hub_whole").day == TODAY
    hub.models = _counted(whole)
    assert look(day=TODAY + timedelta(days=1)).fresh


def test_counters_are_kept_once_a_month_and_falls_are_noted(hub, look, store):
    look()
    hub.models = _counted(hub.models, 7)
    look(day=date(2026, 11, 30))
    # The first counter would fall below zero, which no counter can: it is unknown, not corrected.
    hub.models = _counted(hub.models[:11], -60) + _counted(hub.models[11:], 7)
    standing = look(day=date(2026, 12, 1))
    assert (standing.corrections, standing.corrected) == (10, -600)
    kept = kept_counters(store, "hub_whole")
    assert kept["observed_on"].unique().sort().to_list() == [date(2026, 11, 30), date(2026, 12, 1)]
    fell = pl.read_parquet(Path(store.path) / "hub/hub_whole/corrections/2026-12-01.parquet")
    assert set(fell["correction"]) == {-60}


def test_a_second_run_at_once_says_so(hub, look, store):
    with alone(store / "hub" / "hub_whole", "the Hub"):
        standing = look()
    assert "Another run is reading the Hub" in standing.reason
    assert hub.requests == []


def test_damaged_files_are_named(look, store):
    look()
    path = store / "hub" / "hub_whole" / "observation.parquet"
    path.write_bytes(b"PAR1 and nonsense")
    assert f"{path}: the file is damaged" in look().reason


def test_pages_that_lead_in_a_circle_are_left(hub, look):
    hub.page_size = 100

    def to_the_third(handler):
        _, following = handler.listing()
        handler.reply(200, b"[]", {"Link": f'<{hub.endpoint}{hub.requests[3]}>; rel="next"'} if following else {})

    hub.faults = {6: to_the_third}
    assert "a next page that was read before" in look().reason
    assert len(hub.requests) == 7


def test_a_bucket_serves_as_well(hub, bucket):
    settings = HubSettings(HF_ENDPOINT=hub.endpoint, scope="whole")
    assert refresh(bucket, settings, today=TODAY, known=KNOWN, hashed=lambda _: "0" * 16, tell=lambda _: None).fresh
    assert observation(bucket, "hub_whole").rows.height > 0
    assert not list(bucket.glob("hub/*/crawl/*"))


CHILD = """
import hashlib, sys
from datetime import date
from upath import UPath
from assets.ingest.hub.refresh import refresh
from assets.ingest.hub.settings import HubSettings
standing = refresh(
    UPath(sys.argv[1]), HubSettings(scope=sys.argv[2], bases=2), today=date(2026, 11, 25), known=sys.argv[3].split(","),
    hashed=lambda text: hashlib.sha256(text.encode()).hexdigest(), tell=lambda said: print(said, flush=True),
)
print("DONE" if standing.fresh else standing.reason, flush=True)
"""


def _child(store, hub, scope):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, store.path, scope, ",".join(KNOWN)],
        env=os.environ | {"HF_ENDPOINT": hub.endpoint},
        cwd=Path(__file__).parents[4],
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@pytest.mark.parametrize("scope", ["whole", "accounts"])
def test_a_run_killed_at_any_moment_loses_and_doubles_nothing(scope, hub, store, look):
    """Kill the process without warning at random moments until it has happened often enough, then let it finish."""
    look(scope=scope, bases=2)
    source = f"hub_{scope}"
    unhurt = _bytes(store)
    for path in unhurt:
        (Path(store.path) / path).unlink()
    hub.page_size, hub.requests = 10, []
    chance = random.Random(scope)  # noqa: S311
    kills = 0
    while kills < (KILLS + 1) // 2:
        child = _child(store, hub, scope)
        began = len(hub.requests)
        while child.poll() is None and len(hub.requests) == began:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            kills += 1
        said = child.communicate()[0]
        if "DONE" in said:
            break
    assert look(scope=scope, bases=2).fresh
    assert sorted(observation(store, source).rows.rows()) == sorted(
        pl.read_parquet(unhurt[f"hub/{source}/observation.parquet"]).rows()
    )
    # One page at most was asked for twice after each kill.
    assert len(hub.requests) - len(set(hub.requests)) <= kills
    assert kills >= KILLS // 2, "the world is too small to be killed so often"
