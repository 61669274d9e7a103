"""``atlas snapshot``: freeze the current figures into a new dated snapshot (for maintainers).

Here: the command. Not here: freezing (`assets/ingest/snapshot.py`), reading figures (`assets/ingest/figures.py`).
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

EPILOG = """\b
Examples:
  atlas snapshot --day 2026-08-21 --figures ~/figures   from a folder of published figures (CSV)
  atlas snapshot --day 2026-12-01                       from the ingest tables of the last build
"""


@click.command(epilog=EPILOG)
@click.option("--day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Date of the newest figure.")
@click.option(
    "--figures",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of published figures; without it the ingest tables of the last build are frozen.",
)
@click.option("--live", is_flag=True, help="Freeze the tables of the live store.")
def snapshot(*, day: datetime, figures: Path | None, live: bool) -> None:
    """Freeze the figures into the snapshot that ships with the program, and pin its checksum.

    Every table is validated first, every row must cite a source that assets/ingest/sources.toml describes.
    """
    from assets.ingest import snapshot as snapshots
    from assets.ingest.figures import read_figures

    tables = read_figures(figures) if figures else _tables_of_last_build(live=live)
    frozen_on: date = day.date()
    folder = snapshots.freeze(tables, frozen_on)
    for name, frame in tables.items():
        click.echo(f"  {name}: {frame.height:,} rows")
    click.echo(f"Frozen in {folder} and pinned. Run 'atlas build' and the tests before you commit it.")


def _tables_of_last_build(*, live: bool) -> "dict[str, pl.DataFrame]":
    from upath import UPath

    from assets.ingest import snapshot as snapshots
    from pipelines.settings import Settings
    from pipelines.storage import read_table

    settings = Settings.load(mode="live" if live else None)
    return {
        name: read_table(UPath(settings.store), f"ingest/{name}", mode=settings.mode)
        for name in snapshots.tables_in_snapshot()
    }
