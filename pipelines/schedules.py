"""Schedules: when sources are asked by themselves.

Here: times, and the rule that only live mode refreshes. Not here: what a job contains (`pipelines/jobs.py`), what is
made afterwards: that follows from the tables that changed (`pipelines/policies.py`).
"""

from collections.abc import Mapping
from typing import Final

import dagster as dg

from pipelines.jobs import refresh_files, refresh_github, refresh_hub, refresh_package_index
from pipelines.retention import prune_history
from pipelines.settings import Mode

TIMES: Final[Mapping[str, tuple[str, str, str]]] = {
    "hub_daily": (refresh_hub.name, "0 5 * * *", "Reads the hubs every day at 05:00 UTC."),
    "github_weekly": (refresh_github.name, "0 1 * * 1", "Reads GitHub every Monday at 01:00 UTC."),
    "package_index_monthly": (
        refresh_package_index.name,
        "0 6 5,17 * *",
        (
            "Reads PyPI's downloads on the 5th, when the source has the month's last days, and on the 17th, when it "
            "has gained those that came late; 06:00 UTC."
        ),
    ),
    "history_weekly": (prune_history.name, "0 3 * * 0", "Forgets old runs on Sundays at 03:00 UTC."),
    "files_weekly": (refresh_files.name, "0 7 * * 0", "Reads reference files and donated logs on Sundays, 07:00 UTC."),
}
"""By name: the job, when it runs, and what is said of it."""


def _schedule(name: str, mode: Mode) -> dg.ScheduleDefinition:
    job, cron, said = TIMES[name]

    @dg.schedule(
        name=name,
        job_name=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if mode == "live" else dg.DefaultScheduleStatus.STOPPED,
        description=f"{said} Live mode only.",
    )
    def tick() -> dg.RunRequest | dg.SkipReason:
        if mode != "live":
            return dg.SkipReason(f"Mode {mode} has nothing to refresh; start with --live or ATLAS_MODE=live.")
        return dg.RunRequest(tags={"atlas/mode": mode})

    return tick


def schedules(mode: Mode) -> list[dg.ScheduleDefinition]:
    """Return the schedules, switched on in live mode only.

    In the other modes the inputs do not change; a tick that somebody switches on says so and runs nothing.
    """
    return [_schedule(name, mode) for name in TIMES]
