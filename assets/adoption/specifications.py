"""Specifications: CN against US under every combination of choices, so that no one combination is the answer.

Here: the selections (tasks, with and without the top), the three measures, and their split by origin. Not here: panels
of counters (`world_series.py`), the origin of a model (`assets/origins`).
"""

from collections.abc import Iterator
from typing import Final

import polars as pl

from assets.adoption.world_series import GROUP, SNAPSHOT_PANELS, TOP_ARTEFACTS, panels, split_by_origin
from assets.origins.dated import HUB, registry_since
from assets.schemas.exhibits import MEASURES, TASK_SCOPES, TOP_SCOPES
from assets.schemas.vocabulary import CODINGS, ORIGINS

LLM_TASKS: Final = ("text-generation", "image-text-to-text")
"""Tasks of language models, as the ATOM project draws the line."""

NO_TASKS: Final = "The source does not say what its models are for."
NO_LINEAGE: Final = "The source does not say what its models were made from."
ONE_SIDED: Final = "The source follows publishers of one side only; a share would say nothing."
ALL_UNKNOWN: Final = "No table shows the lineage of these models; every origin is unknown."
NONE_LEFT: Final = "Nothing of either side is left in this selection."

CELL: Final = (*GROUP, "measure", "tasks", "top", "coding")


