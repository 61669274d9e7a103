"""The runbook: what to do when a check fails.

Here: reading `runbook.toml` and printing it. Not here: checks (`assets/checks.py` and beside the assets).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

HEAD: Final = """# Runbook

Printed from `assets/runbook.toml` by `atlas dictionary`; do not edit by hand. A check that blocks keeps its table from
being written and stops what depends on it: the last good tables and the last good site stay. The others warn. The UI
shows a check's line beside its result (*runbook*).

| check | what a failure means | what to do |
|---|---|---|
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a failing check means, and what to do."""

    means: str
    do: str


@cache
def load_runbook() -> Mapping[str, Entry]:
    """Return the runbook by name of the check."""
    text = resources.files("assets").joinpath("runbook.toml").read_text(encoding="utf-8")
    return {
        name: Entry(**{word: " ".join(said.split()) for word, said in entry.items()})
        for name, entry in tomllib.loads(text).items()
    }


def runbook_line(check: str) -> str:
    """Return what to do when a check fails; where the runbook has no line, that it has none."""
    entry = load_runbook().get(check)
    if entry is None:
        return f"The runbook has no line for {check!r} yet: write one in assets/runbook.toml."
    return f"{entry.means} {entry.do} (docs/runbook.md)"


def runbook_page() -> str:
    """Return the runbook as a page."""
    rows = (f"| `{name}` | {entry.means} | {entry.do} |" for name, entry in load_runbook().items())
    return HEAD + "\n".join(rows) + "\n"
