"""Region registry: the world, UN M49 subregions, economies and territories, watch-list metros; and subdivisions.

Here: reading, checking and joining the files people edit (`data/economies.csv`, `data/subregions.csv`,
`data/metros.toml`) into one table, and `data/subdivisions.csv` into another. Not here: outlines (`shapes`),
resolving location texts (`assets/places`).

Subdivisions are a table of their own, because the registry says for which regions there is a cell: every economy and
metro has one, if only to say that nobody was observed there. A subdivision has a cell where people were located in it
and nowhere else; in the registry, four thousand more regions would be cells that nobody asked about.

The ISO code NA is Namibia: ids are text throughout, and no reader here turns them into nulls.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any, Final

import polars as pl

ECONOMIES_FILE: Final = "economies.csv"
SUBREGIONS_FILE: Final = "subregions.csv"
METROS_FILE: Final = "metros.toml"
SUBDIVISIONS_FILE: Final = "subdivisions.csv"
WORLD: Final = "world"
MAX_LONGITUDE: Final = 180.0
MAX_LATITUDE: Final = 90.0
MAX_RADIUS_KM: Final = 150.0
"""Greatest radius of a metro: beyond it, one does not commute but travel."""

COLUMNS: Final[Mapping[str, Any]] = {
    "region_id": pl.String,
    "level": pl.String,
    "name": pl.String,
    "parent_id": pl.String,
    "iso3": pl.String,
    "m49": pl.String,
    "longitude": pl.Float64,
    "latitude": pl.Float64,
    "area_km2": pl.Float64,
    "drawn": pl.Boolean,
    "note": pl.String,
}
"""Columns of the registry in order; `assets/schemas/attribute.py` (Regions) describes them."""

SUBDIVISION_COLUMNS: Final[Mapping[str, Any]] = {
    "region_id": pl.String,
    "level": pl.String,
    "name": pl.String,
    "parent_id": pl.String,
    "longitude": pl.Float64,
    "latitude": pl.Float64,
    "area_km2": pl.Float64,
    "drawn": pl.Boolean,
    "outline_id": pl.String,
    "vintage": pl.String,
    "note": pl.String,
}
"""Columns of the table of subdivisions in order."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_METRO: Final = re.compile(r"metro:[a-z0-9]+(-[a-z0-9]+)*")
_REQUIRED: Final[Mapping[str, type | tuple[type, ...]]] = {
    "id": str,
    "name": str,
    "country": str,
    "longitude": (int, float),
    "latitude": (int, float),
    "members": list,
}
_OPTIONAL: Final[Mapping[str, type | tuple[type, ...]]] = {
    "admin1": str,
    "admin1_members": list,
    "radius_km": (int, float),
    "aliases": list,
    "collisions": list,
    "note": str,
}


class RegionError(ValueError):
    """A registry file does not hold together; the message names the file, the region and the value."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A place whose people count for a metro.

    Attributes:
        name: name as GeoNames writes it.
        geonameid: identifier of the place in GeoNames.
    """

    name: str
    geonameid: int


@dataclass(frozen=True, kw_only=True)
class Metro:
    """A named city area of the watch-list.

    Attributes:
        region_id: `metro:` and an ASCII slug.
        name: English name.
        country: region_id of the economy that contains it.
        admin1: ISO 3166-2 code of its core, where one applies.
        longitude: anchor point, degrees east.
        latitude: anchor point, degrees north.
        members: places whose people count for it, the core first; each belongs to one metro only.
        admin1_members: ISO 3166-2 codes whose people count for it, even where no more than the code is known; each
            belongs to one metro only. The code of the economy itself where the metro is all of it.
        radius_km: people of every other place of its country within so many kilometres of the anchor count for it;
            None where members and codes say all.
        aliases: other names of the metro.
        collisions: location texts that resemble it but name another place.
        note: what belongs to it and what does not.
    """

    region_id: str
    name: str
    country: str
    admin1: str | None
    longitude: float
    latitude: float
    members: tuple[Member, ...]
    admin1_members: tuple[str, ...]
    radius_km: float | None
    aliases: tuple[str, ...]
    collisions: tuple[str, ...]
    note: str | None


def load_regions(folder: Traversable | None = None) -> pl.DataFrame:
    """The whole registry.

    Args:
        folder: folder of the three registry files; the packaged one by default.

    Returns:
        One row per region, with the columns of `COLUMNS`: first the world, then subregions (parent `world`),
        economies (parent: a subregion; Antarctica's is `world`) and metros (parent: their economy), each
        sorted by id. Anchors are degrees, null for world and subregions. `area_km2` is the area of the
        outline before simplification, null without one; `drawn` says whether the topology has an outline,
        so it is false for metros, which maps show as dots.

    Raises:
        RegionError: if a file cannot be read or contradicts itself or another one.
    """
    return _packaged_regions() if folder is None else _regions(folder)


