"""Running: materialises a selection of the graph in this process and says what happens while it does.

Here: selecting, executing and turning Dagster's events into a few facts. Not here: how those are shown
(`pipelines/cli`), what is in the graph (`pipelines/build.py`).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import dagster as dg
from dagster_shared.error import SerializableErrorInfo
from upath import UPath

from assets.partitions import PARTITIONS_TAG
from pipelines.build import build_defs
from pipelines.causes import asset_of, cause_of, one_line, root_of
from pipelines.instance import alone, prepare, write_history_quickly
from pipelines.jobs import refresh_atlas
from pipelines.settings import Settings, SettingsError
from pipelines.storage import open_store

LOGGER: Final = "progress"
SAID_BY_CHECKS: Final = frozenset({"DagsterAssetCheckFailedError", "BlockedError", "TableError"})


class SelectionError(ValueError):
    """A selection names what is not in the graph; the message lists what is."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """An asset's step began."""

    asset: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """An asset under way says how far it is; passing, so that no outcome keeps it."""

    asset: str
    said: str


@dataclass(frozen=True, kw_only=True)
class Finished:
    """An asset was made."""

    asset: str
    rows: int | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An asset or one of its checks failed.

    Attributes:
        asset: The asset.
        cause: One line: what is wrong.
        fatal: Whether it fails the build; a warning does not.
        details: Stack trace, where there is one.
    """

    asset: str
    cause: str
    fatal: bool = True
    details: str = ""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """An asset was not made because something before it failed."""

    asset: str


Fact = Started | Told | Finished | Problem | Skipped


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run did.

    Attributes:
        run_id: Dagster's identifier of the run.
        facts: Everything that happened, in order.
        details: File with the stack traces, where something failed.
    """

    run_id: str
    facts: Sequence[Fact]
    details: Path | None = None

    @property
    def problems(self) -> list[Problem]:
        """What fails the build."""
        return [fact for fact in self.facts if isinstance(fact, Problem) and fact.fatal]


class _Listener(logging.Handler):
    """Turns the records of a run into facts.

    A logger is the one public place where Dagster shows events while a run in this process is under way.
    """

    def __init__(self, tell: Callable[[Fact], None]) -> None:
        super().__init__(level=logging.DEBUG)
        self.facts: list[Fact] = []
        self._tell = tell
        self._rows: dict[str, int] = {}
        self._checked: set[str] = set()
        self._running = ""
        self.interrupted = False

    def definition(self) -> dg.LoggerDefinition:
        """Return the listener in the shape in which a run takes loggers."""
        logger = logging.getLogger(f"atlas.{LOGGER}")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.handlers = [self]
        return dg.LoggerDefinition(lambda _: logger, description="Tells the command line what happens.")

    def emit(self, record: logging.LogRecord) -> None:
        """Note what an event or a warning says, if it says anything of interest."""
        event = getattr(record, "dagster_event", None)
        if isinstance(event, dg.DagsterEvent):
            facts = self._facts(event)
        elif record.levelno >= logging.WARNING and self._running:
            # Outside of a step these are Dagster's own words on what the facts say already.
            meta = getattr(record, "dagster_meta", {})
            cause = one_line(meta.get("orig_message") or record.getMessage())
            facts = [Problem(asset=self._running, cause=cause, fatal=False)]
        else:
            facts = []
            said = getattr(record, "dagster_meta", {}).get("orig_message")
            if self._running and event is None and record.levelno == logging.INFO and said:
                self._tell(Told(asset=self._running, said=one_line(said)))
        for fact in facts:
            self._note(fact)

    def close_with(self, assets: Sequence[str]) -> None:
        """Note which of the selected assets were never begun; the run is over."""
        begun = {fact.asset for fact in self.facts}
        for asset in assets:
            if asset not in begun:
                self._note(Skipped(asset=asset))

    def _note(self, fact: Fact) -> None:
        self.facts.append(fact)
        self._tell(fact)

    def _facts(self, event: dg.DagsterEvent) -> list[Fact]:
        asset = asset_of(event.step_key)
        facts: list[Fact] = []
        match event.event_type_value:
            case "STEP_START":
                self._running = asset
                facts = [Started(asset=asset)]
            case "ASSET_MATERIALIZATION":
                rows = event.step_materialization_data.materialization.metadata.get("dagster/row_count")
                if rows is not None:
                    self._rows[asset] = int(str(rows.value))
            case "STEP_SUCCESS":
                self._running = ""
                seconds = event.step_success_data.duration_ms / 1000
                facts = [Finished(asset=asset, rows=self._rows.get(asset), seconds=seconds)]
            case "ASSET_CHECK_EVALUATION":
                facts = self._check(asset, event.asset_check_evaluation_data)
            case "STEP_FAILURE":
                self._running = ""
                facts = self._failure(asset, event.step_failure_data.error)
            case "PIPELINE_FAILURE" if not any(isinstance(fact, Problem) and fact.fatal for fact in self.facts):
                facts = self._failure(asset, event.job_failure_data.error)
        return facts

    def _check(self, asset: str, check: dg.AssetCheckEvaluation) -> list[Fact]:
        if check.passed:
            return []
        fatal = check.severity is dg.AssetCheckSeverity.ERROR
        if fatal:
            self._checked.add(asset)
        said = one_line(check.description or "no reason given")
        return [Problem(asset=asset, cause=f"check {check.check_name} failed: {said}", fatal=fatal)]

    def _failure(self, asset: str, error: SerializableErrorInfo | None) -> list[Fact]:
        if error and error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
            self.interrupted = True
            return []
        if asset in self._checked and error and root_of(error).cls_name in SAID_BY_CHECKS:
            return []  # the check has said it better
        cause = cause_of(error) if error else "the step failed"
        return [Problem(asset=asset, cause=cause, details=error.to_string() if error else "")]


