"""Tables of the allocation: downloads of the world spread over economies, and what speaks for or against that.

Here: declarations only. Not here: the model (`assets/adoption/allocation.py`).
"""

import polars as pl

from assets.schemas.columns import Date, Float64, Int64, String, rule
from assets.schemas.table import Table, category, share, unit
from assets.schemas.vocabulary import CODINGS, DOWNLOAD_DEFINITIONS, LEVELS, STATES

WEIGHTINGS = (
    "survey_developers",
    "forks",
    "contributors",
    "packages",
    "developers",
    "survey_families",
    "fork_families",
    "contributor_families",
)


def _downloads(description: str) -> Float64:
    return Float64(nullable=True, min=0, description=description, metadata=unit("downloads"))


class Allocations(Table):
    """The world's downloads of models, spread over regions by each weighting: modelled, nothing of it is measured."""

    LAYER = "adoption"
    NAME = "allocations"
    GRAIN = "weighting × coding × period × region"
    PUBLIC = True

    weighting = category(
        (*WEIGHTINGS, "pooled"),
        "By what the total is spread, _families = each model line by itself; pooled = mean of those that the run has, "
        "developers = null model.",
        primary_key=True,
    )
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    period = Date(
        primary_key=True, description="First day of the month in which the total's window ends.", metadata=unit("date")
    )
    level = category(LEVELS, "Kind of region.")
    region_id = String(primary_key=True, description="Region; the world is the total that is spread.")
    definition = category(DOWNLOAD_DEFINITIONS, "What the total counts.")
    panel = String(description="Part of the hub that the total counts, as in world_series.")
    n_cn = _downloads(
        "Downloads of Chinese models allocated here, mean over the draws; null without a share. Sums above hold the "
        "parts of economies without one."
    )
    n_us = _downloads("Downloads of US models allocated here, likewise.")
    cn_share = share("CN / (CN + US); null where the weights tell nothing of the region, or rest on a hidden count.")
    cn_share_low = share(
        "Lower end of the 95 % interval over the weights and the total's definition; of pooled, the least over the "
        "weightings. Stands also where a count is hidden, for everything that it can be."
    )
    cn_share_high = share("Upper end of it.")
    share_least = share("Least share that one of the weightings gives; for pooled rows only.")
    share_most = share("Greatest share that one of the weightings gives; for pooled rows only.")
    weight_n = Float64(
        nullable=True,
        min=0,
        description="What is behind the weight here: respondents, people, requests or developers' accounts.",
        metadata=unit("see weighting"),
    )
    weight_period = Date(
        nullable=True, description="Period of what the weights are from; null for pooled.", metadata=unit("date")
    )
    rivals = Int64(
        min=1,
        description="Definitions and panels of the total that the draws take in turn, the total's own included.",
        metadata=unit("totals"),
    )
    state = category(STATES, "What kind of figure it is.")
    reason = String(nullable=True, description="Why there is no share, or what is assumed.")
    source_id = String(nullable=True, description="Source of the weights (see NOTICE); null without data.")
    total_source_id = String(description="Source of the total.")

    @rule()
    def share_only_with_value(cls) -> pl.Expr:  # noqa: N805
        """A share stands in rows with the state value or zero, and in no other."""
        return pl.col("cn_share").is_not_null() == pl.col("state").is_in(["value", "zero"])

    @rule()
    def downloads_only_with_share(cls) -> pl.Expr:  # noqa: N805
        """Downloads stand in rows with a share, and in no other: they would tell what is hidden or unknown."""
        share = pl.col("cn_share").is_not_null()
        return (pl.col("n_cn").is_not_null() == share) & (pl.col("n_us").is_not_null() == share)

    @rule()
    def share_between_weightings(cls) -> pl.Expr:  # noqa: N805
        """A pooled share lies between the least and the greatest that a weighting gives."""
        least, share, most = (pl.col(name) for name in ("share_least", "cn_share", "share_most"))
        return least.is_null() | share.is_between(least - 1e-9, most + 1e-9)

    @rule()
    def interval_holds_share(cls) -> pl.Expr:  # noqa: N805
        """The interval contains the share."""
        low, share, high = (pl.col(name) for name in ("cn_share_low", "cn_share", "cn_share_high"))
        return share.is_null() | ((low <= share + 1e-9) & (share <= high + 1e-9))

    @rule()
    def silence_has_reason(cls) -> pl.Expr:  # noqa: N805
        """A row without a share says why."""
        return pl.col("cn_share").is_not_null() | pl.col("reason").is_not_null()


class AllocationChecks(Table):
    """How far the answer moves with the weighting, and how well each predicts what was logged."""

    LAYER = "adoption"
    NAME = "allocation_checks"
    GRAIN = "check × coding × period × weighting × against"
    PUBLIC = True

    check = category(
        ("agreement", "held_out"),
        "agreement = two weightings beside each other; held_out = a weighting predicts logged shares of economies that "
        "it has not seen.",
        primary_key=True,
    )
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    period = Date(primary_key=True, description="Month of the total or of the log.", metadata=unit("date"))
    weighting = category(WEIGHTINGS, "Weighting that is checked.", primary_key=True)
    against = category(
        (*WEIGHTINGS, "package_download", "model_download"),
        "The other weighting, or the logged signal that is held out.",
        primary_key=True,
    )
    economies = Int64(min=0, description="Economies compared.", metadata=unit("economies"))
    mean_error = share("Mean absolute difference of the shares.")
    null_error = share("Mean absolute error of the null model on the same economies; held_out only.")
    greatest_error = share("Greatest absolute difference of the shares.")
    rank_correlation = Float64(
        nullable=True,
        min=-1,
        max=1,
        description="Spearman's rank correlation; null where one side is constant or fewer than 3 are compared.",
        metadata=unit("correlation"),
    )
    interval_coverage = share("Part of the logged shares that lie in the 95 % intervals; held_out only.")
    verdict = category(
        ("predicts", "intervals_too_narrow", "no_better_than_null"),
        "predicts = errs less than the null model beyond luck, and intervals cover; null for agreement and for the "
        "null model.",
        nullable=True,
    )
    state = category(STATES, "Whether there is anything to compare.")
    reason = String(nullable=True, description="Why there is not.")
    source_id = String(nullable=True, description="Source of the rows (see NOTICE), share-alike sources first.")

    @rule()
    def silence_has_reason(cls) -> pl.Expr:  # noqa: N805
        """A row without a comparison says why."""
        return (pl.col("state") == "value") | pl.col("reason").is_not_null()
