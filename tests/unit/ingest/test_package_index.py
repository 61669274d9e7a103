"""Package downloads by country against a stand-in ClickHouse: every row once, or kept and marked with the reason."""

import hashlib
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from assets.ingest.package_index import refresh as package_index
from assets.ingest.package_index.clickhouse import (
    MIRRORS,
    PACKAGE_MANAGERS,
    ClickHouseSettings,
    PackageTables,
    Span,
    TooLargeError,
    array,
)
from assets.ingest.package_index.plan import Edition, editions, months_back, window
from assets.ingest.web.client import Client
from assets.ingest.web.errors import FetchError
from assets.ingest.web.manners import Manners
from assets.schemas import validate
from assets.schemas.ingest import PackageDownloads
from tests.standins.clickhouse import COUNTRIES, ClickHouse, after_rows, exception
from tests.standins.web import HTML, Cut, Drip, Silence, Status, WrongLength

TODAY = date(2026, 11, 11)
NEWEST = date(2026, 11, 10)
KNOWN = [code for code in COUNTRIES if len(code) == 2 and code != "XX"]
PACKAGES = ["qwen-agent", "llama-stack", "vllm"]
MONTHS = 3
PATIENT = Manners(attempts=3, patience=5, backoff=0.001)
HURRIED = Manners(read=0.2, total=0.4, attempts=6, patience=5, backoff=0.001)
"""For servers that make people wait; elsewhere a busy machine would look like one."""


@pytest.fixture
def server():
    with ClickHouse(oldest=date(2026, 1, 1), newest=NEWEST) as stand_in:
        yield stand_in


@pytest.fixture
def store(tmp_path):
    return UPath(tmp_path / "store")


def _refresh(server, store, *, today=TODAY, packages=PACKAGES, fault=None, told=None, **settings):
    values = ClickHouseSettings(url=server.url, **settings)
    manners = HURRIED if isinstance(fault, Silence | Drip) else PATIENT
    with Client("tables", manners=manners, secrets=["right"], sleep=lambda _: None) as client:
        return package_index.refresh(
            PackageTables(client, values),
            store,
            packages=packages,
            known_countries=KNOWN,
            today=today,
            months=MONTHS,
            tell=(told if told is not None else []).append,
        )


def _expected(server, packages=PACKAGES):
    """The table as it must be, computed without any of the code that is tested."""
    rows = {}
    for month in (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)):
        until = min((month + timedelta(days=32)).replace(day=1), server.newest + timedelta(days=1))
        for package in packages:
            cells = server.cells(package, month, until, PACKAGE_MANAGERS, MIRRORS)
            for (country, kind), count in cells.items():
                key = (package, country if country in KNOWN else "ZZ", month, kind)
                rows[key] = rows.get(key, 0) + count
    return rows


def _counts(frame):
    validate(frame, PackageDownloads, where="test")
    return {row[:4]: row[4] for row in frame.select(*PackageDownloads.primary_key(), "downloads").rows()}


def test_every_count_arrives_once(server, store):
    frame, standing = _refresh(server, store)
    assert _counts(frame) == _expected(server)
    assert standing.fresh
    assert standing.observed_on == "2026-11-10"
    assert frame.filter(month=date(2026, 11, 1))["through"].unique().to_list() == [NEWEST]


def test_the_budget_of_requests(server, store):
    _refresh(server, store)
    assert len(server.requests) == 1 + MONTHS * len(PACKAGES)
    server.requests.clear()
    _refresh(server, store)
    assert len(server.requests) == 1
    server.requests.clear()
    server.newest += timedelta(days=1)
    _refresh(server, store, today=TODAY + timedelta(days=1))
    # September is final; October may still gain days until the 14th, November grows.
    assert len(server.requests) == 1 + 2 * len(PACKAGES)


def test_requests_are_what_the_source_expects(server, store):
    _refresh(server, store)
    asked = server.requests[-1]
    assert (asked.method, asked.path) == ("POST", "/")
    assert asked.params["user"] == "demo"
    assert asked.params["param_managers"].startswith("['pip',")
    assert asked.headers["user-agent"].startswith("adoption-atlas/")
    # A reader without rights may change no setting: any other name would be taken for one.
    assert {name for name in asked.params if not name.startswith("param_")} == {"user", "default_format"}


