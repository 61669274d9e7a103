"""Declarations and the schemas that validate by them say the same."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from assets.schemas import TABLES, Table, TableError, validate
from assets.schemas.columns import Int64, String, rule

PROJECT = Path(__file__).parents[3]


class Parts(Table):
    """A table for these tests."""

    LAYER, NAME = "test", "parts"

    name = String(primary_key=True, regex="^[a-z]+$")
    low = Int64(min=0)

    @rule()
    def short(cls) -> pl.Expr:  # noqa: N805
        return pl.col("name").str.len_chars() < 5


class Refined(Parts):
    """The same with one more column, and another rule of the same name."""

    NAME = "refined"

    high = Int64(nullable=True)

    @rule()
    def short(cls) -> pl.Expr:  # noqa: N805
        return pl.col("name").str.len_chars() < 3


@pytest.mark.parametrize("asset", TABLES)
def test_a_declaration_and_what_validates_by_it_agree(asset):
    table = TABLES[asset]
    schema = table.for_validation()
    assert schema.column_names() == table.column_names()
    assert schema.primary_key() == table.primary_key()
    assert schema.create_empty().schema == table.create_empty().schema
    for name, column in table.columns().items():
        assert schema.columns()[name].nullable == column.nullable
        assert schema.columns()[name].dtype == column.dtype
        assert column.description
    assert validate(table.create_empty(), table, where=asset).is_empty()


def test_a_refined_table_keeps_columns_and_replaces_rules():
    assert Refined.column_names() == ["name", "low", "high"]
    row = {"name": ["abc"], "low": [1], "high": [None]}
    assert validate(pl.DataFrame(row).drop("high"), Parts, where="here").height == 1
    with pytest.raises(TableError, match="rule short"):
        validate(pl.DataFrame(row), Refined, where="here")


@pytest.mark.parametrize("row", [{"name": "A", "low": 1}, {"name": "a", "low": -1}, {"name": "a", "low": None}])
def test_limits_of_a_column_hold(row):
    assert not Parts.is_valid(pl.DataFrame([row], schema={"name": pl.String, "low": pl.Int64}))


def test_an_unknown_limit_is_refused():
    with pytest.raises(TypeError, match="least"):
        Int64(least=1).for_validation()


def test_declarations_alone_do_not_load_what_validates():
    code = "import sys, assets.schemas; sys.exit('dataframely' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0
