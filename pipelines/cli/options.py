"""Options that commands share.

Here: their names, help texts and meaning as settings. Not here: defaults (`pipelines/settings.py`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from pipelines.settings import Settings

Command = TypeVar("Command", bound=Callable[..., object])


def place_options(command: Command) -> Command:
    """Add ``--live``, ``--output`` and ``--data`` to a command."""
    for option in reversed(
        (
            click.option(
                "--live",
                is_flag=True,
                help="Use the live store: reads the Hugging Face Hub, GitHub, PyPI's downloads and donated logs. What "
                "cannot be read stands at its last good data and is marked as stale.",
            ),
            click.option(
                "--output",
                metavar="DIR",
                type=click.Path(file_okay=False, path_type=Path),
                help="Folder for maps and open data.  [default: build]",
            ),
            click.option(
                "--data",
                metavar="DIR",
                help="Folder or fsspec URL for the tables between the steps.  [default: data]",
            ),
        )
    ):
        command = option(command)
    return command


def settings_from(*, live: bool, output: Path | None, data: str | None) -> "Settings":
    """Return the settings of the environment with a command's options over them.

    Folders given on the command line count from the current folder, as a person expects.
    """
    from pipelines.settings import Settings

    return Settings.load(
        mode="live" if live else None,
        output=output.absolute() if output else None,
        data=data if data is None or "://" in data else str(Path(data).absolute()),
    )
