"""Which package-months are asked for, and which of them are final.

Here: pure rules on days. Not here: asking (`clickhouse.py`), keeping (`parts.py`).

The source adds days late and fills gaps later. So a month is read again, with every day that the source gained,
until two weeks after its end; then it is final. Each reading of a month is an *edition*, named by the newest day the
source held. Only whole editions are used: counts of packages that were read on different days would bend the share.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from assets.ingest.package_index.clickhouse import Span

SETTLES: Final = timedelta(days=14)
"""How long after its end a month may still gain days."""


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def last_day(month: date) -> date:
    """Return the last day of a month given by its first."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def months_back(newest: date, count: int) -> list[date]:
    """Return the first days of the months up to that of a day, oldest first."""
    months = [month_of(newest)]
    while len(months) < count:
        months.insert(0, month_of(months[0] - timedelta(days=1)))
    return months


def window(today: date, count: int) -> Span:
    """Return the days to ask about: from the first of so many months up to yesterday."""
    return Span(since=months_back(today, count)[0], until=today)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One reading of a month.

    Attributes:
        month: First day of the month.
        through: Newest day that the source held, at most two weeks after the month's end.
        days: Days of the month that the source held.
    """

    month: date
    through: date
    days: int

    @property
    def span(self) -> Span:
        """Days to sum: those of the month up to the newest."""
        return Span(since=self.month, until=min(self.through, last_day(self.month)) + timedelta(days=1))

    @property
    def final(self) -> bool:
        """Whether the month can gain no more days."""
        return self.through >= last_day(self.month) + SETTLES

    @property
    def name(self) -> str:
        """Name of the edition: its newest day and how many days it has; a day filled in later makes a new one."""
        return f"{self.through.isoformat()}-{self.days:02d}"

    @classmethod
    def named(cls, month: date, name: str) -> "Edition | None":
        """Return the edition of a name, or nothing if it is none."""
        day, _, days = name.rpartition("-")
        try:
            return cls(month=month, through=date.fromisoformat(day), days=int(days))
        except ValueError:
            return None


def editions(held: Sequence[date]) -> list[Edition]:
    """Return the editions that the source's days make, oldest month first; a month without any day has none.

    Args:
        held: Days that the source holds.
    """
    if not held:
        return []
    newest = max(held)
    counts: dict[date, int] = {}
    for day in sorted(set(held)):
        counts[month_of(day)] = counts.get(month_of(day), 0) + 1
    return [
        Edition(month=month, through=min(newest, last_day(month) + SETTLES), days=days)
        for month, days in counts.items()
    ]
