"""ModelScope over real sockets: every counter once, or yesterday's with the reason."""

import json
from datetime import date, timedelta

import polars as pl
import pytest
from upath import UPath

from assets.ingest.modelscope.listing import ModelScopeSettings
from assets.ingest.modelscope.refresh import SOURCE_ID, folder, model_download_totals, refresh
from assets.ingest.standing import standing_of
from assets.ingest.web.client import Client
from assets.ingest.web.manners import Manners
from assets.schemas import validate
from assets.schemas.ingest import ModelDownloadTotals
from tests.standins.modelscope import ModelScope
from tests.standins.web import Cut, Drip, Silence, Status, WrongLength

TODAY = date(2026, 11, 25)
ACCOUNTS = {"Qwen": 120, "ZhipuAI": 50, "iic": 0}
HTML = Status(200, b"<html>verify that you are a person</html>", content_type="text/html")
FAILED = Status(200, json.dumps({"success": False, "code": 10010, "message": "busy"}).encode())


@pytest.fixture
def server():
    with ModelScope(dict(ACCOUNTS)) as stand_in:
        yield stand_in


@pytest.fixture
def store(tmp_path):
    return UPath(tmp_path / "store")


def _read(server, store, *, day=TODAY, attempts=3, fault=None, told=None):
    # Hurried only where a server makes people wait: elsewhere a busy machine would look like one.
    waits = {"read": 0.3, "total": 1} if isinstance(fault, Silence | Drip) else {}
    manners = Manners(**waits, attempts=attempts, backoff=0.001, patience=1, run_patience=2)
    settings = ModelScopeSettings(url=server.url)
    with Client("ModelScope", manners=manners) as client:
        tell = (lambda _: None) if told is None else told.append
        return refresh(client, settings, store, accounts=list(server.accounts), today=day, tell=tell)


def _table(store):
    frame = model_download_totals(store)
    declared = ModelDownloadTotals.create_empty().schema
    return validate(frame.select(declared.names()).cast(declared), ModelDownloadTotals, where="here")


def test_every_counter_arrives_once_in_as_few_requests_as_there_are_pages(server, store):
    standing = _read(server, store)
    assert (standing.fresh, standing.day, standing.rows) == (True, TODAY, 170)
    assert len(server.requests) == 3 + 1 + 1
    table = _table(store)
    assert table.height == table["model_id"].n_unique() == 170
    assert table.filter(pl.col("model_id") == "Qwen/model-7")["downloads"].item() == 8_000
    assert set(table["definition"]) == {"all_time"}


def test_the_same_day_again_asks_nothing_and_changes_no_byte(server, store):
    _read(server, store)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    server.requests.clear()
    _read(server, store)
    assert server.requests == []
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_a_month_keeps_its_last_observation(server, store):
    for day in (date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)):
        _read(server, store, day=day)
    assert _table(store)["observed_on"].unique().sort().to_list() == [date(2026, 10, 31), date(2026, 11, 1)]


def test_a_bucket_serves_as_well(server, bucket):
    for day in (date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)):
        assert _read(server, bucket, day=day).fresh
    assert _table(bucket)["observed_on"].unique().sort().to_list() == [date(2026, 10, 31), date(2026, 11, 1)]
    # Pages of days that were read to their end are gone.
    assert {path.name for path in folder(bucket).iterdir()} == {"counters"}


def test_impossible_counters_are_unknown(server, store):
    server.counters = {"Qwen/model-0": -29, "Qwen/model-1": None, "Qwen/model-2": "many", "Qwen/model-3": 0}
    _read(server, store)
    found = dict(_table(store).select("model_id", "downloads").iter_rows())
    assert [found[f"Qwen/model-{number}"] for number in range(5)] == [None, None, None, 0, 5_000]


@pytest.mark.parametrize(
    "fault",
    [Status(429, headers={"Retry-After": "0"}), Status(503), Cut(40), WrongLength(30), HTML, FAILED, Silence(1)],
)
def test_a_passing_fault_costs_no_row_and_doubles_none(server, store, fault):
    server.script(fault)
    assert _read(server, store, attempts=5, fault=fault).fresh
    assert _table(store).height == 170


@pytest.mark.parametrize("fault", [Status(503), Cut(40), HTML, FAILED, Drip(0.2), Status(403)])
def test_a_lasting_fault_keeps_the_last_good_counters_with_the_reason(server, store, fault):
    _read(server, store, day=TODAY - timedelta(days=1))
    good = _table(store)
    server.fault_for = lambda _: fault
    standing = _read(server, store, attempts=2, fault=fault)
    assert (standing.fresh, standing.day, standing.rows) == (False, TODAY - timedelta(days=1), 170)
    assert standing.reason
    assert standing == standing_of(store, SOURCE_ID)
    assert _table(store).equals(good)


def test_a_source_that_never_answered_has_no_rows_rather_than_zeros(server, store):
    server.fault_for = lambda _: Status(500)
    assert _read(server, store, attempts=1).observed_on == ""
    assert _table(store).is_empty()


def test_a_run_goes_on_with_the_page_after_the_last(server, store):
    third = ("Qwen", "3")
    server.fault_for = lambda asked: Status(500) if _place(asked) == third else None
    assert not _read(server, store, attempts=1).fresh
    server.fault_for = None
    server.requests.clear()
    assert _read(server, store).fresh
    assert [_place(asked) for asked in server.requests] == [third, ("ZhipuAI", "1"), ("iic", "1")]
    assert _table(store).height == 170


def _place(asked):
    return asked.params["owner"], asked.params["page_number"]


def test_models_beyond_what_can_be_listed_are_counted(server, store):
    server.accounts = {"Qwen": 3_010}
    told = []
    assert _read(server, store, told=told).rows == 3_000
    assert len(server.requests) == 60
    assert any("10 models lie beyond the 3,000" in line for line in told)


def test_a_listing_that_shrinks_is_not_believed(server, store):
    _read(server, store, day=TODAY - timedelta(days=1))
    server.accounts["Qwen"] = 20
    standing = _read(server, store)
    assert (standing.fresh, standing.rows) == (False, 170)
    assert "It listed 70 models, 170 on 2026-11-24." in standing.reason
    server.accounts["Qwen"] = 120
    assert _read(server, store).fresh


def test_pages_that_hold_less_than_the_total_says_are_not_taken(server, store):
    whole = server.answer
    server.answer = lambda asked: _without_items(whole(asked), asked)
    standing = _read(server, store)
    assert not standing.fresh
    assert "50 models of Qwen came, and it says that there are 120" in standing.reason


def _without_items(answer, asked):
    body = json.loads(answer.body)
    if asked.params["page_number"] != "1":
        body["data"]["models"] = []
    return type(answer)(json.dumps(body).encode())


def test_a_filter_that_is_not_heeded_is_told(server, store):
    server.heeds_owner = False
    assert "holds models of other accounts" in _read(server, store).reason


def test_other_names_of_the_list_are_read(server, store):
    server.list_key = "Models"
    assert _read(server, store).rows == 170
    server.list_key = "things"
    assert "no list of models" in _read(server, store, day=TODAY + timedelta(days=1)).reason


def test_what_was_fetched_on_the_way_is_removed_at_the_end(server, store):
    _read(server, store)
    assert [path.name for path in folder(store).iterdir()] == ["counters"]
