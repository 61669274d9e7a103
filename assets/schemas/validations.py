"""Tables that hold the atlas against what others published.

Here: declarations only. Not here: the definitions (`assets/adoption/validations.py`).
"""

import polars as pl

from assets.schemas.columns import Bool, Date, Float64, String, rule
from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import STATES


class Validations(Table):
    """Figures that others published, beside the same figure from this run's own input, under a named definition."""

    LAYER = "adoption"
    NAME = "validations"
    GRAIN = "published figure"
    PUBLIC = True

    figure = String(primary_key=True, description="Figure, as published_figures.toml names it.")
    by = String(description="Who published it, and where.")
    says = String(description="What it is, in their words.")
    published = Float64(description="Figure as published.", metadata=unit("see column value_unit"))
    value_unit = category(("accounts", "share", "economies", "rank"), "Unit of both figures.")
    dated = Date(
        description="Day of the publication; the first of its month or season where only that is known.",
        metadata=unit("date"),
    )
    seen = category(("file", "excerpt", "reports of others"), "How the published figure was read.")
    definition = String(description="Name and version of our definition.")
    made = category(
        ("read_back", "recomputed"),
        "read_back = ours is a cell of the very file that published it, which checks our copy alone; recomputed = "
        "computed from finer rows.",
    )
    ours = Float64(nullable=True, description="The same from this run's input.", metadata=unit("see value_unit"))
    as_of = Date(nullable=True, description="Day that ours speaks of.", metadata=unit("date"))
    difference = Float64(nullable=True, description="Ours less the published.", metadata=unit("see value_unit"))
    like_meets_like = Bool(description="Whether both measure the same thing on the same data.")
    agrees = Bool(nullable=True, description="Whether they are the same; null where like does not meet like.")
    state = category(STATES, "Whether this run can compute ours.")
    reason = String(nullable=True, description="Why there is none, or what differs.")
    source_id = String(nullable=True, description="Source of ours (see NOTICE).")

    @rule()
    def ours_with_value(cls) -> pl.Expr:  # noqa: N805
        """Ours stands in rows with a value, and in no other."""
        return pl.col("ours").is_not_null() == (pl.col("state") == "value")
