"""Survey cells: what hidden counts allow, and nothing more."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.survey import counts_by_country, survey_cells, survey_observations

WAVE = date(2025, 6, 1)
REGIONS = pl.DataFrame(
    {
        "region_id": ["world", "m49:014", "KE", "UG", "TZ", "RW"],
        "parent_id": [None, "world", "m49:014", "m49:014", "m49:014", "m49:014"],
    }
)


def _table(answers):
    """Build survey_use as the source publishes it from (region, cn only, us only, both, neither)."""
    rows = []
    for region, cn_only, us_only, both, neither in answers:
        respondents = cn_only + us_only + both + neither
        counts = {
            "ANY_CN_OPEN": cn_only + both,
            "ANY_US_OPEN": us_only + both,
            "BOTH_CN_US_OPEN": both,
            "NO_OPEN": neither,
            "Mistral": 0,
        }
        hidden = {model for model, count in counts.items() if count < 5}
        sides_published = not hidden & {"ANY_CN_OPEN", "ANY_US_OPEN"}
        if sides_published and hidden & {"BOTH_CN_US_OPEN", "NO_OPEN"}:
            hidden |= {"BOTH_CN_US_OPEN", "NO_OPEN"}
        rows += [
            {
                "wave": WAVE,
                "region_id": region,
                "model": model,
                "respondents": respondents,
                "users": None if model in hidden else count,
                "suppressed": model in hidden,
                "source_id": "synthetic",
            }
            for model, count in counts.items()
        ]
    return pl.DataFrame(rows, schema_overrides={"users": pl.Int64})


def _cell(cells, region):
    return cells.filter(pl.col("region_id") == region).row(0, named=True)


people = st.integers(0, 40)


@given(people, people, people, people)
@settings(max_examples=150, deadline=None)
def test_every_true_count_lies_within_the_range_left_open(cn_only, us_only, both, neither):
    if cn_only + us_only + both + neither == 0:
        return
    row = counts_by_country(_table([("KE", cn_only, us_only, both, neither)])).row(0, named=True)
    assert row["cn_low"] <= cn_only + both <= row["cn_high"]
    assert row["us_low"] <= us_only + both <= row["us_high"]
    assert row["both_low"] <= both <= row["both_high"]


@given(people, people, people, people)
@settings(max_examples=60, deadline=None)
def test_bounds_hold_the_true_share_and_only_published_sides_have_one(cn_only, us_only, both, neither):
    cn, us = cn_only + both, us_only + both
    if cn + us == 0:
        return
    cell = _cell(survey_cells(_table([("KE", cn_only, us_only, both, neither)]), REGIONS), "KE")
    assert cell["bound_low"] - 1e-12 <= cn / (cn + us) <= cell["bound_high"] + 1e-12
    assert (cell["state"] == "value") == (cn >= 5 and us >= 5)
    assert (cell["cn_share"] is None) == (cell["state"] == "suppressed")


def test_people_without_a_country_widen_the_bounds_of_every_region():
    answers = [("KE", 30, 10, 5, 20)]
    alone = _cell(survey_cells(_table(answers), REGIONS), "KE")
    joined = _cell(survey_cells(_table([*answers, ("ZZ", 6, 6, 0, 9)]), REGIONS), "KE")
    assert alone["bound_low"] == alone["cn_share"] == alone["bound_high"]
    assert joined["bound_low"] == pytest.approx(35 / (35 + 15 + 6))
    assert joined["bound_high"] == pytest.approx((35 + 6) / (35 + 6 + 15))
    assert joined["coverage"] == pytest.approx(65 / 86)


def test_roll_ups_add_people_and_take_hidden_counts_at_the_middle_of_their_range():
    cells = survey_cells(_table([("KE", 30, 10, 5, 20), ("UG", 10, 20, 10, 6), ("TZ", 9, 2, 0, 20)]), REGIONS)
    world, subregion = _cell(cells, "world"), _cell(cells, "m49:014")
    # Tanzania's 9 CN users are published; its US users are 0 to 4.
    assert (world["n_cn"], world["n_us"], world["n_both"]) == (35 + 20 + 9, 15 + 30, None)
    assert world["cn_share"] == pytest.approx(64 / (64 + 45 + 2))
    assert world["bound_low"] == pytest.approx(64 / (64 + 45 + 4))
    assert world["bound_high"] == pytest.approx(64 / (64 + 45))
    assert world["cn_share_low"] < world["bound_low"]
    assert world["reason"].startswith("1 of 3 surveyed economies hide a count")
    assert subregion["cn_share"] == world["cn_share"]


people_of_three = st.lists(st.tuples(people, people, people, people), min_size=3, max_size=3)


@given(people_of_three)
@settings(max_examples=60, deadline=None)
def test_the_true_share_of_a_roll_up_lies_within_its_bounds(answers):
    answers = [(cn, us, both, neither + 1) for cn, us, both, neither in answers]
    cn, us = (
        sum(side + both for side, both in zip(column, [a[2] for a in answers], strict=True))
        for column in ([a[0] for a in answers], [a[1] for a in answers])
    )
    if cn + us == 0:
        return
    table = _table([(region, *answer) for region, answer in zip(("KE", "UG", "TZ"), answers, strict=True)])
    world = _cell(survey_cells(table, REGIONS), "world")
    assert world["bound_low"] - 1e-12 <= cn / (cn + us) <= world["bound_high"] + 1e-12
    if world["cn_share"] is not None:
        assert world["bound_low"] <= world["cn_share"] <= world["bound_high"]
        assert world["cn_share_low"] <= world["cn_share"] <= world["cn_share_high"]


def test_hidden_counts_cannot_be_subtracted_out_of_the_roll_ups():
    table = _table([("KE", 30, 10, 5, 20), ("UG", 10, 20, 10, 6), ("TZ", 9, 2, 0, 20)])
    other = _table([("KE", 30, 10, 5, 20), ("UG", 10, 20, 10, 6), ("TZ", 9, 4, 0, 18)])
    assert survey_cells(table, REGIONS).equals(survey_cells(other, REGIONS))


def test_waves_are_kept_apart():
    first, second = _table([("KE", 30, 10, 5, 20)]), _table([("KE", 10, 30, 5, 20), ("ZZ", 6, 6, 0, 9)])
    second = second.with_columns(wave=pl.lit(date(2026, 6, 1)))
    cells = survey_cells(pl.concat([first, second]), REGIONS).filter(pl.col("region_id") == "KE").sort("period")
    assert cells["cn_share"].to_list() == [pytest.approx(35 / 50), pytest.approx(15 / 50)]
    assert cells["coverage"].to_list() == [1.0, pytest.approx(65 / 86)]


def test_a_subregion_of_hidden_economies_is_hidden_too():
    cell = _cell(survey_cells(_table([("TZ", 9, 2, 0, 20), ("RW", 1, 1, 0, 9)]), REGIONS), "m49:014")
    assert cell["state"] == "suppressed"
    assert cell["cn_share"] is None
    assert 0 <= cell["bound_low"] < cell["bound_high"] <= 1


def test_observations_keep_hidden_counts_as_ranges():
    rows = survey_observations(_table([("TZ", 9, 2, 0, 20), ("ZZ", 6, 6, 0, 9)]))
    assert set(rows["region_id"]) == {"TZ"}
    hidden = rows.filter(pl.col("origin") == "US").row(0, named=True)
    assert (hidden["n"], hidden["n_low"], hidden["n_high"], hidden["state"]) == (None, 0, 4, "suppressed")


def test_a_table_without_a_needed_row_is_refused():
    with pytest.raises(ValueError, match="survey_use lacks rows for NO_OPEN"):
        counts_by_country(_table([("KE", 30, 10, 5, 20)]).filter(pl.col("model") != "NO_OPEN"))