def test_a_password_goes_into_a_header_and_nowhere_else(server, store):
    _refresh(server, store, user="me", password="right")  # noqa: S106
    asked = server.requests[-1]
    assert (asked.headers["x-clickhouse-user"], asked.headers["x-clickhouse-key"]) == ("me", "right")
    assert "user" not in asked.params


FAULTS = {
    "429": Status(429, headers={"Retry-After": "1"}),
    "503": Status(503),
    "page": HTML,
    "drip": Drip(every=0.01),
    "silence": Silence(0.4),
    "cut": Cut(100),
    "wrong length": WrongLength(7),
    "short length": WrongLength(-7),
    "too many at once": exception(202, "Too many simultaneous queries"),
    "timeout": exception(159, "Timeout exceeded: elapsed 60 seconds"),
    "too slow": exception(160, "Estimated query execution time is too long"),
    "exception after the first rows": after_rows(241, "Memory limit exceeded"),
    "rows that are not as many as said": Status(200, b'{"data": [], "rows": 4}'),
    "no result": Status(200, b"[]"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("place", [0, 1, 5])
def test_a_passing_fault_costs_no_row_and_doubles_none(server, store, fault, place):
    server.script(*[None] * place, fault)
    frame, standing = _refresh(server, store, fault=fault)
    assert standing.fresh
    assert _counts(frame) == _expected(server)


LASTING = FAULTS | {
    "quota": exception(201, "Quota for user `demo` for 3600s has been exceeded", status=403),
    "wrong password": exception(516, "Authentication failed", status=403),
    "table is gone": exception(60, "Table pypi.x does not exist", status=404),
    "not found": Status(404),
}


@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING.keys())
@pytest.mark.parametrize("place", [0, 1, 4])
def test_a_lasting_fault_keeps_yesterdays_rows_and_says_why(server, store, fault, place):
    before, _ = _refresh(server, store)
    expected = _expected(server)
    server.newest += timedelta(days=1)
    server.requests.clear()
    server.fault_for = lambda _: fault if len(server.requests) > place else None
    frame, standing = _refresh(server, store, today=TODAY + timedelta(days=1), fault=fault)
    assert standing.reason.startswith("tables: http://127.0.0.1")
    if place < 4:
        assert frame.equals(before)
    # November came whole before the fault: it is newer, and the months before are as they were.
    server.newest = NEWEST
    kept = {key: count for key, count in _counts(frame).items() if place < 4 or key[2] < date(2026, 11, 1)}
    assert kept == {key: count for key, count in expected.items() if place < 4 or key[2] < date(2026, 11, 1)}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (exception(201, "Quota exceeded"), "run again in an hour"),
        (exception(516, "Authentication failed"), "check ATLAS_CLICKHOUSE_USER"),
        (exception(47, "Unknown identifier"), "this version of the atlas must be updated"),
        (exception(159, "Timeout exceeded"), "code 159: Timeout exceeded"),
    ],
)
def test_error_codes_are_told_apart(server, store, fault, said):
    server.fault_for = lambda _: fault
    frame, standing = _refresh(server, store)
    assert frame.is_empty()
    assert said in standing.reason
    assert len(server.requests) == (3 if "159" in said else 1)


def test_a_source_that_was_never_reached_leaves_an_empty_table(store):
    with ClickHouse(oldest=NEWEST, newest=NEWEST) as gone:
        pass
    frame, standing = _refresh(gone, store)
    assert frame.is_empty()
    assert standing.observed_on == ""
    assert "check the network" in standing.reason


def test_an_answer_cut_without_an_error_is_asked_for_in_halves(server, store):
    server.cap = 34
    server.countries = [f"{a}{b}" for a in "ABCDEFGH" for b in "KL"]
    frame, standing = _refresh(server, store, packages=["vllm"])
    # A single day has more cells than the cap: what is never whole is never kept.
    spans = [
        (asked.params["param_since"], asked.params["param_until"])
        for asked in server.requests
        if "param_project" in asked.params
    ]
    assert spans[:4] == [
        ("2026-11-01", "2026-11-11"),
        ("2026-11-01", "2026-11-06"),
        ("2026-11-01", "2026-11-03"),
        ("2026-11-01", "2026-11-02"),
    ]
    assert frame.is_empty()
    assert "the answer was cut" in standing.reason


