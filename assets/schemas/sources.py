"""Tables on the sources themselves: how each of them stands.

Here: declarations only. Not here: asking a source (`assets/ingest`).
"""

import polars as pl

from assets.schemas.columns import Bool, Date, Int64, String, rule
from assets.schemas.table import Table, unit


class Standings(Table):
    """How new each ingest table is, by the source it rests on, and what stood in the way of newer data."""

    LAYER = "ingest"
    NAME = "standings"
    GRAIN = "ingest table × source × part of the source"
    PUBLIC = True
    LIVE_ONLY = True

    table = String(primary_key=True, description="Table of the ingest layer.")
    source_id = String(primary_key=True, description="Source that the table rests on (see NOTICE).")
    part = String(primary_key=True, description="Part of the source that is asked by itself; whole where it is one.")
    fresh = Bool(description="Whether the table is as new as the run's mode promises.")
    observed_on = Date(
        nullable=True, description="Day of the data in force; null where there are none.", metadata=unit("date")
    )
    reason = String(nullable=True, description="Why the data are older than promised; null where they are not.")
    rows = Int64(min=0, description="Rows of the data in force.", metadata=unit("rows"))
    corrections = Int64(
        min=0, description="Counters that fell since the observation before.", metadata=unit("counters")
    )
    lost_days = Int64(
        min=0, description="Days that the source itself has lost; they stay unknown.", metadata=unit("days")
    )

    @rule()
    def stale_says_why(cls) -> pl.Expr:  # noqa: N805
        """What is not fresh says why."""
        return pl.col("fresh") != pl.col("reason").is_not_null()
