"""Ranked dot plot: shares with their intervals, one line an economy or territory.

Here: which lines fit, their order, and drawing them. Not here: the map beside it (`static`).

A map hides small places and shows no uncertainty; the same figures in a row show both. Where not all lines fit, those
that rest on the most people are kept (of modelled ones, those with the narrowest intervals), and the plot says so.
"""

from typing import Final

import polars as pl

from maps import cells as cube
from maps import colours, patterns, svg, words

_ROW: Final = 15.0
_SIZE: Final = 11.5
_HEAD: Final = 62.0
_LEAST_ROWS: Final = 8
_NAMES: Final = 0.42
"""Part of the width that names take."""
_COUNTS: Final = 46.0
"""Pixels that the column of n takes."""


def ranked(one: cube.Slice, limit: int) -> tuple[pl.DataFrame, int]:
    """Rows of a ranked plot, the most Chinese first.

    Args:
        one: the slice.
        limit: how many rows fit.

    Returns:
        The rows, and how many economies and territories have a share.
    """
    known = one.rows.filter((pl.col("level") == "country") & pl.col("cn_share").is_not_null())
    reach = (pl.col("cn_share_high") - pl.col("cn_share_low")).fill_null(2.0)
    kept = known.sort(pl.col("n").fill_null(0), -reach, "region_id", descending=[True, True, False]).head(limit)
    return kept.sort("cn_share", "region_id", descending=[True, False]), known.height


def draw_ranking(one: cube.Slice, *, x: float, y: float, width: float, height: float) -> tuple[str, float]:
    """The plot within a box.

    Args:
        one: the slice.
        x: left end in pixels.
        y: top in pixels.
        width: pixels across.
        height: pixels down; eight rows are drawn in any case.

    Returns:
        The SVG and the y below it.
    """
    rows, known = ranked(one, max(_LEAST_ROWS, int((height - _HEAD) / _ROW)))
    left, right = x + width * _NAMES, x + width - _COUNTS
    long = right - left
    top = y + _HEAD

    def across(share: float) -> float:
        return left + share * long

    parts = [svg.line("Share and 95 % interval, %", x, y + 12, size=13, fill=colours.INK, bold=True)]
    chosen = (
        f"All {known} with a share" if rows.height == known else f"{rows.height} of {known} with a share: {_kept(rows)}"
    )
    parts.append(svg.line(chosen, x, y + 30, size=11.5, fill=colours.MUTED))
    bottom = top + rows.height * _ROW
    for tick in (0, 0.25, 0.5, 0.75, 1):
        colour, heavy = (colours.MUTED, 1.0) if tick == 0.5 else (colours.GRATICULE, 0.8)  # noqa: PLR2004
        parts.append(
            f'<path d="M{svg.number(across(tick))} {svg.number(top - 4)}V{svg.number(bottom)}" '
            f'stroke="{colour}" stroke-width="{heavy}"/>'
        )
        parts.append(svg.line(f"{tick * 100:.0f}", across(tick), top - 9, size=11, fill=colours.MUTED, anchor="middle"))
    parts.append(svg.line("n", x + width, top - 9, size=11, fill=colours.MUTED, anchor="end"))
    for index, row in enumerate(rows.iter_rows(named=True)):
        middle = top + (index + 0.5) * _ROW
        name = _shortened(row["name"], left - x - 12)
        parts.append(svg.line(name, left - 10, middle + 4, size=_SIZE, fill=colours.INK, anchor="end"))
        if row["cn_share_low"] is not None and row["cn_share_high"] is not None:
            modelled = ' stroke-dasharray="3 2"' if row["look"] == "modelled" else ""
            parts.append(
                f'<path d="M{svg.number(across(row["cn_share_low"]))} {svg.number(middle)}'
                f'H{svg.number(across(row["cn_share_high"]))}" stroke="{colours.BORDER}" stroke-width="2"{modelled}/>'
            )
        parts.append(
            f'<circle data-rank="{svg.quoted(row["region_id"])}" cx="{svg.number(across(row["cn_share"]))}" '
            f'cy="{svg.number(middle)}" r="4.6" fill="{patterns.fill_of(row["look"], row["class"])}" '
            f'stroke="{colours.INK}" stroke-width=".9"><title>{svg.quoted(name)}: '
            f"{words.percent(row['cn_share'])}</title></circle>"
        )
        counted = words.count(row["n"])
        parts.append(svg.line(counted, x + width, middle + 4, size=11, fill=colours.MUTED, anchor="end"))
    return f'<g id="ranking">{"".join(parts)}</g>', bottom + 8


def _kept(rows: pl.DataFrame) -> str:
    return "those with the most counted" if rows["n"].count() else "those with the narrowest intervals"


def _shortened(name: str, room: float) -> str:
    """A name that fits, cut with an ellipsis where it does not."""
    if svg.width(name, _SIZE) <= room:
        return name
    while name and svg.width(f"{name}…", _SIZE) > room:
        name = name[:-1]
    return f"{name.rstrip()}…"
