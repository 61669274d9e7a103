"""Months of regions: whole years or nothing, and nothing hidden follows from the year beside them."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.located import located_cells
from assets.adoption.regional_months import people_months, regional_months
from assets.schemas import validate
from assets.schemas.adoption import Estimates
from assets.schemas.ingest import Contributions
from assets.schemas.series import RegionalMonths
from maps.geometry.regions import load_regions
from tests.unit.adoption.people import CN, TRACKED, US, forks_of, places_of

REGIONS = load_regions()
NG, KE = ("NG", None, None), ("KE", None, None)


def _months(groups):
    """Return the months of (size, home, repositories, month) people, each of whom forks in one month or in several."""
    forks = pl.concat(
        forks_of([(size, home, repositories, 2025)]).with_columns(
            actor=pl.lit(f"{number:04}") + pl.col("actor").str.slice(4),
            fork=pl.lit(f"{number:04}{month:02}") + pl.col("fork").str.slice(6),
            created_on=pl.lit(date(2025, 1, 20)).dt.offset_by(f"{month - 1}mo"),
        )
        for number, (size, home, repositories, months) in enumerate(groups)
        for month in months
    )
    places = pl.concat(
        places_of([(size, home, repositories, 2025)]).with_columns(
            actor=pl.lit(f"{number:04}") + pl.col("actor").str.slice(4)
        )
        for number, (size, home, repositories, _) in enumerate(groups)
    )
    nothing = Contributions.create_empty()
    estimates = _estimates(located_cells(forks, nothing, places, TRACKED, REGIONS))
    people = people_months(forks, nothing, places, TRACKED, estimates)
    return validate(regional_months(people, estimates), RegionalMonths, where="test"), estimates


def _estimates(cells):
    """Return cells of people with the columns of estimates, and a cell of a signal without any month."""
    silent = {"signal": "package_download", "period": date(2025, 6, 1), "state": "not_observed", "coding": "publisher"}
    whole = pl.concat([cells, pl.DataFrame([silent])], how="diagonal_relaxed")
    return whole.select(
        pl.col(name) if name in whole.columns else pl.lit(None, column.dtype).alias(name)
        for name, column in Estimates.columns().items()
    )


def _shown(groups, region="NG"):
    months, _ = _months(groups)
    own = months.filter(signal="fork", region_id=region).sort("month")
    return own.select(pl.col("month").dt.month(), "n").rows()


def test_a_year_of_full_months_is_shown_and_the_newest_month_is_not_over():
    groups = [(12, NG, (CN,), [month]) for month in range(1, 6)] + [(11, NG, (US,), [month]) for month in range(1, 6)]
    assert _shown(groups) == [(month, 23) for month in range(1, 5)]
    months, _ = _months(groups)
    row = months.filter(signal="fork").row(0, named=True)
    assert (row["n_cn"], row["n_us"], row["state"], row["evidence"]) == (12, 11, "value", "declared")
    assert row["cn_share"] == pytest.approx(12 / 23)
    assert row["cn_share_low"] < row["cn_share"] < row["cn_share_high"]


def test_one_small_month_hides_the_year():
    groups = [(12, NG, (CN,), [1]), (9, NG, (CN,), [2]), (12, NG, (CN,), [3]), (12, KE, (CN,), [1, 2, 3])]
    assert _shown(groups) == [(1, None), (2, None)]
    assert _shown([*groups, (3, NG, (US,), [2])]) == [(1, 12), (2, 12)]


def test_a_month_without_anybody_is_a_small_month():
    assert _shown([(12, NG, (CN,), [1, 3]), (12, KE, (CN,), [2])]) == [(1, None), (2, None)]


def test_a_month_that_is_almost_the_year_would_tell_of_the_few_others():
    # Five people came in the second month alone: the year minus the first month are they.
    groups = [(20, NG, (CN,), [1, 2, 3]), (5, NG, (CN,), [2])]
    assert _shown(groups) == [(1, None), (2, None)]
    assert _shown([(20, NG, (CN,), [1, 2, 3]), (10, NG, (CN,), [2])]) == [(1, 20), (2, 30)]


def test_signals_without_months_say_why():
    months, _ = _months([(12, NG, (CN,), [1, 2])])
    silent = months.filter(state="not_observed")
    assert set(silent["signal"]) == {"package_download"}
    assert silent["reason"].null_count() == 0


GROUPS = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from([NG, KE, ("GH", None, None), (None, None, None)]),
        st.sampled_from([(CN,), (US,), (CN, US)]),
        st.sets(st.integers(1, 4), min_size=1).map(sorted),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(GROUPS)
def test_no_difference_of_shown_figures_is_of_few_people(groups):
    months, estimates = _months(groups)
    shown = months.filter(pl.col("signal") == "fork", pl.col("n").is_not_null())
    years = dict(estimates.filter(signal="fork", level="country").select("region_id", "n").iter_rows())
    for region, n in shown.select("region_id", "n").iter_rows():
        assert n >= 10
        rest = years[region] - n
        assert rest == 0 or rest >= 10
    # A year of months is whole or absent, so that no month follows from the others.
    for _, own in months.filter(signal="fork").group_by("region_id"):
        assert own["n"].null_count() in {0, own.height}
    # Nothing is shown of months above economies, which would be sums over hidden ones.
    assert set(months.filter(pl.col("state") != "not_observed")["level"]) <= {"country"}
