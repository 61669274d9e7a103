"""Forms: what a published reference file says, as rows of table ``denominators``.

Here: one pure function a form, from the bytes of a file. Not here: fetching it (`refresh.py`).

Every code is read as text (``NA`` is Namibia). Aggregates such as ``EU`` count their members twice and are left out by
the registry of regions; what is left out is counted. A cell that an agency leaves empty is unknown, never zero.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

LEAST_ECONOMIES: Final = 150
"""A file with figures of fewer economies was cut, or is another file."""

ROWS: Final = pl.Schema(
    {
        "measure": pl.String(),
        "region_id": pl.String(),
        "period": pl.Date(),
        "value": pl.Float64(),
        "value_unit": pl.String(),
    }
)


class FormError(ValueError):
    """A file is not of the form that is expected; the message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """Rows of a file, and how many of its rows are no economy or hold no figure."""

    rows: pl.DataFrame
    aggregates: int
    empty: int


def _checked(rows: pl.DataFrame, known: Collection[str], *, empty: int) -> Read:
    economies = pl.col("region_id").is_in(list(known))
    kept = rows.filter(economies)
    found = kept["region_id"].n_unique()
    if found < LEAST_ECONOMIES:
        raise FormError(f"it has figures of {found} economies, {LEAST_ECONOMIES} or more are expected")
    if kept.select("measure", "region_id", "period").is_duplicated().any():
        raise FormError("it has two figures of one economy and period")
    if kept["value"].min() < 0 or not kept["value"].is_finite().all():  # type: ignore[operator]
        raise FormError("it has a figure that is negative or no number")
    return Read(rows=kept.select(ROWS.names()), aggregates=rows.height - kept.height, empty=empty)


def innovation_graph(content: bytes, known: Collection[str]) -> Read:
    """Read ``developers.csv`` of GitHub's Innovation Graph: developers by economy and quarter.

    Args:
        content: The file.
        known: Codes of economies.

    Raises:
        FormError: It is another file.
    """
    wanted = ("developers", "iso2_code", "year", "quarter")
    try:
        texts = pl.read_csv(content, infer_schema=False, null_values=[""])
    except pl.exceptions.PolarsError as error:
        raise FormError(f"it is no CSV ({type(error).__name__})") from None
    missing = [column for column in wanted if column not in texts.columns]
    if missing:
        raise FormError(f"it lacks the column(s) {', '.join(missing)}")
    try:
        rows = texts.drop_nulls("developers").select(
            measure=pl.lit("github_developers"),
            region_id="iso2_code",
            period=pl.date(pl.col("year").cast(pl.Int32), pl.col("quarter").cast(pl.Int32) * 3 - 2, 1),
            value=pl.col("developers").cast(pl.Float64),
            value_unit=pl.lit("accounts"),
        )
    except pl.exceptions.PolarsError as error:
        raise FormError(f"a value is of another kind than its column ({type(error).__name__})") from None
    return _checked(rows, known, empty=texts["developers"].null_count())


def world_bank(content: bytes, known: Collection[str]) -> Read:
    """Read the World Bank's answer for one indicator: ``[about, [{country: {id}, date, value}, …]]``.

    Args:
        content: The answer.
        known: Codes of economies; the World Bank's aggregates have codes too.

    Raises:
        FormError: It is another answer, or one page of several.
    """
    try:
        about, items = json.loads(content)
        pages = int(about["pages"])
        rows = [
            {"region_id": item["country"]["id"], "year": int(item["date"]), "value": item["value"]} for item in items
        ]
    except (ValueError, TypeError, KeyError):
        raise FormError("it is no answer for an indicator") from None
    if pages != 1:
        raise FormError(f"it is one page of {pages}")
    schema = {"region_id": pl.String, "year": pl.Int32, "value": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, strict=False)
    filled = frame.drop_nulls("value").select(
        "region_id",
        "value",
        measure=pl.lit("population"),
        period=pl.date("year", 1, 1),
        value_unit=pl.lit("people"),
    )
    return _checked(filled, known, empty=frame["value"].null_count())


Form = Callable[[bytes, Collection[str]], Read]
FORMS: Final[Mapping[str, Form]] = {"innovation_graph": innovation_graph, "world_bank": world_bank}
