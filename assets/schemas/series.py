"""Tables over time and of model families, beside the cube.

Here: declarations only. Not here: what fills them (`assets/adoption/regional_months.py`, `families.py`).
"""

import polars as pl

from assets.schemas.adoption import COUNTED, PANELS
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


class RegionalMonths(Table):
    """Measured months by region; of people, only economies whose every month of the year can be shown."""

    LAYER = "adoption"
    NAME = "regional_months"
    GRAIN = "signal × month × region × coding"
    PUBLIC = True

    signal = category(SIGNALS, "Kind of adoption evidence.", primary_key=True)
    month = Date(primary_key=True, description="First day of the month.", metadata=unit("date"))
    level = category(LEVELS, "Kind of region.")
    region_id = String(primary_key=True, description="Region that adopts; of people, economies alone.")
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    counted = category(COUNTED, "What the n columns count.")
    n = count("Distinct people in the month on either side, each once, or downloads.")
    n_cn = count("People or downloads on the Chinese side.")
    n_us = count("People or downloads on the US side.")
    n_other = count("People or downloads of any other known origin.")
    n_unknown = count("People or downloads of unknown origin.")
    cn_share = share("CN / (CN + US).")
    cn_share_low = share("Lower end of the 95 % interval; null where nothing was sampled.")
    cn_share_high = share("Upper end of it.")
    evidence = category(EVIDENCE, "How the region is known; null where nothing was observed.", nullable=True)
    state = category(STATES, "What kind of cell it is.")
    reason = String(nullable=True, description="Why there is no value.")
    source_id = String(nullable=True, description="Source of the row (see NOTICE); null where none.")

    @rule()
    def share_only_with_value(cls) -> pl.Expr:  # noqa: N805
        """A share stands in rows with the state value or zero, and in no other."""
        return pl.col("cn_share").is_not_null() == pl.col("state").is_in(["value", "zero"])

    @rule()
    def hidden_rows_hold_no_count(cls) -> pl.Expr:  # noqa: N805
        """A suppressed row has no count at all."""
        return (pl.col("state") != "suppressed") | pl.all_horizontal(
            pl.col(name).is_null() for name in ("n", "n_cn", "n_us", "n_other", "n_unknown")
        )

    @rule()
    def silence_has_reason(cls) -> pl.Expr:  # noqa: N805
        """A row without a value says why."""
        return pl.col("state").is_in(["value", "zero"]) | pl.col("reason").is_not_null()


class FamilyTotals(Table):
    """Downloads of the world by model family: which lines a side's downloads are of."""

    LAYER = "adoption"
    NAME = "family_totals"
    GRAIN = "platform × definition × panel × day × coding × origin × family"
    PUBLIC = True

    platform = category(PLATFORMS, "Hub that counts.", primary_key=True)
    definition = category(DOWNLOAD_DEFINITIONS, "What a figure counts.", primary_key=True)
    panel = category(PANELS, "Which models the source covers.", primary_key=True)
    period = Date(primary_key=True, description="Day of the observation.", metadata=unit("date"))
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    origin = category(ORIGINS, "Country group.", primary_key=True)
    family = String(
        primary_key=True,
        description="Model line that the downloads go back to; 'other' = several lines, or none that is known.",
    )
    models = Int64(min=1, description="Models with a part in it.", metadata=unit("models"))
    downloads = Float64(min=0, description="Downloads, models split by their origins.", metadata=unit("downloads"))
    source_id = String(primary_key=True, description="Source of the row (see NOTICE).")
