"""Schedules: when jobs run by themselves.

Here: times, and the rule that only live mode refreshes. Not here: what a job contains (`pipelines/jobs.py`).
"""

import dagster as dg

from pipelines.jobs import refresh_atlas
from pipelines.settings import Mode


def daily_refresh(mode: Mode) -> dg.ScheduleDefinition:
    """Return the schedule that refreshes the atlas each morning, switched on in live mode only.

    In the other modes the inputs do not change; a tick that somebody switches on says so and runs nothing.
    """

    @dg.schedule(
        name="daily_refresh",
        job=refresh_atlas,
        cron_schedule="0 5 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if mode == "live" else dg.DefaultScheduleStatus.STOPPED,
        description="Fetches the sources and redraws the maps at 05:00 UTC; live mode only.",
    )
    def tick() -> dg.RunRequest | dg.SkipReason:
        if mode != "live":
            return dg.SkipReason(f"Mode {mode} has nothing to refresh; start with --live or ATLAS_MODE=live.")
        return dg.RunRequest(tags={"atlas/mode": mode})

    return tick
