"""Allocation: totals are kept, nothing hidden is told, and a wrong weighting is found out where the truth is known."""

from datetime import date
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.adoption.allocation import allocate, allocated_cells, allocations, chosen_total, regions_above
from assets.adoption.allocation_checks import allocation_checks, predicted
from assets.adoption.estimates import most_direct
from assets.adoption.survey import UNLOCATED
from assets.adoption.weightings import DRAWS, NULL, SURVEY, asked_of, counted_weights, survey_weights, weightings
from assets.schemas import validate
from assets.schemas.adoption import Estimates, Observations
from assets.schemas.allocation import AllocationChecks, Allocations
from assets.schemas.series import FamilyTotals
from assets.schemas.vocabulary import CODINGS

WAVE, MONTH = date(2025, 6, 1), date(2026, 5, 1)
DAY = date(2026, 5, 20)
ECONOMIES = [f"{a}{b}" for a in "ABCDEF" for b in "BCDEFGH"]
PARENTS = {region: f"m49:{at % 5:03}" for at, region in enumerate(ECONOMIES)}
REGIONS = pl.DataFrame(
    [
        ("world", "world", "World", None),
        *((parent, "subregion", parent, "world") for parent in sorted(set(PARENTS.values()))),
        *((region, "country", region, parent) for region, parent in PARENTS.items()),
    ],
    schema=["region_id", "level", "name", "parent_id"],
    orient="row",
)
NOTHING = Observations.create_empty()


def _survey(counts):
    """Return survey_use of economy → (answered, CN, US, both, neither); None = hidden."""
    models = ("ANY_CN_OPEN", "ANY_US_OPEN", "BOTH_CN_US_OPEN", "NO_OPEN", "Mistral")
    rows = [
        (WAVE, region, model, answered, users, users is None, "so_survey_2025")
        for region, (answered, *figures) in counts.items()
        for model, users in zip(models, [*figures, None], strict=True)
    ]
    return pl.DataFrame(
        rows,
        schema={
            "wave": pl.Date,
            "region_id": pl.String,
            "model": pl.String,
            "respondents": pl.Int64,
            "users": pl.Int64,
            "suppressed": pl.Boolean,
            "source_id": pl.String,
        },
        orient="row",
    )


def _developers(sizes):
    return pl.DataFrame(
        [
            ("github_developers", region, date(2025, 7, 1), float(size), "accounts", "innovation_graph")
            for region, size in sizes.items()
        ],
        schema=["measure", "region_id", "period", "value", "value_unit", "source_id"],
        orient="row",
    )


def _series(*rows):
    """Return world_series of (definition, panel, day, CN, US, unknown), the same under every coding."""
    return pl.DataFrame(
        [
            (
                "huggingface",
                definition,
                panel,
                day,
                coding,
                cn,
                us,
                cn / (cn + us),
                cn / (cn + us + lost),
                (cn + lost) / (cn + us + lost),
                "hub_stats_frozen",
            )
            for definition, panel, day, cn, us, lost in rows
            for coding in CODINGS
        ],
        schema=[
            "platform",
            "definition",
            "panel",
            "period",
            "coding",
            "n_cn",
            "n_us",
            "cn_share",
            "bound_low",
            "bound_high",
            "source_id",
        ],
        orient="row",
    )


SERIES = _series(
    ("rolling_30d", "evaluation_registry", DAY, 500.0, 400.0, 20.0),
    ("all_time", "evaluation_registry", DAY, 2000.0, 5000.0, 100.0),
    ("rolling_30d", "trending", date(2026, 8, 21), 9000.0, 10.0, 0.0),
    ("rolling_30d", "all_accounts", date(2024, 8, 21), 5.0, 9000.0, 0.0),
)


