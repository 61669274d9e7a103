"""The data dictionary: every declaration, printed.

Here: Markdown for people and a frictionless schema for machines, both from the declarations alone. Not here: what
a table means beyond its declaration.
"""

from typing import Any, Final

from assets.schemas import TABLES, Table
from assets.schemas.columns import Column

HEAD: Final = """# Data dictionary

Printed from the declarations in `assets/schemas` by `atlas dictionary`; do not edit by hand.

Tables marked *public* are published under `open-data/` of a build. **key** columns identify a row; a column that
may be null says so. The five states of a cell are value, zero, suppressed, not_observable and not_observed; they
are never merged.
"""


def _allowed(column: Column) -> tuple[str, ...]:
    return tuple((column.metadata or {}).get("allowed", ()))


def _unit(column: Column) -> str:
    return str((column.metadata or {}).get("unit", ""))


def _row(name: str, column: Column, *, key: bool) -> str:
    marks = ", ".join(mark for mark, holds in (("**key**", key), ("may be null", column.nullable)) if holds)
    text = column.description or ""
    if _allowed(column):
        text += f" One of: {', '.join(f'`{word}`' for word in _allowed(column))}."
    return f"| `{name}` | {column.dtype} | {_unit(column)} | {marks} | {text} |"


def _section(table: type[Table]) -> str:
    key = set(table.primary_key())
    lines = [
        f"## {table.LAYER}/{table.NAME}{' (public)' if table.PUBLIC else ''}",
        "",
        str(table.__doc__).strip(),
        "",
        f"One row: {table.GRAIN}.",
        "",
        "| column | type | unit | | meaning |",
        "| --- | --- | --- | --- | --- |",
        *(_row(name, column, key=name in key) for name, column in table.columns().items()),
    ]
    return "\n".join(lines)


def data_dictionary() -> str:
    """Return ``docs/data-dictionary.md``: every table in the order the data flow."""
    return "\n\n".join([HEAD.rstrip(), *(_section(table) for table in TABLES.values())]) + "\n"


FRICTIONLESS_TYPES: Final = {
    "String": "string",
    "Date": "date",
    "Int64": "integer",
    "Float64": "number",
    "Boolean": "boolean",
}


def frictionless_schema(table: type[Table]) -> dict[str, Any]:
    """Return the table's schema as a frictionless Table Schema (fields, primaryKey)."""
    fields = []
    for name, column in table.columns().items():
        constraints: dict[str, Any] = {"required": not column.nullable}
        if _allowed(column):
            constraints["enum"] = list(_allowed(column))
        field = {
            "name": name,
            "type": FRICTIONLESS_TYPES[str(column.dtype)],
            "description": column.description,
            "constraints": constraints,
        }
        fields.append(field | ({"unit": _unit(column)} if _unit(column) else {}))
    return {"fields": fields, "primaryKey": table.primary_key()}
