"""Retention: Dagster's history does not grow for ever.

Here: which runs are forgotten. Not here: ticks of schedules and sensors, which Dagster forgets by itself
(`pipelines/instance/dagster.yaml`), tables (a store holds each once).
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import dagster as dg

KEPT_DAYS: Final = 90
FINISHED: Final = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
PARTITION_TAGS: Final = ("dagster/partition", "dagster/asset_partition_range_start")


def _in_force(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs that made what is there now, without which the UI would show it as never made."""
    events = instance.get_latest_materialization_events(list(instance.all_asset_keys()))
    return {event.run_id for event in events.values() if event is not None}


def prune(instance: dg.DagsterInstance, *, older_than: timedelta, now: datetime | None = None) -> int:
    """Forget runs that ended long ago, with their events and logs.

    Runs stay that made the newest edition of an asset, and those that made parts of tables: which of these is the
    newest of its part is not worth asking for.

    Args:
        instance: Dagster's history.
        older_than: Age from which a run is forgotten.
        now: Time of the question; now by default.

    Returns:
        Runs that were forgotten.
    """
    before = (now or datetime.now(UTC)) - older_than
    old = instance.get_run_records(filters=dg.RunsFilter(statuses=list(FINISHED), created_before=before))
    kept = _in_force(instance)
    gone = [
        record.dagster_run
        for record in old
        if record.dagster_run.run_id not in kept and not set(PARTITION_TAGS) & set(record.dagster_run.tags)
    ]
    for run in gone:
        instance.delete_run(run.run_id)
        shutil.rmtree(Path(instance.storage_directory()) / run.run_id, ignore_errors=True)
    return len(gone)


@dg.op(name="forget_old_runs", description=f"Forgets runs older than {KEPT_DAYS} days that made nothing in force.")
def forget_old_runs(context: dg.OpExecutionContext) -> None:
    """Forget old runs of the instance that runs this."""
    count = prune(context.instance, older_than=timedelta(days=KEPT_DAYS))
    context.log.info("%d run(s) older than %d days were forgotten.", count, KEPT_DAYS)


@dg.job(name="prune_history", description=f"Forgets runs older than {KEPT_DAYS} days; what is in force stays.")
def prune_history() -> None:
    """Forget old runs."""
    forget_old_runs()
