"""World series: downloads by origin over time, under every definition, panel and coding.

Here: panels of counters and their totals. Nothing here knows a region: hubs say how often, not from where. Not
here: the origin of a model (`assets/origins`).
"""

from datetime import date
from typing import Final

import polars as pl

from assets.origins.dated import registry_since
from assets.schemas.vocabulary import ORIGINS

MATCHED_SINCE: Final = date(2025, 1, 14)
"""First crawl of the matched panel: before it, at least a third of its accounts were not crawled yet."""

TOP_ARTEFACTS: Final = 10
"""Most downloaded models left out in the comparison without them."""

SNAPSHOT_PANELS: Final = {
    "hub_stats_frozen": "evaluation_registry",
    "hf_radar": "trending",
    "hub_accounts": "registry_accounts",
    "hub_whole": "whole_hub",
}
"""Panel of each source that lists models with their cards."""

GROUP: Final = ("platform", "definition", "panel", "period", "source_id")


def one_account(rows: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Count a renamed account, and each of its models, as one.

    Args:
        rows: ``platform``, ``account``, ``model_id`` and the counters, under the names of their day.
        publishers: Table ``publishers``, whose aliases name the account in use today.

    Returns:
        The rows with ``account`` as it is called today and ``counter``, the model's id under that name.
    """
    renamed = publishers.filter(pl.col("alias_of").is_not_null()).select("platform", "account", "alias_of").unique()
    own_name = pl.col("model_id").str.strip_prefix(pl.col("account"))
    return (
        rows.join(renamed, on=["platform", "account"], how="left", maintain_order="left")
        .with_columns(today=pl.coalesce("alias_of", "account"), own_name=own_name)
        .with_columns(account="today", counter=pl.concat_str("today", "own_name"))
        .drop("today", "own_name", "alias_of")
    )


def _panel(rows: pl.DataFrame, *, panel: str, definition: str, downloads: str) -> pl.DataFrame:
    return rows.filter(pl.col(downloads).is_not_null()).select(
        "platform",
        "model_id",
        "counter",
        "account",
        "source_id",
        definition=pl.lit(definition),
        panel=pl.lit(panel),
        period="observed_on",
        downloads=pl.col(downloads).cast(pl.Float64),
        corrected=pl.lit(False),  # noqa: FBT003
    )


def _crawled(totals: pl.DataFrame) -> pl.DataFrame:
    """Counters as crawled, all accounts of each crawl; those of a source that lists models are in its panel."""
    panel = pl.col("source_id").replace_strict(SNAPSHOT_PANELS, default="all_accounts")
    return pl.concat(
        _panel(
            totals.filter((panel == name) & (pl.col("definition") == definition)),
            panel=name,
            definition=definition,
            downloads="downloads",
        )
        for name in ("all_accounts", *SNAPSHOT_PANELS.values())
        for definition in ("rolling_30d", "all_time")
    )


def _matched(crawled: pl.DataFrame) -> pl.DataFrame:
    """The accounts that every crawl of a platform since ``MATCHED_SINCE`` has: growth of the panel cannot show."""
    recent = crawled.filter((pl.col("period") >= MATCHED_SINCE) & (pl.col("definition") == "rolling_30d"))
    days = recent.select("platform", "period").unique().group_by("platform").len("days")
    always = (
        recent.select("platform", "account", "period")
        .unique()
        .group_by("platform", "account")
        .len("seen")
        .join(days, on="platform")
        .filter(pl.col("seen") == pl.col("days"))
    )
    return recent.join(always, on=["platform", "account"], how="semi").with_columns(panel=pl.lit("matched_accounts"))


def in_window(crawled: pl.DataFrame) -> pl.DataFrame:
    """Difference all-time counters between consecutive crawls.

    Only models in both crawls count: one that enters the panel would bring its whole past. A counter that fell
    and rose again did not grow by the rise: growth is that of the counter's running maximum, and a window that
    begins or ends below it is marked.

    Args:
        crawled: Rows of the panel with ``definition`` all_time.

    Returns:
        Rows of the same shape with the later crawl as ``period``, definition in_window and ``corrected``.
    """
    peaks = (
        crawled.filter(pl.col("definition") == "all_time")
        .sort("platform", "panel", "counter", "period")
        .with_columns(peak=pl.col("downloads").cum_max().over("platform", "panel", "counter"))
    )
    crawls = (
        peaks.select("platform", "panel", "period")
        .unique()
        .sort("platform", "panel", "period")
        .with_columns(before=pl.col("period").shift(1).over("platform", "panel"))
        .drop_nulls()
    )
    below = pl.col("downloads") < pl.col("peak")
    earlier = peaks.select("platform", "panel", "counter", before="period", earlier_peak="peak", earlier_below=below)
    return (
        peaks.join(crawls, on=["platform", "panel", "period"])
        .join(earlier, on=["platform", "panel", "counter", "before"])
        .with_columns(
            definition=pl.lit("in_window"),
            corrected=below | pl.col("earlier_below"),
            downloads=pl.col("peak") - pl.col("earlier_peak"),
        )
        .select(crawled.columns)
    )


def panels(models: pl.DataFrame, totals: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Return every panel: platform, definition, panel, period, model_id, counter, account, downloads, corrected.

    A model listed under the old and the new name of its account is one counter, shown twice: the greater value
    counts.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        publishers: Table ``publishers``.
    """
    crawled = _crawled(one_account(totals, publishers))
    listed = one_account(models, publishers).with_columns(
        panel=pl.col("source_id").replace_strict(SNAPSHOT_PANELS, default=None)
    )
    strays = listed.filter(pl.col("panel").is_null())["source_id"].unique().to_list()
    if strays:
        raise ValueError(f"No panel is defined for models of {', '.join(strays)}; name it in world_series.panels.")
    snapshots = [
        _panel(listed.filter(pl.col("panel") == panel), panel=panel, definition=definition, downloads=column)
        for panel in SNAPSHOT_PANELS.values()
        for definition, column in (("rolling_30d", "downloads_30d"), ("all_time", "downloads_all_time"))
    ]
    together = pl.concat([crawled, _matched(crawled), in_window(crawled), *snapshots])
    return together.sort("downloads", descending=True).unique([*GROUP, "counter"], keep="first", maintain_order=True)


def split_by_origin(rows: pl.DataFrame, origins: pl.DataFrame) -> pl.DataFrame:
    """Return each row once a coding and origin, with ``coding``, ``origin``, ``weight`` and ``unreviewed_weight``.

    Args:
        rows: Anything with ``platform``, ``model_id`` and ``registry_since``.
        origins: Table ``model_origins``.

    Raises:
        ValueError: A model has no origin row.
    """
    key = ["platform", "model_id", "registry_since"]
    joined = rows.join(origins.select(*key, "coding", "origin", "weight", "unreviewed_weight"), on=key, how="left")
    orphans = joined.filter(pl.col("coding").is_null())
    if orphans.height:
        raise ValueError(
            f"{orphans.height} model(s) have no origin, the first being {orphans['model_id'][0]}; "
            "materialise attribute/model_origins on the same tables."
        )
    return joined


def _share(cn: pl.Expr, us: pl.Expr) -> pl.Expr:
    return pl.when(cn + us > 0).then(cn / (cn + us))


def world_series(
    models: pl.DataFrame, totals: pl.DataFrame, origins: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Return table ``world_series``.

    Downloads of a model are split by the weights of its origins. The CN share stands between two bounds: all
    downloads of unknown origin US, or all Chinese. A panel that has no model of one side was chosen so (the
    crawl of ModelScope follows Chinese publishers only): its share would be 0 or 1 by construction and is left
    out, with the reason.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        origins: Table ``model_origins``.
        publishers: Table ``publishers``.

    Raises:
        ValueError: A model of a panel has no origin row.
    """
    rows = panels(models, totals, publishers).with_columns(
        is_top=pl.col("downloads").rank("ordinal", descending=True).over(GROUP) <= TOP_ARTEFACTS
    )
    joined = split_by_origin(rows.with_columns(registry_since=registry_since("period", publishers)), origins)
    part = pl.col("downloads") * pl.col("weight")
    side = {f"n_{origin.lower()}": part.filter(pl.col("origin") == origin).sum() for origin in ORIGINS}
    rest = {
        f"rest_{origin.lower()}": part.filter((pl.col("origin") == origin) & ~pl.col("is_top")).sum()
        for origin in ("CN", "US")
    }
    cn, us, unknown = pl.col("n_cn"), pl.col("n_us"), pl.col("n_unknown")
    return (
        joined.group_by(*GROUP, "coding")
        .agg(
            accounts=pl.col("account").n_unique().cast(pl.Int64),
            models=pl.col("counter").n_unique().cast(pl.Int64),
            n_unreviewed=(pl.col("downloads") * pl.col("unreviewed_weight")).sum(),
            corrections=pl.col("counter").filter(pl.col("corrected")).n_unique().cast(pl.Int64),
            **side,
            **rest,
        )
        .with_columns(two_sided=(cn > 0) & (us > 0))
        .with_columns(
            cn_share=pl.when("two_sided").then(_share(cn, us)),
            bound_low=pl.when("two_sided").then(_share(cn, us + unknown)),
            bound_high=pl.when("two_sided").then(_share(cn + unknown, us)),
            cn_share_without_top=pl.when("two_sided").then(_share(pl.col("rest_cn"), pl.col("rest_us"))),
            reason=pl.when(~pl.col("two_sided")).then(
                pl.when(cn + us > 0)
                .then(pl.lit("The source follows publishers of one side only; a share would say nothing."))
                .when(unknown > 0)
                .then(pl.lit("No table shows the lineage of these models; every origin is unknown."))
                .otherwise(pl.lit("No downloads of either side were counted."))
            ),
        )
        .drop("rest_cn", "rest_us", "two_sided")
        .sort(*GROUP, "coding")
    )
