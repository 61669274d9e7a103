"""Offset evidence: what clocks tell of a person's home, and what they must not be taken to tell."""

from datetime import date
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.ingest.snapshot import read
from assets.places import offset_calibration, offsets
from assets.places.offset_calibration import ABSTAINED, OTHER, calibrate, confusion
from assets.places.offsets import (
    OffsetError,
    github_developers,
    infer,
    never_inferred,
    offset_rules,
    zone_shares,
)
from tests.unit.places import world

JANUARY, JULY, MARCH = date(2025, 1, 1), date(2025, 7, 1), date(2025, 3, 1)


def _histograms(*rows):
    return pl.DataFrame(
        rows,
        schema={"actor": pl.String, "month": pl.Date, "utc_offset_minutes": pl.Int64, "commits": pl.Int64},
        orient="row",
    )


@cache
def _real_developers():
    return github_developers(read("denominators"))


def _one(*rows, **options):
    options.setdefault("developers", _real_developers())
    return infer(_histograms(*rows), **options).row(0, named=True)


def _weights(answer, field="weight"):
    return {candidate["country"]: candidate[field] for candidate in answer["candidates"]}


@cache
def _world(n=4000, seed=1, movers=0.06):
    return world.people(n, seed=seed, movers=movers)


def test_shares_of_zones_add_up_in_every_economy():
    totals = zone_shares().group_by("country").agg(pl.col("share").sum())
    assert totals.height > 240
    assert (totals["share"] - 1).abs().max() < 1e-9
    assert {"CN", "TW", "HK", "MO", "XK", "PS", "NA"} <= set(totals["country"])


def test_rules_follow_daylight_saving():
    rules = offset_rules([JANUARY, MARCH, JULY]).filter(pl.col("zone") == "Europe/London")
    kept = {(row["month"], row["utc_offset_minutes"]): row["days"] for row in rules.iter_rows(named=True)}
    assert kept[JANUARY, 0] == kept[JULY, 60] == 1.0
    assert kept[MARCH, 60] == pytest.approx(2 / 31)  # from the last Sunday, the 30th, on


def test_one_hour_ahead_is_britain_in_july_and_germany_in_january():
    july, january = _one(("a", JULY, 60, 3)), _one(("a", JANUARY, 60, 3))
    assert next(iter(_weights(july))) == "GB"
    assert next(iter(_weights(january))) == "DE"
    assert _weights(july).get("DE", 0) < 0.01
    assert _weights(january).get("GB", 0) < 0.01
    assert july["country"] is january["country"] is None


def test_months_together_tell_more_than_each():
    always = _one(("a", JULY, 60, 3), ("a", JANUARY, 60, 3))
    assert next(iter(_weights(always))) == "NG"  # no daylight saving
    assert _one(("a", JANUARY, -300, 1), ("a", JULY, -300, 1))["candidates"][0]["country"] != "US"
    assert _one(("a", JANUARY, -300, 1), ("a", JULY, -240, 1))["country"] == "US"


def test_eight_hours_ahead_is_several_economies_and_no_silent_pick():
    answer = _one(("a", JANUARY, 480, 900), ("a", JULY, 480, 900), ("a", date(2025, 10, 1), 480, 900))
    assert answer["country"] is None
    assert answer["reason"] == offsets.SEVERAL
    weights = _weights(answer)
    assert {"CN", "SG", "MY", "PH", "TW", "HK", "AU"} <= set(weights)
    assert weights["CN"] < 0.75
    assert weights["AU"] < weights["SG"]  # Perth alone keeps this time


def test_support_is_what_offsets_say_without_the_prior():
    support = _weights(_one(("a", JANUARY, 480, 9)), "support")
    assert support["CN"] == pytest.approx(support["SG"], rel=0.1) == pytest.approx(1, rel=0.1)
    assert 0.05 < support["AU"] < 0.2


@pytest.mark.parametrize("minutes", [0, 17])
def test_offsets_that_say_nothing_are_refused_with_a_reason(minutes):
    answer = _one(("a", JANUARY, minutes, 50), ("a", JULY, minutes, 50))
    assert answer["country"] is answer["probability"] is None
    assert (answer["months"], answer["candidates"]) == (0, [])
    assert answer["reason"] == (offsets.ONLY_ZERO if minutes == 0 else offsets.NO_ZONE)


def test_offset_zero_changes_nothing_beside_other_offsets():
    rows = [("a", JANUARY, 330, 2), ("a", JULY, 330, 2)]
    assert _one(*rows) == _one(*rows, ("a", JANUARY, 0, 900), ("a", MARCH, 0, 5))


def test_places_that_keep_offset_zero_are_named_as_never_inferred():
    never = never_inferred([JANUARY, JULY])
    assert {"GH", "SN", "IS"} <= set(never)
    assert not {"GB", "IE", "PT", "MA", "NG"} & set(never)


