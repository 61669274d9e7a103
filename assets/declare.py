"""Declaring assets: one decorator that turns a function on tables into a Dagster asset of the house.

Here: the key, group, column schema, owners, kinds and checks that every table asset shares. Not here: what
single checks test (`assets/checks.py` and beside each layer).
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl

from assets.checks import Check
from assets.schemas import TABLES, Table, validate

OWNER = "team:atlas"


def column_schema(table: type[Table]) -> dg.TableSchema:
    """Return the table's columns as Dagster shows them: type, description, unit, key and nullability."""
    key = set(table.primary_key())
    columns = []
    for name, column in table.columns().items():
        metadata = column.metadata or {}
        tags = {"unit": str(metadata["unit"])} if "unit" in metadata else {}
        columns.append(
            dg.TableColumn(
                name=name,
                type=str(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=name in key and len(key) == 1, other=["key"] if name in key else []
                ),
                tags=tags,
            )
        )
    return dg.TableSchema(columns=columns)


def table_inputs(function: Callable[..., Any]) -> dict[str, dg.AssetIn]:
    """Return the upstream assets of a function: every argument named like a table and annotated as a frame."""
    layers = {table.NAME: table.LAYER for table in TABLES.values()}
    return {
        name: dg.AssetIn(key=dg.AssetKey([layers[name], name]), input_manager_key="tables")
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.annotation is pl.DataFrame
    }


def _described(table: type[Table]) -> str:
    return f"{inspect.getdoc(table)}\n\nOne row: {table.GRAIN}."


def table_asset(
    table: type[Table],
    *,
    kinds: set[str],
    checks: Sequence[Check] = (),
) -> Callable[[Callable[..., pl.DataFrame]], dg.AssetsDefinition]:
    """Declare the asset that computes a table.

    The decorated function takes upstream tables (arguments annotated ``pl.DataFrame``) and resources, and
    returns the table. Its result is validated against the declaration; then every check runs in the same step
    and sees the table and the inputs. A failing blocking check stops what depends on the table.

    Args:
        table: The declaration; gives key, group, description and columns.
        kinds: Dagster kinds, shown as icons.
        checks: Checks of this table.
    """
    key = dg.AssetKey([table.LAYER, table.NAME])

    def decorate(function: Callable[..., pl.DataFrame]) -> dg.AssetsDefinition:
        @functools.wraps(function)
        def step(*args: Any, **inputs: Any) -> Iterator[dg.MaterializeResult[pl.DataFrame]]:
            frame = validate(function(*args, **inputs), table, where=key.to_user_string())
            results = []
            for check in checks:
                outcome = check.run(frame, inputs)
                results.append(
                    dg.AssetCheckResult(
                        check_name=check.name,
                        asset_key=key,
                        passed=outcome.passed,
                        severity=check.severity,
                        description=outcome.said,
                        metadata=dict(outcome.figures),
                    )
                )
            yield dg.MaterializeResult(value=frame, check_results=results)

        signature = inspect.signature(function)
        returned = Iterator[dg.MaterializeResult[pl.DataFrame]]
        step.__signature__ = signature.replace(return_annotation=returned)  # type: ignore[attr-defined]
        step.__annotations__ = {**function.__annotations__, "return": returned}
        return dg.asset(
            key=key,
            group_name=table.LAYER,
            ins=table_inputs(function),
            io_manager_key="tables",
            description=f"{inspect.getdoc(function)}\n\n{_described(table)}",
            kinds=kinds,
            owners=[OWNER],
            tags={"public": "true"} if table.PUBLIC else {},
            metadata={"dagster/column_schema": column_schema(table), "grain": table.GRAIN},
            check_specs=[
                dg.AssetCheckSpec(check.name, asset=key, description=check.description, blocking=check.blocking)
                for check in checks
            ],
        )(step)

    return decorate
