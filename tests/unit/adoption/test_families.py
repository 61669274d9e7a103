"""Families: totals by model line, and allocations that take each line by itself."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.allocation import allocate, regions_above
from assets.adoption.families import OTHER, family_totals, people_by_family
from assets.adoption.family_weightings import family_parts, mixed, people_family_weights, survey_family_weights
from assets.adoption.weightings import DRAWS, asked_of, counted_weights, survey_weights
from assets.adoption.world_series import GROUP, world_series
from assets.ingest.snapshot import read
from assets.origins.codings import model_origins
from assets.origins.registry import load_publishers
from assets.schemas import validate
from assets.schemas.ingest import Contributions
from assets.schemas.series import FamilyTotals
from maps.geometry.regions import load_regions
from tests.unit.adoption.people import CN, CN_TOO, TRACKED, US, forks_of, places_of

WAVE, DAY = date(2025, 6, 1), date(2026, 5, 20)
REGIONS = load_regions()
SIDES_ASKED = ("ANY_CN_OPEN", "ANY_US_OPEN", "BOTH_CN_US_OPEN", "NO_OPEN", "Mistral")
LINES_ASKED = ("DeepSeek", "Qwen", "Llama", "Phi-4")


@pytest.fixture(scope="module")
def snapshot():
    publishers, models, totals = load_publishers(), read("models"), read("model_download_totals")
    origins = model_origins(models, totals, read("model_parents"), publishers)
    return models, totals, origins, publishers


def test_families_add_up_to_the_series_of_the_snapshot(snapshot):
    table = validate(family_totals(*snapshot), FamilyTotals, where="test")
    series = world_series(*snapshot)
    summed = table.group_by(*GROUP, "coding").agg(
        **{side: pl.col("downloads").filter(pl.col("origin") == side).sum() for side in ("CN", "US")}
    )
    both = series.join(summed, on=[*GROUP, "coding"], validate="1:1")
    assert both.height == series.height
    assert both["CN"].to_list() == pytest.approx(both["n_cn"].to_list())
    assert both["US"].to_list() == pytest.approx(both["n_us"].to_list())
    weights = table.filter(panel="evaluation_registry", definition="rolling_30d", coding="weights", origin="CN")
    assert weights.sort("downloads", descending=True)["family"][0] == "Qwen"


def _survey(counts):
    """Return survey_use of economy → (answered, sides and their overlap, lines); None = hidden."""
    rows = [
        (WAVE, region, model, answered, users, users is None, "so_survey_2025")
        for region, (answered, sides, lines) in counts.items()
        for model, users in zip((*SIDES_ASKED, *LINES_ASKED), (*sides, None, *lines), strict=True)
    ]
    names = ["wave", "region_id", "model", "respondents", "users", "suppressed", "source_id"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None).cast({"users": pl.Int64})


def _developers(sizes):
    rows = [
        ("github_developers", region, date(2025, 7, 1), float(size), "accounts", "innovation_graph")
        for region, size in sizes.items()
    ]
    return pl.DataFrame(
        rows, schema=["measure", "region_id", "period", "value", "value_unit", "source_id"], orient="row"
    )


COUNTS = {
    # DeepSeek is used in Nigeria, Qwen in Kenya; each side is used equally in both.
    "NG": (400, (100, 100, 20, 220), (100, 10, 80, 20)),
    "KE": (400, (100, 100, 20, 220), (10, 100, 20, 80)),
    "PE": (400, (100, 100, 20, 220), (50, None, 50, 50)),
}
SIZES = dict.fromkeys(("NG", "KE", "PE", "GH"), 1000.0)


def _weights(parts, counts=None):
    survey = _survey(counts or COUNTS)
    asked = asked_of(survey, _developers(SIZES), REGIONS, DAY)
    side = survey_weights(asked)
    return side, survey_family_weights(survey, asked, side, parts)


def _at(weights, region, side):
    return getattr(weights, side)[:, weights.regions["region_id"].to_list().index(region)].mean()


def test_a_side_lies_where_the_users_of_its_downloaded_lines_are():
    side, refined = _weights({"CN": {"DeepSeek": 0.8, OTHER: 0.2}, "US": {OTHER: 1.0}})
    assert _at(side, "NG", "cn") == pytest.approx(_at(side, "KE", "cn"), abs=0.01)
    # 80 % of the downloads are DeepSeek's, used by ten times as many in Nigeria; the rest lies as the side does.
    assert _at(refined, "NG", "cn") > 2 * _at(refined, "KE", "cn")
    assert np.allclose(refined.us, side.us)
    assert np.allclose(refined.cn.sum(axis=1), 1)


def test_lines_that_nobody_asked_for_change_nothing():
    side, refined = _weights({"CN": {"GLM": 0.5, "Llama": 0.5}, "US": {"Gemma": 1.0}})
    assert refined is None
    assert side is not None


def test_a_hidden_line_hides_the_share_and_not_the_downloads():
    _, refined = _weights({"CN": {"Qwen": 1.0}, "US": {"Llama": 1.0}})
    state = dict(refined.regions.select("region_id", "state").iter_rows())
    assert state == {"GH": "not_observed", "KE": "value", "NG": "value", "PE": "suppressed"}
    spread = allocate(refined, 500.0, 400.0, np.full(DRAWS, 5 / 9), regions_above(REGIONS))
    own = spread.filter(level="country")
    assert own["n_cn"].sum() == pytest.approx(500)
    assert own["cn_share"].null_count() == 2


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(5, 300), st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=2))
def test_every_completion_of_a_hidden_line_lies_in_the_interval(economies):
    """Qwen's and Llama's users are hidden in both economies; whoever knows them finds the share in the interval."""
    regions = ("NG", "KE")
    counts = {
        region: (answered, (None, None, None, None), (None, None, None, None))
        for region, (answered, _, _) in zip(regions, economies, strict=True)
    }
    sizes = dict.fromkeys(regions, 1000.0)
    survey = _survey(counts)
    asked = asked_of(survey, _developers(sizes), REGIONS, DAY)
    refined = survey_family_weights(survey, asked, survey_weights(asked), {"CN": {"Qwen": 1.0}, "US": {"Llama": 1.0}})
    rows = allocate(refined, 500.0, 400.0, np.full(DRAWS, 5 / 9), regions_above(REGIONS))
    rates = [(qwen / answered, llama / answered) for answered, qwen, llama in economies]
    totals = [sum(rate[at] for rate in rates) for at in (0, 1)]
    if not all(totals):
        return
    for region, rate in zip(regions, rates, strict=True):
        cn, us = 500 * rate[0] / totals[0], 400 * rate[1] / totals[1]
        if cn + us == 0:
            continue
        row = rows.filter(region_id=region).row(0, named=True)
        assert row["cn_share_low"] - 1e-9 <= cn / (cn + us) <= row["cn_share_high"] + 1e-9


@given(st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 1), min_size=1), st.sets(st.sampled_from("abcd")))
def test_mixing_keeps_the_whole(parts, known):
    whole = sum(parts.values())
    parts = {family: part / whole for family, part in parts.items()}
    rest = np.full((3, 4), 0.25)
    lines = {family: np.tile(np.eye(4)["abcd".index(family)], (3, 1)) for family in known}
    assert mixed(parts, lines, rest).sum(axis=1) == pytest.approx([1, 1, 1])


def test_parts_are_of_a_side():
    rows = pl.DataFrame({"origin": ["CN", "CN", "US"], "family": ["Qwen", OTHER, "Llama"], "downloads": [3.0, 1, 5]})
    assert family_parts(rows) == {"CN": {"Qwen": 0.75, OTHER: 0.25}, "US": {"Llama": 1.0}}


LINES = TRACKED.with_columns(family=pl.Series(["Qwen", "GLM", "Llama", "Mistral"]))
LAGOS, NAIROBI = ("NG", "NG-LA", "metro:lagos"), ("KE", None, None)


def _people(groups):
    return people_by_family(forks_of(groups), Contributions.create_empty(), places_of(groups), LINES)


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ([(12, LAGOS, (CN,), 2025)], {("NG", "Qwen", 12)}),
        # Nine people are too few, and so are the four of the side who did not touch Qwen.
        ([(9, LAGOS, (CN,), 2025)], set()),
        ([(12, LAGOS, (CN,), 2025), (4, LAGOS, (CN_TOO,), 2025)], set()),
        ([(12, LAGOS, (CN,), 2025), (10, LAGOS, (CN_TOO,), 2025)], {("NG", "Qwen", 12), ("NG", "GLM", 10)}),
        # Who touched both lines is in both.
        ([(12, LAGOS, (CN, CN_TOO), 2025)], {("NG", "Qwen", 12), ("NG", "GLM", 12)}),
        # Nobody is a number too, among enough people of the side.
        (
            [(12, LAGOS, (CN,), 2025), (10, NAIROBI, (CN_TOO,), 2025)],
            {("NG", "Qwen", 12), ("NG", "GLM", 0), ("KE", "Qwen", 0), ("KE", "GLM", 10)},
        ),
    ],
)
def test_people_of_a_line_count_where_neither_they_nor_the_rest_are_few(groups, told):
    assert set(_people(groups).select("region_id", "family", "people").iter_rows()) == told


def test_people_of_a_line_place_its_downloads():
    groups = [
        (40, LAGOS, (CN,), 2025),
        (40, NAIROBI, (CN_TOO,), 2025),
        (40, LAGOS, (US,), 2025),
        (40, NAIROBI, (US,), 2025),
    ]
    sides = pl.DataFrame(
        {
            "period": [date(2025, 1, 1)] * 2,
            "region_id": ["KE", "NG"],
            "cn": [40.0, 40],
            "us": [40.0, 40],
            "source_id": ["github"] * 2,
        }
    )
    side = counted_weights("forks", sides, DAY)
    parts = {"CN": {"Qwen": 0.9, "GLM": 0.1}, "US": {"Llama": 1.0}}
    refined = people_family_weights("fork_families", _people(groups), sides, side, parts)
    assert _at(side, "NG", "cn") == pytest.approx(0.5, abs=0.02)
    assert _at(refined, "NG", "cn") == pytest.approx(0.9, abs=0.03)
    assert np.allclose(refined.cn.sum(axis=1), 1)
    for nothing in ({"CN": {OTHER: 1.0}, "US": {}}, {"CN": {"Yi": 1.0}, "US": {"Gemma": 1.0}}):
        assert people_family_weights("fork_families", _people(groups), sides, side, nothing) is None


def test_a_line_whose_people_are_hidden_everywhere_lies_as_its_side_does():
    groups = [(20, LAGOS, (US,), 2025), (20, LAGOS, (CN,), 2025), (12, ("GH", None, None), (CN_TOO,), 2025)]
    people = _people(groups).filter(pl.col("region_id") != "GH")
    assert people.filter(family="GLM")["people"].to_list() == [0]
    sides = pl.DataFrame(
        {"period": [date(2025, 1, 1)], "region_id": ["NG"], "cn": [20.0], "us": [20.0], "source_id": ["github"]}
    )
    side = counted_weights("forks", sides, DAY)
    refined = people_family_weights("fork_families", people, sides, side, {"CN": {"GLM": 1.0}, "US": {"Llama": 1.0}})
    assert np.allclose(refined.cn, side.cn)
