"""Forks and contributions: people on GitHub by where they say they live and whose model repositories they touch.

Here: counting distinct people by region, hiding cells of few, shares with intervals and worst-case bounds. Not here:
reading GitHub (`assets/ingest/github`), where people live (`assets/places/actors.py`), shrinkage and cells without
data (`estimates.py`).

Organisations and bots are no people and are left out. Regions rest on declared locations only; a period is a calendar
year, because a month has too few people almost everywhere. The world counts everybody, located or not.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from assets.adoption.intervals import overlap_share_interval
from assets.schemas.vocabulary import ORIGINS

LEAST_PEOPLE: Final = 10
SOURCE: Final = "github"
WORLD: Final = "world"
FEW: Final = "Fewer than 10 people, or as many elsewhere that totals would reveal; such cells are hidden."
NEITHER: Final = "Nobody here touched a repository of either side."

CELL: Final = ("signal", "period", "level", "region_id")
_EVENTS: Final = pl.Schema(
    {"signal": pl.String(), "actor": pl.String(), "period": pl.Date(), "repository": pl.String(), "events": pl.Int64()}
)


def people_events(forks: pl.DataFrame, contributions: pl.DataFrame) -> pl.DataFrame:
    """Return what people did, by year and repository: ``signal, actor, period, repository, events``.

    Args:
        forks: Table ``forks``.
        contributions: Table ``contributions``.
    """
    parts = [
        forks.filter(pl.col("owner_kind") == "person").select(
            "actor",
            "repository",
            signal=pl.lit("fork"),
            period=pl.col("created_on").dt.truncate("1y"),
            events=pl.lit(1),
        ),
        contributions.filter(pl.col("actor_kind") == "person").select(
            "actor",
            "repository",
            signal=pl.lit("contribution"),
            period=pl.col("month").dt.truncate("1y"),
            events=pl.col("commits"),
        ),
    ]
    return pl.concat(part.select(_EVENTS.names()).cast(_EVENTS) for part in parts)


def _by_origin(events: pl.DataFrame, tracked: pl.DataFrame) -> pl.DataFrame:
    """Return the events at repositories of models, with the origin of each."""
    models = tracked.filter(pl.col("kind") == "model").select("repository", "origin")
    return (
        events.join(models, on="repository").group_by("signal", "period", "actor", "origin").agg(pl.col("events").sum())
    )


def _placed(people: pl.DataFrame, places: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the people once a region that holds them: country, subregion, metro and world."""
    declared = places.filter(pl.col("evidence") == "declared").select("actor", "country", "metro")
    parents = regions.filter(pl.col("level") == "country").select(country="region_id", subregion="parent_id")
    wide = people.join(declared.join(parents, on="country"), on="actor", how="left").with_columns(world=pl.lit(WORLD))
    return pl.concat(
        wide.drop_nulls(level).select(*people.columns, level=pl.lit(level), region_id=pl.col(level))
        for level in ("country", "subregion", "metro", "world")
    )


def hidden_countries(counts: Mapping[str, int], parents: Mapping[str, str]) -> set[str]:
    """Return the countries to hide so that no total reveals fewer than 10 people.

    Besides the small ones, further ones are hidden until what is hidden in a subregion is at least two countries with
    10 people together, and the same holds for the world. A subregion that cannot get there is hidden too.

    Args:
        counts: Distinct people by country, above zero.
        parents: Subregion of each country.
    """
    hidden = {country for country, people in counts.items() if people < LEAST_PEOPLE}
    groups = [[one for one in counts if parents[one] == parent] for parent in sorted(set(parents.values()))]
    for group in [*groups, list(counts), *groups]:
        _hide_more(group, counts, hidden)
    return hidden


def _hide_more(group: list[str], counts: Mapping[str, int], hidden: set[str]) -> None:
    shown = sorted((one for one in group if one not in hidden), key=lambda one: (counts[one], one))
    inside = [one for one in group if one in hidden]
    while inside and shown and (len(inside) == 1 or sum(counts[one] for one in inside) < LEAST_PEOPLE):
        inside.append(shown.pop(0))
    hidden.update(inside)