def _counted(signal, period, counts, evidence="logged", coding="publisher"):
    """Return observations of economy → (CN, US); None = hidden."""
    return pl.concat(
        [
            NOTHING,
            pl.DataFrame(
                [
                    {
                        "signal": signal,
                        "period": period,
                        "level": "country",
                        "region_id": region,
                        "coding": coding,
                        "origin": origin,
                        "counted": "downloads" if evidence == "logged" else "people",
                        "n": n,
                        "n_low": n,
                        "n_high": n,
                        "evidence": evidence,
                        "state": "suppressed" if n is None else "value" if n else "zero",
                        "source_id": "clickhouse_pypi",
                    }
                    for region, sides in counts.items()
                    for origin, n in zip(("CN", "US"), sides, strict=True)
                ],
                schema_overrides={"n": pl.Float64, "n_low": pl.Float64, "n_high": pl.Float64},
            ),
        ],
        how="diagonal_relaxed",
    )


SIZES = {region: 1000 * (1 + at % 9) for at, region in enumerate(ECONOMIES)}
SURVEYED = {
    "AB": (200, 80, 40, 20, 100),
    "AC": (100, 10, 30, 5, 65),
    "AD": (60, None, 20, None, None),
    "AE": (30, None, None, None, 20),
    "AF": (50, 20, None, None, 24),
    UNLOCATED: (40, 10, 10, 5, 25),
}


@cache
def _table():
    return validate(
        _allocated(SERIES, _survey(SURVEYED), NOTHING, _developers(SIZES), REGIONS), Allocations, where="test"
    )


FAMILIES = FamilyTotals.create_empty()
PEOPLE = pl.DataFrame(
    schema={
        "signal": pl.String,
        "period": pl.Date,
        "region_id": pl.String,
        "origin": pl.String,
        "family": pl.String,
        "people": pl.Int64,
    }
)


def _allocated(*tables, families=FAMILIES, people=PEOPLE):
    return allocations(*tables, families=families, people=people)


def _row(region, weighting, coding="publisher"):
    return _table().filter(region_id=region, weighting=weighting, coding=coding).row(0, named=True)


def _spread(survey, sizes=SIZES, cn=500.0, us=400.0, regions=REGIONS):
    weights = survey_weights(asked_of(survey, _developers(sizes), regions, DAY))
    return allocate(weights, cn, us, np.full(DRAWS, cn / (cn + us)), regions_above(regions))


def test_the_total_is_one_month_of_the_most_complete_panel_and_rivals_are_of_a_year():
    total = chosen_total(SERIES, "publisher")
    assert (total.panel, total.cn, total.us, total.period) == ("evaluation_registry", 500, 400, MONTH)
    # The trending panel is a rival, the crawl of two years before is not; unknown origins may be either side's.
    assert total.rivals == 3
    assert total.shares.min() == pytest.approx(2000 / 7100, abs=0.001)
    assert total.shares.max() > 0.99
    assert (
        chosen_total(pl.concat([SERIES, _series(("rolling_30d", "whole_hub", DAY, 7.0, 9.0, 0.0))]), "control").cn == 7
    )


def test_without_a_total_of_both_sides_there_is_nothing_to_spread():
    with pytest.raises(ValueError, match="build adoption/world_series"):
        chosen_total(SERIES.filter(definition="all_time"), "publisher")


@pytest.mark.parametrize(
    ("weighting", "level"), [(NULL, "country"), (NULL, "subregion"), (SURVEY, "world"), ("pooled", "world")]
)
def test_regions_sum_to_the_world(weighting, level):
    own = _table().filter(weighting=weighting, level=level, coding="weights")
    assert own["n_cn"].sum() == pytest.approx(500)
    assert own["n_us"].sum() == pytest.approx(400)


def test_economies_without_a_share_have_no_downloads():
    silent = _table().filter(pl.col("cn_share").is_null())
    assert {"suppressed", "not_observed"} <= set(silent["state"])
    assert silent["n_cn"].null_count() == silent["n_us"].null_count() == silent.height


def test_the_null_model_gives_every_region_the_share_of_the_world():
    own = _table().filter(weighting=NULL, coding="publisher")
    assert own["cn_share"].to_list() == pytest.approx([5 / 9] * own.height)


def test_weightings_without_data_say_why():
    silent = _table().filter(weighting="forks")
    assert silent["state"].unique().to_list() == ["not_observed"]
    assert "GITHUB_TOKEN" in silent["reason"][0]


