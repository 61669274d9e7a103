"""Tables of the ingest layer: what the sources say, before any attribution.

Here: declarations only. Not here: reading a source (`assets/ingest`).
"""

from typing import Final

import polars as pl

from assets.schemas.columns import Bool, Date, Float64, Int64, List, String, Struct, rule
from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import DOWNLOAD_DEFINITIONS, LEVELS, PLATFORMS, RELATIONS

REGION_PATTERN = r"^[A-Z]{2}$"
INSTALLER_CLASSES = ("package_manager", "mirror", "other")
HASH_PATTERN = r"^[0-9a-f]{64}$"

ACCOUNT_KINDS = ("person", "organisation", "bot")
LISTINGS = ("forks", "contributions")
ACCESSES = ("open", "restricted", "not_found", "forbidden", "blocked", "unread")
REPOSITORY_KINDS: Final = ("model", "dataset", "space")
LOG_SPANS: Final = ("day", "month")
LEAST_PEOPLE: Final = 10
"""Distinct people that a shown count of a donated log rests on (DESIGN, rules of measurement)."""


class Models(Table):
    """Models as a platform listed them on an observation day, with their download counters."""

    LAYER = "ingest"
    NAME = "models"
    GRAIN = "platform × model × observation day"

    platform = category(PLATFORMS, "Hub that lists the model.", primary_key=True)
    model_id = String(primary_key=True, description="Account and name as the platform writes them.")
    observed_on = Date(primary_key=True, description="Day of the observation.", metadata=unit("date"))
    account = String(description="Account that uploads the model; personal accounts are pseudonyms.")
    created_on = Date(
        nullable=True,
        description="Day the repository was created; the Hub's floor is 2022-03-02.",
        metadata=unit("date"),
    )
    downloads_30d = Int64(
        nullable=True,
        min=0,
        description="Requests in the last 30 days. Rolling: never summed over days.",
        metadata=unit("requests"),
    )
    downloads_all_time = Int64(
        nullable=True, min=0, description="Requests since the counter began.", metadata=unit("requests")
    )
    likes = Int64(nullable=True, min=0, description="Likes on the platform.", metadata=unit("accounts"))
    licence = String(nullable=True, description="Licence identifier on the card.")
    task = String(nullable=True, description="Pipeline tag on the card.")
    parameters = Int64(
        nullable=True, min=0, description="Number of weights the files declare.", metadata=unit("parameters")
    )
    removed = Bool(description="Whether the platform had withdrawn the model by then.")
    source_id = String(description="Source of the row (see NOTICE).")


class ModelParents(Table):
    """Declared lineage: which model was made from which."""

    LAYER = "ingest"
    NAME = "model_parents"
    GRAIN = "child × parent × relation"

    child_id = String(primary_key=True, description="Model that declares a parent.")
    parent_id = String(primary_key=True, description="Declared base model as written; may be missing or a local path.")
    relation = category(RELATIONS, "How the child was made from the parent.", primary_key=True)
    source_id = String(description="Source of the row (see NOTICE).")


class ModelDownloadTotals(Table):
    """Download counters per model over time, as crawled once a month."""

    LAYER = "ingest"
    NAME = "model_download_totals"
    GRAIN = "platform × model × crawl day"

    platform = category(PLATFORMS, "Hub that counts.", primary_key=True)
    model_id = String(primary_key=True, description="Account and name as the platform writes them.")
    observed_on = Date(primary_key=True, description="Day of the crawl.", metadata=unit("date"))
    account = String(description="Account that uploads the model.")
    definition = category(
        DOWNLOAD_DEFINITIONS[:2],
        "What the counter counts: the last 30 days (Hugging Face) or all time (ModelScope).",
    )
    downloads = Int64(
        nullable=True,
        min=0,
        description="Counter value on that day; null where the platform returned an impossible one.",
        metadata=unit("requests"),
    )
    source_id = String(description="Source of the row (see NOTICE).")


