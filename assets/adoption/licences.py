"""Licences: what models declare, by origin, size and year of release.

Here: classes of licences (`licences.csv`) and their shares. Not here: the origin of a model (`assets/origins`).

`licences.csv` lists the standard licences by the identifier that a card names: permissive, restricted, or the word
``unknown``, which declares nothing. Every other identifier (``other`` included) is one that no standard licence has, so
the terms are the maker's own: custom. ``cc`` alone names no licence that could be read and stays with those.
"""

from functools import cache
from importlib import resources
from typing import Final

import polars as pl

from assets.adoption.world_series import SNAPSHOT_PANELS, split_by_origin
from assets.origins.dated import registry_since
from assets.origins.registry import attach_publishers
from assets.schemas.exhibits import LICENCE_CLASSES, SIZE_BANDS

LISTED: Final = ("permissive", "restricted", "undeclared")
EDGES: Final = (1e9, 7e9, 20e9)
"""Lower ends of the size bands after the first."""

CELL: Final = ("panel", "period", "source_id", "makers", "coding", "origin", "size_band", "release_year")


class LicenceError(ValueError):
    """The table of licences contradicts itself; the message names the file and the licence."""


def licence_table(text: str) -> pl.DataFrame:
    """Return the table of licences, checked.

    Args:
        text: Content of ``licences.csv``.

    Raises:
        LicenceError: Other columns, an unknown class, or a licence that stands there twice.
    """
    rows = pl.read_csv(text.encode(), infer_schema=False)
    if rows.columns != ["licence", "licence_class"]:
        raise LicenceError(f"licences.csv: the columns are {', '.join(rows.columns)}; write licence, licence_class.")
    wrong = rows.filter(~pl.col("licence_class").is_in(LISTED).fill_null(value=False))
    if wrong.height:
        name, given = wrong.row(0)
        raise LicenceError(
            f"licences.csv: {name}: class {given!r} is not one of {', '.join(LISTED)}; what is not listed is custom."
        )
    twice = rows.filter(pl.col("licence").is_duplicated())
    if twice.height:
        raise LicenceError(f"licences.csv: {twice['licence'][0]} stands there twice; remove one row.")
    return rows


@cache
def _shipped() -> pl.DataFrame:
    return licence_table(resources.files("assets.adoption").joinpath("licences.csv").read_text(encoding="utf-8"))


def licence_class(licence: pl.Expr) -> pl.Expr:
    """Return the class of the licence identifiers of a column; null and empty are undeclared."""
    name = licence.str.strip_chars().str.to_lowercase()
    known = _shipped()
    listed = name.replace_strict(known["licence"], known["licence_class"], default=None, return_dtype=pl.String)
    return pl.when(name.fill_null("") == "").then(pl.lit("undeclared")).otherwise(listed.fill_null("custom"))


def size_band(parameters: pl.Expr) -> pl.Expr:
    """Return the size band of a number of weights; none or zero is not stated."""
    passed = pl.sum_horizontal(*((parameters >= edge).cast(pl.Int8) for edge in EDGES))
    band = passed.replace_strict(dict(enumerate(SIZE_BANDS[1:-1])), return_dtype=pl.String)
    return pl.when(parameters.fill_null(0) > 0).then(band).otherwise(pl.lit(SIZE_BANDS[-1]))


def _cards(models: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Return one row a model and panel with what its card says; once for everyone and, of labs, once more."""
    listed = models.filter(pl.col("source_id").is_in(list(SNAPSHOT_PANELS))).with_columns(
        panel=pl.col("source_id").replace_strict(SNAPSHOT_PANELS, return_dtype=pl.String)
    )
    known = attach_publishers(listed, publishers, day_column="observed_on")
    cards = known.select(
        "platform",
        "model_id",
        "panel",
        "source_id",
        "role",
        period="observed_on",
        registry_since=registry_since("observed_on", publishers),
        licence_class=licence_class(pl.col("licence")),
        size_band=size_band(pl.col("parameters")),
        release_year=pl.col("created_on").dt.year().cast(pl.String).fill_null("not_stated"),
    )
    return pl.concat(
        [
            cards.with_columns(makers=pl.lit("everyone")),
            cards.filter(pl.col("role") == "lab").with_columns(makers=pl.lit("labs")),
        ]
    )


def licences(models: pl.DataFrame, origins: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Return table ``licences``: every class of every cell that has a model, and the cells' margins.

    Args:
        models: Table ``models``.
        origins: Table ``model_origins``.
        publishers: Table ``publishers``.

    Raises:
        ValueError: A model has no origin row.
    """
    split = split_by_origin(_cards(models, publishers), origins)
    every = pl.lit("all")
    margins = pl.concat(
        [
            split,
            split.with_columns(size_band=every),
            split.with_columns(release_year=every),
            split.with_columns(size_band=every, release_year=every),
        ]
    )
    # Sorted, because sums of parts in another order differ in their last digits.
    counts = (
        margins.group_by(*CELL, "licence_class", maintain_order=True)
        .agg(models=pl.col("weight").sum())
        .sort(*CELL, "licence_class")
    )
    cells = counts.group_by(CELL, maintain_order=True).agg(of_models=pl.col("models").sum())
    return (
        cells.join(pl.DataFrame({"licence_class": LICENCE_CLASSES}), how="cross")
        .join(counts, on=[*CELL, "licence_class"], how="left")
        .with_columns(pl.col("models").fill_null(0.0))
        .with_columns(share=(pl.col("models") / pl.col("of_models")).clip(0, 1))
        .sort(*CELL, "licence_class")
    )
