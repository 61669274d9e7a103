"""Events: the dated steps of export controls (`events.toml`) around which series are compared.

Here: reading and checking that file. Not here: the comparison (`event_windows.py`).
"""

import tomllib
from datetime import date
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE = "events.toml"


class EventError(ValueError):
    """The file of events is wrong; the message names the event and the key."""


class Event(BaseModel):
    """One step.

    Attributes:
        date: Day on which it was announced.
        title: What it is called here.
        changed: What it changed, in a sentence.
        source: Document in which a reader finds it.
        checked: Whether the date was compared with the document itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    title: str = Field(min_length=1)
    changed: str = Field(min_length=1)
    source: str = Field(min_length=1)
    checked: bool


def load_events(text: str | None = None) -> dict[str, Event]:
    """Return the events by id, by date.

    Args:
        text: Content of the file; that of the package by default.

    Raises:
        EventError: An entry has a missing, unknown or wrong key, or the file is no TOML.
    """
    content = resources.files("assets.adoption").joinpath(FILE).read_text(encoding="utf-8") if text is None else text
    try:
        found = {name: _event(name, entry) for name, entry in tomllib.loads(content).items()}
    except tomllib.TOMLDecodeError as error:
        raise EventError(f"{FILE}: no valid TOML: {error}.") from error
    return dict(sorted(found.items(), key=lambda item: item[1].date))


def _event(name: str, entry: object) -> Event:
    try:
        return Event.model_validate(entry)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        raise EventError(f"{FILE}: [{name}]: {problems}.") from error
