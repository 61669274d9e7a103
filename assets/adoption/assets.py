"""Adoption assets: the cube, its estimates, the world series and the diagnostics.

Here: thin definitions and their checks. Not here: counting and formulas, what is shown beside the cube
(`exhibit_assets.py`), families and regional months (`series_assets.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome, at_least, regions_known
from assets.declare import table_asset
from assets.schemas.adoption import Diagnostics, Estimates, Observations, WorldSeries
from assets.schemas.allocation import AllocationChecks, Allocations
from assets.schemas.tracked import BuilderChoices
from assets.schemas.vocabulary import CODINGS

KINDS: Final = {"polars", "parquet"}
SURVEYED_ECONOMIES: Final = 111
ROUNDING: Final = 1e-9
"""Part of a total by which sums of floats may differ."""


def _every_economy(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    surveyed = frame.filter(pl.col("signal") == "survey_use")["region_id"].n_unique()
    return Outcome(
        passed=surveyed >= SURVEYED_ECONOMIES,
        said=f"{surveyed} surveyed economies; {SURVEYED_ECONOMIES} expected.",
        figures={"economies": surveyed},
    )


def _every_region(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    regions = inputs["regions"].height
    registered = frame.filter(pl.col("region_id").is_in(inputs["regions"]["region_id"].implode()))
    short = registered.group_by("signal", "period", "coding").len().filter(pl.col("len") != regions)
    return Outcome(
        passed=short.is_empty(),
        said=f"Every signal has a cell for each of {regions} regions."
        if short.is_empty()
        else f"Signals without a cell for each region: {', '.join(short['signal'])}.",
        figures={"regions": regions},
    )


def _survey_adds_up(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    sides = {"ANY_CN_OPEN": "n_cn", "ANY_US_OPEN": "n_us"}
    published = (
        inputs["survey_use"]
        .filter((pl.col("region_id") != "ZZ") & pl.col("model").is_in(list(sides)))
        .group_by("model", period="wave")
        .agg(pl.col("users").sum().cast(pl.Float64))
    )
    world = frame.filter((pl.col("signal") == "survey_use") & (pl.col("level") == "world"))
    shown = world.unpivot(list(sides.values()), index="period", variable_name="side", value_name="users")
    same = published.with_columns(side=pl.col("model").replace_strict(sides)).join(
        shown, on=["period", "side", "users"]
    )
    return Outcome(
        passed=same.height == published.height,
        said="The world's users of either side are "
        + ("" if same.height == published.height else "not ")
        + "the sum of the published counts.",
        figures={"sums": published.height},
    )


def _survey_reproduced(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    from assets.adoption.reproduced import not_reproduced

    compared, off = not_reproduced(frame, inputs["survey_use"])
    return Outcome(
        passed=not off,
        said=f"Not the survey's counts: {', '.join(off)}." if off else f"All {compared} counts are the survey's.",
        figures={"compared": compared, "off": len(off)},
    )


def _every_coding(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    from assets.adoption import world_series as series_of

    short = frame.group_by(series_of.GROUP).agg(pl.col("coding").n_unique()).filter(pl.col("coding") != len(CODINGS))
    return Outcome(
        passed=short.is_empty(),
        said="Every total stands under every coding."
        if short.is_empty()
        else f"{short.height} total(s) lack a coding.",
    )


def _downloads_kept(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    shown = frame.filter(
        (pl.col("panel") == "evaluation_registry")
        & (pl.col("definition") == "rolling_30d")
        & (pl.col("coding") == "weights")
    ).select(pl.sum_horizontal("n_cn", "n_us", "n_other", "n_unknown").sum())
    total = inputs["models"].filter(pl.col("source_id") == "hub_stats_frozen")["downloads_30d"].sum()
    kept = shown.item() / total
    return Outcome(
        passed=abs(kept - 1) < 1e-9,  # noqa: PLR2004
        said=f"{kept:.4%} of the downloads that went in came out split by origin.",
        figures={"kept_share": kept},
    )


def _finite(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    kinds = frame["diagnostic"].n_unique()
    return Outcome(
        passed=kinds >= 6,  # noqa: PLR2004
        said=f"{kinds} diagnostics.",
        figures={"diagnostics": kinds},
    )


def _curated_kept(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    lost = set(inputs["builders"]["organisation"]) - set(frame["organisation"])
    return Outcome(
        passed=not lost,
        said=f"Builders without a choice: {', '.join(sorted(lost))}."
        if lost
        else "Every curated builder has a choice.",
        figures=dict(frame.group_by("found_in").len().sort("found_in").iter_rows()),
    )


@table_asset(
    BuilderChoices,
    kinds=KINDS,
    checks=[Check(name="curated_kept", description="No curated builder is lost.", run=_curated_kept)],
)
def builder_choices(
    builders: pl.DataFrame,
    models: pl.DataFrame,
    model_parents: pl.DataFrame,
    model_origins: pl.DataFrame,
    publishers: pl.DataFrame,
) -> pl.DataFrame:
    """On whose weights do organisations outside China and the US build?"""
    from assets.adoption.derivatives import builder_choices as choices_of

    return choices_of(builders, models, model_parents, model_origins, publishers)


@table_asset(
    Observations,
    kinds=KINDS,
    checks=[
        regions_known("regions"),
        Check(name="every_economy", description="No surveyed economy is lost.", run=_every_economy),
    ],
)
def observations(  # noqa: PLR0917 - Dagster passes positional inputs only
    survey_use: pl.DataFrame,
    builder_choices: pl.DataFrame,
    package_downloads: pl.DataFrame,
    tracked_packages: pl.DataFrame,
    regions: pl.DataFrame,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    actor_places: pl.DataFrame,
    tracked_repositories: pl.DataFrame,
    download_logs: pl.DataFrame,
    model_origins: pl.DataFrame,
    publishers: pl.DataFrame,
) -> pl.DataFrame:
    """Who adopts whose models, as counted?"""
    from assets.adoption.derivatives import derivative_observations
    from assets.adoption.donated import donated_cells, donated_observations
    from assets.adoption.located import located_cells, located_observations
    from assets.adoption.packages import package_observations
    from assets.adoption.survey import survey_observations

    located = located_cells(forks, contributions, actor_places, tracked_repositories, regions)
    rows = [
        survey_observations(survey_use),
        derivative_observations(builder_choices),
        package_observations(package_downloads, tracked_packages, regions),
        located_observations(located),
        donated_observations(donated_cells(download_logs, model_origins, publishers, regions)),
    ]
    return pl.concat(part.select(Observations.column_names()) for part in rows)


@table_asset(
    WorldSeries,
    kinds=KINDS,
    checks=[
        at_least(50),
        Check(name="every_coding", description="No total shows one coding alone.", run=_every_coding),
        Check(name="downloads_kept", description="Splitting by origin neither loses nor adds.", run=_downloads_kept),
    ],
)
def world_series(
    models: pl.DataFrame,
    model_download_totals: pl.DataFrame,
    model_origins: pl.DataFrame,
    publishers: pl.DataFrame,
) -> pl.DataFrame:
    """How do downloads of Chinese and US models compare over time, under each definition and coding?"""
    from assets.adoption import world_series as series_of

    return series_of.world_series(models, model_download_totals, model_origins, publishers)


def _totals_kept(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    """Every weighting spreads the same total; what is shown of it in economies is no more, and all where all is shown.

    The pooled row of an economy is a mean over the weightings that tell of it, so that only its world is held here.
    """
    key = ["weighting", "coding"]
    downloads = pl.sum_horizontal("n_cn", "n_us")
    world = frame.filter((pl.col("level") == "world") & pl.col("n_cn").is_not_null()).select(*key, total=downloads)
    shown = frame.filter((pl.col("level") == "country") & (pl.col("weighting") != "pooled"))
    spread = shown.group_by(key).agg(shown=downloads.sum(), whole=pl.col("n_cn").is_not_null().all())
    both = world.join(spread, on=key, how="left")
    part = pl.col("shown") / pl.col("total")
    other_total = (pl.col("total") / pl.col("total").first().over("coding") - 1).abs() > ROUNDING
    more = (part > 1 + ROUNDING) | (pl.col("whole") & (part < 1 - ROUNDING))
    off = both.filter(other_total | more.fill_null(value=False))
    return Outcome(
        passed=off.is_empty() and world.height > 0,
        said=f"{both.height} allocations spread the world's total, and no economy holds what is not of it."
        if off.is_empty()
        else f"{off.height} allocation(s) lose or add downloads.",
        figures={"allocations": both.height},
    )


@table_asset(
    Allocations,
    kinds=KINDS,
    checks=[
        regions_known("regions"),
        Check(name="totals_kept", description="Spreading neither loses nor adds downloads.", run=_totals_kept),
    ],
)
def allocations(  # noqa: PLR0917 - Dagster passes positional inputs only
    world_series: pl.DataFrame,
    family_totals: pl.DataFrame,
    survey_use: pl.DataFrame,
    observations: pl.DataFrame,
    denominators: pl.DataFrame,
    regions: pl.DataFrame,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    actor_places: pl.DataFrame,
    tracked_repositories: pl.DataFrame,
) -> pl.DataFrame:
    """Where would the world's downloads of models lie, if they lay where something else does?"""
    from assets.adoption import allocation as allocation_of
    from assets.adoption.families import people_by_family

    people = people_by_family(forks, contributions, actor_places, tracked_repositories)
    return allocation_of.allocations(
        world_series, survey_use, observations, denominators, regions, families=family_totals, people=people
    )


