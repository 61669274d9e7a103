"""Estimates: every region of every signal as one cell, with what is known of it and what is not.

Here: putting cells together — measured ones, metros modelled from their country, and cells without data, each
with its state and reason. Not here: the counting of a signal (`survey.py`, `derivatives.py`, `packages.py`,
`located.py`, `donated.py`), its allocation (`allocation.py`), what is compared with what (`changes.py`, `rates.py`) and
the formulas (`intervals.py`, `shrinkage.py`).
"""

from typing import Final

import numpy as np
import polars as pl

from assets.adoption.allocation import allocated_cells
from assets.adoption.changes import with_changes
from assets.adoption.derivatives import derivative_cells
from assets.adoption.intervals import standard_normal_quantile
from assets.adoption.packages import package_cells
from assets.adoption.rates import with_rates
from assets.adoption.shrinkage import expit, logit, observed_log_odds, shrink
from assets.adoption.signals import load_signals
from assets.adoption.survey import survey_cells
from assets.schemas.adoption import COUNTED, Estimates
from assets.schemas.vocabulary import EVIDENCE

KEY: Final = ("signal", "period", "region_id", "coding")
NO_CITY: Final = "No respondent's city is known."
NOBODY: Final = "Nobody who was counted says to live in the metro itself."


def _filled(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of table ``estimates`` that the rows lack, as nulls, in declared order."""
    return rows.select(
        pl.col(name) if name in rows.columns else pl.lit(None, column.dtype).alias(name)
        for name, column in Estimates.columns().items()
    )


def _pulled(cells: pl.DataFrame, parents: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """Return the shrunken share of each cell by region, pulled towards its parent, and the spread within parents."""
    grouped = cells.join(parents, on="region_id")
    group = grouped["parent_id"].rank("dense").to_numpy().astype(np.int64) - 1
    share, low, high = (grouped[name].to_numpy() for name in ("cn_share", "cn_share_low", "cn_share_high"))
    result = shrink(share, low, high, group)
    shrunken = grouped.select(
        "region_id",
        cn_share_shrunk=pl.Series(result.share),
        cn_share_shrunk_low=pl.Series(result.low),
        cn_share_shrunk_high=pl.Series(result.high),
    )
    return shrunken, result.spread


def _shrunken(cells: pl.DataFrame, regions: pl.DataFrame) -> tuple[pl.DataFrame, float | None]:
    """Add shrunken shares to one period; return also the spread of log-odds between economies of one subregion.

    Economies are pulled towards their subregion; subregions, whose own share is of people, towards the world; parts of
    an economy towards what its parts have in common. The spread is null where no economy has a share.
    """
    known = cells.filter(pl.col("cn_share").is_not_null() & pl.col("cn_share_low").is_not_null())
    parents = pl.concat(
        [
            regions.select("region_id", "parent_id"),
            known.filter(pl.col("level") == "admin1").select(
                "region_id", parent_id=pl.col("region_id").str.slice(0, 2)
            ),
        ]
    ).with_columns(pl.col("parent_id").fill_null("world"))
    parts, spread = [], None
    for level in ("country", "subregion", "admin1", "metro"):
        own = known.filter(pl.col("level") == level)
        if own.is_empty():
            continue
        shrunken, found = _pulled(own, parents)
        parts.append(shrunken)
        spread = found if level == "country" else spread
    if not parts:
        return cells, spread
    return cells.join(pl.concat(parts), on="region_id", how="left"), spread


def _with_metros(cells: pl.DataFrame, regions: pl.DataFrame, told: str) -> pl.DataFrame:
    """Return the cells of one period with shrunken shares, and metros without own data modelled from their economy."""
    shrunken, spread = _shrunken(cells, regions)
    silent = regions.join(cells.filter(pl.col("level") == "metro"), on="region_id", how="anti")
    economies = cells.filter(pl.col("level") == "country")
    if spread is None:
        # No economy has a share, so that no metro inherits one and the spread is not asked for.
        spread = 0.0
    return pl.concat([_filled(shrunken), _filled(modelled_metros(economies, silent, spread, told))])


def _each(cells: pl.DataFrame, regions: pl.DataFrame, told: str) -> pl.DataFrame:
    """Return the cells of several signals, periods and codings, each completed by itself."""
    parts = cells.partition_by("signal", "period", "coding", maintain_order=True)
    return pl.concat([_filled(cells.clear()), *(_with_metros(own, regions, told) for own in parts)])


def _shrunken_alone(cells: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with shrunken shares where they have intervals; what the signal cannot tell stays absent."""
    parts = cells.partition_by("signal", "period", "coding", maintain_order=True)
    return pl.concat([_filled(cells.clear()), *(_filled(_shrunken(own, regions)[0]) for own in parts)])


def most_direct(cells: pl.DataFrame) -> pl.DataFrame:
    """Keep one cell a key: of several, one with a share, and of those the one with the strongest evidence.

    So a donated log wins over an allocation of the same month, and an allocation over a log that has no share to give.

    Args:
        cells: Cells of table ``estimates``; a key may occur once a kind of evidence.
    """
    strength = {name: rank for rank, name in enumerate(EVIDENCE)}
    ranked = cells.with_columns(
        silent=pl.col("cn_share").is_null(),
        rank=pl.col("evidence").replace_strict(strength, default=len(EVIDENCE), return_dtype=pl.Int64),
    )
    return (
        ranked.sort(*KEY, "silent", "rank", maintain_order=True)
        .unique(KEY, keep="first", maintain_order=True)
        .select(cells.columns)
    )


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


def modelled_metros(countries: pl.DataFrame, regions: pl.DataFrame, spread: float, told: str = NO_CITY) -> pl.DataFrame:
    """Return metros that inherit their country's share, with a wider interval.

    The share is the country's. Its log-odds may differ in the metro by N(0, τ²), where τ is the spread between
    countries of one subregion: a stand-in for the spread within a country, which nobody has measured. Nobody
    is located in the metro itself, so coverage is 0 and the worst-case bounds are 0 and 1.

    Args:
        countries: Cells of level country of one signal.
        regions: Table ``regions``.
        spread: τ, standard deviation of log-odds.
        told: Why the metro has no data of its own, in a sentence.

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
    centre, reach = observed_log_odds(share, low, high)[0], standard_normal_quantile() * spread
    # A share of 0 or 1 keeps its end.
    wider_low = np.minimum(expit(centre - np.hypot(centre - logit(low), reach)), share)
    wider_high = np.maximum(expit(centre + np.hypot(logit(high) - centre, reach)), share)
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
        .then(pl.format("Modelled: inherits {}, with a wider interval. {}", "country", pl.lit(told)))
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
    denominators: pl.DataFrame,
    located: pl.DataFrame | None = None,
    donated: pl.DataFrame | None = None,
    allocations: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return table ``estimates``: every region of every signal, exactly once a period and coding.

    Downloads of models are measured where publishers donated logs, and modelled elsewhere: no source counts them by
    region, and none of the panels in table ``world_series`` is the whole world.

    Args:
        survey_use: Table ``survey_use``.
        choices: Table ``builder_choices``.
        downloads: Table ``package_downloads``; without rows, the signal is not observed.
        packages: Table ``tracked_packages``.
        regions: Table ``regions``.
        denominators: Table ``denominators``.
        located: Cells of forks and contributions (``located_cells``); none where GitHub was not read.
        donated: Cells of donated logs (``donated_cells``); none where nobody donated.
        allocations: Table ``allocations``; without it nothing is modelled of downloads.

    Raises:
        ValueError: The survey has no row, so that the cube has no period.
    """
    if survey_use.is_empty():
        raise ValueError("The table survey_use has no rows, so that the cube has no period; build ingest/survey_use.")
    cells = [
        _each(survey_cells(survey_use, regions), regions, NO_CITY),
        _shrunken_alone(derivative_cells(choices), regions),
        _filled(package_cells(downloads, packages, regions)),
    ]
    if located is not None:
        cells.append(_each(located, regions, NOBODY))
    if donated is not None:
        cells.append(_shrunken_alone(donated, regions))
    if allocations is not None:
        cells.append(_filled(allocated_cells(allocations)))
    measured = _against_world(most_direct(pl.concat(cells)))
    whole = pl.concat([measured, _absent(measured, regions)])
    derived = [
        name for name in Estimates.column_names() if name.startswith(("change_", "previous_")) or "_per_" in name
    ]
    return _filled(with_rates(with_changes(whole.drop(derived)), denominators, regions)).sort(*KEY)
