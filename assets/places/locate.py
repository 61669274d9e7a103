"""Where a free-text location is, offline: country, subdivision, city and metro, how sure, and why.

Here: the public function, the decision to answer, its reasons, candidates of open texts, the memo. Not here: finding
names (`assets/places/spans.py`), what they mean together (`assets/places/resolve.py`), evidence other than text
(`assets/places/offsets.py`, `assets/places/mail_domains.py`).

Texts are personal data: they are resolved in memory and never stored or logged.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import polars as pl

from assets.places.confidence import confidence, least_confidence
from assets.places.gazetteer import Gazetteer, load_gazetteer
from assets.places.names import KINDS
from assets.places.resolve import ONE_WORD, SEVERAL, resolve
from assets.places.spans import find_spans
from assets.places.text import MAX_CHARACTERS

Array = np.ndarray[Any, Any]

LOCATED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "country": pl.String,
    "admin1": pl.String,
    "city": pl.String,
    "city_geonameid": pl.Int64,
    "metro": pl.String,
    "level": pl.String,
    "confidence": pl.Float64,
    "reason": pl.String,
    "candidates": pl.List(pl.Struct({"country": pl.String, "weight": pl.Float64})),
}
"""Columns of a located text."""

BY_KIND: Final = dict(
    zip(
        KINDS,
        (
            "names the country",
            "names a subdivision",
            "names a second-level subdivision",
            "names a city",
            "names a region of the country",
            "names a part of a city",
            "names an institution",
            "codes only",
        ),
        strict=False,
    )
)
"""Reasons of answers, by the clearest name."""

EMPTY: Final = "empty"
TOO_LONG: Final = f"longer than {MAX_CHARACTERS} characters"
NO_NAME: Final = "no known name"
NO_PLACE: Final = "names no place"
SEVERAL_COUNTRIES: Final = "spans several countries"
TOO_UNSURE: Final = "a name, but too unsure"
OPEN_SEVERAL: Final = "open: several places"
OPEN_HOMONYMS: Final = "open: places of one name"
REASONS: Final = (*BY_KIND.values(), EMPTY, TOO_LONG, NO_NAME, NO_PLACE, SEVERAL_COUNTRIES, TOO_UNSURE, OPEN_SEVERAL,
                  OPEN_HOMONYMS)  # fmt: skip
"""Every reason that can be given."""

BATCH: Final = 32_768
MEMO_TEXTS: Final = 2_000_000
"""Texts that the memo holds at most."""


class _Memo:
    """Texts that were located before, in memory only, for one version of the gazetteer."""

    def __init__(self) -> None:
        self.version = ""
        self.known = _no_rows()

    def recall(self, version: str) -> pl.DataFrame:
        """Return what is known for a version of the gazetteer."""
        if version != self.version:
            self.version, self.known = version, _no_rows()
        return self.known

    def keep(self, fresh: pl.DataFrame) -> None:
        """Add rows; when there are too many, only these stay."""
        grown = self.known.height + fresh.height <= MEMO_TEXTS
        self.known = pl.concat([self.known, fresh]) if grown else fresh.head(MEMO_TEXTS)


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema={"text": pl.String, **LOCATED})


_MEMO: Final = _Memo()


def locate(strings: pl.Series, *, gazetteer: Gazetteer | None = None) -> pl.DataFrame:
    """Say where free-text locations are.

    Every distinct text is read once, however often it occurs, and remembered in memory for the next call.

    Args:
        strings: Texts as people typed them; nulls are empty.
        gazetteer: Where names are looked up; that of the installed packages by default.

    Returns:
        One row per text, in their order, with the columns of ``LOCATED``: country (ISO 3166-1 alpha-2, XK for Kosovo;
        null = no single country), admin1 (ISO 3166-2), city (name in GeoNames), city_geonameid, metro (region_id of
        the watch-list), level (``country``, ``admin1`` or ``city``; null without an answer), confidence (probability
        that the country is right; null without an answer), reason (one of ``REASONS``: why answered or why not), and
        candidates: countries with weights that sum to at most 1, for texts that are open between several; else null.

    Raises:
        GazetteerError: The gazetteer cannot be compiled.
    """
    gazetteer = gazetteer or load_gazetteer()
    texts = pl.DataFrame({"text": strings.cast(pl.String).fill_null("")})
    distinct = texts.unique()
    known = _MEMO.recall(gazetteer.version)
    unknown = distinct.join(known.select("text"), on="text", how="anti") if known.height else distinct
    if unknown.height:
        fresh = _located(unknown["text"], gazetteer)
        _MEMO.keep(fresh)
        old = distinct.join(unknown, on="text", how="anti").join(known, on="text") if known.height else _no_rows()
        known = pl.concat([old, fresh])
    # Rows are gathered by position, from whole columns: a join would copy nested columns piece by piece.
    rows = texts.join(known.select("text").with_row_index("row"), on="text", how="left", maintain_order="left")["row"]
    return known.drop("text").rechunk()[rows]


def _located(texts: pl.Series, gazetteer: Gazetteer) -> pl.DataFrame:
    """Locate distinct texts, in batches on all cores."""
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    if len(batches) == 1:
        return _batch(texts, gazetteer)
    with ThreadPoolExecutor(max_workers=min(len(batches), os.cpu_count() or 1)) as pool:
        return pl.concat(pool.map(lambda batch: _batch(batch, gazetteer), batches))


def _batch(texts: pl.Series, gazetteer: Gazetteer) -> pl.DataFrame:
    readable = texts.str.len_chars() <= MAX_CHARACTERS
    found = resolve(find_spans(texts.set(~readable, ""), gazetteer), gazetteer)
    sure = confidence(found.measures)
    read = sure > 0
    open_ = read & (found.rivals | found.homonyms)
    answered = read & ~open_ & (sure >= least_confidence())
    by_kind = np.append([REASONS.index(said) for said in BY_KIND.values()], [REASONS.index(NO_PLACE)] * 3)
    rules = (
        (answered, by_kind[found.kind]),
        ((texts.str.strip_chars() == "").to_numpy(), REASONS.index(EMPTY)),
        (~readable.to_numpy(), REASONS.index(TOO_LONG)),
        (found.rivals & read, REASONS.index(OPEN_SEVERAL)),
        (open_, REASONS.index(OPEN_HOMONYMS)),
        (found.placeless == ONE_WORD, REASONS.index(NO_PLACE)),
        (found.placeless == SEVERAL, REASONS.index(SEVERAL_COUNTRIES)),
        (read, REASONS.index(TOO_UNSURE)),
    )
    reason = np.select([where for where, _ in rules], [said for _, said in rules], REASONS.index(NO_NAME))
    candidates = (
        found.candidates.filter(pl.Series(open_).gather(found.candidates["text"]))
        .sort("text", "weight", "country", descending=[False, True, False])
        .group_by("text", maintain_order=True)
        .agg(candidates=pl.struct("country", "weight"))
    )
    answers = pl.Series(answered)
    place = (
        pl.DataFrame(
            {
                "text": texts,
                "country": _named(gazetteer.countries, found.country),
                "admin1": _named(gazetteer.admin1s, found.admin1),
                "geonameid": pl.Series(found.geonameid, dtype=pl.Int64),
                "confidence": sure,
                "reason": pl.Series(REASONS).gather(reason),
            }
        )
        .with_columns(pl.when(answers).then(pl.col(name)) for name in ("country", "admin1", "confidence"))
        .with_columns(core=pl.when(answers & (pl.col("geonameid") >= 0)).then("geonameid"))
        .with_columns(around=pl.Series(found.around))
    )
    return (
        place.with_row_index("row")
        .hstack(_cities(place["core"], gazetteer))
        .with_columns(code=pl.coalesce("admin1", "country"))
        .join(gazetteer.code_metros, on="code", how="left", suffix="_of_code", maintain_order="left")
        .join(candidates, left_on="row", right_on="text", how="left", maintain_order="left")
        .with_columns(
            metro=pl.when(pl.col("core").is_null()).then("metro_of_code").otherwise("metro"),
            city=pl.when(~pl.col("around")).then("city"),
            city_geonameid=pl.when(~pl.col("around")).then("core"),
        )
        .with_columns(
            level=pl.when(pl.col("city").is_not_null())
            .then(pl.lit("city"))
            .when(pl.col("admin1").is_not_null())
            .then(pl.lit("admin1"))
            .when(pl.col("country").is_not_null())
            .then(pl.lit("country")),
        )
        .select("text", *(pl.col(name).cast(dtype) for name, dtype in LOCATED.items()))
    )


def _cities(geonameids: pl.Series, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return city and metro of GeoNames ids, by position: a join would hash all cities for every batch."""
    known = gazetteer.cities["geonameid"]
    at = np.searchsorted(known.to_numpy(), geonameids.fill_null(known[0]).to_numpy())
    return gazetteer.cities.select("city", "metro")[at].with_columns(pl.when(geonameids.is_not_null()).then(pl.all()))


def _named(codes: Array, position: Array) -> pl.Series:
    """Return the codes at positions; null where the position is -1."""
    return pl.Series([*codes, None], dtype=pl.String).gather(np.where(position >= 0, position, len(codes)))
