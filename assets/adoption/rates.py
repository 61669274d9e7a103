"""Rates: people on either side per million inhabitants and per 1,000 developers on GitHub.

Here: dividing counts of people by table ``denominators``. Not here: the counts; maps of volumes, which these are not.

A rate exists only where people are counted who were not drawn as a sample: forks, contributions and downloaders of
donated logs. Respondents of a survey per million inhabitants would measure the survey, and requests per inhabitant the
build machines. It exists for economies, and for subregions and the world where every economy with people of the signal
has a denominator. Who has no place is in no rate but the world's, so that a rate is a least figure.
"""

from datetime import timedelta
from typing import Final

import polars as pl

RATED: Final = ("fork", "contribution", "model_download")
COUNTED: Final = ("people", "downloaders")
MEASURES: Final = {
    "population": ("million", 1_000_000, timedelta(days=5 * 366)),
    "github_developers": ("1000_developers", 1_000, timedelta(days=366)),
}
"""Measure → name of the rate, what it is per, and how far in time a denominator may lie."""

SLICE: Final = ("signal", "period", "coding")


def _of_economies(
    people: pl.DataFrame, denominators: pl.DataFrame, regions: pl.DataFrame, measure: str
) -> pl.DataFrame:
    """Return, by slice and economy, the denominator nearest in time (null: none) and whether the slice has people."""
    _, _, tolerance = MEASURES[measure]
    sizes = denominators.filter(measure=measure).select("region_id", "period", size="value").sort("period")
    economies = regions.filter(pl.col("level") == "country").select("region_id", "parent_id")
    return (
        people.select(SLICE)
        .unique()
        .join(economies, how="cross")
        .sort("period")
        .join_asof(sizes, on="period", by="region_id", strategy="nearest", tolerance=tolerance, check_sortedness=False)
        .join(people.select(*SLICE, "region_id", peopled=pl.lit(value=True)), on=[*SLICE, "region_id"], how="left")
    )


def _denominators(cells: pl.DataFrame, denominators: pl.DataFrame, regions: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Return, by slice and region, the size to divide by; null where an economy with people lacks it."""
    people = cells.filter((pl.col("level") == "country") & pl.col("state").is_in(["value", "zero", "suppressed"]))
    own = _of_economies(people, denominators, regions, measure)
    complete = (~pl.col("peopled") | pl.col("size").is_not_null()).fill_null(value=True).all()
    whole = pl.when(complete & (pl.col("size").sum() > 0)).then(pl.col("size").sum())
    subregions = own.filter(pl.col("parent_id") != "world").group_by(*SLICE, region_id="parent_id").agg(size=whole)
    world = own.group_by(SLICE).agg(size=whole).with_columns(region_id=pl.lit("world"))
    return pl.concat(part.select(*SLICE, "region_id", "size") for part in (own, subregions, world))


def with_rates(cells: pl.DataFrame, denominators: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with rates of both sides; null where they do not exist.

    The denominator is the one nearest in time, at most five years away for inhabitants and one for developers.

    Args:
        cells: Cells of table ``estimates`` with counts; without the columns made here.
        denominators: Table ``denominators``.
        regions: Table ``regions``.
    """
    rated = pl.col("signal").is_in(RATED) & pl.col("counted").is_in(COUNTED) & (pl.col("evidence") != "modelled")
    for measure, (name, per, _) in MEASURES.items():
        sizes = _denominators(cells.filter(rated), denominators, regions, measure)
        cells = (
            cells.join(sizes, on=[*SLICE, "region_id"], how="left", maintain_order="left")
            .with_columns(
                pl.when(rated & (pl.col("size") > 0))
                .then(per * pl.col(f"n_{side}") / pl.col("size"))
                .alias(f"{side}_per_{name}")
                for side in ("cn", "us")
            )
            .drop("size")
        )
    return cells
