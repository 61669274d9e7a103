"""Requests to the Hub over a real socket: every fault ends in the page, or in an error that says what to do."""

import time

import httpx2
import pytest
from huggingface_hub import HfApi

from assets.ingest.hub.requests import EXPAND, HubRequests
from assets.ingest.hub.settings import HubError, HubSettings
from tests.standins.hub import (
    StandInHub,
    cut_body,
    drip,
    drip_headers,
    error_as_success,
    hang_up,
    model,
    page_of_html,
    refused,
    short_length,
    silence,
)

TOKEN = "hf_" + "secret" * 5


@pytest.fixture
def hub():
    with StandInHub([model(number, f"maker-{number % 7}") for number in range(2500)]) as served:
        yield served


@pytest.fixture
def told():
    return []


@pytest.fixture
def slept():
    return []


@pytest.fixture
def asking(hub, told, slept):
    def ask(**settings):
        usual = {"HF_ENDPOINT": hub.endpoint, "read_seconds": 1.0, "answer_seconds": 2.5, "attempts": 6}
        return HubRequests(HubSettings(**usual | settings), tell=told.append, sleep=slept.append)

    return ask


def _all(requests, selection=None):
    answer = requests.first(selection or {})
    items = list(answer.items)
    while answer.following:
        answer = requests.following(answer.following)
        items += answer.items
    return items


def test_the_whole_listing_comes_in_as_few_requests_as_there_are_pages(hub, asking):
    with asking() as requests:
        items = _all(requests)
    assert [item["_id"] for item in items] == [
        item["_id"] for item in sorted(hub.models, key=lambda item: (item["createdAt"], item["_id"]), reverse=True)
    ]
    assert len(hub.requests) == 3
    assert hub.downloads == []


def test_the_librarys_own_listing_gives_the_same_rows(hub, asking):
    with asking() as requests:
        ours = [item["id"] for item in _all(requests)]
        api = HfApi(endpoint=hub.endpoint, token=False)
        theirs = [info.id for info in api.list_models(sort="created_at", expand=list(EXPAND))]
    assert ours == theirs


def test_the_librarys_own_listing_is_bounded_too(hub, asking, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)  # between its five retries
    hub.always = silence(20)
    with asking(read_seconds=0.2), pytest.raises(httpx2.TimeoutException):
        next(iter(HfApi(endpoint=hub.endpoint, token=False).list_models(limit=1, token=False)))


@pytest.mark.parametrize(
    "fault",
    [
        refused(429, {"Retry-After": "7"}),
        refused(429, {"RateLimit": '"api";r=0;t=6'}),
        refused(429, {"Date": "Wed, 25 Nov 2015 10:00:00 GMT", "Retry-After": "Wed, 25 Nov 2015 10:00:07 GMT"}),
    ],
    ids=["seconds", "rate-limit", "date of a wrong clock"],
)
def test_a_request_too_many_waits_as_long_as_the_hub_asks(hub, asking, slept, fault):
    hub.faults[1] = fault
    with asking() as requests:
        assert len(_all(requests)) == 2500
    assert len(hub.requests) == 4
    assert len(slept) == 1
    assert 7 <= slept[0] <= 7.7


