"""Standing: how each live source stands in a store after the last run that asked it.

Here: one small file a source, or a part of one that is asked by itself. Not here: asking a source (beside its client),
which tables rest on it (`standings.py`).
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from assets.whole_files import replace_file

if TYPE_CHECKING:
    from upath import UPath

FOLDER: Final = "standing"


class StandingError(RuntimeError):
    """The file of a source's standing cannot be read; the message names it and what to do."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a source stands.

    Attributes:
        source_id: The source.
        part: Part of the source that is asked by itself, such as a listing; empty where there is only one.
        fresh: Whether the last run got what it asked for.
        observed_on: Day of the data in force, in ISO form; empty where there are none yet.
        reason: Why the source is stale; empty where it is fresh.
        rows: Rows of the observation in force.
        corrections: Counters that fell since the observation before, with the sum of what they lost as a negative
            number in ``corrected``.
        corrected: See ``corrections``.
        lost_days: Days inside what is in force that the source itself has lost; they stay unknown.
    """

    source_id: str
    fresh: bool
    part: str = ""
    observed_on: str = ""
    reason: str = ""
    rows: int = 0
    corrections: int = 0
    corrected: int = 0
    lost_days: int = 0

    @property
    def day(self) -> date | None:
        """Day of the data in force."""
        return date.fromisoformat(self.observed_on) if self.observed_on else None


def _file(root: "UPath", source_id: str, part: str) -> "UPath":
    return root / FOLDER / (f"{source_id}.{part}.json" if part else f"{source_id}.json")


def note(root: "UPath", standing: Standing) -> None:
    """Write how a source stands into a store."""
    content = json.dumps(asdict(standing), indent=2, ensure_ascii=False) + "\n"
    replace_file(_file(root, standing.source_id, standing.part), content.encode())


def standing_of(root: "UPath", source_id: str, part: str = "") -> Standing:
    """Return how a source, or a part of it, stands; one that was never asked is stale and says so.

    Raises:
        StandingError: The file is damaged.
    """
    path = _file(root, source_id, part)
    try:
        return Standing(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Standing(source_id=source_id, part=part, fresh=False, reason="The source has not been asked yet.")
    except (ValueError, TypeError) as error:
        raise StandingError(f"{path}: the file is damaged ({error}); remove it and run the build again.") from error
