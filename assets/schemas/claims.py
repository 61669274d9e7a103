"""Table of the claim register: claims of the popular story with verdicts.

Here: the declaration only. Not here: claims (`assets/adoption/claims.toml`) and rules (`assets/adoption/verdicts.py`).
"""

import polars as pl

from assets.schemas.columns import Date, Float64, Int64, String, rule
from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import EVIDENCE, STATES

VERDICTS = ("supported", "partly", "not_supported", "not_observable")
FINDINGS = ("beyond", "beyond_if_shown", "undecided", "contrary", "unknown")


def _figure(description: str) -> Float64:
    return Float64(nullable=True, description=description, metadata=unit("see column figure"))


class Claims(Table):
    """The popular story, claim by claim: measurable statements, the figures that they are judged by, verdicts by rule.

    A statement about several cells has a row for each; it holds if every one does.
    """

    LAYER = "adoption"
    NAME = "claims"
    GRAIN = "claim × statement × subject"
    PUBLIC = True

    claim = String(primary_key=True, description="Short name of the claim.")
    claim_place = Int64(min=0, description="Order of the claims.", metadata=unit("rank from 0"))
    wording = String(description="The claim as it is told.")
    claim_verdict = category(
        VERDICTS,
        "supported = every statement is; partly = some are, or hold but for what is hidden; not_supported = none of "
        "those observed is; not_observable = this run's data cannot tell.",
    )
    statement = String(primary_key=True, description="Short name of the statement.")
    statement_place = Int64(min=0, description="Order within the claim.", metadata=unit("rank from 0"))
    says = String(description="The measurable statement.")
    statement_verdict = category(VERDICTS, "As for the claim, over the subjects of the statement.")
    subject = String(primary_key=True, description="Region, panel, or event and series that the figure is of.")
    table = String(description="Table of the adoption layer that the figure is from.")
    figure = String(
        description="cn_share = CN / (CN + US), a share; cn_permissive = permissive part of Chinese models, a share; "
        "cn_minus_us_permissive = that part minus the US one, a difference of shares; effect = change of the log-ratio "
        "of CN to US."
    )
    comparison = category(("above", "below"), "On which side of the threshold the figure must lie.")
    threshold = Float64(description="The threshold.", metadata=unit("see column figure"))
    admitted_evidence = String(description="Kinds of evidence that can bear the statement.")
    period = Date(nullable=True, description="Period or day of the figure.", metadata=unit("date"))
    value = _figure("The figure; null where there is none.")
    low = _figure("Lower end of the 95 % interval; the figure itself where everything was counted.")
    high = _figure("Upper end of the 95 % interval.")
    bound_low = _figure(
        "Least value over everything hidden, unlocated, undeclared or of unknown origin; null where that was not "
        "reckoned, as around events."
    )
    bound_high = _figure("Greatest such value.")
    n = Float64(nullable=True, min=0, description="Cases behind the figure.", metadata=unit("see column counted"))
    counted = String(nullable=True, description="What n counts.")
    evidence = category(EVIDENCE, "How the region, or the property, is known.", nullable=True)
    state = category(STATES, "What kind of cell it is.")
    reason = String(nullable=True, description="Why there is no figure or no interval, or what to know of it.")
    finding = category(
        FINDINGS,
        "beyond = interval and bounds lie beyond the threshold; beyond_if_shown = the interval does, a bound does not; "
        "undecided = the interval holds the threshold; contrary = it lies on the other side; unknown = no figure that "
        "the statement admits.",
    )
    verdict = category(VERDICTS, "Verdict on this subject alone.")
    would_change = String(description="What would change the finding.")
    source_id = String(nullable=True, description="Source of the figure (see NOTICE); null where there is none.")

    @rule()
    def support_needs_interval(cls) -> pl.Expr:  # noqa: N805
        """Nothing is supported whose interval or bounds reach the threshold, or are not known."""
        line = pl.col("threshold")
        above = (pl.col("comparison") == "above") & (pl.col("low") > line) & (pl.col("bound_low") > line)
        below = (pl.col("comparison") == "below") & (pl.col("high") < line) & (pl.col("bound_high") < line)
        return (pl.col("verdict") != "supported") | above.fill_null(value=False) | below.fill_null(value=False)

    @rule()
    def interval_needs_figure(cls) -> pl.Expr:  # noqa: N805
        """An interval stands beside a figure only."""
        return pl.col("value").is_not_null() | (pl.col("low").is_null() & pl.col("high").is_null())

    @rule()
    def support_needs_figure(cls) -> pl.Expr:  # noqa: N805
        """A subject without a figure is not observable, whatever is told of it."""
        known = pl.col("state").is_in(["value", "zero"]) & pl.col("value").is_not_null()
        return known | (pl.col("verdict") == "not_observable")
