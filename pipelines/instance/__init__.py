"""Dagster's home: the folder of its history and settings, made from the ``dagster.yaml`` beside this module.

Here: making that folder and pointing this process at it. Not here: where it is (`pipelines/settings.py`).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, Final

from filelock import FileLock, Timeout

from pipelines.settings import Settings

LOCK: Final = "atlas.lock"


class BusyError(RuntimeError):
    """Another process of the atlas works on the same home; the message says what to do."""


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold Dagster's home for one build at a time.

    Two processes that make the history at once leave it unusable, and two builds would write the same store and
    build folder. The lock is the operating system's: it goes with the process, however that ends.

    Raises:
        BusyError: Another process holds it.
    """
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.dagster_home / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise BusyError(
            f"another build is running on {settings.dagster_home}; wait for it, or choose other places with "
            "DAGSTER_HOME, --data and --output"
        ) from error


def prepare(settings: Settings) -> None:
    """Make Dagster's home where it is missing, and give this process and its children the settings.

    A ``dagster.yaml`` that is already there is left as it is: somebody may have pointed it at Postgres.
    """
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    target = settings.dagster_home / "dagster.yaml"
    if not target.exists():
        target.write_text(
            resources.files(__name__).joinpath("dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8"
        )
    os.environ.update(settings.environment())


def write_history_quickly(settings: Settings) -> None:
    """Let SQLite write this process's history without waiting for the disk at each of a run's 1,300 events.

    Waiting is two thirds of a snapshot build on a slow disk. A history survives a killed process all the same. After a
    power cut, one of live mode has lost its last moments; that of another mode may be damaged, but one command makes it
    again.
    """
    from sqlalchemy import Engine, event

    chosen = _hardly_waiting if settings.mode == "live" else _without_waiting
    for hook in (_hardly_waiting, _without_waiting):
        if event.contains(Engine, "connect", hook):
            event.remove(Engine, "connect", hook)
    event.listen(Engine, "connect", chosen)


def _hardly_waiting(connection: Any, _: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=NORMAL")


def _without_waiting(connection: Any, _: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")
