"""Archive assets: what a day, a month or a repository showed, in parts that can be made one by one or a year at once.

Here: thin definitions. Not here: counters (`counters.py`), what parts are (`assets/partitions.py`), the tables that are
replaced as a whole in every run and that everything else rests on (`assets/ingest`, `assets/adoption`).

Nothing but these assets reads the archive. `atlas build` does not make it: it is made in live mode as its inputs
change, and back-filled from the UI. What has no inputs, months of PyPI and single repositories, is made by hand or by a
sensor.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome
from assets.ingest.assets import PACKAGE_INDEX_POOL
from assets.ingest.github.assets import GITHUB_POOL, read_repositories
from assets.partitions import DAYS, MONTHS, REPOSITORY, kept_part, partitioned_asset, parts_of
from assets.run import Run
from assets.schemas.archive import (
    DailyCounters,
    MonthlyCounters,
    MonthlyEstimates,
    MonthlyPackageDownloads,
    RepositoryListings,
)

KINDS: Final = {"polars", "parquet"}
REVISIONS_SHOWN: Final = 10


@partitioned_asset(DailyCounters, partitions=DAYS, by="observed_on", kinds={*KINDS, "huggingface"}, source="hub")
def daily_counters(run: Run, models: pl.DataFrame, model_download_totals: pl.DataFrame) -> pl.DataFrame:
    """Where did the download counters of models stand on a day?

    A hub shows only today's counters, so that a day nobody observed stays empty for good.
    """
    from assets.archive import counters

    return counters.daily_counters(models, model_download_totals)


@partitioned_asset(MonthlyCounters, partitions=MONTHS, by="month", kinds={*KINDS, "huggingface"}, source="hub")
def monthly_counters(run: Run, daily_counters: pl.DataFrame) -> pl.DataFrame:
    """How far did the download counters of models move within a month, as far as its days were observed?"""
    from assets.archive import counters

    return counters.monthly_counters(daily_counters)


@partitioned_asset(
    MonthlyPackageDownloads,
    partitions=MONTHS,
    by="month",
    kinds={*KINDS, "clickhouse"},
    source="package_index",
    pool=PACKAGE_INDEX_POOL,
)
def monthly_package_downloads(context: dg.AssetExecutionContext, run: Run) -> pl.DataFrame:
    """From where were the packages of Chinese and US models downloaded in a month, also long ago?

    A back-fill asks the source for the months that are not in the store yet; without rows in the snapshot.
    """
    from assets.ingest.alone import alone

    if not run.reads_sources:
        return MonthlyPackageDownloads.create_empty()
    from assets.ingest.package_index import months as package_months

    log = dg.get_dagster_logger()
    asked = [date.fromisoformat(key) for key in context.partition_keys]
    with alone(package_months.folder(run.store_path), "PyPI's downloads"):
        return package_months.package_months(
            run.store_path, asked, today=datetime.now(UTC).date(), log=log, tell=log.info
        )


def _not_revised(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    from assets.archive import counters

    run: Run = inputs["run"]
    moved: list[pl.DataFrame] = []
    compared = 0
    months = frame["period"].dt.truncate("1mo").unique().sort().dt.strftime("%Y-%m-%d").to_list()
    for month, now in parts_of(frame, "period", MONTHS, months).items():
        before = kept_part(run.store_path, "archive/monthly_estimates", month)
        if before is None or before.is_empty() or before.columns != now.columns:
            continue
        compared += 1
        if (revisions := counters.revisions(before, now)).height:
            moved.append(revisions.with_columns(month=pl.lit(month)))
    if not moved:
        said = f"The shares of {compared} month(s) are as they were kept."
        return Outcome(passed=True, said=said, figures={"compared": compared, "revised": 0})
    cells = pl.concat(moved).sort("moved", descending=True, nulls_last=False)
    return Outcome(
        passed=False,
        said=f"Shares moved since they were kept, in {', '.join(cells['month'].unique().sort())}.",
        figures={
            "compared": compared,
            "revised": len(moved),
            "cells": cells.height,
            "largest": "; ".join(counters.revision(row) for row in cells.head(REVISIONS_SHOWN).to_dicts()),
        },
    )


@partitioned_asset(
    MonthlyEstimates,
    partitions=MONTHS,
    by="period",
    kinds=KINDS,
    checks=[
        Check(
            name="not_revised",
            description="The shares of the month are those that were kept before.",
            run=_not_revised,
            severity=dg.AssetCheckSeverity.WARN,
            blocking=False,
        )
    ],
)
def monthly_estimates(run: Run, estimates: pl.DataFrame) -> pl.DataFrame:
    """What did the atlas say about a month, when it last said so?"""
    return estimates


@partitioned_asset(
    RepositoryListings,
    partitions=REPOSITORY,
    by="repository",
    kinds={*KINDS, "github"},
    source="github",
    pool=GITHUB_POOL,
)
def repository_listings(context: dg.AssetExecutionContext, run: Run, repository_counts: pl.DataFrame) -> pl.DataFrame:
    """How far was each listing of a repository read?

    Making a part reads what is new of that repository into the store's journals, from which the next run makes the
    tables; without rows in the snapshot. A run of `ingest/repository_reads` marks the parts that it read to the end.
    """
    if not run.reads_sources:
        return RepositoryListings.create_empty()
    return read_repositories(run, repository_counts, context.partition_keys)
