"""Specification curve: one share under every definition that one could take, in order, and what each was.

Here: which rows it shows, their order, and drawing them. Not here: the specifications (table `specifications`).

After U. Simonsohn, J. P. Simmons, L. D. Nelson (2020, doi:10.1038/s41562-020-0912-z): above the shares in order of
size, below a mark for each choice. Whoever quotes one figure picks one column.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from maps import colours, svg, words
from maps.cells import MapError
from maps.scales import class_of
from maps.spec import ChartSpec

WIDTH: Final = 1200.0
_MARGIN: Final = 30.0
_NAMES: Final = 315.0
_CURVE: Final = 260.0
_ROW: Final = 17.0
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "coding": words.CODINGS,
    "definition": words.DEFINITIONS,
    "panel": words.PANELS,
    "measure": {"downloads": "downloads", "models": "models, each once", "derivatives": "derivatives, each once"},
    "tasks": {"all_tasks": "all tasks", "llm_only": "language models alone"},
    "top": {"with_top": "with the ten largest", "without_top": "without the ten largest"},
}
"""Columns of table `specifications` that are choices, and words for their values."""

HEADINGS: Final = {
    "coding": "Whose a model is",
    "definition": "What a figure counts",
    "panel": "Part of the hub",
    "measure": "Unit",
    "tasks": "Tasks",
    "top": "Largest models",
}


def draw_specification_curve(specifications: pl.DataFrame, spec: ChartSpec) -> str:
    """The curve as a picture.

    Args:
        specifications: table `specifications`; rows without a share are counted and left out.
        spec: captions and credits.

    Returns:
        SVG, 1200 pixels wide; each share is a circle with `data-specification`, its choices joined by bars. The same
        input gives the same bytes.

    Raises:
        MapError: if no row has a share, or one lies outside 0–1.
    """
    keys = [*CHOICES, "platform", "period"]
    rows = specifications.filter(pl.col("cn_share").is_not_null()).sort("cn_share", *keys)
    if rows.is_empty():
        raise MapError("No specification has a share.")
    bad = rows.filter(~pl.col("cn_share").is_between(0, 1))
    if bad.height:
        raise MapError(f"{bad.height} specification(s) have a share outside 0–1, the first being {bad['cn_share'][0]}.")
    title = ": ".join(part for part in (spec.stamp, spec.title) if part)
    room = WIDTH - 2 * _MARGIN
    text, y = svg.paragraph(title, _MARGIN, 46, size=25, fill=colours.INK, limit=room, bold=True)
    parts = [text]
    low, middle, high = (float(rows["cn_share"].quantile(at) or 0) for at in (0, 0.5, 1))
    silent = specifications.height - rows.height
    left_out = f"; {silent} more have none" if silent else ""
    told = (
        f"{rows.height} specifications with a share{left_out}. The share runs from {words.percent(low)} to "
        f"{words.percent(high)}, the median is {words.percent(middle)}. {spec.subtitle}"
    )
    text, y = svg.paragraph(told, _MARGIN, y - 6, size=14, fill=colours.MUTED, limit=room)
    parts.append(text)
    left, top = _MARGIN + _NAMES, y + 8
    step = (WIDTH - _MARGIN - left) / rows.height

    def down(share: float) -> float:
        return top + (1 - share) * _CURVE

    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            f'<path d="M{svg.number(left)} {svg.number(down(tick))}H{svg.number(WIDTH - _MARGIN)}" '
            f'stroke="{colours.MUTED if tick == 0.5 else colours.GRATICULE}" stroke-width=".8"/>'  # noqa: PLR2004
        )
        label = f"{tick * 100:.0f} %"
        parts.append(svg.line(label, left - 8, down(tick) + 4, size=11.5, fill=colours.MUTED, anchor="end"))
    for index, row in enumerate(rows.iter_rows(named=True)):
        x = left + (index + 0.5) * step
        if row["bound_low"] is not None and row["bound_high"] is not None:
            high_end, low_end = (svg.number(down(row[name])) for name in ("bound_high", "bound_low"))
            parts.append(
                f'<path d="M{svg.number(x)} {high_end}V{low_end}" '
                f'stroke="{colours.SUPPRESSED}" stroke-width="{max(0.8, min(3.0, step * 0.6)):.1f}"/>'
            )
        choices = ", ".join(_word(name, row[name]) for name in CHOICES)
        said = f"{words.percent(row['cn_share'])}: {choices}"
        identity = svg.quoted("|".join(str(row[name]) for name in keys))
        fill = colours.CLASS_COLOURS[class_of(row["cn_share"])]
        parts.append(
            f'<circle data-specification="{identity}" cx="{svg.number(x)}" cy="{svg.number(down(row["cn_share"]))}" '
            f'r="3" fill="{fill}" stroke="{colours.INK}" stroke-width=".5"><title>'
            f"{svg.quoted(said)}</title></circle>"
        )
    y = top + _CURVE + 26
    for name, heading in HEADINGS.items():
        values = [value for value in CHOICES[name] if value in set(rows[name])]
        values += sorted(set(rows[name]) - set(values))
        parts.append(svg.line(heading, _MARGIN, y, size=12.5, fill=colours.INK, bold=True))
        y += _ROW
        for value in values:
            own = rows.with_row_index().filter(pl.col(name) == value)
            parts.append(svg.line(_word(name, value), left - 8, y, size=11.5, fill=colours.MUTED, anchor="end"))
            parts.append(_marks(own["index"].to_list(), left, y - 8, step))
            y += _ROW
        y += 5
    for sentence in (spec.note, spec.credit):
        text, y = svg.paragraph(sentence, _MARGIN, y + 4, size=12, fill=colours.MUTED, limit=room)
        parts.append(text)
    return svg.document(size=(WIDTH, y + 12), title=title, description=f"{told} {spec.note}", body="".join(parts))


def _word(name: str, value: str) -> str:
    return CHOICES[name].get(value, value.replace("_", " "))


def _marks(places: list[int], left: float, y: float, step: float) -> str:
    """One path of bars, neighbours joined."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    drawn = "".join(
        f"M{svg.number(left + first * step)} {svg.number(y)}h{svg.number((last - first + 1) * step)}v9H"
        f"{svg.number(left + first * step)}z"
        for first, last in runs
    )
    return f'<path d="{drawn}" fill="{colours.INK}" fill-opacity=".72"/>'