class SurveyUse(Table):
    """Survey respondents by country and model: who says they worked with it."""

    LAYER = "ingest"
    NAME = "survey_use"
    GRAIN = "wave × country × model"

    wave = Date(primary_key=True, description="First day of the survey wave's month.", metadata=unit("date"))
    region_id = String(
        primary_key=True, regex=REGION_PATTERN, description="Declared country, ISO 3166-1 alpha-2; ZZ = none given."
    )
    model = String(
        primary_key=True,
        description="Model as the questionnaire names it, or ANY_CN_OPEN, ANY_US_OPEN, BOTH_CN_US_OPEN, NO_OPEN.",
    )
    respondents = Int64(min=1, description="People of the country who answered the question.", metadata=unit("people"))
    users = Int64(
        nullable=True,
        min=0,
        description="People who say they worked with the model; null where the count is hidden.",
        metadata=unit("people"),
    )
    suppressed = Bool(description="Whether the source hides the count.")
    source_id = String(description="Source of the row (see NOTICE).")

    @rule()
    def users_are_respondents(cls) -> pl.Expr:  # noqa: N805
        """No more users than respondents."""
        return pl.col("users").is_null() | (pl.col("users") <= pl.col("respondents"))

    @rule()
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
    region_id = String(primary_key=True, regex=REGION_PATTERN, description="Country, ISO 3166-1 alpha-2.")
    period = Date(primary_key=True, description="First day of the period.", metadata=unit("date"))
    value = Float64(min=0, description="Size in the unit of the row.", metadata=unit("see column value_unit"))
    value_unit = category(("people", "accounts", "share of people aged 15–64", "requests"), "Unit of the value.")
    source_id = String(description="Source of the row (see NOTICE).")


class Repositories(Table):
    """Tracked GitHub repositories of model and framework makers."""

    LAYER = "ingest"
    NAME = "repositories"
    GRAIN = "repository"

    repository = String(primary_key=True, description="Owner and name.")
    owner_country = String(regex=REGION_PATTERN, description="Headquarters of the owner, ISO 3166-1 alpha-2.")
    kind = String(description="What the repository holds: model, tool, …")
    head_on = Date(description="Day of the newest commit read.", metadata=unit("date"))
    first_commit_on = Date(description="Day of the oldest commit.", metadata=unit("date"))
    commits = Int64(min=0, description="Commits that are neither merges nor by bots.", metadata=unit("commits"))
    bot_commits = Int64(min=0, description="Commits by bots, left out.", metadata=unit("commits"))
    authors = Int64(min=0, description="Distinct authors.", metadata=unit("people"))
    source_id = String(description="Source of the row (see NOTICE).")


class CommitOffsets(Table):
    """Commits by the author's UTC offset: where core staff work, not who adopts."""

    LAYER = "ingest"
    NAME = "commit_offsets"
    GRAIN = "repository × month × UTC offset × way of committing"

    repository = String(primary_key=True, description="Owner and name.")
    month = Date(primary_key=True, description="First day of the month.", metadata=unit("date"))
    utc_offset_minutes = Int64(
        primary_key=True, min=-12 * 60, max=14 * 60, description="Author's offset.", metadata=unit("minutes")
    )
    committed_via = category(
        ("github_web", "local"), "Web edits and squash merges, or everything else.", primary_key=True
    )
    commits = Int64(min=1, description="Commits.", metadata=unit("commits"))
    authors = Int64(min=1, description="Distinct authors; not additive over rows.", metadata=unit("people"))
    source_id = String(description="Source of the row (see NOTICE).")


class PackageDownloads(Table):
    """Downloads of tracked PyPI packages by the country of the requesting address; empty where nothing was fetched."""

    LAYER = "ingest"
    NAME = "package_downloads"
    GRAIN = "package × country × month × installer class"
    LIVE_ONLY = True

    package = String(primary_key=True, description="Package, as in tracked_packages.")
    region_id = String(
        primary_key=True,
        regex=REGION_PATTERN,
        description="Country of the address, ISO 3166-1 alpha-2; ZZ = unknown to the source.",
    )
    month = Date(primary_key=True, description="First day of the month.", metadata=unit("date"))
    installer_class = category(
        INSTALLER_CLASSES,
        "package_manager = pip, uv and the like; mirror = a program that copies the index; other = browsers, scripts, "
        "unknown.",
        primary_key=True,
    )
    downloads = Int64(
        min=1, description="Requests for a file. A country without a row had none.", metadata=unit("requests")
    )
    through = Date(description="Newest day of the month that is counted.", metadata=unit("date"))
    days = Int64(
        min=1,
        max=31,
        description="Days of the month that the source holds; days that it lost are unknown, not zero.",
        metadata=unit("days"),
    )
    source_id = String(description="Source of the row (see NOTICE).")


