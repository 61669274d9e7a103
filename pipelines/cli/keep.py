"""``atlas backup``, ``atlas restore``, ``atlas prune``: what is kept, brought back and forgotten.

Here: the commands. Not here: the work (`pipelines/backup.py`, `pipelines/retention.py`).
"""

from pathlib import Path

import click

from pipelines.cli.options import place_options, settings_from

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(epilog="\b\nExamples:\n  atlas backup atlas-2026-11.tar.gz\n  atlas backup --live live.tar.gz")
@click.argument("file", type=FILE)
@place_options
def backup(*, file: Path, live: bool, output: Path | None, data: str | None) -> None:
    """Pack the tables and the history of a mode into FILE.

    The site is not packed: 'atlas build --only publish' makes it again. FILE holds the key of the actors' hashes.
    """
    from pipelines.backup import back_up

    count = back_up(settings_from(live=live, output=output, data=data), file.absolute())
    click.echo(
        f"Packed {count:,} files into {file} ({file.stat().st_size / 1e6:,.1f} MB); keep it where secrets are kept."
    )


@click.command(
    epilog="\b\nExamples:\n  DAGSTER_HOME=~/new/history atlas restore --data ~/new/data atlas-2026-11.tar.gz"
)
@click.argument("file", type=FILE)
@place_options
def restore(*, file: Path, live: bool, output: Path | None, data: str | None) -> None:
    """Unpack FILE, which 'atlas backup' wrote, into empty places."""
    from pipelines.backup import restore as unpack

    count = unpack(settings_from(live=live, output=output, data=data), file.absolute())
    click.echo(f"Restored {count:,} files; make the site with 'atlas build --only publish'.")


@click.command(epilog="\b\nExamples:\n  atlas prune --live --older-than 30")
@click.option(
    "--older-than", metavar="DAYS", type=click.IntRange(1), default=90, show_default=True, help="Age of runs."
)
@place_options
def prune(*, older_than: int, live: bool, output: Path | None, data: str | None) -> None:
    """Forget old runs in Dagster's history; those that made what is there now stay."""
    from datetime import timedelta

    from dagster import DagsterInstance

    from pipelines.instance import alone, prepare
    from pipelines.retention import prune as forget
    from pipelines.settings import SettingsError

    settings = settings_from(live=live, output=output, data=data)
    if not settings.dagster_home.is_dir():
        raise SettingsError(
            f"there is no history at {settings.dagster_home}: nothing was run there, or DAGSTER_HOME leads elsewhere"
        )
    with alone(settings):
        prepare(settings)
        with DagsterInstance.get() as instance:
            count = forget(instance, older_than=timedelta(days=older_than))
    click.echo(f"Forgot {count:,} run(s) older than {older_than} days.")
