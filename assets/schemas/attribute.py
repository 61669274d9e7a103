"""Tables of the attribute layer: whose a model is, and where places are.

Here: declarations only. Not here: the registry's rules (`assets/origins`), geometry (`maps/geometry`).
"""

import polars as pl

from assets.schemas.columns import Bool, Date, Float64, Int64, String, rule
from assets.schemas.ingest import REGION_PATTERN
from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import CODINGS, LEVELS, ORIGIN_METHODS, ORIGINS, PLATFORMS, RELATIONS

NAME_KINDS = (
    *("country", "admin1", "admin2", "city", "region", "area", "institution", "code", "nonplace", "multinational"),
)
REVIEW_STATES = ("reviewed", "group_reviewed", "unreviewed")


class Publishers(Table):
    """Publisher registry: whose account it is, where that organisation sits, and how sure we are."""

    LAYER = "attribute"
    NAME = "publishers"
    GRAIN = "platform × account × validity interval"
    PUBLIC = True

    platform = category(PLATFORMS, "Hub of the account.", primary_key=True)
    account = String(primary_key=True, description="Account, exact case.")
    organisation = String(description="Organisation behind the account.")
    headquarters = String(
        regex=REGION_PATTERN, description="Country of the headquarters, ISO 3166-1 alpha-2; ZZ = no single base."
    )
    city = String(nullable=True, min_length=1, description="City of the headquarters, English name, where known.")
    control = String(
        regex=REGION_PATTERN, description="Founding or controlling country, ISO 3166-1 alpha-2; ZZ = none."
    )
    valid_from = Date(primary_key=True, description="First day on which the row holds.", metadata=unit("date"))
    valid_to = Date(
        nullable=True, description="First day on which it no longer holds; null = still valid.", metadata=unit("date")
    )
    alias_of = String(nullable=True, description="Account that this one was renamed to.")
    organisation_type = String(description="company, university, individual, …")
    families = String(nullable=True, description="Model families, separated by semicolons.")
    role = category(("lab", "repackager", "finetuner", "community", "platform", "individual"), "What the account does.")
    review_state = category(
        REVIEW_STATES,
        "reviewed = headquarters confirmed by the evidence; group_reviewed = only the group (neither CN nor US) "
        "is; unreviewed = curator's knowledge, not checked.",
    )
    evidence_url = String(nullable=True, description="Page or file that confirms the headquarters.")
    reviewed_on = Date(nullable=True, description="Day of the review.", metadata=unit("date"))
    note = String(nullable=True, description="What a reader should know.")

    @rule()
    def review_has_evidence(cls) -> pl.Expr:  # noqa: N805
        """A reviewed row cites its evidence and day."""
        return (pl.col("review_state") == "unreviewed") | (
            pl.col("evidence_url").is_not_null() & pl.col("reviewed_on").is_not_null()
        )

    @rule()
    def no_single_base_has_note(cls) -> pl.Expr:  # noqa: N805
        """A publisher without a country says why."""
        return (pl.col("headquarters") != "ZZ") | pl.col("note").is_not_null()

    @rule()
    def no_single_base_has_no_city(cls) -> pl.Expr:  # noqa: N805
        """A publisher without a country has no city."""
        return (pl.col("headquarters") != "ZZ") | pl.col("city").is_null()

    @rule()
    def interval_is_ordered(cls) -> pl.Expr:  # noqa: N805
        """The interval ends after it begins."""
        return pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("valid_from"))


class ModelOrigins(Table):
    """Origin of each model under each coding, with the way it was found.

    Beside the listed models it has those that only the lineage names, because others were made from them.
    """

    LAYER = "attribute"
    NAME = "model_origins"
    GRAIN = "platform × model × stretch of the registry × coding × country"

    platform = category(PLATFORMS, "Hub of the model.", primary_key=True)
    model_id = String(primary_key=True, description="Account and name as the platform writes them.")
    registry_since = Date(
        primary_key=True,
        description="First day of the stretch in which the publisher registry says the same; a figure takes the "
        "origins of its own day.",
        metadata=unit("date"),
    )
    coding = category(CODINGS, "The question that the origin answers.", primary_key=True)
    country = String(
        primary_key=True,
        regex=REGION_PATTERN,
        description="Country of origin, ISO 3166-1 alpha-2; ZZ = unknown, for the reason in root_method.",
    )
    origin = category(ORIGINS, "Country group.")
    weight = Float64(
        min_exclusive=0.0,
        max=1.0 + 1e-9,
        description="Part of the model that has this country; merges are split equally over their parents.",
        metadata=unit("share"),
    )
    unreviewed_weight = Float64(
        min=0.0,
        max=1.0 + 1e-9,
        description="Part of the weight that rests on unreviewed rows of the publisher registry; under the control "
        "coding all that is known, because control is always the curator's judgement.",
        metadata=unit("share"),
    )
    family = String(
        nullable=True,
        description="Model lines that this part goes back to, separated by semicolons; null where none is known.",
    )
    relation = category(
        RELATIONS,
        "How the model was made from its declared parents; of several the first of merge, adapter, quantized, "
        "finetune. Null where it declares none.",
        nullable=True,
    )
    method = category(ORIGIN_METHODS, "How the origin was found, or why it is unknown.")
    root_method = category(
        ORIGIN_METHODS,
        "How the origin of the roots was found, or why it is unknown; where they differ, that of the largest part.",
    )
    depth = Int64(
        min=0, description="Longest chain of declared parents that the coding followed.", metadata=unit("steps")
    )


