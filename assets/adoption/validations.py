"""Validations: figures that others published, beside the same figure computed from this run's own input.

Here: the register of published figures, the named and versioned definitions, table ``validations``. Not here: the page
(`assets/publish/site.py`). A difference is an error only where like meets like; elsewhere it shows what a definition or
a panel does to the answer. Nor is every agreement worth the same. A figure that is only *read back* is a cell of the
file that the run took in, held against that file: it shows that our copy is whole, and nothing of our arithmetic. A
*recomputed* one follows from finer rows than the figure itself.

A definition that changes gets another version: ``tracked_models@2`` would be another one beside the first.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assets.origins.registry import attach_publishers
from assets.schemas.validations import Validations

FILE: Final = "published_figures.toml"
LANGUAGE_TASKS: Final = ("text-generation", "image-text-to-text")
ATOM_SINCE: Final = date(2022, 11, 30)
ATOM_LEAST: Final = 100_000
YEAR: Final = 365
MANY: Final = 0.30
"""Share of users above which Microsoft counts economies."""

PANEL: Final = "hub_stats_frozen"
"""Source of the models that a definition on all-time counters runs on: the one with counters of all its models."""


class PublishedFigureError(ValueError):
    """The register of published figures is wrong; the message names the figure and the key."""


class PublishedFigure(BaseModel):
    """A figure that somebody published.

    Attributes:
        by: Who published it, and where.
        says: What it is, in their definition.
        published: The figure.
        unit: Its unit.
        dated: Day of the publication.
        seen: How it was read.
        definition: Name and version of our definition.
        argument: What the definition is asked for, such as an economy.
        like_meets_like: Whether ours measures the same thing on the same data.
        why: What differs, where like does not meet like.
        tolerance: Largest difference that counts as the same, where like meets like.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1)
    says: str = Field(min_length=1)
    published: float
    unit: Literal["accounts", "share", "economies", "rank"]
    dated: date
    seen: Literal["file", "excerpt", "reports of others"]
    definition: str
    argument: str = ""
    like_meets_like: bool
    why: str | None = None
    tolerance: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _holds_together(self) -> "PublishedFigure":
        if self.definition not in DEFINITIONS:
            raise ValueError(f"definition {self.definition!r} is none of {', '.join(DEFINITIONS)}")
        if self.like_meets_like in {self.tolerance is None, self.why is not None}:
            raise ValueError("a figure has a tolerance where like meets like, and says why elsewhere")
        return self


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables that definitions read."""

    denominators: pl.DataFrame
    models: pl.DataFrame
    model_origins: pl.DataFrame
    publishers: pl.DataFrame
    world_series: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class Computed:
    """Our figure, its day and source; or why there is none."""

    value: float | None = None
    as_of: date | None = None
    source_id: str | None = None
    reason: str | None = None


def _newest_size(tables: Tables, measure: str, region: str) -> Computed:
    own = tables.denominators.filter((pl.col("measure") == measure) & (pl.col("region_id") == region)).sort("period")
    if own.is_empty():
        return Computed(reason=f"The run has no {measure} of {region}.")
    row = own.row(-1, named=True)
    return Computed(value=row["value"], as_of=row["period"], source_id=row["source_id"])


def github_developers(tables: Tables, region: str) -> Computed:
    """Developer accounts of an economy in the newest quarter, as GitHub's Innovation Graph counts them."""
    return _newest_size(tables, "github_developers", region)


def ai_user_share(tables: Tables, region: str) -> Computed:
    """Share of people aged 15–64 who used any generative AI in the newest period (Microsoft AI Economy Institute)."""
    return _newest_size(tables, "ai_user_share", region)


def _user_shares(tables: Tables) -> pl.DataFrame:
    """Return the shares of AI users of all economies in the newest period."""
    shares = tables.denominators.filter(pl.col("measure") == "ai_user_share")
    return shares.filter(pl.col("period") == pl.col("period").max())


def ai_user_economies(tables: Tables, _: str) -> Computed:
    """Number of economies where more than 30 % of people aged 15–64 used generative AI in the newest period."""
    shares = _user_shares(tables)
    if shares.is_empty():
        return Computed(reason="The run has no ai_user_share of any economy.")
    return Computed(
        value=shares.filter(pl.col("value") > MANY).height,
        as_of=shares["period"][0],
        source_id=shares["source_id"][0],
    )


def ai_user_rank(tables: Tables, region: str) -> Computed:
    """Place of an economy by its share of AI users in the newest period; those of equal share stand together."""
    shares = _user_shares(tables)
    own = shares.filter(pl.col("region_id") == region)
    if own.is_empty():
        return Computed(reason=f"The run has no ai_user_share of {region}.")
    ahead = shares.filter(pl.col("value") > own["value"][0]).height
    return Computed(value=ahead + 1, as_of=own["period"][0], source_id=own["source_id"][0])


def ai_user_share_of_all(tables: Tables, _: str) -> Computed:
    """Share of AI users in the newest period, of all economies together: weighted by their newest population.

    Economies without a population are left out.
    """
    people = (
        tables.denominators.filter(pl.col("measure") == "population")
        .sort("period")
        .unique("region_id", keep="last", maintain_order=True)
        .select("region_id", people="value")
    )
    shares = _user_shares(tables).join(people, on="region_id")
    if shares.is_empty():
        return Computed(reason="The run has no economy with both ai_user_share and population.")
    weighted = float((shares["value"] * shares["people"]).sum())
    return Computed(
        value=weighted / float(shares["people"].sum()), as_of=shares["period"][0], source_id=shares["source_id"][0]
    )


