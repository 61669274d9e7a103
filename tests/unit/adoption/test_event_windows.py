"""Event windows: a known step is found, none is not, and what cannot be compared says why."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.event_windows import WINDOWS, event_windows
from assets.adoption.events import Event, EventError, load_events
from assets.adoption.monthly import SERIES, created_models, forked, grown_downloads, monthly_series, packaged
from assets.schemas import TABLES, validate
from assets.schemas.events import EventWindows

START = date(2021, 1, 1)
AT = date(2023, 6, 15)
EVENTS = {"one": Event(date=AT, title="t", changed="c", source="s", checked=False)}
CENTRE = 29
"""Position of the event's month."""


def _series(cn, us, *, start=START):
    months = [start + relativedelta(months=number) for number in range(len(cn))]
    rows = {"month": months, "cn": cn, "us": us}
    facts = {"signal": "fork", "coding": "publisher", "series": "made up", "source_id": "github"}
    return (
        pl.DataFrame(rows)
        .with_columns(**{name: pl.lit(value) for name, value in facts.items()})
        .select(SERIES.names())
        .cast(SERIES)
    )


def _found(series, events=EVENTS, width=12):
    frame = validate(event_windows(series, events), EventWindows, where="adoption/event_windows")
    assert frame.height == len(events) * len(WINDOWS) * series.select("series", "source_id").unique().height
    return frame.filter(window_months=width).row(0, named=True)


def _ratio(log_ratio, us=1_000.0):
    """Counts whose log-ratio is exactly as given."""
    return (us + 0.5) * np.exp(log_ratio) - 0.5, np.full(len(log_ratio), us)


@given(
    step=st.floats(-1.5, 1.5),
    trend=st.floats(-0.02, 0.02),
    level=st.floats(-1, 1),
    width=st.sampled_from(WINDOWS),
)
@settings(max_examples=40, deadline=None)
def test_a_step_beyond_a_trend_is_found_as_it_is(step, trend, level, width):
    t = np.arange(60)
    one = _found(_series(*_ratio(level + trend * t + step * (t > CENTRE))), width=width)
    assert one["effect"] == pytest.approx(step, abs=1e-6)
    assert one["effect_low"] - 1e-6 <= step <= one["effect_high"] + 1e-6


def test_a_large_step_is_among_the_first_of_all_months_compared():
    t = np.arange(72)
    noise = np.random.default_rng(3).normal(0, 0.05, len(t))
    one = _found(_series(*_ratio(noise + 1.0 * (t > CENTRE))))
    assert one["effect_low"] > 0.8
    # Months next to it have windows that hold most of the step.
    assert one["placebos"] == 72 - 24 - 1
    assert one["placebo_rank"] <= 3


@pytest.mark.parametrize("width", WINDOWS)
def test_windows_of_placebo_dates_may_overlap_the_event_and_the_table_says_so(width):
    one = _found(_series(*_ratio(np.random.default_rng(3).normal(0, 0.05, 60))), width=width)
    assert one["placebos"] == 60 - 2 * width - 1
    apart = [month for month in range(width, 60 - width) if abs(month - CENTRE) > width]
    assert one["placebos"] > len(apart)
    assert 1 <= one["placebo_rank"] <= one["placebos"] + 1
    told = EventWindows.columns()["placebos"].description
    assert "windows may overlap an event" in told


def test_without_a_step_every_rank_is_as_likely_as_another():
    dice = np.random.default_rng(11)
    ranks = [
        (one["placebo_rank"] - 0.5) / (one["placebos"] + 1)
        for one in (_found(_series(*_ratio(dice.normal(0, 0.3, 72)))) for _ in range(150))
    ]
    # Uniform on (0, 1): mean ½ with a standard error of 0.024, and one in ten in the first tenth.
    assert 0.42 < np.mean(ranks) < 0.58
    assert 0.04 < np.mean(np.array(ranks) < 0.1) < 0.18


def test_intervals_hold_a_step_of_nothing_as_often_as_they_say_where_months_are_independent():
    dice = np.random.default_rng(5)
    rows = [_found(_series(*_ratio(dice.normal(0, 0.3, 60)))) for _ in range(200)]
    held = np.mean([row["effect_low"] <= 0 <= row["effect_high"] for row in rows])
    assert 0.90 < held < 0.99


def test_the_month_of_the_event_itself_does_not_count():
    t = np.arange(60)
    cn, us = _ratio(0.0 * t)
    cn[CENTRE] = 10**6
    assert _found(_series(cn, us))["effect"] == pytest.approx(0, abs=1e-9)


def test_order_of_rows_does_not_matter():
    series = _series(*_ratio(np.random.default_rng(1).normal(0, 0.3, 60)))
    assert event_windows(series.sample(fraction=1, shuffle=True, seed=4), EVENTS).equals(event_windows(series, EVENTS))


def test_what_cannot_be_compared_says_why():
    t = np.arange(60)
    short = _series(*_ratio(0.0 * t), start=date(2023, 1, 1))
    assert _found(short)["reason"] == "The series has no 12 whole months on both sides of the event."
    gap = _series(*_ratio(0.0 * t)).filter(pl.col("month") != date(2023, 9, 1))
    assert "no 12 whole months" in _found(gap)["reason"]
    assert "no 12 whole months" in _found(_series(*_ratio(0.0 * t), start=date(2030, 1, 1)))["reason"]
    assert "Fewer than 5 a month" in _found(_series(np.full(60, 1.0), np.full(60, 1.0)))["reason"]
    assert "One side has none" in _found(_series(np.zeros(60), np.full(60, 90.0)))["reason"]


