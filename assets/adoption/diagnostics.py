"""Diagnostics: what the signals themselves cannot bear, measured on the same tables.

Here: one function a diagnostic, all of one shape. Not here: estimates; nothing in this table is adoption.
"""

from typing import Final

import polars as pl

CHINA_OFFSET_MINUTES: Final = 8 * 60
DISPLACEMENT: Final = ("CN", "HK", "SG", "MO", "TW", "US")
COMPOSITE: Final = ("CN", "HK", "MO", "SG")
"""Economies between which relays move Chinese traffic; a diagnostic only, never a region."""


def commit_offsets_by_owner(offsets: pl.DataFrame, repositories: pl.DataFrame) -> pl.DataFrame:
    """Share of commits at UTC+8, by country of the repository's owner: offsets show where core staff sit."""
    return (
        offsets.join(repositories.select("repository", "owner_country"), on="repository")
        .group_by("owner_country")
        .agg(
            period=pl.col("month").min(),
            value=pl.col("commits").filter(pl.col("utc_offset_minutes") == CHINA_OFFSET_MINUTES).sum()
            / pl.col("commits").sum(),
            n=pl.col("commits").sum(),
            source_id=pl.col("source_id").first(),
        )
        .select(
            "period",
            "value",
            "n",
            "source_id",
            diagnostic=pl.lit("commits_at_utc8"),
            subject=pl.format("repositories owned in {}", "owner_country"),
            value_unit=pl.lit("share of commits"),
            note=pl.lit("Core staff, not adoption: n counts commits. UTC+8 is also SG, MY, PH, TW, HK and western AU."),
        )
    )


def developers_per_capita(denominators: pl.DataFrame) -> pl.DataFrame:
    """GitHub accounts per inhabitant where relays displace them: above one in four nobody should believe."""
    newest = (
        denominators.filter(pl.col("measure").is_in(["population", "github_developers"]))
        .sort("period")
        .group_by("measure", "region_id")
        .last()
    )
    wide = newest.pivot("measure", index="region_id", values="value")
    period = newest.filter(pl.col("measure") == "github_developers")["period"].max()
    economies = wide.filter(pl.col("region_id").is_in(DISPLACEMENT)).drop_nulls()
    composite = (
        economies.filter(pl.col("region_id").is_in(COMPOSITE))
        .sum()
        .with_columns(region_id=pl.lit("composite " + "+".join(COMPOSITE)))
    )
    return pl.concat([economies, composite.select(economies.columns)]).select(
        diagnostic=pl.lit("developers_per_capita"),
        subject="region_id",
        period=pl.lit(period, pl.Date),
        value=pl.col("github_developers") / pl.col("population"),
        value_unit=pl.lit("accounts per inhabitant"),
        n=pl.col("github_developers").cast(pl.Int64),
        note=pl.lit(
            "Accounts by modal IP location; relays move Chinese accounts to HK and SG, so the composite stands beside "
            "its parts. Population: World Bank, which has no series for TW. n counts accounts."
        ),
        source_id=pl.lit("innovation_graph"),
    )


def pooled_ai_users(denominators: pl.DataFrame) -> pl.DataFrame:
    """Economies whose three AI-user shares equal another economy's: pooled regional figures, not measurements."""
    wide = (
        denominators.filter(pl.col("measure") == "ai_user_share")
        .sort("period")
        .group_by("region_id")
        .agg(pl.col("value"), pl.col("period").max())
    )
    pooled = wide.filter(pl.len().over(pl.col("value").cast(pl.List(pl.String)).list.join("|")) > 1)
    return pl.DataFrame(
        {
            "diagnostic": ["pooled_ai_user_share"],
            "subject": ["world"],
            "period": [wide["period"].max()],
            "value": [pooled.height / wide.height],
            "value_unit": ["share of economies"],
            "n": [pooled.height],
            "note": [
                "Identical in all three periods to another economy's: pooled regional values. n counts economies."
            ],
            "source_id": ["ms_ai_diffusion"],
        }
    )


def package_traffic(denominators: pl.DataFrame) -> pl.DataFrame:
    """Share of the published PyPI traffic by economy in the newest month: clouds and mirrors, not people."""
    traffic = denominators.filter(pl.col("measure") == "pypi_downloads_all_packages")
    month = traffic.filter(pl.col("period") == pl.col("period").max())
    return (
        month.with_columns(total=pl.col("value").sum())
        .filter(pl.col("region_id").is_in(DISPLACEMENT))
        .select(
            "period",
            "source_id",
            diagnostic=pl.lit("package_traffic"),
            subject="region_id",
            value=pl.col("value") / pl.col("total"),
            value_unit=pl.lit("share of the published economies' downloads"),
            n=pl.col("value").cast(pl.Int64),
            note=pl.lit("All packages. Build machines inflate the US; mirrors hide China. n counts downloads."),
        )
    )


def registry_review(world_series: pl.DataFrame) -> pl.DataFrame:
    """Share of downloads whose publisher coding rests on unreviewed rows of the registry, and of unknown origin."""
    total = pl.sum_horizontal("n_cn", "n_us", "n_other", "n_unknown")
    rows = world_series.filter((pl.col("coding") == "publisher") & (pl.col("panel") != "matched_accounts"))
    return pl.concat(
        rows.select(
            "period",
            "source_id",
            diagnostic=pl.lit(name),
            subject=pl.format("{} {} {}", "platform", "definition", "panel"),
            value=pl.col(column) / total,
            value_unit=pl.lit("share of downloads"),
            n=total.round().cast(pl.Int64),
            note=pl.lit(note),
        )
        for name, column, note in (
            (
                "unreviewed_publishers",
                "n_unreviewed",
                "Rests on curator's knowledge, not on evidence. n counts downloads.",
            ),
            (
                "unknown_publishers",
                "n_unknown",
                "Account outside the registry, personal, or without a base. n counts downloads.",
            ),
        )
    )


def diagnostics(
    denominators: pl.DataFrame,
    commit_offsets: pl.DataFrame,
    repositories: pl.DataFrame,
    world_series: pl.DataFrame,
) -> pl.DataFrame:
    """Return the rows of table ``diagnostics`` that rest on embedded figures."""
    tables = [
        commit_offsets_by_owner(commit_offsets, repositories),
        developers_per_capita(denominators),
        pooled_ai_users(denominators),
        package_traffic(denominators),
        registry_review(world_series),
    ]
    columns = ["diagnostic", "subject", "period", "value", "value_unit", "n", "note", "source_id"]
    rows = pl.concat(table.select(columns).cast({"n": pl.Int64}) for table in tables)
    nothing = pl.lit(None)
    return rows.with_columns(
        low=nothing.cast(pl.Float64),
        high=nothing.cast(pl.Float64),
        state=pl.lit("value"),
        reason=nothing.cast(pl.String),
    )