@cache
def _packaged_regions() -> pl.DataFrame:
    from maps.geometry.shapes import data_folder

    return _regions(data_folder())


def _regions(folder: Traversable) -> pl.DataFrame:
    subregions = _subregions(folder)
    economies = _economies(folder)
    metros = [
        {
            "region_id": metro.region_id,
            "level": "metro",
            "name": metro.name,
            "parent_id": metro.country,
            "longitude": metro.longitude,
            "latitude": metro.latitude,
            "drawn": False,
            "note": metro.note,
        }
        for metro in sorted(load_metros(folder / METROS_FILE), key=lambda metro: metro.region_id)
    ]
    world = [{"region_id": WORLD, "level": "world", "name": "World", "m49": "001", "drawn": False}]
    parts = [
        pl.DataFrame(world, schema_overrides=COLUMNS),
        subregions.with_columns(level=pl.lit("subregion"), drawn=pl.lit(value=False)),
        economies.with_columns(level=pl.lit("country")),
        pl.DataFrame(metros, schema_overrides=COLUMNS),
    ]
    return pl.concat(parts, how="diagonal").select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())


def load_subdivisions(folder: Traversable | None = None) -> pl.DataFrame:
    """Subdivisions of economies, of the level that the places layer locates people in.

    Args:
        folder: folder of the registry files; the packaged one by default.

    Returns:
        One row per subdivision, sorted by id, with the columns of `SUBDIVISION_COLUMNS`. `region_id` is the ISO 3166-2
        code, `level` is `admin1`, `parent_id` the economy that the code begins with. `drawn` says whether the topology
        has an outline; `longitude` and `latitude` (degrees) are a point inside it, else where a map may put a dot.
        `area_km2` is the area of the outline before simplification, null without one. `outline_id` is the region whose
        outline holds it: the subdivision itself where it is drawn, else an older or larger one, or an economy.
        `vintage` says which division a drawn outline shows where it is not today's: `before` and a year, `older` (or
        coarser), or `approximate`; `note` says what that means for it, or why it is not drawn.

    Raises:
        RegionError: if a file cannot be read or contradicts itself or another one.
    """
    from maps.geometry.shapes import data_folder

    folder = folder or data_folder()
    table = _read(SUBDIVISIONS_FILE, folder)
    if missing := sorted(set(SUBDIVISION_COLUMNS) - {"level"} - set(table.columns)):
        raise RegionError(f"{SUBDIVISIONS_FILE}: lacks the columns {', '.join(missing)}.")
    economies = _economies(folder)["region_id"]
    outlines = [*table.filter("drawn")["region_id"], *economies]
    own = pl.col("outline_id") == pl.col("region_id")
    checks: tuple[tuple[pl.Expr, str, str], ...] = (
        (
            ~pl.col("region_id").str.contains(f"^{_COUNTRY.pattern}-[A-Z0-9]{{1,3}}$").fill_null(value=False),
            "region_id",
            "write ISO 3166-2",
        ),
        (pl.col("region_id").is_duplicated(), "region_id", "keep one row"),
        (pl.col("name").is_null(), "name", "write the English short name"),
        (pl.col("parent_id") != pl.col("region_id").str.head(2), "parent_id", "write the letters before the hyphen"),
        (~pl.col("parent_id").is_in(economies.implode()).fill_null(value=False), "parent_id", f"see {ECONOMIES_FILE}"),
        (_outside("longitude", MAX_LONGITUDE), "longitude", "write degrees from -180 to 180"),
        (_outside("latitude", MAX_LATITUDE), "latitude", "write degrees from -90 to 90"),
        (pl.col("drawn") != pl.col("area_km2").is_not_null(), "drawn", "only outlines have an area; run the build"),
        (pl.col("drawn") != own, "outline_id", "a drawn subdivision lies in itself, no other one does; run the build"),
        (~pl.col("outline_id").is_in(outlines).fill_null(value=False), "outline_id", "name a drawn region"),
        (~pl.col("drawn") & pl.col("note").is_null(), "note", "say why it is not drawn"),
    )
    for wrong, column, remedy in checks:
        _refuse(table, wrong, SUBDIVISIONS_FILE, column, remedy)
    return (
        table.with_columns(level=pl.lit("admin1"))
        .select(pl.col(name).cast(dtype) for name, dtype in SUBDIVISION_COLUMNS.items())
        .sort("region_id")
    )