def test_the_mean_of_weightings_spans_what_each_gives():
    pooled, survey = _row("AC", "pooled"), _row("AC", SURVEY)
    assert pooled["share_least"] == pytest.approx(survey["cn_share"])
    assert pooled["share_most"] == pytest.approx(5 / 9)
    assert pooled["cn_share_low"] <= survey["cn_share_low"] < survey["cn_share"] < pooled["cn_share"] < 5 / 9
    assert pooled["n_cn"] == pytest.approx((survey["n_cn"] + _row("AC", NULL)["n_cn"]) / 2)


@pytest.mark.parametrize(
    ("region", "state"), [("AB", "value"), ("AD", "suppressed"), ("AE", "suppressed"), ("BB", "not_observed")]
)
def test_a_share_stands_only_where_the_survey_tells_both_sides(region, state):
    for weighting in (SURVEY, "pooled"):
        row = _row(region, weighting)
        assert row["state"] == state
        assert (row["cn_share"] is not None) == (state == "value")
        assert (row["cn_share_low"] is not None) == (state != "not_observed")


def test_cells_are_modelled_with_open_bounds_and_without_n():
    cells = allocated_cells(_table())
    assert set(cells["level"]) == {"country", "subregion"}
    assert "BB" not in set(cells["region_id"])
    cell = cells.filter(region_id="AB", coding="publisher").row(0, named=True)
    assert (cell["evidence"], cell["coverage"], cell["bound_low"], cell["bound_high"]) == ("modelled", 0, 0, 1)
    assert "n" not in cells.columns
    assert "say they worked with them" in cell["reason"]
    assert "every economy adopts like the world" in cell["reason"]
    assert cell["source_id"] == "so_survey_2025"
    # One column cites one source; the sentence names all.
    assert "Sources: hub_stats_frozen, so_survey_2025, innovation_graph." in cell["reason"]


def test_a_log_wins_over_the_allocation_of_the_same_month():
    modelled = allocated_cells(_table()).filter(region_id="AB", coding="publisher")
    logged = modelled.with_columns(evidence=pl.lit("logged"), cn_share=pl.lit(0.9))
    both = pl.concat([modelled, logged]).select(
        pl.col(name) if name in modelled.columns else pl.lit(None, column.dtype).alias(name)
        for name, column in Estimates.columns().items()
    )
    assert most_direct(both)["evidence"].to_list() == ["logged"]


def _counts_of(draw):
    answered = draw(st.integers(5, 300))
    cn = draw(st.integers(0, answered))
    us = draw(st.integers(0, answered))
    both = draw(st.integers(max(0, cn + us - answered), min(cn, us)))
    return answered, cn, us, both, answered - (cn + us - both)


@st.composite
def _worlds(draw):
    """Draw true counts of two to six economies."""
    size = draw(st.integers(2, 6))
    return {ECONOMIES[at]: _counts_of(draw) for at in range(size)}


def _as_published(counts):
    """Hide what the source would: sides under 5, and the joint count and that of neither beside them."""
    answered, cn, us, both, neither = counts
    shown = [None if n < 5 else n for n in (cn, us)]
    joint = (both, neither) if both >= 5 and neither >= 5 and None not in shown else (None, None)
    return (answered, *shown, *joint)


@settings(max_examples=25, deadline=None)
@given(_worlds(), st.floats(1, 1e9), st.floats(1, 1e9))
def test_totals_are_kept_whatever_the_survey_says(world, cn, us):
    rows = _spread(_survey({region: _as_published(counts) for region, counts in world.items()}), cn=cn, us=us)
    for level in ("country", "subregion", "world"):
        own = rows.filter(level=level)
        assert own["n_cn"].sum() == pytest.approx(cn)
        assert own["n_us"].sum() == pytest.approx(us)


