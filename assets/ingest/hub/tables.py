"""Tables: from a finished observation of the Hub to the ingest tables, and whether to believe it.

Here: pure functions. Not here: crawling (`crawl.py`), what lasts between runs (`refresh.py`).

Downloads within a window are the difference of all-time counters between two observations; 30-day figures overlap
from day to day and are never summed. The ingest table keeps the counters, `assets/adoption/world_series.py` differences
them, where a counter that fell counts as a correction and never as negative downloads.
"""

from datetime import date
from typing import Final

import polars as pl

from assets.ingest.hub.pages import ROWS

PLATFORM: Final = "huggingface"
LEAST_SHARE: Final = 0.95
"""Smallest size of an observation, compared with the one before, that is believed."""

LEAST_COUNTERS: Final = 100
"""From so many counters on, all of them standing still for a day means that the Hub has stopped counting."""

COUNTERS: Final = ("model_id", "account", "downloads_all_time")


def together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of a crawl's pages, each model once, sorted by id.

    A model may come twice: by its account and as a derivative, or under a new name when it was renamed meanwhile. The
    last sighting counts.
    """
    listed = pl.concat([pl.DataFrame(schema=ROWS), *parts])
    return (
        listed.unique("hub_key", keep="last", maintain_order=True)
        .unique("model_id", keep="last", maintain_order=True)
        .sort("model_id")
    )


def most_used(listed: pl.DataFrame, bases: int) -> list[str]:
    """Return the models that most others were made from, the most used first."""
    used = listed.unique("model_id").filter(pl.col("children") > 0)
    return used.sort("children", "model_id", descending=[True, False]).head(bases)["model_id"].to_list()


def doubts(before: pl.DataFrame | None, now: pl.DataFrame, *, days: int) -> str:
    """Return why an observation is not believed, or nothing.

    Args:
        before: The last observation of the same scope, where there is one.
        now: The observation.
        days: Days between the two.
    """
    if now.is_empty():
        return "The Hub listed no model at all."
    if before is None or before.is_empty():
        return ""
    if now.height < LEAST_SHARE * before.height:
        return (
            f"The Hub listed {now.height:,} models where {before.height:,} were listed {days} day(s) before; "
            f"less than {LEAST_SHARE:.0%} is a cut listing, not a smaller hub."
        )
    counters = "downloads_all_time"
    shared = before.select("hub_key", past=counters).join(now, on="hub_key").drop_nulls(["past", counters])
    if days > 0 and shared.height >= LEAST_COUNTERS and (shared["past"] == shared[counters]).all():
        return f"Not one of {shared.height:,} download counters moved in {days} day(s): the Hub has stopped counting."
    return ""


def corrections(before: pl.DataFrame | None, now: pl.DataFrame) -> pl.DataFrame:
    """Return the counters that fell between two observations: ``model_id``, ``before``, ``now``, ``correction``."""
    if before is None:
        before = pl.DataFrame(schema=ROWS)
    return (
        before.select("hub_key", before="downloads_all_time")
        .join(now.select("hub_key", "model_id", now="downloads_all_time"), on="hub_key")
        .filter(pl.col("now") < pl.col("before"))
        .select("model_id", "before", "now", correction=pl.col("now") - pl.col("before"))
        .sort("model_id")
    )


def models(listed: pl.DataFrame, *, day: date, source_id: str) -> pl.DataFrame:
    """Return an observation as rows of table ``models``."""
    return listed.drop("hub_key", "children", "parents").with_columns(
        platform=pl.lit(PLATFORM), observed_on=pl.lit(day), source_id=pl.lit(source_id)
    )


def model_parents(listed: pl.DataFrame, *, source_id: str) -> pl.DataFrame:
    """Return the lineage that an observation declares, as rows of table ``model_parents``."""
    return (
        listed.select("parents", child_id="model_id")
        .explode("parents", empty_as_null=False, keep_nulls=False)
        .select("child_id", pl.col("parents").struct.unnest(), source_id=pl.lit(source_id))
        .unique(["child_id", "parent_id", "relation"])
        .sort("child_id", "parent_id", "relation")
    )


def newest_edges(older: pl.DataFrame, newer: pl.DataFrame) -> pl.DataFrame:
    """Return both tables of lineage; a child that the newer one lists has the parents it declares there.

    Args:
        older: Rows of table ``model_parents``.
        newer: Rows of the same table.
    """
    columns = older.columns
    return pl.concat([older.join(newer, on="child_id", how="anti"), newer.select(columns)])


def counters(listed: pl.DataFrame) -> pl.DataFrame:
    """Return what is kept of an observation for good: the all-time counters."""
    return listed.select(COUNTERS).drop_nulls("downloads_all_time")


def model_download_totals(kept: pl.DataFrame, *, source_id: str) -> pl.DataFrame:
    """Return kept counters (with ``observed_on``) as rows of table ``model_download_totals``."""
    return kept.select(
        "model_id",
        "observed_on",
        "account",
        platform=pl.lit(PLATFORM),
        definition=pl.lit("all_time"),
        downloads="downloads_all_time",
        source_id=pl.lit(source_id),
    )
