"""Downloads of models by region, from logs that publishers donated (signal ``model_download``, evidence ``logged``).

Here: table ``download_logs`` and the origins of its repositories, as observations and as cells. Not here: reading
and reducing logs (`assets/ingest/donated_logs.py`), allocation of world totals, which is modelled and gives way to a
log.

What n is: downloaders of each repository, added. A log is reduced repository by repository, so that somebody who took
two models counts twice, and the distinct people of a side are known only from below: at least those of its largest
repository. The interval takes no more people than that, and the bounds go down to it.

A share needs donors on both sides: logs of Chinese publishers alone would show 100 %. Where one side donated nothing
for a month, no cell of that month has a share, and each says why. Donors are those who chose to give, not all
publishers: the share compares the repositories in the logs.
"""

from typing import Final

import numpy as np
import polars as pl

from assets.adoption.intervals import wilson_interval
from assets.adoption.leave_one_out import without_one
from assets.origins.dated import registry_since
from assets.schemas.ingest import LEAST_PEOPLE
from assets.schemas.vocabulary import CODINGS, ORIGINS

SIGNAL: Final = "model_download"
UNLOCATED: Final = "ZZ"
WORLD: Final = "world"
SIDES: Final = ("CN", "US")
SLICE: Final = ("period", "coding")
CELL: Final = ("period", "coding", "level", "region_id")
HIDDEN: Final = "Too few people downloaded the donated repositories of at least one side here; such counts are hidden."
ONE_SIDE: Final = (
    "Logs of this month were donated for repositories of one side only ({}); a share would be 100 % by construction."
)
NO_SIDE: Final = "The logs donated for this month are of repositories of neither side."
SOME_HIDDEN: Final = "{} of {} counts of repositories are hidden here: the share is that of the others."
NOBODY: Final = "Nobody here is in the logs that publishers donated for this month."
NO_SUM: Final = "Distinct downloaders do not add up over economies, and the donated logs count none of this region."


