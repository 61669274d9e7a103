"""Tables of the adoption layer: the cube before and after estimation, and what stands beside it.

Here: declarations only. Not here: estimators (`assets/adoption`).
"""

import polars as pl

from assets.schemas.columns import Date, Float64, Int64, String, rule
from assets.schemas.table import Table, category, count, share, unit
from assets.schemas.vocabulary import (
    CODINGS,
    DOWNLOAD_DEFINITIONS,
    EVIDENCE,
    LEVELS,
    ORIGINS,
    PLATFORMS,
    SIGNALS,
    STATES,
)

COUNTED = ("people", "downloads", "organisations", "downloaders")
"""What counts count. Downloaders are the people of each repository, added: one who took two of them counts twice."""

PANELS = ("all_accounts", "matched_accounts", "evaluation_registry", "trending", "registry_accounts", "whole_hub")


def _points(description: str) -> Float64:
    return Float64(nullable=True, min=-100, max=100, description=description, metadata=unit("percentage points"))


def _rate(description: str, of: str) -> Float64:
    return Float64(nullable=True, min=0, description=description, metadata=unit(of))


class Observations(Table):
    """The cube before estimation: who adopts whose models, as counted."""

    LAYER = "adoption"
    NAME = "observations"
    GRAIN = "signal × period × region × coding × origin"
    PUBLIC = True

    signal = category(SIGNALS, "Kind of adoption evidence.", primary_key=True)
    period = Date(primary_key=True, description="First day of the month or wave.", metadata=unit("date"))
    level = category(LEVELS, "Kind of region.")
    region_id = String(primary_key=True, description="Region that adopts.")
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    origin = category(ORIGINS, "Whose model.", primary_key=True)
    counted = category(COUNTED, "What n counts.")
    n = count("Distinct people or organisations, or downloads where there are neither; null where hidden.")
    n_low = count("Least that the hidden count can be; equal to n where it is published.")
    n_high = count("Most that the hidden count can be; equal to n where it is published.")
    respondents = Int64(nullable=True, min=0, description="People asked, for surveys.", metadata=unit("people"))
    events = Int64(nullable=True, min=0, description="Events behind n.", metadata=unit("events"))
    evidence = category(EVIDENCE, "How the region is known.")
    state = category(STATES, "What kind of cell it is.")
    source_id = String(description="Source of the row (see NOTICE).")


