"""Tables that people curate beside the publisher registry, what is left to review, and regional builders' choices.

Here: declarations only. Not here: reading them and the rules that span their rows (`assets/origins`).
"""

import polars as pl

from assets.schemas.columns import Bool, Date, Float64, Int64, String, rule
from assets.schemas.ingest import REGION_PATTERN
from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import DOWNLOAD_DEFINITIONS, ORIGINS, PLATFORMS

REVIEW_NEEDS = ("unreviewed", "unregistered")
REPOSITORY_KINDS = ("model", "framework", "tool")
SIGNAL_CLASSES = ("model_helper", "vendor_sdk", "runtime", "framework")
VERIFICATIONS = ("public_index", "unverified")
DATE_BASES = ("release", "paper", "card", "report")


def _organisation() -> String:
    return String(min_length=1, description="Organisation, named as in the publisher registry where that has it.")


def _country() -> String:
    return String(
        regex=REGION_PATTERN, description="Country of the organisation's headquarters; ZZ = no single base established."
    )


def _origin() -> String:
    return category(ORIGINS, "Country group of the organisation's headquarters.")


def _verification(what: str) -> String:
    return category(VERIFICATIONS, f"public_index = {what}; unverified = curator's knowledge.")


class ReviewQueue(Table):
    """What is left to review: accounts without a reviewed registry row, by the downloads that rest on them."""

    LAYER = "attribute"
    NAME = "review_queue"
    GRAIN = "source × platform × account, on the newest day of the source"

    source_id = String(primary_key=True, description="Source of the downloads (see NOTICE).")
    platform = category(PLATFORMS, "Hub of the account.", primary_key=True)
    account = String(primary_key=True, description="Account, exact case; pseudonyms of persons are left out.")
    observed_on = Date(description="Newest day of the source.", metadata=unit("date"))
    definition = category(DOWNLOAD_DEFINITIONS[:2], "What the downloads count.")
    need = category(REVIEW_NEEDS, "unreviewed = has a row that nobody checked; unregistered = has no row.")
    organisation = String(nullable=True, description="Organisation of the row, where there is one.")
    headquarters = String(nullable=True, regex=REGION_PATTERN, description="Country that the row claims.")
    models = Int64(min=1, description="Models of the account in the source.", metadata=unit("models"))
    downloads = Int64(min=0, description="Downloads that rest on the account.", metadata=unit("requests"))
    share = Float64(min=0, max=1, description="Part of the source's downloads.", metadata=unit("share"))
    rank = Int64(
        min=1, description="Place in the queue of its source; most downloads rest on the first.", metadata=unit("place")
    )


class TrackedRepositories(Table):
    """Tracked GitHub repositories of models and frameworks, and whose they are."""

    LAYER = "attribute"
    NAME = "tracked_repositories"
    GRAIN = "repository"

    repository = String(
        primary_key=True, regex=r"^[\w.-]+/[\w.-]+$", description="Owner and name as GitHub spells them."
    )
    owner = String(description="Account that owns the repository.")
    organisation = _organisation()
    country = _country()
    origin = _origin()
    kind = category(
        REPOSITORY_KINDS, "model = carries a model line; framework = trains or runs any model; tool = other."
    )
    family = String(nullable=True, description="Model line, for models.")
    alias_of = String(nullable=True, description="Repository that this one was renamed to; the two are one.")
    verification = _verification("stored in a public index of GitHub under this name")
    verified_on = Date(nullable=True, description="Day of the look-up.", metadata=unit("date"))
    note = String(nullable=True, description="What a reader should know.")

    @rule()
    def verified_has_day(cls) -> pl.Expr:  # noqa: N805
        """A verified row has the day of the look-up, an unverified one has none."""
        return (pl.col("verification") == "unverified") == pl.col("verified_on").is_null()

    @rule()
    def model_has_family(cls) -> pl.Expr:  # noqa: N805
        """A repository of a model names its line."""
        return (pl.col("kind") != "model") | pl.col("family").is_not_null()