class Regions(Table):
    """Region registry: economies and territories, subregions, metros."""

    LAYER = "attribute"
    NAME = "regions"
    GRAIN = "region"
    PUBLIC = True

    region_id = String(primary_key=True, description="ISO 3166-1 alpha-2, ISO 3166-2, metro:NAME, m49:CODE or world.")
    level = category(LEVELS, "Kind of region.")
    name = String(min_length=1, description="English short name.")
    parent_id = String(nullable=True, description="Region that contains it; null for the world.")
    iso3 = String(nullable=True, description="ISO 3166-1 alpha-3 of an economy.")
    m49 = String(nullable=True, description="UN M49 code, three digits.")
    longitude = Float64(nullable=True, min=-180, max=180, description="Anchor point.", metadata=unit("degrees"))
    latitude = Float64(nullable=True, min=-90, max=90, description="Anchor point.", metadata=unit("degrees"))
    area_km2 = Float64(nullable=True, min=0, description="Area of the drawn shape.", metadata=unit("square kilometres"))
    drawn = Bool(description="Whether the map has a shape for it.")
    note = String(nullable=True, description="Worldview or vintage note.")


class Gazetteer(Table):
    """What the gazetteer of profile locations knows: names by kind and country. The names are compiled per machine."""

    LAYER = "attribute"
    NAME = "gazetteer"
    GRAIN = "kind × country"

    kind = category(
        NAME_KINDS,
        "What the names mean. region = part of a country that is no subdivision; area, institution = in a city; code = "
        "abbreviation beside another name; nonplace = word that names no place; multinational = several countries.",
        primary_key=True,
    )
    country = String(
        primary_key=True,
        regex=REGION_PATTERN,
        description="ISO 3166-1 alpha-2; ZZ = the names of no country (nonplace, multinational).",
    )
    names = Int64(min=1, description="Different names, in any script.", metadata=unit("names"))
    places = Int64(min=0, description="Different places with a GeoNames number.", metadata=unit("places"))
    version = String(
        regex=r"^[0-9a-f]{16}$", description="Hash of packages, tables and code that the gazetteer is compiled from."
    )


class ActorPlaces(Table):
    """Where each actor lives, as far as the actor says so or other evidence allows; nothing that names a person."""

    LAYER = "attribute"
    NAME = "actor_places"
    GRAIN = "actor"
    PERSONAL = True

    actor = String(
        primary_key=True,
        regex=r"^[0-9a-f]{64}$",
        description="HMAC-SHA256 of the account's number under the key of the store.",
    )
    country = String(nullable=True, regex=REGION_PATTERN, description="ISO 3166-1 alpha-2; null where nothing says it.")
    admin1 = String(nullable=True, description="ISO 3166-2 code; declared places only.")
    city_geonameid = Int64(
        nullable=True,
        min=1,
        description="GeoNames number of the city; declared places only.",
        metadata=unit("identifier"),
    )
    metro = String(nullable=True, regex=r"^metro:[a-z0-9-]+$", description="Watch-list area; declared places only.")
    level = category(
        ("country", "admin1", "city", "metro"), "How finely the place is known; null where it is not.", nullable=True
    )
    confidence = Float64(
        nullable=True,
        min=0,
        max=1,
        description="Probability that the country is right; null where there is none or it was never measured.",
        metadata=unit("probability"),
    )
    evidence = category(
        ("declared", "inferred"),
        "declared = the location text says it; inferred = UTC offsets or an e-mail country domain; null where "
        "there is no country.",
        nullable=True,
    )
    reason = String(nullable=True, description="Why there is no place, or what an inferred one rests on.")

    @rule()
    def country_has_evidence(cls) -> pl.Expr:  # noqa: N805
        """A country, its level and its evidence stand together."""
        known = pl.col("country").is_not_null()
        return (known == pl.col("evidence").is_not_null()) & (known == pl.col("level").is_not_null())

    @rule()
    def silence_has_reason(cls) -> pl.Expr:  # noqa: N805
        """An actor without a country, or with an inferred one, has a reason."""
        return (pl.col("evidence") == "declared").fill_null(value=False) | pl.col("reason").is_not_null()

    @rule()
    def inferred_is_country(cls) -> pl.Expr:  # noqa: N805
        """Offsets and mail domains say nothing finer than a country."""
        finer = pl.any_horizontal(pl.col("admin1", "city_geonameid", "metro").is_not_null())
        return ~finer | (pl.col("evidence") == "declared").fill_null(value=False)
