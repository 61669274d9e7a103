"""Causes: why a step failed, in one line.

Here: the words. Not here: who is told (`pipelines/execution.py`, `pipelines/notifications.py`).
"""

from typing import Final

from dagster_shared.error import SerializableErrorInfo

MAX_CAUSE: Final = 300
"""Characters of a cause that are shown; the history of the run has all."""


def one_line(message: str) -> str:
    """Return the beginning of a message, on one line."""
    said = " ".join(message.split())
    return said if len(said) <= MAX_CAUSE else f"{said[:MAX_CAUSE].rstrip()} …"


def asset_of(step_key: str | None) -> str:
    """Return the asset of a step, as people name it."""
    return step_key.replace("__", "/", 1) if step_key else "run"


def root_of(error: SerializableErrorInfo) -> SerializableErrorInfo:
    """Return the first error that is not Dagster's wrapping."""
    while error.cause and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    return error


def cause_of(error: SerializableErrorInfo) -> str:
    """Return the message of the first error that is not Dagster's wrapping."""
    error = root_of(error)
    _, colon, said = error.message.partition(": ")
    return one_line(said if colon else error.message) or str(error.cls_name)
