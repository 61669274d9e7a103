"""Published snapshots: what stands in for a Hub that cannot be listed, and when nothing does."""

import hashlib
import io
from datetime import date

import polars as pl
import pytest
from upath import UPath

from assets.ingest.hub.published import STATS, WEEKLY
from assets.ingest.hub.refresh import observation, refresh
from assets.ingest.hub.settings import HubSettings
from tests.standins.hub import StandInHub, derived, model, page_of_html, refused

TODAY = date(2026, 11, 25)
TOKEN = "hf_" + "secret" * 5
MODELS = [model(1, "Qwen"), derived(2, "jane-doe", "Qwen/model-1", "merge")]


def _snapshot(models, drop=()):
    frame = pl.DataFrame(
        {
            "_id": [item["_id"] for item in models],
            "id": [item["id"] for item in models],
            "cardData": ['{"attack": "<script>"}'] * len(models),
            "createdAt": [item["createdAt"] for item in models],
            "downloads": [item["downloads"] for item in models],
            "downloadsAllTime": [item["downloadsAllTime"] for item in models],
            "likes": [item["likes"] for item in models],
            "tags": [item["tags"] for item in models],
            "baseModels": [item.get("baseModels") for item in models],
            "safetensors": [{"parameters": {"BF16": 7, "F32": None}, "total": 7}] * len(models),
        }
    ).with_columns(pl.col("createdAt").str.to_datetime(time_zone="UTC"))
    buffer = io.BytesIO()
    frame.drop(drop).write_parquet(buffer)
    return buffer.getvalue()


@pytest.fixture
def hub():
    with StandInHub([]) as served:
        served.always = page_of_html
        yield served


@pytest.fixture
def store(tmp_path):
    return UPath(tmp_path)


@pytest.fixture
def look(hub, store):
    def run(**settings):
        usual = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN, "scope": "whole"}
        return refresh(
            store,
            HubSettings(**usual | settings),
            today=TODAY,
            known=("Qwen",),
            hashed=lambda text: hashlib.sha256(text.encode()).hexdigest(),
            tell=lambda _: None,
            sleep=lambda _: None,
        )

    return run


def test_the_newest_snapshot_stands_in_and_the_source_stays_stale(hub, look, store):
    hub.datasets[STATS] = ("2026-11-24", {"models.parquet": _snapshot(MODELS)})
    standing = look()
    assert (standing.fresh, standing.day, standing.rows) == (False, date(2026, 11, 24), 2)
    assert "page of HTML" in standing.reason
    assert f"In its place stands {STATS}, models.parquet at 555555555555." in standing.reason
    rows = observation(store, "hub_whole").rows
    first = rows.filter(pl.col("model_id") == "Qwen/model-1").row(0, named=True)
    assert (first["downloads_all_time"], first["licence"], first["parameters"]) == (100, "apache-2.0", 7)
    assert first["created_on"] == date(2024, 2, 2)
    assert rows["parents"].list.len().sum() == 1
    assert "jane" not in rows.write_json()
    assert hub.downloads == []


def test_the_weekly_snapshot_comes_next_with_the_columns_it_has(hub, look, store):
    hub.datasets[WEEKLY] = (
        "2026-11-20",
        {
            "models/2024-07-24/models.parquet": b"old",
            "models/2026-11-18/models.parquet": _snapshot(MODELS, ["downloadsAllTime", "baseModels", "safetensors"]),
        },
    )
    assert look().day == date(2026, 11, 18)
    rows = observation(store, "hub_whole").rows
    assert rows["downloads_all_time"].null_count() == 2
    # Tags tell the lineage too.
    assert rows["parents"].list.len().sum() == 1


@pytest.mark.parametrize(
    ("datasets", "said"),
    [
        ({}, "stats failed (RepositoryNotFoundError); weekly failed (RepositoryNotFoundError)"),
        ({STATS: ("2026-11-26", {})}, f"{STATS} is of 2026-11-26"),
        ({STATS: ("2026-11-24", {})}, "stats failed (RemoteEntryNotFoundError)"),
        ({STATS: ("2026-11-24", {"models.parquet": b"<html>"})}, "stats failed (ComputeError)"),
        ({STATS: ("2026-11-24", {"models.parquet": _snapshot(MODELS, ["id"])})}, "stats failed (PageError)"),
        ({WEEKLY: ("2026-11-24", {})}, "weekly failed (ValueError)"),
    ],
)
def test_where_none_can_be_read_the_last_data_stay_with_all_reasons(hub, look, store, datasets, said):
    hub.datasets = datasets
    standing = look()
    assert not standing.fresh
    assert "page of HTML" in standing.reason
    assert said in standing.reason
    assert TOKEN not in standing.reason
    assert observation(store, "hub_whole") is None


def test_a_file_that_is_to_be_had_in_hours_is_not_waited_for(hub, look, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    hub.datasets[STATS] = ("2026-11-24", {"models.parquet": _snapshot(MODELS)})
    hub.file_fault = refused(429, {"Retry-After": "10800"})
    assert "stats failed" in look().reason
    assert sum(waits) < 60


def test_a_file_that_is_cut_short_is_not_taken(hub, look, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    content = _snapshot(MODELS)
    hub.datasets[STATS] = ("2026-11-24", {"models.parquet": content})

    def cut(handler):
        handler.start(200, len(content), {"ETag": '"x"', "X-Repo-Commit": "5" * 40})
        if handler.command == "GET":
            handler.wfile.write(content[: len(content) // 2])
            handler.close_connection = True

    hub.file_fault = cut
    assert look().day is None


def test_one_of_today_is_yesterdays_and_the_hub_is_asked_again(hub, look):
    hub.datasets[STATS] = ("2026-11-25", {"models.parquet": _snapshot(MODELS)})
    assert look().day == date(2026, 11, 24)
    hub.always, hub.models = None, [item | {"downloadsAllTime": 9_000} for item in MODELS]
    standing = look()
    assert (standing.fresh, standing.day) == (True, TODAY)


def test_a_snapshot_that_is_no_newer_is_not_taken(hub, look):
    hub.datasets[STATS] = ("2026-11-24", {"models.parquet": _snapshot(MODELS)})
    look()
    assert f"{STATS} is of 2026-11-24" in look().reason


@pytest.mark.parametrize("settings", [{"scope": "accounts"}, {"published": False}])
def test_it_is_for_the_whole_hub_alone_and_can_be_switched_off(hub, look, settings):
    hub.datasets[STATS] = ("2026-11-24", {"models.parquet": _snapshot(MODELS)})
    assert look(**settings).day is None
