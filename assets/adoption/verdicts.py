"""Verdicts: what a figure with its interval and bounds says about a statement, by rule.

Here: the finding on one cell, the verdict on a set of them, and what would change it. Not here: which statements there
are (`claims.toml`), where their figures come from (`claim_figures.py`), the table (`claims.py`).

Findings on one cell, for "the figure lies above the threshold" (mirrored for "below"):

* ``beyond``: the whole 95 % interval and both worst-case bounds lie above. Verdict: supported.
* ``beyond_if_shown``: the interval lies above, a bound does not (or is not known): what is hidden, unlocated or of
  unknown origin could undo it. Verdict: partly.
* ``undecided``: the interval holds the threshold. Verdict: not supported, for the claim bears the burden of proof.
* ``contrary``: the whole interval lies on the other side, so that more cases at the same figure change nothing.
  Verdict: not supported.
* ``unknown``: no figure, no interval, or evidence that the statement does not admit. Verdict: not observable.

The point alone decides nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from maps.words import count, listing, percent

Comparison = Literal["above", "below"]
Finding = Literal["beyond", "beyond_if_shown", "undecided", "contrary", "unknown"]
Verdict = Literal["supported", "partly", "not_supported", "not_observable"]

FINDINGS: Final[tuple[Finding, ...]] = ("beyond", "beyond_if_shown", "undecided", "contrary", "unknown")
VERDICTS: Final[tuple[Verdict, ...]] = ("supported", "partly", "not_supported", "not_observable")
WITH_FIGURE: Final = ("value", "zero")
"""States of cells that have a figure; in no other state is there anything to judge."""

VERDICT_OF: Final[dict[Finding, Verdict]] = {
    "beyond": "supported",
    "beyond_if_shown": "partly",
    "undecided": "not_supported",
    "contrary": "not_supported",
    "unknown": "not_observable",
}
FARTHEST: Final = 1e7
"""More people than any source could ask; beyond it no number is named."""

LEAST_CASES: Final = 30
"""Of fewer the interval does not fall with the square root of n, so that no number is named."""

ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured cell that a statement is judged by.

    Attributes:
        value: The figure; None where there is none.
        low: Lower end of its 95 % interval; None where none is known.
        high: Upper end.
        bound_low: Least value over everything hidden, unlocated or of unknown origin; None where not known.
        bound_high: Greatest such value.
        n: People or cases behind it.
        evidence: How the region is known.
        state: State of the cell.
        is_share: Whether the figure is a share, or a difference of shares, and is told in per cent.
        reason: Why there is no figure or no interval.
    """

    value: float | None
    low: float | None
    high: float | None
    bound_low: float | None
    bound_high: float | None
    n: float | None
    evidence: str | None
    state: str
    is_share: bool = True
    reason: str | None = None


def finding(figure: Figure, comparison: Comparison, threshold: float, admitted: Iterable[str]) -> Finding:
    """Return what a cell says about "the figure lies above (below) the threshold".

    Args:
        figure: The cell.
        comparison: On which side of the threshold the statement wants the figure.
        threshold: The threshold; a figure equal to it lies on neither side.
        admitted: Kinds of evidence that the statement admits.
    """
    if figure.state not in WITH_FIGURE or figure.evidence not in set(admitted):
        return "unknown"
    if figure.value is None or figure.low is None or figure.high is None:
        return "unknown"
    above = comparison == "above"
    near, far = (figure.low, figure.high) if above else (-figure.high, -figure.low)
    bound = figure.bound_low if above else figure.bound_high
    line = threshold if above else -threshold
    if far < line:
        return "contrary"
    if near <= line:
        return "undecided"
    within = bound is not None and (bound if above else -bound) > line
    return "beyond" if within else "beyond_if_shown"


def together(verdicts: Sequence[Verdict], *, at_most: Verdict = "supported") -> Verdict:
    """Return the verdict on the whole from those on its parts: cells of a statement, or statements of a claim.

    Supported if every part is; not observable if every part is; not supported if no observed part is at least partly
    supported; else partly. A part that cannot be observed therefore keeps the whole from being supported.

    Args:
        verdicts: Verdicts of the parts; at least one.
        at_most: Strongest verdict that this kind of evidence can bear.

    Raises:
        ValueError: There is no part.
    """
    if not verdicts:
        raise ValueError("There is nothing to judge: a statement needs a cell and a claim a statement.")
    observed = [verdict for verdict in verdicts if verdict != "not_observable"]
    if not observed:
        return "not_observable"
    if all(verdict == "supported" for verdict in verdicts):
        return at_most
    return "not_supported" if all(verdict == "not_supported" for verdict in observed) else "partly"


