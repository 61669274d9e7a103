"""Tables from observations: counters that fall are corrections, listings that shrink are not believed."""

from datetime import date

import polars as pl
import pytest

from assets.ingest.hub import tables
from assets.ingest.hub.pages import rows
from assets.schemas import validate
from assets.schemas.ingest import ModelDownloadTotals, ModelParents, Models
from tests.standins.hub import derived, model

DAY = date(2026, 11, 25)


def _listed(items):
    return tables.together([rows(items, lambda account: account)])


def _moved(frame, by=1):
    return frame.with_columns(pl.col("downloads_all_time") + by)


MANY = _listed([model(number, "Qwen") for number in range(1, 201)])


def test_tables_meet_their_declarations():
    listed = _listed([model(1, "Qwen"), derived(2, "a", "Qwen/model-1"), model(3, "Qwen", downloadsAllTime=None)])
    models = validate(tables.models(listed, day=DAY, source_id="hub_accounts"), Models, where="test")
    assert models["removed"].to_list() == [False] * 3
    parents = validate(tables.model_parents(listed, source_id="hub_accounts"), ModelParents, where="test")
    assert parents.rows() == [("a/model-2", "Qwen/model-1", "finetune", "hub_accounts")]
    kept = tables.counters(listed).with_columns(observed_on=pl.lit(DAY))
    totals = tables.model_download_totals(kept, source_id="hub_accounts")
    assert validate(totals, ModelDownloadTotals, where="test")["downloads"].to_list() == [100, 200]


def test_a_model_seen_twice_is_one_and_its_last_sighting_counts():
    renamed = model(1, "zai-org", name="glm", downloads=9)
    listed = tables.together(
        [rows([item], lambda account: account) for item in (model(1, "THUDM", name="glm"), renamed, renamed)]
    )
    assert listed.select("model_id", "downloads_30d").rows() == [("zai-org/glm", 9)]


def test_the_most_used_bases_come_first_in_a_settled_order():
    children = {"b": 5, "a": 5, "c": 9, "none": 0}
    listed = _listed(
        [
            model(number, "Qwen", name=name, childrenModelCount={"finetune": count})
            for number, (name, count) in enumerate(children.items())
        ]
    )
    assert tables.most_used(listed, 2) == ["Qwen/c", "Qwen/a"]
    assert tables.most_used(listed, 9) == ["Qwen/c", "Qwen/a", "Qwen/b"]


@pytest.mark.parametrize(
    ("before", "now", "days", "said"),
    [
        (None, MANY, 0, ""),
        (MANY, _moved(MANY), 1, ""),
        (MANY, _moved(MANY).head(190), 1, ""),
        (MANY, _moved(MANY).head(189), 1, "listed 189 models where 200 were listed 1 day(s) before"),
        (MANY, MANY.clear(), 1, "no model at all"),
        (None, MANY.clear(), 0, "no model at all"),
        (MANY, MANY, 1, "Not one of 200 download counters moved in 1 day(s)"),
        (MANY.head(99), MANY.head(99), 1, ""),
    ],
)
def test_an_observation_is_doubted(before, now, days, said):
    doubt = tables.doubts(before, now, days=days)
    assert said in doubt
    assert bool(doubt) == bool(said)


def test_counters_that_fell_are_corrections_by_the_hubs_key():
    now = _moved(MANY.head(3), -30).with_columns(model_id=pl.col("model_id") + "-renamed")
    fell = tables.corrections(MANY, pl.concat([now, _moved(MANY.slice(3))]))
    assert fell["correction"].to_list() == [-30, -30, -30]
    assert fell["model_id"].str.ends_with("-renamed").all()
    assert tables.corrections(None, MANY).is_empty()


def test_the_newer_lineage_of_a_child_replaces_the_older():
    columns = ["child_id", "parent_id", "relation", "source_id"]
    older = pl.DataFrame([("a", "x", "merge", "old"), ("b", "x", "merge", "old")], schema=columns, orient="row")
    newer = pl.DataFrame([("a", "y", "merge", "new")], schema=columns, orient="row")
    assert tables.newest_edges(older, newer).rows() == [("b", "x", "merge", "old"), ("a", "y", "merge", "new")]
