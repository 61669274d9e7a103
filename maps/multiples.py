"""Small multiples: several slices of one question beside each other, under one title and one legend.

Here: layout. Not here: regions (`choropleth`), legend (`legend`), which slices belong together (whoever asks).
"""

import math
from collections.abc import Sequence
from typing import Final

from maps import cells as cube
from maps import colours, patterns, svg, words
from maps.choropleth import draw_regions
from maps.geometry.views import WORLD, View
from maps.legend import draw_legend
from maps.spec import MapSpec
from maps.static import MARGIN, WIDTH

COLUMNS: Final = 3
_GAP: Final = 24.0
_HEIGHT: Final = 330.0


def draw_multiples(found: Sequence[cube.Slice], spec: MapSpec, *, view: View = WORLD) -> str:
    """Slices as a picture of small maps: one signal over its periods, or several signals.

    Args:
        found: the slices, in the order in which they stand; of one signal, or each of another.
        spec: captions, units, sources.
        view: part of the world.

    Returns:
        SVG, 1200 pixels wide; the same input gives the same bytes.

    Raises:
        MapError: if there is no slice.
    """
    if not found:
        raise cube.MapError("Small multiples need at least one slice with a share.")
    own = [one if view.is_world else cube.within(one, view.members(one.rows), view.label) for one in found]
    same = len({one.spec.signal for one in own}) == 1
    heading = cube.title(own[0], spec) if same else _joined(spec)
    heading = heading if view.is_world else f"{view.label}: {heading}"
    room = WIDTH - 2 * MARGIN
    text, y = svg.paragraph(heading, MARGIN, 46, size=25, fill=colours.INK, limit=room, bold=True)
    parts = [text]
    how = "Each map is another " + ("period" if same else "question and counts something else; they are never joined")
    text, y = svg.paragraph(f"{how}.", MARGIN, y - 6, size=14, fill=colours.MUTED, limit=room)
    parts.append(text)
    columns = min(COLUMNS, len(own))
    width = (room - _GAP * (columns - 1)) / columns
    bottom = y - 30
    for first in range(0, len(own), columns):
        row = own[first : first + columns]
        lefts = [MARGIN + column * (width + _GAP) for column in range(columns)]
        heads = [_head(one, x, bottom + 34, width, same=same) for one, x in zip(row, lefts, strict=False)]
        # All maps of a row begin below the longest of its headings.
        top = max(down for _, down in heads)
        for index, (one, x, (text, _)) in enumerate(zip(row, lefts, heads, strict=False), start=first):
            height = math.inf if view.is_world else _HEIGHT
            drawn, frame = draw_regions(one, view, box=(x, top, width, height), named=False, key=f"map-{index}")
            parts += [text, drawn]
            bottom = max(bottom, frame.bottom)
    drawn, y = draw_legend(None, MARGIN, bottom + 36)
    parts.append(drawn)
    notes = list(dict.fromkeys(one.spec.note for one in own)) if same else []
    sources = "; ".join(dict.fromkeys(part for one in own for part in one.spec.credit.rstrip(".").split("; ")))
    for sentence in (*notes, words.plain(f"{sources}. {spec.boundaries}")):
        text, y = svg.paragraph(sentence, MARGIN, y + 2, size=12, fill=colours.MUTED, limit=room)
        parts.append(text)
    description = " ".join(f"{cube.subtitle(one)}. {cube.tally(one)}" for one in own)
    body = f"<defs>{patterns.definitions()}</defs>{''.join(parts)}"
    return svg.document(size=(WIDTH, y + 12), title=heading, description=description, body=body)


def _joined(spec: MapSpec) -> str:
    title = "Chinese share of Chinese and US models, by signal"
    return f"{spec.stamp}: {title}" if spec.stamp else title


def newest_of_each(found: Sequence[cube.Slice]) -> list[cube.Slice]:
    """The newest slice of each signal that has a share for any economy, in the order of the signals.

    Args:
        found: slices of a map, as of `cells.slices`.
    """
    newest: dict[str, cube.Slice] = {}
    for one in found:
        if one.counts.valued:
            newest.setdefault(one.spec.signal, one)
    return list(newest.values())


def periods_of(found: Sequence[cube.Slice], chosen: cube.Slice) -> list[cube.Slice]:
    """The slices of a signal and coding with a share for any economy, oldest first.

    Args:
        found: slices of a map.
        chosen: a slice of the signal and coding.
    """
    own = [one for one in found if (one.spec.signal, one.coding) == (chosen.spec.signal, chosen.coding)]
    return sorted((one for one in own if one.counts.valued), key=lambda one: str(one.period))


def _head(one: cube.Slice, x: float, y: float, width: float, *, same: bool) -> tuple[str, float]:
    """Heading of one map, and the y below it."""
    name = cube.period_words(one) if same else f"{one.spec.label}, {cube.period_words(one)}"
    name = name[:1].upper() + name[1:]
    bold, down = svg.paragraph(name, x, y, size=13.5, fill=colours.INK, limit=width, bold=True)
    told, down = svg.paragraph(_told(one, stamp=not same), x, down, size=11.5, fill=colours.MUTED, limit=width)
    return bold + told, down


def _told(one: cube.Slice, *, stamp: bool) -> str:
    """What the map holds, with the stamp of its figures where the title has none."""
    lead = f"{one.spec.stamp}: " if stamp and one.spec.stamp else ""
    kinds = (
        (one.counts.valued, "with a share"),
        (one.counts.suppressed, "hidden"),
        (one.counts.not_observable, "that no source can tell"),
        (one.counts.not_observed, "without data"),
    )
    return lead + ", ".join(f"{count} {told}" for count, told in kinds if count or told == "with a share")
