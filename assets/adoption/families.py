"""Families: downloads of the world by model line, and people by the line whose repositories they touch.

Here: table ``family_totals``, and the counts that weightings by line need. Not here: what is spread by them
(`family_weightings.py`), which line a model goes back to (`assets/origins`).
"""

from typing import Final

import polars as pl

from assets.adoption.people import SIDES, count_people, homes_of, models_of, people_events
from assets.adoption.suppression import LEAST_PEOPLE
from assets.adoption.world_series import GROUP, panels
from assets.origins.dated import registry_since
from assets.schemas.series import FamilyTotals

OTHER: Final = "other"
"""Several lines, or none that is known."""


def family_totals(
    models: pl.DataFrame, totals: pl.DataFrame, origins: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Return table ``family_totals``: the downloads of table ``world_series``, split by model line.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        origins: Table ``model_origins``.
        publishers: Table ``publishers``.
    """
    rows = panels(models, totals, publishers).with_columns(registry_since=registry_since("period", publishers))
    key = ["platform", "model_id", "registry_since"]
    one_line = pl.col("family").is_not_null() & ~pl.col("family").str.contains(";", literal=True)
    lines = origins.select(
        *key, "coding", "origin", "weight", family=pl.when(one_line).then("family").otherwise(pl.lit(OTHER))
    )
    return (
        rows.join(lines, on=key)
        .group_by(*GROUP, "coding", "origin", "family")
        .agg(
            models=pl.col("counter").n_unique().cast(pl.Int64),
            downloads=(pl.col("downloads") * pl.col("weight")).sum(),
        )
        .select(pl.col(name).cast(column.dtype) for name, column in FamilyTotals.columns().items())
        .sort(*GROUP, "coding", "origin", "family")
    )


def people_by_family(
    forks: pl.DataFrame, contributions: pl.DataFrame, places: pl.DataFrame, tracked: pl.DataFrame
) -> pl.DataFrame:
    """Return distinct people by signal, year, economy, side and model line, where they are enough to be told apart.

    A line counts in an economy where at least ``LEAST_PEOPLE`` touched it and the side's other people there are none or
    as many, or where nobody did and the side has as many; else few people could be read from an allocation by line.

    Args:
        forks: Table ``forks``.
        contributions: Table ``contributions``.
        places: Table ``actor_places``.
        tracked: Table ``tracked_repositories``.

    Returns:
        ``signal, period, region_id, origin, family, people``.
    """
    homes = homes_of(places).select("actor", "country")
    lines = tracked.filter(pl.col("kind") == "model").select("repository", line="family")
    models = models_of(tracked).join(lines, on="repository").drop("artefact").rename({"line": "artefact"})
    counted = count_people(people_events(forks, contributions), homes, models.lazy())
    people, by_line = pl.collect_all(counted, engine="streaming")
    whole = people.filter(pl.col("country").is_not_null()).unpivot(
        [f"n_{side.lower()}" for side in SIDES],
        index=["signal", "period", "country"],
        variable_name="origin",
        value_name="whole",
    )
    whole = whole.with_columns(origin=pl.col("origin").str.strip_prefix("n_").str.to_uppercase())
    touched = by_line.with_columns(pl.col("origin").cast(pl.String))
    key = ["signal", "period", "origin", "artefact"]
    enough = pl.col("people", "rest") >= LEAST_PEOPLE
    return (
        touched.select(key)
        .unique()
        .join(whole, on=["signal", "period", "origin"])
        .join(touched.select(*key, "country", "people"), on=[*key, "country"], how="left")
        .with_columns(pl.col("people").fill_null(0))
        .with_columns(rest=pl.col("whole") - pl.col("people"))
        .filter(pl.all_horizontal(enough | (pl.col("people", "rest") == 0)) & (pl.col("whole") > 0))
        .select("signal", "period", "origin", "people", region_id="country", family="artefact")
        .sort("signal", "period", "region_id", "origin", "family")
    )
