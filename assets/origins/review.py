"""Review queue: which accounts should be checked next, and how much of each source the registry covers.

Here: pure functions over the tables of downloads and the registry. Not here: the registry (`registry.py`), the
asset and its check (`assets.py`).
"""

from typing import Final

import polars as pl

from assets.origins.registry import attach_publishers

PERSONAL_ACCOUNT: Final = r"^(u\d{5}|a\d{16})$"
"""Pseudonyms: the snapshot gives them to personal accounts, a live run to all outside the registry. There is nobody to
look up."""

_SLICE: Final = ("source_id", "platform", "definition", "observed_on")


def _by_account(models: pl.DataFrame, totals: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Downloads of every account on every day of every source, with what the registry says on that day."""
    columns = ["source_id", "platform", "observed_on", "account", "definition", "downloads"]
    rolling = models.with_columns(definition=pl.lit("rolling_30d"), downloads="downloads_30d")
    rows = pl.concat([rolling.select(columns), totals.select(columns)])
    accounts = rows.group_by(*_SLICE, "account").agg(pl.col("downloads").sum(), models=pl.len().cast(pl.Int64))
    return attach_publishers(accounts, publishers, day_column="observed_on").with_columns(
        personal=pl.col("account").str.contains(PERSONAL_ACCOUNT),
        reviewed=(pl.col("review_state") != "unreviewed").fill_null(value=False),
    )


def coverage(models: pl.DataFrame, totals: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Return how much of the downloads rests on registry rows, for every day of every source.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        publishers: Table ``publishers``.

    Returns:
        source_id, platform, definition, observed_on, downloads and three shares of them: ``covered`` (the account
        has a row on the day, also one without a single base), ``reviewed`` (that row was checked), ``personal``
        (pseudonyms, which can have no row and count as not covered).
    """
    downloads = pl.col("downloads")
    return (
        _by_account(models, totals, publishers)
        .group_by(_SLICE)
        .agg(
            downloads.sum(),
            covered=downloads.filter(pl.col("headquarters").is_not_null()).sum() / downloads.sum(),
            reviewed=downloads.filter("reviewed").sum() / downloads.sum(),
            personal=downloads.filter("personal").sum() / downloads.sum(),
        )
        .sort(_SLICE)
    )


def review_queue(models: pl.DataFrame, totals: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Return table ``review_queue``: accounts to check, those first on which most downloads rest.

    Each source is taken on its newest day; where it has counters of both kinds then, the last 30 days count. Accounts
    whose downloads are zero are left out, as are pseudonyms.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        publishers: Table ``publishers``.
    """
    accounts = _by_account(models, totals, publishers).filter(
        pl.col("observed_on") == pl.col("observed_on").max().over("source_id", "platform")
    )
    rolling = pl.col("definition") == "rolling_30d"
    accounts = accounts.filter(rolling | ~rolling.any().over("source_id", "platform"))
    organisations = publishers.filter(pl.col("alias_of").is_null()).select(
        "platform", "organisation", "headquarters", canonical_account="account"
    )
    names = organisations.unique(["platform", "canonical_account", "headquarters"], keep="last")
    here = ["source_id", "platform"]
    return (
        accounts.with_columns(share=pl.col("downloads") / pl.col("downloads").sum().over(here))
        .filter(~pl.col("reviewed") & ~pl.col("personal") & (pl.col("downloads") > 0))
        .join(names, on=["platform", "canonical_account", "headquarters"], how="left")
        .with_columns(
            need=pl.when(pl.col("headquarters").is_null()).then(pl.lit("unregistered")).otherwise(pl.lit("unreviewed")),
            rank=pl.struct(-pl.col("downloads"), "account").rank("ordinal").over(here).cast(pl.Int64),
        )
        .sort(*here, "rank")
        .select(
            "source_id",
            "platform",
            "account",
            "observed_on",
            "definition",
            "need",
            "organisation",
            "headquarters",
            "models",
            "downloads",
            "share",
            "rank",
        )
    )
