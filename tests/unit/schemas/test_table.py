"""Validation: what breaks a declaration is refused with the place, the column, the row and the value."""

import math
from datetime import date

import polars as pl
import pytest

from assets.schemas import TABLES, TableError, validate
from assets.schemas.adoption import Estimates

CELL = {
    "signal": "survey_use",
    "period": date(2025, 6, 1),
    "level": "country",
    "region_id": "KE",
    "coding": "publisher",
    "counted": "people",
    "n": 46.0,
    "n_cn": 43.0,
    "n_us": 10.0,
    "n_both": 7.0,
    "n_other": None,
    "n_unknown": None,
    "events": None,
    "cn_share": 43 / 53,
    "cn_share_low": 0.71,
    "cn_share_high": 0.89,
    "bound_low": 0.75,
    "bound_high": 0.83,
    "cn_share_shrunk": None,
    "location_quotient": None,
    "coverage": 0.99,
    "evidence": "declared",
    "state": "value",
    "reason": None,
    "source_id": "so_survey_2025",
}


def _frame(**changes):
    return pl.DataFrame(
        [CELL | changes], schema={name: column.dtype for name, column in Estimates.columns().items()}, strict=False
    )


def test_a_right_cell_passes_and_columns_come_in_declared_order():
    frame = _frame()
    shuffled = frame.select(sorted(frame.columns))
    assert validate(shuffled, Estimates, where="here").columns == Estimates.column_names()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cn_share": 1.2, "cn_share_high": 1.0}, "column cn_share: max"),
        ({"cn_share": math.nan}, "column cn_share: nan"),
        ({"n_cn": -1.0}, "column n_cn: min"),
        ({"n": math.inf}, "column n: inf"),
        ({"state": "guessed"}, "column state: check__allowed_values"),
        ({"signal": "hearsay"}, "column signal: check__allowed_values"),
        ({"region_id": None}, "column region_id: nullability"),
        ({"state": "suppressed", "reason": "hidden"}, "rule share_only_with_value"),
        ({"cn_share_low": 0.9}, "rule interval_holds_share"),
        ({"bound_high": 0.5}, "rule bounds_hold_share"),
        ({"cn_share": None, "state": "not_observed"}, "rule silence_has_reason"),
    ],
)
def test_a_wrong_cell_is_refused_with_place_rule_and_row(changes, said):
    with pytest.raises(TableError) as refused:
        validate(_frame(**changes), Estimates, where="cells.parquet")
    assert str(refused.value).startswith("cells.parquet: table estimates is refused.")
    assert said in str(refused.value)
    assert "row 1: " in str(refused.value)


def test_duplicate_keys_are_counted_and_shown():
    with pytest.raises(TableError, match="rule primary_key fails for 2 row"):
        validate(pl.concat([_frame(), _frame()]), Estimates, where="here")


def test_missing_and_undeclared_columns_are_named():
    frame = _frame().drop("coverage").with_columns(login=pl.lit("someone"))
    with pytest.raises(TableError, match=r"lacks the column\(s\) coverage and has the undeclared column\(s\) login"):
        validate(frame, Estimates, where="here")


@pytest.mark.parametrize("key", TABLES)
def test_every_table_and_column_is_described(key):
    table = TABLES[key]
    assert table.GRAIN
    assert table.__doc__
    assert table.primary_key()
    assert [name for name, column in table.columns().items() if not column.description] == []


@pytest.mark.parametrize("key", TABLES)
def test_every_figure_has_a_unit(key):
    numbers = {
        name: column
        for name, column in TABLES[key].columns().items()
        if str(column.dtype) in {"Int64", "Float64", "Date"}
    }
    assert [name for name, column in numbers.items() if "unit" not in (column.metadata or {})] == []
