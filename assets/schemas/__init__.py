"""Every table of the atlas, declared once: validation, data dictionary and Dagster metadata come from here."""

from assets.schemas.adoption import Diagnostics, Estimates, Observations, WorldSeries
from assets.schemas.allocation import AllocationChecks, Allocations
from assets.schemas.archive import (
    DailyCounters,
    MonthlyCounters,
    MonthlyEstimates,
    MonthlyPackageDownloads,
    RepositoryListings,
)
from assets.schemas.attribute import ActorPlaces, Gazetteer, ModelOrigins, Publishers, Regions
from assets.schemas.claims import Claims
from assets.schemas.events import EventWindows
from assets.schemas.exhibits import Licences, Specifications
from assets.schemas.ingest import (
    Accounts,
    CommitOffsets,
    Contributions,
    Denominators,
    DownloadLogs,
    Forks,
    ModelDownloadTotals,
    ModelParents,
    Models,
    PackageDownloads,
    Repositories,
    RepositoryCounts,
    RepositoryReads,
    SurveyUse,
)
from assets.schemas.series import FamilyTotals, RegionalMonths
from assets.schemas.sources import Standings
from assets.schemas.table import Table, TableError, validate
from assets.schemas.tracked import (
    BuilderChoices,
    Builders,
    ReviewQueue,
    StarHistory,
    TrackedPackages,
    TrackedRepositories,
)
from assets.schemas.validations import Validations

TABLES: dict[str, type[Table]] = {
    f"{table.LAYER}/{table.NAME}": table
    for table in (
        Models,
        ModelParents,
        ModelDownloadTotals,
        SurveyUse,
        Denominators,
        Repositories,
        CommitOffsets,
        PackageDownloads,
        RepositoryCounts,
        Forks,
        Contributions,
        Accounts,
        RepositoryReads,
        StarHistory,
        DownloadLogs,
        Standings,
        Publishers,
        ReviewQueue,
        TrackedRepositories,
        TrackedPackages,
        Builders,
        ModelOrigins,
        Regions,
        Gazetteer,
        ActorPlaces,
        BuilderChoices,
        Observations,
        WorldSeries,
        FamilyTotals,
        Allocations,
        AllocationChecks,
        Estimates,
        RegionalMonths,
        Specifications,
        Licences,
        Diagnostics,
        EventWindows,
        Validations,
        Claims,
        DailyCounters,
        MonthlyCounters,
        MonthlyPackageDownloads,
        MonthlyEstimates,
        RepositoryListings,
    )
}
"""All declarations by asset key (``layer/table``), in the order the data flow."""

__all__ = ["TABLES", "Table", "TableError", "validate"]
