"""Words and number formats of maps and charts: one phrase for each thing, wherever it is drawn.

Here: labels, and numbers and dates in words. Not here: sentences that only one signal needs; those come
with its specification (`spec`).
"""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from typing import Final

STATES: Final = {
    "value": "measured",
    "zero": "measured: none on the Chinese side",
    "suppressed": "hidden: too few people to publish",
    "not_observable": "no source can tell",
    "not_observed": "no data in this run",
}
EVIDENCE: Final = {
    "logged": "logged by a server",
    "declared": "declared by those counted",
    "inferred": "inferred from a trace",
    "modelled": "modelled",
}
CODINGS: Final = {
    "publisher": "by who released the model",
    "weights": "by whose weights it builds on",
    "control": "by who controls the publisher",
}
DEFINITIONS: Final = {
    "rolling_30d": "last 30 days",
    "all_time": "all time",
    "in_window": "growth between crawls",
}
PANELS: Final = {
    "all_accounts": "large publishers, all crawled",
    "matched_accounts": "large publishers in every crawl since January 2025",
    "evaluation_registry": "models of an evaluation registry",
    "trending": "trending models",
    "registry_accounts": "registry accounts and their models' derivatives",
    "whole_hub": "all public models",
}
LEVELS: Final = {
    "world": "world",
    "subregion": "subregion",
    "country": "economy or territory",
    "admin1": "subdivision",
    "metro": "metro area",
}
PLURALS: Final = {"country": "economies and territories", "admin1": "subdivisions"}
STRENGTHS: Final = ("fewer than 100 counted", "100–999", "1,000 and more")
LOOKS: Final = {
    "small": "fewer than 30 counted",
    "modelled": "modelled",
    "metro": "metro area (circle)",
    "suppressed": "hidden: too few people",
    "not_observable": "no source can tell",
    "not_observed": "no data in this run",
}
WITHOUT_MEASURE: Final = "a share, but not this figure"
NO_ROW: Final = "The table of this run has no row for this region."
SMALL_N: Final = "Fewer than 30 counted: read the interval, not the share."
EXPLAIN: Final = "How these figures were computed"
MAP_LABEL: Final = (
    "World map. Tab into it; arrow keys move between economies, territories and metro areas; "
    "Enter shows the subdivisions; Escape or Backspace leads back."
)
NO_SUBDIVISION: Final = "No subdivision has a figure in this view."
NOT_PAINTED: Final = "The share of the whole is not painted over its parts; it stands in the description and the table."
NO_OUTLINES: Final = "No subdivisions are drawn of this place."
DASH: Final = "–"


def plain(text: str) -> str:
    """Text without control and bidirectional marks, which could reorder what stands around it."""
    kept = (" " if sign in "\t\n\r" else sign for sign in text)
    return "".join(sign for sign in kept if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co"})


def percent(share: float | None) -> str:
    """Share as a whole per cent, a half upwards; 0 and 100 only of what is just that, so 0.1 and 99.9 at the utmost.

    `maps/web/script/figures.js` has the same rule for the browser.
    """
    if share is None:
        return DASH
    # Files carry four decimals; a share must read the same before and after. Whole numbers know what a half is.
    points = round(round(share, 4) * 10_000)
    if 0 < points < 100 or 9_900 < points < 10_000:  # noqa: PLR2004 - within a per cent of none or all
        return f"{min(999, max(1, (points + 5) // 10)) / 10:.1f} %"
    return f"{(points + 50) // 100} %"


def percent_span(low: float | None, high: float | None) -> str:
    """Two shares as a span, `30–53 %`; a dash where either is missing."""
    if low is None or high is None:
        return DASH
    return f"{percent(low).removesuffix(' %')}–{percent(high)}"


def divided(vintages: Sequence[str]) -> str:
    """Which division outlines show, `as divided before 2013`; nothing where none is older than today's.

    Args:
        vintages: of the outlines that are not today's, as `maps.geometry.regions.load_subdivisions` states them.
    """
    years = sorted({vintage for vintage in vintages if vintage.startswith("before ")})
    older = "older" in vintages
    if not years:
        return "in part older than today’s division" if older else ""
    return f"as divided {years[-1]}{', in part earlier' if older or len(years) > 1 else ''}"


def count(number: float | None) -> str:
    """Whole number with thousands separators; a dash where there is none."""
    return DASH if number is None else f"{number:,.0f}"


def magnitude(number: float) -> str:
    """Count in words a chart can hold: `1.2 bn`, `340 m`, `12 k`."""
    for size, word in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if number >= size:
            scaled = number / size
            return f"{scaled:.0f} {word}" if scaled >= 10 else f"{scaled:.1f} {word}"  # noqa: PLR2004
    return f"{number:.0f}"


def month(day: dt.date) -> str:
    """`May 2025`, in English whatever the machine's locale."""
    names = "January February March April May June July August September October November December"
    return f"{names.split()[day.month - 1]} {day.year}"


def day(date: dt.date) -> str:
    """`21 August 2026`."""
    return f"{date.day} {month(date)}"


def listing(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
