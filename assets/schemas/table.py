"""What a table is: one declaration that validates, documents and describes.

Here: the base class of every table, validation with errors a person can act on.
Not here: the tables themselves (one module per layer beside this one), Dagster metadata (`assets/declare.py`).
"""

from collections.abc import Mapping, Sequence
from types import new_class
from typing import Any, ClassVar

import polars as pl

from assets.schemas.columns import Column, Float64, Rule, String

MAX_SHOWN_ROWS = 5
"""Offending rows that an error prints; the count of the others is printed too."""


class TableError(ValueError):
    """A table does not meet its declaration; the message names the table, place, column, rows and remedy."""


class Table:
    """Base of every declared table.

    A subclass states, beside its columns, where the table lives and what one row means. Column units are given
    as ``metadata={"unit": ...}``; every column carries a ``description``. ``LIVE_ONLY`` tables are in no snapshot,
    because nobody publishes their rows, or because these speak of the run itself. Rows of ``PERSONAL`` tables concern
    single people, if only by a keyed hash: none of them is shown in the UI or kept in its history.
    """

    LAYER: ClassVar[str] = ""
    NAME: ClassVar[str] = ""
    GRAIN: ClassVar[str] = ""
    PUBLIC: ClassVar[bool] = False
    LIVE_ONLY: ClassVar[bool] = False
    PERSONAL: ClassVar[bool] = False

    _columns: ClassVar[Mapping[str, Column]] = {}
    _rules: ClassVar[Mapping[str, Rule]] = {}
    _validating: ClassVar[Any] = None

    def __init_subclass__(cls) -> None:
        """Collect columns and rules in the order they are declared in, after those of the table it refines."""
        said = vars(cls)
        cls._columns = {**cls._columns, **{name: one for name, one in said.items() if isinstance(one, Column)}}
        cls._rules = {**cls._rules, **{name: one for name, one in said.items() if isinstance(one, Rule)}}
        cls._validating = None

    @classmethod
    def columns(cls) -> Mapping[str, Column]:
        """Return the declared columns by name."""
        return cls._columns

    @classmethod
    def column_names(cls) -> list[str]:
        """Return the names of the columns."""
        return list(cls._columns)

    @classmethod
    def primary_key(cls) -> list[str]:
        """Return the names of the columns that identify a row."""
        return [name for name, column in cls._columns.items() if column.primary_key]

    @classmethod
    def create_empty(cls) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema={name: column.dtype for name, column in cls._columns.items()})

    @classmethod
    def is_valid(cls, frame: pl.DataFrame) -> bool:
        """Return whether rows meet the declaration, whose types they can be cast to."""
        return bool(cls.for_validation().is_valid(frame, cast=True))

    @classmethod
    def for_validation(cls) -> Any:
        """Return dataframely's schema that validates this table; it is made when it is first asked for."""
        if cls._validating is None:
            import dataframely as dy

            said: dict[str, Any] = {name: column.for_validation() for name, column in cls._columns.items()}
            said |= {name: dy.rule()(rule.holds) for name, rule in cls._rules.items()}
            cls._validating = new_class(cls.__name__, (dy.Schema,), exec_body=lambda body: body.update(said))
        return cls._validating


def unit(text: str) -> dict[str, Any]:
    """Return the column metadata that records a unit."""
    return {"unit": text}


def share(description: str, *, nullable: bool = True) -> Float64:
    """Return a column of shares, from 0 to 1."""
    return Float64(nullable=nullable, min=0, max=1, description=description, metadata=unit("share"))


def count(description: str) -> Float64:
    """Return a column of counts of what the column ``counted`` names."""
    return Float64(nullable=True, min=0, description=description, metadata=unit("see column counted"))


def category(values: Sequence[str], description: str, *, nullable: bool = False, primary_key: bool = False) -> String:
    """Return a text column that admits only the given words (printed in the data dictionary)."""
    return String(
        nullable=nullable,
        primary_key=primary_key,
        check={"allowed_values": lambda column: column.is_in(list(values))},
        description=description,
        metadata={"allowed": tuple(values)},
    )


def _shown(rows: pl.DataFrame, columns: Sequence[str]) -> str:
    """Return the first rows as ``row 7: region_id=KE, n_cn=-1``, absent values left out."""
    lines = [
        f"    row {row['row']}: " + ", ".join(f"{name}={row[name]}" for name in columns if row[name] is not None)
        for row in rows.head(MAX_SHOWN_ROWS).iter_rows(named=True)
    ]
    return "\n".join(lines)


def _columns_of(table: type[Table], rule: str) -> list[str]:
    """Return the columns that a rule looks at; the key alone for the rule on duplicate keys."""
    # dataframely has no public way to ask a rule for its columns.
    rules = table.for_validation()._schema_validation_rules()  # noqa: SLF001
    return rules[rule].expr.meta.root_names() if rule in rules else []


def _numbered(broken: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``frame`` that are in ``broken``, each with its number (the first data row is 1)."""
    texts = frame.with_row_index("row", offset=1).cast(pl.String)
    return texts.join(
        broken.select(frame.columns).cast(pl.String).unique(), on=frame.columns, how="semi", nulls_equal=True
    )


def _check_columns(present: set[str], table: type[Table], where: str) -> None:
    declared = set(table.column_names())
    missing, extra = sorted(declared - present), sorted(present - declared)
    problems = []
    if missing:
        problems.append(f"lacks the column(s) {', '.join(missing)}")
    if extra:
        problems.append(f"has the undeclared column(s) {', '.join(extra)}")
    if problems:
        raise TableError(
            f"{where}: table {table.NAME} {' and '.join(problems)}. Declared: {', '.join(table.column_names())}."
        )


def validate(frame: pl.DataFrame | pl.LazyFrame, table: type[Table], *, where: str) -> pl.DataFrame:
    """Return the frame in the declared column order and dtypes, or raise.

    Args:
        frame: The rows to check. Columns may come in any order; strings become enums where declared.
        table: The declaration.
        where: The file, asset or URL the rows come from; every error starts with it.

    Raises:
        TableError: Missing or undeclared columns, values that do not fit the dtype, nulls, NaN, duplicate
            keys, values outside their range or broken table rules; with counts and the first offending rows.
    """
    eager = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    _check_columns(set(eager.columns), table, where)
    eager = eager.select(table.column_names())
    valid, failure = table.for_validation().filter(eager, cast=True)
    counts = failure.counts()
    if not counts:
        return pl.DataFrame(valid)
    details = failure.details()
    lines = []
    for rule, count in sorted(counts.items()):
        column, _, check = rule.rpartition("|")
        broken = _numbered(details.filter(pl.col(rule) == "invalid"), eager)
        label = f"column {column}: {check}" if column else f"rule {check}"
        shown = list(dict.fromkeys([*table.primary_key(), *([column] if column else _columns_of(table, check))]))
        absent = " (the value is absent)" if check == "nullability" else ""
        lines.append(f"  {label} fails for {count} row(s){absent}, the first being\n{_shown(broken, shown)}")
    raise TableError(f"{where}: table {table.NAME} is refused.\n" + "\n".join(lines))
