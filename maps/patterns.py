"""SVG patterns of the looks (DESIGN, section 6, rule 8), the same on pages and in pictures.

Here: pattern definitions and the fill of a look. Not here: which look a cell has (`cells`).

small n: thin white lines over the class colour. modelled: lines of the class colour over a paler one, the
other way round. no source can tell: dots. suppressed: flat grey, on which the caller sets a cross.
a share but not the measure that is shown: short dashes. not observed: the colour of the sea, so that only the
outline shows; white would pass for the middle class.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from maps import colours, words

FILLS: Final = {
    "suppressed": colours.SUPPRESSED,
    "not_observable": "url(#stipple)",
    "not_observed": "url(#outline)",
    "without_measure": "url(#dashes)",
}
"""Fill of the looks that no class colours."""

EVIDENCE_FILLS: Final = {**colours.EVIDENCE_COLOURS, "modelled": "url(#evidence-modelled)"}
"""Fill by evidence, where the map is coloured by it."""


def _lines(name: str, ground: str, line: str, *, size: float, width: float, angle: int) -> str:
    return (
        f'<pattern id="{name}" width="{size}" height="{size}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({angle})"><rect width="{size}" height="{size}" fill="{ground}"/>'
        f'<rect width="{width}" height="{size}" fill="{line}"/></pattern>'
    )


def _classes(ramp: Sequence[str], prefix: str) -> Iterator[str]:
    """Patterns of each class of a ramp, for few people and for what is modelled."""
    for index, colour in enumerate(ramp):
        # White lines would vanish on a class that is nearly white itself.
        neutral = colours.luminance(colour) > 0.8  # noqa: PLR2004
        line = (
            colours.mix(colours.INK, colour, strength=0.28)
            if neutral
            else colours.mix(colours.PAPER, colour, strength=0.75)
        )
        # No stronger than what rests on more: few people must not catch the eye first.
        ground = colours.mix(colour, colours.PAPER, strength=colours.SMALL_STRENGTH)
        yield _lines(f"hatch-{prefix}{index}", ground, line, size=4.5, width=1.1, angle=45)
        pale = colours.mix(colour, colours.PAPER, strength=colours.MODELLED_STRENGTH)
        strong = colours.mix(colours.INK, colour, strength=0.35) if neutral else colour
        yield _lines(f"modelled-{prefix}{index}", pale, strong, size=3.5, width=1.3, angle=-45)


def definitions(*, measures: bool = False) -> str:
    """Patterns as the children of an SVG `<defs>` element.

    Args:
        measures: with those that only other measures than the share need.
    """
    parts = [*_classes(colours.CLASS_COLOURS, "")]
    if measures:
        parts += _classes(colours.SEQUENTIAL_COLOURS, "sequential-")
        parts.append(
            '<pattern id="dashes" width="7" height="6" patternUnits="userSpaceOnUse">'
            f'<rect class="stipple-ground" width="7" height="6" fill="{colours.PAPER}"/>'
            f'<path class="dash" d="M1 2h4" stroke="{colours.STIPPLE}" stroke-width="1"/></pattern>'
        )
    evidence = colours.EVIDENCE_COLOURS
    parts.append(_lines("evidence-modelled", evidence["modelled"], evidence["declared"], size=3.5, width=1, angle=-45))
    parts.append(
        '<pattern id="stipple" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<rect class="stipple-ground" width="5" height="5" fill="{colours.PAPER}"/>'
        f'<circle class="stipple-dot" cx="1.25" cy="1.25" r=".75" fill="{colours.STIPPLE}"/>'
        f'<circle class="stipple-dot" cx="3.75" cy="3.75" r=".75" fill="{colours.STIPPLE}"/></pattern>'
        '<pattern id="outline" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<rect class="outline-ground" width="5" height="5" fill="{colours.SEA}"/></pattern>'
    )
    return "".join(parts)


def fill_of(look: str, index: int | None, *, ramp: str = "diverging", strength: int = 2) -> str:
    """SVG fill of a look and class.

    Args:
        look: one of `maps.cells.LOOKS`.
        index: class 0–6; null for looks without a share.
        ramp: `diverging` or `sequential`.
        strength: index of `maps.colours.STRENGTHS`, for the look plain; textures say enough by themselves.

    Returns:
        A colour, or a reference to one of `definitions`.
    """
    if look in FILLS:
        return FILLS[look]
    if index is None:
        raise ValueError(f"The look {look} needs a class.")
    prefix = "" if ramp == "diverging" else f"{ramp}-"
    if look in {"small", "modelled"}:
        return f"url(#{'hatch' if look == 'small' else look}-{prefix}{index})"
    return colours.ramp(ramp, strength)[index]


def legend() -> list[tuple[str, str, str]]:
    """Legend entries beside the classes: name of the count in `maps.cells.LegendCounts`, fill, label."""
    fills = {**FILLS, "small": "url(#hatch-5)", "modelled": "url(#modelled-5)", "metro": "url(#modelled-5)"}
    return [(key, fills[key], label) for key, label in words.LOOKS.items()]
