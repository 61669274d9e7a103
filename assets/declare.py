"""Declaring assets: one decorator that turns a function on tables into a Dagster asset of the house.

Here: the key, group, column schema, owners, kinds and checks that every table asset shares. Not here: what
single checks test (`assets/checks.py` and beside each layer).
"""

import base64
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import AS_DECLARED, VOLUME, BlockedError, Check, Outcome, shared_checks, volume
from assets.column_lineage import column_lineage
from assets.run import Run
from assets.runbook import runbook_line
from assets.schemas import TABLES, Table, TableError, validate
from assets.schemas.adoption import Estimates
from assets.table_facts import coverage, freshness, period_covered, preview

OWNER: Final = "team:atlas"
SOURCE_TAG: Final = "source"
"""Tag of what comes from a source; jobs, deadlines and pools go by it."""

RETRIES: Final = 3
FIRST_WAIT_SECONDS: Final = 10
"""A store that cannot be reached is tried again after 10, 20 and 40 seconds; sources are, within their clients."""

LASTING: Final = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)
"""What is as wrong the second time."""

PUBLISH: Final = "publish"
PREVIEW_BYTES: Final = 400_000
"""Largest picture shown in the UI: previews stay in Dagster's event log for good."""

PREVIEW_WIDTH: Final = 880
SIZE: Final = re.compile(r'width="([\d.]+)" height="([\d.]+)"')
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
        metadata={**outcome.figures, "runbook": dg.MetadataValue.md(runbook_line(check))},
    )


def _returning(step: Callable[..., Any], returned: Any) -> Callable[..., Any]:
    """Give a wrapped function the return annotation that Dagster reads its output type from."""
    step.__signature__ = inspect.signature(step).replace(return_annotation=returned)  # type: ignore[attr-defined]
    step.__annotations__ = {**step.__annotations__, "return": returned}
    return step


def lineage_metadata(asset: str, inputs: Mapping[str, dg.AssetIn]) -> dict[str, dg.TableColumnLineage]:
    """Return the column lineage of a table as Dagster metadata; nothing for a table that is made from no other."""
    keys = [key.to_user_string() for one in inputs.values() if isinstance(key := one.key, dg.AssetKey)]
    found = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(key.split("/")), column_name=name) for key, name in sources]
        for column, sources in column_lineage(asset, keys).items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(found)} if found else {}


def table_metadata(frame: pl.DataFrame, table: type[Table]) -> dict[str, Any]:
    """Return what the UI shows of a finished table: period, freshness, coverage and, unless it is personal, rows."""
    known = coverage(frame, table)
    return {
        "period": period_covered(frame, table),
        "freshness": freshness(frame, table, today=datetime.now(UTC).date()),
        "coverage": dg.MetadataValue.json(dict(known)),
        "preview": dg.MetadataValue.md(preview(frame, table)),
    }


def _last_rows(key: dg.AssetKey) -> int | None:
    """Return how many rows the last run wrote, from Dagster's history."""
    event = dg.AssetExecutionContext.get().instance.get_latest_materialization_event(key)
    made = event.asset_materialization if event else None
    rows = made.metadata.get("dagster/row_count") if made else None
    return int(str(rows.value)) if rows else None


@contextmanager
def later_if_out_of_reach(tried: Callable[[], int | None]) -> Iterator[None]:
    """Read or write a store; where it cannot be reached, ask Dagster to try the step again later.

    Sources are asked again by their clients, which know what is safe; a store has no client of ours.

    Args:
        tried: Says how often the step was tried before; None where there is no step to try again.

    Raises:
        RetryRequested: The store cannot be reached now.
    """
    try:
        yield
    except LASTING:
        raise
    except OSError as error:
        times = tried()
        if times is None:
            raise
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=FIRST_WAIT_SECONDS * 2**times) from error


def once_more(function: Callable[..., Any], *args: Any, **inputs: Any) -> Any:
    """Call a function that may read or write a store of its own; where that cannot be reached, it is called later."""
    with later_if_out_of_reach(lambda: dg.AssetExecutionContext.get().retry_number):
        return function(*args, **inputs)


def declared_checks(key: dg.AssetKey, checks: Sequence[Check]) -> list[dg.AssetCheckSpec]:
    """Return the specifications of a table's checks, with the two that need more than the table."""
    return [
        dg.AssetCheckSpec(AS_DECLARED, asset=key, description="Columns, types, keys and rules hold.", blocking=True),
        *(
            dg.AssetCheckSpec(check.name, asset=key, description=check.description, blocking=check.blocking)
            for check in checks
        ),
    ]