class Estimates(Table):
    """The cube, estimated: one row a region, with what is known of it and what is not."""

    LAYER = "adoption"
    NAME = "estimates"
    GRAIN = "signal × period × region × coding"
    PUBLIC = True

    signal = category(SIGNALS, "Kind of adoption evidence.", primary_key=True)
    period = Date(primary_key=True, description="First day of the month or wave.", metadata=unit("date"))
    level = category(LEVELS, "Kind of region.")
    region_id = String(primary_key=True, description="Region that adopts.")
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    counted = category(COUNTED, "What the n columns count.")
    n = count("Distinct people behind the share (CN or US, each once), or downloads.")
    n_cn = count("People or downloads on the Chinese side; of subregions and the world, those that are not hidden.")
    n_us = count("People or downloads on the US side, likewise.")
    n_both = count("People counted on both sides.")
    n_other = count("People or downloads of any other known origin.")
    n_unknown = count("People or downloads of unknown origin.")
    events = Int64(nullable=True, min=0, description="Events behind n.", metadata=unit("events"))
    cn_share = share("CN / (CN + US).")
    cn_share_low = share("Lower end of the 95 % interval of sampling; where modelled, of what the model leaves open.")
    cn_share_high = share("Upper end of the 95 % interval of sampling; where modelled, of what the model leaves open.")
    bound_low = share("Least share over everything that is hidden, unlocated or of unknown origin.")
    bound_high = share("Greatest share over everything that is hidden, unlocated or of unknown origin.")
    cn_share_shrunk = share("Share pulled towards its subregion and the world (empirical Bayes); null where modelled.")
    cn_share_shrunk_low = share("Lower end of its 95 % interval, which counts what is not known of the pull.")
    cn_share_shrunk_high = share("Upper end of its 95 % interval.")
    location_quotient = Float64(
        nullable=True, min=0, description="Region's CN share ÷ the world's.", metadata=unit("ratio")
    )
    coverage = share("Located people ÷ all people behind the signal.")
    n_located = count("All that the signal counts in the period and whose region is known, on any side.")
    n_unlocated = count("All that it counts and whose region nobody knows; they may belong to any cell.")
    cn_per_million = _rate(
        "People on the Chinese side per million inhabitants; null where people are not counted or inhabitants unknown.",
        "people per million inhabitants",
    )
    us_per_million = _rate("People on the US side per million inhabitants.", "people per million inhabitants")
    cn_per_1000_developers = _rate(
        "People on the Chinese side per 1,000 developers on GitHub; null as above.", "people per 1,000 accounts"
    )
    us_per_1000_developers = _rate("People on the US side per 1,000 developers on GitHub.", "people per 1,000 accounts")
    previous_period = Date(
        nullable=True,
        description="Period before this one in the signal; null for the first.",
        metadata=unit("date"),
    )
    change_previous = _points("Share minus that of the previous period; null where one is absent or modelled.")
    change_previous_low = _points("Lower end of its 95 % interval; null where nothing was sampled.")
    change_previous_high = _points("Upper end of its 95 % interval.")
    change_year = _points("Share minus that of the same month a year before; null as above.")
    change_year_low = _points("Lower end of its 95 % interval.")
    change_year_high = _points("Upper end of its 95 % interval.")
    largest_artefact = String(
        nullable=True, description="Repository, package or model with the most counts in the cell."
    )
    cn_share_without_largest = share("Share without it; null where too few people or nobody would remain.")
    leave_one_out_low = share("Least share without any one artefact; null where one cannot be dropped.")
    leave_one_out_high = share("Greatest share without any one artefact.")
    evidence = category(EVIDENCE, "How the region is known; null where nothing was observed.", nullable=True)
    state = category(STATES, "What kind of cell it is.")
    reason = String(nullable=True, description="Why there is no value, or what the value is modelled from.")
    source_id = String(nullable=True, description="Source of the row (see NOTICE); null where none.")

    @rule()
    def share_only_with_value(cls) -> pl.Expr:  # noqa: N805
        """A share stands in cells with the state value or zero, and in no other."""
        return pl.col("cn_share").is_not_null() == pl.col("state").is_in(["value", "zero"])

    @rule()
    def n_holds_either_side(cls) -> pl.Expr:  # noqa: N805
        """As many distinct people as there are on either side, or more."""
        return (pl.col("n") >= pl.max_horizontal("n_cn", "n_us")).fill_null(value=True)

    @rule()
    def interval_holds_share(cls) -> pl.Expr:  # noqa: N805
        """The interval contains the share."""
        return pl.col("cn_share").is_null() | (
            (pl.col("cn_share_low").fill_null(0) <= pl.col("cn_share") + 1e-9)
            & (pl.col("cn_share") <= pl.col("cn_share_high").fill_null(1) + 1e-9)
        )

    @rule()
    def shrunken_interval_holds_shrunken_share(cls) -> pl.Expr:  # noqa: N805
        """The interval of the shrunken share contains it."""
        share, low, high = (pl.col(f"cn_share_shrunk{end}") for end in ("", "_low", "_high"))
        return (share.is_null() & low.is_null()) | ((low <= share + 1e-9) & (share <= high + 1e-9))

    @rule()
    def changes_lie_in_their_intervals(cls) -> pl.Expr:  # noqa: N805
        """The interval of a change contains it."""
        return pl.all_horizontal(
            (
                (pl.col(f"{name}_low") <= pl.col(name) + 1e-9) & (pl.col(name) <= pl.col(f"{name}_high") + 1e-9)
            ).fill_null(value=True)
            for name in ("change_previous", "change_year")
        )

    @rule()
    def coverage_is_the_located_part(cls) -> pl.Expr:  # noqa: N805
        """Coverage is the located part of all that the signal counts."""
        part = pl.col("n_located") / (pl.col("n_located") + pl.col("n_unlocated"))
        modelled = (pl.col("evidence") == "modelled").fill_null(value=False)
        return modelled | (pl.col("coverage").is_between(part - 1e-9, part + 1e-9)).fill_null(value=True)

    @rule()
    def bounds_hold_share(cls) -> pl.Expr:  # noqa: N805
        """The bounds contain the share."""
        return pl.col("cn_share").is_null() | (
            (pl.col("bound_low").fill_null(0) <= pl.col("cn_share") + 1e-9)
            & (pl.col("cn_share") <= pl.col("bound_high").fill_null(1) + 1e-9)
        )

    @rule()
    def silence_has_reason(cls) -> pl.Expr:  # noqa: N805
        """A cell without a value says why."""
        return pl.col("state").is_in(["value", "zero"]) | pl.col("reason").is_not_null()


