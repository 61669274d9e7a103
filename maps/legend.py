"""Legend of static maps: classes and looks, each with the number of economies and territories that have it.

Here: drawing it. Not here: counting (`cells`), what a look is (`patterns`).
"""

from typing import Final

from maps import cells as cube
from maps import colours, patterns, scales, svg

_STEP: Final = 82.0
_COLUMN: Final = 252.0


def _swatch(x: float, y: float, fill: str, *, crossed: bool = False, ring: bool = False) -> str:
    if ring:
        return (
            f'<circle cx="{svg.number(x + 13)}" cy="{svg.number(y + 7)}" r="6" fill="{fill}" stroke="{colours.INK}" '
            'stroke-dasharray="2 1.4"/>'
        )
    box = (
        f'<rect x="{svg.number(x)}" y="{svg.number(y)}" width="26" height="14" fill="{fill}" '
        f'stroke="{colours.BORDER}" stroke-width=".7"/>'
    )
    return box + (svg.cross(x + 13, y + 7, reach=3, colour=colours.CROSS) if crossed else "")


def draw_legend(counts: cube.LegendCounts | None, x: float, y: float) -> tuple[str, float]:
    """Classes with counts on the left, the other looks with counts on the right.

    Args:
        counts: economies and territories by what is drawn for them; null for a legend of several maps.
        x: left end in pixels.
        y: baseline of its heading.

    Returns:
        The SVG, and the y below it.
    """
    parts: list[str] = []
    left, step = x, _STEP
    end = left + step * len(scales.CLASS_LABELS)
    parts.append(svg.line("← more US", left, y, size=13, fill=colours.AMERICAN_INK, bold=True))
    parts.append(svg.line("more Chinese →", end, y, size=13, fill=colours.CHINESE_INK, bold=True, anchor="end"))
    heading = "Chinese share of Chinese and US together, %"
    parts.append(svg.line(heading, (left + end) / 2, y, size=13, fill=colours.INK, anchor="middle"))
    for index, (colour, label) in enumerate(zip(colours.CLASS_COLOURS, scales.CLASS_LABELS, strict=True)):
        x = left + index * step
        parts.append(
            f'<rect data-key="class-{index}" x="{svg.number(x)}" y="{svg.number(y + 9)}" width="{svg.number(step)}" '
            f'height="17" fill="{colour}"/>'
        )
        middle = x + step / 2
        parts.append(svg.line(label, middle, y + 42, size=13, fill=colours.INK, anchor="middle"))
        if counts:
            number = str(counts.classes[index])
            parts.append(svg.line(number, middle, y + 59, size=13, fill=colours.INK, bold=True, anchor="middle"))
    parts.append(
        f'<rect x="{svg.number(left)}" y="{svg.number(y + 9)}" width="{svg.number(end - left)}" height="17" '
        f'fill="none" stroke="{colours.BORDER}" stroke-width=".7"/>'
    )
    if counts:
        counted = f"Bold: number of economies and territories, {counts.total} in all; metro areas are counted apart"
        parts.append(svg.line(counted, left, y + 80, size=12, fill=colours.MUTED))
    for index, (look, fill, label) in enumerate(patterns.legend()):
        column, row = divmod(index, 3)
        x, down = end + 48 + column * _COLUMN, y + row * 25
        parts.append(_swatch(x, down - 2, fill, crossed=look == "suppressed", ring=look == "metro"))
        parts.append(svg.line(label, x + 35, down + 10, size=13, fill=colours.INK))
        if counts:
            number, beside = str(getattr(counts, look)), x + 43 + svg.width(label, 13)
            parts.append(svg.line(number, beside, down + 10, size=13, fill=colours.INK, bold=True))
    return f'<g id="legend">{"".join(parts)}</g>', y + 108
