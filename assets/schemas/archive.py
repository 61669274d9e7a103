"""Tables of the archive: what a day, a month or a repository showed, kept for good, one file each.

Here: declarations only. Not here: what is kept when (`assets/archive`). A part without rows was not observed; that is
never a count of zero.
"""

import polars as pl

from assets.schemas.adoption import Estimates
from assets.schemas.columns import Date, Int64, String, rule
from assets.schemas.ingest import PackageDownloads, RepositoryReads
from assets.schemas.table import Table, category, unit
from assets.schemas.vocabulary import DOWNLOAD_DEFINITIONS, PLATFORMS

COUNTER_DEFINITIONS = DOWNLOAD_DEFINITIONS[:2]


class DailyCounters(Table):
    """Download counters of every model that was observed on a day; one file a day."""

    LAYER = "archive"
    NAME = "daily_counters"
    GRAIN = "platform × model × day × definition × source"

    platform = category(PLATFORMS, "Hub that counts.", primary_key=True)
    model_id = String(primary_key=True, description="Account and name as the platform writes them.")
    observed_on = Date(primary_key=True, description="Day of the observation.", metadata=unit("date"))
    definition = category(COUNTER_DEFINITIONS, "What the counter counts.", primary_key=True)
    source_id = String(primary_key=True, description="Source of the row (see NOTICE).")
    account = String(description="Account that uploads the model; personal accounts are pseudonyms.")
    downloads = Int64(min=0, description="Counter value on that day.", metadata=unit("requests"))


class MonthlyCounters(Table):
    """First and last counter of every model in a month, from the days that were observed; one file a month."""

    LAYER = "archive"
    NAME = "monthly_counters"
    GRAIN = "platform × model × month × definition × source"

    platform = category(PLATFORMS, "Hub that counts.", primary_key=True)
    model_id = String(primary_key=True, description="Account and name as the platform writes them.")
    month = Date(primary_key=True, description="First day of the month.", metadata=unit("date"))
    definition = category(
        COUNTER_DEFINITIONS, "What the counter counts; only all-time counters may be subtracted.", primary_key=True
    )
    source_id = String(primary_key=True, description="Source of the row (see NOTICE).")
    observed_days = Int64(min=1, description="Days of the month that were observed.", metadata=unit("days"))
    first_on = Date(description="First observed day of the month.", metadata=unit("date"))
    first_downloads = Int64(min=0, description="Counter on the first observed day.", metadata=unit("requests"))
    last_on = Date(description="Last observed day of the month.", metadata=unit("date"))
    last_downloads = Int64(min=0, description="Counter on the last observed day.", metadata=unit("requests"))

    @rule()
    def days_in_order(cls) -> pl.Expr:  # noqa: N805
        """The first observed day is not after the last."""
        return pl.col("first_on") <= pl.col("last_on")


class MonthlyPackageDownloads(PackageDownloads):
    """Downloads of tracked packages in a month, kept beyond the months that `ingest/package_downloads` asks for."""

    LAYER = "archive"
    NAME = "monthly_package_downloads"
    GRAIN = "package × country × month × installer class"
    LIVE_ONLY = True


class MonthlyEstimates(Estimates):
    """The estimates of a month as they stood when its file was last made; one file a month.

    The check `not_revised` says at the next making which shares moved since.
    """

    LAYER = "archive"
    NAME = "monthly_estimates"
    GRAIN = Estimates.GRAIN
    PUBLIC = False


class RepositoryListings(RepositoryReads):
    """How far the listings of one repository were read; one file a repository, which can be read by itself."""

    LAYER = "archive"
    NAME = "repository_listings"
    GRAIN = "repository × listing"
    LIVE_ONLY = True
