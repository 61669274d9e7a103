"""Figures that a picture or the interactive page shows, read back from it.

Here: reading the titles of a static map's outlines and the packed figures of the page, and comparing them with the
table. Not here: drawing and packing (`maps`), and what the page's script makes of its figures (browser tests).
"""

import datetime as dt
import itertools
import json
import re
import zlib
from typing import Any, Final

import numpy as np
import polars as pl

from maps import packing, words
from maps.page_data import FIGURES, PARTS

OUTLINE: Final = re.compile(
    r'data-region="(?P<region>[^"]+)"[^>]*>\s*<title>[^<]*: (?P<percent>\d+)\s%\sChinese[^<]*?n = (?P<n>[\d,]+)'
)


def drawn_figures(picture: str) -> dict[str, tuple[int, int]]:
    """Return percent and people of every region that a static map shows a share of."""
    return {
        found["region"]: (int(found["percent"]), int(found["n"].replace(",", "")))
        for found in OUTLINE.finditer(picture)
    }


def differing(picture: str, shown: pl.DataFrame) -> list[str]:
    """Return the regions whose figures in a static map are not those of the table, or that one of them lacks.

    Args:
        picture: The map as SVG.
        shown: Rows of table ``estimates`` that the map draws, with a share.
    """
    drawn = drawn_figures(picture)
    expected = {row["region_id"]: (row["cn_share"], row["n"]) for row in shown.iter_rows(named=True)}
    wrong = set(drawn) ^ set(expected)
    for region in set(drawn) & set(expected):
        (percent, people), (share, n) = drawn[region], expected[region]
        # Percent are rounded; a tie may go either way.
        if abs(percent - 100 * share) > 0.5 + 1e-9 or people != round(n):
            wrong.add(region)
    return sorted(wrong)


BLOCK: Final = r'<script type="(?:application/json|text/plain)" id="{name}">([^<]*)</script>'
"""A block of content of the page."""
UNREADABLE: Final = (ValueError, KeyError, IndexError, OSError, EOFError, zlib.error)
"""What reading spoiled bytes may end in."""
TEXTS: Final = ("state", "evidence", "counted", "reason", "source_id")
"""Columns of the page that are no figures."""
NOTHING: Final = 1e-9
"""Difference that two roundings of the same figure may have."""


def differing_on_page(page: str, table: pl.DataFrame) -> tuple[int, list[str]]:
    """Return how many cells the interactive page holds, and what is wrong with it.

    Every figure is decoded from the page's own bytes, of all signals, codings, periods and levels, and compared with
    the table at the page's precision (`maps.packing`).

    Args:
        page: The interactive map.
        table: Table ``estimates``.

    Returns:
        Cells of the page, and by cell (signal, coding, region, period, column) what differs, is not in the table, or is
        in the table alone; also what cannot be read.
    """
    try:
        data = json.loads(_block(page, "data"))
        ids = [dict(zip(data["region_fields"], row, strict=True))["id"] for row in data["regions"]]
        if 'id="parts"' in page:
            ids += packing.outlined_of(packing.head_of(packing.from_text(_block(page, "parts"))))
    except UNREADABLE as error:
        return 0, [f"the page cannot be read ({error})"]
    held, wrong, found = 0, [], []
    within = pl.col("level") == PARTS
    for series in data["series"]:
        name = f"{series['signal']} {series['coding']}"
        own = table.filter(signal=series["signal"], coding=series["coding"])
        for suffix, level in (("", ~within), ("-parts", within)):
            rows = own.filter(level)
            found.append(rows.height)
            if not rows.height and f'id="{series["blob"]}{suffix}"' not in page:
                continue
            try:
                cells, faults = _differing_series(
                    _block(page, f"{series['blob']}{suffix}"), series["periods"], ids, rows
                )
            except UNREADABLE as error:
                cells, faults = 0, [f"cannot be read ({error})"]
            held += cells
            wrong += [f"{name} {fault}" for fault in faults]
    if (lost := table.height - sum(found)) > 0:
        wrong.append(f"{lost} rows of the table are of a signal and coding that the page does not name")
    return held, wrong


def _block(page: str, name: str) -> str:
    block = re.search(BLOCK.format(name=re.escape(name)), page)
    if block is None:
        raise ValueError(f"no block {name}")
    return block[1]


def _differing_series(text: str, days: list[str], ids: list[str], rows: pl.DataFrame) -> tuple[int, list[str]]:
    """Cells of one packed series, and what of them is not as in the rows of its signal, coding and levels."""
    content = packing.from_text(text)
    regions = [ids[place] for place in itertools.accumulate(packing.head_of(content)["steps"])]
    periods = [dt.date.fromisoformat(day) for day in days]
    named = pl.col("region_id").is_in(regions) & pl.col("period").is_in(periods)
    faults = [f"{region} {day}: not on the page" for region, day in rows.filter(~named)["region_id", "period"].rows()]
    names = [name for name in FIGURES if name in rows.columns]
    plain = {text: words.plain(text) for name in TEXTS for text in rows[name].unique() if text is not None}
    expected = {
        name: np.round(values, packing.FEWER_DECIMALS.get(name, packing.DECIMALS))
        if isinstance(values, np.ndarray)
        else [plain.get(value) for value in values]
        for name, values in packing.grid_columns(rows.filter(named), regions, periods, names).items()
    }
    _, shown = packing.unpack_figures(content, expected)
    cells = [f"{region} {day}" for region in regions for day in days]
    nothing = np.full(len(cells), np.nan)
    for name in sorted({*expected, *shown}):
        faults += [f"{cells[at]} {name}" for at in _unlike(name, expected.get(name, nothing), shown.get(name, nothing))]
    return sum(value is not None for value in shown.get("state", [])), faults


def _unlike(name: str, expected: Any, shown: Any) -> list[int]:
    """Cells in which a column of the page is not that of the table."""
    if name in TEXTS:
        none = [None] * len(shown)
        pairs = zip(*(none if isinstance(side, np.ndarray) else side for side in (expected, shown)), strict=True)
        return [at for at, (one, other) in enumerate(pairs) if one != other]
    # Changes follow from rounded shares; the page leaves these last digits to the formula.
    most = packing.ROUNDING.get(name, 0) / 100 + NOTHING
    alike = (np.isnan(shown) & np.isnan(expected)) | (np.abs(shown - expected) <= most)
    return [int(at) for at in np.flatnonzero(~alike)]
