"""``atlas doctor``: look at every live source once, before a run.

Here: the command and its text. Not here: what is asked (`assets/ingest/doctor.py`).
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assets.ingest.doctor import Finding

MARKS = {True: "holds", False: "FAILS", None: "unseen"}
EPILOG = """\b
Examples:
  atlas doctor
  HF_TOKEN=… GITHUB_TOKEN=… atlas doctor
  atlas doctor --json
"""


@click.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print the findings for a machine.")
def doctor(*, as_json: bool) -> int:
    """Look at every live source once, with the smallest call, and say what a live run will do about it.

    It asks some ten small questions and fetches no model's file. Each source is looked at by itself. The exit code is 0
    if a live run can bring every source up to date, 1 if it will leave one stale, and 2 if a setting cannot be used.
    """
    from upath import UPath

    from assets.ingest.doctor import look
    from pipelines.settings import Settings, SettingsError
    from pipelines.storage import StoreError, open_store

    try:
        # In synthetic mode the stand-ins are looked at.
        loaded = Settings.load()
        settings = loaded if loaded.mode == "synthetic" else Settings.load(mode="live")
        open_store(UPath(settings.store), settings.mode)
    except (SettingsError, StoreError, OSError) as error:
        raise click.UsageError(str(error)) from error
    findings = look(logs=settings.logs, today=datetime.now(UTC).date())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo("\n".join(_lines(finding)))
        stale = [finding.source for finding in findings if not finding.current]
        click.echo(
            f"A live run will leave {', '.join(stale)} stale."
            if stale
            else "A live run can bring every source up to date."
        )
    return int(any(not finding.current for finding in findings))


def _lines(finding: "Finding") -> Iterator[str]:
    reached = {True: "reachable", False: "NOT READ", None: "not asked"}[finding.reachable]
    yield f"{finding.source}: {reached}"
    yield f"  access   {finding.authorised}"
    if finding.reachable:
        yield f"  limits   {finding.limits}"
    for one in finding.assumptions:
        yield f"  {MARKS[one.holds]:<8} {one.text}: {one.said}"
    yield f"  a run    {finding.then}"
    yield ""