@table_asset(AllocationChecks, kinds=KINDS, checks=[at_least(10)])
def allocation_checks(
    allocations: pl.DataFrame,
    survey_use: pl.DataFrame,
    observations: pl.DataFrame,
    denominators: pl.DataFrame,
    regions: pl.DataFrame,
) -> pl.DataFrame:
    """How far does the allocation move with its weighting, and does it predict what was logged?"""
    from assets.adoption import allocation_checks as checks_of

    return checks_of.allocation_checks(allocations, survey_use, observations, denominators, regions)


@table_asset(
    Estimates,
    kinds=KINDS,
    checks=[
        regions_known("regions"),
        Check(name="every_region", description="No region is without a cell and a state.", run=_every_region),
        Check(name="survey_adds_up", description="The world is the sum of its economies.", run=_survey_adds_up),
        Check(
            name="survey_reproduced",
            description="Counts of economies are those that the survey published.",
            run=_survey_reproduced,
        ),
    ],
)
def estimates(  # noqa: PLR0917 - Dagster passes positional inputs only
    survey_use: pl.DataFrame,
    builder_choices: pl.DataFrame,
    package_downloads: pl.DataFrame,
    tracked_packages: pl.DataFrame,
    regions: pl.DataFrame,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    actor_places: pl.DataFrame,
    tracked_repositories: pl.DataFrame,
    denominators: pl.DataFrame,
    download_logs: pl.DataFrame,
    model_origins: pl.DataFrame,
    publishers: pl.DataFrame,
    allocations: pl.DataFrame,
) -> pl.DataFrame:
    """What share of adoption is Chinese in each region, how sure is that, and what is not known?"""
    from assets.adoption import estimates as estimates_of
    from assets.adoption.donated import donated_cells
    from assets.adoption.located import located_cells

    located = located_cells(forks, contributions, actor_places, tracked_repositories, regions)
    donated = donated_cells(download_logs, model_origins, publishers, regions)
    return estimates_of.estimate(
        survey_use,
        builder_choices,
        package_downloads,
        tracked_packages,
        regions,
        denominators=denominators,
        located=located,
        donated=donated,
        allocations=allocations,
    )


