"""Figures of synthetic mode: whole rows under other names, and nothing real."""

import polars as pl

from assets.ingest import snapshot
from assets.ingest.made_up import exchanged


def test_no_economy_keeps_its_figures_and_none_is_lost():
    real = snapshot.read("survey_use")
    made = exchanged(real)
    assert set(made["region_id"]) == set(real["region_id"])
    assert made.drop("region_id").equals(real.drop("region_id"))
    moved = made["region_id"] != real["region_id"]
    assert (moved | (real["region_id"] == "ZZ")).all()
    assert made.filter(pl.col("region_id") == "ZZ").height == real.filter(pl.col("region_id") == "ZZ").height
    assert made.group_by("region_id", "model").len()["len"].max() == 1


def test_the_same_figures_come_out_each_time():
    real = snapshot.read("survey_use")
    assert exchanged(real).equals(exchanged(real))
