"""Names with a letter wrong: long and prominent names are recognised with one slip of the pen.

Here: the spellings and finding texts among them. Not here: which part of a text is tried (`assets/places/spans.py`).
"""

import functools
from typing import Final

import numpy as np
import polars as pl

from assets.lookup import Index
from assets.places.gazetteer import ADMIN1, ANY, CITY, COUNTRY, Gazetteer

TYPO_LETTERS: Final = 6
"""Letters that a name must have to be recognised with one of them wrong."""

MOST_TYPO_LETTERS: Final = 24
"""Letters and blanks of the longest text that is tried; longer ones are prose."""

TYPO_PEOPLE: Final = 200_000.0
"""Prior that a city or subdivision must have to be recognised with a letter wrong."""


def _deletions(texts: pl.DataFrame) -> pl.DataFrame:
    """Return each text as it is and with any one letter left out: adds variant, at (which letter), whole."""
    return (
        texts.with_columns(at=pl.int_ranges(0, pl.col("text").str.len_chars() + 1, dtype=pl.Int64))
        .explode("at")
        .with_columns(
            variant=pl.col("text").str.slice(0, pl.col("at")) + pl.col("text").str.slice(pl.col("at") + 1),
            whole=pl.col("at") == pl.col("text").str.len_chars(),
        )
    )


@functools.lru_cache(maxsize=1)
def _spellings(gazetteer: Gazetteer) -> tuple[pl.DataFrame, Index]:
    """Names long and prominent enough to be recognised with one letter wrong, those spellings, and their index."""
    rows = np.flatnonzero(
        (gazetteer.case == ANY)
        & (
            ((gazetteer.kind == COUNTRY) & ~gazetteer.second_hand)
            | (((gazetteer.kind == ADMIN1) | (gazetteer.kind == CITY)) & (gazetteer.prior > TYPO_PEOPLE))
        )
    )
    names = (
        pl.DataFrame(
            {
                "key_id": pl.Series(np.searchsorted(gazetteer.starts, rows, side="right") - 1, dtype=pl.UInt32),
                "prior": gazetteer.prior[rows],
                "region": gazetteer.kind[rows] != CITY,
                "nickname": gazetteer.second_hand[rows],
            }
        )
        .sort("prior", descending=True)
        .unique("key_id", keep="first")
        .join(gazetteer.keys.select("key_id", text="key"), on="key_id")
        # "Man City" is no slip for "Mad City": nicknames of several words are too like one another.
        .filter(_is_long(pl.col("text")), ~(pl.col("nickname") & pl.col("text").str.contains(" ")))
    )
    spellings = _deletions(names)
    return spellings.select("key_id", "prior", "region", name="text", name_at="at", name_whole="whole"), Index(
        spellings["variant"]
    )


def _is_long(text: pl.Expr) -> pl.Expr:
    return text.str.contains(r"^[a-z ]*$") & text.str.len_chars().is_between(TYPO_LETTERS, MOST_TYPO_LETTERS)


def respelt_names(texts: pl.Series, gazetteer: Gazetteer) -> pl.DataFrame:
    """Find long names with one letter wrong, missing or too many, or two swapped: text, key_id, region."""
    asked = _deletions(pl.DataFrame({"text": texts.unique()}).filter(_is_long(pl.col("text"))))
    spellings, index = _spellings(gazetteer)
    at, rows = index.find(asked["variant"])
    return (
        asked[at]
        .hstack(spellings[rows])
        .filter(
            pl.col("whole") | pl.col("name_whole") | ((pl.col("at") - pl.col("name_at")).abs() <= 1),
            pl.col("text").str.slice(0, 1) == pl.col("name").str.slice(0, 1),
            # "Venezuelan" is no slip of the pen.
            pl.col("text") != pl.col("name") + "n",
            pl.col("text") != pl.col("name") + "s",
        )
        .sort("region", "prior", descending=True)
        .unique("text", keep="first", maintain_order=True)
        .select("text", "key_id", "region")
    )
