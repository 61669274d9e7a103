"""Colours can be told apart by everyone; classes are what the breaks say."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps import colours, patterns, scales, words
from maps.svg import width, wrap

# Full dichromacy in linear RGB, after Machado, Oliveira and Fernandes (2009), severity 1.
DICHROMACY = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def seen(colour, sight):
    """CIELAB of a colour as seen with a given sight, D65."""
    srgb = np.array(colours.channels(colour)) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(DICHROMACY[sight] @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ linear / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(first, second, sight):
    return float(np.linalg.norm(seen(first, sight) - seen(second, sight)))


@pytest.mark.parametrize("sight", DICHROMACY)
def test_neighbouring_classes_differ_for_every_sight(sight):
    apart = [distance(a, b, sight) for a, b in itertools.pairwise(colours.CLASS_COLOURS)]
    assert min(apart) > 17


@pytest.mark.parametrize("sight", DICHROMACY)
def test_opposite_ends_differ_for_every_sight(sight):
    ramp = colours.CLASS_COLOURS
    assert min(distance(ramp[i], ramp[-1 - i], sight) for i in range(3)) > 28


def test_middle_class_differs_from_suppressed_sea_and_paper():
    middle = colours.CLASS_COLOURS[3]
    assert distance(middle, colours.SUPPRESSED, "normal") > 15
    assert distance(middle, colours.SEA, "normal") > 6


@pytest.mark.parametrize("ink", [colours.INK, colours.MUTED, colours.CHINESE_INK, colours.AMERICAN_INK, colours.CROSS])
def test_text_has_contrast(ink):
    assert colours.contrast(ink, colours.PAPER) >= 4.5


def test_contrast_of_black_on_white_is_the_greatest():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)


def test_mix():
    assert colours.mix("#000000", "#ffffff", strength=0.5) == "#808080"
    assert colours.mix("#123456", "#ffffff", strength=1) == "#123456"


def test_breaks_are_symmetric_in_log_odds():
    odds = [scales.log_odds(share) for share in scales.BREAKS]
    assert odds == pytest.approx([-value for value in reversed(odds)])
    assert len(scales.CLASS_LABELS) == len(scales.BREAKS) + 1 == len(colours.CLASS_COLOURS)


@pytest.mark.parametrize(
    ("share", "index"),
    [(0, 0), (0.0999, 0), (0.1, 1), (0.25, 2), (0.4, 3), (0.5999, 3), (0.6, 4), (0.75, 5), (0.9, 6), (1, 6)],
)
def test_class_of(share, index):
    assert scales.class_of(share) == index


@given(st.floats(0, 1), st.floats(0, 1))
def test_classes_rise_with_the_share(first, second):
    low, high = sorted((first, second))
    assert scales.class_of(low) <= scales.class_of(high)


@pytest.mark.parametrize("share", [-0.01, 1.01, math.nan, math.inf])
def test_class_of_refuses_what_is_no_share(share):
    with pytest.raises(ValueError, match=r"0 and 1"):
        scales.class_of(share)


def test_every_fill_that_refers_to_a_pattern_finds_it():
    defined = patterns.definitions()
    fills = [patterns.fill_of(look, index) for look in ("plain", "small", "modelled") for index in range(7)]
    fills += [*patterns.FILLS.values(), *patterns.EVIDENCE_FILLS.values()]
    for fill in fills:
        if fill.startswith("url(#"):
            assert f'id="{fill[5:-1]}"' in defined
    assert len(set(fills[:21])) == 21


def test_a_look_with_a_share_needs_a_class():
    with pytest.raises(ValueError, match="small"):
        patterns.fill_of("small", None)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.004, "0.4 %"),
        (0.5, "50 %"),
        (0.996, "99.6 %"),
        (0.9997, "99.9 %"),
        (0.0002, "0.1 %"),
        (1.0, "100 %"),
    ],
)
def test_percent(share, text):
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (1200, "1.2 k"), (34e6, "34 m"), (1.25e9, "1.2 bn")]
)
def test_magnitude(number, text):
    assert words.magnitude(number) == text


@given(st.text(), st.floats(20, 400))
def test_wrapped_text_keeps_every_word_and_the_limit(text, limit):
    lines = wrap(text, 12, limit)
    assert " ".join(lines).split() == text.split()
    assert all(width(line, 12) <= limit or " " not in line for line in lines)


def test_plain_drops_marks_that_reorder_text():
    assert words.plain("a\u202eb\u200f\u2066c\x00\n d") == "abc  d"
