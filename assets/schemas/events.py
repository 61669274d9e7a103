"""Tables on what happened around dated events.

Here: declarations only. Not here: the comparison (`assets/adoption/event_windows.py`).
"""

import polars as pl

from assets.schemas.columns import Date, Float64, Int64, String, rule
from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import CODINGS, SIGNALS, STATES


class EventWindows(Table):
    """How far the balance of Chinese and US figures shifted at an event beyond its trend: an association in time."""

    LAYER = "adoption"
    NAME = "event_windows"
    GRAIN = "event × series × width of the window"
    PUBLIC = True

    event_id = String(primary_key=True, description="Event, as events.toml names it.")
    event_date = Date(description="Day on which the event was announced.", metadata=unit("date"))
    signal = category(
        (*SIGNALS, "release"),
        "Kind of adoption evidence; release = models that publishers put out, which is no adoption.",
        primary_key=True,
    )
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    series = String(primary_key=True, description="What is counted by month.")
    source_id = String(primary_key=True, description="Source of the series (see NOTICE).")
    window_months = Int64(
        primary_key=True, min=1, description="Whole months before, and as many after.", metadata=unit("months")
    )
    effect = Float64(
        nullable=True,
        description="Step of ln(CN / US) at the event, beyond the common trend; 0.69 doubles the ratio.",
        metadata=unit("log-ratio"),
    )
    effect_low = Float64(
        nullable=True,
        description="Lower end of the 95 % interval of least squares; too narrow where months are alike.",
        metadata=unit("log-ratio"),
    )
    effect_high = Float64(nullable=True, description="Upper end of that interval.", metadata=unit("log-ratio"))
    placebo_rank = Int64(
        nullable=True,
        min=1,
        description="Place of the step by size among itself and those of the other months; 1 = the largest, "
        "placebos + 1 = the smallest.",
        metadata=unit("place"),
    )
    placebos = Int64(
        nullable=True,
        min=0,
        description="Other months of the series, none an event's own, that it is compared with; their windows may "
        "overlap an event.",
        metadata=unit("months"),
    )
    months = Int64(nullable=True, min=1, description="Months that the step is fitted on.", metadata=unit("months"))
    state = category(STATES, "What kind of cell it is.")
    reason = String(nullable=True, description="Why there is no figure.")

    @rule()
    def figures_only_with_value(cls) -> pl.Expr:  # noqa: N805
        """Figures stand in cells with a value, and in no other; others say why."""
        value = pl.col("state") == "value"
        return (pl.col("effect").is_not_null() == value) & (pl.col("reason").is_null() == value)

    @rule()
    def interval_holds_effect(cls) -> pl.Expr:  # noqa: N805
        """The interval contains the effect."""
        held = (pl.col("effect_low") <= pl.col("effect")) & (pl.col("effect") <= pl.col("effect_high"))
        return held.fill_null(value=True)
