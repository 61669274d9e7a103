"""Classes of the CN share.

Here: the breaks, and the class of a share. Not here: their colours (`colours`) and how many regions fall
into each (`cells`).

The breaks lie symmetrically about one half and nearly evenly in log-odds (±0.4, ±1.1, ±2.2): moving from
75 to 90 % is as much of a change as from 40 to 60 %. The middle class is "contested".
"""

import math
from bisect import bisect_right
from typing import Final

BREAKS: Final = (0.10, 0.25, 0.40, 0.60, 0.75, 0.90)
"""Lower ends of the second to the last class, as shares."""

CLASS_LABELS: Final = ("0–10", "10–25", "25–40", "40–60", "60–75", "75–90", "90–100")
"""Classes in per cent Chinese."""

SMALL_N: Final = 30
"""Cells that rest on fewer people are hatched (DESIGN, section 6, rule 8)."""

STRENGTH_BREAKS: Final = (100, 1000)
"""Cells that rest on fewer are paler (value-by-alpha; Roth, Woodruff and Johnson 2010)."""


def strength_of(n: float | None) -> int:
    """Strength of a cell's colour by how many it rests on: 0 (pale) to 2; 0 where nobody knows how many."""
    return 0 if n is None else bisect_right(STRENGTH_BREAKS, n)


def class_of(share: float) -> int:
    """Class of a CN share.

    Args:
        share: CN / (CN + US), 0–1.

    Returns:
        0 (US) to 6 (Chinese). A share on a break belongs to the class above it.

    Raises:
        ValueError: if the share is not within 0–1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"A share lies within 0 and 1, not at {share}.")
    return bisect_right(BREAKS, share)


def log_odds(share: float) -> float:
    """Natural logarithm of the odds of a share within (0, 1)."""
    return math.log(share / (1 - share))
