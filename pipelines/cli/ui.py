"""``atlas ui``: Dagster's web UI and daemon on the atlas.

Here: starting them with the settings of the command line. Not here: what they show (`pipelines/definitions.py`).
"""

import os
import signal
import socket
import sys
from pathlib import Path

import click

from pipelines.cli.options import place_options, settings_from

HOST = "127.0.0.1"
"""Dagster's UI has no log-in: it must not be reachable from other machines."""

WORKSPACE = Path(__file__).parents[1] / "instance" / "workspace.yaml"

EPILOG = """\b
Examples:
  atlas ui                 graph, tables, checks and runs at http://127.0.0.1:3000
  atlas ui --live          the same on the live store; the daily refresh is on
  atlas ui --port 4000
"""


@click.command(epilog=EPILOG)
@place_options
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the web UI.")
def ui(*, live: bool, output: Path | None, data: str | None, port: int) -> None:
    """Open the pipeline in the browser: graph, tables, checks, runs, schedules.

    Runs until it is stopped with Ctrl-C. Only this machine can reach it.
    """
    settings = settings_from(live=live, output=output, data=data)
    _require_free(port)
    from pipelines.instance import alone, prepare

    with alone(settings):
        prepare(settings)
        _make_history()
    click.echo(f"Mode {settings.mode}. Open http://{HOST}:{port}/asset-groups (stop with Ctrl-C).")
    sys.stdout.flush()
    # A shell starts background jobs with SIGINT ignored, and Dagster would then ignore SIGTERM as well.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # `dagster dev`, not `dg dev`: the latter is a tool for development that an installed atlas does not have.
    command = ["-m", "dagster", "dev", "-w", str(WORKSPACE), "-h", HOST, "-p", str(port)]
    os.execv(sys.executable, [sys.executable, "-W", "ignore", *command, "--log-level", "warning"])  # noqa: S606


def _make_history() -> None:
    """Make Dagster's history before its server and daemon start: both would do so at once."""
    from dagster import DagsterInstance

    with DagsterInstance.get():
        pass


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise click.ClickException(f"port {port} is in use; choose another one with --port") from error
