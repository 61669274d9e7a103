"""Forks and contributions: people on GitHub by where they say they live and whose model repositories they touch.

Here: cells with shares, intervals and worst-case bounds, and the shares without single repositories. Not here: counting
people (`people.py`), which cells are hidden (`suppression.py`), reading GitHub (`assets/ingest/github`), where people
live (`assets/places/actors.py`), shrinkage and cells without data (`estimates.py`).

Organisations and bots are no people and are left out. Regions rest on declared locations only; a period is a calendar
year, because a month has too few people almost everywhere. The world counts everybody, located or not. Everybody is in
one place at most, so that every region is the sum of its places: people are made distinct once, and never again.
"""

from typing import Final

import polars as pl

from assets.adoption.intervals import overlap_share_interval
from assets.adoption.leave_one_out import RANGE, without_one
from assets.adoption.people import COUNTS, PLACE, SLICE, count_in_shards, people_events
from assets.adoption.suppression import ELSEWHERE, LEAST_PEOPLE, UNSAID, Group, hidden_cells, too_few
from assets.schemas.vocabulary import ORIGINS

SOURCE: Final = "github"
WORLD: Final = "world"
FEW: Final = "Fewer than 10 people, or as many elsewhere that totals would reveal; such cells are hidden."
NEITHER: Final = "Nobody here touched a repository of either side."

CELL: Final = ("signal", "period", "level", "region_id")
LEVELS: Final = ("world", "subregion", "country", "admin1", "metro")

ROUGHLY: Final = 10
"""People who name their country alone enter bounds of its parts by tens, so that bounds give no few people away."""

_CELL_TYPES: Final = pl.Schema(
    {"signal": pl.String(), "period": pl.Date(), "level": pl.String(), "region_id": pl.String()}
)


def _regional(rows: pl.DataFrame, regions: pl.DataFrame, *key: str) -> pl.DataFrame:
    """Sum rows by place to every region that holds it: world, subregion, country, subdivision and metro."""
    parents = regions.filter(pl.col("level") == "country").select(country="region_id", subregion="parent_id")
    named = rows.join(parents, on="country", how="left").with_columns(
        pl.when(pl.col("subregion") != WORLD).then("subregion").alias("subregion"),
        pl.col("admin1").replace(UNSAID, None),
        pl.when(~pl.col("metro").is_in([UNSAID, ELSEWHERE])).then("metro").alias("metro"),
        world=pl.lit(WORLD),
    )
    numbers = [name for name in rows.columns if name not in {*PLACE, *SLICE, *key}]
    return pl.concat(
        named.filter(pl.col(level).is_not_null())
        .group_by(*SLICE, *key, level=pl.lit(level), region_id=level)
        .agg(pl.col(numbers).sum())
        for level in LEVELS
    ).select(*CELL, *key, *numbers)


