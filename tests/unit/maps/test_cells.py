"""Tables are checked before they are drawn, every region gets one look, and counts add up."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps import cells as cube
from maps import scales, words
from maps.spec import MapSpec, SignalSpec
from tests.unit.maps import synthetic


def first():
    return cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())[0]


def look_of(region):
    return first().rows.filter(region_id=region)["look"][0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (synthetic.cell("QQ"), "unknown regions: QQ"),
        (synthetic.cell("A1"), "repeated keys: survey_use 2025-05-01 publisher A1"),
        (synthetic.cell("A15", cn_share=math.nan), "cn_share is not finite: A15 nan"),
        (synthetic.cell("A15", n=math.inf), "n is not finite: A15 inf"),
        (synthetic.cell("A15", cn_share=1.5), "cn_share is outside 0–1: A15 1.5"),
        (synthetic.cell("A15", bound_low=-0.25), "bound_low is outside 0–1: A15 -0.25"),
        (synthetic.cell("A15", n=-1.0), "n is negative: A15 -1.0"),
        (synthetic.cell("A15", events=-3), "events is negative: A15 -3.0"),
        (synthetic.cell("A15", state="guessed"), "unknown states: A15 guessed"),
        (synthetic.cell("A15", evidence="rumour"), "unknown evidence: A15 rumour"),
        (synthetic.cell("A15", coding="mood"), "unknown coding: A15 mood"),
        (synthetic.cell("A15", signal="likes"), "signals that the map does not name: likes"),
        (synthetic.cell("A15", state="suppressed"), "share and state disagree: A15 suppressed"),
        (synthetic.cell("A15", evidence=None), "no evidence behind a share: A15 value"),
    ],
)
def test_what_cannot_be_drawn_truthfully_is_refused(row, message):
    table = synthetic.cells([row]).with_columns(pl.col("events").cast(pl.Float64))
    with pytest.raises(cube.MapError) as error:
        cube.slices(table, synthetic.regions(), synthetic.spec())
    assert message in str(error.value)


def test_all_offences_are_listed_together():
    table = synthetic.cells([synthetic.cell("QQ"), synthetic.cell("A15", n=-1.0)])
    with pytest.raises(cube.MapError, match=r"QQ.*A15 -1"):
        cube.slices(table, synthetic.regions(), synthetic.spec())


def test_missing_columns_are_named():
    with pytest.raises(cube.MapError, match="cn_share, evidence"):
        cube.slices(synthetic.cells().drop("cn_share", "evidence"), synthetic.regions(), synthetic.spec())


def test_long_lists_are_cut_and_counted():
    table = synthetic.cells([synthetic.cell(f"Q{i:02d}") for i in range(30)])
    with pytest.raises(cube.MapError, match="and 10 more"):
        cube.slices(table, synthetic.regions(), synthetic.spec())


@pytest.mark.parametrize(
    ("region", "look"),
    [
        ("A0", "plain"),
        ("A9", "small"),
        ("A14", "small"),
        ("A10", "suppressed"),
        ("A11", "not_observable"),
        ("A12", "not_observed"),
        ("A13", "modelled"),
        ("A15", "not_observed"),
        ("metro:one", "modelled"),
    ],
)
def test_looks(region, look):
    assert look_of(region) == look


def test_few_downloads_are_not_few_people():
    table = synthetic.cells([synthetic.cell("A15", n=12.0, counted="downloads")])
    one = cube.slices(table, synthetic.regions(), synthetic.spec())[0]
    assert one.rows.filter(region_id="A15")["look"][0] == "plain"


def test_counts_equal_the_table():
    one = first()
    table = synthetic.cells().filter(signal="survey_use", level="country")
    shares = table["cn_share"].drop_nulls().to_list()
    assert one.counts.classes == tuple(
        sum(scales.class_of(share) == index for share in shares) for index in range(len(scales.CLASS_LABELS))
    )
    assert one.counts.valued == len(shares)
    assert one.counts.suppressed == table.filter(state="suppressed").height
    assert one.counts.small == 2
    assert one.counts.modelled == 1
    assert one.counts.metro == 2
    assert one.counts.without_row == 1
    assert one.counts.not_observed == 2
    assert one.counts.total == len(synthetic.COUNTRIES)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=16, max_size=16))
def test_every_economy_is_counted_once_and_classed_alike(shares):
    rows = [
        synthetic.cell(region, cn_share=share, cn_share_low=None, cn_share_high=None)
        if share is not None
        else synthetic.silent(region, "not_observed", "None.")
        for region, share in zip(synthetic.COUNTRIES, shares, strict=True)
    ]
    table = pl.DataFrame(rows, schema=synthetic.SCHEMA, orient="row")
    one = cube.slices(table, synthetic.regions(), synthetic.spec())[0]
    assert one.counts.total == len(shares)
    drawn = dict(one.rows.select("region_id", "class").rows())
    assert [drawn[region] for region in synthetic.COUNTRIES] == [
        None if share is None else scales.class_of(share) for share in shares
    ]


def test_a_signal_without_rows_is_listed_as_not_observed():
    last = cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())[-1]
    assert last.spec.signal == "fork"
    assert last.counts.not_observed == last.counts.without_row == len(synthetic.COUNTRIES)
    assert words.NO_ROW in cube.notice(last)


def test_slices_come_in_order_of_signal_period_and_coding():
    later = synthetic.cell("A15", period=synthetic.PERIOD.replace(year=2026))
    found = cube.slices(synthetic.cells([later]), synthetic.regions(), synthetic.spec())
    assert [(one.spec.signal, one.period and one.period.year, one.coding) for one in found] == [
        ("survey_use", 2026, "publisher"),
        ("survey_use", 2025, "publisher"),
        ("model_download", 2025, "publisher"),
        ("model_download", 2025, "weights"),
        ("fork", None, "publisher"),
    ]


def test_captions_say_period_number_coverage_and_evidence():
    said = cube.subtitle(first())
    for part in ("Survey wave of May 2025", "n = 1,600 respondents", "coverage 90 %", "declared by those counted"):
        assert part in said
    assert cube.title(first(), synthetic.spec()).startswith("SYNTHETIC: ")


def test_a_map_without_colour_says_why_and_what_is_known():
    downloads = cube.slices(synthetic.cells(), synthetic.regions(), synthetic.spec())[1]
    said = cube.notice(downloads)
    assert "No public source says where." in said
    assert "World: 30 % Chinese" in said
    assert "worst-case bounds 10–50 %" in said


def test_tally_names_every_state():
    assert cube.tally(first()) == (
        "16 economies and territories: 12 with a share (of these 2 with fewer than 30 respondents), 1 hidden, "
        "1 that no source can tell and 2 without data in this run."
    )


def test_rows_of_provinces_are_left_out():
    province = synthetic.cell("A1-XX", level="admin1")
    assert cube.slices(synthetic.cells([province]), synthetic.regions(), synthetic.spec())


def test_specifications_refuse_empty_captions_and_repeated_signals():
    signal = synthetic.spec().signals[0]
    with pytest.raises(ValueError, match="survey_use"):
        MapSpec(signals=(signal, signal), boundaries="b")
    with pytest.raises(ValueError, match="note, credit"):
        SignalSpec(signal="a", label="b", title="c", people="d", note=" ", credit="")
