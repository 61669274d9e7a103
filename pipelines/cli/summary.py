"""The closing text of a build: where the maps are, what they show and how much is known.

Here: words for what the publish layer wrote to ``summary.json``. Not here: the figures themselves.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

STATES: Final = {
    "value": "measured",
    "zero": "measured as zero",
    "modelled": "modelled",
    "suppressed": "suppressed (too few people)",
    "not_observable": "not observable (no source can tell)",
    "not_observed": "not observed (no data in this run)",
}
"""States of cells in the words of the text, in the order in which it names them."""


def closing_lines(output: Path, *, since: float) -> Iterator[str]:
    """Yield the lines of the closing text, or none where this run wrote no summary.

    Args:
        output: Build folder.
        since: When the run began (seconds since the epoch); an older summary is another run's.
    """
    path = output / "summary.json"
    if not path.is_file() or path.stat().st_mtime < since:
        return
    summary: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    yield ""
    yield f"Made ({summary['stamp']}):" if summary.get("stamp") else "Made:"
    for entry in summary.get("outputs", []):
        yield f"  {output / entry['path']}"
        yield f"      {entry['shows']}"
    regions: Mapping[str, Mapping[str, int]] = summary.get("regions", {})
    if regions:
        yield ""
        yield "Regions:"
    for signal, counts in regions.items():
        said = ", ".join(f"{count} {STATES[state]}" for state in STATES if (count := counts.get(state)))
        yield f"  {signal.replace('_', ' ')}: {said or 'none'}"
    yield ""