@settings(max_examples=40, deadline=None)
@given(_worlds())
def test_every_completion_of_hidden_counts_lies_in_the_interval(world):
    asked = {region: SIZES[region] for region in world}
    rows = _spread(_survey({region: _as_published(counts) for region, counts in world.items()}), sizes=asked)
    parts = {
        side: {region: counts[at] / counts[0] * SIZES[region] for region, counts in world.items()}
        for side, at in (("cn", 1), ("us", 2))
    }
    if not all(sum(part.values()) for part in parts.values()):
        return
    for region in world:
        cn, us = (total * parts[side][region] / sum(parts[side].values()) for side, total in (("cn", 500), ("us", 400)))
        if cn + us == 0:
            continue
        row = rows.filter(region_id=region).row(0, named=True)
        assert row["cn_share_low"] - 1e-9 <= cn / (cn + us) <= row["cn_share_high"] + 1e-9


@settings(max_examples=15, deadline=None)
@given(_worlds(), st.floats(0.001, 1000))
def test_units_of_developers_and_of_downloads_do_not_matter(world, scale):
    survey = _survey({region: _as_published(counts) for region, counts in world.items()})
    once = _spread(survey)
    bigger = _spread(
        survey, sizes={region: scale * size for region, size in SIZES.items()}, cn=500 * scale, us=400 * scale
    )
    shares = ["region_id", "cn_share", "cn_share_low", "cn_share_high"]
    assert_frame_equal(once.select(shares), bigger.select(shares))
    assert (once["n_cn"] * scale).to_list() == pytest.approx(bigger["n_cn"].to_list())


def test_the_order_of_rows_does_not_matter_and_draws_repeat():
    tables = (SERIES, _survey(SURVEYED), _developers(SIZES), REGIONS)
    series, survey, developers, regions = (table.sample(fraction=1, shuffle=True, seed=3) for table in tables)
    again = _allocated(series, survey, NOTHING, developers, regions)
    assert_frame_equal(again, _table(), check_exact=True)


def test_people_are_drawn_and_requests_are_not():
    counts = pl.DataFrame(
        {
            "period": [MONTH] * 2,
            "coding": ["publisher"] * 2,
            "region_id": ["AB", "AC"],
            "cn": [30.0, 10.0],
            "us": [20.0, 20.0],
            "source_id": ["x"] * 2,
        }
    )
    forks, packages = (counted_weights(name, counts, DAY) for name in ("forks", "packages"))
    assert forks.cn.std(axis=0).min() > 0.02
    assert forks.cn.mean(axis=0) == pytest.approx([0.75, 0.25], abs=0.02)
    assert packages.cn.std() == pytest.approx(0.25)
    assert (packages.cn == [0.75, 0.25]).all()
    assert counted_weights("forks", counts.with_columns(us=pl.lit(0.0)), DAY) is None


def _true_rates(random):
    """Return made-up rates of use by economy: P(CN) and P(US), independent within an economy."""
    return random.uniform(0.1, 0.5, len(ECONOMIES)), random.uniform(0.1, 0.5, len(ECONOMIES))


def _surveyed(random, rates, people=150):
    answers = [random.random((people, len(ECONOMIES))) < rate for rate in rates]
    cn, us = (answer.sum(axis=0) for answer in answers)
    both = (answers[0] & answers[1]).sum(axis=0)
    return _survey(
        {
            region: (people, int(cn[at]), int(us[at]), int(both[at]), int(people - cn[at] - us[at] + both[at]))
            for at, region in enumerate(ECONOMIES)
        }
    )


def _truth(rates):
    """Return logged downloads that lie exactly where users are."""
    return {
        region: tuple(float(1000 * rate[at] * SIZES[region]) for rate in rates) for at, region in enumerate(ECONOMIES)
    }


def test_intervals_cover_at_their_rate_where_the_weighting_is_right():
    covered = []
    for world in range(25):
        random = np.random.default_rng(world)
        rates = _true_rates(random)
        truth = pl.DataFrame(
            [(region, *sides) for region, sides in _truth(rates).items()],
            schema=["region_id", "cn", "us"],
            orient="row",
        )
        weights = survey_weights(asked_of(_surveyed(random, rates), _developers(SIZES), REGIONS, DAY))
        own = predicted(truth, weights)
        covered.append(own["logged_share"].is_between(own["cn_share_low"], own["cn_share_high"]).mean())
    # 1,050 intervals: two standard errors are 1.3 points.
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