def judged(
    key: dg.AssetKey, checks: Sequence[Check], frame: pl.DataFrame, inputs: Mapping[str, Any]
) -> tuple[list[dg.AssetCheckResult], str]:
    """Return the results of a table's checks and, where a blocking one failed, which and why.

    A table that fails a blocking check is not written, so that the last good one stays with all that rests on it.
    """
    results = [_result(key, AS_DECLARED, Outcome(passed=True, said="As declared in assets/schemas."))]
    stopped = []
    for check in checks:
        outcome = check.run(frame, inputs)
        results.append(_result(key, check.name, outcome, severity=check.severity))
        if check.blocking and not outcome.passed and check.severity is dg.AssetCheckSeverity.ERROR:
            stopped.append(f"{check.name}: {outcome.said}")
    return results, " ".join(stopped)


def undeclared(key: dg.AssetKey, error: TableError) -> dg.AssetCheckResult:
    """Return the result of a table that breaks its declaration."""
    return _result(key, AS_DECLARED, Outcome(passed=False, said=str(error)))


def table_tags(table: type[Table], source: str | None) -> dict[str, str]:
    """Return the tags of a table: whether it is published, concerns single people, and whose figures it holds."""
    tags = {"public": str(table.PUBLIC).lower(), "personal": str(table.PERSONAL).lower()}
    return tags | ({SOURCE_TAG: source} if source else {})


def table_asset(
    table: type[Table],
    *,
    kinds: set[str],
    checks: Sequence[Check] = (),
    pool: str | None = None,
    source: str | None = None,
    deps: Sequence[str] = (),
) -> Callable[[Callable[..., pl.DataFrame]], dg.AssetsDefinition]:
    """Declare the asset that computes a table.

    The decorated function takes upstream tables (arguments annotated ``pl.DataFrame``) and resources, and
    returns the table. Its result is validated against the declaration; then every check runs in the same step
    and sees the table and the inputs. A failing blocking check keeps the table from being written and stops what
    depends on it. Beside the given checks every table has those of ``shared_checks``, ``as_declared`` and ``volume``.

    Args:
        table: The declaration; gives key, group, description and columns.
        kinds: Dagster kinds, shown as icons.
        checks: Checks of this table.
        pool: Steps of one pool take turns, where a source wants that.
        source: Source of the rows, where they come from outside; jobs and deadlines go by it.
        deps: Keys of assets (``layer/table``) that are made before, though their tables are not read.
    """
    key = dg.AssetKey([table.LAYER, table.NAME])
    all_checks = shared_checks(table, checks, source=source)

    def decorate(function: Callable[..., pl.DataFrame]) -> dg.AssetsDefinition:
        read = table_inputs(function)
        lineage = lineage_metadata(key.to_user_string(), read)

        @functools.wraps(function)
        def step(*args: Any, **inputs: Any) -> Iterator[dg.MaterializeResult[pl.DataFrame] | dg.AssetCheckResult]:
            try:
                frame = validate(once_more(function, *args, **inputs), table, where=key.to_user_string())
            except TableError as error:
                yield undeclared(key, error)
                raise
            grown = _result(key, VOLUME, volume(frame.height, _last_rows(key)), severity=dg.AssetCheckSeverity.WARN)
            results, stopped = judged(key, all_checks, frame, inputs)
            if stopped:
                yield from [*results, grown]
                raise BlockedError(f"{key.to_user_string()} was not written. {stopped}")
            yield dg.MaterializeResult(
                value=frame, metadata=table_metadata(frame, table) | lineage, check_results=[*results, grown]
            )

        return dg.asset(
            key=key,
            group_name=table.LAYER,
            ins=read,
            deps=[dg.AssetKey(other.split("/")) for other in deps],
            io_manager_key="tables",
            pool=pool,
            description=f"{inspect.getdoc(function)}\n\n{_described(table)}",
            kinds=kinds,
            owners=[OWNER],
            tags=table_tags(table, source),
            metadata={"dagster/column_schema": column_schema(table), "grain": table.GRAIN, **lineage},
            check_specs=[
                *declared_checks(key, all_checks),
                dg.AssetCheckSpec(VOLUME, asset=key, description="About as many rows as in the last run."),
            ],
        )(_returning(step, Iterator[dg.MaterializeResult[pl.DataFrame]]))

    return decorate


