"""Partitions: tables that are kept in parts, by day, month or repository, each of which can be made by itself.

Here: which parts there are, how months follow from days, and the decorator that declares such a table. Not here: tables
that are replaced as a whole (`assets/declare.py`), what is in the parts (`assets/archive`).

A run makes only the parts that it is asked for, and one run makes many at once. A part about which the inputs say
nothing keeps what it has; one that never had rows is empty, which means *not observed*.
"""

import functools
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import dagster as dg
import polars as pl

from assets.checks import BlockedError, Check, shared_checks
from assets.declare import (
    OWNER,
    column_schema,
    declared_checks,
    judged,
    lineage_metadata,
    once_more,
    table_inputs,
    table_metadata,
    table_tags,
    undeclared,
)
from assets.run import Run
from assets.schemas import Table, TableError, validate
from assets.whole_files import reaching

if TYPE_CHECKING:
    from upath import UPath

DAYS: Final = dg.DailyPartitionsDefinition(start_date="2024-11-01", end_offset=1)
"""From the month of the first embedded crawl to today."""

MONTHS: Final = dg.MonthlyPartitionsDefinition(start_date="2023-01-01", end_offset=1)
"""From the first month that an estimate is about to the running one."""

REPOSITORY: Final = dg.DynamicPartitionsDefinition(name="github_repository")
"""One part a tracked repository; a sensor adds those that the list gains."""

REPOSITORY_LISTINGS: Final = dg.AssetKey(["archive", "repository_listings"])
"""A run that reads all repositories marks the parts of those that it read to the end."""

PARTITIONS_TAG: Final = "partitions"
NAMES: Final[Mapping[dg.PartitionsDefinition[str], str]] = {DAYS: "days", MONTHS: "months", REPOSITORY: "repository"}

DAYS_OF_MONTH: Final = dg.TimeWindowPartitionMapping()
"""A month rests on its days: windows are matched by time."""


def part_path(root: "UPath", asset: str, key: str) -> "UPath":
    """Return the file of a part; keys such as ``owner/name`` become one name."""
    return root / asset / f"{quote(key, safe='')}.parquet"


def kept_part(root: "UPath", asset: str, key: str) -> pl.DataFrame | None:
    """Return the rows that a part has in a store, or None where it was never made."""
    path = part_path(root, asset, key)
    try:
        with reaching(path):
            content = path.read_bytes()
    except FileNotFoundError:
        return None
    return pl.read_parquet(content)


def _key_of(by: str, partitions: dg.PartitionsDefinition[str]) -> pl.Expr:
    column = pl.col(by)
    if partitions is REPOSITORY:
        return column
    return (column.dt.truncate("1mo") if partitions is MONTHS else column).dt.strftime("%Y-%m-%d")


def parts_of(
    frame: pl.DataFrame, by: str, partitions: dg.PartitionsDefinition[str], keys: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Return the rows of each part that is asked for; one without rows is there too, and empty.

    Args:
        frame: Rows of any parts.
        by: Column that says to which part a row belongs.
        partitions: The parts that there are.
        keys: Parts that are asked for.
    """
    marked = frame.with_columns(part=_key_of(by, partitions))
    found = marked.filter(pl.col("part").is_in(list(keys))).partition_by("part", as_dict=True, include_key=False)
    return {key: found.get((key,), frame.clear()) for key in keys}


def _inputs(function: Callable[..., Any]) -> dict[str, dg.AssetIn]:
    mappings = {"daily_counters": DAYS_OF_MONTH}
    return {
        name: dg.AssetIn(key=one.key, input_manager_key="tables", partition_mapping=mappings.get(name))
        for name, one in table_inputs(function).items()
    }


def partitioned_asset(
    table: type[Table],
    *,
    partitions: dg.PartitionsDefinition[str],
    by: str,
    kinds: set[str],
    checks: Sequence[Check] = (),
    pool: str | None = None,
    source: str | None = None,
) -> Callable[[Callable[..., pl.DataFrame]], dg.AssetsDefinition]:
    """Declare a table that is kept in parts.

    The decorated function takes the run, upstream tables and, where it needs to know the parts that are asked for, the
    context. It returns rows of any parts; those that are asked for are validated, checked together and written.

    Args:
        table: The declaration.
        partitions: The parts.
        by: Column that says to which part a row belongs.
        kinds: Dagster kinds, shown as icons.
        checks: Checks of the rows of a run, beside those that every table has.
        pool: Steps of one pool take turns; those of this table by default.
        source: Source of the rows, where they come from outside.
    """
    key = dg.AssetKey([table.LAYER, table.NAME])
    asset = key.to_user_string()
    # Without `volume`: parts share one history, and how many rows another one had says nothing about this one.
    all_checks = shared_checks(table, checks, source=source)

    def decorate(function: Callable[..., pl.DataFrame]) -> dg.AssetsDefinition:
        read = _inputs(function)
        lineage = lineage_metadata(asset, read)

        @functools.wraps(function)
        def step(
            *args: Any, **inputs: Any
        ) -> Iterator[dg.MaterializeResult[dict[str, pl.DataFrame]] | dg.AssetCheckResult]:
            context = dg.AssetExecutionContext.get()
            run: Run = inputs["run"]
            keys = list(context.partition_keys)
            try:
                frame = validate(once_more(function, *args, **inputs), table, where=asset)
            except TableError as error:
                yield undeclared(key, error)
                raise
            parts = parts_of(frame, by, partitions, keys)
            for name, part in parts.items():
                if part.is_empty() and (kept := once_more(kept_part, run.store_path, asset, name)) is not None:
                    parts[name] = kept
            asked = pl.concat([frame.clear(), *parts.values()])
            results, stopped = judged(key, all_checks, asked, inputs)
            if stopped:
                yield from results
                raise BlockedError(f"{asset} was not written. {stopped}")
            for name, part in parts.items():
                file = part_path(run.store_path, asset, name)
                said = {
                    "dagster/partition_row_count": part.height,
                    "state": "not_observed" if part.is_empty() else "observed",
                    "dagster/uri": str(file),
                    "file": dg.MetadataValue.path(f"{asset}/{file.name}"),
                }
                context.add_asset_metadata(said, partition_key=name)
            shown = table_metadata(asked, table)
            if len(keys) > 1:
                # They would be kept once a part.
                del shown["preview"], shown["coverage"]
            yield dg.MaterializeResult(value=parts, metadata=shown | lineage, check_results=results)

        returned = Iterator[dg.MaterializeResult[dict[str, pl.DataFrame]]]
        step.__signature__ = inspect.signature(step).replace(return_annotation=returned)  # type: ignore[attr-defined]
        step.__annotations__ = {**step.__annotations__, "return": returned}
        with warnings.catch_warnings():
            # One run for many parts is a beta argument of this release of Dagster.
            warnings.simplefilter("ignore", dg.BetaWarning)
            return dg.asset(
                key=key,
                group_name=table.LAYER,
                ins=read,
                partitions_def=partitions,
                backfill_policy=dg.BackfillPolicy.single_run(),
                io_manager_key="tables",
                # Two runs that make the same parts take turns, whatever the limit on runs.
                pool=pool or f"parts_of_{table.NAME}",
                description=f"{inspect.getdoc(function)}\n\n{inspect.getdoc(table)}\n\nOne row: {table.GRAIN}.",
                kinds=kinds,
                owners=[OWNER],
                tags=table_tags(table, source) | {PARTITIONS_TAG: NAMES[partitions]},
                metadata={"dagster/column_schema": column_schema(table), "grain": table.GRAIN, **lineage},
                check_specs=declared_checks(key, all_checks),
            )(step)

    return decorate