def test_probabilities_add_up_and_fall():
    answer = _one(("a", JULY, 120, 1))
    weights = [candidate["weight"] for candidate in answer["candidates"]]
    assert weights == sorted(weights, reverse=True)
    assert 0.93 < sum(weights) <= 1 + 1e-9
    assert answer["probability"] == weights[0]


months = st.lists(st.sampled_from(world.MONTHS), min_size=2, max_size=8, unique=True)


@given(months, st.sampled_from(["Asia/Kolkata", "Europe/Berlin", "Asia/Shanghai", "America/Lima", "Asia/Tokyo"]))
@settings(max_examples=40, deadline=None)
def test_more_evidence_of_one_clock_is_not_less_certain(active, zone):
    rows = [("a", month, world._offset(zone, month.replace(day=15)), 1) for month in sorted(active)]
    home = {
        "Asia/Kolkata": "IN",
        "Europe/Berlin": "DE",
        "Asia/Shanghai": "CN",
        "America/Lima": "PE",
        "Asia/Tokyo": "JP",
    }
    fewer, more = (_weights(_one(*some))[home[zone]] for some in (rows[:-1], rows))
    # A month of the change of clocks is shared between two offsets, and so weaker than a whole one.
    if not {3, 10, 11} & {month.month for month in active}:
        assert more >= fewer - 1e-9


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_order_of_rows_does_not_matter(random):
    histograms, _ = _world(60, seed=5)
    order = list(range(histograms.height))
    random.shuffle(order)
    expected = infer(histograms, world.developers())
    assert infer(histograms[order], world.developers().sample(fraction=1, shuffle=True, seed=3)).equals(expected)


def test_an_actor_is_judged_alone():
    histograms, _ = _world(60, seed=5)
    together = infer(histograms, world.developers())
    some = histograms["actor"].unique().sort()[:20]
    alone = infer(histograms.filter(pl.col("actor").is_in(some.implode())), world.developers())
    joined = alone.join(together, on="actor")
    assert joined["country"].equals(joined["country_right"].alias("country"), null_equal=True)
    # Other actors bring other months; an offset that only those months know spreads the noise a little wider.
    assert ((joined["probability"] - joined["probability_right"]).abs().max()) < 0.01


def test_months_split_into_rows_and_chunks_are_the_same(monkeypatch):
    histograms, _ = _world(60, seed=5)
    expected = infer(histograms, world.developers())
    twice = pl.concat([histograms.with_columns(pl.col("month").dt.offset_by("3d"))] * 2)
    monkeypatch.setattr(offsets, "CHUNK", 7)
    assert infer(twice, world.developers()).equals(expected)


def test_a_high_temperature_returns_to_the_prior():
    weights = _weights(_one(("a", JANUARY, 480, 9), developers=world.developers(), temperature=1e6))
    assert weights["US"] == pytest.approx(28_000 / sum(world.DEVELOPERS.values()), rel=1e-3)


def test_named_economies_are_right_three_times_in_four_or_more():
    histograms, homes = _world()
    named = infer(histograms, world.developers()).drop_nulls("country").join(homes, on="actor")
    assert named.height > 500
    assert (named["country"] == named["country_right"]).mean() > 0.75


def test_fitted_probabilities_are_calibrated_on_people_they_have_not_seen():
    histograms, homes = _world()
    fitted = calibrate(histograms, homes, world.developers())
    assert fitted.state == "value"
    assert fitted.ece < 0.03
    assert fitted.reliability["n"].min() >= 10
    assert fitted.reliability["n"].sum() == fitted.n
    others, their_homes = _world(seed=2)
    held_out = confusion(
        others, their_homes, world.developers(), temperature=fitted.temperature, smoothing=fitted.smoothing
    )
    assert held_out.ece < 0.03


@pytest.mark.parametrize("movers", [0.0, 0.15])
def test_a_fit_finds_how_many_clocks_are_foreign_and_is_better_for_it(movers):
    histograms, homes = _world(seed=3, movers=movers)
    fitted = calibrate(histograms, homes, world.developers())
    assert fitted.smoothing == pytest.approx(movers, abs=0.02)
    assert 0.7 < fitted.temperature < 1.4
    assert fitted.ece < 0.03 < fitted.ece_uncalibrated


def test_months_that_repeat_each_other_are_weakened():
    histograms, homes = _world(seed=1, n=1500)
    copied = pl.concat([histograms.with_columns(pl.col("month").dt.offset_by(f"-{years}y")) for years in (0, 2, 4, 6)])
    assert calibrate(copied, homes, world.developers()).temperature > 2