def load_metros(path: Traversable | None = None) -> tuple[Metro, ...]:
    """The watch-list of metros.

    Args:
        path: TOML file with `[[metro]]` tables; the packaged `metros.toml` by default, whose head explains
            the keys.

    Returns:
        Metros in file order.

    Raises:
        RegionError: if the file is no TOML, or a metro lacks a key or members, has an unknown key, a wrong
            type, an id that is no ASCII slug or occurs twice, an unknown country, an admin1 or an admin1 member
            of another country, coordinates or a radius out of range, or a member or admin1 member that another
            metro has. The message names file, metro and value.
    """
    return _packaged_metros() if path is None else _metros(path)


@cache
def _packaged_metros() -> tuple[Metro, ...]:
    from maps.geometry.shapes import data_folder

    return _metros(data_folder() / METROS_FILE)


def _metros(path: Traversable) -> tuple[Metro, ...]:
    from maps.geometry.shapes import data_folder

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["metro"]
    except (OSError, ValueError) as error:
        raise RegionError(f"{path}: cannot be read as TOML: {error}.") from error
    except KeyError:
        raise RegionError(f"{path}: has no [[metro]] table.") from None
    countries = frozenset(_economies(data_folder())["region_id"])
    metros: list[Metro] = []
    ids: set[str] = set()
    owners: dict[int | str, str] = {}
    for number, table in enumerate(tables, start=1):
        where = f"{path}: metro {table.get('id', f'number {number}')!r}"
        metro = _metro(table, where, countries)
        if metro.region_id in ids:
            raise RegionError(f"{where}: the id {metro.region_id!r} occurs twice.")
        ids.add(metro.region_id)
        for member in metro.members:
            owner = owners.setdefault(member.geonameid, metro.region_id)
            if owner != metro.region_id:
                raise RegionError(f"{where}: member {member.geonameid} ({member.name}) already belongs to {owner}.")
        for code in metro.admin1_members:
            owner = owners.setdefault(code, metro.region_id)
            if owner != metro.region_id:
                raise RegionError(f"{where}: admin1_members: {code} already belongs to {owner}; keep it in one.")
        metros.append(metro)
    return tuple(metros)


def _metro(table: Mapping[str, Any], where: str, countries: Collection[str]) -> Metro:
    """Turn one table of the watch-list into a metro, or say what is wrong with it."""
    _check_keys(table, where)
    region_id, country, admin1 = table["id"], table["country"], table.get("admin1")
    if not _METRO.fullmatch(region_id):
        raise RegionError(
            f"{where}: id {region_id!r} is not metro: and a slug of ASCII small letters, digits and hyphens."
        )
    if country not in countries:
        raise RegionError(f"{where}: country {country!r} is not in {ECONOMIES_FILE}.")
    if admin1 is not None and not _is_admin1(admin1, country):
        raise RegionError(f"{where}: admin1 {admin1!r} is no ISO 3166-2 code of {country}.")
    for name, limit in (("longitude", MAX_LONGITUDE), ("latitude", MAX_LATITUDE)):
        if not -limit <= table[name] <= limit:
            raise RegionError(f"{where}: {name} {table[name]!r} is not between -{limit:g} and {limit:g}.")
    radius = table.get("radius_km")
    if radius is not None and not 0 < radius <= MAX_RADIUS_KM:
        raise RegionError(f"{where}: radius_km {radius!r} is not above 0 and at most {MAX_RADIUS_KM:g}.")
    return Metro(
        region_id=region_id,
        name=table["name"],
        country=country,
        admin1=admin1,
        longitude=float(table["longitude"]),
        latitude=float(table["latitude"]),
        members=_members(table["members"], where),
        admin1_members=_admin1_members(table, where),
        radius_km=None if radius is None else float(radius),
        aliases=_texts(table, "aliases", where),
        collisions=_texts(table, "collisions", where),
        note=table.get("note"),
    )


def _check_keys(table: Mapping[str, Any], where: str) -> None:
    known = {**_REQUIRED, **_OPTIONAL}
    if missing := [name for name in _REQUIRED if name not in table]:
        raise RegionError(f"{where}: lacks {', '.join(missing)}.")
    if unknown := sorted(set(table) - set(known)):
        raise RegionError(f"{where}: has the unknown key {', '.join(unknown)}; known are {', '.join(known)}.")
    for name, value in table.items():
        # TOML's true is a number to Python.
        if isinstance(value, bool) or not isinstance(value, known[name]) or value == "":
            raise RegionError(f"{where}: {name} is {value!r}, which is empty or of the wrong type.")


