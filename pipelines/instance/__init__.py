"""Dagster's home: the folder of its history and settings, made from the ``dagster.yaml`` beside this module.

Here: making that folder and pointing this process at it. Not here: where it is (`pipelines/settings.py`).
"""

import os
from importlib import resources

from pipelines.settings import Settings


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
