"""Dagster's home: the folder of its history and settings, made from the ``dagster.yaml`` beside this module.

Here: making that folder and pointing this process at it. Not here: where it is (`pipelines/settings.py`).
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from importlib.util import find_spec
from typing import Any, Final

from pipelines.settings import Settings, SettingsError

LOCK: Final = "atlas.lock"
POSTGRES: Final = "ATLAS_POSTGRES_URL"
DRIVERLESS: Final = re.compile(r"^postgres(ql)?://")


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
    from filelock import FileLock, Timeout

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

    A ``dagster.yaml`` that is already there is left as it is: somebody may have changed it. A new one keeps the history
    in Postgres where ``ATLAS_POSTGRES_URL`` is set; the address stays in the environment, because it holds a password.

    Raises:
        SettingsError: Postgres is asked for, but the home was made without it or a package is missing.
    """
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    target = settings.dagster_home / "dagster.yaml"
    asked = bool(os.environ.get(POSTGRES))
    if asked and find_spec("dagster_postgres") is None:
        raise SettingsError(f"{POSTGRES} is set: install the package with pip install 'adoption-atlas[postgres]'")
    if not target.exists():
        parts = ["dagster.yaml", "postgres.yaml"] if asked else ["dagster.yaml"]
        target.write_text(
            "".join(resources.files(__name__).joinpath(part).read_text(encoding="utf-8") for part in parts),
            encoding="utf-8",
        )
    elif asked and f"env: {POSTGRES}" not in target.read_text(encoding="utf-8"):
        raise SettingsError(
            f"{POSTGRES} is set, but {target} was made without Postgres: move that home away, or add the lines of "
            "pipelines/instance/postgres.yaml to it"
        )
    os.environ.update(settings.environment())
    if asked:
        # SQLAlchemy takes another driver by default than the one that dagster-postgres brings.
        os.environ[POSTGRES] = DRIVERLESS.sub("postgresql+psycopg2://", os.environ[POSTGRES])


def write_history_quickly(mode: str) -> None:
    """Let SQLite write this process's history without waiting for the disk at each of a run's 1,300 events.

    Waiting is two thirds of a snapshot build on a slow disk. A history survives a killed process all the same. After a
    power cut, one of live mode has lost its last moments; that of another mode may be damaged, but one command makes it
    again.
    """
    from sqlalchemy import Engine, event

    chosen = _hardly_waiting if mode == "live" else _without_waiting
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