class WorldSeries(Table):
    """Model downloads of the world by origin over time, under every definition and coding."""

    LAYER = "adoption"
    NAME = "world_series"
    GRAIN = "platform × definition × panel × day × coding"
    PUBLIC = True

    platform = category(PLATFORMS, "Hub that counts.", primary_key=True)
    definition = category(DOWNLOAD_DEFINITIONS, "What a figure counts.", primary_key=True)
    panel = category(PANELS, "Which models the source covers.", primary_key=True)
    period = Date(primary_key=True, description="Day of the observation.", metadata=unit("date"))
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    accounts = Int64(min=1, description="Accounts in the panel.", metadata=unit("accounts"))
    models = Int64(min=1, description="Models in the panel.", metadata=unit("models"))
    n_cn = count("Downloads of Chinese models.")
    n_us = count("Downloads of US models.")
    n_other = count("Downloads of models of any other known origin.")
    n_unknown = count("Downloads of models of unknown origin.")
    n_unreviewed = count("Downloads whose origin rests on an unreviewed registry row.")
    cn_share = share("CN / (CN + US).")
    bound_low = share("Share if all downloads of unknown origin were US.")
    bound_high = share("Share if all downloads of unknown origin were Chinese.")
    cn_share_without_top = share("CN share without the ten most downloaded models.")
    corrections = Int64(
        min=0,
        description="Counters that stood below an earlier value at either end of the window; their growth is that of "
        "their running maximum.",
        metadata=unit("models"),
    )
    reason = String(nullable=True, description="Why there is no share.")
    source_id = String(primary_key=True, description="Source of the row (see NOTICE).")

    @rule()
    def no_share_has_reason(cls) -> pl.Expr:  # noqa: N805
        """A total without a share says why."""
        return pl.col("cn_share").is_null() == pl.col("reason").is_not_null()


class Diagnostics(Table):
    """Checks on the signals themselves: what a figure cannot bear, measured."""

    LAYER = "adoption"
    NAME = "diagnostics"
    GRAIN = "diagnostic × subject × period"
    PUBLIC = True

    diagnostic = String(primary_key=True, description="What is checked.")
    subject = String(primary_key=True, description="Region, origin or group that it is checked for.")
    period = Date(primary_key=True, description="First day of the period.", metadata=unit("date"))
    value = Float64(nullable=True, description="Result.", metadata=unit("see column value_unit"))
    low = Float64(nullable=True, description="Lower end of its 95 % interval.", metadata=unit("see column value_unit"))
    high = Float64(nullable=True, description="Upper end.", metadata=unit("see column value_unit"))
    value_unit = String(description="Unit of the value.")
    n = Int64(min=0, description="Cases behind it.", metadata=unit("see column note"))
    note = String(description="How to read it.")
    state = category(STATES, "What kind of row it is.")
    reason = String(nullable=True, description="Why there is no result.")
    source_id = String(nullable=True, description="Source of the row (see NOTICE); null where it rests on several.")

    @rule()
    def result_or_reason(cls) -> pl.Expr:  # noqa: N805
        """A row has a result, or says why not."""
        value = pl.col("state") == "value"
        return (pl.col("value").is_not_null() == value) & (pl.col("reason").is_null() == value)