def _cn_share(tables: Tables, chosen: pl.Expr) -> Computed:
    """Return the CN share by publisher of the all-time downloads of some models of the panel."""
    listed = tables.models.filter((pl.col("source_id") == PANEL) & pl.col("downloads_all_time").is_not_null())
    if listed.is_empty():
        return Computed(reason="No source of this run lists models with counters of all time.")
    origins = tables.model_origins.filter(pl.col("coding") == "publisher")
    stretch = pl.col("registry_since")
    placed = origins.filter(stretch == stretch.max().over("platform", "model_id"))
    rows = attach_publishers(listed, tables.publishers, day_column="observed_on").filter(chosen)
    sums = (
        rows.join(placed.select("platform", "model_id", "origin", "weight"), on=["platform", "model_id"])
        .group_by("origin")
        .agg(downloads=(pl.col("downloads_all_time") * pl.col("weight")).sum())
    )
    by_origin = dict(sums.iter_rows())
    cn, us = by_origin.get("CN", 0.0), by_origin.get("US", 0.0)
    if not cn + us:
        return Computed(reason="No model of either side meets the definition.")
    newest = listed["observed_on"].sort()[-1]
    return Computed(value=cn / (cn + us), as_of=newest, source_id=PANEL)


def first_year_downloads(tables: Tables, _: str) -> Computed:
    """Downloads of models that are at most a year old: all of them fell into the models' first year.

    Source: the card of ``mmpr/open_model_evolution_data`` says that its yearly figures count only downloads up to a
    year from a model's creation (Longpre et al. 2025). A model a day past its first birthday counts there and not here.
    """
    age = (pl.col("observed_on") - pl.col("created_on")).dt.total_days()
    return _cn_share(tables, age.is_between(0, YEAR))


def tracked_models(tables: Tables, _: str) -> Computed:
    """Cumulative downloads of labs' own language models since ChatGPT with more than 100,000 downloads.

    Source: the rules of inclusion of ATOM's ``models.csv`` (commit 3cd8020): after 30 November 2022, first-party
    weights, more than 100,000 downloads, text generation or image-text-to-text.
    """
    return _cn_share(
        tables,
        (pl.col("created_on") > ATOM_SINCE)
        & (pl.col("role") == "lab")
        & pl.col("task").is_in(LANGUAGE_TASKS)
        & (pl.col("downloads_all_time") > ATOM_LEAST),
    )


def in_window(tables: Tables, _: str) -> Computed:
    """Downloads between observations: differences of all-time counters, the newest window of Hugging Face.

    Source: the reports of Hugging Face count downloads within a window, which all-time counters alone can give.
    """
    rows = tables.world_series.filter(
        (pl.col("definition") == "in_window")
        & (pl.col("platform") == "huggingface")
        & (pl.col("coding") == "publisher")
        & pl.col("cn_share").is_not_null()
    ).sort("period")
    if rows.is_empty():
        return Computed(reason="The run has all-time counters of Hugging Face of one month; live runs add some.")
    row = rows.row(-1, named=True)
    return Computed(value=row["cn_share"], as_of=row["period"], source_id=row["source_id"])


Definition = Callable[[Tables, str], Computed]
DEFINITIONS: Final[Mapping[str, Definition]] = {
    "github_developers@1": github_developers,
    "ai_user_share@1": ai_user_share,
    "ai_user_economies@1": ai_user_economies,
    "ai_user_rank@1": ai_user_rank,
    "ai_user_share_of_all@1": ai_user_share_of_all,
    "first_year_downloads@1": first_year_downloads,
    "tracked_models@1": tracked_models,
    "in_window@1": in_window,
}
"""Definitions by name and version."""

READ_BACK: Final = frozenset({"github_developers@1", "ai_user_share@1"})
"""Definitions that look a cell of the published file up; all others compute the figure from finer rows."""


def load_published(text: str | None = None) -> dict[str, PublishedFigure]:
    """Return the published figures by id, in the order of the file.

    Args:
        text: Content of the file; that of the package by default.

    Raises:
        PublishedFigureError: An entry has a missing, unknown or wrong key.
    """
    content = resources.files("assets.adoption").joinpath(FILE).read_text(encoding="utf-8") if text is None else text
    figures = {}
    for name, entry in tomllib.loads(content).items():
        try:
            figures[name] = PublishedFigure.model_validate(entry)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
            )
            raise PublishedFigureError(f"{FILE}: [{name}]: {problems}.") from error
    return figures


def validations(tables: Tables, figures: Mapping[str, PublishedFigure]) -> pl.DataFrame:
    """Return table ``validations``: every published figure beside ours.

    Args:
        tables: The tables of the run.
        figures: The published figures.
    """
    rows = []
    for name, figure in figures.items():
        ours = DEFINITIONS[figure.definition](tables, figure.argument)
        agrees = None
        if figure.like_meets_like and ours.value is not None and figure.tolerance is not None:
            agrees = abs(ours.value - figure.published) <= figure.tolerance
        rows.append(
            {
                "figure": name,
                "by": figure.by,
                "says": figure.says,
                "published": figure.published,
                "value_unit": figure.unit,
                "dated": figure.dated,
                "seen": figure.seen,
                "definition": figure.definition,
                "made": "read_back" if figure.definition in READ_BACK else "recomputed",
                "ours": ours.value,
                "as_of": ours.as_of,
                "difference": None if ours.value is None else ours.value - figure.published,
                "like_meets_like": figure.like_meets_like,
                "agrees": agrees,
                "state": "not_observed" if ours.value is None else "value",
                "reason": ours.reason or figure.why,
                "source_id": ours.source_id,
            }
        )
    return pl.DataFrame(rows, schema=Validations.create_empty().schema)
