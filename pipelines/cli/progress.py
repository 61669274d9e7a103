"""What a build shows while it runs: a line an asset, and on a terminal what is being made just now.

Here: turning facts into lines. Not here: where facts come from (`pipelines/execution.py`).
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from pipelines.execution import Fact, Finished, Problem, Skipped, Started, Told

NAME_WIDTH = 34


@contextmanager
def terminal() -> Iterator[Console]:
    """Yield a console on a copy of standard output.

    Dagster redirects the original into the run's log while steps run; lines would come late and in the log.
    """
    try:
        copy = os.dup(sys.stdout.fileno())
    except (AttributeError, io.UnsupportedOperation):
        yield Console(file=sys.stdout, highlight=False, soft_wrap=True)
        return
    sys.stdout.flush()
    with os.fdopen(copy, "w", encoding="utf-8", errors="replace", buffering=1) as file:
        yield Console(file=file, highlight=False, soft_wrap=True)


class Progress:
    """Prints a line when an asset is made, warned about, failed or skipped.

    Args:
        console: Where to print; without a terminal the lines are plain.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("starting …", console=console) if console.is_terminal else None

    def __enter__(self) -> Self:
        """Show that something is going on."""
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the moving part off the terminal."""
        if self._status:
            self._status.stop()

    def tell(self, fact: Fact) -> None:
        """Show a fact."""
        match fact:
            case Started(asset=asset):
                if self._status:
                    self._status.update(f"{asset} …")
            case Told(asset=asset, said=said):
                if self._status:
                    self._status.update(f"{asset}: {escape(said)}")
            case Finished(asset=asset, rows=rows, seconds=seconds):
                size = "" if rows is None else f"{rows:,} rows"
                self._line("[green]made[/]   ", f"{asset:<{NAME_WIDTH}} {size:>16} {seconds:>7.2f} s")
            case Problem(asset=asset, cause=cause, fatal=True):
                self._line("[red]FAILED[/] ", f"{asset}: {cause}")
            case Problem(asset=asset, cause=cause):
                self._line("[yellow]warning[/]", f"{asset}: {cause}")
            case Skipped(asset=asset):
                self._line("[dim]skipped[/]", asset)

    def _line(self, word: str, text: str) -> None:
        self._console.print(f"{word} {escape(text)}")
