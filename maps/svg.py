"""Small helpers for writing SVG by hand: text, its width, numbers, swatches.

Here: what both the static map and the time chart need. Not here: their layout.

Letters are Arial's or a metric-compatible face (Liberation Sans, Helvetica), so that widths computed here
hold on any machine and nothing has to be embedded.
"""

from html import escape
from typing import Final

from maps import words

FONT: Final = "Arial, 'Liberation Sans', Helvetica, sans-serif"

# Advance widths of Helvetica in thousandths of the size, from its published metrics.
_WIDTHS: Final = {
    278: " \u00a0!,./:;I[\\]ft·",
    222: "ijl‘’",
    355: '"|',
    333: "()-r`",
    556: "0123456789abdeghnopqu?L_#$–",
    500: "ckvxyzsJ",
    584: "+<=>~×",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "—→←@",
}
_ADVANCE: Final = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_USUAL: Final = 556
_BOLD: Final = 1.07
"""Bold letters are wider than regular ones by about this much."""


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a line of text in pixels at a font size in pixels."""
    thousandths = sum(_ADVANCE.get(letter, _USUAL) for letter in text)
    return thousandths * size / 1000 * (_BOLD if bold else 1)


def wrap(text: str, size: float, limit: float, *, bold: bool = False) -> list[str]:
    """Text in lines that are no wider than the limit in pixels, broken between words."""
    lines: list[str] = []
    # A per cent sign stays with its number.
    for word in " ".join(text.split()).replace(" %", "\u00a0%").split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size, bold=bold) <= limit:
            lines[-1] = longer
        else:
            lines.append(word)
    return [part.replace("\u00a0", " ") for part in lines if part]


def balanced(text: str, size: float, limit: float, *, bold: bool = False) -> list[str]:
    """Text in as few lines as `wrap` needs, of about the same width: no line has a single last word."""
    fewest = len(wrap(text, size, limit, bold=bold))
    narrower = (limit * part / 20 for part in range(10, 20))
    least = next((one for one in narrower if len(wrap(text, size, one, bold=bold)) == fewest), limit)
    return wrap(text, size, least, bold=bold)


def number(value: float) -> str:
    """Coordinate with at most one decimal, in as few characters as possible."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def quoted(text: str) -> str:
    """Text that is inert in SVG, as content and as an attribute."""
    return escape(words.plain(text), quote=True)


def line(
    text: str,
    x: float,
    y: float,
    *,
    size: float,
    fill: str,
    bold: bool = False,
    anchor: str = "start",
    halo: str = "",
) -> str:
    """One line of text; `halo` is the colour of an outline that keeps it readable over a map."""
    weight = ' font-weight="700"' if bold else ""
    align = "" if anchor == "start" else f' text-anchor="{anchor}"'
    edge = f' stroke="{halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" fill="{fill}"{weight}{align}{edge}>'
        f"{quoted(text)}</text>"
    )


def paragraph(
    text: str,
    x: float,
    y: float,
    *,
    size: float,
    fill: str,
    limit: float,
    bold: bool = False,
    even: bool = False,
) -> tuple[str, float]:
    """Wrapped text, `even` with lines of about the same width.

    Returns:
        The SVG, and the y of the baseline after the last line.
    """
    lead = size * 1.38
    lines = (balanced if even else wrap)(text, size, limit, bold=bold)
    drawn = (line(part, x, y + i * lead, size=size, fill=fill, bold=bold) for i, part in enumerate(lines))
    return "".join(drawn), y + len(lines) * lead


def cross(x: float, y: float, *, reach: float, colour: str) -> str:
    """The cross of a suppressed cell, `reach` pixels to each side."""
    step = number(2 * reach)
    return (
        f'<path d="M{number(x - reach)} {number(y - reach)}l{step} {step}m0-{step}l-{step} {step}" '
        f'stroke="{colour}" stroke-width="1.2" fill="none"/>'
    )


def document(*, size: tuple[float, float], title: str, description: str, body: str) -> str:
    """A whole SVG file with its title, description and white paper."""
    across, down = (number(value) for value in size)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" width="{across}" height="{down}" '
        f'role="img" aria-labelledby="title desc" font-family="{FONT}">'
        f'<title id="title">{quoted(title)}</title><desc id="desc">{quoted(description)}</desc>'
        f'<rect width="{across}" height="{down}" fill="#ffffff"/>{body}</svg>\n'
    )
