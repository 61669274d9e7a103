"""Counting people: the same lines on several engines, and as one would count by hand."""

import duckdb
import polars as pl
import pytest

from assets.adoption.people import count_in_shards, count_people
from tests.unit.adoption.made_up_events import as_dictionaries, counted_by_hand, made_up
from tests.unit.adoption.people import TRACKED


@pytest.mark.parametrize("seed", range(5))
def test_polars_counts_as_by_hand(seed):
    frames = made_up(2000, seed=seed)
    found = pl.collect_all(count_people(*(frame.lazy() for frame in frames)))
    assert as_dictionaries(*found) == counted_by_hand(*frames)


def test_another_engine_counts_the_same_by_the_same_lines(tmp_path):
    frames = made_up(2000)
    connection = duckdb.connect()
    for number, frame in enumerate(frames):
        frame.write_parquet(tmp_path / f"{number}.parquet")
    found = count_people(*(connection.read_parquet(str(tmp_path / f"{number}.parquet")) for number in range(3)))
    collected = [
        pl.DataFrame(part.fetchall(), schema=part.columns, orient="row", infer_schema_length=None) for part in found
    ]
    assert as_dictionaries(*collected) == counted_by_hand(*frames)


@pytest.mark.parametrize("size", [40, 700, 5000])
def test_shards_leave_no_files_and_change_nothing(size, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    events, homes, models = made_up(2000)
    # A home of ours as table actor_places says it.
    places = homes.select(
        "actor",
        "country",
        admin1=pl.col("admin1").replace("", None),
        metro=pl.when(pl.col("metro").str.starts_with("metro:")).then("metro"),
        level=pl.when(pl.col("metro") == "").then(pl.lit("country")).otherwise(pl.lit("city")),
        evidence=pl.lit("declared"),
    )
    found = count_in_shards(events.lazy(), places, TRACKED, size=size)
    assert as_dictionaries(*found) == counted_by_hand(events, homes, models)
    assert not list(tmp_path.iterdir())
