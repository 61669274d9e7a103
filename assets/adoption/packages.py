"""Package downloads (signal ``package_download``): from where the packages of vendors of either side are downloaded.

Here: counting table ``package_downloads`` by side, as observations and as cells. Not here: fetching it
(`assets/ingest/package_index`), which package is whose (`assets/origins/packages.csv`), shrinkage and metros.

What n is: requests for a file by a package manager, not people: build machines and clouds are most of it, and mirrors
hide whole countries. So a share compares sides within a place, never volumes between places; there is no interval of
sampling, because nothing was sampled; and a place is shown from 10 requests of either side on. Chinese and US counts
are those of packages in the headline index: helpers and SDKs of one vendor. Runtimes and frameworks, and clients that
serve models of any side (``openai``), count for none.

Only whole months of which the source holds at least half of the days are used; days that it lost are unknown.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from assets.adoption.leave_one_out import RANGE, without_one
from assets.adoption.suppression import UNSAID, Group, hidden_cells

UNLOCATED: Final = "ZZ"
LEAST: Final = 10
SIDED: Final = ("model_helper", "vendor_sdk")
SIDES: Final = ("CN", "US", "other", "unknown")
COUNTS: Final = tuple(f"n_{side.lower()}" for side in SIDES)
FEW: Final = f"Fewer than {LEAST} downloads of either side's packages, or as many elsewhere that totals would reveal."
NONE: Final = "No download of either side's packages, though others were downloaded here."


def _months(downloads: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of whole months of which at least half of the days are known."""
    whole = pl.col("through") == pl.col("month").dt.month_end()
    return downloads.filter(whole & (2 * pl.col("days") >= pl.col("month").dt.month_end().dt.day()))


def _counts() -> pl.Expr:
    """Return whether a row counts for its side."""
    sided = pl.col("signal_class").is_in(SIDED) & (pl.col("headline") | ~pl.col("origin").is_in(["CN", "US"]))
    return (pl.col("installer_class") == "package_manager") & sided


def _counted(downloads: pl.DataFrame, packages: pl.DataFrame) -> pl.DataFrame:
    """Return one row a region and month with any download of any tracked package, and the counts of each side."""
    counts = _counts()
    return (
        _months(downloads)
        .join(packages.select("package", "origin", "signal_class", "headline"), on="package")
        .group_by("region_id", "month", "source_id")
        .agg(
            pl.col("days").max(),
            *(
                pl.col("downloads").filter(counts & (pl.col("origin") == side)).sum().alias(name)
                for side, name in zip(SIDES, COUNTS, strict=True)
            ),
        )
        .rename({"month": "period"})
        .sort("period", "region_id")
    )


def _by_package(downloads: pl.DataFrame, packages: pl.DataFrame) -> pl.DataFrame:
    """Return downloads of each package of either side by economy and month, for the shares without one."""
    return (
        _months(downloads)
        .join(packages.select("package", "origin", "signal_class", "headline"), on="package")
        .filter(_counts() & pl.col("origin").is_in(["CN", "US"]) & (pl.col("region_id") != UNLOCATED))
        .group_by("source_id", "region_id", "origin", period="month", artefact="package")
        .agg(people=pl.col("downloads").sum(), only=pl.col("downloads").sum(), days=pl.col("days").max())
    )


def _rolled_up(
    countries: pl.DataFrame, regions: pl.DataFrame, key: Sequence[str], numbers: Sequence[str]
) -> pl.DataFrame:
    """Return economies, their subregions and the world, summed from counts."""
    sums = [pl.col("days").max(), *(pl.col(name).sum() for name in numbers)]
    placed = countries.join(regions.select("region_id", "parent_id"), on="region_id")
    subregions = (
        placed.filter(pl.col("parent_id") != "world")
        .group_by(*key, "parent_id")
        .agg(sums)
        .rename({"parent_id": "region_id"})
        .with_columns(level=pl.lit("subregion"))
    )
    world = countries.group_by(key).agg(sums).with_columns(level=pl.lit("world"), region_id=pl.lit("world"))
    own = placed.with_columns(level=pl.lit("country"))
    return pl.concat(part.select(*key, "region_id", "level", "days", *numbers) for part in (own, subregions, world))


