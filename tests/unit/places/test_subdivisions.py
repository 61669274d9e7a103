"""Subdivisions that places resolve to: each has a name and, but for a listed few, the outline they lie in."""

import geopandas as gpd
import polars as pl
import pytest
import shapely

from assets.places import names
from maps.geometry import shapes
from maps.geometry.regions import load_subdivisions

OTHER_CODE = {"AG-03": "AG-07", "AZ-LAC": "AM-SU", "TW-NWT": "TW-TPE"}
"""Outlines in which the gazetteer gives most places another code: two lie on a border, and New Taipei counts as Taipei.
So do the districts of Serbia, all of which it gives the code of Belgrade."""


@pytest.fixture(scope="module")
def cities() -> pl.DataFrame:
    return names.read_cities().filter(pl.col("admin1").is_not_null())


def test_every_code_of_the_gazetteer_is_in_the_table(cities):
    subdivisions = names.read_subdivisions()
    given = {*cities["admin1"], *subdivisions["first_iso"].drop_nulls()}
    assert sorted(given - set(load_subdivisions()["region_id"])) == []
    assert len(given) > 3_800


def test_counts_of_what_is_drawn(cities):
    table = load_subdivisions()
    used = table.filter(pl.col("region_id").is_in(cities["admin1"].unique().implode()))
    assert used["drawn"].sum() == 3_222
    assert used.height - used["drawn"].sum() == 270


def test_places_lie_in_the_outline_of_their_subdivision(cities):
    outlines = shapes.load_shapes(name=shapes.SUBDIVISIONS)
    placed = gpd.GeoDataFrame(
        {"admin1": cities["admin1"].to_list(), "population": cities["population"].to_list()},
        geometry=shapely.points(cities["longitude"], cities["latitude"]),
        crs=4326,
    ).sjoin(outlines, predicate="within")
    right = placed["admin1"] == placed["region_id"]
    # The rest lie close to a border or in a subdivision that is younger than the outlines.
    assert right.mean() > 0.96
    assert placed["population"][right].sum() > 0.96 * placed["population"].sum()
    by_region = pl.DataFrame({"region_id": placed["region_id"].to_list(), "right": right.to_list()})
    never = by_region.group_by("region_id").agg(pl.len(), pl.col("right").any()).filter(~pl.col("right"))
    stated = load_subdivisions().filter(pl.col("vintage").is_not_null())["region_id"]
    unexplained = never.filter(pl.col("len") > 2, ~pl.col("region_id").is_in(stated.implode()))
    assert {region_id for region_id in unexplained["region_id"] if region_id[:2] != "RS"} == set(OTHER_CODE)
