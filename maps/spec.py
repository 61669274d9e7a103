"""What a caller says about a map or a chart: titles, units, notes, credits.

Here: the declarations, checked when made. Not here: figures (tables) and words that every map shares
(`words`).
"""

from dataclasses import dataclass
from typing import Literal

PeriodKind = Literal["month", "wave", "day", "year"]


def _require(**texts: str) -> None:
    empty = [name for name, text in texts.items() if not text.strip()]
    if empty:
        raise ValueError(f"A caption may not be empty: {', '.join(empty)}.")


@dataclass(frozen=True, kw_only=True)
class SignalSpec:
    """How one signal is called on a map.

    Attributes:
        signal: value of the column `signal`.
        label: entry in the selector.
        title: what is measured and for whom.
        people: unit of the n columns in the plural ("respondents", "downloads").
        note: what the reader must know to read it right.
        credit: sources and licence.
        stamp: word set beside its title, such as STALE; empty where the figures are as new as they ought to be.
        period_kind: whether a period is a month, the wave of a survey, a day, or a calendar year.
    """

    signal: str
    label: str
    title: str
    people: str
    note: str
    credit: str
    stamp: str = ""
    period_kind: PeriodKind = "month"

    def __post_init__(self) -> None:
        """Refuse empty captions."""
        _require(
            signal=self.signal,
            label=self.label,
            title=self.title,
            people=self.people,
            note=self.note,
            credit=self.credit,
        )


@dataclass(frozen=True, kw_only=True)
class MapSpec:
    """What a world map shows.

    Attributes:
        signals: the signals in the order of the selector; the first with values is shown first.
        boundaries: sentence on the worldview of the boundaries and its source.
        stamp: word set beside every title, such as SYNTHETIC DEMO; empty for real figures.
        explained: folder, seen from the map's page, with a page for each region (its id, colon as hyphen, `.html`);
            empty where there is none.
    """

    signals: tuple[SignalSpec, ...]
    boundaries: str
    stamp: str = ""
    explained: str = ""

    def __post_init__(self) -> None:
        """Refuse an empty or repeated list of signals."""
        _require(boundaries=self.boundaries)
        names = [signal.signal for signal in self.signals]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"A map needs signals, each once; got {names}.")

    def signal(self, name: str) -> SignalSpec:
        """The specification of a signal by its name."""
        return next(signal for signal in self.signals if signal.signal == name)


@dataclass(frozen=True, kw_only=True)
class ChartSpec:
    """What the time chart says.

    Attributes:
        title: what is measured and for whom.
        subtitle: how to read it.
        note: what the reader must know to read it right.
        credit: sources and licence.
        stamp: word set beside the title, such as SYNTHETIC; empty for real figures.
    """

    title: str
    subtitle: str
    note: str
    credit: str
    stamp: str = ""

    def __post_init__(self) -> None:
        """Refuse empty captions."""
        _require(title=self.title, subtitle=self.subtitle, note=self.note, credit=self.credit)