def _hidden(rolled: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells to hide, by period and region: few downloads, or those that totals would reveal them by."""
    parents = dict(regions.filter(pl.col("level") == "country").select("region_id", "parent_id").iter_rows())
    n = pl.col("n_cn") + pl.col("n_us")
    sided = rolled.select("period", "level", "region_id", n=n).filter(pl.col("n") > 0)
    rows = []
    for (period,), own in sided.group_by(["period"], maintain_order=True):
        groups = [
            Group(country=country, admin1=UNSAID, metro=UNSAID, n=count, everybody=count)
            for country, count in own.filter(pl.col("level") == "country").select("region_id", "n").iter_rows()
        ]
        few = own.filter(pl.col("n") < LEAST)["region_id"]
        rows += [
            (period, region) for region in sorted({region for _, region in hidden_cells(groups, parents)} | {*few})
        ]
    return pl.DataFrame(rows, schema={"period": pl.Date, "region_id": pl.String}, orient="row")


def package_observations(downloads: pl.DataFrame, packages: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of table ``observations`` for package downloads, by economy and month.

    An economy without any download of any tracked package in a month has no row: it was not observed. What table
    ``estimates`` hides is hidden here too.

    Args:
        downloads: Table ``package_downloads``.
        packages: Table ``tracked_packages``.
        regions: Table ``regions``.
    """
    counted = _counted(downloads, packages).filter(pl.col("region_id") != UNLOCATED)
    hidden = _hidden(_rolled_up(counted, regions, ["period", "source_id"], COUNTS), regions)
    counted = counted.join(
        hidden.with_columns(hidden=pl.lit(value=True)), on=["period", "region_id"], how="left"
    ).with_columns(pl.when(pl.col("hidden").is_null()).then(pl.col(name)).alias(name) for name in COUNTS)
    return pl.concat(
        counted.select(
            "period",
            "region_id",
            "source_id",
            signal=pl.lit("package_download"),
            level=pl.lit("country"),
            coding=pl.lit("publisher"),
            origin=pl.lit(side),
            counted=pl.lit("downloads"),
            n=pl.col(name).cast(pl.Float64),
            n_low=pl.col(name).cast(pl.Float64),
            n_high=pl.col(name).cast(pl.Float64),
            respondents=pl.lit(None, pl.Int64),
            events=pl.col(name).cast(pl.Int64),
            evidence=pl.lit("logged"),
            state=pl.when(pl.col(name).is_null())
            .then(pl.lit("suppressed"))
            .when(pl.col(name) > 0)
            .then(pl.lit("value"))
            .otherwise(pl.lit("zero")),
        )
        for side, name in zip(SIDES, COUNTS, strict=True)
    ).sort("period", "region_id", "origin")


def package_cells(downloads: pl.DataFrame, packages: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of table ``estimates`` for package downloads: economies, subregions and the world by month.

    Bounds place all downloads without a country in the region, and all of unknown origin on one side, then on the
    other. Coverage is the located share of the sides' downloads.

    Args:
        downloads: Table ``package_downloads``.
        packages: Table ``tracked_packages``.
        regions: Table ``regions``.
    """
    counted = _counted(downloads, packages)
    countries = counted.filter(pl.col("region_id") != UNLOCATED)
    all_sides = pl.sum_horizontal(*COUNTS)
    nowhere = (
        counted.filter(pl.col("region_id") == UNLOCATED)
        .group_by("period")
        .agg(pl.col(name).sum().alias(f"lost_{name}") for name in COUNTS)
    )
    located = countries.group_by("period").agg(located=all_sides.sum())
    cell = ["period", "region_id"]
    rolled = _rolled_up(countries, regions, ["period", "source_id"], COUNTS)
    artefacts = _rolled_up(
        _by_package(downloads, packages), regions, ["period", "source_id", "origin", "artefact"], ["people", "only"]
    )
    left = without_one(artefacts, rolled.with_columns(n=pl.col("n_cn") + pl.col("n_us")), key=cell, least=LEAST)
    hidden = _hidden(rolled, regions).with_columns(hidden=pl.lit(value=True))
    cells = (
        rolled.join(left, on=cell, how="left")
        .join(hidden, on=cell, how="left")
        .join(nowhere, on="period", how="left")
        .join(located, on="period")
        .with_columns(pl.col(f"lost_{name}").fill_null(0) for name in COUNTS)
    )
    cn, us = pl.col("n_cn"), pl.col("n_us")
    loose = pl.col("n_unknown") + pl.col("lost_n_unknown")
    lost = pl.sum_horizontal(*(f"lost_{name}" for name in COUNTS))
    shown = (cn + us > 0) & pl.col("hidden").is_null()
    in_month = pl.col("period").dt.month_end().dt.day().cast(pl.Int64)

    def where_shown(figure: pl.Expr) -> pl.Expr:
        return pl.when(shown).then(figure.cast(pl.Float64))

    return cells.select(
        "period",
        "level",
        "region_id",
        "source_id",
        signal=pl.lit("package_download"),
        coding=pl.lit("publisher"),
        counted=pl.lit("downloads"),
        n=where_shown(cn + us),
        n_cn=where_shown(cn),
        n_us=where_shown(us),
        n_both=where_shown(pl.lit(0)),
        n_other=where_shown(pl.col("n_other")),
        n_unknown=where_shown(pl.col("n_unknown")),
        events=where_shown(cn + us).cast(pl.Int64),
        cn_share=where_shown(cn / (cn + us)),
        bound_low=where_shown(cn / (cn + us + loose + pl.col("lost_n_us"))),
        bound_high=where_shown((cn + loose + pl.col("lost_n_cn")) / (cn + us + loose + pl.col("lost_n_cn"))),
        coverage=where_shown(pl.col("located") / (pl.col("located") + lost)),
        n_located=where_shown(pl.col("located")),
        n_unlocated=where_shown(lost),
        **{name: pl.when(shown).then(name) for name in RANGE},
        evidence=pl.when(cn + us > 0).then(pl.lit("logged")),
        state=pl.when(cn + us == 0)
        .then(pl.lit("not_observed"))
        .when(~shown)
        .then(pl.lit("suppressed"))
        .when(cn > 0)
        .then(pl.lit("value"))
        .otherwise(pl.lit("zero")),
        reason=pl.when(cn + us == 0)
        .then(pl.lit(NONE))
        .when(~shown)
        .then(pl.lit(FEW))
        .when(pl.col("days") < in_month)
        .then(pl.format("{} of {} days are counted: the source lost the others.", "days", in_month)),
    )
