"""Specifications: every way of asking has a row, and each choice changes just what it says."""

from datetime import date

import polars as pl
import pytest

from assets.adoption import specifications as module
from assets.adoption.specifications import NO_LINEAGE, NO_TASKS, ONE_SIDED, specifications
from assets.schemas import validate
from assets.schemas.exhibits import Specifications
from assets.schemas.vocabulary import CODINGS

DAY = date(2026, 5, 20)
SINCE = date(2022, 1, 1)
PUBLISHERS = pl.DataFrame(
    {"platform": ["huggingface"], "account": ["a"], "alias_of": [None], "valid_from": [SINCE], "valid_to": [None]},
    schema_overrides={"alias_of": pl.String, "valid_to": pl.Date},
)
MODELS = [
    # model, downloads, task, CN part by weights
    ("a/cn-base", 100, "text-generation", 1.0),
    ("a/us-base", 60, "text-generation", 0.0),
    ("b/cn-tune", 40, "image-text-to-text", 1.0),
    ("b/us-tune", 30, "text-to-image", 0.0),
    ("b/merge", 20, None, 0.5),
]
PARENTS = [
    ("b/cn-tune", "a/cn-base"),
    ("b/us-tune", "a/us-base"),
    ("b/merge", "a/cn-base"),
    ("b/merge", "a/us-base"),
    ("a/cn-base", "a/cn-base"),
]


def _models():
    return pl.DataFrame([row[:3] for row in MODELS], schema=["model_id", "downloads_30d", "task"], orient="row").select(
        pl.lit("huggingface").alias("platform"),
        "model_id",
        "downloads_30d",
        "task",
        account=pl.col("model_id").str.split("/").list.first(),
        observed_on=pl.lit(DAY),
        downloads_all_time=pl.lit(None, pl.Int64),
        source_id=pl.lit("hub_stats_frozen"),
    )


def _totals(rows=()):
    schema = ["platform", "model_id", "account", "observed_on", "definition", "downloads"]
    types = {"observed_on": pl.Date, "downloads": pl.Int64} | dict.fromkeys(
        ("platform", "model_id", "account", "definition"), pl.String
    )
    frame = pl.DataFrame(rows, schema={name: types[name] for name in schema}, orient="row")
    return frame.with_columns(source_id=pl.lit("osir_lmts"))


def _origins():
    rows = []
    for model, _, _, part in MODELS:
        for coding in CODINGS:
            # By publisher and control account a is Chinese and b is nobody's.
            sides = {"CN": part, "US": 1 - part} if coding == "weights" else {"CN" if model[0] == "a" else "unknown": 1}
            rows += [("huggingface", model, SINCE, coding, origin, float(w)) for origin, w in sides.items() if w]
    schema = ["platform", "model_id", "registry_since", "coding", "origin", "weight"]
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(unreviewed_weight=pl.lit(0.0))


def _table(totals=()):
    parents = pl.DataFrame(PARENTS, schema=["child_id", "parent_id"], orient="row")
    found = specifications(_models(), _totals(totals), parents, _origins(), PUBLISHERS)
    return validate(found, Specifications, where="test")


def _row(table, **choice):
    return table.filter(**({"panel": "evaluation_registry", "coding": "weights"} | choice)).row(0, named=True)


def test_every_combination_has_exactly_one_row():
    table = _table()
    assert table.height == 3 * 2 * 2 * 3
    assert table.select("measure", "tasks", "top", "coding").is_unique().all()


@pytest.mark.parametrize(
    ("measure", "tasks", "counts"),
    [
        ("downloads", "all_tasks", (150, 100)),
        ("downloads", "llm_only", (140, 60)),
        ("models", "all_tasks", (2.5, 2.5)),
        ("models", "llm_only", (2, 1)),
        ("derivatives", "all_tasks", (1.5, 1.5)),  # a model made from itself is no derivative
        ("derivatives", "llm_only", (1, 0)),
    ],
)
def test_what_is_counted_and_for_which_tasks(measure, tasks, counts):
    row = _row(_table(), measure=measure, tasks=tasks, top="with_top")
    assert (row["n_cn"], row["n_us"]) == pytest.approx(counts)
    assert row["cn_share"] == pytest.approx(counts[0] / sum(counts))
    assert row["n"] == sum(counts)


