"""The gazetteer: every name by which a text may call a place, compiled once into one Parquet file.

Here: putting the sources together, the compiled file and where it is kept, loading it. Not here: the sources
(`assets/places/names.py`), reading texts (`assets/places/locate.py`).

The file holds nothing but what the installed packages and our tables say, so every store of a machine shares one. It
lies in the user's cache folder (or ``ATLAS_CACHE``), named after its version: a hash of all inputs.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version as installed_version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import polars as pl
from filelock import FileLock
from platformdirs import user_cache_path

from assets.lookup import Index
from assets.places import names
from assets.places.aliases import ALIASES_FILE, alias_names
from assets.places.names import CASES, KINDS
from assets.places.text import key_of

Array = np.ndarray[Any, Any]

INPUTS: Final = (
    *(("assets.places", name) for name in (ALIASES_FILE, names.ADMIN1_FILE)),
    *(("assets.places", name) for name in ("aliases.py", "gazetteer.py", "metros.py", "names.py", "text.py")),
    ("maps.geometry", "data/metros.toml"),
)
"""Files of ours that the gazetteer is compiled from and by, besides the packages."""

COUNTRY, ADMIN1, ADMIN2, CITY, REGION, AREA, INSTITUTION, CODE, NONPLACE, MULTINATIONAL = range(len(KINDS))
ANY, CAPITALS, AT_TAIL = range(len(CASES))

CACHE_VARIABLE: Final = "ATLAS_CACHE"
STEM: Final = "gazetteer-"
KEPT: Final = 3
"""Compiled files that a cache folder holds at most, 22 MB each."""

CURATED_WEIGHT: Final = 50.0
"""How much the curated meanings of a name outweigh all others together. What is left for those, a containing region
can bring back: ``Earth`` is no place, ``Earth, Texas`` is one."""

KEY_LETTERS: Final = 2
"""A letter, or one Han character, may mean too much to mean anything."""

SHARED_WEIGHT: Final = 4.0
"""The same for a name whose curated meanings are several: ``Columbia`` is also what our table does not list."""

LARGE_TOWN: Final = 100_000
"""Prior of a city before which a foreign name of a country gives way."""

PLACE: Final = ("key", "case", "kind", "country", "admin1", "geonameid")
NAME_COLUMNS: Final = (*PLACE, "second_hand", "city", "metro", "prior")
"""Columns of the compiled file; one row per key, place and way of writing."""


def gazetteer_version() -> str:
    """Return the version of the gazetteer: a hash of everything that it is compiled from."""
    digest = hashlib.sha256()
    for source in names.SOURCES:
        digest.update(f"{source.package} {installed_version(source.package)}\n".encode())
    for folder, name in INPUTS:
        digest.update((files(folder) / name).read_bytes())
    return digest.hexdigest()[:16]


def compile_names() -> pl.DataFrame:
    """Compile the gazetteer.

    Returns:
        The columns of ``NAME_COLUMNS``: key (folded name), case (see ``names.CASES``), kind (``names.KINDS``), country
        (ISO 3166-1 alpha-2; null for what is no place), admin1 (ISO 3166-2), geonameid, second_hand (not the name
        that the place goes by), city (name of the place in GeoNames), metro (region_id), prior; sorted by key,
        country and falling prior.

    Raises:
        GazetteerError: One of our tables is wrong.
    """
    from assets.places.metros import metro_membership, metro_of_admin1

    cities = names.read_cities()
    subdivisions = names.read_subdivisions()
    countries = names.country_names()
    found = pl.concat(
        frame.select(names.COLUMNS)
        for frame in (
            countries,
            names.subdivision_names(subdivisions, cities),
            names.subdivision_codes(subdivisions, cities),
            names.city_names(cities, countries),
            names.airport_codes(cities),
            names.metro_names(cities),
        )
    ).select(key_of(pl.col("name")).alias("key"), pl.exclude("name"))
    # The names of all scripts are most of the memory.
    cities = cities.drop("alternatenames")
    factor = _developer_factors(countries)
    weighed = (
        _without_collisions(found)
        .join(factor, on="country", how="left")
        .with_columns(
            prior=pl.when(pl.col("case") == names.ANY_CASE)
            .then(pl.col("prior") * pl.col("factor").fill_null(1.0))
            .otherwise("prior"),
            ours=pl.lit(value=False),
        )
        .drop("factor")
    )
    ours = alias_names(cities).with_columns(key=key_of(pl.col("name")), ours=pl.lit(value=True)).select(weighed.columns)
    usable = (pl.col("key").str.len_chars() >= KEY_LETTERS) & pl.col("key").str.contains(r"\p{L}")
    by_city = metro_membership(cities).rename({"metro": "city_metro"})
    by_code = metro_of_admin1().rename({"admin1": "code", "metro": "code_metro"})
    return (
        _curated_first(pl.concat([weighed, ours]).filter(usable))
        .sort("prior", descending=True)
        # Of places of one name in one subdivision the largest stands for all.
        .unique(["key", "case", "kind", "country", "admin1", "second_hand"], keep="first", maintain_order=True)
        .join(cities.select("geonameid", city="name"), on="geonameid", how="left")
        .join(by_city, on="geonameid", how="left")
        .with_columns(code=pl.coalesce("admin1", "country"))
        .join(by_code, on="code", how="left")
        .with_columns(
            metro=pl.when(pl.col("geonameid").is_not_null()).then("city_metro").otherwise("code_metro"),
            kind=pl.col("kind").cast(pl.Enum(KINDS)),
            case=pl.col("case").cast(pl.Enum(CASES)),
            country=pl.col("country").cast(pl.Enum(countries["country"].unique().sort())),
        )
        .select(NAME_COLUMNS)
        .sort(["key", "country", "prior"], descending=[False, False, True])
    )


def _developer_factors(countries: pl.DataFrame) -> pl.DataFrame:
    """How much likelier a person on a developers' platform is from a country than its population says.

    The square root of developers per head over the world's, within a factor of three: names are shared by places of
    countries with very different numbers of developers.
    """
    from assets.ingest.snapshot import read

    developers = read("denominators").filter(pl.col("measure") == "github_developers")
    newest = developers.filter(pl.col("period") == developers["period"].max())
    people = countries.group_by("country").agg(pl.col("people").max())
    joined = people.join(newest.select(country="region_id", developers="value"), on="country", how="left")
    per_head = pl.col("developers") / pl.col("people").clip(1)
    world = pl.col("developers").sum() / pl.col("people").sum()
    return joined.select("country", factor=(per_head / world).sqrt().clip(1 / 3, 3).fill_null(1.0))


def _without_collisions(found: pl.DataFrame) -> pl.DataFrame:
    """Drop foreign names of countries that are the name of a subdivision or large city elsewhere, or a plain word.

    In its own country the city must bear the name itself: in some languages Tunisia is called Tunis.
    """
    large = (pl.col("kind") == "city") & (pl.col("prior") >= LARGE_TOWN)
    taken = (
        found.filter(large | (pl.col("kind") == "admin1"))
        .select("key", town_country="country", own=(pl.col("kind") == "city") & ~pl.col("second_hand"))
        .unique()
    )
    foreign = (pl.col("kind") == "country") & pl.col("second_hand")
    lost = (
        found.filter(foreign)
        .join(taken, on="key")
        .filter((pl.col("country") != pl.col("town_country")) | pl.col("own"))
        .select("key", "country", "kind", "second_hand")
        .unique()
    )
    return found.join(lost, on=lost.columns, how="anti").filter(~(foreign & pl.col("key").is_in(names.GENERIC_WORDS)))


def _curated_first(rows: pl.DataFrame) -> pl.DataFrame:
    """Give curated meanings of a key many times the prior of all others, split by their shares."""
    total = (pl.col("prior") * ~pl.col("ours")).sum().over("key").clip(100_000)
    shares = (pl.col("prior") * pl.col("ours")).sum().over("key")
    shared = (pl.col("ours") & (pl.col("prior") < 1)).any().over("key")
    weight = pl.when(shared).then(SHARED_WEIGHT).otherwise(CURATED_WEIGHT)
    return rows.with_columns(
        prior=pl.when(pl.col("ours")).then(pl.col("prior") / shares * total * weight).otherwise("prior")
    )


def summary(path: Path) -> pl.DataFrame:
    """Return what a compiled file holds, by kind and country: the table ``attribute/gazetteer``."""
    return (
        pl.scan_parquet(path)
        .group_by(pl.col("kind").cast(pl.String), country=pl.col("country").cast(pl.String).fill_null("ZZ"))
        .agg(
            names=pl.col("key").n_unique().cast(pl.Int64),
            places=pl.col("geonameid").drop_nulls().n_unique().cast(pl.Int64),
        )
        .with_columns(version=pl.lit(version_of(path)))
        .sort("kind", "country")
        .collect()
    )


def version_of(path: Path) -> str:
    """Return the version that a compiled file is named after."""
    return path.stem.removeprefix(STEM)


def cache_folder() -> Path:
    """Return the folder of compiled gazetteers: ``ATLAS_CACHE`` or the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else user_cache_path("adoption-atlas")


