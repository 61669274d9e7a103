"""The places that download logs name: a country code and, in words, a region or city of it.

Here: which region of the atlas such a pair means. Not here: reading logs (`assets/ingest`), reading texts
(`assets/places/locate.py`).
"""

from typing import Final

import polars as pl

from assets.places.locate import locate
from assets.places.metros import metro_of_admin1
from maps.geometry.regions import load_regions

NOWHERE: Final = "ZZ"
"""Country of an address that has none, or one that is not in the registry; behind a country, its part unknown."""


def log_places(pairs: pl.DataFrame) -> pl.DataFrame:
    """Say which region each pair of a log means.

    A pair means a metro of the watch-list; else a first-level subdivision; else no more than its country. What the
    words say about another country than the code counts for nothing: an address is where its network is registered,
    and a name is only read inside that.

    Args:
        pairs: Distinct pairs in the columns ``log_country`` and ``log_region``, text or null.

    Returns:
        The pairs with ``country`` (ISO 3166-1 alpha-2, or ZZ), ``region_id`` (``metro:…``, ISO 3166-2, or the country
        and ``-ZZ``) and ``level`` (``metro`` or ``admin1``), in the same order.
    """
    economies = load_regions().filter(pl.col("level") == "country").select(country="region_id", name="name")
    metro_economies = metro_of_admin1().select(country="admin1", whole="metro")
    code = pl.col("log_country").str.strip_chars().str.to_uppercase()
    known = (
        pairs.with_columns(country=code)
        .join(economies, on="country", how="left", maintain_order="left")
        .join(metro_economies, on="country", how="left", maintain_order="left")
        .with_columns(country=pl.when(pl.col("name").is_not_null()).then("country").otherwise(pl.lit(NOWHERE)))
    )
    words = pl.col("log_region").str.strip_chars()
    texts = known.select(pl.when(words.str.len_chars() > 0).then(words + ", " + pl.col("name")).fill_null(""))
    found = locate(texts.to_series()).select("metro", "admin1", located="country")
    here = pl.col("located") == pl.col("country")
    return (
        known.hstack(found)
        .with_columns(
            metro=pl.coalesce(pl.when(here).then("metro"), "whole"),
            admin1=pl.when(here & pl.col("admin1").str.starts_with(pl.col("country") + "-")).then("admin1"),
        )
        .select(
            "log_country",
            "log_region",
            "country",
            region_id=pl.coalesce("metro", "admin1", pl.col("country") + f"-{NOWHERE}"),
            level=pl.when(pl.col("metro").is_not_null()).then(pl.lit("metro")).otherwise(pl.lit("admin1")),
        )
    )
