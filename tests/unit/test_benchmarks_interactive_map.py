"""The map at full size keeps to its budget of bytes; what takes time is measured by the benchmark itself."""

import json
import re

import pytest

from assets.publish.drawn_figures import differing_on_page
from benchmarks.interactive_map import BUDGETS, MONTHS, SIGNALS, made_up
from maps.geometry.regions import load_regions
from maps.interactive import render_world_map


@pytest.fixture(scope="module")
def full():
    table, spec = made_up()
    return table, render_world_map(table, load_regions(), spec)


def test_months_signals_subdivisions_and_metro_areas_fit_into_the_budget(full):
    table, page = full
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert [len(series["periods"]) for series in data["series"]] == [len(MONTHS)] * len(SIGNALS)
    assert table.filter(level="admin1")["region_id"].n_unique() > 3_800
    assert table.filter(level="metro")["region_id"].n_unique() > 40
    assert len(page.encode()) <= BUDGETS["bytes"] == 1_100_000


def test_nothing_of_it_is_lost_on_the_way(full):
    table, page = full
    held, wrong = differing_on_page(page, table)
    assert (held, wrong) == (table.height, [])