def _members(tables: list[Any], where: str) -> tuple[Member, ...]:
    if not tables:
        raise RegionError(f"{where}: members is [], so nobody could be counted for it; name at least its core.")
    members = []
    for table in tables:
        match table:
            case {"name": str(name), "geonameid": int(geonameid), **rest} if name and geonameid > 0 and not rest:
                members.append(Member(name=name, geonameid=geonameid))
            case _:
                raise RegionError(f"{where}: member {table!r} is not of the form {{ name = …, geonameid = … }}.")
    repeated = sorted({m.name for m in members if sum(m.geonameid == other.geonameid for other in members) > 1})
    if repeated:
        raise RegionError(f"{where}: members are named twice: {', '.join(repeated)}.")
    return tuple(members)


def _is_admin1(code: str, country: str) -> bool:
    return re.fullmatch(rf"{country}-[A-Z0-9]{{1,3}}", code) is not None


def _admin1_members(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    codes = _texts(table, "admin1_members", where)
    for code in codes:
        if code != table["country"] and not _is_admin1(code, table["country"]):
            raise RegionError(
                f"{where}: admin1_members holds {code!r}, neither an ISO 3166-2 code of {table['country']} nor the "
                "economy itself."
            )
        if codes.count(code) > 1:
            raise RegionError(f"{where}: admin1_members holds {code!r} twice; keep one.")
    return codes


def _texts(table: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    for text in table.get(name, ()):
        if not isinstance(text, str) or not text.strip():
            raise RegionError(f"{where}: {name} holds {text!r}, which is no text.")
    return tuple(table.get(name, ()))


def _read(name: str, folder: Traversable) -> pl.DataFrame:
    """Read a CSV file of the registry; every column is text but those that `COLUMNS` declares otherwise."""
    place = folder / name
    try:
        with place.open("rb") as file:
            table = pl.read_csv(file, infer_schema=False)
        for column in (column for column, dtype in COLUMNS.items() if dtype == pl.Boolean and column in table.columns):
            unclear = ~pl.col(column).is_in(["true", "false"]).fill_null(value=False)
            _refuse(table, unclear, name, column, "write true or false")
            table = table.with_columns(pl.col(column) == "true")
        return table.with_columns(pl.col(column).cast(COLUMNS[column]) for column in table.columns if column in COLUMNS)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RegionError(f"{place}: cannot be read: {error}") from error


def _refuse(table: pl.DataFrame, wrong: pl.Expr, name: str, column: str, remedy: str) -> None:
    """Raise for the first row of a registry file that meets a condition."""
    found = table.filter(wrong)
    if found.height:
        row = found.row(0, named=True)
        raise RegionError(f"{name}: region {row['region_id']!r}: {column} is {row[column]!r}; {remedy}.")


def _outside(column: str, limit: float) -> pl.Expr:
    return pl.col(column).is_between(-limit, limit).not_().fill_null(value=True)


def _subregions(folder: Traversable) -> pl.DataFrame:
    table = _read(SUBREGIONS_FILE, folder)
    _refuse(
        table, pl.col("region_id") != "m49:" + pl.col("m49"), SUBREGIONS_FILE, "region_id", "write m49: and the code"
    )
    _refuse(table, pl.col("region_id").is_duplicated(), SUBREGIONS_FILE, "region_id", "keep one row")
    _refuse(table, pl.col("parent_id") != WORLD, SUBREGIONS_FILE, "parent_id", f"write {WORLD}")
    return table.sort("region_id")


def _economies(folder: Traversable) -> pl.DataFrame:
    """Economies and territories, checked: columns of `COLUMNS` without `level`, sorted by id."""
    table = _read(ECONOMIES_FILE, folder)
    if missing := sorted(set(COLUMNS) - {"level"} - set(table.columns)):
        raise RegionError(f"{ECONOMIES_FILE}: lacks the columns {', '.join(missing)}.")
    parents = [WORLD, *_subregions(folder)["region_id"]]

    checks: tuple[tuple[pl.Expr, str, str], ...] = (
        (
            ~pl.col("region_id").str.contains(f"^{_COUNTRY.pattern}$").fill_null(value=False),
            "region_id",
            "write ISO 3166-1 alpha-2",
        ),
        (pl.col("region_id").is_duplicated(), "region_id", "keep one row"),
        (pl.col("name").is_null(), "name", "write the English short name"),
        (~pl.col("parent_id").is_in(parents).fill_null(value=False), "parent_id", f"see {SUBREGIONS_FILE}"),
        (~pl.col("m49").str.contains(r"^\d{3}$"), "m49", "write three digits"),
        (_outside("longitude", MAX_LONGITUDE), "longitude", "write degrees from -180 to 180"),
        (_outside("latitude", MAX_LATITUDE), "latitude", "write degrees from -90 to 90"),
        (pl.col("drawn") != pl.col("area_km2").is_not_null(), "drawn", "only outlines have an area; run the build"),
    )
    for wrong, column, remedy in checks:
        _refuse(table, wrong, ECONOMIES_FILE, column, remedy)
    return table.sort("region_id")
