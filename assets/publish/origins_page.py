"""The page on origins: CN against US under every way of asking, licences, regional builders, what is left to review.

Here: choosing and ordering the rows of that page. Not here: the figures (`assets/adoption`), the frame that all pages
share (`site.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from assets.ingest.sources import load_sources
from maps import words

MEASURES: Final[Mapping[str, str]] = {"downloads": "downloads", "models": "models", "derivatives": "derivatives"}
TASKS: Final[Mapping[str, str]] = {"all_tasks": "all tasks", "llm_only": "language models"}
TOPS: Final[Mapping[str, str]] = {"with_top": "all", "without_top": "without the top ten"}
SIZES: Final[Mapping[str, str]] = {
    "all": "every size",
    "under_1b": "under 1 bn",
    "1b_to_7b": "1–7 bn",
    "7b_to_20b": "7–20 bn",
    "over_20b": "20 bn and more",
    "not_stated": "size not stated",
}
PLATFORMS: Final[Mapping[str, str]] = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}
FIRST_ACCOUNTS: Final = 5
"""Accounts of the review queue that the page names."""

CLASSES: Final = ("permissive", "restricted", "custom", "undeclared")
SIDES: Final[Mapping[str, str]] = {"CN": "China", "US": "United States", "other": "elsewhere"}
CODINGS: Final = tuple(words.CODINGS)
CHOICE: Final = ("measure", "definition", "tasks", "top")
FIGURES: Final = ("cn_of_all", "us_of_all", "cn_share", "bound_low", "bound_high")


def _ranked(column: str, order: Mapping[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict({word: place for place, word in enumerate(order)}, return_dtype=pl.Int64)


def _worded(column: str, labels: Mapping[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(dict(labels), return_dtype=pl.String)


def _panel(rows: pl.DataFrame, panel: str) -> dict[str, Any]:
    """Return the table of one panel: a row a choice, the codings side by side, and what cannot be answered."""
    answered = rows.filter(pl.col("cn_share").is_not_null())
    wide = (
        answered.sort(_ranked("measure", MEASURES), "definition", "tasks", _ranked("top", TOPS))
        .pivot("coding", index=[*CHOICE, "n"], values=list(FIGURES), maintain_order=True)
        .with_columns(
            _worded("measure", MEASURES),
            _worded("definition", words.DEFINITIONS),
            _worded("tasks", TASKS),
            _worded("top", TOPS),
        )
    )
    missing = [f"{name}_{coding}" for name in FIGURES for coding in CODINGS if f"{name}_{coding}" not in wide.columns]
    wide = wide.with_columns(pl.lit(None, pl.Float64).alias(name) for name in missing)
    silent = rows.filter(pl.col("cn_share").is_null()).group_by("reason", maintain_order=True).len()
    return {
        "name": words.PANELS[panel],
        "day": words.day(rows["period"].to_list()[0]),
        "untagged": rows.filter(measure="downloads")["untagged"].max(),
        "rows": wide.to_dicts(),
        "silent": silent.to_dicts(),
    }


def spread(specifications: pl.DataFrame) -> dict[str, Any] | None:
    """Return how many ways of asking about downloads have an answer, the lowest and highest, and the widest panel.

    The extremes over all panels cover different models and days; the widest span on one panel does not.

    Args:
        specifications: Table ``specifications``.
    """
    answered = specifications.filter(pl.col("cn_share").is_not_null() & (pl.col("measure") == "downloads")).sort(
        "cn_share", maintain_order=True
    )
    if answered.is_empty():
        return None
    told = answered.with_columns(
        _worded("definition", words.DEFINITIONS),
        _worded("panel", words.PANELS),
        _worded("coding", words.CODINGS),
        _worded("tasks", TASKS),
        _worded("top", TOPS),
    ).to_dicts()
    share = pl.col("cn_share")
    spans = answered.group_by("panel", "period").agg(low=share.min(), high=share.max())
    widest = spans.sort(pl.col("high") - pl.col("low"), "panel").row(-1, named=True)
    panel = {"name": words.PANELS[widest["panel"]], "day": words.day(widest["period"])}
    return {"count": answered.height, "low": told[0], "high": told[-1], "panel": widest | panel}


def _licences(licences: pl.DataFrame) -> list[dict[str, Any]]:
    """Return labs' own releases by who released them: per panel, size and side, the share of each class."""
    chosen = licences.filter(
        (pl.col("makers") == "labs")
        & (pl.col("coding") == "publisher")
        & (pl.col("release_year") == "all")
        & pl.col("origin").is_in(list(SIDES))
    )
    index = ["panel", "period", "size_band", "origin", "of_models"]
    wide = chosen.pivot("licence_class", on_columns=list(CLASSES), index=index, values="share")
    return (
        wide.sort("panel", _ranked("size_band", SIZES), _ranked("origin", SIDES))
        .with_columns(_worded("panel", words.PANELS), _worded("size_band", SIZES), _worded("origin", SIDES))
        .to_dicts()
    )


