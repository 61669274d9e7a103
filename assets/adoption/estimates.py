"""Estimates: every region of every signal as one cell, with what is known of it and what is not.

Here: putting cells together — measured ones, metros modelled from their country, and cells without data, each
with its state and reason. Not here: the counting of a signal (`survey.py`, `world_series.py`) and the formulas
(`intervals.py`, `shrinkage.py`).
"""

from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.adoption.shrinkage import expit, logit, shrink, standard_normal_quantile
from assets.adoption.signals import load_signals
from assets.adoption.survey import survey_cells
from assets.schemas.adoption import Estimates

DOWNLOAD_DEFINITION: Final = "rolling_30d"
"""Definition behind the world's model_download cells; table world_series has the others."""

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
    """Add shrunken shares; return also the spread of log-odds between economies of one subregion.

    Economies are pulled towards their subregion; subregions, whose own share is of people, towards the world.
    """
    known = cells.filter(pl.col("cn_share").is_not_null())
    economies = known.filter(pl.col("level") == "country").join(
        regions.select("region_id", "parent_id"), on="region_id"
    )
    subregions = known.filter(pl.col("level") == "subregion")
    if economies.is_empty() or subregions.is_empty():
        return cells.with_columns(cn_share_shrunk=pl.lit(None, pl.Float64)), 0.0
    group = economies["parent_id"].rank("dense").to_numpy().astype(np.int64) - 1
    of_economies, spread = _shrink_rows(economies, group)
    of_subregions, _ = _shrink_rows(subregions, np.zeros(subregions.height, dtype=np.int64))
    return cells.join(pl.concat([of_economies, of_subregions]), on="region_id", how="left"), spread


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


def download_cells(world_series: pl.DataFrame) -> pl.DataFrame:
    """Return the world's model_download cells: one a day of observation and coding.

    Totals are logged by the platform, so they have no sampling interval; the bounds say what the downloads of
    unknown origin could change.

    Args:
        world_series: Table ``world_series``.
    """
    return (
        world_series.filter(
            (pl.col("platform") == "huggingface")
            & (pl.col("definition") == DOWNLOAD_DEFINITION)
            & (pl.col("panel") != "matched_accounts")
            & pl.col("cn_share").is_not_null()
        )
        .with_columns(period=pl.col("period").dt.truncate("1mo"))
        .select(
            "period",
            "coding",
            "n_cn",
            "n_us",
            "n_other",
            "n_unknown",
            "cn_share",
            "bound_low",
            "bound_high",
            "source_id",
            signal=pl.lit("model_download"),
            level=pl.lit("world"),
            region_id=pl.lit("world"),
            counted=pl.lit("downloads"),
            n=pl.col("n_cn") + pl.col("n_us"),
            events=pl.sum_horizontal("n_cn", "n_us", "n_other", "n_unknown").round().cast(pl.Int64),
            evidence=pl.lit("logged"),
            state=pl.lit("value"),
            reason=pl.format("Last 30 days, {} models of the panel '{}': not the whole Hub.", "models", "panel"),
        )
    )


def _absent(cells: pl.DataFrame, regions: pl.DataFrame, period: date) -> pl.DataFrame:
    """Return a cell with its reason for every region that a signal's newest period does not cover."""
    rows = []
    for name, signal in load_signals().items():
        own = cells.filter(pl.col("signal") == name)
        newest = own["period"].max() if own.height else period
        present = own.filter(pl.col("period") == newest)
        codings = own["coding"].unique().sort().to_list() or ["publisher"]
        rows.append(
            regions.select("region_id", "level")
            .join(pl.DataFrame({"coding": codings}), how="cross")
            .join(present, on=["region_id", "coding"], how="anti")
            .with_columns(
                signal=pl.lit(name),
                period=pl.lit(newest, pl.Date),
                counted=pl.lit("downloads" if signal.people == "downloads" else "people"),
                state=pl.lit(signal.absent_state),
                reason=pl.lit(signal.absent_reason),
            )
        )
    return pl.concat(_filled(frame) for frame in rows)


def estimate(survey_use: pl.DataFrame, world_series: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return table ``estimates``: every region of every signal, exactly once a period and coding.

    Args:
        survey_use: Table ``survey_use``.
        world_series: Table ``world_series``.
        regions: Table ``regions``.
    """
    survey, spread = _shrunken(survey_cells(survey_use, regions), regions)
    metros = modelled_metros(survey.filter(pl.col("level") == "country"), regions, spread)
    measured = pl.concat([_filled(frame) for frame in (survey, metros, download_cells(world_series))])
    newest = measured["period"].max()
    if not isinstance(newest, date):
        raise TypeError(f"The cube has no period: {newest!r}.")
    cells = pl.concat([_against_world(measured).select(measured.columns), _absent(measured, regions, newest)])
    return cells.sort(*KEY)
