"""Column lineage: from which columns of its inputs a column of a table comes.

Here: the rule that finds most of it, and the columns that have to be told. Not here: how Dagster shows it
(`assets/declare.py`), what a formula does (docs/estimates.md).

A column comes from the columns of the same name in the tables that its asset reads, and from those that `TOLD` names.
Columns that comment on their own row (`OWN`) come from no other.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from assets.schemas import TABLES

OWN: Final = frozenset({"reason", "note", "verdict", "state"})
"""Words that several tables use for what each of them says about its own rows."""

COUNTS: Final = (
    "survey_use.users",
    "builder_choices.origin",
    "package_downloads.downloads",
    "tracked_packages.origin",
    "forks.actor",
    "contributions.actor",
    "actor_places.country",
    "tracked_repositories.origin",
    "download_logs.downloaders",
    "model_origins.weight",
)
"""What the cube counts, and by what it is split into sides."""

TIMES: Final = (
    "survey_use.wave",
    "builder_choices.released_on",
    "package_downloads.month",
    "forks.created_on",
    "contributions.month",
    "download_logs.period",
)
SHARES: Final = ("estimates.cn_share", "estimates.cn_share_low", "estimates.cn_share_high")
DOWNLOADS: Final = (
    "models.downloads_30d",
    "models.downloads_all_time",
    "model_download_totals.downloads",
    "model_origins.weight",
)

TOLD: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "attribute/model_origins": {
        "registry_since": ("publishers.valid_from",),
        "country": ("publishers.headquarters", "publishers.control", "model_parents.parent_id"),
        "origin": ("publishers.headquarters", "publishers.control", "model_parents.parent_id"),
        "weight": ("model_parents.parent_id", "model_parents.relation"),
        "unreviewed_weight": ("publishers.review_state",),
        "method": ("publishers.role", "model_parents.relation"),
        "depth": ("model_parents.parent_id",),
    },
    "attribute/actor_places": {
        "country": ("contributions.offsets", "denominators.value"),
        "evidence": ("accounts.country", "contributions.offsets"),
        "confidence": ("contributions.offsets",),
    },
    "attribute/gazetteer": {"country": ("regions.region_id",), "names": ("regions.name",)},
    "attribute/review_queue": {
        "models": ("models.model_id", "model_download_totals.model_id"),
        "share": ("models.downloads_30d", "model_download_totals.downloads"),
        "rank": ("models.downloads_30d", "model_download_totals.downloads"),
    },
    "ingest/accounts": dict.fromkeys(
        ("kind", "country", "admin1", "level", "confidence"), ("forks.actor", "contributions.actor")
    ),
    "ingest/repository_reads": {"kept": ("forks.actor", "contributions.actor")},
    "archive/monthly_counters": {
        "month": ("daily_counters.observed_on",),
        "first_on": ("daily_counters.observed_on",),
        "last_on": ("daily_counters.observed_on",),
        "first_downloads": ("daily_counters.downloads",),
        "last_downloads": ("daily_counters.downloads",),
    },
    "archive/daily_counters": {
        "definition": ("model_download_totals.definition",),
        "downloads": ("models.downloads_30d", "models.downloads_all_time", "model_download_totals.downloads"),
    },
    "adoption/builder_choices": {"found_in": ("builders.organisation", "models.account")},
    "adoption/observations": {
        "period": TIMES,
        "n": COUNTS,
        "n_low": ("survey_use.suppressed", *COUNTS),
        "n_high": ("survey_use.suppressed", *COUNTS),
        "events": ("package_downloads.downloads", "contributions.commits", "download_logs.requests"),
        "origin": COUNTS,
    },
    "adoption/estimates": {
        "period": TIMES,
        **dict.fromkeys(("n", "n_cn", "n_us", "n_both", "n_other", "n_unknown", "cn_share"), COUNTS),
        **dict.fromkeys(("cn_share_low", "cn_share_high", "cn_share_shrunk", "location_quotient"), COUNTS),
        "bound_low": ("survey_use.suppressed", "actor_places.evidence", *COUNTS),
        "bound_high": ("survey_use.suppressed", "actor_places.evidence", *COUNTS),
        "coverage": ("actor_places.evidence", "package_downloads.region_id"),
        "events": ("package_downloads.downloads", "contributions.commits", "download_logs.requests"),
        "cn_per_million": ("denominators.value", *COUNTS),
        "us_per_million": ("denominators.value", *COUNTS),
        "cn_per_1000_developers": ("denominators.value", *COUNTS),
        "us_per_1000_developers": ("denominators.value", *COUNTS),
    },
    "adoption/world_series": {
        "period": ("models.observed_on", "model_download_totals.observed_on"),
        **dict.fromkeys(("n_cn", "n_us", "n_other", "n_unknown", "cn_share"), DOWNLOADS),
        "bound_low": ("model_origins.unreviewed_weight", *DOWNLOADS),
        "bound_high": ("model_origins.unreviewed_weight", *DOWNLOADS),
        "n_unreviewed": ("model_origins.unreviewed_weight", "models.downloads_30d"),
        "models": ("models.model_id", "model_download_totals.model_id"),
        "accounts": ("models.account", "model_download_totals.account"),
    },
    "adoption/family_totals": {
        "period": ("models.observed_on", "model_download_totals.observed_on"),
        "downloads": DOWNLOADS,
        "models": ("models.model_id", "model_download_totals.model_id"),
    },
    "adoption/regional_months": {
        "month": ("forks.created_on", "contributions.month", "estimates.period"),
        **dict.fromkeys(
            ("n", "n_cn", "n_us", "n_other", "n_unknown", "cn_share", "cn_share_low", "cn_share_high"),
            ("forks.actor", "contributions.actor", "actor_places.country", "tracked_repositories.origin"),
        ),
    },
    "adoption/specifications": {
        "n": DOWNLOADS,
        "tasks": ("models.task",),
        "cn_of_all": DOWNLOADS,
        "us_of_all": DOWNLOADS,
        "untagged": ("models.task",),
    },
    "adoption/licences": {
        "period": ("models.observed_on",),
        "makers": ("publishers.role",),
        "size_band": ("models.parameters",),
        "release_year": ("models.created_on",),
        "licence_class": ("models.licence",),
        "models": ("models.model_id",),
        "of_models": ("models.model_id",),
        "share": ("models.licence", "model_origins.weight"),
    },
    "adoption/allocations": {
        "weight_n": ("survey_use.users", "observations.n", "denominators.value"),
        "n_cn": (
            "world_series.n_cn",
            "family_totals.downloads",
            "survey_use.users",
            "observations.n",
            "denominators.value",
        ),
        "n_us": (
            "world_series.n_us",
            "family_totals.downloads",
            "survey_use.users",
            "observations.n",
            "denominators.value",
        ),
        "cn_share": ("world_series.cn_share", "survey_use.users", "observations.n"),
    },
    "adoption/allocation_checks": {
        "mean_error": ("allocations.cn_share", "observations.n"),
        "rank_correlation": ("allocations.cn_share", "observations.n"),
        "interval_coverage": ("allocations.cn_share_low", "allocations.cn_share_high", "observations.n"),
    },
    "adoption/diagnostics": {
        "value": ("denominators.value", "world_series.cn_share", *SHARES),
        "subject": ("repositories.repository", "denominators.region_id"),
    },
    "adoption/event_windows": {
        "effect": ("models.created_on", "world_series.n_cn", "forks.created_on", "contributions.month"),
    },
    "adoption/validations": {
        "ours": ("world_series.cn_share", "denominators.value", "models.downloads_30d"),
        "agrees": ("world_series.cn_share", "denominators.value", "models.downloads_30d"),
    },
    "adoption/claims": {
        "value": ("estimates.cn_share", "licences.share", "event_windows.effect"),
        "low": ("estimates.cn_share_low", "event_windows.effect_low"),
        "high": ("estimates.cn_share_high", "event_windows.effect_high"),
        "subject": ("estimates.region_id", "licences.origin", "event_windows.event_id"),
    },
}
"""By asset and column: the columns (``table.column``) that have another name, or that a formula joins."""


def column_lineage(asset: str, inputs: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """Return for each column of a table the columns that it comes from, as pairs of asset and column.

    What `TOLD` says of tables that are not read is left out here, and found by ``untrue``, which a test asks.

    Args:
        asset: Key of the table (``layer/table``).
        inputs: Keys of the tables that its asset reads.
    """
    read = {key.rpartition("/")[2]: key for key in inputs if key in TABLES}
    told = TOLD.get(asset, {})
    found: dict[str, list[tuple[str, str]]] = {}
    for column in TABLES[asset].column_names():
        same = [(key, column) for key in read.values() if column not in OWN and column in TABLES[key].column_names()]
        named = [
            (read[table], name) for table, name in map(_split, told.get(column, ())) if _is_column(read, table, name)
        ]
        if together := list(dict.fromkeys([*named, *same])):
            found[column] = together
    return found


def untrue(asset: str, inputs: Iterable[str]) -> list[str]:
    """Return what `TOLD` says of a table that is not so: columns that it, or a table that its asset reads, lacks.

    Args:
        asset: Key of the table.
        inputs: Keys of the tables that its asset reads.
    """
    read = {key.rpartition("/")[2]: key for key in inputs if key in TABLES}
    told = TOLD.get(asset, {})
    own = [f"{asset}.{column}" for column in told if column not in TABLES[asset].column_names()]
    return own + [source for sources in told.values() for source in sources if not _is_column(read, *_split(source))]


def _split(source: str) -> tuple[str, str]:
    table, _, column = source.partition(".")
    return table, column


def _is_column(read: Mapping[str, str], table: str, column: str) -> bool:
    return table in read and column in TABLES[read[table]].column_names()
