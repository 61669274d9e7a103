"""Estimates: every region of every signal as one cell, with what is known of it and what is not.

Here: putting cells together — measured ones, metros modelled from their country, and cells without data, each
with its state and reason. Not here: the counting of a signal (`survey.py`, `derivatives.py`, `packages.py`,
`located.py`) and the formulas (`intervals.py`, `shrinkage.py`).
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.adoption.derivatives import derivative_cells
from assets.adoption.packages import package_cells
from assets.adoption.shrinkage import expit, logit, shrink, standard_normal_quantile
from assets.adoption.signals import load_signals
from assets.adoption.survey import survey_cells
from assets.schemas.adoption import COUNTED, Estimates

KEY: Final = ("signal", "period", "region_id", "coding")


def _filled(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of table ``estimates`` that the rows lack, as nulls, in declared order."""
    return rows.select(
        pl.col(name) if name in rows.columns else pl.lit(None, column.dtype).alias(name)
        for name, column in Estimates.columns().items()
    )


def _shrink_rows(cells: pl.DataFrame, group: NDArray[np.int64]) -> tuple[pl.DataFrame, float]:
    """Return the shrunken share of each cell by region, and the spread between members of a group."""
    share, low, high = (cells[name].to_numpy() for name in ("cn_share", "cn_share_low", "cn_share_high"))
    result = shrink(share, low, high, group)
    return cells.select("region_id", cn_share_shrunk=pl.Series(result.share)), result.within


