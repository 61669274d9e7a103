"""The command line ``atlas``: one module a command.

Here: the group of commands, and how errors end. Not here: what commands do; they import heavy packages inside
their functions, so that ``atlas --help`` answers at once.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click

from pipelines.cli.build import build
from pipelines.cli.dictionary import dictionary
from pipelines.cli.doctor import doctor
from pipelines.cli.explain import explain
from pipelines.cli.keep import backup, prune, restore
from pipelines.cli.locate import locate
from pipelines.cli.logs import logs
from pipelines.cli.origin import origin
from pipelines.cli.pictures import draw_map
from pipelines.cli.snapshot import snapshot
from pipelines.cli.ui import ui

OURS: Final = frozenset({"pipelines", "assets", "maps"})
"""Packages whose exceptions carry messages written for people; any other one is a bug and shows its trace."""

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with 'atlas build': it needs no network and no account.",
)
@click.version_option(package_name="adoption-atlas", message="%(prog)s %(version)s")
def atlas() -> None:
    """Maps of where in the world people adopt Chinese versus US open AI models.

    Every figure is drawn and exported with the evidence that it rests on.
    """


for command in (
    build,
    ui,
    doctor,
    explain,
    draw_map,
    locate,
    logs,
    origin,
    backup,
    restore,
    prune,
    snapshot,
    dictionary,
):
    atlas.add_command(command)


def _ending(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the one line that an expected error ends with; raise any other error again."""
    code, message = FAILED, str(error)
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "atlas"
        code, message = WRONG_USAGE, f"{error.format_message()} (see '{path} --help')"
    elif isinstance(error, click.ClickException):
        message = error.format_message()
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        code, message = INTERRUPTED, "stopped"
    elif not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in OURS:
        raise error
    return code, " ".join(message.split())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; an expected error is one line on standard error."""
    try:
        return atlas.main(args=arguments, prog_name="atlas", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return WRONG_USAGE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
        code, message = _ending(error)
        click.echo(f"atlas: error: {message}", err=True)
        return code


def main() -> None:
    """Entry point of the ``atlas`` program."""
    sys.exit(run())
