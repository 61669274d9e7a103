"""Package downloads as a signal: whose packages count, what is shown, and that lost days are never zeros."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.packages import FEW, package_cells, package_observations
from assets.origins.tracked import load_packages
from assets.schemas import validate
from assets.schemas.adoption import Observations
from assets.schemas.ingest import PackageDownloads

SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
ENDS = {SEPTEMBER: date(2026, 9, 30), OCTOBER: date(2026, 10, 31), NOVEMBER: date(2026, 11, 10)}
PACKAGES = load_packages()
REGIONS = pl.DataFrame(
    [
        ("world", "world", None),
        ("m49:014", "subregion", "world"),
        ("KE", "country", "m49:014"),
        ("UG", "country", "m49:014"),
        ("TZ", "country", "m49:014"),
        ("m49:154", "subregion", "world"),
        ("SE", "country", "m49:154"),
        ("AQ", "country", "world"),
    ],
    schema=["region_id", "level", "parent_id"],
    orient="row",
)


def _downloads(*rows, days=None):
    return validate(
        pl.DataFrame(
            [
                (package, region, month, kind, count, ENDS[month], days or ENDS[month].day, "clickhouse_pypi")
                for package, region, month, kind, count in rows
            ],
            schema=list(PackageDownloads.columns()),
            orient="row",
        ),
        PackageDownloads,
        where="test",
    )


TABLE = _downloads(
    ("qwen-agent", "KE", OCTOBER, "package_manager", 30),
    ("dashscope", "KE", OCTOBER, "package_manager", 10),
    ("qwen-agent", "KE", OCTOBER, "mirror", 1000),
    ("anthropic", "KE", OCTOBER, "package_manager", 60),
    ("openai", "KE", OCTOBER, "package_manager", 5000),
    ("transformers", "KE", OCTOBER, "package_manager", 9000),
    ("mistralai", "KE", OCTOBER, "package_manager", 7),
    ("anthropic", "UG", OCTOBER, "package_manager", 20),
    ("anthropic", "TZ", OCTOBER, "package_manager", 9),
    ("anthropic", "SE", OCTOBER, "package_manager", 40),
    ("torch", "AQ", OCTOBER, "package_manager", 3),
    ("qwen-agent", "ZZ", OCTOBER, "package_manager", 5),
    ("anthropic", "ZZ", OCTOBER, "package_manager", 15),
    ("qwen-agent", "KE", NOVEMBER, "package_manager", 99),
)


def _cell(region, table=TABLE, period=OCTOBER):
    cells = package_cells(table, PACKAGES, REGIONS)
    return cells.filter(region_id=region, period=period).row(0, named=True)


def test_helpers_and_sdks_of_either_side_count_and_nothing_else():
    cell = _cell("KE")
    assert (cell["n_cn"], cell["n_us"], cell["n_other"], cell["n"]) == (40, 60, 7, 100)
    assert cell["cn_share"] == pytest.approx(0.4)
    assert (cell["state"], cell["evidence"], cell["counted"]) == ("value", "logged", "downloads")


def test_bounds_place_what_has_no_country_here():
    cell = _cell("KE")
    assert cell["bound_low"] == pytest.approx(40 / 115)
    assert cell["bound_high"] == pytest.approx(45 / 105)
    located = 40 + 60 + 7 + 20 + 9 + 40
    assert cell["coverage"] == pytest.approx(located / (located + 20))


@pytest.mark.parametrize(
    ("region", "state", "reason"),
    [
        ("SE", "zero", None),
        ("TZ", "suppressed", FEW),
        ("UG", "suppressed", FEW),
        ("AQ", "not_observed", "No download of either side's packages, though others were downloaded here."),
    ],
)
def test_states_are_told_apart(region, state, reason):
    cell = _cell(region)
    assert (cell["state"], cell["reason"]) == (state, reason)
    assert (cell["cn_share"] is None) == (state != "zero")
    assert (cell["n_us"] is None) == (state != "zero")


def test_roll_ups_are_sums_of_counts():
    for region, us in (("m49:014", 89), ("world", 129)):
        cell = _cell(region)
        assert (cell["n_cn"], cell["n_us"]) == (40, us)
        assert cell["cn_share"] == pytest.approx(40 / (40 + us))


def test_shares_without_one_package_are_told():
    cell = _cell("KE")
    assert (cell["largest_artefact"], cell["cn_share_without_largest"]) == ("anthropic", 1.0)
    assert cell["leave_one_out_low"] == pytest.approx(10 / 70)
    assert cell["leave_one_out_high"] == 1.0


def test_a_hidden_count_does_not_follow_from_the_total():
    cells = package_cells(TABLE, PACKAGES, REGIONS).filter(pl.col("region_id").is_in(["UG", "TZ"]))
    assert set(cells["state"]) == {"suppressed"}
    assert cells["n_us"].null_count() == cells.height


def test_a_month_that_is_not_over_is_not_used():
    assert set(package_cells(TABLE, PACKAGES, REGIONS)["period"]) == {OCTOBER}
    assert set(package_observations(TABLE, PACKAGES, REGIONS)["period"]) == {OCTOBER}


def test_lost_days_are_said_and_too_many_leave_the_month_out():
    row = ("qwen-agent", "KE", SEPTEMBER, "package_manager", 50)
    cell = _cell("KE", _downloads(row, days=28), SEPTEMBER)
    assert cell["reason"] == "28 of 30 days are counted: the source lost the others."
    assert package_cells(_downloads(row, days=14), PACKAGES, REGIONS).is_empty()


def test_observations_meet_their_declaration():
    rows = package_observations(TABLE, PACKAGES, REGIONS).select(Observations.column_names())
    validate(rows, Observations, where="test")
    kenya = rows.filter(region_id="KE")
    assert dict(kenya.select("origin", "n").rows()) == {"CN": 40, "US": 60, "other": 7, "unknown": 0}
    assert "ZZ" not in set(rows["region_id"])
    assert set(rows.filter(region_id="TZ")["state"]) == {"suppressed"}
    assert rows.filter(region_id="TZ")["n"].null_count() == 4


def test_nothing_fetched_is_nothing_observed():
    empty = PackageDownloads.create_empty()
    assert package_cells(empty, PACKAGES, REGIONS).is_empty()
    assert package_observations(empty, PACKAGES, REGIONS).is_empty()