def test_two_rows_of_a_month_are_an_error():
    series = _series(*_ratio(np.zeros(60)))
    with pytest.raises(ValueError, match="two rows of one month"):
        event_windows(pl.concat([series, series.head(1)]), EVENTS)


def test_no_series_is_a_table_without_rows():
    assert event_windows(monthly_series([]), EVENTS).is_empty()


def test_the_events_are_those_of_the_story_with_a_source_each():
    days = [event.date.isoformat() for event in load_events().values()]
    assert days[:4] == ["2022-10-07", "2023-10-17", "2024-12-02", "2025-01-13"]
    assert days == sorted(days)
    assert sum(day.startswith("2025") for day in days) >= 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\ndate = 2022-10-07\n", r"\[a\]: .*title"),
        ("[a", "no valid TOML"),
        ('[a]\ndate = "soon"\ntitle = "t"\nchanged = "c"\nsource = "s"\nchecked = false\n', r"\[a\]: date"),
    ],
)
def test_a_wrong_file_of_events_names_event_and_key(text, said):
    with pytest.raises(EventError, match=said):
        load_events(text)


def _table(name, rows):
    schema = {column: declared.dtype for column, declared in TABLES[name].columns().items()}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def _models(*days):
    facts = {"platform": "huggingface", "observed_on": date(2024, 3, 10), "source_id": "hf_radar", "account": "a"}
    return _table("ingest/models", [facts | {"model_id": f"a/{n}", "created_on": day} for n, day in enumerate(days)])


def _origins(*origins, depth=0, coding="publisher"):
    facts = {"platform": "huggingface", "registry_since": START, "coding": coding, "weight": 1.0, "depth": depth}
    return _table(
        "attribute/model_origins", [facts | {"model_id": f"a/{n}", "origin": one} for n, one in enumerate(origins)]
    )


def test_models_are_counted_by_the_month_of_their_creation_and_quiet_months_are_zero():
    models = _models(date(2022, 3, 2), date(2023, 11, 5), date(2023, 11, 6), date(2024, 1, 9), date(2024, 3, 1))
    series = created_models(models, _origins("CN", "CN", "US", "CN", "US"))
    # The Hub's floor is no day of creation, and March 2024 was not over.
    assert series.sort("month").select("month", "cn", "us").rows() == [
        (date(2023, 11, 1), 1.0, 1.0),
        (date(2023, 12, 1), 0.0, 0.0),
        (date(2024, 1, 1), 1.0, 0.0),
        (date(2024, 2, 1), 0.0, 0.0),
    ]
    assert set(series["signal"]) == {"release"}


def test_what_is_built_on_a_side_is_counted_by_weights():
    models = _models(date(2023, 11, 5), date(2023, 12, 6))
    series = created_models(models, _origins("CN", "US", depth=1, coding="weights"))
    assert set(series["signal"]) == {"derivative"}
    assert series["cn"].sum() == series["us"].sum() == 1.0


def test_forks_of_organisations_are_no_peoples_and_tools_no_models():
    forks = _table(
        "ingest/forks",
        [
            {"repository": repository, "owner_kind": kind, "created_on": day, "source_id": "github"}
            for repository, kind, day in (
                ("cn/m", "person", date(2024, 1, 3)),
                ("cn/m", "organisation", date(2024, 1, 4)),
                ("us/m", "person", date(2024, 2, 4)),
                ("us/tool", "person", date(2024, 2, 4)),
                ("us/m", "person", date(2024, 3, 4)),
            )
        ],
    )
    tracked = _table(
        "attribute/tracked_repositories",
        [
            {"repository": "cn/m", "kind": "model", "origin": "CN"},
            {"repository": "us/m", "kind": "model", "origin": "US"},
            {"repository": "us/tool", "kind": "tool", "origin": "US"},
        ],
    )
    rows = forked(forks, tracked).sort("month").select("month", "cn", "us").rows()
    # The last month may not be over.
    assert rows == [(date(2024, 1, 1), 1.0, 0.0), (date(2024, 2, 1), 0.0, 1.0)]


def test_months_of_packages_that_are_not_whole_are_absent():
    facts = {"package": "p", "region_id": "NG", "installer_class": "package_manager", "downloads": 7}
    downloads = _table(
        "ingest/package_downloads",
        [
            facts | {"month": date(2024, 1, 1), "days": 31, "source_id": "clickhouse_pypi"},
            facts | {"month": date(2024, 2, 1), "days": 28, "source_id": "clickhouse_pypi"},
        ],
    )
    packages = _table("attribute/tracked_packages", [{"package": "p", "origin": "CN", "headline": True}])
    assert packaged(downloads, packages).select("month", "cn", "us").rows() == [(date(2024, 1, 1), 7, 0)]


def test_rolling_figures_make_no_series():
    facts = {"platform": "huggingface", "panel": "trending", "coding": "publisher", "source_id": "hf_radar"}
    rows = [
        facts | {"definition": definition, "period": date(2024, 1, 9), "n_cn": 1.0, "n_us": 2.0}
        for definition in ("rolling_30d", "all_time", "in_window")
    ]
    assert grown_downloads(_table("adoption/world_series", rows)).height == 1
