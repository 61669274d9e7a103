"""Pictures beyond the world map: continents, rank order, small multiples, specification curve, PNG and PDF."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections import Counter

import polars as pl
import pytest

from maps import patterns, words
from maps.cells import MapError, within
from maps.geometry.views import VIEWS
from maps.multiples import draw_multiples, newest_of_each, periods_of
from maps.ranking import ranked
from maps.raster import svg_to_pdf, svg_to_png
from maps.spec import ChartSpec
from maps.specification_curve import draw_specification_curve
from maps.static import choose, draw_map
from tests.unit.maps.real_world import found, regions, spec

CURVE = ChartSpec(title="Title", subtitle="Subtitle.", note="Note.", credit="Credit.", stamp="SYNTHETIC")


def _one(**asked):
    return choose(list(found()), signal="survey_use", **asked)


def _marks(picture, name="data-region"):
    """Return what is drawn of each region: id → nodes."""
    marks = {}
    for node in ET.fromstring(picture).iter():  # noqa: S314 - our own text
        if node.get(name):
            marks.setdefault(node.get(name), []).append(node)
    return marks


@pytest.fixture(scope="module")
def africa():
    return draw_map(_one(), spec(), view=VIEWS["africa"], ranking=True)


def test_a_continent_shows_its_own_regions_in_the_colours_of_their_class(africa):
    marks, one = _marks(africa), within(_one(), VIEWS["africa"].members(regions()), "Africa")
    economies = one.rows.filter(level="country")
    assert set(economies["region_id"]) - set(marks) <= {"TF", "IO"}
    assert "FR" not in marks
    for region, look, index in economies.select("region_id", "look", "class").iter_rows():
        for node in marks.get(region, []):
            assert (node.get("data-look"), node.get("fill")) == (look, patterns.fill_of(look, index))


def test_a_continent_writes_shares_where_there_is_room(africa):
    group = next(node for node in ET.fromstring(africa).iter() if node.get("id") == "map")  # noqa: S314 - our own text
    written = [node.text for node in group.iter() if node.text and re.fullmatch(r"[\d.]+", node.text)]
    own = within(_one(), VIEWS["africa"].members(regions()), "Africa").rows.filter(level="country")
    shares = [words.percent(share).removesuffix(" %") for share in own["cn_share"].drop_nulls()]
    assert len(written) > 20
    assert not Counter(written) - Counter(shares)


def test_a_continent_counts_its_own_regions_and_says_so(africa):
    title = ET.fromstring(africa).findtext("{http://www.w3.org/2000/svg}title")  # noqa: S314
    assert title.startswith("Africa: SYNTHETIC: ")
    counted = re.search(r"number of economies and territories, (\d+) in all", africa)
    members = VIEWS["africa"].members(regions())
    own = regions().filter((pl.col("level") == "country") & pl.col("region_id").is_in(members.implode()))
    assert int(counted[1]) == own.height
    assert "coverage" not in africa


def test_the_same_picture_has_the_same_bytes(africa):
    assert africa == draw_map(_one(), spec(), view=VIEWS["africa"], ranking=True)
    assert svg_to_pdf(africa) == svg_to_pdf(africa)
    assert svg_to_pdf(africa).startswith(b"%PDF")
    assert svg_to_png(africa, width=600).startswith(b"\x89PNG")


def test_ranks_are_by_share_and_keep_those_with_the_most_counted():
    rows, known = ranked(_one(), 20)
    assert rows.height == 20 < known
    assert rows["cn_share"].is_sorted(descending=True)
    rest = _one().rows.filter(
        (pl.col("level") == "country")
        & pl.col("cn_share").is_not_null()
        & ~pl.col("region_id").is_in(rows["region_id"].implode())
    )
    assert rows["n"].min() >= rest["n"].max()


def test_the_ranked_plot_puts_dots_where_the_shares_are(africa):
    dots = {region: float(nodes[0].get("cx")) for region, nodes in _marks(africa, "data-rank").items()}
    shares = dict(_one().rows.select("region_id", "cn_share").iter_rows())
    ordered = sorted(dots, key=dots.get)
    assert [shares[region] for region in ordered] == sorted(shares[region] for region in dots)
    left, right = min(dots.values()), max(dots.values())
    low, high = min(shares[region] for region in dots), max(shares[region] for region in dots)
    for region, x in dots.items():
        assert (x - left) / (right - left) == pytest.approx((shares[region] - low) / (high - low), abs=0.01)


def test_small_multiples_stand_in_the_order_of_their_periods():
    chosen = periods_of(found(), _one())
    assert [one.period for one in chosen] == [dt.date(2025, 5, 1), dt.date(2026, 5, 1)]
    picture = draw_multiples(chosen, spec(), view=VIEWS["asia"])
    assert picture.index("Survey wave of May 2025") < picture.index("Survey wave of May 2026")
    assert len(_marks(picture)["CN"]) == 2
    assert picture == draw_multiples(chosen, spec(), view=VIEWS["asia"])


def test_signals_without_a_share_have_no_small_map():
    assert [one.spec.signal for one in newest_of_each(found())] == ["survey_use"]
    with pytest.raises(MapError, match="at least one"):
        draw_multiples([], spec())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"signal": "stars"}, "names no signal stars"),
        ({"signal": "survey_use", "coding": "weights"}, "has no coding weights; it has publisher"),
        ({"signal": None, "period": dt.date(2024, 1, 1)}, "it has 2025-05-01 and 2026-05-01"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(asked, said):
    with pytest.raises(MapError, match=said):
        choose(list(found()), **asked)


def _specifications(*shares):
    return pl.DataFrame(
        [
            {
                "platform": "huggingface",
                "period": dt.date(2026, 5, 20),
                "coding": ("publisher", "weights")[at % 2],
                "definition": "rolling_30d",
                "panel": "trending",
                "measure": "downloads",
                "tasks": "all_tasks",
                "top": ("with_top", "without_top")[at // 2 % 2],
                "cn_share": share,
                "bound_low": None if share is None else share / 2,
                "bound_high": None if share is None else (1 + share) / 2,
            }
            for at, share in enumerate(shares)
        ]
    )


def test_the_curve_rises_and_every_specification_is_in_it():
    picture = draw_specification_curve(_specifications(0.7, 0.2, None, 0.4), CURVE)
    dots = [nodes[0] for nodes in _marks(picture, "data-specification").values()]
    assert len(dots) == 3
    ordered = sorted(dots, key=lambda node: float(node.get("cx")))
    heights = [float(node.get("cy")) for node in ordered]
    assert heights == sorted(heights, reverse=True)
    assert "3 specifications with a share; 1 more have none. The share runs from 20 % to 70 %" in picture
    assert picture == draw_specification_curve(_specifications(0.7, 0.2, None, 0.4), CURVE)


def test_a_curve_of_nothing_or_of_nonsense_is_refused():
    with pytest.raises(MapError, match="No specification has a share"):
        draw_specification_curve(_specifications(None), CURVE)
    with pytest.raises(MapError, match=r"outside 0–1, the first being 1\.5"):
        draw_specification_curve(_specifications(1.5), CURVE)
