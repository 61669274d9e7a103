"""The signals of the cube as data (`signals.toml`): labels, wording, and why a cell may be absent.

Here: reading and checking that file. Not here: how a signal is estimated.
"""

import tomllib
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assets.schemas.vocabulary import CODINGS, SIGNALS


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
        chinese_by: What the Chinese side is under other codings, where that is something else.
        us_by: The same of the US side.
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
    chinese_by: dict[str, str] = Field(default_factory=dict)
    us_by: dict[str, str] = Field(default_factory=dict)
    absent_state: Literal["not_observable", "not_observed"]
    absent_reason: str
    world_reason: str | None = None
    caution: str
    tables: tuple[str, ...]

    @model_validator(mode="after")
    def _codings_hold_together(self) -> "Signal":
        unknown = sorted({*self.chinese_by, *self.us_by} - set(CODINGS))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is not one of the codings {', '.join(CODINGS)}")
        if self.chinese_by.keys() != self.us_by.keys():
            raise ValueError("chinese_by and us_by name the same codings")
        return self

    def sides(self, coding: str) -> tuple[str, str]:
        """Return what the Chinese and the US side are under a coding.

        Args:
            coding: Question that the origin answers.
        """
        return self.chinese_by.get(coding, self.chinese), self.us_by.get(coding, self.us)


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
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'entry'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SignalError(f"signals.toml: [{name}]: {problems}.") from error
