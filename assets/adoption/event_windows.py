"""Event windows: did the balance between Chinese and US figures shift at a dated event by more than its trend?

Here: table ``event_windows``, an interrupted series with placebo dates. Not here: the series (`monthly.py`), the events
(`events.py`). What is measured is an association in time, never a cause.

In a window of W whole months on each side of the event's month, which is left out, the log-ratio
y = ln((CN + ½) / (US + ½)) is fitted as y = a + b·t + c·after: a common trend, and a step c at the event (segmented
regression, Wagner et al. 2002; the ½ keeps months without any finite, Haldane 1956). ``effect`` is c. Its 95 % interval
is that of least squares, which takes the residuals of months for independent; they are not, so that it is too narrow.
What decides is the placebo rank: the same is computed at every other month that has a whole window and is no event's,
and the rank of the event's step among them by size tells how ordinary it is (Abadie et al. 2010). The windows of such
months may overlap an event: with six events in three years hardly any window holds none. That makes placebo steps
larger, and so an event's step look more ordinary, where events do matter.
"""

from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.adoption.events import Event
from assets.schemas.events import EventWindows

WINDOWS: Final = (6, 12)
"""Months before and after."""

LEAST_A_MONTH: Final = 5.0
"""Things a month, on average over the window and both sides together, below which nothing is computed."""

PARAMETERS: Final = 3
SHORT: Final = "The series has no {} whole months on both sides of the event."
THIN: Final = "Fewer than {} a month in the window: a step would be chance."
ONE_SIDED: Final = "One side has none in the window, so that there is no balance to shift."

Floats = NDArray[np.float64]


def _fit(y: Floats, before: int) -> tuple[float, float]:
    """Return the step between two parts of a series with a common trend, and its standard error.

    Args:
        y: The series without the month of the event.
        before: Number of its months before the event.
    """
    t = np.concatenate([np.arange(-before, 0), np.arange(1, len(y) - before + 1)]).astype(np.float64)
    design = np.column_stack([np.ones_like(t), t, (t > 0).astype(np.float64)])
    solution, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ solution
    freedom = len(y) - PARAMETERS
    variance = float(residual @ residual) / freedom
    covariance = variance * np.linalg.inv(design.T @ design)
    return float(solution[2]), float(np.sqrt(covariance[2, 2]))


def _index(months: list[date]) -> dict[date, int]:
    return {month: position for position, month in enumerate(months)}


class _Series:
    """One series on a grid of months without gaps; absent months are NaN."""

    def __init__(self, rows: pl.DataFrame) -> None:
        months = rows["month"].sort()
        grid = pl.DataFrame({"month": pl.date_range(months[0], months[-1], "1mo", eager=True)})
        filled = grid.join(rows, on="month", how="left").sort("month")
        self.months = _index(filled["month"].to_list())
        self.cn, self.us = (filled[side].cast(pl.Float64).to_numpy() for side in ("cn", "us"))
        self.y = np.log((self.cn + 0.5) / (self.us + 0.5))

    def window(self, centre: int, width: int) -> NDArray[np.int64] | None:
        """Return the positions of a window without its centre; nothing where it is not whole."""
        places = np.concatenate([np.arange(centre - width, centre), np.arange(centre + 1, centre + width + 1)])
        if places[0] < 0 or places[-1] >= len(self.y) or np.isnan(self.y[places]).any():
            return None
        return places

    def problem(self, places: NDArray[np.int64]) -> str | None:
        """Return why nothing is computed in a window, or nothing."""
        cn, us = self.cn[places], self.us[places]
        if not cn.any() or not us.any():
            return ONE_SIDED
        if float((cn + us).mean()) < LEAST_A_MONTH:
            return THIN.format(int(LEAST_A_MONTH))
        return None


def _row(series: _Series, when: date, width: int, others: set[date]) -> dict[str, object]:
    """Return the figures of one event, series and width, or the reason why there are none."""
    from scipy import stats

    centre = series.months.get(when.replace(day=1))
    places = series.window(centre, width) if centre is not None else None
    problem = SHORT.format(width) if places is None else series.problem(places)
    if problem or places is None:
        return {"state": "not_observed", "reason": problem}
    effect, error = _fit(series.y[places], width)
    reach = float(stats.t.ppf(0.975, 2 * width - PARAMETERS)) * error
    placebos = [
        abs(_fit(series.y[found], width)[0])
        for month, position in series.months.items()
        if month not in others
        and (found := series.window(position, width)) is not None
        and series.problem(found) is None
    ]
    larger = sum(1 for placebo in placebos if placebo >= abs(effect))
    return {
        "effect": effect,
        "effect_low": effect - reach,
        "effect_high": effect + reach,
        "placebo_rank": larger + 1,
        "placebos": len(placebos),
        "months": 2 * width,
        "state": "value",
    }


def event_windows(series: pl.DataFrame, events: dict[str, Event]) -> pl.DataFrame:
    """Return table ``event_windows``: every series around every event, in each width.

    Args:
        series: Monthly series (``monthly_series``).
        events: Events by id.

    Raises:
        ValueError: A series has two rows of one month.
    """
    key = ["signal", "coding", "series", "source_id"]
    if series.select(*key, "month").is_duplicated().any():
        raise ValueError("A monthly series has two rows of one month; sum them before comparing.")
    others = {event.date.replace(day=1) for event in events.values()}
    rows = []
    for identity, own in series.group_by(key, maintain_order=True):
        one = _Series(own)
        facts = dict(zip(key, identity, strict=True))
        rows += [
            facts
            | {"event_id": name, "event_date": event.date, "window_months": width}
            | _row(one, event.date, width, others)
            for name, event in events.items()
            for width in WINDOWS
        ]
    schema = EventWindows.create_empty().schema
    return pl.DataFrame(rows, schema=schema).sort(EventWindows.primary_key())