def select(defs: dg.Definitions, only: Sequence[str]) -> list[dg.AssetKey]:
    """Return the keys of the named groups and assets, or of all assets where none are named.

    Raises:
        SelectionError: A name is neither a group nor an asset.
    """
    whole, in_parts = [], set()
    for spec in defs.resolve_all_asset_specs():
        if PARTITIONS_TAG in spec.tags:
            in_parts |= {spec.key.to_user_string(), str(spec.group_name)}
        else:
            whole.append(spec)
    if named := [name for name in only if name in in_parts]:
        raise SelectionError(
            f"{', '.join(named)}: these tables are kept in parts, which are made from 'atlas ui' (docs/operations.md)"
        )
    by_name: dict[str, list[dg.AssetKey]] = {}
    for spec in whole:
        by_name[spec.key.to_user_string()] = [spec.key]
        by_name.setdefault(str(spec.group_name), []).append(spec.key)
    unknown = [name for name in only if name not in by_name]
    if unknown:
        groups = sorted({str(spec.group_name) for spec in whole})
        assets = sorted(spec.key.to_user_string() for spec in whole)
        raise SelectionError(
            f"no group or asset is called {', '.join(unknown)}; "
            f"groups: {', '.join(groups)}; assets: {', '.join(assets)}"
        )
    names = only or list(by_name)
    return sorted({key for name in names for key in by_name[name]})


def run(settings: Settings, *, only: Sequence[str] = (), tell: Callable[[Fact], None]) -> Outcome:
    """Materialise a selection of the graph in this process, on the instance that the UI shows.

    Args:
        settings: Mode and places.
        only: Groups and assets; all by default.
        tell: Called with every fact as it happens.

    Raises:
        SelectionError: A name is neither a group nor an asset.
        BusyError: Another build is running on the same home.
        SettingsError: The build folder cannot be written.
        StoreError: The store belongs to another mode.
        KeyboardInterrupt: The process was told to stop; Dagster has noted the run as failed.
    """
    with alone(settings):
        return _run(settings, only=only, tell=tell)


def _require_writable(folder: Path) -> None:
    """Find out before the run, not after its first half, that the pages cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            f"the build folder {folder} cannot be written ({error.strerror}): choose --output"
        ) from error


def _run(settings: Settings, *, only: Sequence[str], tell: Callable[[Fact], None]) -> Outcome:
    prepare(settings)
    write_history_quickly(settings.mode)
    _require_writable(settings.output)
    listener = _Listener(tell)
    defs = build_defs(settings=settings, loggers={LOGGER: listener.definition()})
    keys = select(defs, only)
    open_store(UPath(settings.store), settings.mode)
    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def(refresh_atlas.name).execute_in_process(
            instance=instance,
            asset_selection=keys,
            raise_on_error=False,
            run_config={"loggers": {LOGGER: {}}},
            tags={"atlas/mode": settings.mode},
        )
    if listener.interrupted:
        raise KeyboardInterrupt
    listener.close_with([key.to_user_string() for key in keys])
    outcome = Outcome(run_id=result.run_id, facts=listener.facts)
    if not outcome.problems:
        return outcome
    details = settings.dagster_home / "failures" / f"{result.run_id}.txt"
    details.parent.mkdir(exist_ok=True)
    text = "\n\n".join(f"{problem.asset}: {problem.cause}\n{problem.details}" for problem in outcome.problems)
    details.write_text(text, encoding="utf-8")
    return Outcome(run_id=outcome.run_id, facts=outcome.facts, details=details)
