"""People: distinct people on GitHub by the place they live in, once in all and once for each repository.

Here: events of people, and the counts that cells are made of. Not here: cells, regions above places and what is hidden
(`located.py`), where people live (`assets/places/actors.py`).

``count_people`` is written in narwhals, so that the same lines run on polars, which is what the atlas does, and on the
engine of somebody who has more events than one machine bears (DuckDB and Apache Spark are tested). ``count_in_shards``
is what bounds the memory of one machine: it reads its input once, and counts the people of one shard at a time.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import narwhals as nw
import polars as pl
from narwhals.typing import IntoLazyFrameT

from assets.adoption.suppression import ELSEWHERE, UNSAID
from assets.schemas.vocabulary import ORIGINS

SLICE: Final = ("signal", "period")
PLACE: Final = ("country", "admin1", "metro")
SIDES: Final = ("CN", "US")
SIGNALS: Final = ("fork", "contribution")
COUNTS: Final = tuple(f"n_{origin.lower()}" for origin in ORIGINS)
SHARD: Final = 10_000_000
"""Events whose people are made distinct at once: 1.2 GiB."""

_EVENTS: Final = pl.Schema(
    {"signal": pl.String(), "actor": pl.String(), "period": pl.Date(), "repository": pl.String(), "events": pl.Int64()}
)


def people_events(
    forks: pl.DataFrame | pl.LazyFrame, contributions: pl.DataFrame | pl.LazyFrame, *, every: str = "1y"
) -> pl.LazyFrame:
    """Return what people did, by period and repository: ``signal, actor, period, repository, events``.

    Args:
        forks: Table ``forks``.
        contributions: Table ``contributions``.
        every: Length of a period, as of ``Expr.dt.truncate``; a contribution is dated by its month.
    """
    parts = [
        forks.lazy()
        .filter(pl.col("owner_kind") == "person")
        .select(
            "actor",
            "repository",
            signal=pl.lit("fork"),
            period=pl.col("created_on").dt.truncate(every),
            events=pl.lit(1),
        ),
        contributions.lazy()
        .filter(pl.col("actor_kind") == "person")
        .select(
            "actor",
            "repository",
            signal=pl.lit("contribution"),
            period=pl.col("month").dt.truncate(every),
            events=pl.col("commits"),
        ),
    ]
    return pl.concat(part.select(_EVENTS.names()).cast(_EVENTS) for part in parts)


def homes_of(places: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """Return where people say they live: ``actor, country, admin1, metro``.

    What they leave open is ``UNSAID``, and ``ELSEWHERE`` is outside all metros. Declared locations alone count.

    Args:
        places: Table ``actor_places``.
    """
    elsewhere = pl.when(pl.col("level").is_in(["city", "metro"])).then(pl.lit(ELSEWHERE)).otherwise(pl.lit(UNSAID))
    return (
        places.lazy()
        .filter(pl.col("evidence") == "declared")
        .select("actor", "country", admin1=pl.col("admin1").fill_null(UNSAID), metro=pl.coalesce("metro", elsewhere))
    )


def models_of(tracked: pl.DataFrame) -> pl.DataFrame:
    """Return the repositories of models, the only ones that count: ``repository, artefact, origin``.

    The artefact is the repository, and it and the origin are as small as they can be kept while people are counted.

    Args:
        tracked: Table ``tracked_repositories``.
    """
    models = tracked.filter(pl.col("kind") == "model").select("repository", "origin", artefact="repository")
    return models.cast({"artefact": pl.Enum(models["artefact"].unique().sort()), "origin": pl.Enum(ORIGINS)})


def count_people(
    events: IntoLazyFrameT, homes: IntoLazyFrameT, models: IntoLazyFrameT
) -> tuple[IntoLazyFrameT, IntoLazyFrameT]:
    """Count distinct people by the place they live in, on any engine that narwhals knows.

    One pass over the events makes one row a person, period, origin and artefact; everything after is a sum. Both
    results read the same rows, so an engine that can should be asked for both at once (``polars.collect_all``).

    Args:
        events: ``signal, actor, period, repository, events``; lazy, like the others, and of the same engine.
        homes: ``actor`` once, and the columns that make a place. People who are not there have no place (null).
        models: ``repository`` once, ``artefact`` and ``origin``.

    Returns:
        * by signal, period and place: people on either side ``n``, ``everybody``, people on each side ``n_cn`` …
          ``n_unknown``, and ``events`` on either side;
        * by signal, period, place, ``origin`` (CN or US) and ``artefact``: ``people`` who touched it, and ``only``,
          those of them who touched no other of that side.
    """
    done, home, known = (nw.from_native(frame) for frame in (events, homes, models))
    place = [name for name in home.collect_schema().names() if name != "actor"]
    touched = (
        done.join(known, on="repository").group_by(*SLICE, "actor", "origin", "artefact").agg(nw.col("events").sum())
    )
    sides = touched.group_by(*SLICE, "actor", "origin").agg(
        nw.col("events").sum(), artefacts=nw.len(), artefact=nw.col("artefact").min()
    )
    either = (nw.col("origin") == SIDES[0]) | (nw.col("origin") == SIDES[1])
    marked = sides.with_columns(
        n=either.cast(nw.Int8),
        events=nw.when(either).then(nw.col("events")).otherwise(nw.lit(0)),
        **{name: (nw.col("origin") == origin).cast(nw.Int8) for name, origin in zip(COUNTS, ORIGINS, strict=True)},
    )
    people = (
        marked.group_by(*SLICE, "actor")
        .agg(nw.col("events").sum(), nw.col("n", *COUNTS).max())
        .join(home, on="actor", how="left")
        .group_by(*SLICE, *place)
        .agg(nw.col("n", "events", *COUNTS).cast(nw.Int64).sum(), everybody=nw.len().cast(nw.Int64))
    )

    def by_artefact(rows: nw.LazyFrame[IntoLazyFrameT], counted: str) -> nw.LazyFrame[IntoLazyFrameT]:
        count = (
            rows.filter(either)
            .join(home, on="actor", how="left")
            .group_by(*SLICE, *place, "origin", "artefact")
            .agg(nw.len().cast(nw.Int64).alias(counted))
        )
        rest = {name: nw.lit(0, nw.Int64) for name in ("only", "people") if name != counted}
        return count.with_columns(**rest).select(*SLICE, *place, "origin", "artefact", "only", "people")

    artefacts = (
        nw.concat([by_artefact(sides.filter(nw.col("artefacts") == 1), "only"), by_artefact(touched, "people")])
        .group_by(*SLICE, *place, "origin", "artefact")
        .agg(nw.col("only", "people").sum())
    )
    return people.to_native(), artefacts.to_native()


def count_in_shards(
    events: pl.LazyFrame, places: pl.DataFrame | pl.LazyFrame, tracked: pl.DataFrame, *, size: int = SHARD
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the counts of ``count_people`` by country, subdivision and metro, in bounded memory.

    A person is in one shard with all that they did, so that counts of shards add up. The shards are files in a folder
    that is removed; in them is what the tables hold, actors as keyed hashes.

    Args:
        events: As of ``count_people``, the actor of any type.
        places: Table ``actor_places``, the actor of the same type.
        tracked: Table ``tracked_repositories``.
        size: Events a shard, about.
    """
    models = models_of(tracked)
    homes = homes_of(places)
    found = homes.select(PLACE).unique().sort(PLACE).collect().with_row_index("place")
    at = homes.join(found.lazy(), on=PLACE).select("actor", "place")
    coded = events.with_columns(pl.col("signal").cast(pl.Enum(SIGNALS)))
    shards = max(1, -(-int(events.select(pl.len()).collect(engine="streaming").item()) // size))
    with tempfile.TemporaryDirectory() as folder:
        split = (
            _split(coded.join(models.lazy(), on="repository", how="semi"), shards, Path(folder))
            if shards > 1
            else [coded]
        )
        of_shard = pl.col("actor").hash(seed=0) % shards
        counts = [
            pl.collect_all(count_people(part, at.filter(of_shard == shard), models.lazy()), engine="streaming")
            for shard, part in enumerate(split)
        ]
    people, artefacts = (pl.concat(parts) for parts in zip(*counts, strict=True))
    return _summed(people, found), _summed(artefacts, found)


def _split(events: pl.LazyFrame, shards: int, folder: Path) -> Sequence[pl.LazyFrame]:
    """Write the events in one pass, each shard to files of its own, and return a lazy frame of each shard."""
    of_shard = (pl.col("actor").hash(seed=0) % shards).alias("shard")
    events.sink_parquet(pl.PartitionBy(folder, key=of_shard, include_key=False), compression="zstd", engine="streaming")
    nothing = events.clear()
    parts = [folder / f"shard={shard}" for shard in range(shards)]
    return [pl.scan_parquet(part) if part.exists() else nothing for part in parts]


def _summed(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Add up rows of the same place, name it, and sort: the order of the input leaves no trace."""
    numbers = [name for name, dtype in rows.schema.items() if dtype.is_integer() and name != "place"]
    key = [name for name in rows.columns if name not in numbers]
    words = [name for name in key if name in {"signal", "origin", "artefact"}]
    summed = rows.group_by(key).agg(pl.col(numbers).sum()).join(found, on="place", how="left")
    named = [*SLICE, *PLACE, *(name for name in words if name != "signal")]
    return summed.select(*named, *numbers).cast(dict.fromkeys(words, pl.String)).sort(named)
