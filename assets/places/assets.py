"""Places assets: the region registry as a table of the graph.

Here: thin definitions. Not here: the registry and its geometry (`maps/geometry`).
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.checks import Check, Outcome, at_least
from assets.declare import table_asset
from assets.schemas.attribute import Regions
from maps.geometry.regions import load_regions


def _parents_exist(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    lost = frame.filter(pl.col("parent_id").is_not_null() & ~pl.col("parent_id").is_in(frame["region_id"].implode()))[
        "region_id"
    ]
    orphans = frame.filter(pl.col("parent_id").is_null() & (pl.col("level") != "world"))["region_id"]
    wrong = sorted({*lost, *orphans})
    return Outcome(
        passed=not wrong,
        said=f"Regions without a parent in the registry: {', '.join(wrong)}."
        if wrong
        else "Every region has a parent.",
        figures={"regions": frame.height, "without_parent": len(wrong)},
    )


def _separate_economies(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    expected = {"CN", "HK", "MO", "TW", "PS", "XK", "NA"}
    missing = sorted(expected - set(frame["region_id"]))
    return Outcome(
        passed=not missing,
        said=f"Missing economies: {', '.join(missing)}." if missing else "CN, HK, MO, TW, PS, XK and NA are separate.",
    )


@table_asset(
    Regions,
    kinds={"polars", "parquet"},
    checks=[
        at_least(280),
        Check(
            name="parents_exist",
            description="Every region lies in another one of the registry, up to the world.",
            run=_parents_exist,
        ),
        Check(
            name="economies_separate",
            description="Economies that are often folded into others, or lost as nulls, are rows of their own.",
            run=_separate_economies,
        ),
    ],
)
def regions() -> pl.DataFrame:
    """Which economies, subregions and metros there are, and where."""
    return load_regions()
