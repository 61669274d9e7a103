"""Reference files over real sockets: fetched where they changed, refused where they are not what they were."""

import hashlib
import json
from datetime import date, timedelta

import polars as pl
import pytest
from upath import UPath

from assets.ingest import snapshot
from assets.ingest.reference.forms import FormError, innovation_graph, world_bank
from assets.ingest.reference.refresh import ReferenceSettings, denominators, folder
from assets.ingest.standing import standing_of
from assets.ingest.web.client import Client
from assets.ingest.web.manners import Manners
from assets.schemas import validate
from assets.schemas.ingest import Denominators
from tests.standins.reference import BANK, GRAPH, ReferenceFiles, economies, size_of
from tests.standins.web import Cut, Status, WrongLength

TODAY = date(2026, 11, 25)
FROZEN = snapshot.read("denominators")


@pytest.fixture
def server(monkeypatch):
    with ReferenceFiles() as stand_in:
        for name, value in stand_in.environment.items():
            monkeypatch.setenv(name, value)
        yield stand_in


@pytest.fixture
def store(tmp_path):
    return UPath(tmp_path / "store")


def _table(store, *, day=TODAY, told=None):
    manners = Manners(attempts=2, backoff=0.001, patience=1, run_patience=2)
    with Client("Reference files", manners=manners) as client:
        tell = (lambda _: None) if told is None else told.append
        frame = denominators(client, ReferenceSettings(), store, FROZEN, known=economies(), today=day, tell=tell)
    return validate(frame, Denominators, where="ingest/denominators")


def _developers(frame, quarter):
    return frame.filter((pl.col("measure") == "github_developers") & (pl.col("period") == quarter))


def test_newer_figures_stand_beside_the_embedded_ones(server, store):
    told = []
    frame = _table(store, told=told)
    newest = _developers(frame, date(2026, 1, 1))
    assert newest.height == len(economies())
    assert newest.filter(pl.col("region_id") == "NA")["value"].item() == size_of("NA") // 10
    assert "EU" not in set(frame["region_id"])
    quarter = date(2024, 1, 1)
    assert _developers(frame, quarter).equals(_developers(FROZEN.sort("measure", "region_id", "period"), quarter))
    people = frame.filter((pl.col("measure") == "population") & (pl.col("period") == date(2025, 1, 1)))
    # Taiwan has no series, and what is empty is unknown rather than zero.
    assert set(economies()) - set(people["region_id"]) == {"TW", "VE"}
    assert any("left out: 2 of aggregates" in line for line in told)
    assert any("3 of aggregates, 3 without a value" in line for line in told)
    assert len(server.requests) == 2


def test_what_has_not_changed_is_not_sent_again(server, store):
    first = _table(store)
    files = {path.name: path.read_bytes() for path in folder(store).iterdir()}
    server.requests.clear()
    assert _table(store, day=TODAY + timedelta(days=1)).equals(first)
    assert all(asked.headers["if-none-match"] for asked in server.requests)
    assert {path.name: path.read_bytes() for path in folder(store).iterdir()} == files
    assert standing_of(store, "world_bank").day == TODAY + timedelta(days=1)


@pytest.mark.usefixtures("server")
def test_a_file_whose_copy_was_damaged_is_fetched_whole(store):
    first = _table(store)
    (folder(store) / "innovation_graph").write_bytes(b"half")
    assert _table(store).equals(first)


@pytest.mark.parametrize("fault", [Status(503), Cut(100), WrongLength(50), Status(404)])
def test_a_lasting_fault_keeps_the_last_file_with_the_reason(server, store, fault):
    first = _table(store)
    server.fault_for = lambda asked: fault if asked.path == GRAPH else None
    server.quarters.append((2026, 2))
    assert _table(store, day=TODAY + timedelta(days=1)).equals(first)
    standing = standing_of(store, "innovation_graph")
    assert (standing.fresh, standing.day) == (False, TODAY)
    assert standing_of(store, "world_bank").fresh


CHANGED = {
    "a page": (GRAPH, b"<html><body>moved</body></html>", "a page for people"),
    "another table": (GRAPH, b"pushes,iso2_code,year,quarter\n1,US,2026,1\n", "lacks the column"),
    "a part": (GRAPH, b"developers,iso2_code,year,quarter\n5,US,2026,1\n", "figures of 1 economies"),
    "words": (GRAPH, b"developers,iso2_code,year,quarter\nmany,US,2026,1\n", "of another kind"),
    "one page of many": (BANK, b'[{"page": 1, "pages": 3}, []]', "one page of 3"),
    "an error": (BANK, b'[{"message": [{"id": "120"}]}]', "no answer for an indicator"),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_file_of_another_form_is_not_taken(server, store, change):
    path, content, said = change
    first = _table(store)
    server.replaced[path] = content
    assert _table(store, day=TODAY + timedelta(days=1)).equals(first)
    source = "innovation_graph" if path == GRAPH else "world_bank"
    assert said in standing_of(store, source).reason


def test_a_pinned_file_must_be_the_one_that_was_pinned(server, store, monkeypatch):
    monkeypatch.setenv("ATLAS_REFERENCE_WORLD_BANK_SHA256", hashlib.sha256(server.content(BANK)).hexdigest())
    first = _table(store)
    assert standing_of(store, "world_bank").fresh
    server.years.append(2026)
    assert _table(store).equals(first)
    assert "is pinned" in standing_of(store, "world_bank").reason


def test_without_any_file_the_embedded_figures_stand(server, store):
    server.fault_for = lambda _: Status(500)
    assert _table(store).equals(FROZEN.sort("measure", "region_id", "period"))


@pytest.mark.parametrize("value", ["-5", "inf"])
def test_impossible_figures_are_refused(value):
    lines = ["developers,iso2_code,year,quarter", *(f"7,{code},2026,1" for code in economies())]
    lines[1] = f"{value},{economies()[0]},2026,1"
    with pytest.raises(FormError, match="negative or no number"):
        innovation_graph("\n".join(lines).encode(), economies())


def test_two_figures_of_one_year_are_refused():
    items = [{"country": {"id": code}, "date": "2025", "value": 1} for code in [*economies(), "NG"]]
    with pytest.raises(FormError, match="two figures of one economy"):
        world_bank(json.dumps([{"pages": 1}, items]).encode(), economies())