def test_days_that_were_cut_without_an_error_are_asked_for_in_halves(server, store):
    server.cap = 40
    frame, standing = _refresh(server, store)
    assert len(server.requests) == 3 + MONTHS * len(PACKAGES)
    assert _counts(frame) == _expected(server)
    assert standing.fresh


def test_halves_add_up_to_the_whole(server):
    whole = Span(since=date(2026, 10, 1), until=date(2026, 11, 1))
    refused = []

    def fault(asked):
        days = date.fromisoformat(asked.params["param_until"]) - date.fromisoformat(asked.params["param_since"])
        if days.days > 9:
            refused.append(days.days)
            return exception(307, "Limit for rows or bytes to read exceeded")
        return None

    with Client("tables", manners=PATIENT) as client:
        tables = PackageTables(client, ClickHouseSettings(url=server.url))
        at_once = tables.downloads("vllm", whole)
        server.fault_for = fault
        assert tables.downloads("vllm", whole).equals(at_once)
    assert refused == [31, 15, 16]


def test_a_day_that_is_cut_is_an_error(server):
    server.cap = 5
    with Client("tables", manners=PATIENT) as client:
        tables = PackageTables(client, ClickHouseSettings(url=server.url))
        with pytest.raises(TooLargeError, match=r"5 rows came of \d+; the answer was cut"):
            tables.downloads("vllm", Span(since=NEWEST, until=TODAY))


