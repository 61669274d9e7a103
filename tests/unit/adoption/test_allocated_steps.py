"""Steps of allocated downloads: they follow the rows of the table, whatever they are, and come to the figure shown."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.allocated_steps import Allocated, allocated
from assets.adoption.allocation import allocated_cells
from assets.adoption.explain import Ledger
from assets.adoption.recompute import inputs, steps
from assets.adoption.step import TOLERANCE
from assets.adoption.weightings import ASSUMPTIONS
from assets.ingest.snapshot import read_manifest
from assets.schemas import TABLES
from maps.geometry.regions import load_regions
from tests.unit.adoption.test_recompute import calculate

MONTH = date(2026, 5, 1)
SOURCES = {"survey_developers": "so_survey_2025", "developers": "innovation_graph", "survey_families": "so_survey_2025"}
TOTAL_SOURCE = "hub_stats_frozen"


def _frame(name, rows):
    schema = {column: declared.dtype for column, declared in TABLES[name].columns().items()}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def _allocations(weightings, totals, *, coding="publisher"):
    """Rows of Nigeria by weighting → (CN, US, interval), None = hidden there; and of the world."""
    facts = {"coding": coding, "period": MONTH, "definition": "rolling_30d", "panel": "evaluation_registry"}
    facts |= {"rivals": 5, "total_source_id": TOTAL_SOURCE}
    cn, us = totals
    whole = {"n_cn": cn, "n_us": us, "cn_share": cn / (cn + us), "state": "value", "level": "world"}
    rows = [facts | whole | {"weighting": "pooled", "region_id": "world", "source_id": "so_survey_2025"}]
    here = facts | {"region_id": "NG", "level": "country"}
    for name, told in weightings.items():
        row = here | {"weighting": name, "source_id": SOURCES[name]}
        if told is None:
            row |= {"state": "suppressed", "reason": "A count is hidden.", "cn_share_low": 0.001, "cn_share_high": 0.9}
        else:
            share = told[0] / (told[0] + told[1])
            row |= {"n_cn": told[0], "n_us": told[1], "cn_share": share, "state": "value"}
            row |= {"cn_share_low": share * 0.9, "cn_share_high": share + (1 - share) * 0.1}
        rows.append(row)
    telling = [told for told in weightings.values() if told is not None]
    pooled = here | {"weighting": "pooled", "source_id": "so_survey_2025", "state": "suppressed", "reason": "Hidden."}
    if telling:
        n_cn, n_us = (sum(told[side] for told in telling) / len(telling) for side in (0, 1))
        own = [row for row in rows if row["region_id"] == "NG"]
        share = n_cn / (n_cn + n_us)
        pooled |= {"n_cn": n_cn, "n_us": n_us, "cn_share": share, "state": "value", "reason": "Mean."}
        pooled |= {
            "cn_share_low": min([*(row["cn_share_low"] for row in own), share]),
            "cn_share_high": max([*(row["cn_share_high"] for row in own), share]),
            "share_least": min(row.get("cn_share", 1) for row in own),
            "share_most": max(row.get("cn_share", 0) for row in own),
        }
    return _frame("adoption/allocations", [*rows, pooled])


def _estimates(allocations):
    cells = allocated_cells(allocations)
    schema = {name: column.dtype for name, column in TABLES["adoption/estimates"].columns().items()}
    return cells.select(
        pl.col(name).cast(dtype) if name in cells.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )


COUNTS = st.tuples(st.integers(1, 10**7), st.integers(1, 10**7))


@given(
    st.dictionaries(st.sampled_from(sorted(SOURCES)), st.none() | COUNTS, min_size=1),
    st.tuples(st.integers(10**8, 10**9), st.integers(10**8, 10**9)),
)
@settings(max_examples=40)
def test_an_allocated_share_recomputes_from_total_weightings_and_mean(weightings, totals):
    table = _allocations(weightings, totals)
    cells = _estimates(table)
    known = inputs(cells, TABLES["ingest/survey_use"].create_empty(), load_regions(), allocations=table)
    cell = cells.row(0, named=True)
    found = {step.column: step for step in steps(cell, known)}
    for step in found.values():
        assert step.agrees, step
        assert calculate(step.numbers) == pytest.approx(step.shown, rel=TOLERANCE, abs=TOLERANCE), step
    figures = {"cn_share", "cn_share_low", "cn_share_high", "bound_low", "bound_high", "coverage"}
    assert {name for name in figures if cell[name] is not None} == figures & found.keys()
    telling = [name for name, told in weightings.items() if told is not None]
    assert {name for name in found if name.startswith("share by")} == {f"share by {name}" for name in telling}
    if telling:
        assert all(name in found["pooled CN"].formula for name in telling)
        assert not any(name in found["pooled CN"].formula.split() for name in {*SOURCES} - {*telling})
        assert (found["world's total, CN"].shown, found["world's total, US"].shown) == totals
    else:
        assert "cn_share" not in found


def test_a_share_that_is_not_the_mean_is_told():
    table = _allocations({"survey_developers": (300, 100), "developers": (100, 100)}, (10**8, 10**8))
    cells = _estimates(table)
    here = (pl.col("region_id") == "NG") & (pl.col("weighting") == "developers")
    other = table.with_columns(n_cn=pl.when(here).then(200.0).otherwise("n_cn"))
    known = inputs(cells, TABLES["ingest/survey_use"].create_empty(), load_regions(), allocations=other)
    off = {step.column for step in steps(cells.row(0, named=True), known) if not step.agrees}
    assert "pooled CN" in off


def test_every_source_of_an_allocation_is_cited_and_its_sides_are_those_of_the_coding():
    weightings = {"survey_developers": (300, 100), "developers": (100, 100)}
    parts = [_allocations(weightings, (10**8, 10**8), coding=coding) for coding in ("publisher", "weights", "control")]
    table = pl.concat(parts)
    empty = (TABLES[name].create_empty() for name in ("adoption/observations", "ingest/survey_use"))
    ledger = Ledger(_estimates(table), *empty, load_regions(), read_manifest()[1], allocations=table)
    cells = {cell.coding: cell for cell in ledger.card("NG").cells}
    assert set(cells) == {"publisher", "weights", "control"}
    for cell in cells.values():
        assert {source.source_id for source in cell.sources} == {*SOURCES.values(), TOTAL_SOURCE}
        assert not cell.not_recomputed
    assert "headquartered in China" in cells["publisher"].chinese
    assert "controlled from China" in cells["control"].chinese
    assert "controlled from the United States" in cells["control"].us
    assert "root models" in cells["weights"].chinese
    assert len({cell.chinese for cell in cells.values()}) == 3


def test_weightings_stand_in_the_order_in_which_they_are_explained():
    table = _allocations(dict.fromkeys(reversed(SOURCES), (3, 1)), (10**8, 10**8)).reverse()
    beneath = allocated(table)["publisher", MONTH, "NG"]
    assert isinstance(beneath, Allocated)
    assert [row["weighting"] for row in beneath.weightings] == [name for name in ASSUMPTIONS if name in SOURCES]
