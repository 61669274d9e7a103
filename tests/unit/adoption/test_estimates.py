"""Estimates: every region has one cell with a state, metros say that they are modelled, silence has a reason."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.estimates import estimate, modelled_metros
from assets.adoption.signals import load_signals
from assets.ingest import snapshot
from assets.origins.tracked import load_packages
from assets.schemas import TABLES, validate
from assets.schemas.ingest import PackageDownloads

REGIONS = pl.DataFrame(
    [
        ("world", "world", "World", None),
        ("m49:014", "subregion", "Eastern Africa", "world"),
        ("m49:202", "subregion", "Elsewhere", "world"),
        ("KE", "country", "Kenya", "m49:014"),
        ("UG", "country", "Uganda", "m49:014"),
        ("TZ", "country", "Tanzania", "m49:014"),
        ("SE", "country", "Sweden", "m49:202"),
        ("AQ", "country", "Antarctica", "m49:202"),
        ("metro:nairobi", "metro", "Nairobi", "KE"),
        ("metro:dodoma", "metro", "Dodoma", "TZ"),
        ("metro:mcmurdo", "metro", "McMurdo", "AQ"),
    ],
    schema=["region_id", "level", "name", "parent_id"],
    orient="row",
)
CHOICES = pl.DataFrame(
    [
        ("One", "m", "CN", "KE", "metro:nairobi", date(2024, 3, 1)),
        ("One", "n", "US", "KE", "metro:nairobi", date(2024, 5, 1)),
        ("Two", "o", "CN", "KE", None, date(2024, 5, 1)),
        ("Three", "p", "other", "SE", None, date(2025, 5, 1)),
        ("Four", "q", "US", "UG", None, date(2025, 5, 1)),
        ("Five", "r", "unknown", "UG", None, date(2025, 6, 1)),
    ],
    schema=["organisation", "model", "origin", "country", "metro", "released_on"],
    orient="row",
)
DOWNLOADS = PackageDownloads.create_empty()
PACKAGES = load_packages()
DENOMINATORS = snapshot.read("denominators")
COUNTS = {  # answered, CN, US, both, neither; None = hidden by the source
    "KE": (74, 43, 10, 7, 28),
    "UG": (60, 20, 12, 6, 34),
    "TZ": (31, 9, None, None, 20),
    "SE": (200, 30, 40, 12, 142),
}


def _survey():
    models = ("ANY_CN_OPEN", "ANY_US_OPEN", "BOTH_CN_US_OPEN", "NO_OPEN", "Mistral")
    rows = [
        (date(2025, 6, 1), region, model, answered, users, users is None, "so_survey_2025")
        for region, (answered, *counts) in COUNTS.items()
        for model, users in zip(models, [*counts, None], strict=True)
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


@pytest.fixture(scope="module")
def cells():
    return validate(
        estimate(_survey(), CHOICES, DOWNLOADS, PACKAGES, REGIONS, denominators=DENOMINATORS),
        TABLES["adoption/estimates"],
        where="test",
    )


def _cell(cells, region, signal="survey_use", coding="publisher"):
    return cells.filter(
        (pl.col("region_id") == region) & (pl.col("signal") == signal) & (pl.col("coding") == coding)
    ).row(0, named=True)


def test_every_signal_has_one_cell_for_every_region(cells):
    for slice_, rows in cells.group_by("signal", "period", "coding"):
        assert sorted(rows["region_id"]) == sorted(REGIONS["region_id"]), slice_
    assert set(cells["signal"]) == set(load_signals())


def test_states_are_kept_apart(cells):
    assert _cell(cells, "KE")["state"] == "value"
    assert _cell(cells, "TZ")["state"] == "suppressed"
    assert _cell(cells, "AQ")["state"] == "not_observed"
    assert _cell(cells, "KE", "model_download")["state"] == "not_observable"
    assert _cell(cells, "KE", "fork")["state"] == "not_observed"
    assert cells.filter(~pl.col("state").is_in(["value", "zero"]))["reason"].null_count() == 0


def test_downloads_have_no_figure_anywhere_and_say_why(cells):
    downloads = cells.filter(pl.col("signal") == "model_download")
    assert downloads["cn_share"].null_count() == downloads.height
    assert _cell(cells, "world", "model_download")["state"] == "not_observed"
    assert "whole hub" in _cell(cells, "world", "model_download")["reason"]


def test_absent_cells_of_a_signal_stand_under_its_licence(cells):
    assert _cell(cells, "AQ")["source_id"] == "so_survey_2025"
    assert _cell(cells, "AQ", "fork")["source_id"] is None


def test_two_waves_make_two_sets_of_cells():
    later = _survey().with_columns(wave=pl.lit(date(2026, 6, 1)))
    cells = validate(
        estimate(pl.concat([_survey(), later]), CHOICES, DOWNLOADS, PACKAGES, REGIONS, denominators=DENOMINATORS),
        TABLES["adoption/estimates"],
        where="two waves",
    )
    survey = cells.filter(pl.col("signal") == "survey_use")
    assert survey.group_by("period").len()["len"].to_list() == [REGIONS.height] * 2


def test_a_survey_without_rows_is_refused():
    with pytest.raises(ValueError, match="survey_use has no rows"):
        estimate(_survey().clear(), CHOICES, DOWNLOADS, PACKAGES, REGIONS, denominators=DENOMINATORS)


def test_a_metro_inherits_its_country_and_is_less_sure(cells):
    metro, country = _cell(cells, "metro:nairobi"), _cell(cells, "KE")
    assert metro["cn_share"] == country["cn_share"]
    assert metro["cn_share_low"] < country["cn_share_low"]
    assert metro["cn_share_high"] > country["cn_share_high"]
    assert (metro["bound_low"], metro["bound_high"], metro["coverage"]) == (0, 1, 0)
    assert metro["evidence"] == "modelled"
    assert metro["n"] is None
    assert "inherits Kenya" in metro["reason"]


def test_a_metro_of_a_hidden_or_silent_country_has_no_share(cells):
    assert _cell(cells, "metro:dodoma")["state"] == "suppressed"
    assert _cell(cells, "metro:mcmurdo")["state"] == "not_observed"


def test_location_quotient_is_the_share_over_the_worlds(cells):
    world, kenya = _cell(cells, "world"), _cell(cells, "KE")
    assert world["location_quotient"] == pytest.approx(1)
    assert kenya["location_quotient"] == pytest.approx(kenya["cn_share"] / world["cn_share"])


def test_shrunken_shares_stand_beside_raw_ones(cells):
    for region in ("KE", "UG", "SE"):
        cell = _cell(cells, region)
        assert cell["cn_share"] == pytest.approx(COUNTS[region][1] / (COUNTS[region][1] + COUNTS[region][2]))
        assert 0 < cell["cn_share_shrunk"] < 1
    assert _cell(cells, "TZ")["cn_share_shrunk"] is None


@given(st.floats(0, 3))
@settings(max_examples=40, deadline=None)
def test_the_wider_the_spread_the_wider_the_metro(spread):
    country = pl.DataFrame(
        {
            "signal": ["survey_use"],
            "period": [date(2025, 6, 1)],
            "level": ["country"],
            "region_id": ["KE"],
            "coding": ["publisher"],
            "counted": ["people"],
            "cn_share": [0.8],
            "cn_share_low": [0.7],
            "cn_share_high": [0.88],
            "source_id": ["so_survey_2025"],
        }
    )
    metro = modelled_metros(country, REGIONS, spread).row(0, named=True)
    assert metro["cn_share_low"] <= 0.7 + 1e-9
    assert metro["cn_share_high"] >= 0.88 - 1e-9
    assert 0 < metro["cn_share_low"] < 0.8 < metro["cn_share_high"] < 1


def test_all_surveyed_economies_of_the_snapshot_are_counted():
    survey = snapshot.read("survey_use").filter(pl.col("region_id") != "ZZ")
    counts = survey.filter(pl.col("model").is_in(["ANY_CN_OPEN", "ANY_US_OPEN"])).pivot(
        "model", index="region_id", values="users"
    )
    assert counts.height == 111
    assert counts.drop_nulls().height == 71


def _builders(cells, region, year):
    return cells.filter(signal="derivative", region_id=region, period=date(year, 1, 1)).row(0, named=True)


def test_builders_are_counted_by_economy_and_metro_and_year(cells):
    kenya, nairobi = _builders(cells, "KE", 2024), _builders(cells, "metro:nairobi", 2024)
    assert (kenya["n"], kenya["n_cn"], kenya["n_us"], kenya["n_both"], kenya["events"]) == (2, 2, 1, 1, 3)
    assert kenya["cn_share"] == pytest.approx(2 / 3)
    assert (nairobi["n"], nairobi["cn_share"], nairobi["counted"]) == (1, 0.5, "organisations")
    for cell in (kenya, nairobi):
        assert (cell["evidence"], cell["coding"], cell["state"]) == ("declared", "weights", "value")
        assert cell["cn_share_high"] - cell["cn_share_low"] > 0.4


def test_builders_on_neither_side_have_no_share_and_unknown_ones_widen_the_bounds(cells):
    sweden, uganda = _builders(cells, "SE", 2025), _builders(cells, "UG", 2025)
    assert (sweden["state"], sweden["cn_share"], sweden["n_other"]) == ("not_observed", None, 1)
    assert "neither side: 1 organisation" in sweden["reason"]
    assert (uganda["state"], uganda["cn_share"], uganda["bound_high"]) == ("zero", 0, 0.5)


def test_no_share_of_the_world_is_drawn_from_a_list_that_is_no_census(cells):
    world = _builders(cells, "world", 2024)
    assert (world["state"], world["cn_share"]) == ("not_observed", None)
    assert "no census" in world["reason"]
    assert "is known to have built" in _builders(cells, "KE", 2025)["reason"]
