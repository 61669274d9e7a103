"""Monthly: what happened on the Chinese and on the US side in each month, for comparisons over time.

Here: one function a kind of series, all of one shape: signal, coding, series, month, cn, us, source_id. Not here: what
is made of them (`event_windows.py`). Nothing here knows a region.

A month in which a source says nothing is absent, never zero; in series that count dated things a month without any is
zero between the first and the last month that the source covers.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from assets.adoption.world_series import SNAPSHOT_PANELS

RELEASE: Final = "release"
"""Not a signal of adoption: models that publishers put out, or that were built on a side's weights."""

HUB_FLOOR: Final = date(2022, 4, 1)
"""First month with true days of creation: older models are all dated 2022-03-02 by the Hub."""

SERIES: Final = pl.Schema(
    {
        "signal": pl.String(),
        "coding": pl.String(),
        "series": pl.String(),
        "month": pl.Date(),
        "cn": pl.Float64(),
        "us": pl.Float64(),
        "source_id": pl.String(),
    }
)
_KEY: Final = ("signal", "coding", "series", "source_id")


def _complete(rows: pl.DataFrame, through: pl.DataFrame) -> pl.DataFrame:
    """Return dated counts with zeros for months without any, up to the last whole month that the source covers."""
    spans = (
        rows.group_by(_KEY)
        .agg(first=pl.col("month").min())
        .join(through, on="source_id")
        .with_columns(month=pl.date_ranges("first", pl.col("through").dt.offset_by("-1mo"), "1mo"))
        .explode("month")
        .drop_nulls("month")
    )
    return spans.join(rows, on=[*_KEY, "month"], how="left").select(
        *_KEY, "month", pl.col("cn").fill_null(0.0), pl.col("us").fill_null(0.0)
    )


def _sides(rows: pl.DataFrame) -> pl.DataFrame:
    """Sum weights of dated things by side."""
    weight, origin = pl.col("weight"), pl.col("origin")
    return rows.group_by([*_KEY, "month"]).agg(
        cn=weight.filter(origin == "CN").sum(), us=weight.filter(origin == "US").sum()
    )


def created_models(models: pl.DataFrame, origins: pl.DataFrame) -> pl.DataFrame:
    """Models by the month in which they were created: first releases by publisher, and derivatives by their weights.

    The lists hold what was popular or evaluated on their day: a young model had less time to become so, and what was
    deleted is gone. Both sides share that, so that the ratio bears it better than the counts.

    Args:
        models: Table ``models``.
        origins: Table ``model_origins``.
    """
    listed = (
        models.filter(pl.col("platform") == "huggingface")
        .with_columns(month=pl.col("created_on").dt.truncate("1mo"))
        .filter(pl.col("month") >= HUB_FLOOR)
        .sort("observed_on")
        .unique(["source_id", "model_id"], keep="last", maintain_order=True)
    )
    stretch = pl.col("registry_since")
    placed = origins.filter(stretch == stretch.max().over("platform", "model_id", "coding"))
    kinds = (
        ("publisher", RELEASE, pl.col("depth") == 0, "released: {}"),
        ("weights", "derivative", pl.col("depth") > 0, "built on: {}"),
    )
    through = models.group_by("source_id").agg(through=pl.col("observed_on").max().dt.truncate("1mo"))
    panel = pl.col("source_id").replace_strict(SNAPSHOT_PANELS, default="all_accounts")
    found = [
        listed.join(placed.filter((pl.col("coding") == coding) & chosen), on=["platform", "model_id"]).select(
            "source_id",
            "month",
            "origin",
            "weight",
            coding=pl.lit(coding),
            signal=pl.lit(signal),
            series=pl.format(words, panel),
        )
        for coding, signal, chosen, words in kinds
    ]
    return _complete(_sides(pl.concat(found)), through)


def grown_downloads(world_series: pl.DataFrame) -> pl.DataFrame:
    """Downloads in a window between observations that are a month apart, by panel and coding.

    Args:
        world_series: Table ``world_series``; rolling figures are left out, because they overlap.
    """
    return (
        world_series.filter((pl.col("definition") == "in_window") & (pl.col("platform") == "huggingface"))
        .with_columns(month=pl.col("period").dt.truncate("1mo"))
        .sort("period")
        .unique(["panel", "coding", "month", "source_id"], keep="last", maintain_order=True)
        .select(
            "coding",
            "month",
            "source_id",
            signal=pl.lit("model_download"),
            series=pl.format("grown: {}", "panel"),
            cn="n_cn",
            us="n_us",
        )
    )


def forked(forks: pl.DataFrame, tracked: pl.DataFrame) -> pl.DataFrame:
    """Forks by people, by month and the side of the repository.

    Args:
        forks: Table ``forks``.
        tracked: Table ``tracked_repositories``.
    """
    sides = tracked.filter(pl.col("kind") == "model").select("repository", "origin")
    dated = (
        forks.filter(pl.col("owner_kind") == "person")
        .join(sides, on="repository")
        .select(
            "origin",
            "source_id",
            month=pl.col("created_on").dt.truncate("1mo"),
            weight=pl.lit(1.0),
            signal=pl.lit("fork"),
            coding=pl.lit("publisher"),
            series=pl.lit("forks by people"),
        )
    )
    through = dated.group_by("source_id").agg(through=pl.col("month").max())
    return _complete(_sides(dated), through)


def contributed(contributions: pl.DataFrame, tracked: pl.DataFrame) -> pl.DataFrame:
    """People who committed in a month, by the side of the repository; one on both sides counts on both.

    Args:
        contributions: Table ``contributions``.
        tracked: Table ``tracked_repositories``.
    """
    sides = tracked.filter(pl.col("kind") == "model").select("repository", "origin")
    dated = (
        contributions.filter(pl.col("actor_kind") == "person")
        .join(sides, on="repository")
        .group_by("origin", "source_id", "month")
        .agg(weight=pl.col("actor").n_unique().cast(pl.Float64))
        .with_columns(signal=pl.lit("contribution"), coding=pl.lit("publisher"), series=pl.lit("people who committed"))
    )
    through = dated.group_by("source_id").agg(through=pl.col("month").max())
    return _complete(_sides(dated), through)


def packaged(downloads: pl.DataFrame, packages: pl.DataFrame) -> pl.DataFrame:
    """Downloads of headline packages by package managers, by month and the vendor's side; whole months alone.

    Args:
        downloads: Table ``package_downloads``.
        packages: Table ``tracked_packages``.
    """
    whole = pl.col("days") == pl.col("month").dt.month_end().dt.day()
    return (
        downloads.filter(whole & (pl.col("installer_class") == "package_manager"))
        .join(packages.filter("headline").select("package", "origin"), on="package")
        .group_by("month", "source_id")
        .agg(
            cn=pl.col("downloads").filter(pl.col("origin") == "CN").sum(),
            us=pl.col("downloads").filter(pl.col("origin") == "US").sum(),
        )
        .with_columns(signal=pl.lit("package_download"), coding=pl.lit("publisher"), series=pl.lit("headline packages"))
    )


def monthly_series(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return all series as one frame, sorted.

    Args:
        parts: Results of the functions above.
    """
    rows = [part.select(SERIES.names()).cast(SERIES) for part in parts]
    return pl.concat([pl.DataFrame(schema=SERIES), *rows]).sort(*_KEY, "month")