class RepositoryCounts(Table):
    """What GitHub says of each tracked repository, once a day: who may read it, its stars and its forks."""

    LAYER = "ingest"
    NAME = "repository_counts"
    GRAIN = "repository × observation day"
    LIVE_ONLY = True

    repository = String(primary_key=True, description="Owner and name, as tracked.")
    observed_on = Date(primary_key=True, description="Day of the observation.", metadata=unit("date"))
    database_id = Int64(
        nullable=True,
        min=1,
        description="GitHub's number of the repository, which outlives renames; null where it cannot be read.",
        metadata=unit("identifier"),
    )
    current_name = String(nullable=True, description="Owner and name on that day.")
    access = category(
        ACCESSES,
        "open = readable; not_found = deleted, private or never there; forbidden = the token may not; blocked = taken "
        "down by GitHub, see reason; unread = the answer lacked it; restricted = of lists only.",
    )
    reason = String(nullable=True, description="Why it cannot be read.")
    stars = Int64(nullable=True, min=0, description="Stars; who gave them is closed.", metadata=unit("accounts"))
    forks = Int64(nullable=True, min=0, description="Direct forks.", metadata=unit("forks"))
    archived = Bool(nullable=True, description="Whether the owner has closed it for changes.")
    source_id = String(description="Source of the row (see NOTICE).")

    @rule()
    def open_has_number(cls) -> pl.Expr:  # noqa: N805
        """A readable repository has its number, another one says why not."""
        return (
            pl.when(pl.col("access") == "open")
            .then(pl.col("database_id").is_not_null())
            .otherwise(pl.col("reason").is_not_null())
        )


class Forks(Table):
    """Public direct forks of tracked repositories, with who made them as a keyed hash."""

    LAYER = "ingest"
    NAME = "forks"
    GRAIN = "fork × actor"
    LIVE_ONLY = True
    PERSONAL = True

    fork = String(
        primary_key=True,
        regex=HASH_PATTERN,
        description="HMAC-SHA256 of the fork's number under the key of the store; the number would name its owner.",
    )
    repository = String(description="Tracked repository, owner and name.")
    database_id = Int64(min=1, description="GitHub's number of that repository.", metadata=unit("identifier"))
    actor = String(
        nullable=True,
        regex=HASH_PATTERN,
        description="HMAC-SHA256 of the owner's number under the key of the store; null where GitHub hides the owner.",
    )
    owner_kind = category(
        ACCOUNT_KINDS, "Organisations and bots are no people and are counted apart; null = hidden.", nullable=True
    )
    created_on = Date(description="Day of the fork, UTC.", metadata=unit("date"))
    source_id = String(description="Source of the row (see NOTICE).")


class Contributions(Table):
    """Commits on the default branch of tracked repositories by month and account, with the clocks of the authors."""

    LAYER = "ingest"
    NAME = "contributions"
    GRAIN = "repository × actor × month"
    LIVE_ONLY = True
    PERSONAL = True

    repository = String(primary_key=True, description="Tracked repository, owner and name.")
    actor = String(
        primary_key=True,
        regex=HASH_PATTERN,
        description="HMAC-SHA256 of the author's account number under the key of the store.",
    )
    month = Date(primary_key=True, description="First day of the month of the commit, UTC.", metadata=unit("date"))
    database_id = Int64(min=1, description="GitHub's number of the repository.", metadata=unit("identifier"))
    actor_kind = category(ACCOUNT_KINDS, "Bots are no people and are counted apart.")
    commits = Int64(min=1, description="Commits of the month.", metadata=unit("commits"))
    web_commits = Int64(
        min=0, description="Of these made on github.com, whose clock is not the author's.", metadata=unit("commits")
    )
    offsets = List(
        Struct({"utc_offset_minutes": Int64(), "commits": Int64(min=1)}),
        description="Histogram of the author's UTC offset over the other commits.",
        metadata=unit("minutes; commits"),
    )
    source_id = String(description="Source of the row (see NOTICE).")


class Accounts(Table):
    """Accounts behind forks and contributions: their kind and the place that their location text resolved to.

    The text is resolved in memory and kept nowhere.
    """

    LAYER = "ingest"
    NAME = "accounts"
    GRAIN = "actor"
    LIVE_ONLY = True
    PERSONAL = True

    actor = String(primary_key=True, regex=HASH_PATTERN, description="HMAC-SHA256 of the account's number.")
    kind = category(ACCOUNT_KINDS, "What the account is.")
    country = String(nullable=True, regex=REGION_PATTERN, description="ISO 3166-1 alpha-2, as declared.")
    admin1 = String(nullable=True, description="ISO 3166-2 code.")
    city_geonameid = Int64(
        nullable=True, min=1, description="GeoNames number of the city.", metadata=unit("identifier")
    )
    metro = String(nullable=True, regex=r"^metro:[a-z0-9-]+$", description="Watch-list area.")
    level = category(("country", "admin1", "city"), "How finely the text says it.", nullable=True)
    confidence = Float64(
        nullable=True,
        min=0,
        max=1,
        description="Probability that the country is right.",
        metadata=unit("probability"),
    )
    reason = String(description="Why there is an answer, or none: words of a closed list.")
    candidates = List(
        Struct({"country": String(), "weight": Float64()}),
        nullable=True,
        description="Countries that an open text leaves, with probabilities.",
        metadata=unit("probability"),
    )
    located_on = Date(description="Day on which the text was read last.", metadata=unit("date"))
    source_id = String(description="Source of the row (see NOTICE).")


