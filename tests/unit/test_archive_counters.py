"""The archive's pure functions: which cells of a month were revised."""

from datetime import date

import polars as pl

from assets.archive.counters import revision, revisions
from assets.schemas.archive import MonthlyEstimates


def _cells(**shares):
    """Cells of one signal and month, by region."""
    rows = [
        {"signal": "forks", "period": date(2026, 5, 1), "region_id": region, "coding": "weights", "cn_share": share}
        for region, share in shares.items()
    ]
    return pl.DataFrame(rows, schema={name: MonthlyEstimates.columns()[name].dtype for name in rows[0]})


def _revised(before, now):
    return {row["region_id"]: row["moved"] for row in revisions(before, now).to_dicts()}


def test_cells_that_stayed_are_no_revision():
    cells = _cells(KE=0.5, NG=None)
    assert revisions(cells, cells).is_empty()


def test_moved_cells_and_those_of_one_side_are():
    before, now = _cells(KE=0.5, NG=None, PE=0.25, ID=None), _cells(KE=0.75, NG=0.5, PE=0.25, VN=0.5)
    assert _revised(before, now) == {"KE": 0.25, "NG": None, "VN": None, "ID": None}


def test_a_revision_is_told_with_both_shares():
    (row,) = revisions(_cells(KE=0.5), _cells(KE=None)).to_dicts()
    assert revision(row) == "forks KE 2026-05 (weights): 50.0% → no share"
