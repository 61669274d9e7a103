"""Tables of the ingest layer: what the sources say, before any attribution.

Here: declarations only. Not here: reading a source (`assets/ingest`).
"""

import dataframely as dy
import polars as pl

from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import DOWNLOAD_DEFINITIONS, PLATFORMS, RELATIONS

REGION_PATTERN = r"^[A-Z]{2}$"
INSTALLER_CLASSES = ("package_manager", "mirror", "other")


class Models(Table):
    """Models as a platform listed them on an observation day, with their download counters."""

    LAYER = "ingest"
    NAME = "models"
    GRAIN = "platform × model × observation day"

    platform = category(PLATFORMS, "Hub that lists the model.", primary_key=True)
    model_id = dy.String(primary_key=True, description="Account and name as the platform writes them.")
    observed_on = dy.Date(primary_key=True, description="Day of the observation.", metadata=unit("date"))
    account = dy.String(description="Account that uploads the model; personal accounts are pseudonyms.")
    created_on = dy.Date(
        nullable=True,
        description="Day the repository was created; the Hub's floor is 2022-03-02.",
        metadata=unit("date"),
    )
    downloads_30d = dy.Int64(
        nullable=True,
        min=0,
        description="Requests in the last 30 days. Rolling: never summed over days.",
        metadata=unit("requests"),
    )
    downloads_all_time = dy.Int64(
        nullable=True, min=0, description="Requests since the counter began.", metadata=unit("requests")
    )
    likes = dy.Int64(nullable=True, min=0, description="Likes on the platform.", metadata=unit("accounts"))
    licence = dy.String(nullable=True, description="Licence identifier on the card.")
    task = dy.String(nullable=True, description="Pipeline tag on the card.")
    parameters = dy.Int64(
        nullable=True, min=0, description="Number of weights the files declare.", metadata=unit("parameters")
    )
    removed = dy.Bool(description="Whether the platform had withdrawn the model by then.")
    source_id = dy.String(description="Source of the row (see NOTICE).")


class ModelParents(Table):
    """Declared lineage: which model was made from which."""

    LAYER = "ingest"
    NAME = "model_parents"
    GRAIN = "child × parent × relation"

    child_id = dy.String(primary_key=True, description="Model that declares a parent.")
    parent_id = dy.String(
        primary_key=True, description="Declared base model as written; may be missing or a local path."
    )
    relation = category(RELATIONS, "How the child was made from the parent.", primary_key=True)
    source_id = dy.String(description="Source of the row (see NOTICE).")


class ModelDownloadTotals(Table):
    """Download counters per model over time, as crawled once a month."""

    LAYER = "ingest"
    NAME = "model_download_totals"
    GRAIN = "platform × model × crawl day"

    platform = category(PLATFORMS, "Hub that counts.", primary_key=True)
    model_id = dy.String(primary_key=True, description="Account and name as the platform writes them.")
    observed_on = dy.Date(primary_key=True, description="Day of the crawl.", metadata=unit("date"))
    account = dy.String(description="Account that uploads the model.")
    definition = category(
        DOWNLOAD_DEFINITIONS[:2],
        "What the counter counts: the last 30 days (Hugging Face) or all time (ModelScope).",
    )
    downloads = dy.Int64(
        nullable=True,
        min=0,
        description="Counter value on that day; null where the platform returned an impossible one.",
        metadata=unit("requests"),
    )
    source_id = dy.String(description="Source of the row (see NOTICE).")


class SurveyUse(Table):
    """Survey respondents by country and model: who says they worked with it."""

    LAYER = "ingest"
    NAME = "survey_use"
    GRAIN = "wave × country × model"

    wave = dy.Date(primary_key=True, description="First day of the survey wave's month.", metadata=unit("date"))
    region_id = dy.String(
        primary_key=True, regex=REGION_PATTERN, description="Declared country, ISO 3166-1 alpha-2; ZZ = none given."
    )
    model = dy.String(
        primary_key=True,
        description="Model as the questionnaire names it, or ANY_CN_OPEN, ANY_US_OPEN, BOTH_CN_US_OPEN, NO_OPEN.",
    )
    respondents = dy.Int64(
        min=1, description="People of the country who answered the question.", metadata=unit("people")
    )
    users = dy.Int64(
        nullable=True,
        min=0,
        description="People who say they worked with the model; null where the count is hidden.",
        metadata=unit("people"),
    )
    suppressed = dy.Bool(description="Whether the source hides the count.")
    source_id = dy.String(description="Source of the row (see NOTICE).")

    @dy.rule()
    def users_are_respondents(cls) -> pl.Expr:  # noqa: N805
        """No more users than respondents."""
        return pl.col("users").is_null() | (pl.col("users") <= pl.col("respondents"))

    @dy.rule()
    def hidden_means_null(cls) -> pl.Expr:  # noqa: N805
        """A count is null exactly where it is hidden."""
        return pl.col("users").is_null() == pl.col("suppressed")