def _licence_years(licences: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the permissive share of labs' own releases by year, one row a panel and year."""
    chosen = licences.filter(
        (pl.col("makers") == "labs")
        & (pl.col("coding") == "publisher")
        & (pl.col("size_band") == "all")
        & ~pl.col("release_year").is_in(["all", "not_stated"])
        & (pl.col("licence_class") == "permissive")
        & pl.col("origin").is_in(list(SIDES))
    )
    wide = chosen.pivot(
        "origin", on_columns=list(SIDES), index=["panel", "release_year"], values=["share", "of_models"]
    )
    return wide.sort("panel", "release_year").with_columns(_worded("panel", words.PANELS)).to_dicts()


def _builders(choices: pl.DataFrame, regions: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the organisations by where they sit and on whose weights they built, one mark an organisation."""
    placed = pl.concat(
        [
            choices.drop_nulls("metro").select("organisation", "origin", "released_on", region_id="metro"),
            choices.select("organisation", "origin", "released_on", region_id="country"),
        ]
    )
    names = regions.select("region_id", "name", "level")
    sides = {
        f"n_{origin.lower()}": pl.col("organisation").filter(pl.col("origin") == origin).n_unique()
        for origin in ("CN", "US", "other", "unknown")
    }
    return (
        placed.group_by("region_id")
        .agg(
            n=pl.col("organisation").n_unique(),
            named=pl.col("organisation").unique().sort().str.join(", "),
            first=pl.col("released_on").min().dt.year(),
            last=pl.col("released_on").max().dt.year(),
            **sides,
        )
        .join(names, on="region_id")
        .sort(pl.col("level") != "metro", "n", "name", descending=[False, True, False])
        .with_columns(_worded("level", words.LEVELS))
        .to_dicts()
    )


def _left(queue: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what is left to review in each source, and the registered accounts on which most of it rests.

    Accounts without a row may be people; they are counted and not named.
    """
    share, waits = pl.col("share"), pl.col("need") == "unreviewed"
    titles = {key: source.attribution for key, source in load_sources().items()}
    return (
        queue.sort("source_id", "platform", "rank")
        .group_by("source_id", "platform", maintain_order=True)
        .agg(
            day=pl.col("observed_on").first(),
            unreviewed=share.filter(waits).sum(),
            accounts=waits.sum(),
            unregistered=share.filter(~waits).sum(),
            strangers=(~waits).sum(),
            named=pl.col("account").filter(waits).head(FIRST_ACCOUNTS).str.join(", "),
        )
        .with_columns(_worded("source_id", titles), pl.col("platform").replace_strict(PLATFORMS))
        .to_dicts()
    )


def origins_context(
    specifications: pl.DataFrame,
    licences: pl.DataFrame,
    choices: pl.DataFrame,
    queue: pl.DataFrame,
    regions: pl.DataFrame,
) -> dict[str, Any]:
    """Return what the template of the page needs.

    Args:
        specifications: Table ``specifications``.
        licences: Table ``licences``.
        choices: Table ``builder_choices``.
        queue: Table ``review_queue``.
        regions: Table ``regions``.
    """
    here = specifications.filter(pl.col("platform") == "huggingface")
    panels = [name for name in words.PANELS if name in here["panel"]]
    return {
        "codings": [{"name": name, "said": said} for name, said in words.CODINGS.items()],
        "panels": [_panel(here.filter(pl.col("panel") == name), name) for name in panels],
        "spread": spread(specifications),
        "licences": _licences(licences),
        "licence_years": _licence_years(licences),
        "builders": _builders(choices, regions),
        "left": _left(queue),
    }