@table_asset(
    Diagnostics,
    kinds=KINDS,
    checks=[
        Check(
            name="all_present",
            description="Every diagnostic has a result.",
            run=_finite,
            severity=dg.AssetCheckSeverity.WARN,
            blocking=False,
        )
    ],
)
def diagnostics(  # noqa: PLR0917 - Dagster passes positional inputs only
    denominators: pl.DataFrame,
    commit_offsets: pl.DataFrame,
    repositories: pl.DataFrame,
    world_series: pl.DataFrame,
    estimates: pl.DataFrame,
    model_download_totals: pl.DataFrame,
    package_downloads: pl.DataFrame,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    actor_places: pl.DataFrame,
    repository_reads: pl.DataFrame,
    repository_counts: pl.DataFrame,
) -> pl.DataFrame:
    """What can these signals not bear, and how far do they agree?"""
    from assets.adoption import audits as audits_of
    from assets.adoption import diagnostics as diagnostics_of

    embedded = diagnostics_of.diagnostics(denominators, commit_offsets, repositories, world_series)
    audited = audits_of.audits(
        estimates=estimates,
        denominators=denominators,
        totals=model_download_totals,
        downloads=package_downloads,
        forks=forks,
        contributions=contributions,
        places=actor_places,
        reads=repository_reads,
        counts=repository_counts,
    )
    columns = Diagnostics.column_names()
    return pl.concat([embedded.select(columns), audited.select(columns)]).sort(Diagnostics.primary_key())