class Denominators(Table):
    """Sizes to compare with: people, developers, AI users, package traffic."""

    LAYER = "ingest"
    NAME = "denominators"
    GRAIN = "measure × country × period"

    measure = category(
        ("population", "github_developers", "ai_user_share", "pypi_downloads_all_packages"),
        "What is counted.",
        primary_key=True,
    )
    region_id = dy.String(primary_key=True, regex=REGION_PATTERN, description="Country, ISO 3166-1 alpha-2.")
    period = dy.Date(primary_key=True, description="First day of the period.", metadata=unit("date"))
    value = dy.Float64(min=0, description="Size in the unit of the row.", metadata=unit("see column value_unit"))
    value_unit = category(("people", "accounts", "share of people aged 15–64", "requests"), "Unit of the value.")
    source_id = dy.String(description="Source of the row (see NOTICE).")


class Repositories(Table):
    """Tracked GitHub repositories of model and framework makers."""

    LAYER = "ingest"
    NAME = "repositories"
    GRAIN = "repository"

    repository = dy.String(primary_key=True, description="Owner and name.")
    owner_country = dy.String(regex=REGION_PATTERN, description="Headquarters of the owner, ISO 3166-1 alpha-2.")
    kind = dy.String(description="What the repository holds: model, tool, …")
    head_on = dy.Date(description="Day of the newest commit read.", metadata=unit("date"))
    first_commit_on = dy.Date(description="Day of the oldest commit.", metadata=unit("date"))
    commits = dy.Int64(min=0, description="Commits that are neither merges nor by bots.", metadata=unit("commits"))
    bot_commits = dy.Int64(min=0, description="Commits by bots, left out.", metadata=unit("commits"))
    authors = dy.Int64(min=0, description="Distinct authors.", metadata=unit("people"))
    source_id = dy.String(description="Source of the row (see NOTICE).")


class CommitOffsets(Table):
    """Commits by the author's UTC offset: where core staff work, not who adopts."""

    LAYER = "ingest"
    NAME = "commit_offsets"
    GRAIN = "repository × month × UTC offset × way of committing"

    repository = dy.String(primary_key=True, description="Owner and name.")
    month = dy.Date(primary_key=True, description="First day of the month.", metadata=unit("date"))
    utc_offset_minutes = dy.Int64(
        primary_key=True, min=-12 * 60, max=14 * 60, description="Author's offset.", metadata=unit("minutes")
    )
    committed_via = category(
        ("github_web", "local"), "Web edits and squash merges, or everything else.", primary_key=True
    )
    commits = dy.Int64(min=1, description="Commits.", metadata=unit("commits"))
    authors = dy.Int64(min=1, description="Distinct authors; not additive over rows.", metadata=unit("people"))
    source_id = dy.String(description="Source of the row (see NOTICE).")


class PackageDownloads(Table):
    """Downloads of tracked PyPI packages by the country of the requesting address; empty where nothing was fetched."""

    LAYER = "ingest"
    NAME = "package_downloads"
    GRAIN = "package × country × month × installer class"

    package = dy.String(primary_key=True, description="Package, as in tracked_packages.")
    region_id = dy.String(
        primary_key=True,
        regex=REGION_PATTERN,
        description="Country of the address, ISO 3166-1 alpha-2; ZZ = unknown to the source.",
    )
    month = dy.Date(primary_key=True, description="First day of the month.", metadata=unit("date"))
    installer_class = category(
        INSTALLER_CLASSES,
        "package_manager = pip, uv and the like; mirror = a program that copies the index; other = browsers, scripts, "
        "unknown.",
        primary_key=True,
    )
    downloads = dy.Int64(
        min=1, description="Requests for a file. A country without a row had none.", metadata=unit("requests")
    )
    through = dy.Date(description="Newest day of the month that is counted.", metadata=unit("date"))
    days = dy.Int64(
        min=1,
        max=31,
        description="Days of the month that the source holds; days that it lost are unknown, not zero.",
        metadata=unit("days"),
    )
    source_id = dy.String(description="Source of the row (see NOTICE).")