class TrackedPackages(Table):
    """PyPI packages that go with models, with the class of signal that their downloads carry."""

    LAYER = "attribute"
    NAME = "tracked_packages"
    GRAIN = "package"

    package = String(
        primary_key=True, regex=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Name on PyPI, normalised (PEP 503)."
    )
    organisation = _organisation()
    country = _country()
    origin = _origin()
    signal_class = category(
        SIGNAL_CLASSES,
        "model_helper = useless without the vendor's open models, the best proxy; vendor_sdk = client of a vendor's "
        "API, weak but specific; runtime = runs models of any origin, a denominator; framework = says which framework "
        "is used, not which model.",
    )
    family = String(nullable=True, description="Model line that the package is for.")
    headline = Bool(description="Whether downloads count for a side in the headline index.")
    verification = _verification("in a public list of PyPI's packages under this name")
    verified_on = Date(nullable=True, description="Day of the look-up.", metadata=unit("date"))
    note = String(nullable=True, description="What a reader should know.")

    @rule()
    def verified_has_day(cls) -> pl.Expr:  # noqa: N805
        """A verified row has the day of the look-up, an unverified one has none."""
        return (pl.col("verification") == "unverified") == pl.col("verified_on").is_null()

    @rule()
    def headline_takes_sides(cls) -> pl.Expr:  # noqa: N805
        """Only helpers and SDKs of Chinese and US vendors count for a side."""
        return ~pl.col("headline") | (
            pl.col("signal_class").is_in(["model_helper", "vendor_sdk"]) & pl.col("origin").is_in(["CN", "US"])
        )

    @rule()
    def exclusion_has_note(cls) -> pl.Expr:  # noqa: N805
        """A helper or SDK of a Chinese or US vendor that is kept out of the headline says why."""
        sided = pl.col("signal_class").is_in(["model_helper", "vendor_sdk"]) & pl.col("origin").is_in(["CN", "US"])
        return pl.col("headline") | ~sided | pl.col("note").is_not_null()


class Builders(Table):
    """Well-documented regional and national models: who built what, where, on whose base."""

    LAYER = "attribute"
    NAME = "builders"
    GRAIN = "organisation × model × base model"
    PUBLIC = True

    organisation = String(primary_key=True, min_length=1, description="Organisation that released the model.")
    model = String(primary_key=True, min_length=1, description="Model, as its builder names it.")
    base_model = String(primary_key=True, min_length=1, description="Model that it was built on.")
    country = String(
        regex=REGION_PATTERN, description="Home of the organisation, ISO 3166-1 alpha-2; neither CN nor US."
    )
    city = String(nullable=True, min_length=1, description="City of the organisation, English name, where known.")
    metro = String(nullable=True, regex=r"^metro:[a-z-]+$", description="Metro of the watch-list that holds the city.")
    base_organisation = String(min_length=1, description="Organisation that released the base.")
    base_country = String(regex=REGION_PATTERN, description="Headquarters of that organisation.")
    base_origin = category(("CN", "US", "other"), "Country group of the base.")
    released_on = Date(description="Day of the evidence's date, see date_basis.", metadata=unit("date"))
    date_basis = category(
        DATE_BASES,
        "What the day is: release = of the weights; paper = first version or month of the report; card = on the model "
        "card; report = when others reported the release.",
    )
    evidence_url = String(regex=r"^https://", description="Page that names the base.")
    verified_on = Date(description="Day on which the page was read.", metadata=unit("date"))
    note = String(nullable=True, description="What a reader should know.")

    @rule()
    def home_is_neither(cls) -> pl.Expr:  # noqa: N805
        """Regional choice is asked of organisations outside CN and US."""
        return ~pl.col("country").is_in(["CN", "US"])

    @rule()
    def origin_fits_country(cls) -> pl.Expr:  # noqa: N805
        """The base's group is that of its country."""
        two = pl.col("base_country").is_in(["CN", "US"])
        return pl.col("base_origin") == pl.when(two).then("base_country").otherwise(pl.lit("other"))


class BuilderChoices(Table):
    """Choices of a base by organisations whose home is neither CN nor US: one row a model and origin."""

    LAYER = "adoption"
    NAME = "builder_choices"
    GRAIN = "organisation × model × origin of a base"
    PUBLIC = True

    organisation = String(primary_key=True, min_length=1, description="Organisation that released the model.")
    model = String(primary_key=True, min_length=1, description="Model that it built.")
    origin = category(ORIGINS, "Country group of the weights that it was built on.", primary_key=True)
    country = String(regex=REGION_PATTERN, description="Home of the organisation on that day; neither CN nor US.")
    city = String(nullable=True, description="City of the organisation, where known.")
    metro = String(nullable=True, regex=r"^metro:[a-z-]+$", description="Metro of the watch-list that holds the city.")
    released_on = Date(description="Day of the release, as exact as known.", metadata=unit("date"))
    found_in = category(("curated", "lineage"), "curated = table builders; lineage = bases declared on the hub.")

    @rule()
    def home_is_neither(cls) -> pl.Expr:  # noqa: N805
        """Regional choice is asked of organisations outside CN and US."""
        return ~pl.col("country").is_in(["CN", "US", "ZZ"])


class StarHistory(Table):
    """Stars that tracked repositories gained by the week; counts alone, because who gave them is closed."""

    LAYER = "ingest"
    NAME = "star_history"
    GRAIN = "repository × week"
    PUBLIC = True
    LIVE_ONLY = True

    repository = String(primary_key=True, description="Owner and name, as tracked.")
    week = Date(primary_key=True, description="First day of the week, a Sunday.", metadata=unit("date"))
    stars = Int64(min=0, description="Stars gained in the week, as GitHub counts.", metadata=unit("stars"))
    source_id = String(description="Source of the row (see NOTICE).")
