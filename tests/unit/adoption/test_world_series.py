"""World series: nothing summed that rolls, nothing differenced across panels, nothing shown that a panel cannot say."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.world_series import TOP_ARTEFACTS, in_window, panels, world_series

DAYS = [date(2025, 1, 14), date(2025, 2, 14), date(2025, 4, 7)]


def _totals(rows):
    return pl.DataFrame(
        rows,
        schema=["platform", "model_id", "account", "observed_on", "definition", "downloads"],
        orient="row",
    ).with_columns(source_id=pl.lit("osir_lmts"))


def _origins(origins):
    rows = [
        (platform, model, coding, origin, weight, 0.0)
        for (platform, model), shares in origins.items()
        for coding in ("publisher", "weights")
        for origin, weight in shares.items()
    ]
    return pl.DataFrame(
        rows, schema=["platform", "model_id", "coding", "origin", "weight", "unreviewed_weight"], orient="row"
    ).with_columns(registry_since=pl.lit(date(2022, 1, 1)))


PUBLISHERS = pl.DataFrame(
    [("huggingface", "old", "new"), ("huggingface", "new", None), ("modelscope", "old", None)],
    schema=["platform", "account", "alias_of"],
    orient="row",
).with_columns(valid_from=pl.lit(date(2022, 1, 1)), valid_to=pl.lit(None, pl.Date))
NO_MODELS = pl.DataFrame(
    schema={
        "platform": pl.String,
        "model_id": pl.String,
        "account": pl.String,
        "observed_on": pl.Date,
        "downloads_30d": pl.Int64,
        "downloads_all_time": pl.Int64,
        "source_id": pl.String,
    }
)


def test_all_time_counters_are_differenced_between_crawls_and_falls_are_corrections():
    counters = _totals(
        [
            ("modelscope", "a/x", "a", DAYS[0], "all_time", 100),
            ("modelscope", "a/x", "a", DAYS[1], "all_time", 160),
            ("modelscope", "a/x", "a", DAYS[2], "all_time", 150),
            ("modelscope", "a/new", "a", DAYS[1], "all_time", 9_000),
            ("modelscope", "a/new", "a", DAYS[2], "all_time", 9_500),
        ]
    )
    rows = in_window(panels(NO_MODELS, counters, PUBLISHERS).filter(pl.col("definition") == "all_time"))
    found = {(row["model_id"], row["period"]): (row["downloads"], row["corrected"]) for row in rows.to_dicts()}
    assert found == {
        ("a/x", DAYS[1]): (60, False),
        ("a/x", DAYS[2]): (0, True),
        ("a/new", DAYS[2]): (500, False),
    }


def test_a_counter_that_recovers_from_a_glitch_did_not_grow_by_the_recovery():
    counters = _totals(
        [
            ("modelscope", "a/x", "a", day, "all_time", downloads)
            for day, downloads in zip([*DAYS, date(2025, 5, 7)], [1_000, 200, 1_030, 1_080], strict=True)
        ]
    )
    rows = in_window(panels(NO_MODELS, counters, PUBLISHERS).filter(pl.col("definition") == "all_time"))
    found = {row["period"]: (row["downloads"], row["corrected"]) for row in rows.to_dicts()}
    assert found == {DAYS[1]: (0, True), DAYS[2]: (30, True), date(2025, 5, 7): (50, False)}


def test_an_account_that_moved_counts_where_it_was_on_the_day():
    moved = pl.DataFrame(
        [("huggingface", "a", None, date(2022, 1, 1), DAYS[1]), ("huggingface", "a", None, DAYS[1], None)],
        schema=["platform", "account", "alias_of", "valid_from", "valid_to"],
        orient="row",
    )
    counters = _totals(
        [("huggingface", model, model[0], day, "rolling_30d", 10) for day in DAYS for model in ("a/x", "b/cn", "b/us")]
    )
    sides = [("b/cn", "CN"), ("b/us", "US")]
    before = [("a/x", "other", date(2022, 1, 1)), *((model, side, date(2022, 1, 1)) for model, side in sides)]
    after = [("a/x", "US", DAYS[1]), *((model, side, DAYS[1]) for model, side in sides)]
    origins = pl.DataFrame(
        [("huggingface", model, "publisher", side, 1.0, 0.0, since) for model, side, since in before + after],
        schema=["platform", "model_id", "coding", "origin", "weight", "unreviewed_weight", "registry_since"],
        orient="row",
    )
    rows = world_series(NO_MODELS, counters, origins, moved).filter(pl.col("panel") == "all_accounts").sort("period")
    assert rows["n_other"].to_list() == [10, 0, 0]
    assert rows["n_us"].to_list() == [10, 20, 20]


def test_a_panel_smaller_than_the_top_has_no_share_without_it():
    counters = _totals([("huggingface", f"{side}/x", side, DAYS[0], "rolling_30d", 10) for side in ("a", "b")])
    origins = _origins({("huggingface", "a/x"): {"CN": 1.0}, ("huggingface", "b/x"): {"US": 1.0}})
    row = world_series(NO_MODELS, counters, origins, PUBLISHERS).row(0, named=True)
    assert (row["cn_share"], row["cn_share_without_top"]) == (0.5, None)


def test_models_of_a_source_without_a_panel_are_refused_by_name():
    stray = pl.DataFrame(
        [
            {
                "platform": "huggingface",
                "model_id": "a/x",
                "account": "a",
                "observed_on": DAYS[0],
                "downloads_30d": 1,
                "downloads_all_time": 1,
                "source_id": "hearsay",
            }
        ]
    )
    with pytest.raises(ValueError, match="No panel is defined for models of hearsay"):
        panels(stray, _totals([("huggingface", "a/x", "a", DAYS[0], "rolling_30d", 1)]), PUBLISHERS)


def test_rolling_counters_are_never_differenced():
    counters = _totals([("huggingface", "a/x", "a", day, "rolling_30d", 10) for day in DAYS])
    assert "in_window" not in set(panels(NO_MODELS, counters, PUBLISHERS)["definition"])


def test_the_matched_panel_has_only_accounts_of_every_crawl():
    counters = _totals(
        [
            *[("huggingface", "always/x", "always", day, "rolling_30d", 10) for day in DAYS],
            ("huggingface", "late/x", "late", DAYS[2], "rolling_30d", 1_000),
        ]
    )
    matched = panels(NO_MODELS, counters, PUBLISHERS).filter(pl.col("panel") == "matched_accounts")
    assert set(matched["account"]) == {"always"}


def test_a_renamed_account_is_one_account_and_its_models_are_counted_once():
    counters = _totals(
        [
            ("huggingface", "old/x", "old", DAYS[0], "rolling_30d", 10),
            ("huggingface", "old/x", "old", DAYS[1], "rolling_30d", 20),
            ("huggingface", "new/x", "new", DAYS[1], "rolling_30d", 21),
            ("huggingface", "new/x", "new", DAYS[2], "rolling_30d", 30),
            ("modelscope", "old/x", "old", DAYS[0], "all_time", 5),
        ]
    )
    rows = panels(NO_MODELS, counters, PUBLISHERS)
    matched = rows.filter(pl.col("panel") == "matched_accounts").sort("period")
    assert matched["downloads"].to_list() == [10, 21, 30]
    assert set(matched["account"]) == {"new"}
    assert set(matched["counter"]) == {"new/x"}
    assert rows.filter(pl.col("platform") == "modelscope")["counter"].to_list() == ["old/x"]


def test_a_merge_is_split_and_unknown_origins_open_the_bounds():
    counters = _totals(
        [
            ("huggingface", "a/cn", "a", DAYS[0], "rolling_30d", 40),
            ("huggingface", "b/us", "b", DAYS[0], "rolling_30d", 20),
            ("huggingface", "c/merge", "c", DAYS[0], "rolling_30d", 20),
            ("huggingface", "d/who", "d", DAYS[0], "rolling_30d", 20),
        ]
    )
    origins = _origins(
        {
            ("huggingface", "a/cn"): {"CN": 1.0},
            ("huggingface", "b/us"): {"US": 1.0},
            ("huggingface", "c/merge"): {"CN": 0.5, "US": 0.5},
            ("huggingface", "d/who"): {"unknown": 1.0},
        }
    )
    row = (
        world_series(NO_MODELS, counters, origins, PUBLISHERS)
        .filter(pl.col("panel") == "all_accounts")
        .row(0, named=True)
    )
    assert (row["n_cn"], row["n_us"], row["n_unknown"]) == (50, 30, 20)
    assert row["cn_share"] == pytest.approx(50 / 80)
    assert row["bound_low"] == pytest.approx(50 / 100)
    assert row["bound_high"] == pytest.approx(70 / 100)


def test_a_panel_of_one_side_has_no_share_and_says_why():
    counters = _totals([("modelscope", "a/cn", "a", DAYS[0], "all_time", 40)])
    row = world_series(NO_MODELS, counters, _origins({("modelscope", "a/cn"): {"CN": 1.0}}), PUBLISHERS).row(
        0, named=True
    )
    assert row["n_cn"] == 40
    assert row["cn_share"] is None
    assert "one side only" in row["reason"]


def test_one_artefact_cannot_hide_behind_the_total():
    small = [(f"a/{i}", "CN") for i in range(10)] + [(f"b/{i}", "US") for i in range(10)]
    counters = _totals(
        [
            ("huggingface", "b/giant", "b", DAYS[0], "rolling_30d", 1_000_000),
            *[("huggingface", f"big/{i}", "big", DAYS[0], "rolling_30d", 500) for i in range(TOP_ARTEFACTS - 1)],
            *[("huggingface", model, model[0], DAYS[0], "rolling_30d", 10) for model, _ in small],
        ]
    )
    origins = _origins(
        {("huggingface", model): {origin: 1.0} for model, origin in small}
        | {("huggingface", "b/giant"): {"US": 1.0}}
        | {("huggingface", f"big/{i}"): {"CN": 1.0} for i in range(TOP_ARTEFACTS - 1)}
    )
    row = (
        world_series(NO_MODELS, counters, origins, PUBLISHERS)
        .filter(pl.col("panel") == "all_accounts")
        .row(0, named=True)
    )
    assert row["cn_share"] < 0.01
    assert row["cn_share_without_top"] == pytest.approx(0.5)


def test_a_model_without_origin_is_refused_by_name():
    counters = _totals([("huggingface", "a/x", "a", DAYS[0], "rolling_30d", 10)])
    with pytest.raises(ValueError, match=r"1 model\(s\) have no origin|no origin, the first being a/x"):
        world_series(NO_MODELS, counters, _origins({("huggingface", "other/y"): {"CN": 1.0}}), PUBLISHERS)