@pytest.mark.parametrize(
    "fault",
    [
        refused(500),
        refused(502, {}, b"<html>Bad gateway</html>"),
        refused(503, {"Retry-After": "nonsense"}),
        refused(504),
        page_of_html,
        error_as_success,
        cut_body,
        short_length,
        hang_up,
        silence(20),
        drip(20),
        drip_headers(20),
    ],
    ids=lambda fault: getattr(fault, "__qualname__", "fault").split(".")[0],
)
def test_a_passing_fault_costs_one_request_more_and_no_row(hub, asking, slept, fault):
    hub.faults[1] = fault
    began = time.monotonic()
    with asking() as requests:
        items = _all(requests)
    assert len({item["_id"] for item in items}) == len(items) == 2500
    assert len(hub.requests) == 4
    assert len(slept) == 1
    # Slow answers would take 20 s and more.
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refused(401), "refused the token (401); check HF_TOKEN"),
        (refused(403), "forbids this listing (403)"),
        (refused(404), "knows no listing of models (404); check HF_ENDPOINT"),
        (refused(418), "answered 418"),
    ],
)
def test_a_refusal_is_not_asked_again(hub, asking, fault, said):
    hub.always = fault
    with asking() as requests, pytest.raises(HubError) as error:
        requests.first({})
    assert said in str(error.value)
    assert len(hub.requests) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refused(503), "answered 503"),
        (page_of_html, "page of HTML"),
        (error_as_success, "200 with an error message"),
        (cut_body, "broke off its answer"),
        (short_length, "cut short or damaged"),
        (drip(20), "did not answer in time"),
    ],
)
def test_a_lasting_fault_ends_after_the_allowed_attempts(hub, asking, fault, said):
    hub.always = fault
    with asking(attempts=2, answer_seconds=0.4) as requests, pytest.raises(HubError) as error:
        requests.first({})
    assert said in str(error.value)
    assert "Tried 2 time(s); the next run goes on from here." in str(error.value)
    assert len(hub.requests) == 2


def test_a_hub_that_asks_for_hours_is_not_waited_for(hub, asking, slept):
    hub.always = refused(429, {"Retry-After": "10800"})
    with asking() as requests, pytest.raises(HubError, match="it asks to wait 10,800 s"):
        requests.first({})
    assert slept == []
    assert len(hub.requests) == 1


def test_a_used_up_limit_is_waited_for_before_the_next_page(hub, asking, slept):
    hub.usual_headers = {"RateLimit": '"api";r=0;t=9'}
    with asking() as requests:
        assert len(_all(requests)) == 2500
    assert slept == [10.0, 10.0]
    with asking(wait_seconds=5) as requests, pytest.raises(HubError, match="more than ATLAS_HUB_WAIT_SECONDS"):
        _all(requests)


def test_a_host_without_a_hub_is_given_up_soon(asking, slept):
    with asking(HF_ENDPOINT="http://127.0.0.1:9") as requests, pytest.raises(HubError, match="takes no connection"):
        requests.first({})
    assert sum(slept) <= 5


def test_a_machine_set_offline_is_told_so(hub, asking, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with asking() as requests, pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        requests.first({})
    assert hub.requests == []


def test_the_token_goes_to_the_endpoint_alone_and_into_no_word(hub, asking, told):
    hub.link_host = "http://original.invalid"
    hub.faults = {1: error_as_success, 2: refused(500)}
    with asking(HF_TOKEN=TOKEN, contact="atlas@example.org") as requests:
        assert len(_all(requests)) == 2500
    assert {headers["authorization"] for headers in hub.headers} == {f"Bearer {TOKEN}"}
    agent = hub.headers[0]["user-agent"]
    assert "adoption-atlas" in agent
    assert "atlas@example.org" in agent
    hub.always = error_as_success
    with asking(HF_TOKEN=TOKEN, attempts=1) as requests, pytest.raises(HubError) as error:
        requests.first({})
    shown = [str(error.value), repr(error.value.__cause__), repr(HubSettings(HF_TOKEN=TOKEN)), *told]
    assert not [text for text in shown if TOKEN in text]


def test_a_token_of_another_tool_is_not_used(hub, asking, monkeypatch, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    with asking() as requests:
        requests.first({})
    assert "authorization" not in hub.headers[0]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HF_ENDPOINT", "ftp://hub"),
        ("HF_ENDPOINT", "https://me:hunter2@hub.example"),
        ("ATLAS_HUB_SCOPE", "hunter2"),
        ("ATLAS_CONTACT", "hunter2\nX-Header: 1"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(HubError, match=variable) as error:
        HubSettings.load()
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("ATLAS_HUB_SCOPE", "whole")
    settings = HubSettings.load()
    assert (settings.endpoint, settings.source_id) == ("https://mirror.example", "hub_whole")
    assert settings.token.get_secret_value() == TOKEN