def _bases(parents: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct declared bases of each model, itself left out."""
    others = parents.filter(pl.col("child_id") != pl.col("parent_id"))
    return others.select(model_id="child_id", base="parent_id").unique()


def _selected(
    models: pl.DataFrame, totals: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Return the newest day of every panel, with the task and whether a model is a derivative."""
    rows = panels(models, totals, publishers)
    newest = pl.col("period") == pl.col("period").max().over("platform", "definition", "panel")
    tasks = models.select("platform", "model_id", "source_id", "task", period="observed_on")
    return (
        rows.filter(newest)
        .join(tasks, on=["platform", "model_id", "source_id", "period"], how="left", maintain_order="left")
        .with_columns(
            derived=pl.col("model_id").is_in(_bases(parents)["model_id"].implode()) & (pl.col("platform") == HUB),
            described=pl.col("panel").is_in(list(SNAPSHOT_PANELS.values())),
            registry_since=registry_since("period", publishers),
        )
        .sort("downloads", "counter", descending=[True, False])
    )


def _most_used(rows: pl.DataFrame, bases: pl.DataFrame) -> pl.DataFrame:
    """Return the derivatives of each panel that were made from one of its most declared bases."""
    used = rows.select(*GROUP, "model_id").join(bases, on="model_id")
    counts = used.group_by(*GROUP, "base").len().sort("len", "base", descending=[True, False])
    top = counts.group_by(GROUP, maintain_order=True).head(TOP_ARTEFACTS)
    return used.join(top, on=[*GROUP, "base"], how="semi").select(*GROUP, "model_id").unique()


def _measured(rows: pl.DataFrame, bases: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield rows with ``measure``, ``tasks``, ``amount`` and ``is_top`` for each selection."""
    language = pl.col("task").is_in(LLM_TASKS).fill_null(value=False)
    amounts = {"downloads": pl.col("downloads"), "models": pl.lit(1.0), "derivatives": pl.lit(1.0)}
    for tasks, kept in (("all_tasks", pl.lit(value=True)), ("llm_only", language & pl.col("described"))):
        for measure in MEASURES:
            part = rows.filter(kept)
            if measure == "derivatives":
                part = part.filter("derived", "described")
                top = _most_used(part, bases).with_columns(is_top=pl.lit(value=True))
                part = part.join(top, on=[*GROUP, "model_id"], how="left").with_columns(
                    pl.col("is_top").fill_null(value=False)
                )
            else:
                part = part.with_columns(is_top=pl.int_range(pl.len()).over(GROUP) < TOP_ARTEFACTS)
            yield part.with_columns(measure=pl.lit(measure), tasks=pl.lit(tasks), amount=amounts[measure])


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _untagged(rows: pl.DataFrame) -> pl.DataFrame:
    """Return, for each panel and measure, the part that rests on models without a task."""
    described = rows.filter("described").with_columns(
        pl.col("derived").cast(pl.Float64).alias("derivatives"), models=pl.lit(1.0)
    )
    sums = described.group_by(GROUP).agg(
        _share(pl.col(measure).filter(pl.col("task").is_null()).sum(), pl.col(measure).sum()).alias(measure)
        for measure in MEASURES
    )
    return sums.unpivot(list(MEASURES), index=list(GROUP), variable_name="measure", value_name="untagged")


def specifications(
    models: pl.DataFrame, totals: pl.DataFrame, parents: pl.DataFrame, origins: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Return table ``specifications``.

    Every combination of panel, measure, tasks, top and coding has a row. A panel whose source gives neither tasks
    nor lineage cannot answer for language models or derivatives, and says so; a panel that was chosen for one side
    has no share, as in table ``world_series``.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        parents: Table ``model_parents``.
        origins: Table ``model_origins``.
        publishers: Table ``publishers``.

    Raises:
        ValueError: A model of a panel has no origin row.
    """
    rows = _selected(models, totals, parents, publishers)
    amount = pl.col("amount") * pl.col("weight")
    sides = {f"n_{origin.lower()}": amount.filter(pl.col("origin") == origin).sum() for origin in ORIGINS}
    counted = []
    for part in _measured(rows, _bases(parents)):
        joined = split_by_origin(part, origins)
        for top, kept in (("with_top", pl.lit(value=True)), ("without_top", ~pl.col("is_top"))):
            cells = joined.filter(kept).group_by(*GROUP, "measure", "tasks", "coding").agg(**sides)
            counted.append(cells.with_columns(top=pl.lit(top)))
    grid = rows.select(*GROUP, "described").unique()
    for name, values in (("measure", MEASURES), ("tasks", TASK_SCOPES), ("top", TOP_SCOPES), ("coding", CODINGS)):
        grid = grid.join(pl.DataFrame({name: values}), how="cross")
    cn, us, unknown = pl.col("n_cn"), pl.col("n_us"), pl.col("n_unknown")
    whole = pl.concat(counted).filter(
        (pl.col("top") == "with_top") & (pl.col("tasks") == "all_tasks") & (pl.col("measure") == "models")
    )
    one_sided = (pl.col("all_cn").fill_null(0) == 0) | (pl.col("all_us").fill_null(0) == 0)
    unanswered = (
        pl.when(~pl.col("described") & (pl.col("tasks") == "llm_only"))
        .then(pl.lit(NO_TASKS))
        .when(~pl.col("described") & (pl.col("measure") == "derivatives"))
        .then(pl.lit(NO_LINEAGE))
    )
    return (
        grid.join(pl.concat(counted), on=list(CELL), how="left")
        .join(whole.select(*GROUP, "coding", all_cn="n_cn", all_us="n_us"), on=[*GROUP, "coding"], how="left")
        .join(_untagged(rows), on=[*GROUP, "measure"], how="left")
        .with_columns(unanswered=unanswered)
        .with_columns(
            pl.when(pl.col("unanswered").is_null()).then(pl.col(side).fill_null(0.0)).alias(side) for side in sides
        )
        .with_columns(
            n=pl.when(pl.col("unanswered").is_null()).then(pl.sum_horizontal(*sides)),
            reason=pl.coalesce(
                "unanswered",
                pl.when((cn + us == 0) & (unknown > 0)).then(pl.lit(ALL_UNKNOWN)),
                pl.when(one_sided).then(pl.lit(ONE_SIDED)),
                pl.when(cn + us == 0).then(pl.lit(NONE_LEFT)),
            ),
        )
        .with_columns(
            cn_of_all=_share(cn, pl.col("n")),
            us_of_all=_share(us, pl.col("n")),
            cn_share=pl.when(pl.col("reason").is_null()).then(_share(cn, cn + us)),
            bound_low=pl.when(pl.col("reason").is_null()).then(_share(cn, cn + us + unknown)),
            bound_high=pl.when(pl.col("reason").is_null()).then(_share(cn + unknown, cn + us + unknown)),
        )
        .drop("described", "all_cn", "all_us", "unanswered")
        .sort(*GROUP, *CELL[len(GROUP) :])
    )
