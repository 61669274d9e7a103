"""Properties of estimates: bounds, coverage in simulation, sums, and independence of order and of splits."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.changes import with_changes
from assets.adoption.estimates import estimate
from assets.adoption.intervals import difference_interval, overlap_share_interval, wilson_interval
from assets.adoption.leave_one_out import without_one
from assets.adoption.located import cells_of_people, located_cells
from assets.adoption.people import count_in_shards, people_events
from assets.adoption.rates import with_rates
from assets.adoption.shrinkage import expit, shrink
from assets.adoption.suppression import LEAST_PEOPLE
from assets.adoption.survey import counts_by_country, survey_cells
from assets.checks import regions_known
from assets.ingest.snapshot import read
from assets.ingest.standings import standings
from assets.publish.captions import map_spec
from assets.run import Run
from assets.schemas import validate
from assets.schemas.adoption import Estimates
from assets.schemas.ingest import Contributions, PackageDownloads
from assets.schemas.tracked import BuilderChoices, TrackedPackages
from maps.cells import slices, subtitle
from maps.geometry.regions import load_regions
from tests.unit.adoption.people import CN, CN_TOO, NEITHER, TRACKED, US, forks_of, places_of

STANDINGS = standings(Run(mode="snapshot", store="", output=""))

REGIONS = load_regions()
HOMES = [
    (None, None, None),
    ("NG", None, None),
    ("NG", "NG-LA", "metro:lagos"),
    ("NG", "NG-KN", None),
    ("GH", "GH-AA", None),
    ("KE", None, None),
    ("PE", "PE-LIM", "metro:lima"),
]
GROUPS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(HOMES),
        st.sets(st.sampled_from([CN, CN_TOO, US, NEITHER]), min_size=1).map(tuple),
        st.sampled_from([2024, 2025]),
    ),
    min_size=1,
    max_size=8,
)


def _counted(groups):
    return count_in_shards(people_events(forks_of(groups), Contributions.create_empty()), places_of(groups), TRACKED)


def _cells(groups):
    return located_cells(forks_of(groups), Contributions.create_empty(), places_of(groups), TRACKED, REGIONS)


@given(GROUPS)
@settings(max_examples=40, deadline=None)
def test_totals_add_up_over_places_and_people_are_counted_once(groups):
    people, artefacts = _counted(groups)
    cells = cells_of_people(people, artefacts, REGIONS)
    for year in {year for *_, year in groups}:
        mine = [(size, home, repositories) for size, home, repositories, when in groups if when == year]
        own = people.filter(pl.col("period").dt.year() == year)
        assert own["everybody"].sum() == sum(size for size, _, _ in mine)
        assert own["n_cn"].sum() == sum(size for size, _, repos in mine if {CN, CN_TOO} & set(repos))
        assert own["n"].sum() == sum(size for size, _, repos in mine if {CN, CN_TOO, US} & set(repos))
        shown = cells.filter((pl.col("period").dt.year() == year) & pl.col("n").is_not_null())
        world = shown.filter(level="world")
        if world.height:
            assert world["n"].item() == own["n"].sum()
            assert world["n_located"].item() + world["n_unlocated"].item() == own["everybody"].sum()
        for level in ("country", "subregion"):
            parts = shown.filter(level=level)
            assert parts["n"].sum() <= own.filter(pl.col("country").is_not_null())["n"].sum()
    assert cells.filter(pl.col("n") > 0)["n"].min() is None or cells.filter(pl.col("n") > 0)["n"].min() >= LEAST_PEOPLE


@given(GROUPS, st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_does_not_matter(groups, random):
    forks, places = forks_of(groups), places_of(groups)
    mixed = forks.sample(fraction=1, shuffle=True, seed=random.randrange(1000))
    nothing = Contributions.create_empty()
    first = located_cells(forks, nothing, places, TRACKED, REGIONS)
    second = located_cells(mixed, nothing, places.reverse(), TRACKED.reverse(), REGIONS.reverse())
    assert first.equals(second)


@given(GROUPS)
@settings(max_examples=30, deadline=None)
def test_bounds_hold_every_home_of_people_without_one(groups):
    cells = _cells(groups)
    shares = cells.filter(level="country").drop_nulls("cn_share")
    for cell in shares.iter_rows(named=True):
        year = cell["period"].year
        lost = [
            (size, {CN, CN_TOO} & set(repos), US in repos)
            for size, (country, *_), repos, when in groups
            if when == year and country is None
        ]
        for here in range(2 ** min(len(lost), 6)):
            moved = [one for bit, one in enumerate(lost[:6]) if here >> bit & 1]
            cn = cell["n_cn"] + sum(size for size, is_cn, _ in moved if is_cn)
            us = cell["n_us"] + sum(size for size, _, is_us in moved if is_us)
            assert cell["bound_low"] - 1e-9 <= cn / (cn + us) <= cell["bound_high"] + 1e-9


@pytest.fixture(scope="module")
def surveyed():
    survey = read("survey_use")
    counts = counts_by_country(survey).filter(pl.col("region_id") != "ZZ")
    return survey_cells(survey, REGIONS).filter(level="country").join(counts, on="region_id")


@given(st.tuples(st.integers(0, 4), st.integers(0, 4)))
@settings(max_examples=25, deadline=None)
def test_bounds_of_the_survey_hold_every_completion_of_hidden_counts(surveyed, hidden):
    cells = surveyed
    for cell in cells.filter(pl.col("cn").is_null() | pl.col("us").is_null()).iter_rows(named=True):
        cn = cell["cn"] if cell["cn"] is not None else min(hidden[0], cell["cn_high"])
        us = cell["us"] if cell["us"] is not None else min(hidden[1], cell["us_high"])
        if cn + us:
            assert cell["bound_low"] - 1e-9 <= cn / (cn + us) <= cell["bound_high"] + 1e-9


@given(GROUPS)
@settings(max_examples=30, deadline=None)
def test_dropping_a_repository_is_counting_without_it(groups):
    people, artefacts = _counted(groups)
    cells = cells_of_people(people, artefacts, REGIONS).drop_nulls("leave_one_out_low")
    for cell in cells.filter(level="world").iter_rows(named=True):
        year, shares = cell["period"].year, []
        mine = [(size, set(repos)) for size, _, repos, when in groups if when == year]
        for dropped in (CN, CN_TOO, US):
            if not any(dropped in repos for _, repos in mine):
                continue
            left = [(size, repos - {dropped}) for size, repos in mine]
            cn = sum(size for size, repos in left if repos & {CN, CN_TOO})
            us = sum(size for size, repos in left if US in repos)
            shares.append(cn / (cn + us))
        assert cell["leave_one_out_low"] == pytest.approx(min(shares))
        assert cell["leave_one_out_high"] == pytest.approx(max(shares))


@given(GROUPS, st.integers(1, 60))
@settings(max_examples=20, deadline=None)
def test_shards_of_any_size_give_the_same_counts(groups, size):
    nothing, places = Contributions.create_empty(), places_of(groups).lazy()
    events = people_events(forks_of(groups), nothing)
    whole = count_in_shards(events, places, TRACKED)
    parts = count_in_shards(events, places, TRACKED, size=size)
    assert all(one.equals(other) for one, other in zip(whole, parts, strict=True))


def test_counting_splits_of_the_input_adds_up_to_counting_the_whole():
    groups = [(20, HOMES[2], (CN, US), 2024), (15, HOMES[4], (US,), 2024), (30, HOMES[0], (CN,), 2025)]
    people, _ = _counted(groups)
    # By person: whoever is in one split is whole in it.
    parts = pl.concat(_counted([group])[0] for group in groups)
    key = ["signal", "period", "country", "admin1", "metro"]
    summed = parts.group_by(key).agg(pl.exclude(key).sum()).select(people.columns).sort(key)
    assert summed.equals(people.sort(key))


@pytest.mark.parametrize(("people", "share"), [(12, 0.1), (30, 0.5), (80, 0.85), (300, 0.03)])
def test_wilson_covers_the_truth_as_often_as_it_says(people, share):
    drawn = np.random.default_rng(5).binomial(people, share, 20_000)
    low, high = wilson_interval(drawn, people)
    # Discrete data: Wilson's coverage swings around nominal (Brown, Cai and DasGupta 2001).
    assert 0.915 <= np.mean((low <= share) & (share <= high)) <= 0.985


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share_and_mirrors(count, people):
    count = min(count, people)
    low, high = wilson_interval(count, people)
    other_low, other_high = wilson_interval(people - count, people)
    assert 0 <= low[0] <= count / people <= high[0] <= 1
    assert other_low[0] == pytest.approx(1 - high[0])
    assert other_high[0] == pytest.approx(1 - low[0])


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5), (float("nan"), 5)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="do not fit"):
        wilson_interval(*counts)


def _difference(later, earlier):
    columns = dict(zip("abcdef", (*later, *earlier), strict=True))
    expressions = difference_interval((pl.col("a"), pl.col("b"), pl.col("c")), (pl.col("d"), pl.col("e"), pl.col("f")))
    ends = pl.DataFrame(columns).select(low=expressions[0], high=expressions[1])
    return ends["low"].to_numpy(), ends["high"].to_numpy()


def test_newcombe_s_published_examples():
    # Newcombe 1998, table II: 56/70 − 48/80 and 9/10 − 3/10 by method 10.
    for (a, m), (b, n), ends in (((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090))):
        one, two = wilson_interval(a, m), wilson_interval(b, n)
        low, high = _difference(([a / m], *one), ([b / n], *two))
        assert (low[0], high[0]) == pytest.approx(ends, abs=1e-4)


@pytest.mark.parametrize("truths", [((0.6, 0.25, 0.15), (0.3, 0.5, 0.2)), ((0.2, 0.2, 0.6), (0.2, 0.2, 0.6))])
def test_changes_cover_the_true_change_as_often_as_they_say(truths):
    rng = np.random.default_rng(9)
    cells, true = [], []
    for truth in truths:
        drawn = rng.multinomial(60, truth, size=500)
        cn, us, both = drawn[:, 0] + drawn[:, 2], drawn[:, 1] + drawn[:, 2], drawn[:, 2]
        cells.append((cn / (cn + us), *overlap_share_interval(cn, us, both)))
        true.append((truth[0] + truth[2]) / (1 + truth[2]))
    low, high = _difference(cells[0], cells[1])
    assert 0.93 <= np.mean((low <= true[0] - true[1]) & (true[0] - true[1] <= high)) <= 0.99


@pytest.mark.parametrize(("groups", "members"), [(12, 8), (4, 4)])
def test_shrunken_intervals_cover_the_truth_as_often_as_they_say(groups, members):
    rng, covered, raw_width, width = np.random.default_rng(2), [], 0.0, 0.0
    group = np.repeat(np.arange(groups), members)
    for _ in range(40):
        truth = rng.normal(0.3, 0.5, groups)[group] + rng.normal(0, 0.4, groups * members)
        error = rng.uniform(0.3, 0.9, groups * members)
        seen = truth + rng.normal(0, error)
        result = shrink(expit(seen), expit(seen - 1.96 * error), expit(seen + 1.96 * error), group)
        covered.append(np.mean((result.low <= expit(truth)) & (expit(truth) <= result.high)))
        raw_width += np.mean(expit(seen + 1.96 * error) - expit(seen - 1.96 * error))
        width += np.mean(result.high - result.low)
    # 40 worlds of 96 or 16 regions each: the Monte-Carlo error of the mean is about a point.
    assert 0.92 <= np.mean(covered) <= 0.98
    assert width < raw_width


def test_the_spread_is_never_taken_as_nothing():
    alike = shrink(*(np.full(6, end) for end in (0.4, 0.3, 0.5)), np.zeros(6, dtype=np.int64))
    alone = shrink(*(np.full(1, end) for end in (0.4, 0.3, 0.5)), np.zeros(1, dtype=np.int64))
    assert alike.within == 0
    assert 0 < alike.spread < alone.spread


def test_a_share_of_none_is_pulled_up_and_keeps_its_place():
    share, low, high = np.array([0.0, 0.5, 0.55, 0.6]), np.array([0, 0.4, 0.45, 0.5]), np.array([0.2, 0.6, 0.65, 0.7])
    result = shrink(share, low, high, np.zeros(4, dtype=np.int64))
    assert 0 < result.share[0] < 0.55
    assert result.low[0] < result.share[0] < result.high[0]


def _whole(groups, survey=None):
    return validate(
        estimate(
            read("survey_use") if survey is None else survey,
            BuilderChoices.create_empty(),
            PackageDownloads.create_empty(),
            TrackedPackages.create_empty(),
            REGIONS,
            denominators=read("denominators"),
            located=_cells(groups),
        ),
        Estimates,
        where="test",
    )


@pytest.fixture(scope="module")
def whole():
    return _whole(
        [
            (60, HOMES[2], (CN,), 2024),
            (20, HOMES[2], (CN, US), 2025),
            (40, HOMES[3], (US,), 2025),
            (30, HOMES[2], (CN_TOO,), 2025),
            (50, HOMES[5], (CN, US), 2025),
            (35, HOMES[5], (US,), 2024),
            (80, HOMES[0], (US,), 2025),
        ]
    )


def _fork(whole, region, year=2025):
    return whole.filter(signal="fork", region_id=region, period=date(year, 1, 1)).row(0, named=True)


def test_subdivisions_metros_and_roll_ups_are_counted_from_people(whole):
    assert _fork(whole, "NG-LA")["n"] == _fork(whole, "metro:lagos")["n"] == 50
    assert (_fork(whole, "NG")["n"], _fork(whole, "m49:011")["n"], _fork(whole, "world")["n"]) == (90, 90, 220)
    assert _fork(whole, "NG-KN")["state"] == "zero"
    assert whole.filter(level="admin1")["signal"].unique().to_list() == ["fork"]


def test_a_metro_where_nobody_lives_is_modelled_and_says_so(whole):
    nairobi, kenya = _fork(whole, "metro:nairobi"), _fork(whole, "KE")
    assert (nairobi["evidence"], nairobi["cn_share"]) == ("modelled", kenya["cn_share"])
    assert nairobi["cn_share_low"] < kenya["cn_share_low"]
    assert nairobi["cn_share_high"] > kenya["cn_share_high"]
    assert (nairobi["bound_low"], nairobi["bound_high"], nairobi["n"]) == (0, 1, None)
    assert "Nobody who was counted" in nairobi["reason"]
    assert nairobi["change_previous"] is None


def test_changes_are_differences_of_shares_in_points(whole):
    now, before = _fork(whole, "NG"), _fork(whole, "NG", 2024)
    assert now["previous_period"] == before["period"]
    assert now["change_previous"] == pytest.approx(100 * (now["cn_share"] - before["cn_share"]))
    assert now["change_previous_low"] < now["change_previous"] < now["change_previous_high"]
    assert now["change_year"] == now["change_previous"]
    assert before["change_previous"] is None
    assert before["previous_period"] is None


def test_a_gap_is_no_previous_period(whole):
    cells = whole.filter(signal="fork", coding="publisher").select(
        *("signal", "period", "region_id", "coding", "evidence", "cn_share", "cn_share_low", "cn_share_high")
    )
    changed = with_changes(cells.filter(~((pl.col("region_id") == "NG") & (pl.col("period") == date(2024, 1, 1)))))
    nigeria = changed.filter(region_id="NG").row(0, named=True)
    assert (nigeria["previous_period"], nigeria["change_previous"]) == (date(2024, 1, 1), None)


def test_rates_divide_by_inhabitants_and_developers(whole):
    nigeria = _fork(whole, "NG")
    people = read("denominators").filter(measure="population", region_id="NG")["value"].max()
    assert nigeria["cn_per_million"] == pytest.approx(50 / people * 1e6, rel=0.1)
    assert nigeria["us_per_1000_developers"] > nigeria["cn_per_million"] / 1e6
    assert _fork(whole, "metro:lagos")["cn_per_million"] is None
    assert whole.filter(signal="survey_use")["cn_per_million"].null_count() == whole.filter(signal="survey_use").height


def test_a_region_with_people_but_no_denominator_makes_no_rate_of_its_roll_ups(whole):
    derived = [name for name in whole.columns if "_per_" in name]
    sizes = read("denominators").filter(~((pl.col("region_id") == "KE") & (pl.col("measure") == "population")))
    cells = with_rates(whole.drop(derived), sizes, REGIONS)
    assert _fork(cells, "m49:014")["cn_per_million"] is None
    assert _fork(cells, "m49:011")["cn_per_million"] is not None
    assert _fork(cells, "m49:014")["cn_per_1000_developers"] is not None


def test_the_largest_repository_is_named_and_dropped(whole):
    lagos = _fork(whole, "metro:lagos")
    assert lagos["largest_artefact"] == CN_TOO
    assert lagos["cn_share_without_largest"] == pytest.approx(20 / 40)
    assert lagos["leave_one_out_low"] <= lagos["cn_share"] <= lagos["leave_one_out_high"]


def test_one_model_carries_the_survey():
    cells = survey_cells(read("survey_use"), REGIONS)
    world = cells.filter(level="world").row(0, named=True)
    assert world["largest_artefact"] == "DeepSeek"
    assert world["cn_share_without_largest"] < 0.25
    assert world["cn_share"] > 0.55
    kenya = cells.filter(region_id="KE").row(0, named=True)
    # Five users of Qwen and ten of either US model; of Phi-4 fewer than five are hidden.
    assert kenya["cn_share_without_largest"] == pytest.approx(5 / 15)
    assert (kenya["leave_one_out_low"], kenya["leave_one_out_high"]) == pytest.approx((5 / 15, 1))


def test_a_share_that_needs_the_dropped_artefact_has_no_range():
    cells = pl.DataFrame({"region_id": ["KE"], "n": [12], "n_cn": [12], "n_us": [0]})
    artefacts = pl.DataFrame({"region_id": ["KE"], "origin": ["CN"], "artefact": [CN], "people": [12], "only": [12]})
    row = without_one(artefacts, cells, key=["region_id"], least=10).row(0, named=True)
    assert row == {
        "region_id": "KE",
        "largest_artefact": CN,
        "cn_share_without_largest": None,
        "leave_one_out_low": None,
        "leave_one_out_high": None,
    }


def test_few_located_people_hide_how_many_are_located():
    cells = _cells([(3, HOMES[4], (CN,), 2024), (100, HOMES[0], (US,), 2024)])
    assert set(cells["state"]) == {"suppressed"}
    assert cells["n_located"].null_count() == cells["coverage"].null_count() == cells.height


def test_a_subdivision_is_known_by_its_economy():
    check = regions_known("regions")
    for region, passed in (("NG-LA", True), ("XX-LA", False), ("metro:nowhere", False), ("NG", True)):
        assert check.run(pl.DataFrame({"region_id": [region]}), {"regions": REGIONS}).passed is passed


def test_maps_take_cells_of_subdivisions_and_leave_them_out(whole):
    spec = map_spec(whole, STANDINGS, boundaries="none", run_mode="snapshot")
    found = next(one for one in slices(whole, REGIONS, spec) if one.spec.signal == "fork")
    assert "NG-LA" not in found.rows["region_id"]
    assert found.counts.valued == 2
    assert "metro areas" in subtitle(found)


def test_waves_that_repeat_show_no_change():
    survey = read("survey_use")
    twice = pl.concat([survey, survey.with_columns(wave=pl.lit(date(2026, 6, 1)))])
    cells = _whole([(10, HOMES[1], (CN,), 2024)], twice).filter(signal="survey_use", period=date(2026, 6, 1))
    assert cells.drop_nulls("change_year")["change_year"].abs().max() == 0
    assert cells.filter(region_id="KE")["change_year_low"].item() < 0
