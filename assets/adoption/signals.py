"""The signals of the cube as data (`signals.toml`): labels, wording, and why a cell may be absent.

Here: reading and checking that file. Not here: how a signal is estimated.
"""

import tomllib
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assets.schemas.vocabulary import SIGNALS


class SignalError(ValueError):
    """The registry of signals is wrong; the message names the file, the signal and the key."""


class Signal(BaseModel):
    """One kind of adoption evidence, in words.

    Attributes:
        label: Entry of a selector.
        title: What a map of it measures and for whom.
        title_partly_logged: The same where some regions are modelled and others logged; None where nothing is modelled.
        people: What its counts count.
        chinese: What the Chinese side is.
        us: What the US side is.
        absent_state: State of a cell that no row covers.
        absent_reason: Why, in a sentence.
        world_reason: Why the world as a whole has no figure, where that is another reason.
        caution: What a reader must not conclude.
        tables: Tables of the ingest layer that it is counted from, as table ``standings`` names them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    title: str
    title_partly_logged: str | None = None
    people: str
    chinese: str
    us: str
    absent_state: Literal["not_observable", "not_observed"]
    absent_reason: str
    world_reason: str | None = None
    caution: str
    tables: tuple[str, ...]


def load_signals() -> dict[str, Signal]:
    """Return the signals by name, in the order of the file.

    Raises:
        SignalError: The file names a signal that the vocabulary lacks, or an entry has a missing, unknown or wrong key.
    """
    text = resources.files("assets.adoption").joinpath("signals.toml").read_text(encoding="utf-8")
    signals = {name: _signal(name, value) for name, value in tomllib.loads(text).items()}
    unknown = sorted(set(signals) - set(SIGNALS))
    if unknown:
        raise SignalError(f"signals.toml: unknown signal(s) {', '.join(unknown)}; known are {', '.join(SIGNALS)}.")
    return signals


def _signal(name: str, entry: dict[str, object]) -> Signal:
    try:
        return Signal.model_validate(entry)
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise SignalError(f"signals.toml: [{name}]: {problems}.") from error