def _told(value: float, *, is_share: bool) -> str:
    return f"{'-' if value < 0 else ''}{percent(abs(value))}" if is_share else f"{value:.2f}"


def people_needed(figure: Figure, threshold: float) -> float | None:
    """Return how many people would decide at the same figure: the fewest that shrink the interval off the threshold.

    The half-width of an interval falls with the square root of n, so that n must grow by more than
    (half-width towards the threshold ÷ distance to it)². On which side of the threshold the figure stands tells in
    favour of which side they would decide.

    Args:
        figure: A cell whose interval holds the threshold.
        threshold: The threshold.

    Returns:
        The number; None where the figure stands on the threshold, n is not known or under ``LEAST_CASES``, or no source
        could ask so many.
    """
    if figure.value is None or figure.low is None or figure.high is None or figure.n is None:
        return None
    if figure.n < LEAST_CASES:
        return None
    distance = abs(figure.value - threshold)
    half = figure.value - figure.low if figure.value > threshold else figure.high - figure.value
    if distance == 0:
        return None
    held = figure.n * max(half / distance, 1.0) ** 2
    # A little more than is held, lest rounding leave the end on the threshold.
    return math.floor(held * (1 + ROUNDING)) + 1 if held <= FARTHEST else None


def would_change(
    figure: Figure, found: Finding, comparison: Comparison, threshold: float, admitted: Sequence[str]
) -> str:
    """Return what would change the finding, in a sentence made from the figures.

    Args:
        figure: The cell.
        found: Its finding.
        comparison: On which side of the threshold the statement wants the figure.
        threshold: The threshold.
        admitted: Kinds of evidence that the statement admits.
    """
    line = _told(threshold, is_share=figure.is_share)
    above = comparison == "above"
    match found:
        case "unknown":
            return _lacking(figure, admitted)
        case "beyond":
            return _room(figure, threshold, above=above)
        case "beyond_if_shown":
            bound = figure.bound_low if above else figure.bound_high
            if bound is None:
                return "Bounds: what is hidden could not be reckoned."
            worst = _told(bound, is_share=figure.is_share)
            return (
                "Knowing what is hidden, unlocated or of unknown origin: at worst it puts the figure at "
                f"{worst}, not {comparison} {line}."
            )
        case "undecided":
            return _open(figure, comparison, threshold)
        case "contrary":
            return f"A figure {comparison} {line}: now no part of the interval lies {comparison} it."


def _open(figure: Figure, comparison: Comparison, threshold: float) -> str:
    """Return what would decide where the interval holds the threshold: it depends on where the figure stands."""
    line = _told(threshold, is_share=figure.is_share)
    beyond = f"figure {comparison} {line}"
    away = 0.0 if figure.value is None else figure.value - threshold
    favours = away > 0 if comparison == "above" else away < 0
    if figure.n is None:
        # Nothing was counted, so that no number of cases is known to narrow the interval.
        whole = f"an interval that lies {comparison} {line} as a whole"
        return f"{whole[:1].upper()}{whole[1:]}." if favours else f"A {beyond} would be needed, with {whole}."
    needed, now = people_needed(figure, threshold), f"now {count(figure.n)}"
    if favours:
        cases = "More" if needed is None else f"About {count(needed)}"
        return f"{cases} cases with the same figure ({now}), or a {beyond} by more."
    if away == 0:
        return f"A {beyond} would be needed: at this figure it stays open."
    cases = "more cases" if needed is None else f"about {count(needed)} cases"
    return f"A {beyond} would be needed; {cases} ({now}) at this figure would settle against it."


def _lacking(figure: Figure, admitted: Sequence[str]) -> str:
    kinds = listing(admitted).replace(" and ", " or ")
    if figure.evidence is not None and figure.evidence not in admitted and figure.state in WITH_FIGURE:
        return f"A figure that is {kinds}; what there is is {figure.evidence}."
    if figure.value is not None and figure.state in WITH_FIGURE:
        return f"An interval beside the figure. {figure.reason or ''}".rstrip()
    return f"A figure that is {kinds}, with its interval."


def _room(figure: Figure, threshold: float, *, above: bool) -> str:
    ends = (figure.low, figure.bound_low) if above else (figure.high, figure.bound_high)
    gap = min(abs(end - threshold) for end in ends if end is not None)
    away = f"{gap * 100:.1f} percentage points" if figure.is_share else f"{gap:.2f}"
    line = _told(threshold, is_share=figure.is_share)
    return f"An interval or bound that reaches {line}: the nearest end is {away} away."
