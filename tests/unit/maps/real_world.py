"""Made-up figures on the real regions, for tests of views and of pictures made of them."""

import datetime as dt
from functools import cache

import polars as pl

from maps.cells import Slice, slices
from maps.geometry.regions import load_regions
from maps.spec import MapSpec
from tests.unit.maps import synthetic


@cache
def regions() -> pl.DataFrame:
    """The registry of regions."""
    return load_regions()


def spec() -> MapSpec:
    """Captions of made-up figures."""
    return synthetic.spec()


@cache
def found() -> tuple[Slice, ...]:
    """Slices of two periods: every economy has a share, but each seventh is hidden and each eleventh without data."""
    rows = [synthetic.cell("world", level="world", cn_share=0.5, n=9999.0)]
    for index, region in enumerate(regions().filter(level="country")["region_id"]):
        if index % 7 == 0:
            rows.append(synthetic.silent(region, "suppressed", "Few."))
        elif index % 11:
            rows.append(synthetic.cell(region, cn_share=index % 100 / 100, n=10.0 + index))
    rows = [row | {"state": "zero"} if row["cn_share"] == 0 else row for row in rows]
    later = [row | {"period": dt.date(2026, 5, 1)} for row in rows]
    return tuple(slices(pl.DataFrame(rows + later, schema=synthetic.SCHEMA, orient="row"), regions(), spec()))
