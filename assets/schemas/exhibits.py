"""Tables that set one question's answers side by side: specifications, and licences by origin.

Here: declarations only. Not here: the counting (`assets/adoption`).
"""

import polars as pl

from assets.schemas.adoption import PANELS
from assets.schemas.columns import Date, Float64, String, rule
from assets.schemas.table import Table, category, share, unit
from assets.schemas.vocabulary import CODINGS, DOWNLOAD_DEFINITIONS, ORIGINS, PLATFORMS

MEASURES = ("downloads", "models", "derivatives")
TASK_SCOPES = ("all_tasks", "llm_only")
TOP_SCOPES = ("with_top", "without_top")
LICENCE_CLASSES = ("permissive", "restricted", "custom", "undeclared")
SIZE_BANDS = ("all", "under_1b", "1b_to_7b", "7b_to_20b", "over_20b", "not_stated")
MAKERS = ("labs", "everyone")


def _amount(description: str) -> Float64:
    return Float64(nullable=True, min=0, description=description, metadata=unit("see column measure"))


class Specifications(Table):
    """CN against US under every way of asking: one row for each choice that an analyst makes and rarely tells.

    Every panel stands at its newest day. All combinations have a row; where one cannot be answered, it says why.
    """

    LAYER = "adoption"
    NAME = "specifications"
    GRAIN = "platform × definition × panel × measure × tasks × top × coding"
    PUBLIC = True

    platform = category(PLATFORMS, "Hub that counts.", primary_key=True)
    definition = category(
        DOWNLOAD_DEFINITIONS,
        "What a download figure counts; for models and derivatives, which counter a model must have to be in.",
        primary_key=True,
    )
    panel = category(PANELS, "Which models the source covers.", primary_key=True)
    period = Date(description="Newest day of the panel.", metadata=unit("date"))
    measure = category(
        MEASURES,
        "What is counted: downloads, models, or derivatives (models of the panel that declare a base).",
        primary_key=True,
    )
    tasks = category(
        TASK_SCOPES,
        "llm_only = models whose card says text-generation or image-text-to-text; untagged ones are left out.",
        primary_key=True,
    )
    top = category(
        TOP_SCOPES,
        "without_top = without the ten most downloaded models; for derivatives, without those made from any of the ten "
        "bases that most derivatives of the selection declare.",
        primary_key=True,
    )
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    n = _amount("All that is counted; null where the source cannot tell.")
    n_cn = _amount("Chinese part.")
    n_us = _amount("US part.")
    n_other = _amount("Part of any other known origin.")
    n_unknown = _amount("Part of unknown origin.")
    cn_of_all = share("CN / all, unknown included.")
    us_of_all = share("US / all, unknown included.")
    cn_share = share("CN / (CN + US).")
    bound_low = share("CN share if all of unknown origin were US.")
    bound_high = share("CN share if all of unknown origin were Chinese.")
    untagged = share("Part of the whole panel's figure that rests on models without a task on their card.")
    reason = String(nullable=True, description="Why there is no share.")
    source_id = String(primary_key=True, description="Source of the row (see NOTICE).")

    @rule()
    def no_share_has_reason(cls) -> pl.Expr:  # noqa: N805
        """A specification without a share says why."""
        return pl.col("cn_share").is_null() == pl.col("reason").is_not_null()

    @rule()
    def parts_add_up(cls) -> pl.Expr:  # noqa: N805
        """The four parts are the whole."""
        parts = pl.sum_horizontal("n_cn", "n_us", "n_other", "n_unknown")
        return pl.col("n").is_null() | ((parts - pl.col("n")).abs() <= 1e-6 * pl.col("n") + 1e-9)


class Licences(Table):
    """Licences that models declare, by origin, size and year of release."""

    LAYER = "adoption"
    NAME = "licences"
    GRAIN = "panel × makers × coding × origin × size band × release year × licence class"
    PUBLIC = True

    panel = category(PANELS, "Which models the source covers.", primary_key=True)
    period = Date(description="Day on which the cards were read.", metadata=unit("date"))
    makers = category(
        MAKERS,
        "labs = models of accounts that the publisher registry calls a lab, their own releases; everyone = all models "
        "of the panel, with copies, conversions and merges.",
        primary_key=True,
    )
    coding = category(CODINGS, "Question that the origin answers.", primary_key=True)
    origin = category(ORIGINS, "Whose model.", primary_key=True)
    size_band = category(
        SIZE_BANDS,
        "Weights that the files declare, lower end included; all = every size. Quantised files may declare fewer than "
        "the model has.",
        primary_key=True,
    )
    release_year = String(
        primary_key=True, regex=r"^(all|not_stated|20\d\d)$", description="Year of creation on the hub; all = every."
    )
    licence_class = category(
        LICENCE_CLASSES,
        "permissive = any use for credit at most; restricted = a standard licence with further terms (share-alike, "
        "non-commercial, no derivatives, rules of use); custom = the maker's own terms; undeclared = no licence named.",
        primary_key=True,
    )
    models = Float64(
        min=0, description="Models of the class; merges count by the part of the origin.", metadata=unit("models")
    )
    of_models = Float64(min_exclusive=0, description="Models of all classes in the same cell.", metadata=unit("models"))
    share = share("Models of the class / models of all classes.", nullable=False)
    source_id = String(primary_key=True, description="Source of the row (see NOTICE).")