class RepositoryReads(Table):
    """How far each listing of each tracked repository was read, and what stood in the way."""

    LAYER = "ingest"
    NAME = "repository_reads"
    GRAIN = "repository × listing"
    LIVE_ONLY = True

    repository = String(primary_key=True, description="Owner and name, as tracked.")
    listing = category(LISTINGS, "What was listed.", primary_key=True)
    database_id = Int64(min=1, description="GitHub's number of the repository.", metadata=unit("identifier"))
    access = category(ACCESSES, "As in repository_counts; restricted = a count above zero and an empty list.")
    complete = Bool(description="Whether the listing was read to its end at least once.")
    read_on = Date(nullable=True, description="Day of the last complete reading.", metadata=unit("date"))
    listed = Int64(
        nullable=True, min=0, description="Entries that GitHub counts: forks, or commits.", metadata=unit("entries")
    )
    kept = Int64(min=0, description="Rows of the table.", metadata=unit("rows"))
    unreadable = Int64(
        min=0,
        description="Entries without an account (hidden, deleted or not linked); they stay in the denominator.",
        metadata=unit("entries"),
    )
    reason = String(nullable=True, description="What stood in the way, last time.")
    source_id = String(description="Source of the row (see NOTICE).")


class DownloadLogs(Table):
    """Download logs that publishers donated, reduced at once to counts: who downloads from where, as the server saw it.

    Empty in the snapshot; docs/logs.md says how logs get in and what the counts mean. Counts of distinct people add up
    neither over places nor over days, so totals are rows of their own.
    """

    LAYER = "ingest"
    NAME = "download_logs"
    GRAIN = "platform × repository × kind × span × period × country × region"
    LIVE_ONLY = True

    platform = category(PLATFORMS, "Hub that kept the log.", primary_key=True)
    repository = String(primary_key=True, description="Account and name as the platform writes them.")
    repository_kind = category(REPOSITORY_KINDS, "What the repository holds.", primary_key=True)
    span = category(LOG_SPANS, "How long a time the row counts.", primary_key=True)
    period = Date(primary_key=True, description="First day of the span, UTC.", metadata=unit("date"))
    level = category(
        (LEVELS[0], *LEVELS[2:]),
        "What the row counts: everything, a country, or one part of it. Each request is in one part of its country.",
    )
    country = String(
        primary_key=True,
        regex=r"^([A-Z]{2}|world)$",
        description="ISO 3166-1 alpha-2 of the address, as the log says; ZZ = none or an unknown one; world = all.",
    )
    region_id = String(
        primary_key=True,
        regex=r"^(world|[A-Z]{2}|[A-Z]{2}-[A-Z0-9]{1,3}|metro:[a-z0-9-]+)$",
        description="The row's region: world, the country, a metro of the watch-list, or an ISO 3166-2 code without "
        "what lies in such a metro; the country and -ZZ = its part for which the log names nothing finer.",
    )
    requests = Int64(
        nullable=True,
        min=1,
        description="Requests that were answered, checks by HEAD included; null where hidden.",
        metadata=unit("requests"),
    )
    downloads = Int64(
        nullable=True,
        min=0,
        description="GET requests that sent a file or handed over to the content network; null where hidden.",
        metadata=unit("requests"),
    )
    downloaders = Int64(
        nullable=True,
        min=0,
        description="Distinct accounts, or addresses where nobody was signed in, that fetched a file or a part of one; "
        "null where hidden.",
        metadata=unit("people"),
    )
    suppressed = Bool(description="Whether the counts are hidden: too few people, or they would give such away.")
    source_id = String(description="Source of the row (see NOTICE).")

    @rule()
    def hidden_means_null(cls) -> pl.Expr:  # noqa: N805
        """Counts are null exactly where they are hidden, all three together."""
        counts = pl.col("requests", "downloads", "downloaders")
        return pl.all_horizontal(counts.is_null() == pl.col("suppressed"))

    @rule()
    def shown_rests_on_people(cls) -> pl.Expr:  # noqa: N805
        """Shown counts rest on at least 10 people."""
        return pl.col("suppressed") | (pl.col("downloaders") >= LEAST_PEOPLE)

    @rule()
    def region_is_in_country(cls) -> pl.Expr:  # noqa: N805
        """The region fits the level and the country."""
        region, country = pl.col("region_id"), pl.col("country")
        return (
            pl.when(pl.col("level").is_in(["world", "country"]))
            .then((region == country) & ((country == "world") == (pl.col("level") == "world")))
            .when(pl.col("level") == "admin1")
            .then(region.str.starts_with(country + "-"))
            .otherwise(region.str.starts_with("metro:"))
        )
