"""Histories of stars over real sockets: every week once, closed lists told from empty ones, unchanged ones for free."""

import polars as pl
import pytest
from upath import UPath

from assets.ingest.github import stars
from assets.ingest.github.reads import Target
from assets.ingest.web.client import Client
from assets.ingest.web.errors import FetchError
from assets.ingest.web.manners import Manners
from assets.schemas import validate
from assets.schemas.tracked import StarHistory
from tests.standins.github import DMCA, TERMS, TOKEN, GitHub, World
from tests.standins.web import Cut, Status, WrongLength

NAMES = ["one/first", "two/second", "three/third"]


@pytest.fixture
def github():
    made = GitHub(World(names=NAMES, forks=30, commits=0))
    with made.serve() as server:
        made.server = server
        yield made


@pytest.fixture
def folder(tmp_path):
    return UPath(tmp_path / "github")


def _targets(github):
    return [
        Target(repository=name, current_name=name, database_id=github.world.repositories[name]["databaseId"], open=True)
        for name in NAMES
    ]


def _read(github, folder, *, attempts=3):
    headers = {"Authorization": f"bearer {TOKEN}"}
    manners = Manners(attempts=attempts, backoff=0.001, patience=1, run_patience=2)
    with Client("GitHub", manners=manners, headers=headers, secrets=[TOKEN]) as client:
        return stars.read_all(client, github.server.url, folder, _targets(github), lambda _: None)


def _table(github, folder):
    return validate(stars.star_history(folder, _targets(github)), StarHistory, where="ingest/star_history")


def _sums(github, folder):
    return dict(_table(github, folder).group_by("repository").agg(pl.col("stars").sum()).iter_rows())


def _truth(github):
    return {name: github.world.repositories[name]["stars"] for name in NAMES}


def test_every_week_arrives_once(github, folder):
    assert _read(github, folder) == {"open": 3, "restricted": 0, "refused": 0}
    assert _table(github, folder).height == 3 * 70
    assert _sums(github, folder) == _truth(github)
    assert _table(github, folder)["week"].dt.weekday().unique().to_list() == [7]
    assert len(github.server.requests) == 3 * 3


def test_what_has_not_changed_costs_one_conditional_request(github, folder):
    _read(github, folder)
    files = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    github.server.requests.clear()
    _read(github, folder)
    assert len(github.server.requests) == 3
    assert all("if-none-match" in asked.headers for asked in github.server.requests)
    assert {path: path.read_bytes() for path in folder.rglob("*.parquet")} == files


def test_new_stars_are_read_without_the_whole_history(github, folder):
    _read(github, folder)
    github.world.repositories[NAMES[0]]["stars"] += 1
    github.server.requests.clear()
    _read(github, folder)
    assert len(github.server.requests) == 3
    assert _sums(github, folder) == _truth(github)


def test_a_closed_history_is_not_one_of_no_stars(github, folder):
    github.world.repositories[NAMES[1]]["restricted"] = True
    assert _read(github, folder) == {"open": 2, "restricted": 1, "refused": 0}
    assert NAMES[1] not in set(_table(github, folder)["repository"])


def test_a_history_that_was_closed_later_keeps_its_weeks(github, folder):
    _read(github, folder)
    github.world.repositories[NAMES[1]]["restricted"] = True
    before = _table(github, folder)
    assert _read(github, folder)["open"] == 3
    assert _table(github, folder).equals(before)


@pytest.mark.parametrize("fault", [DMCA, TERMS, Status(404), Status(410)])
def test_one_that_is_gone_or_blocked_says_nothing_of_the_others(github, folder, fault):
    github.server.fault_for = lambda asked: fault if NAMES[0] in asked.path else None
    assert _read(github, folder) == {"open": 2, "restricted": 0, "refused": 1}
    assert set(_table(github, folder)["repository"]) == set(NAMES[1:])


@pytest.mark.parametrize("fault", [Status(502, b"<html>", content_type="text/html"), Cut(30), WrongLength(10)])
def test_a_passing_fault_costs_no_week(github, folder, fault):
    github.server.script(fault)
    _read(github, folder)
    assert _sums(github, folder) == _truth(github)


@pytest.mark.parametrize("body", [b"{}", b'[{"week": "soon"}]', b'[{"week": 0, "total": -1}]', b"[1]"])
def test_what_is_no_history_is_refused(github, folder, body):
    github.server.script(Status(200, body))
    with pytest.raises(FetchError, match=r"no history of stars|fewer than no stars"):
        _read(github, folder)
    assert _table(github, folder).is_empty()


def test_a_limit_keeps_what_was_read_and_the_next_run_goes_on(github, folder):
    spent = Status(403, headers={"X-RateLimit-Remaining": "0", "Retry-After": "3600"})
    github.server.fault_for = lambda asked: spent if NAMES[2] in asked.path else None
    with pytest.raises(FetchError):
        _read(github, folder)
    assert set(_table(github, folder)["repository"]) == set(NAMES[:2])
    github.server.fault_for = None
    _read(github, folder)
    assert _sums(github, folder) == _truth(github)


def test_a_damaged_file_is_read_anew(github, folder):
    _read(github, folder)
    next(folder.rglob("*.parquet")).write_bytes(b"PAR1 half")
    _read(github, folder)
    assert _sums(github, folder) == _truth(github)


def test_without_a_repository_the_table_is_empty(folder):
    assert stars.star_history(folder, []).is_empty()


def test_the_address_is_settable():
    assert stars.address({}) == stars.URL
    assert stars.address({stars.URL_VARIABLE: "http://127.0.0.1:1/"}) == "http://127.0.0.1:1"
