"""Figures that a picture shows, read back from the picture.

Here: reading the titles of a static map's outlines, and comparing them with the table. Not here: drawing (`maps`).
"""

import re
from typing import Final

import polars as pl

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
