"""What a map can show of a cell: the share, or another figure that stands beside it.

Here: measures with their columns, classes and captions. Not here: the figures (table `estimates`), colours (`colours`).

Breaks are fixed, so that one colour means one thing in every period, signal and file. Rates alone differ by orders of
magnitude between signals; their breaks are fixed for a signal, over all its periods.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from maps import scales

Ramp = Literal["diverging", "sequential"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure of a cell as a map shows it.

    Attributes:
        column: column of `estimates`.
        label: entry in the selector.
        heading: what stands before the signal's title; empty for the share, which titles are about.
        unit: how its figures are written: a share in per cent, a ratio, a rate, or percentage points.
        scale: sentence above the legend's classes.
        ends: words at the lower and the upper end of the legend.
        breaks: lower ends of the second to the last class.
        labels: classes in words.
        ramp: whether its classes lead away from a middle or from nothing.
        interval: columns of its 95 % interval; empty where there is none.
    """

    column: str
    label: str
    heading: str
    unit: Literal["share", "ratio", "rate", "points"]
    scale: str
    ends: tuple[str, str]
    breaks: tuple[float, ...]
    labels: tuple[str, ...]
    ramp: Ramp = "diverging"
    interval: tuple[str, ...] = ()


RATE_BREAKS: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Breaks of a rate of which no figure is known."""
_STEPS: Final = tuple(float(f"{digit}e{power}") for power in range(-6, 5) for digit in (1, 3))
_UPPER_SHARE: Final = 0.95


def class_labels(breaks: Sequence[float]) -> tuple[str, ...]:
    """Classes between breaks, in words: `below 0.1`, `0.1–0.3`, …, `above 30`."""
    texts = [f"{edge:,.6f}".rstrip("0").rstrip(".") for edge in breaks]
    inner = (f"{low}–{high}" for low, high in pairwise(texts))
    return (f"below {texts[0]}", *inner, f"above {texts[-1]}")


def rate_breaks(values: Sequence[float]) -> tuple[float, ...]:
    """Six breaks of a rate, 1 and 3 of each decade: the highest is the last that a twentieth of the figures exceeds.

    Args:
        values: figures of all economies and periods.
    """
    if not values:
        return RATE_BREAKS
    high = sorted(values)[int(_UPPER_SHARE * (len(values) - 1))]
    last = max(bisect_right(_STEPS, high), len(RATE_BREAKS))
    return _STEPS[last - len(RATE_BREAKS) : last]


_POINTS: Final = (-20.0, -10.0, -3.0, 3.0, 10.0, 20.0)
_POINT_LABELS: Final = ("below −20", "−20 to −10", "−10 to −3", "−3 to +3", "+3 to +10", "+10 to +20", "above +20")


def _change(column: str, since: str) -> Measure:
    return Measure(
        column=column,
        label=f"Change since the {since}",
        heading=f"Change since the {since}",
        unit="points",
        scale=f"Change of the Chinese share since the {since}, percentage points",
        ends=("← towards US", "towards Chinese →"),
        breaks=_POINTS,
        labels=_POINT_LABELS,
        interval=(f"{column}_low", f"{column}_high"),
    )


MEASURES: Final = (
    Measure(
        column="cn_share",
        label="Chinese share",
        heading="",
        unit="share",
        scale="Chinese share of Chinese and US together, %",
        ends=("← more US", "more Chinese →"),
        breaks=scales.BREAKS,
        labels=scales.CLASS_LABELS,
        interval=("cn_share_low", "cn_share_high"),
    ),
    Measure(
        column="cn_share_shrunk",
        label="Shrunken share",
        heading="Pulled towards subregion and world",
        unit="share",
        scale="Chinese share, pulled towards its subregion and the world the more the fewer are counted, %",
        ends=("← more US", "more Chinese →"),
        breaks=scales.BREAKS,
        labels=scales.CLASS_LABELS,
        interval=("cn_share_shrunk_low", "cn_share_shrunk_high"),
    ),
    Measure(
        column="location_quotient",
        label="Location quotient",
        heading="Against the world’s share",
        unit="ratio",
        scale="Location quotient: Chinese share ÷ the world’s Chinese share",
        ends=("← less than the world", "more than the world →"),
        breaks=(0.25, 0.5, 0.8, 1.25, 2.0, 4.0),
        labels=("below ¼", "¼–½", "½–0.8", "0.8–1.25", "1.25–2", "2–4", "above 4"),
    ),
    Measure(
        column="cn_per_1000_developers",
        label="Chinese side per 1,000 developers",
        heading="Chinese side per 1,000 developers",
        unit="rate",
        scale="People on the Chinese side per 1,000 developers on GitHub",
        ends=("← fewer", "more →"),
        breaks=RATE_BREAKS,
        labels=class_labels(RATE_BREAKS),
        ramp="sequential",
    ),
    _change("change_previous", "period before"),
    _change("change_year", "same month a year before"),
)
"""All measures in the order of the selector; the first is the share."""
