"""Colours can be told apart by everyone; classes are what the breaks say."""

import itertools
import math

import colorspacious
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps import colours, measures, patterns, scales, words
from maps.svg import balanced, width, wrap

SIGHTS = {
    "normal": None,
    **{
        sight: {"name": "sRGB1+CVD", "cvd_type": f"{sight}omaly", "severity": 100}
        for sight in ("protan", "deuteran", "tritan")
    },
}
"""Normal sight and complete dichromacy, by the model of Machado, Oliveira and Fernandes (2009)."""


def distance(first, second, sight):
    """Difference in CAM02-UCS of two colours as seen with a given sight."""
    seen = [np.array(colours.channels(colour)) / 255 for colour in (first, second)]
    if SIGHTS[sight]:
        seen = [np.clip(colorspacious.cspace_convert(one, SIGHTS[sight], "sRGB1"), 0, 1) for one in seen]
    return float(colorspacious.deltaE(*seen, input_space="sRGB1"))


@pytest.mark.parametrize("sight", SIGHTS)
def test_neighbouring_classes_differ_for_every_sight(sight):
    apart = [distance(a, b, sight) for a, b in itertools.pairwise(colours.CLASS_COLOURS)]
    assert min(apart) >= 18


@pytest.mark.parametrize("sight", SIGHTS)
def test_opposite_ends_differ_for_every_sight(sight):
    ramp = colours.CLASS_COLOURS
    assert min(distance(ramp[i], ramp[-1 - i], sight) for i in range(3)) >= 28


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("name", "level", "least"), [("diverging", 1, 12), ("diverging", 0, 7), ("sequential", 2, 9)])
def test_paler_and_sequential_classes_differ_for_every_sight(sight, name, level, least):
    assert min(distance(a, b, sight) for a, b in itertools.pairwise(colours.ramp(name, level))) >= least


def test_sequential_classes_darken_evenly():
    lightness = [colours.luminance(colour) for colour in colours.SEQUENTIAL_COLOURS]
    assert lightness == sorted(lightness, reverse=True)


def test_fewer_counted_is_paler():
    for name in ("diverging", "sequential"):
        levels = [colours.ramp(name, level) for level in range(3)]
        for pale, medium, full in zip(*levels, strict=True):
            assert colours.luminance(pale) >= colours.luminance(medium) >= colours.luminance(full)
    assert [scales.strength_of(n) for n in (None, 0, 99, 100, 999.5, 1000)] == [0, 0, 0, 1, 1, 2]


def test_middle_class_differs_from_suppressed_sea_and_paper():
    middle = colours.CLASS_COLOURS[3]
    assert distance(middle, colours.SUPPRESSED, "normal") > 12
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
    defined = patterns.definitions(measures=True)
    fills = [
        patterns.fill_of(look, index, ramp=ramp)
        for look in ("plain", "small", "modelled")
        for index in range(7)
        for ramp in ("diverging", "sequential")
    ]
    fills += [*patterns.FILLS.values(), *patterns.EVIDENCE_FILLS.values()]
    for fill in fills:
        if fill.startswith("url(#"):
            assert f'id="{fill[5:-1]}"' in defined
    assert len(set(fills[:42])) == 42


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
        (0.725, "73 %"),
        (0.285, "29 %"),
        (0.0095, "1.0 %"),
    ],
)
def test_percent(share, text):
    assert words.percent(share) == text


@pytest.mark.parametrize("whole", [200, 1000])
def test_a_half_per_cent_goes_up(whole):
    for part in range(whole // 100, whole * 99 // 100 + 1):
        # In whole numbers, so that no fraction of two decides.
        assert words.percent(part / whole) == f"{(200 * part + whole) // (2 * whole)} %", part


@pytest.mark.parametrize(
    ("vintages", "text"),
    [
        ([], ""),
        (["approximate"], ""),
        (["older", "approximate"], "in part older than today’s division"),
        (["before 2013", "before 2013"], "as divided before 2013"),
        (["before 2022", "before 2012"], "as divided before 2022, in part earlier"),
        (["older", "before 2011"], "as divided before 2011, in part earlier"),
    ],
)
def test_divided(vintages, text):
    assert words.divided(vintages) == text


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


@given(st.text(alphabet="ab c", max_size=120), st.integers(60, 300))
def test_balanced_text_has_the_same_words_in_as_few_lines(text, limit):
    lines = balanced(text, 20, limit)
    assert " ".join(lines).split() == text.split()
    assert len(lines) == len(wrap(text, 20, limit))
    assert all(width(line, 20) <= limit or " " not in line for line in lines)


def test_no_last_word_stands_alone():
    text = "Europe: Chinese share of the Chinese and US open models that developers say they worked with"
    assert wrap(text, 25, 1140, bold=True)[-1] == "with"
    assert len(balanced(text, 25, 1140, bold=True)[-1].split()) > 4


def test_plain_drops_marks_that_reorder_text():
    assert words.plain("a\u202eb\u200f\u2066c\x00\n d") == "abc  d"


@pytest.mark.parametrize("measure", measures.MEASURES)
def test_measures_have_a_class_for_every_figure(measure):
    assert list(measure.breaks) == sorted(set(measure.breaks))
    assert len(measure.labels) == len(measure.breaks) + 1 == len(colours.ramp(measure.ramp))


@given(st.lists(st.floats(0, 1e4), min_size=1))
def test_breaks_of_rates_fit_the_figures(values):
    breaks = measures.rate_breaks(values)
    assert len(breaks) == 6
    assert list(breaks) == sorted(set(breaks))
    assert sum(value < breaks[-1] for value in values) <= 0.95 * len(values) or breaks[-1] <= 0.0003


def test_class_labels():
    assert measures.class_labels((0.003, 0.1, 1.0, 3000.0)) == (
        "below 0.003",
        "0.003–0.1",
        "0.1–1",
        "1–3,000",
        "above 3,000",
    )
