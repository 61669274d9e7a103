"""The registry of sources (`sources.toml`): what every `source_id` stands for.

Here: reading and checking that file. Not here: fetching from a source.
"""

import tomllib
from datetime import date
from importlib import resources

from pydantic import BaseModel, ConfigDict, ValidationError


class SourceError(ValueError):
    """The registry of sources is wrong; the message names the file, the source and the key."""


class Source(BaseModel):
    """One source of figures.

    Attributes:
        title: What it is.
        publisher: Who publishes it.
        location: Where a reader finds it.
        revision: Commit or edition that was read.
        dated: Day of that revision.
        licence: SPDX identifier of the licence of our rows.
        attribution: Credit line, printed with every figure that rests on it.
        derivation: What was selected, dropped or computed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    publisher: str
    location: str
    revision: str
    dated: date
    licence: str
    attribution: str
    derivation: str


def load_sources() -> dict[str, Source]:
    """Return the sources by ``source_id``, in the order of the file.

    Raises:
        SourceError: An entry lacks a key, has an unknown one, or a value of the wrong type.
    """
    text = resources.files("assets.ingest").joinpath("sources.toml").read_text(encoding="utf-8")
    return {key: _source(key, value) for key, value in tomllib.loads(text).items()}


def _source(key: str, entry: dict[str, object]) -> Source:
    try:
        return Source.model_validate(entry)
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise SourceError(f"sources.toml: [{key}]: {problems}.") from error
