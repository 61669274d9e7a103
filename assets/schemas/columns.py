"""Columns of a table, declared: what a declaration says of each of them.

Here: the kinds of columns that the atlas has, and rules over several of them, in dataframely's words. Not here:
validation, which is dataframely's: a declaration becomes one of its schemas when rows are first validated
(`assets/schemas/table.py`). Importing it takes as long as all declarations together, ten times over, and Dagster loads
declarations in every process, most of which validate nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl


class Column:
    """A column: its type, whether it may be null, what it means and what its values must be.

    Attributes:
        nullable: Whether values may be absent. No column of a key may be null.
        primary_key: Whether it is part of what identifies a row.
        description: What it means.
        metadata: Its ``unit``, and the words that are ``allowed``.
        limits: What else dataframely's column of the same name is given.
    """

    TYPE: ClassVar[type[pl.DataType]]

    def __init__(
        self,
        *,
        nullable: bool = False,
        primary_key: bool = False,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **limits: Any,
    ) -> None:
        self.nullable = nullable and not primary_key
        self.primary_key = primary_key
        self.description = description
        self.metadata = metadata or {}
        self.limits = limits

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the values."""
        return self.TYPE()

    def for_validation(self) -> Any:
        """Return dataframely's column that validates this one."""
        import dataframely as dy

        kind = getattr(dy, type(self).__name__)
        return kind(*self._parts(), nullable=self.nullable, primary_key=self.primary_key, **self.limits)

    def _parts(self) -> tuple[Any, ...]:
        return ()


class Bool(Column):
    """Yes or no."""

    TYPE = pl.Boolean


class Date(Column):
    """A day."""

    TYPE = pl.Date


class Int64(Column):
    """Whole numbers, from ``min`` to ``max``."""

    TYPE = pl.Int64


class Float64(Column):
    """Finite numbers, from ``min`` to ``max``."""

    TYPE = pl.Float64


class String(Column):
    """Texts that match ``regex``, not shorter than ``min_length``, and hold to ``check``."""

    TYPE = pl.String


class Struct(Column):
    """Named parts in each row."""

    def __init__(self, parts: Mapping[str, Column], **said: Any) -> None:
        super().__init__(**said)
        self.parts = parts

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the values."""
        return pl.Struct({name: part.dtype for name, part in self.parts.items()})

    def _parts(self) -> tuple[Any, ...]:
        return ({name: part.for_validation() for name, part in self.parts.items()},)


class List(Column):
    """Several values in each row."""

    def __init__(self, inner: Column, **said: Any) -> None:
        super().__init__(**said)
        self.inner = inner

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the values."""
        return pl.List(self.inner.dtype)

    def _parts(self) -> tuple[Any, ...]:
        return (self.inner.for_validation(),)


@dataclass(frozen=True)
class Rule:
    """A rule over several columns; its name and docstring are those of its function."""

    holds: Callable[[Any], pl.Expr]


def rule() -> Callable[[Callable[[Any], pl.Expr]], Rule]:
    """Make a rule of a function that returns an expression, true in rows that keep to it; null counts as true."""
    return Rule