def test_the_top_is_that_of_the_selection(monkeypatch):
    monkeypatch.setattr(module, "TOP_ARTEFACTS", 1)
    table = _table()
    assert _row(table, measure="downloads", tasks="all_tasks", top="without_top")["n_cn"] == 50
    assert _row(table, measure="models", tasks="llm_only", top="without_top")["n"] == 2
    # cn-base and us-base have two derivatives each; the first by name goes, and with it the tune and the merge.
    derivatives = _row(table, measure="derivatives", tasks="all_tasks", top="without_top")
    assert (derivatives["n_cn"], derivatives["n_us"], derivatives["cn_share"]) == (0, 1, 0)


def test_shares_of_all_count_what_is_unknown_and_bounds_say_what_it_could_change():
    totals = [("huggingface", "u/x", "u", DAY, "rolling_30d", 100), ("huggingface", "v/y", "v", DAY, "rolling_30d", 50)]
    origins = pl.concat(
        [
            _origins(),
            pl.DataFrame(
                [
                    ("huggingface", model, SINCE, coding, origin, 1.0)
                    for model, origin in (("u/x", "CN"), ("v/y", "US"))
                    for coding in CODINGS
                ],
                schema=["platform", "model_id", "registry_since", "coding", "origin", "weight"],
                orient="row",
            ).with_columns(unreviewed_weight=pl.lit(0.0)),
        ]
    )
    parents = pl.DataFrame(PARENTS, schema=["child_id", "parent_id"], orient="row")
    table = specifications(_models(), _totals(totals), parents, origins, PUBLISHERS)
    row = _row(table, panel="all_accounts", measure="downloads", tasks="all_tasks", top="with_top")
    assert (row["cn_of_all"], row["us_of_all"]) == pytest.approx((2 / 3, 1 / 3))
    assert (row["bound_low"], row["bound_high"]) == (row["cn_share"], row["cn_share"])


def test_what_a_source_cannot_tell_is_said_and_not_counted():
    table = _table([("huggingface", "a/cn-base", "a", DAY, "rolling_30d", 9)])
    crawl = table.filter(panel="all_accounts")
    assert set(crawl.filter(tasks="llm_only")["reason"]) == {NO_TASKS}
    assert set(crawl.filter(measure="derivatives", tasks="all_tasks")["reason"]) == {NO_LINEAGE}
    assert crawl.filter(tasks="llm_only")["n"].null_count() == 18
    assert crawl["untagged"].null_count() == crawl.height


def test_a_panel_of_one_side_has_no_share():
    table = _table()
    by_publisher = table.filter(coding="publisher", measure="downloads", tasks="all_tasks", top="with_top")
    assert by_publisher["reason"].to_list() == [ONE_SIDED]
    assert by_publisher["n_cn"].to_list() == [160]


def test_cards_without_a_task_are_told_apart():
    table = _table()
    assert _row(table, measure="downloads", tasks="llm_only", top="with_top")["untagged"] == pytest.approx(20 / 250)
    assert _row(table, measure="models", tasks="llm_only", top="with_top")["untagged"] == pytest.approx(1 / 5)
    assert _row(table, measure="derivatives", tasks="llm_only", top="with_top")["untagged"] == pytest.approx(1 / 3)


def test_a_model_without_an_origin_is_refused():
    parents = pl.DataFrame(PARENTS, schema=["child_id", "parent_id"], orient="row")
    origins = _origins().filter(pl.col("model_id") != "b/merge")
    with pytest.raises(ValueError, match="the first being b/merge; materialise attribute/model_origins"):
        specifications(_models(), _totals(), parents, origins, PUBLISHERS)
