"""Regional builders: well-documented models of organisations outside CN and US, and the bases they chose.

Here: reading ``builders.csv`` with the rules that span its rows, and finding the metro of a city. Not here: the
columns (`assets/schemas/tracked.py`), bases that the snapshot's lineage declares, counting
(`assets/adoption/derivatives.py`).

How to edit ``builders.csv``:

* One row says that one organisation built one model on one base; a model on two bases has two rows.
* ``organisation`` is named as in ``publishers.csv`` where that has it; then country and city must agree with it.
  ``city`` is the curator's, in English. The metro is found from it and is not written.
* ``base_country`` is the headquarters of the organisation that released the base, never of a later repackager.
* ``evidence_url`` names the base, was read on ``verified_on`` (cards and papers in stored copies), and is the page's
  own address where the copy showed it. What no page could confirm has no row: a model without a row is unverified,
  not absent.
* ``released_on`` is as exact as the evidence, and ``date_basis`` says what it dates; choices are counted a year.
"""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from assets.origins import curated
from assets.origins.curated import Row, blanks, numbered, read_text, refuse, shipped, unknown_countries, unsorted_rows
from assets.origins.registry import load_publishers, origin_group
from assets.schemas import validate
from assets.schemas.tracked import Builders

_ORDER: Final = ("organisation", "model", "base_model")


def metros_by_city() -> pl.DataFrame:
    """Return the metro of every city that the watch-list names: country, city, metro; one row a city."""
    from maps.geometry.regions import load_metros

    return pl.DataFrame(
        [
            (metro.country, city, metro.region_id)
            for metro in load_metros()
            for city in dict.fromkeys((metro.name, *metro.aliases, *(member.name for member in metro.members)))
        ],
        schema={"country": pl.String, "city": pl.String, "metro": pl.String},
        orient="row",
    ).unique(["country", "city"], keep="first", maintain_order=True)


def _who(row: Row) -> str:
    return f"row {row['row']} ({row['model']!r} of {row['organisation']!r})"


def _against_registry(rows: list[Row], publishers: pl.DataFrame) -> Iterator[str]:
    """Report rows whose organisation or base sits elsewhere in the publisher registry."""
    named = publishers.filter(pl.col("alias_of").is_null())
    countries = dict(named.group_by("organisation").agg("headquarters").iter_rows())
    cities = {
        (organisation, country): city
        for organisation, country, city in named.drop_nulls("city")
        .select("organisation", "headquarters", "city")
        .iter_rows()
    }
    for row in rows:
        for name, place in (("organisation", "country"), ("base_organisation", "base_country")):
            known = countries.get(row[name])
            if known is not None and row[place] not in known:
                yield (
                    f"{_who(row)}: {place} is {row[place]!r}, but the publisher registry places {row[name]!r} in "
                    f"{', '.join(sorted(set(known)))}; make them agree."
                )
        city = cities.get((row["organisation"], row["country"]))
        if city is not None and row["city"] != city:
            yield (f"{_who(row)}: city is {row['city']!r}, but the publisher registry has {city!r}; make them agree.")


def load_builders(
    path: Path | None = None,
    *,
    publishers: pl.DataFrame | None = None,
    known_countries: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return table ``builders``, checked.

    Args:
        path: A file to read in place of the one that ships with the atlas.
        publishers: The registry that it must agree with; by default the one that ships.
        known_countries: ISO 3166-1 alpha-2 codes to accept; by default those of the region registry.

    Raises:
        TableError: The file does not meet the declaration of ``Builders``.
        RegistryError: The file cannot be read, is out of order, names unknown countries, or disagrees with the
            publisher registry. All problems are listed.
    """
    if path is None:
        return shipped("builders.csv", partial(load_builders, publishers=publishers, known_countries=known_countries))
    texts = read_text(path, dates=("released_on", "verified_on"))
    if {"country", "city", "base_country"} <= set(texts.columns):
        texts = texts.join(metros_by_city(), on=["country", "city"], how="left", maintain_order="left").with_columns(
            base_origin=origin_group("base_country")
        )
    builders = validate(texts, Builders, where=path.name)
    rows = numbered(builders)
    countries = curated.known_countries() if known_countries is None else known_countries
    registry = load_publishers(known_countries=known_countries) if publishers is None else publishers
    refuse(
        [
            *blanks(rows, _who),
            *unsorted_rows(rows, _ORDER, _who),
            *unknown_countries(rows, ("country", "base_country"), countries, _who),
            *_against_registry(rows, registry),
        ],
        where=path.name,
    )
    return builders