def _hidden(cells: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with ``hidden``: too few people, or needed to hide others."""
    parents = dict(regions.filter(pl.col("level") == "country").select("region_id", "parent_id").iter_rows())
    marked = []
    for (signal, period), own in cells.group_by(["signal", "period"], maintain_order=True):
        countries = own.filter(pl.col("level") == "country")
        counts = dict(countries.select("region_id", "people").iter_rows())
        names = hidden_countries(counts, {one: parents[one] for one in counts})
        marked += [(signal, period, "country", name) for name in sorted(names)]
    schema = {name: cells.schema[name] for name in CELL}
    also = pl.DataFrame(marked, schema=schema, orient="row").with_columns(also=pl.lit(value=True))
    few = pl.col("people") < LEAST_PEOPLE
    return (
        cells.join(also, on=CELL, how="left")
        .with_columns(hidden=few | pl.col("also").fill_null(value=False))
        .drop("also")
    )


def _counted(
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    places: pl.DataFrame,
    tracked: pl.DataFrame,
    regions: pl.DataFrame,
) -> pl.DataFrame:
    """Return the cells with counts of distinct people by side, what is hidden, coverage and the unlocated."""
    people = _by_origin(people_events(forks, contributions), tracked)
    placed = _placed(people, places, regions)
    either = pl.col("origin").is_in(["CN", "US"])
    sides = {
        f"n_{origin.lower()}": pl.col("actor").filter(pl.col("origin") == origin).n_unique().cast(pl.Int64)
        for origin in ORIGINS
    }
    cells = placed.group_by(CELL).agg(
        everybody=pl.col("actor").n_unique().cast(pl.Int64),
        n=pl.col("actor").filter(either).n_unique().cast(pl.Int64),
        events=pl.col("events").filter(either).sum(),
        **sides,
    )
    located = places.filter(pl.col("evidence") == "declared").select("actor", located=pl.lit(value=True))
    wholes = (
        people.join(located, on="actor", how="left")
        .group_by("signal", "period")
        .agg(
            coverage=pl.col("actor").filter("located").n_unique() / pl.col("actor").n_unique(),
            lost_cn=pl.col("actor").filter(pl.col("located").is_null() & (pl.col("origin") == "CN")).n_unique(),
            lost_us=pl.col("actor").filter(pl.col("located").is_null() & (pl.col("origin") == "US")).n_unique(),
        )
    )
    # A share rests on the people of either side; where there are none, the counts of the others are all there is.
    rests = cells.with_columns(people=pl.when(pl.col("n") > 0).then("n").otherwise("everybody")).drop("everybody")
    return _hidden(rests.sort(CELL), regions).join(wholes, on=["signal", "period"])


def located_cells(
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    places: pl.DataFrame,
    tracked: pl.DataFrame,
    regions: pl.DataFrame,
) -> pl.DataFrame:
    """Return the cells of table ``estimates`` for forks and contributions; none where GitHub was never read.

    * share: CN / (CN + US) of distinct people; one on both sides counts on both.
    * bounds: all people without a declared country placed in the region, once on the one side and once on the other.
      For the world they add nothing: it counts everybody.
    * hidden: cells of fewer than 10 people, and those that totals would reveal them by.

    Args:
        forks: Table ``forks``.
        contributions: Table ``contributions``.
        places: Table ``actor_places``.
        tracked: Table ``tracked_repositories``.
        regions: Table ``regions``.
    """
    cells = _counted(forks, contributions, places, tracked, regions)
    both = pl.col("n_cn") + pl.col("n_us") - pl.col("n")
    low, high = overlap_share_interval(cells["n_cn"], cells["n_us"], cells.select(both).to_series())
    cn, us, unknown = (pl.col(name).cast(pl.Float64) for name in ("n_cn", "n_us", "n_unknown"))
    regional = pl.col("level") != WORLD
    lost_cn, lost_us = (pl.when(regional).then(name).otherwise(0).cast(pl.Float64) for name in ("lost_cn", "lost_us"))
    open_ = ~pl.col("hidden")
    has_share = open_ & (pl.col("n") > 0)

    def shown(figure: pl.Expr, where: pl.Expr = has_share) -> pl.Expr:
        return pl.when(where).then(figure)

    return cells.with_columns(
        coding=pl.lit("publisher"),
        counted=pl.lit("people"),
        **{
            f"n_{name}": shown(pl.col(f"n_{name}").cast(pl.Float64), open_) for name in ("cn", "us", "other", "unknown")
        },
        n=shown(pl.col("n").cast(pl.Float64), open_),
        n_both=shown(both.cast(pl.Float64), open_),
        events=shown(pl.col("events"), open_),
        cn_share=shown(cn / (cn + us)),
        cn_share_low=shown(pl.lit(pl.Series(low))),
        cn_share_high=shown(pl.lit(pl.Series(high))),
        bound_low=shown(cn / (cn + us + lost_us + unknown)),
        bound_high=shown((cn + lost_cn + unknown) / (cn + lost_cn + us + unknown)),
        evidence=pl.when(regional).then(pl.lit("declared")).otherwise(pl.lit("logged")),
        state=pl.when("hidden")
        .then(pl.lit("suppressed"))
        .when(pl.col("n") == 0)
        .then(pl.lit("not_observed"))
        .when(cn > 0)
        .then(pl.lit("value"))
        .otherwise(pl.lit("zero")),
        reason=pl.when("hidden").then(pl.lit(FEW)).when(pl.col("n") == 0).then(pl.lit(NEITHER)),
        source_id=pl.lit(SOURCE),
    ).drop("people", "hidden", "lost_cn", "lost_us")


def located_observations(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of table ``observations`` for cells of forks and contributions, hidden counts as nulls.

    Args:
        cells: Result of ``located_cells``.
    """
    rows = pl.concat(
        cells.select(
            *CELL,
            "coding",
            "counted",
            "evidence",
            "source_id",
            "events",
            origin=pl.lit(origin),
            n=pl.col(f"n_{origin.lower()}"),
            hidden=pl.col("state") == "suppressed",
        )
        for origin in ORIGINS
    )
    return rows.with_columns(
        n_low="n",
        n_high="n",
        respondents=pl.lit(None, pl.Int64),
        events=pl.lit(None, pl.Int64),
        state=pl.when("hidden")
        .then(pl.lit("suppressed"))
        .when(pl.col("n") > 0)
        .then(pl.lit("value"))
        .otherwise(pl.lit("zero")),
    ).drop("hidden")
