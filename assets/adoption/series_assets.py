"""Series assets: the world's downloads by model family, and the months of regions.

Here: thin definitions and their checks. Not here: counting and formulas.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.adoption.assets import KINDS
from assets.checks import Check, Outcome, at_least, regions_known
from assets.declare import table_asset
from assets.schemas.series import FamilyTotals, RegionalMonths


def _sums_are_the_series(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    from assets.adoption.world_series import GROUP

    sides = ["CN", "US", "other", "unknown"]
    summed = frame.group_by(*GROUP, "coding").agg(
        pl.col("downloads").filter(pl.col("origin") == side).sum().alias(f"n_{side.lower()}_own") for side in sides
    )
    both = inputs["world_series"].join(summed, on=[*GROUP, "coding"], how="left")
    apart = both.filter(
        pl.any_horizontal(
            (pl.col(f"n_{side.lower()}") - pl.col(f"n_{side.lower()}_own").fill_null(0)).abs()
            > 1e-6 * (1 + pl.col(f"n_{side.lower()}"))
            for side in sides
        )
    )
    return Outcome(
        passed=apart.is_empty(),
        said=f"The families of {both.height} totals add up to them."
        if apart.is_empty()
        else f"The families of {apart.height} total(s) do not add up to them, the first being {apart.row(0)[:5]}.",
        figures={"totals": both.height},
    )


def _year_whole_or_hidden(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    from assets.adoption.people import SIGNALS

    people = frame.filter(pl.col("signal").is_in(SIGNALS) & (pl.col("state") != "not_observed"))
    mixed = (
        people.group_by("signal", "region_id", year=pl.col("month").dt.year())
        .agg((pl.col("state") == "suppressed").n_unique())
        .filter(pl.col("state") > 1)
    )
    return Outcome(
        passed=mixed.is_empty(),
        said="Every year of months is shown whole or not at all."
        if mixed.is_empty()
        else f"{mixed.height} year(s) of months are shown in part, the first in {mixed['region_id'][0]}.",
    )


@table_asset(
    FamilyTotals,
    kinds=KINDS,
    checks=[
        at_least(10),
        Check(
            name="sums_are_the_series",
            description="The families of a side add up to the side in table world_series.",
            run=_sums_are_the_series,
        ),
    ],
)
def family_totals(
    models: pl.DataFrame,
    model_download_totals: pl.DataFrame,
    model_origins: pl.DataFrame,
    publishers: pl.DataFrame,
    world_series: pl.DataFrame,
) -> pl.DataFrame:
    """Which model lines are the world's downloads of either side of?"""
    from assets.adoption.families import family_totals as totals_of

    return totals_of(models, model_download_totals, model_origins, publishers)


@table_asset(
    RegionalMonths,
    kinds=KINDS,
    checks=[
        regions_known("regions"),
        Check(
            name="year_whole_or_hidden",
            description="Nobody can tell a hidden month from the year that holds it.",
            run=_year_whole_or_hidden,
        ),
    ],
)
def regional_months(  # noqa: PLR0917 - Dagster passes positional inputs only
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    actor_places: pl.DataFrame,
    tracked_repositories: pl.DataFrame,
    estimates: pl.DataFrame,
    regions: pl.DataFrame,
) -> pl.DataFrame:
    """How did adoption move from month to month, in the regions where a month can be shown?"""
    from assets.adoption.regional_months import people_months
    from assets.adoption.regional_months import regional_months as months_of

    people = people_months(forks, contributions, actor_places, tracked_repositories, estimates)
    return months_of(people, estimates)
