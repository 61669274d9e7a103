"""Sensors: what the daemon notices by itself.

Here: what follows changed tables, new repositories on the list, failed runs. Not here: times
(`pipelines/schedules.py`), the conditions of what follows (`pipelines/policies.py`), how people are told
(`pipelines/notifications.py`).
"""

from collections.abc import Sequence
from typing import Final

import dagster as dg

from assets.origins.tracked import load_repositories
from assets.partitions import REPOSITORY
from pipelines.causes import asset_of, cause_of
from pipelines.jobs import read_repositories
from pipelines.notifications import Cause, FailedRun, NotificationError, NotificationSettings, Notifier
from pipelines.settings import Mode

LIST_SECONDS: Final = 300
"""Seconds between two looks at the list of repositories; it is a file that comes with the code."""


def _status(mode: Mode) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if mode == "live" else dg.DefaultSensorStatus.STOPPED


def follow_changes(mode: Mode) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that makes what rests on changed tables, on in live mode only."""
    return dg.AutomationConditionSensorDefinition(
        "follow_changes",
        target=dg.AssetSelection.all(),
        default_status=_status(mode),
        run_tags={"atlas/mode": mode},
        description="Makes what rests on tables that changed, down to the site, in one run.",
    )


def _tracked() -> list[str]:
    from assets.ingest.github.reads import tracked_names

    return tracked_names(load_repositories())


def new_repositories(mode: Mode) -> dg.SensorDefinition:
    """Return the sensor that keeps the parts of repositories in step with the tracked list, on in live mode only.

    A repository that was added gets a part in one tick and is read in the next, which the cursor remembers. The first
    time that there is a list none is read: the weekly run reads all. One that left the list loses its part; its file
    stays.
    """

    @dg.sensor(
        name="new_repositories",
        job=read_repositories,
        minimum_interval_seconds=LIST_SECONDS,
        default_status=_status(mode),
        description="Adds a part for each repository that the tracked list gained, and reads it.",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        tracked = set(_tracked())
        known = set(context.instance.get_dynamic_partitions(str(REPOSITORY.name)))
        added, gone = sorted(tracked - known), sorted(known - tracked)
        due = [name for name in (context.cursor or "").splitlines() if name in known]
        if not added and not gone and not due:
            return dg.SkipReason(f"All {len(tracked)} tracked repositories have a part.")
        changes: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = [
            *([REPOSITORY.build_add_request(added)] if added else []),
            *([REPOSITORY.build_delete_request(gone)] if gone else []),
        ]
        return dg.SensorResult(
            dynamic_partitions_requests=changes,
            run_requests=[dg.RunRequest(run_key=name, partition_key=name, tags={"atlas/mode": mode}) for name in due],
            # An empty cursor would leave the last one in place.
            cursor="\n".join(added if known and mode == "live" else []) or "-",
        )

    return tick


def failed_run(context: dg.RunFailureSensorContext, mode: Mode, settings: NotificationSettings) -> FailedRun:
    """Return what a notification says of a failed run."""
    causes = [
        Cause(asset=asset_of(event.step_key), cause=cause_of(error) if error else "the step failed")
        for event in context.get_step_failure_events()
        for error in [event.step_failure_data.error]
    ]
    run = context.dagster_run
    return FailedRun(
        run_id=run.run_id,
        job=run.job_name,
        mode=run.tags.get("atlas/mode", mode),
        causes=causes or [Cause(asset="run", cause=context.failure_event.message or "no reason given")],
        link=settings.link(run.run_id),
    )


def tell_failures(mode: Mode, notifiers: Sequence[Notifier] | None = None) -> dg.SensorDefinition:
    """Return the sensor that tells people about failed runs, on in live mode only.

    Args:
        mode: Mode of the atlas.
        notifiers: Who is told; those of the environment by default.
    """

    @dg.run_failure_sensor(
        name="tell_failures",
        default_status=_status(mode),
        description="Tells the log and, where ATLAS_NOTIFY_URL is set, a webhook about every failed run.",
    )
    def tick(context: dg.RunFailureSensorContext) -> None:
        settings = NotificationSettings()
        failed = failed_run(context, mode, settings)
        for notifier in settings.notifiers() if notifiers is None else notifiers:
            try:
                notifier.tell(failed)
            except NotificationError as error:
                # The others are told all the same, and a sensor that fails would tell them again and again.
                context.log.warning(str(error))

    return tick