def _fitting(picture: str) -> str:
    """Return an SVG no wider than the UI's window for Markdown; what it shows is the same."""

    def scaled(found: re.Match[str]) -> str:
        width, height = float(found[1]), float(found[2])
        scale = min(1.0, PREVIEW_WIDTH / width)
        return f'width="{width * scale:g}" height="{height * scale:g}"'

    return SIZE.sub(scaled, picture, count=1)


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

    def moved(self, drafts: Path, place: Path) -> "Published":
        """Put every draft in its place, and return the same with the files where they are now."""
        for draft in sorted(path for path in drafts.rglob("*") if path.is_file()):
            target = place / draft.relative_to(drafts)
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)
        return replace(self, files=[place / path.relative_to(drafts) for path in self.files])

    def metadata(self, inputs: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
        """Return the files, their size, what they rest on and a picture or list of them as Dagster metadata.

        Args:
            inputs: The tables that were read, by name.
        """
        declared = {table.NAME: table for table in TABLES.values()}
        rests_on = [
            dg.TableRecord({"table": name, "rows": frame.height, "period": period_covered(frame, declared[name])})
            for name, frame in inputs.items()
        ]
        shown: dict[str, Any] = {
            "files": len(self.files),
            "bytes": sum(path.stat().st_size for path in self.files),
            "rows_read": sum(frame.height for frame in inputs.values()),
            **({"rests_on": dg.MetadataValue.table(rests_on)} if rests_on else {}),
            **{path.name: dg.MetadataValue.path(path) for path in self.files[:FILES_SHOWN]},
        }
        # What is published is of the estimates, where it reads them, and as new as these: others stand in ``rests_on``.
        about = next((name for name in (Estimates.NAME, *inputs) if name in inputs), None)
        if about is not None:
            table = declared[about]
            shown["period"] = period_covered(inputs[about], table)
            shown["freshness"] = freshness(inputs[about], table, today=datetime.now(UTC).date())
            shown["coverage"] = dg.MetadataValue.json(dict(coverage(inputs[about], table)))
        return {"preview": dg.MetadataValue.md(self._preview())} | shown

    def _preview(self) -> str:
        if self.picture and len(self.picture) <= PREVIEW_BYTES:
            image = base64.b64encode(_fitting(self.picture).encode()).decode()
            return f"![preview](data:image/svg+xml;base64,{image})"
        listed = [f"* `{path.name}`, {path.stat().st_size:,} bytes" for path in self.files[:FILES_SHOWN]]
        return "\n".join(
            [*listed, f"* and {len(self.files) - len(listed):,} more" if len(self.files) > len(listed) else ""]
        )


@contextmanager
def _draft_folder(run: Run | None) -> Iterator[Path | None]:
    """Make a folder for drafts beside what they replace, and remove it; None for an asset that takes no run."""
    if run is None:
        yield None
        return
    with TemporaryDirectory(prefix=".draft-", dir=run.output_path) as folder:
        yield Path(folder)


def published_asset(
    name: str, *, kinds: set[str], checks: Mapping[str, str], deps: Sequence[str] = ()
) -> Callable[[Callable[..., Published]], dg.AssetsDefinition]:
    """Declare an asset that writes files below the build folder.

    The decorated function takes tables and the run, and returns what it wrote with an outcome for every check. It
    writes drafts; they replace the published files when all checks passed. A failing check keeps those, and stops what
    depends on the files.

    Args:
        name: Name within the group ``publish``.
        kinds: Dagster kinds, shown as icons.
        checks: Description of each check by name.
        deps: Names of other publish assets whose files it links to.
    """
    key = dg.AssetKey([PUBLISH, name])

    def decorate(function: Callable[..., Published]) -> dg.AssetsDefinition:
        @functools.wraps(function)
        def step(*args: Any, **inputs: Any) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
            tables = {name: value for name, value in inputs.items() if isinstance(value, pl.DataFrame)}
            run: Run | None = inputs.get("run")
            with _draft_folder(run) as folder:
                drafted = {"run": run.drafting(folder)} if run and folder else {}
                published = function(*args, **{**inputs, **drafted})
                results = [_result(key, check, published.outcomes[check]) for check in checks]
                if failed := [check for check in checks if not published.outcomes[check].passed]:
                    yield from results
                    raise BlockedError(f"{key.to_user_string()} was not published: {', '.join(failed)}.")
                if run and folder:
                    published = published.moved(folder, run.output_path)
            yield dg.MaterializeResult(metadata=published.metadata(tables), check_results=results)

        return dg.asset(
            key=key,
            group_name=PUBLISH,
            ins=table_inputs(function),
            deps=[dg.AssetKey([PUBLISH, other]) for other in deps],
            description=inspect.getdoc(function),
            kinds=kinds,
            owners=[OWNER],
            tags={"public": "true", "personal": "false"},
            check_specs=[
                dg.AssetCheckSpec(check, asset=key, description=description, blocking=True)
                for check, description in checks.items()
            ],
        )(_returning(step, Iterator[dg.MaterializeResult[None]]))

    return decorate