def _by_origin(logs: pl.DataFrame, origins: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Return the months of models once a coding and origin, each with its weight; what is not listed is unknown.

    ``most`` is what a hidden count can be at most: the repository's downloaders in the world, null where those are
    hidden too.
    """
    key = ["platform", "repository", "period"]
    months = logs.filter((pl.col("repository_kind") == "model") & (pl.col("span") == "month"))
    world = months.filter(pl.col("level") == WORLD).select(*key, world="downloaders")
    listed = origins.group_by("platform", "model_id", "registry_since", "coding", "origin").agg(pl.col("weight").sum())
    return (
        months.join(world, on=key, how="left")
        .with_columns(registry_since=registry_since("period", publishers), most=pl.coalesce("downloaders", "world"))
        .join(pl.DataFrame({"coding": CODINGS}), how="cross")
        .join(
            listed,
            left_on=["platform", "repository", "registry_since", "coding"],
            right_on=["platform", "model_id", "registry_since", "coding"],
            how="left",
        )
        .with_columns(pl.col("origin").fill_null("unknown"), pl.col("weight").fill_null(1.0))
    )


def _counts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with counts of each side from what is shown, its least and greatest, and what is hidden."""
    people, most = pl.col("weight") * pl.col("downloaders"), pl.col("weight") * pl.col("most")
    on = {origin: pl.col("origin") == origin for origin in ORIGINS}
    sided = pl.col("origin").is_in(SIDES)
    repository = pl.struct("platform", "repository")
    open_end = pl.col("most").is_null()
    return (
        rows.filter((pl.col("region_id") != UNLOCATED) & ~pl.col("region_id").str.ends_with(f"-{UNLOCATED}"))
        .group_by(CELL)
        .agg(
            *(people.filter(is_on).sum().alias(f"n_{origin.lower()}") for origin, is_on in on.items()),
            *(people.filter(on[side]).max().fill_null(0.0).alias(f"least_{side.lower()}") for side in SIDES),
            *(
                pl.when((on[side] & open_end).any())
                .then(None)
                .otherwise(most.filter(on[side]).sum())
                .alias(f"most_{side.lower()}")
                for side in SIDES
            ),
            *((on[side] & pl.col("suppressed")).sum().alias(f"hidden_{side.lower()}") for side in SIDES),
            country=pl.col("country").first(),
            unknown_most=pl.when((on["unknown"] & open_end).any())
            .then(None)
            .otherwise(most.filter(on["unknown"]).sum()),
            hidden=repository.filter(sided & pl.col("suppressed")).n_unique(),
            repositories=repository.filter(sided).n_unique(),
            events=pl.struct("platform", "repository", "requests")
            .filter(sided & ~pl.col("suppressed"))
            .unique()
            .struct.field("requests")
            .sum(),
            source_id=pl.col("source_id").first(),
        )
    )


def _unplaced(rows: pl.DataFrame) -> pl.DataFrame:
    """Return, by slice and country (``ZZ``: none is known), the most people of each side without a finer place."""
    most = pl.col("weight") * pl.col("most")
    side = {name: pl.col("origin") == name for name in SIDES}
    nowhere = (pl.col("level") == "country") & (pl.col("region_id") == UNLOCATED)
    return (
        rows.filter(nowhere | pl.col("region_id").str.ends_with(f"-{UNLOCATED}") & (pl.col("country") != UNLOCATED))
        .group_by(*SLICE, "country")
        .agg(
            pl.when((is_on & pl.col("most").is_null()).any())
            .then(None)
            .otherwise(most.filter(is_on).sum())
            .alias(f"lost_{name.lower()}")
            for name, is_on in side.items()
        )
    )


def _coverage(rows: pl.DataFrame) -> pl.DataFrame:
    """Return, by slice, the downloaders of all repositories with and without a country; null where one is hidden."""
    people = pl.col("weight") * pl.col("downloaders")
    world, nowhere = pl.col("level") == WORLD, (pl.col("level") == "country") & (pl.col("country") == UNLOCATED)
    whole = ~((world | nowhere) & pl.col("suppressed")).any()
    return (
        rows.group_by(SLICE)
        .agg(
            everybody=pl.when(whole).then(people.filter(world).sum()),
            n_unlocated=pl.when(whole).then(people.filter(nowhere).sum()),
        )
        .select(
            *SLICE,
            "n_unlocated",
            n_located=(pl.col("everybody") - pl.col("n_unlocated")).clip(0),
        )
        .with_columns(coverage=pl.col("n_located") / (pl.col("n_located") + pl.col("n_unlocated")))
    )


def _left_out(rows: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return the leave-one-out range of every cell."""
    people = pl.col("weight") * pl.col("downloaders")
    artefacts = (
        rows.filter(pl.col("origin").is_in(SIDES) & ~pl.col("suppressed"))
        .group_by(*CELL, "origin", artefact="repository")
        .agg(people=people.sum(), only=people.sum())
    )
    return without_one(artefacts, cells, key=CELL, least=LEAST_PEOPLE)


def _measured(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of the regions that the logs name."""
    donors = (
        rows.filter((pl.col("level") == WORLD) & pl.col("origin").is_in(SIDES))
        .group_by(SLICE)
        .agg(donors=pl.col("origin").unique().sort())
    )
    # What has no country may be anywhere; what has no finer place than a country may be in any of its parts.
    lost = _unplaced(rows)
    nowhere = lost.filter(pl.col("country") == UNLOCATED).drop("country")
    inside = lost.filter(pl.col("country") != UNLOCATED).with_columns(parts=pl.lit(value=True))
    cells = (
        _counts(rows)
        .with_columns(n=pl.col("n_cn") + pl.col("n_us"), parts=pl.col("level").is_in(["admin1", "metro"]))
        .join(nowhere.with_columns(nowhere=True), on=SLICE, how="left")
        .join(inside.with_columns(inside=True), on=[*SLICE, "country", "parts"], how="left", suffix="_inside")
        .join(donors, on=SLICE, how="left")
        .join(_coverage(rows), on=SLICE, how="left")
        .sort(CELL)
    )
    return cells.join(_left_out(rows, cells), on=CELL, how="left", maintain_order="left")


def _lost(side: str) -> pl.Expr:
    """Return the most people of a side without a place that may belong to the cell; null where that is open."""
    nowhere = pl.when(pl.col("nowhere").is_null()).then(0.0).otherwise(f"lost_{side}")
    inside = pl.when(pl.col("inside").is_null()).then(0.0).otherwise(f"lost_{side}_inside")
    return pl.when(pl.col("level") == WORLD).then(0.0).otherwise(nowhere + inside)


def _cells(rows: pl.DataFrame) -> pl.DataFrame:
    cells = _measured(rows)
    cn, us = pl.col("n_cn"), pl.col("n_us")
    donors = pl.col("donors").list.len().fill_null(0)
    silent = pl.any_horizontal((pl.col(f"hidden_{side}") > 0) & (pl.col(f"n_{side}") == 0) for side in ("cn", "us"))
    state = (
        pl.when(donors < len(SIDES))
        .then(pl.lit("not_observed"))
        .when(silent)
        .then(pl.lit("suppressed"))
        .when(cn + us == 0)
        .then(pl.lit("not_observed"))
        .when(cn > 0)
        .then(pl.lit("value"))
        .otherwise(pl.lit("zero"))
    )
    cells = cells.with_columns(state=state)
    has_share = pl.col("state").is_in(["value", "zero"])
    share = cells.select(pl.when(has_share).then(cn / (cn + us)).fill_null(0.0)).to_series().to_numpy()
    people = cells.select(pl.max_horizontal("least_cn", "least_us")).to_series().to_numpy()
    low, high = wilson_interval(share * people, people)
    # Where a side has no one, the share is 0 or 1, and rounding must not move an end past it.
    low, high = np.minimum(low, share), np.maximum(high, share)
    least_low = pl.col("most_us") + _lost("us") + pl.col("unknown_most")
    most_high = pl.col("most_cn") + _lost("cn") + pl.col("unknown_most")
    shown = pl.col("state") != "suppressed"

    def where_known(figure: pl.Expr) -> pl.Expr:
        return pl.when(has_share).then(figure)

    return cells.select(
        *CELL,
        "source_id",
        "state",
        "coverage",
        "n_located",
        "n_unlocated",
        signal=pl.lit(SIGNAL),
        counted=pl.lit("downloaders"),
        **{name: pl.when(shown).then(name) for name in ("n", "n_cn", "n_us", "n_other", "n_unknown", "events")},
        cn_share=where_known(cn / (cn + us)),
        cn_share_low=where_known(pl.lit(pl.Series(low))),
        cn_share_high=where_known(pl.lit(pl.Series(high))),
        bound_low=where_known((pl.col("least_cn") / (pl.col("least_cn") + least_low)).fill_nan(0.0).fill_null(0.0)),
        bound_high=where_known((most_high / (most_high + pl.col("least_us"))).fill_nan(1.0).fill_null(1.0)),
        largest_artefact=where_known(pl.col("largest_artefact")),
        cn_share_without_largest=where_known(pl.col("cn_share_without_largest")),
        leave_one_out_low=where_known(pl.col("leave_one_out_low")),
        leave_one_out_high=where_known(pl.col("leave_one_out_high")),
        evidence=pl.lit("logged"),
        reason=pl.when(donors == 0)
        .then(pl.lit(NO_SIDE))
        .when(donors == 1)
        .then(pl.format(ONE_SIDE, pl.col("donors").list.first()))
        .when(~shown)
        .then(pl.lit(HIDDEN))
        .when(pl.col("n") == 0)
        .then(pl.lit(NOBODY))
        .when(pl.col("hidden") > 0)
        .then(pl.format(SOME_HIDDEN, "hidden", "repositories")),
    )


def donated_cells(
    logs: pl.DataFrame, origins: pl.DataFrame, publishers: pl.DataFrame, regions: pl.DataFrame
) -> pl.DataFrame:
    """Return the cells of table ``estimates`` for donated logs, by month and coding; none without logs.

    * share: CN / (CN + US) of downloaders, of the repositories whose counts are shown. A merge counts in parts.
    * interval: Wilson's, with as many people as surely are distinct: those of the largest repository.
    * bounds: the side from the people of its largest repository alone up to all of its downloaders, hidden counts up to
      the repository's downloaders in the world, those without a place all here, and unknown origins on either side.
    * every region of the registry has a cell in every month with logs; parts of economies as the log names them: a
      subdivision is without what lies in a metro of the watch-list.

    Args:
        logs: Table ``download_logs``.
        origins: Table ``model_origins``.
        publishers: Table ``publishers``, whose wording of the month decides.
        regions: Table ``regions``.
    """
    rows = _by_origin(logs, origins, publishers)
    measured = _cells(rows)
    absent = (
        measured.select(*SLICE, "source_id")
        .unique(SLICE)
        .join(regions.select("region_id", "level"), how="cross")
        .join(measured, on=[*SLICE, "region_id"], how="anti")
        .with_columns(
            signal=pl.lit(SIGNAL),
            counted=pl.lit("downloaders"),
            state=pl.lit("not_observed"),
            reason=pl.when(pl.col("level") == "subregion").then(pl.lit(NO_SUM)).otherwise(pl.lit(NOBODY)),
        )
    )
    return pl.concat([measured, absent], how="diagonal").sort(CELL)


def donated_observations(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of table ``observations`` for regions that the logs name.

    Args:
        cells: Result of ``donated_cells``.
    """
    counted = cells.filter(pl.col("evidence").is_not_null())
    hidden = pl.col("state") == "suppressed"
    return pl.concat(
        counted.select(
            *CELL,
            "signal",
            "counted",
            "evidence",
            "source_id",
            origin=pl.lit(origin),
            n=f"n_{origin.lower()}",
            n_low=f"n_{origin.lower()}",
            n_high=f"n_{origin.lower()}",
            respondents=pl.lit(None, pl.Int64),
            events=pl.lit(None, pl.Int64),
            state=pl.when(hidden)
            .then(pl.lit("suppressed"))
            .when(pl.col(f"n_{origin.lower()}") > 0)
            .then(pl.lit("value"))
            .otherwise(pl.lit("zero")),
        )
        for origin in ORIGINS
    )
