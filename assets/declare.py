"""Declaring assets: one decorator that turns a function on tables into a Dagster asset of the house.

Here: the key, group, column schema, owners, kinds and checks that every table asset shares. Not here: what
single checks test (`assets/checks.py` and beside each layer).
"""

import base64
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome
from assets.schemas import TABLES, Table, validate

OWNER: Final = "team:atlas"
PUBLISH: Final = "publish"
PREVIEW_BYTES: Final = 400_000
"""Largest picture shown in the UI: previews stay in Dagster's event log for good."""

FILES_SHOWN: Final = 8


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


def _result(
    key: dg.AssetKey,
    check: str,
    outcome: Outcome,
    *,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check,
        asset_key=key,
        passed=outcome.passed,
        severity=severity,
        description=outcome.said,
        metadata=dict(outcome.figures),
    )


def _returning(step: Callable[..., Any], returned: Any) -> Callable[..., Any]:
    """Give a wrapped function the return annotation that Dagster reads its output type from."""
    step.__signature__ = inspect.signature(step).replace(return_annotation=returned)  # type: ignore[attr-defined]
    step.__annotations__ = {**step.__annotations__, "return": returned}
    return step


def table_asset(
    table: type[Table],
    *,
    kinds: set[str],
    checks: Sequence[Check] = (),
    pool: str | None = None,
    deps: Sequence[str] = (),
) -> Callable[[Callable[..., pl.DataFrame]], dg.AssetsDefinition]:
    """Declare the asset that computes a table.

    The decorated function takes upstream tables (arguments annotated ``pl.DataFrame``) and resources, and
    returns the table. Its result is validated against the declaration; then every check runs in the same step
    and sees the table and the inputs. A failing blocking check stops what depends on the table.

    Args:
        table: The declaration; gives key, group, description and columns.
        kinds: Dagster kinds, shown as icons.
        checks: Checks of this table.
        pool: Steps of one pool take turns, where a source wants that.
        deps: Keys of assets (``layer/table``) that are made before, though their tables are not read.
    """
    key = dg.AssetKey([table.LAYER, table.NAME])

    def decorate(function: Callable[..., pl.DataFrame]) -> dg.AssetsDefinition:
        @functools.wraps(function)
        def step(*args: Any, **inputs: Any) -> Iterator[dg.MaterializeResult[pl.DataFrame]]:
            frame = validate(function(*args, **inputs), table, where=key.to_user_string())
            yield dg.MaterializeResult(
                value=frame,
                check_results=[
                    _result(key, check.name, check.run(frame, inputs), severity=check.severity) for check in checks
                ],
            )

        return dg.asset(
            key=key,
            group_name=table.LAYER,
            ins=table_inputs(function),
            deps=[dg.AssetKey(other.split("/")) for other in deps],
            io_manager_key="tables",
            pool=pool,
            description=f"{inspect.getdoc(function)}\n\n{_described(table)}",
            kinds=kinds,
            owners=[OWNER],
            tags={"public": "true"} if table.PUBLIC else {},
            metadata={"dagster/column_schema": column_schema(table), "grain": table.GRAIN},
            check_specs=[
                dg.AssetCheckSpec(check.name, asset=key, description=check.description, blocking=check.blocking)
                for check in checks
            ],
        )(_returning(step, Iterator[dg.MaterializeResult[pl.DataFrame]]))

    return decorate


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a publish asset wrote.

    Attributes:
        files: The files, first the one to open.
        outcomes: Result of each declared check by name.
        picture: SVG to show in the UI.
    """

    files: Sequence[Path]
    outcomes: Mapping[str, Outcome]
    picture: str | None = None

    def metadata(self) -> dict[str, Any]:
        """Return the files, their size and the picture as Dagster metadata."""
        shown: dict[str, Any] = {
            "files": len(self.files),
            "bytes": sum(path.stat().st_size for path in self.files),
            **{path.name: dg.MetadataValue.path(path) for path in self.files[:FILES_SHOWN]},
        }
        if self.picture and len(self.picture) <= PREVIEW_BYTES:
            image = base64.b64encode(self.picture.encode()).decode()
            shown["preview"] = dg.MetadataValue.md(f"![preview](data:image/svg+xml;base64,{image})")
        return shown


def published_asset(
    name: str, *, kinds: set[str], checks: Mapping[str, str], deps: Sequence[str] = ()
) -> Callable[[Callable[..., Published]], dg.AssetsDefinition]:
    """Declare an asset that writes files below the build folder.

    The decorated function takes tables and the run, and returns what it wrote with an outcome for every check;
    a failing check stops what depends on the files.

    Args:
        name: Name within the group ``publish``.
        kinds: Dagster kinds, shown as icons.
        checks: Description of each check by name.
        deps: Names of other publish assets whose files it links to.
    """
    key = dg.AssetKey([PUBLISH, name])

    def decorate(function: Callable[..., Published]) -> dg.AssetsDefinition:
        @functools.wraps(function)
        def step(*args: Any, **inputs: Any) -> Iterator[dg.MaterializeResult[None]]:
            published = function(*args, **inputs)
            yield dg.MaterializeResult(
                metadata=published.metadata(),
                check_results=[_result(key, check, published.outcomes[check]) for check in checks],
            )

        return dg.asset(
            key=key,
            group_name=PUBLISH,
            ins=table_inputs(function),
            deps=[dg.AssetKey([PUBLISH, other]) for other in deps],
            description=inspect.getdoc(function),
            kinds=kinds,
            owners=[OWNER],
            check_specs=[
                dg.AssetCheckSpec(check, asset=key, description=description, blocking=True)
                for check, description in checks.items()
            ],
        )(_returning(step, Iterator[dg.MaterializeResult[None]]))

    return decorate
