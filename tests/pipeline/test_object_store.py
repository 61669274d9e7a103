"""Tables in an object store, over a real socket: the same tables as in a folder, whatever interrupts a write."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from assets import declare
from pipelines.execution import run
from pipelines.settings import Settings
from pipelines.storage import StoreError, read_table
from tests.standins.object_store import serving

PROJECT = Path(__file__).parents[2]
LAYER = ("attribute/publishers", "attribute/regions", "ingest/denominators", "ingest/survey_use")
PATIENCE = 120


@pytest.fixture(scope="module")
def bucket():
    with serving() as store:
        yield store


def _settings(root, data):
    return Settings(mode="snapshot", data=data, output=root / "build", DAGSTER_HOME=root / "dagster")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same tables in a folder."""
    root = tmp_path_factory.mktemp("folder")
    assert run(_settings(root, str(root / "data")), only=LAYER, tell=lambda _: None).problems == []
    store = root / "data" / "snapshot"
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in store.rglob("*.parquet")}


def _tables(bucket, place):
    return {key.removeprefix(f"{place}/snapshot/"): value for key, value in bucket.objects(place).items()}


def test_a_killed_build_leaves_whole_tables_and_the_next_one_makes_the_same(bucket, folder, tmp_path):
    settings = _settings(tmp_path, "s3://atlas/killed")
    bucket.hold("ingest/survey_use.parquet")
    build = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "build", *(f"--only={part}" for part in LAYER)],
        cwd=PROJECT,
        env=os.environ | settings.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert bucket.reached.wait(PATIENCE)
    finally:
        build.send_signal(signal.SIGKILL)
        build.wait()
    bucket.release()
    left = _tables(bucket, "killed")
    assert "ingest/survey_use.parquet" not in left
    made = {name: content for name, content in left.items() if name.endswith(".parquet")}
    assert made
    assert all(folder[name] == content for name, content in made.items())
    assert run(settings, only=LAYER, tell=lambda _: None).problems == []
    again = _tables(bucket, "killed")
    assert again.pop("STORE.json")
    assert again == folder


def test_a_table_that_is_being_replaced_is_read_as_it_was(bucket, folder, tmp_path, monkeypatch):
    data, asset = "s3://atlas/replaced", "attribute/regions"
    settings = _settings(tmp_path, data)
    assert run(settings, only=(asset,), tell=lambda _: None).problems == []
    monkeypatch.setattr(declare, "RETRIES", 0)
    bucket.hold(f"{asset}.parquet")
    outcomes = []
    writer = Thread(target=lambda: outcomes.append(run(settings, only=(asset,), tell=lambda _: None)))
    writer.start()
    assert bucket.reached.wait(PATIENCE)
    during = read_table(UPath(f"{data}/snapshot"), asset, mode="snapshot")
    bucket.release()
    writer.join()
    assert during.equals(pl.read_parquet(folder[f"{asset}.parquet"]))
    assert [problem.asset for problem in outcomes[0].problems if problem.fatal] == [asset]
    assert _tables(bucket, "replaced")[f"{asset}.parquet"] == folder[f"{asset}.parquet"]


def test_a_step_is_tried_again_while_the_store_is_out_of_reach(bucket, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(declare, "FIRST_WAIT_SECONDS", 0)
    bucket.refuse(500, 500)
    settings, asset = _settings(tmp_path, "s3://atlas/slow"), "attribute/regions"
    assert run(settings, only=(asset,), tell=lambda _: None).problems == []
    assert _tables(bucket, "slow")[f"{asset}.parquet"] == folder[f"{asset}.parquet"]
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        (made,) = instance.get_runs()
        events = [entry.dagster_event_type for entry in instance.all_logs(made.run_id)]
    assert events.count(dg.DagsterEventType.STEP_UP_FOR_RETRY) == 2


@pytest.mark.usefixtures("bucket")
def test_a_table_that_is_not_there_is_said_to_be_absent():
    with pytest.raises(StoreError, match="does not exist; rebuild it with 'atlas build --only ingest/models'"):
        read_table(UPath("s3://atlas/empty/snapshot"), "ingest/models", mode="snapshot")


@pytest.mark.usefixtures("bucket")
def test_a_store_that_nobody_serves_says_so():
    with pytest.raises(OSError, match=r"models\.parquet: the store cannot be reached .*127\.0\.0\.1:9"):
        read_table(UPath("s3://atlas/snapshot", endpoint_url="http://127.0.0.1:9"), "ingest/models", mode="snapshot")
