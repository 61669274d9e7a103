"""Places assets: the region registry, the gazetteer of profile locations, and where actors live.

Here: thin definitions and their checks. Not here: the registry and its geometry (`maps/geometry`), the gazetteer
(`assets/places/gazetteer.py`), reading texts (`assets/places/locate.py`), putting evidence together
(`assets/places/actors.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg
import polars as pl

from assets.checks import Check, Outcome, at_least
from assets.declare import table_asset
from assets.schemas.attribute import ActorPlaces, Gazetteer, Regions

LEAST_LOCATED: Final = 0.2
"""Share of people with a country below which something broke; of GitHub's accounts, about two fifths say where."""


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
    """Which economies, subregions and metros are there, and where?"""
    from maps.geometry.regions import load_regions

    return load_regions()


def _economies_named(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    economies = set(inputs["regions"].filter(pl.col("level") == "country")["region_id"])
    nameless = sorted(economies - set(frame.filter(pl.col("kind") == "country")["country"]))
    return Outcome(
        passed=not nameless,
        said=f"Economies without a name: {', '.join(nameless)}." if nameless else "Every economy has a name.",
        figures={"economies": len(economies), "names": int(frame["names"].sum())},
    )


def _metros_found(_: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    from assets.places.locate import locate

    registry = inputs["regions"]
    metros = registry.filter(pl.col("level") == "metro").join(
        registry.select(parent_id="region_id", country="name"), on="parent_id"
    )
    found = locate(metros["name"] + ", " + metros["country"])
    lost = metros.filter((found["metro"] != metros["region_id"]).fill_null(value=True))["region_id"].to_list()
    return Outcome(
        passed=not lost,
        said=f"Metros that their own name does not lead to: {', '.join(lost)}."
        if lost
        else "The name of every metro leads to it.",
        figures={"metros": metros.height, "lost": len(lost)},
    )


@table_asset(
    Gazetteer,
    kinds={"polars", "parquet"},
    checks=[
        at_least(1_000),
        Check(
            name="economies_named",
            description="Every economy and territory of the registry has a name.",
            run=_economies_named,
        ),
        Check(
            name="metros_found",
            description="The name of every watch-list metro, with its country, is located in that metro.",
            run=_metros_found,
        ),
    ],
)
def gazetteer(regions: pl.DataFrame) -> pl.DataFrame:
    """By which names are profile locations recognised? Compiled once a machine from installed packages."""
    from assets.places.gazetteer import compiled_file, summary

    return summary(compiled_file())


def _located_share(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    located = int(frame["country"].is_not_null().sum())
    share = located / frame.height if frame.height else 0.0
    return Outcome(
        passed=frame.is_empty() or share >= LEAST_LOCATED,
        said=f"{located:,} of {frame.height:,} people are located; at least {LEAST_LOCATED:.0%} expected."
        if frame.height
        else "No people were observed.",
        figures={"located_share": round(float(share), 4)},
    )


def _no_personal_data(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    from assets.places.actors import no_personal_data

    found = no_personal_data(frame, vocabularies=("level", "evidence"))
    return Outcome(
        passed=not found,
        said=f"Columns that hold what looks like an address or login: {', '.join(found)}."
        if found
        else "No value looks like an address or login.",
        figures=found,
    )


@table_asset(
    ActorPlaces,
    kinds={"polars", "parquet"},
    checks=[
        Check(
            name="no_personal_data",
            description="No value looks like an e-mail address or a login.",
            run=_no_personal_data,
        ),
        Check(
            name="located_share",
            description="So many people are located that the maps are about more than a few.",
            run=_located_share,
            severity=dg.AssetCheckSeverity.WARN,
            blocking=False,
        ),
    ],
)
def actor_places(accounts: pl.DataFrame, contributions: pl.DataFrame, denominators: pl.DataFrame) -> pl.DataFrame:
    """Where do the people behind forks and contributions live? Without rows where no source observed any."""
    if accounts.is_empty():
        return ActorPlaces.create_empty()
    from assets.places.actors import actor_places as places_of
    from assets.places.offsets import github_developers, infer

    clocks = (
        contributions.select("actor", "month", "offsets")
        .explode("offsets")
        .select("actor", "month", pl.col("offsets").struct.unnest())
        .drop_nulls("utc_offset_minutes")
    )
    offsets = infer(clocks, github_developers(denominators)) if clocks.height else None
    return places_of(accounts, offsets=offsets)