@cache
def _confusion(threshold):
    histograms, homes = _world()
    return confusion(histograms, homes, world.developers(), threshold=threshold)


@pytest.mark.parametrize("threshold", [0.0, 0.75])
def test_rows_of_the_confusion_matrix_sum_to_people(threshold):
    _, homes = _world()
    result = _confusion(threshold)
    assert result.matrix["n"].sum() == result.n == homes.height
    rows = result.matrix.filter(pl.col("declared") != OTHER).group_by("declared").agg(pl.col("n").sum())
    expected = homes.group_by("country").len().rename({"country": "declared"})
    assert rows.join(expected, on="declared").filter(pl.col("n") != pl.col("len")).is_empty()
    assert rows.height > 15


@pytest.mark.parametrize("threshold", [0.0, 0.75])
def test_no_cell_of_the_confusion_matrix_rests_on_fewer_than_ten(threshold):
    matrix = _confusion(threshold).matrix
    assert matrix["n"].min() >= 10
    assert OTHER in set(matrix["inferred"])
    assert not matrix.select("declared", "inferred").is_duplicated().any()


@given(st.dictionaries(st.sampled_from([a + b for a in "ABCDEF" for b in "XY"]), st.integers(1, 40), min_size=1))
@settings(deadline=None)
def test_folding_keeps_people_and_hides_small_cells(cells):
    counts = pl.DataFrame({"declared": "ZZ", "inferred": list(cells), "n": list(cells.values())})
    folded = offset_calibration._folded(counts, "inferred", ["declared"]).group_by("inferred").agg(pl.col("n").sum())
    assert folded["n"].sum() == sum(cells.values())
    assert folded["n"].min() >= min(10, sum(cells.values()))


def test_the_matrix_tells_of_those_for_whom_no_economy_was_named():
    result = _confusion(0.75)
    china = result.matrix.filter(pl.col("declared") == "CN")
    assert dict(china.select("inferred", "n").iter_rows())[ABSTAINED] / china["n"].sum() > 0.8
    assert result.accuracy > 0.75


def test_without_people_who_have_both_nothing_is_observed():
    histograms, homes = _world(60, seed=5)
    for declared in (homes.head(0), homes.with_columns(actor=pl.lit("elsewhere")).head(1), homes):
        fitted, compared = (f(histograms, declared, world.developers()) for f in (calibrate, confusion))
        assert (fitted.state, compared.state) == ("not_observed", "not_observed")
        assert fitted.reason == compared.reason == offset_calibration.NOBODY_HAS_BOTH
        assert (fitted.temperature, fitted.n, compared.n) == (offsets.UNCALIBRATED_TEMPERATURE, None, None)
        assert (fitted.reliability.height, compared.matrix.height) == (0, 0)
        assert fitted.reliability.schema == offset_calibration.RELIABILITY
        assert compared.matrix.schema == offset_calibration.MATRIX


def test_no_histograms_give_no_rows_of_the_declared_shape():
    answer = infer(_histograms(), _real_developers())
    assert answer.height == 0
    assert answer.schema == offsets.INFERRED


def test_the_prior_is_the_newest_figure_of_each_economy():
    developers = _real_developers()
    assert developers["country"].is_unique().all()
    newest = read("denominators").filter((pl.col("measure") == "github_developers") & (pl.col("region_id") == "KE"))
    expected = newest.sort("period")["value"][-1]
    assert developers.filter(pl.col("country") == "KE")["developers"].item() == expected


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda frame: frame.drop("month"), {}, "lack the column"),
        (lambda frame: frame.with_columns(commits=0), {}, "fewer than 1 commit"),
        (lambda frame: frame.with_columns(month=pl.lit(None, dtype=pl.Date)), {}, "empty values in month"),
        (lambda frame: frame, {"temperature": 0.0}, "temperature is 0.0"),
        (lambda frame: frame, {"smoothing": 1.0}, "smoothing is 1.0"),
        (lambda frame: frame, {"noise": 1.0}, "noise is 1.0"),
        (lambda frame: frame, {"developers": pl.DataFrame({"country": ["ZZ"], "developers": [1.0]})}, "No economy"),
    ],
)
def test_what_does_not_fit_is_refused(change, options, said):
    options.setdefault("developers", world.developers())
    with pytest.raises(OffsetError, match=said):
        infer(change(_histograms(("a", JULY, 60, 1))), **options)


def test_an_actor_who_declares_two_countries_is_refused():
    histograms, _ = _world(60, seed=5)
    actor = histograms["actor"][0]
    declared = pl.DataFrame({"actor": [actor, actor], "country": ["KE", "UG"]})
    with pytest.raises(OffsetError, match=r"1 actor\(s\) declare more than one country"):
        calibrate(histograms, declared, world.developers())