def _hidden(people: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells to hide: signal, period, level, region_id."""
    parents = dict(regions.filter(pl.col("level") == "country").select("region_id", "parent_id").iter_rows())
    rows = []
    for (signal, period), own in people.group_by(SLICE, maintain_order=True):
        groups = [
            Group(**row)
            for row in own.filter(pl.col("country").is_not_null())
            .select(*PLACE, "n", "everybody")
            .iter_rows(named=True)
        ]
        cells = hidden_cells(groups, parents)
        if too_few(int(own["n"].sum()), int(own["everybody"].sum())):
            cells = cells | {("world", WORLD)}
        rows += [(signal, period, *cell) for cell in sorted(cells)]
    return pl.DataFrame(rows, schema=_CELL_TYPES, orient="row")


def _unknown_home(people: pl.DataFrame) -> pl.DataFrame:
    """Return, by signal and period, how many people have a country and how many have none, and the latter's sides."""
    nowhere = pl.col("country").is_null()
    return people.group_by(SLICE).agg(
        n_located=pl.col("everybody").filter(~nowhere).sum(),
        n_unlocated=pl.col("everybody").filter(nowhere).sum(),
        lost_cn=pl.col("n_cn").filter(nowhere).sum(),
        lost_us=pl.col("n_us").filter(nowhere).sum(),
    )


def _unsaid(people: pl.DataFrame) -> pl.DataFrame:
    """Return, by country, how many people of either side might live in any of its parts, in tens and rounded up."""
    parts = []
    for level in ("admin1", "metro"):
        open_ = people.filter(pl.col("country").is_not_null() & (pl.col(level) == UNSAID) & (pl.col("n") > 0))
        parts.append(
            open_.group_by(*SLICE, "country")
            .agg(
                (pl.max_horizontal(pl.col(f"n_{side}").sum(), pl.lit(1)) / ROUGHLY)
                .ceil()
                .cast(pl.Int64)
                .mul(ROUGHLY)
                .alias(f"unsaid_{side}")
                for side in ("cn", "us")
            )
            .with_columns(level=pl.lit(level))
        )
    return pl.concat(parts)


def located_cells(
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    places: pl.DataFrame,
    tracked: pl.DataFrame,
    regions: pl.DataFrame,
) -> pl.DataFrame:
    """Return the cells of table ``estimates`` for forks and contributions; none where GitHub was never read.

    * share: CN / (CN + US) of distinct people; one on both sides counts on both.
    * bounds: all people without a declared country placed in the region, once on the one side and once on the other;
      in a part of a country also all of its people who do not say where in it they live (by tens, rounded up). For the
      world they add nothing: it counts everybody.
    * leave-one-out range: the shares without any one repository, where 10 people remain.
    * hidden: cells of fewer than 10 people, and those that totals would reveal them by.

    Args:
        forks: Table ``forks``.
        contributions: Table ``contributions``.
        places: Table ``actor_places``.
        tracked: Table ``tracked_repositories``.
        regions: Table ``regions``.
    """
    people, artefacts = count_in_shards(people_events(forks, contributions), places, tracked)
    return cells_of_people(people, artefacts, regions)


def cells_of_people(people: pl.DataFrame, artefacts: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of people counted by place.

    Args:
        people: First result of ``count_people``.
        artefacts: Second result of ``count_people``.
        regions: Table ``regions``.
    """
    hidden = _hidden(people, regions).with_columns(hidden=pl.lit(value=True))
    cells = (
        _regional(people, regions)
        .sort(CELL)
        .join(hidden, on=CELL, how="left", maintain_order="left")
        .join(_unknown_home(people), on=SLICE, how="left", maintain_order="left")
        .with_columns(pl.col("hidden").fill_null(value=False), country=pl.col("region_id").str.slice(0, 2))
    )
    metros = regions.filter(pl.col("level") == "metro").select("region_id", metro_country="parent_id")
    cells = (
        cells.join(metros, on="region_id", how="left", maintain_order="left")
        .with_columns(country=pl.coalesce("metro_country", "country"))
        .join(_unsaid(people), on=[*SLICE, "country", "level"], how="left", maintain_order="left")
        .with_columns(pl.col("unsaid_cn", "unsaid_us").fill_null(0))
    )
    left = without_one(_regional(artefacts, regions, "origin", "artefact"), cells, key=CELL, least=LEAST_PEOPLE)
    return _shown(cells.join(left, on=CELL, how="left", maintain_order="left"))


def _shown(cells: pl.DataFrame) -> pl.DataFrame:
    """Turn counts into cells: shares, intervals and bounds, and nulls where they are hidden."""
    both = pl.col("n_cn") + pl.col("n_us") - pl.col("n")
    low, high = overlap_share_interval(cells["n_cn"], cells["n_us"], cells.select(both).to_series())
    cn, us, unknown = (pl.col(name).cast(pl.Float64) for name in ("n_cn", "n_us", "n_unknown"))
    regional = pl.col("level") != WORLD
    lost_cn, lost_us = (
        pl.when(regional).then(pl.col(f"lost_{side}") + pl.col(f"unsaid_{side}")).otherwise(0).cast(pl.Float64)
        for side in ("cn", "us")
    )
    open_ = ~pl.col("hidden")
    has_share = open_ & (pl.col("n") > 0)
    everybody = (pl.col("n_located") + pl.col("n_unlocated")).cast(pl.Float64)
    # How many people have a place is a total like the world, and hidden with it.
    told = ~(pl.col("hidden") & (pl.col("level") == WORLD)).any().over(SLICE)

    def shown(figure: pl.Expr, where: pl.Expr = has_share) -> pl.Expr:
        return pl.when(where).then(figure)

    return cells.select(
        *CELL,
        coding=pl.lit("publisher"),
        counted=pl.lit("people"),
        **{name: shown(pl.col(name).cast(pl.Float64), open_) for name in COUNTS},
        n=shown(pl.col("n").cast(pl.Float64), open_),
        n_both=shown(both.cast(pl.Float64), open_),
        events=shown(pl.col("events"), open_),
        cn_share=shown(cn / (cn + us)),
        cn_share_low=shown(pl.lit(pl.Series(low))),
        cn_share_high=shown(pl.lit(pl.Series(high))),
        bound_low=shown(cn / (cn + us + lost_us + unknown)),
        bound_high=shown((cn + lost_cn + unknown) / (cn + lost_cn + us + unknown)),
        coverage=shown(pl.col("n_located") / everybody, told),
        n_located=shown(pl.col("n_located").cast(pl.Float64), told),
        n_unlocated=shown(pl.col("n_unlocated").cast(pl.Float64), told),
        **{name: shown(pl.col(name)) for name in RANGE},
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
    )


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