def test_an_answer_near_the_cap_is_not_trusted(server):
    server.countries = [f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKL"]
    with Client("tables", manners=PATIENT) as client, pytest.raises(TooLargeError):
        PackageTables(client, ClickHouseSettings(url=server.url)).downloads("vllm", Span(since=NEWEST, until=TODAY))


def test_a_stalled_source_is_stale_and_its_days_are_unknown(server, store):
    server.newest = date(2026, 10, 20)
    server.lost = {date(2026, 9, 3), date(2026, 9, 4)}
    frame, standing = _refresh(server, store)
    assert standing.reason == "the source has stalled: its newest day is 2026-10-20"
    assert set(frame["month"]) == {date(2026, 9, 1), date(2026, 10, 1)}
    days = dict(frame.select("month", "days").unique().rows())
    assert days == {date(2026, 9, 1): 28, date(2026, 10, 1): 20}
    assert standing.lost_days == 2


def test_days_that_were_filled_in_later_are_read(server, store):
    server.lost = {date(2026, 9, 3)}
    _refresh(server, store)
    server.lost.clear()
    frame, standing = _refresh(server, store)
    assert _counts(frame) == _expected(server)
    assert standing.lost_days == 0


def test_a_source_without_any_day_changes_nothing(server, store):
    before, _ = _refresh(server, store)
    server.newest = date(2025, 1, 1)
    frame, standing = _refresh(server, store)
    assert frame.equals(before)
    assert "holds no day" in standing.reason


def test_a_month_of_which_a_package_is_missing_is_unknown_as_a_whole(server, store):
    server.fault_for = lambda _: exception(201, "Quota") if len(server.requests) > 5 else None
    frame, standing = _refresh(server, store)
    assert set(frame["month"]) == {date(2026, 11, 1)}
    assert "201" in standing.reason


def test_a_new_package_is_fetched_alone(server, store):
    _refresh(server, store)
    server.requests.clear()
    frame, _ = _refresh(server, store, packages=[*PACKAGES, "mineru"])
    assert set(server.asked_of()) == {"mineru"}
    assert _counts(frame) == _expected(server, packages=[*PACKAGES, "mineru"])


def test_damaged_parts_are_fetched_again(server, store):
    _refresh(server, store)
    parts = sorted(Path(str(store)).rglob("*.parquet"))
    parts[0].write_bytes(parts[0].read_bytes()[:-20])
    parts[1].write_bytes(b"")
    server.requests.clear()
    frame, _ = _refresh(server, store)
    assert len(server.requests) == 3
    assert _counts(frame) == _expected(server)


def _digests(store):
    files = [path for path in sorted(Path(str(store)).rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_second_run_changes_no_byte(server, store):
    _refresh(server, store)
    before = _digests(store)
    _refresh(server, store)
    assert _digests(store) == before


def test_a_bucket_serves_as_well(server, bucket):
    _refresh(server, bucket)
    count = len(list(bucket.rglob("*.parquet")))
    server.newest += timedelta(days=1)
    frame, standing = _refresh(server, bucket, today=TODAY + timedelta(days=1))
    assert standing.fresh
    assert _counts(frame) == _expected(server)
    # Older editions are gone.
    assert len(list(bucket.rglob("*.parquet"))) == count


def test_older_editions_go_when_the_newer_is_whole(server, store):
    _refresh(server, store)
    count = len(list(Path(str(store)).rglob("*.parquet")))
    server.newest += timedelta(days=1)
    _refresh(server, store, today=TODAY + timedelta(days=1))
    assert len(list(Path(str(store)).rglob("*.parquet"))) == count


def test_progress_is_told(server, store):
    told = []
    _refresh(server, store, told=told)
    assert told[-1].startswith("Package downloads: 9 of 9 package-months")


KILLED = """
import sys
from datetime import date
from upath import UPath
from tests.unit.ingest.test_package_index import _refresh
class Server: url = sys.argv[1]
_refresh(Server, UPath(sys.argv[2]))
"""


def test_a_killed_run_is_resumed_without_a_lost_or_doubled_row(server, store):
    """Killed at 25 points of the ingest; each time at most one package-month is asked for again."""
    expected = _expected(server)
    fresh = 1 + MONTHS * len(PACKAGES)
    for kill_at in range(25):
        place = store / str(kill_at)
        server.requests.clear()
        # The server stays silent at one request: the process is then in the middle of it.
        silent_at = kill_at % fresh
        server.fault_for = lambda _, at=silent_at: Silence(5) if len(server.requests) == at + 1 else None
        process = subprocess.Popen([sys.executable, "-c", KILLED, server.url, str(place)])
        while len(server.requests) <= silent_at and process.poll() is None:
            time.sleep(0.002)
        time.sleep(0.004 * (kill_at // fresh))
        process.kill()
        process.wait()
        server.fault_for = None
        done = len(server.asked_of())
        frame, _ = _refresh(server, place)
        assert _counts(frame) == expected, kill_at
        again = len(server.asked_of()) - MONTHS * len(PACKAGES)
        assert again <= 1, (kill_at, done)
        assert not list(Path(str(place)).rglob("*.tmp")), kill_at


def test_arrays_are_quoted():
    assert array(["a", "b'c\\"]) == "['a','b\\'c\\\\']"


def test_settings_refuse_what_would_be_cut():
    with pytest.raises(ValueError, match="less than or equal to 24"):
        ClickHouseSettings(months=25)


def test_months_and_editions():
    assert months_back(date(2026, 2, 3), 3) == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert window(TODAY, 2) == Span(since=date(2026, 10, 1), until=TODAY)
    held = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 14)]
    assert editions(held) == [
        Edition(month=date(2026, 9, 1), through=date(2026, 10, 14), days=1),
        Edition(month=date(2026, 10, 1), through=date(2026, 10, 14), days=2),
    ]
    assert [edition.final for edition in editions(held)] == [True, False]
    assert editions([]) == []
    assert Edition.named(date(2026, 9, 1), "2026-10-14-01") == editions(held)[0]
    assert Edition.named(date(2026, 9, 1), "lost+found") is None


def test_a_table_of_nothing_meets_its_declaration():
    frame = package_index.table_of([], KNOWN)
    assert isinstance(validate(frame, PackageDownloads, where="test"), pl.DataFrame)


def test_fetch_errors_are_all_that_is_survived(server, store, monkeypatch):
    monkeypatch.setattr(PackageTables, "days", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _refresh(server, store)
    assert not issubclass(ZeroDivisionError, FetchError)