def compiled_file(folder: Path | None = None) -> Path:
    """Return the compiled file of the installed inputs, compiling it if it is not there (about fifteen seconds).

    Two processes that need it at once compile it once; a reader never sees a part.

    Args:
        folder: Where compiled files are kept; ``cache_folder`` by default.

    Raises:
        GazetteerError: One of our tables is wrong, or the folder cannot be written.
    """
    folder = folder or cache_folder()
    path = folder / f"{STEM}{gazetteer_version()}.parquet"
    if path.is_file():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                with tempfile.NamedTemporaryFile(dir=folder, suffix=".tmp", delete=False) as draft:
                    compile_names().write_parquet(draft.name, compression="zstd")
                Path(draft.name).replace(path)
                _forget_old(folder)
    except OSError as error:
        raise names.GazetteerError(
            f"{folder}: the gazetteer cannot be kept here ({error.strerror}); set {CACHE_VARIABLE} to a folder that "
            "can be written."
        ) from error
    return path


def _forget_old(folder: Path) -> None:
    """Remove all but the newest compiled files; whoever needs one of them compiles it again."""
    compiled = sorted(folder.glob(f"{STEM}*.parquet"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in compiled[KEPT:]:
        path.unlink(missing_ok=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class Gazetteer:
    """A compiled gazetteer, ready for look-up.

    Attributes:
        version: Hash of what it was compiled from.
        keys: key, key_id (rows ``starts[key_id]`` to ``starts[key_id + 1]`` of the arrays belong to it), and has_any,
            has_capitals, has_tail: which ways of writing count.
        index: Positions of texts in ``keys``.
        starts: First row of each key, and the number of rows.
        kind: Position in ``names.KINDS``.
        case: Position in ``names.CASES``.
        country: Position in ``countries``; -1 = no place.
        admin1: Position in ``admin1s``; -1 = none.
        geonameid: GeoNames id; -1 = none.
        second_hand: Whether it is not the name that the place goes by.
        prior: See `assets/places/names.py`.
        countries: ISO 3166-1 alpha-2 codes.
        admin1s: ISO 3166-2 codes.
        cities: geonameid, city (name in GeoNames), metro; sorted.
        code_metros: code (of a subdivision or economy that lies in a metro whole), metro.
    """

    version: str
    keys: pl.DataFrame
    index: Index
    starts: Array
    kind: Array
    case: Array
    country: Array
    admin1: Array
    geonameid: Array
    second_hand: Array
    prior: Array
    countries: Array
    admin1s: Array
    cities: pl.DataFrame
    code_metros: pl.DataFrame


def read_gazetteer(path: Path) -> Gazetteer:
    """Load a compiled file."""
    rows = pl.read_parquet(path)
    key_id = rows["key"].rle_id()
    starts = np.append(np.flatnonzero(np.diff(key_id.to_numpy(), prepend=np.uint32(2**32 - 1))), rows.height)
    case = rows["case"].to_physical().cast(pl.Int8).to_numpy()
    first = starts[:-1]
    keys = rows.select("key")[first].with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("key_id"),
        *(
            pl.Series(name, np.logical_or.reduceat(case == code, first))
            for name, code in (("has_any", ANY), ("has_capitals", CAPITALS), ("has_tail", AT_TAIL))
        ),
    )
    admin1s = rows["admin1"].drop_nulls().unique().sort()
    country = rows["country"]
    countries = cast("pl.Enum", country.dtype).categories
    return Gazetteer(
        version=version_of(path),
        keys=keys,
        index=Index(keys["key"]),
        starts=starts,
        kind=rows["kind"].to_physical().cast(pl.Int8).to_numpy(),
        case=case,
        country=country.to_physical().cast(pl.Int16).fill_null(-1).to_numpy(),
        admin1=rows["admin1"].cast(pl.Enum(admin1s)).to_physical().cast(pl.Int16).fill_null(-1).to_numpy(),
        geonameid=rows["geonameid"].cast(pl.Int32).fill_null(-1).to_numpy(),
        second_hand=rows["second_hand"].to_numpy(),
        prior=rows["prior"].cast(pl.Float32).to_numpy(),
        countries=countries.to_numpy(),
        admin1s=admin1s.to_numpy(),
        cities=rows.filter(pl.col("geonameid").is_not_null())
        .select("geonameid", "city", "metro")
        .unique("geonameid")
        .sort("geonameid"),
        code_metros=rows.filter(pl.col("geonameid").is_null(), pl.col("metro").is_not_null())
        .select(code=pl.coalesce("admin1", pl.col("country").cast(pl.String)), metro="metro")
        .unique("code"),
    )


@lru_cache(maxsize=1)
def load_gazetteer() -> Gazetteer:
    """Return the gazetteer of the installed inputs, compiled and loaded once a process.

    Raises:
        GazetteerError: See ``compiled_file``.
    """
    return read_gazetteer(compiled_file())