def _checked(truth, survey, signal="package_download"):
    seen = _counted(signal, MONTH, truth)
    developers = _developers(SIZES)
    table = _allocated(SERIES, survey, seen, developers, REGIONS)
    checks = validate(allocation_checks(table, survey, seen, developers, REGIONS), AllocationChecks, where="test")
    return {row["weighting"]: row for row in checks.filter(check="held_out", against=signal).iter_rows(named=True)}


@pytest.mark.parametrize("signal", ["package_download", "model_download"])
def test_a_right_weighting_predicts_what_was_held_out(signal):
    random = np.random.default_rng(7)
    rates = _true_rates(random)
    checks = _checked(_truth(rates), _surveyed(random, rates, people=400), signal)
    survey, null = checks[SURVEY], checks[NULL]
    assert survey["verdict"] == "predicts"
    assert survey["mean_error"] < 0.5 * null["mean_error"]
    assert survey["null_error"] == pytest.approx(null["mean_error"])
    assert survey["rank_correlation"] > 0.8
    assert null["rank_correlation"] is None
    assert survey["economies"] == len(ECONOMIES)
    assert ("packages" in checks) == (signal == "model_download")


def test_a_wrong_weighting_is_found_out():
    random = np.random.default_rng(8)
    rates = _true_rates(random)
    # Downloads lie where the users of the other side are.
    found = _checked(_truth(rates[::-1]), _surveyed(random, rates, people=400))[SURVEY]
    assert found["verdict"] == "no_better_than_null"
    assert found["interval_coverage"] < 0.5
    assert found["rank_correlation"] < 0


def test_a_weighting_that_is_right_in_direction_and_too_sure_of_it_is_found_out():
    random = np.random.default_rng(9)
    rates = _true_rates(random)
    # Downloads are less one-sided than use: odds are square roots.
    found = _checked(_truth(tuple(np.sqrt(rate) for rate in rates)), _surveyed(random, rates, people=2000))[SURVEY]
    assert found["verdict"] == "intervals_too_narrow"
    assert found["mean_error"] < found["null_error"]


def test_a_log_that_is_hidden_or_one_sided_is_nothing_to_predict():
    hidden = _checked({"AB": (None, 9.0), "AC": (None, 4.0)}, _survey(SURVEYED))
    assert {row["state"] for row in hidden.values()} == {"not_observed"}
    one_sided = _checked({"AB": (8.0, 0.0), "AC": (9.0, 0.0)}, _survey(SURVEYED))
    assert {row["state"] for row in one_sided.values()} == {"not_observed"}


def test_a_signal_never_predicts_itself():
    seen = _counted("package_download", MONTH, {"AB": (40.0, 60.0), "AC": (10.0, 90.0), "AD": (5.0, 5.0)})
    assert "packages" in weightings(_survey(SURVEYED), seen, _developers(SIZES), REGIONS, day=DAY)
    assert "packages" not in _checked({"AB": (40.0, 60.0), "AC": (10.0, 90.0), "AD": (5.0, 5.0)}, _survey(SURVEYED))


def test_agreement_tells_how_far_a_weighting_moves_the_answer():
    seen = _counted("package_download", MONTH, {"AB": (40.0, 60.0), "AC": (10.0, 90.0), "AD": (5.0, 5.0)})
    table = _allocated(SERIES, _survey(SURVEYED), seen, _developers(SIZES), REGIONS)
    checks = allocation_checks(table, _survey(SURVEYED), seen, _developers(SIZES), REGIONS)
    row = checks.filter(check="agreement", coding="publisher", weighting=SURVEY, against="packages").row(0, named=True)
    shares = table.filter(coding="publisher", level="country").pivot("weighting", index="region_id", values="cn_share")
    both = shares.drop_nulls([SURVEY, "packages"])
    apart = (both[SURVEY] - both["packages"]).abs()
    assert row["economies"] == both.height == 2
    assert (row["mean_error"], row["greatest_error"]) == pytest.approx((apart.mean(), apart.max()))
