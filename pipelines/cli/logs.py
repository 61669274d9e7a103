"""``atlas logs``: reduce donated download logs to counts, where the logs are.

Here: the command, its progress, the file it writes. Not here: the reduction (`assets/ingest/log_reduction.py`), reading
logs in a build (`assets/ingest/donated_logs.py`).
"""

import os
from pathlib import Path

import click

EPILOG = """\b
Examples:
  atlas logs downloads-2026-08.csv.gz --output reduced.parquet
  atlas logs 'logs/2026-*.parquet' more-logs/ --output reduced.parquet
  atlas logs 's3://bucket/logs/*.parquet' --output reduced.csv
  ATLAS_LOGS=reduced.parquet atlas build --live
"""


@click.command(epilog=EPILOG)
@click.argument("named", metavar="LOG...", nargs=-1, required=True)
@click.option(
    "--output",
    "target",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Table to write: .parquet (which a build can read) or .csv.",
)
def logs(*, named: tuple[str, ...], target: Path) -> None:
    """Reduce granular download logs of Hugging Face to counts by repository, day, month and place.

    LOG is a file (.csv, .csv.gz, .parquet), a folder, a pattern or a URL. The counts hold no id of a person; those of
    fewer than 10 people, and those that would give them away, are hidden. docs/logs.md says which columns a log has
    and what is counted.
    """
    if target.suffix not in {".parquet", ".csv"}:
        raise click.UsageError(f"{target}: the output ends in .parquet or .csv")
    if not target.absolute().parent.is_dir():
        raise click.UsageError(f"{target}: the folder {target.absolute().parent} does not exist; make it first")
    from datetime import UTC, datetime

    from rich.console import Console

    from assets.ingest.log_files import LogError, find_files
    from assets.ingest.log_reduction import Step, reduce_logs
    from assets.places.log_places import log_places
    from pipelines.cli.locate import Meter

    if target.exists() and str(target.resolve()) in {file.path for file in find_files(named)}:
        raise LogError(f"{target}: is one of the logs as well; choose another output.")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    at = Step(rows=0, share=None)
    with Meter(console, lambda: at.share) as meter:

        def tell(step: Step) -> None:
            nonlocal at
            more, at = max(step.rows - at.rows, 0), step
            meter.advance(more)

        found = reduce_logs(named, places=log_places, today=datetime.now(UTC).date(), tell=tell)
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        if target.suffix == ".csv":
            found.table.write_csv(draft)
        else:
            found.table.write_parquet(draft, compression="zstd")
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    for line in found.account.lines():
        click.echo(line)
    hidden = int(found.table["suppressed"].sum())
    click.echo(f"Wrote {target}: {found.table.height:,} cells, {hidden:,} of them hidden (fewer than 10 people).")
