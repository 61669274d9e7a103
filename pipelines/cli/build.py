"""``atlas build``: materialise the graph and say where the maps are.

Here: the command and what it prints while it runs. Not here: running (`pipelines/execution.py`), the closing
text (`pipelines/cli/summary.py`).
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.options import place_options, settings_from

if TYPE_CHECKING:
    from pipelines.execution import Problem
    from pipelines.settings import Settings

EPILOG = """\b
Examples:
  atlas build                          everything, from the embedded snapshot
  atlas build --live                   everything, in the live store (see --live)
  atlas build --only adoption          one layer, from the tables of the last build
  atlas build --only adoption/estimates --only publish
  atlas build --output ~/maps          maps and open data somewhere else
"""


@click.command(epilog=EPILOG)
@place_options
@click.option(
    "--only",
    metavar="GROUP|ASSET",
    multiple=True,
    help="Make only this layer (ingest, attribute, adoption, publish) or asset (layer/table); repeat for several. "
    "What comes before is read from the last build.",
)
def build(*, live: bool, output: Path | None, data: str | None, only: tuple[str, ...]) -> None:
    """Make the maps, tables and open data.

    Without options it runs on the snapshot of real figures that comes with the program: no network, no account,
    less than a minute. The run shows up in 'atlas ui' like any other.
    """
    build_atlas(settings_from(live=live, output=output, data=data), only)


def build_atlas(settings: "Settings", only: tuple[str, ...] = ()) -> None:
    """Run the graph with progress, then print the summary.

    Raises:
        click.UsageError: A name is neither a group nor an asset.
        click.ClickException: An asset or a check failed.
    """
    started, clock = time.time(), time.monotonic()
    from pipelines.cli.progress import Progress, terminal
    from pipelines.cli.summary import closing_lines
    from pipelines.execution import SelectionError, run

    with terminal() as console, Progress(console) as progress:
        try:
            outcome = run(settings, only=only, tell=progress.tell)
        except SelectionError as error:
            raise click.UsageError(str(error)) from error
    if outcome.problems:
        raise click.ClickException(_failure(outcome.problems, outcome.details))
    for line in closing_lines(settings.output, since=started):
        click.echo(line)
    click.echo(f"Mode {settings.mode}; {time.monotonic() - clock:.1f} s; peak memory {_peak_megabytes():,.0f} MB.")


def _failure(problems: "list[Problem]", details: Path | None) -> str:
    first, others = problems[0], len(problems) - 1
    more = f" (and {others} more)" if others else ""
    return f"{first.asset}: {first.cause.rstrip('.')}{more}; see details: {details}"


def _peak_megabytes() -> float:
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS reports bytes, Linux kibibytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
