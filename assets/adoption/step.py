"""What a step of a card is: a figure as a formula, the formula with the numbers put in, and what it comes to.

Here: the step and how it writes numbers. Not here: which steps a cell has (`recompute.py`, `allocated_steps.py`).
"""

from dataclasses import dataclass
from typing import Final

TOLERANCE: Final = 1e-5
"""Greatest difference between a step and the figure it explains, of greater figures relative to them."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """How one figure of a cell comes about.

    Attributes:
        column: Column of table ``estimates``; of a figure on the way to one, what it is.
        formula: The formula in names.
        numbers: The same with the numbers put in.
        result: What it comes to.
        shown: The figure in the table.
    """

    column: str
    formula: str
    numbers: str
    result: float
    shown: float

    @property
    def agrees(self) -> bool:
        """Whether the recomputed figure is the one in the table."""
        return abs(self.result - self.shown) <= TOLERANCE * max(1.0, abs(self.shown))


def written(number: float) -> str:
    """Return a number as a step shows it: counts whole, shares with six digits.

    Args:
        number: The number.
    """
    return f"{number:.0f}" if float(number).is_integer() else f"{number:.6g}"
