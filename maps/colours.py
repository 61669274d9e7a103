"""The colours of the atlas, and the arithmetic that shows they can be told apart.

Here: colour values, mixing, contrast. Not here: which share takes which class (`scales`), and which look
a cell has (`cells`).

Orange is Chinese and blue is US: red and blue are the colours of US parties, and red doubles as a flag and
as "bad". The seven class colours keep at least 18 CAM02-UCS units between neighbours, and 28 between
opposite ends, for normal sight and for complete deuteranopia, protanopia and tritanopia; a test computes it.
Among the palettes measured, ColorBrewer's RdYlGn falls to 1.4 at the ends, and RdBu to 14.9 next door.
"""

from typing import Final

CLASS_COLOURS: Final = ("#0b4a80", "#3d86bd", "#93bfe0", "#f2efe9", "#f0b27d", "#cc6a1b", "#8a3b00")
"""Fill of each class of the CN share, from US (blue) over contested to Chinese (orange)."""

SEQUENTIAL_COLOURS: Final = ("#fff1de", "#fbd2a2", "#f4ae69", "#e08737", "#b8621a", "#8a4310", "#562507")
"""Fill of each class of a figure of the Chinese side alone, from little (pale) to much (dark)."""

STRENGTHS: Final = (0.5, 0.75, 1.0)
"""How much of its colour a cell keeps by how many it rests on: fewer than 100, fewer than 1,000, more."""

CHINESE: Final = "#cc6a1b"
AMERICAN: Final = "#3d86bd"
CHINESE_INK: Final = "#9a4a06"
"""Orange that is dark enough for text on white (contrast above 4.5)."""
AMERICAN_INK: Final = "#1f5f96"
"""Blue that is dark enough for text on white (contrast above 4.5)."""

PAPER: Final = "#ffffff"
OUTSIDE: Final = "#eef1f3"
"""Land around the part of the world that a map is about."""
SEA: Final = "#dde7ee"
GRATICULE: Final = "#cbd8e1"
BORDER: Final = "#7d8891"
INK: Final = "#1b1e23"
MUTED: Final = "#59626b"
SUPPRESSED: Final = "#b9bec4"
CROSS: Final = "#3b4046"
STIPPLE: Final = "#8d969e"

EVIDENCE_COLOURS: Final = {
    "logged": "#0d4f4a",
    "declared": "#3f9287",
    "inferred": "#9ccfc3",
    "modelled": "#dcefe8",
}
"""Fill by evidence, darker the stronger; a hue that means neither origin."""

SMALL_STRENGTH: Final = 0.6
"""How much of its class colour a cell of few people keeps beneath the hatch."""

MODELLED_STRENGTH: Final = 0.5
"""How much of its class colour a modelled cell keeps."""


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue (0–255) of a `#rrggbb` colour."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(colour: str, ground: str, *, strength: float) -> str:
    """Colour laid on a ground.

    Args:
        colour: `#rrggbb` on top.
        ground: `#rrggbb` below.
        strength: share of the upper colour, 0–1.

    Returns:
        The mixed `#rrggbb`.
    """
    pairs = zip(channels(colour), channels(ground), strict=True)
    return "#" + "".join(f"{round(below + (above - below) * strength):02x}" for above, below in pairs)


def ramp(name: str, level: int = len(STRENGTHS) - 1) -> tuple[str, ...]:
    """Fills of the classes of a ramp.

    Args:
        name: `diverging` or `sequential`.
        level: index of `STRENGTHS`. Colours are mixed with paper, as no transparency can be: what lies beneath
            would show through.

    Returns:
        Seven `#rrggbb`.
    """
    whole = SEQUENTIAL_COLOURS if name == "sequential" else CLASS_COLOURS
    return tuple(mix(colour, PAPER, strength=STRENGTHS[level]) for colour in whole)


def luminance(colour: str) -> float:
    """Relative luminance (0–1) as WCAG 2 defines it."""

    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004

    red, green, blue = (linear(channel) for channel in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours (1–21) as WCAG 2 defines it; text needs 4.5."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)