def _shrunken(cells: pl.DataFrame, regions: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """Add shrunken shares to one period; return also the spread of log-odds between economies of one subregion.

    Economies are pulled towards their subregion; subregions, whose own share is of people, towards the world.
    """
    known = cells.filter(pl.col("cn_share").is_not_null())
    parents = regions.select("region_id", "parent_id")
    economies = known.filter(pl.col("level") == "country").join(parents, on="region_id")
    subregions = known.filter(pl.col("level") == "subregion")
    if economies.is_empty() or subregions.is_empty():
        return cells.with_columns(cn_share_shrunk=pl.lit(None, pl.Float64)), 0.0
    group = economies["parent_id"].rank("dense").to_numpy().astype(np.int64) - 1
    of_economies, spread = _shrink_rows(economies, group)
    of_subregions, _ = _shrink_rows(subregions, np.zeros(subregions.height, dtype=np.int64))
    return cells.join(pl.concat([of_economies, of_subregions]), on="region_id", how="left"), spread


def _survey(survey_use: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of every wave: measured ones with shrunken shares, and metros modelled from them."""
    parts = []
    for wave in survey_cells(survey_use, regions).partition_by("period", maintain_order=True):
        cells, spread = _shrunken(wave, regions)
        parts += [cells, modelled_metros(cells.filter(pl.col("level") == "country"), regions, spread)]
    return pl.concat(_filled(part) for part in parts)


def _located(cells: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of forks and contributions with shrunken shares, each signal and year by itself."""
    parts = [_filled(_shrunken(own, regions)[0]) for own in cells.partition_by("signal", "period", maintain_order=True)]
    return pl.concat([_filled(cells.clear()), *parts])


def _against_world(cells: pl.DataFrame) -> pl.DataFrame:
    """Add the location quotient: the region's share ÷ the world's of the same signal, period and coding."""
    same = ["signal", "period", "coding"]
    world = cells.filter(pl.col("level") == "world").select(*same, world_share="cn_share")
    return (
        cells.join(world, on=same, how="left")
        .with_columns(
            location_quotient=pl.when(pl.col("world_share") > 0).then(pl.col("cn_share") / pl.col("world_share"))
        )
        .drop("world_share")
        .select(cells.columns)
    )


def modelled_metros(countries: pl.DataFrame, regions: pl.DataFrame, spread: float) -> pl.DataFrame:
    """Return metros that inherit their country's share, with a wider interval.

    The share is the country's. Its log-odds may differ in the metro by N(0, τ²), where τ is the spread between
    countries of one subregion: a stand-in for the spread within a country, which nobody has measured. Nobody
    is located in the metro itself, so coverage is 0 and the worst-case bounds are 0 and 1.

    Args:
        countries: Cells of level country of one signal.
        regions: Table ``regions``.
        spread: τ, standard deviation of log-odds.

    Returns:
        Cells of level metro: modelled where the country has a share, suppressed where its counts are hidden.
    """
    names = regions.filter(pl.col("level") == "country").select(parent_id="region_id", country="name")
    inherited = (
        regions.filter(pl.col("level") == "metro")
        .select("region_id", "parent_id")
        .join(names, on="parent_id")
        .join(countries.drop("level"), left_on="parent_id", right_on="region_id")
    )
    share, low, high = (inherited[name].to_numpy() for name in ("cn_share", "cn_share_low", "cn_share_high"))
    centre, reach = logit(share), standard_normal_quantile() * spread
    wider_low = expit(centre - np.hypot(centre - logit(low), reach))
    wider_high = expit(centre + np.hypot(logit(high) - centre, reach))
    has_share = pl.col("cn_share").is_not_null()
    return inherited.select(
        "signal",
        "period",
        "region_id",
        "coding",
        "counted",
        "cn_share",
        "source_id",
        level=pl.lit("metro"),
        cn_share_low=pl.when(has_share).then(pl.Series(wider_low)),
        cn_share_high=pl.when(has_share).then(pl.Series(wider_high)),
        bound_low=pl.lit(0.0),
        bound_high=pl.lit(1.0),
        coverage=pl.lit(0.0),
        evidence=pl.lit("modelled"),
        state=pl.when(has_share).then(pl.lit("value")).otherwise(pl.lit("suppressed")),
        reason=pl.when(has_share)
        .then(pl.format("Modelled: inherits {}, with a wider interval. No respondent's city is known.", "country"))
        .otherwise(pl.format("Would inherit {}, whose counts are hidden.", "country")),
    )


def _absent(cells: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return a cell with its reason for every region that a signal does not cover in a period and coding.

    A signal without any row stands at the newest period of the cube.
    """
    newest = cells["period"].max()
    rows = []
    for name, signal in load_signals().items():
        own = cells.filter(pl.col("signal") == name)
        slices = own.select("period", "coding", "source_id").unique(["period", "coding"], keep="first")
        if own.is_empty():
            slices = pl.DataFrame(
                {"period": [newest], "coding": ["publisher"], "source_id": [None]}, schema_overrides=slices.schema
            )
        on_the_whole = (pl.col("region_id") == "world") & pl.lit(signal.world_reason is not None)
        rows.append(
            regions.select("region_id", "level")
            .join(slices, how="cross")
            .join(own, on=["region_id", "period", "coding"], how="anti")
            .with_columns(
                signal=pl.lit(name),
                counted=pl.lit(signal.people if signal.people in COUNTED else "people"),
                state=pl.when(on_the_whole).then(pl.lit("not_observed")).otherwise(pl.lit(signal.absent_state)),
                reason=pl.when(on_the_whole).then(pl.lit(signal.world_reason)).otherwise(pl.lit(signal.absent_reason)),
            )
        )
    return pl.concat(_filled(frame) for frame in rows)


def estimate(
    survey_use: pl.DataFrame,
    choices: pl.DataFrame,
    downloads: pl.DataFrame,
    packages: pl.DataFrame,
    regions: pl.DataFrame,
    *,
    located: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return table ``estimates``: every region of every signal, exactly once a period and coding.

    Downloads of models have no cell with a figure: no source counts them by region, and none of the panels in
    table ``world_series`` is the whole world.

    Args:
        survey_use: Table ``survey_use``.
        choices: Table ``builder_choices``.
        downloads: Table ``package_downloads``; without rows, the signal is not observed.
        packages: Table ``tracked_packages``.
        regions: Table ``regions``.
        located: Cells of forks and contributions (``located_cells``); none where GitHub was not read.

    Raises:
        ValueError: The survey has no row, so that the cube has no period.
    """
    if survey_use.is_empty():
        raise ValueError("The table survey_use has no rows, so that the cube has no period; build ingest/survey_use.")
    cells = [
        _survey(survey_use, regions),
        _filled(derivative_cells(choices)),
        _filled(package_cells(downloads, packages, regions)),
    ]
    if located is not None:
        cells.append(_located(located, regions))
    measured = _against_world(pl.concat(cells))
    return pl.concat([measured, _absent(measured, regions)]).sort(*KEY)
