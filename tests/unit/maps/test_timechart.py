"""The time chart joins only what may be joined, begins at zero, and says whether the answer turns."""

import datetime as dt
import math
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from maps.cells import MapError
from maps.spec import ChartSpec
from maps.timechart import lead, render_time_chart, runs, verdict

SVG = "{http://www.w3.org/2000/svg}"
SPEC = ChartSpec(
    title="Made-up downloads </title>", subtitle="For tests.", note="Made up.", credit="None.", stamp="SYNTHETIC"
)


def point(month, *, cn=30.0, us=70.0, unknown=10.0, accounts=5, **key):
    base = {
        "platform": "huggingface",
        "definition": "rolling_30d",
        "panel": "matched_accounts",
        "period": dt.date(2025, month, 1),
        "coding": "publisher",
        "source_id": "synthetic",
        "accounts": accounts,
        "n_cn": cn,
        "n_us": us,
        "n_other": 5.0,
        "n_unknown": unknown,
        "cn_share": cn / (cn + us),
        "bound_low": cn / (cn + us + unknown),
        "bound_high": (cn + unknown) / (cn + us + unknown),
    }
    return base | key


def fields(rows):
    root = ET.fromstring(render_time_chart(pl.DataFrame(rows), SPEC))  # noqa: S314 - our own text
    return {node.get("data-field"): node for node in root.iter(f"{SVG}g") if node.get("data-field")}


def test_points_of_one_panel_are_joined():
    (field,) = fields([point(1), point(2), point(3)]).values()
    assert [len(line.get("points").split()) for line in field.iter(f"{SVG}polyline")] == [3, 3, 3]
    assert len(list(field.iter(f"{SVG}circle"))) == 9


def test_points_of_a_changed_panel_are_not_joined():
    rows = [point(1), point(2, accounts=9), point(3, accounts=9, source_id="other")]
    (field,) = fields(rows).values()
    assert not list(field.iter(f"{SVG}polyline"))
    assert [len(run) for run in runs(rows)] == [1, 1, 1]


def test_definitions_panels_and_codings_have_fields_of_their_own():
    drawn = fields(
        [
            point(1),
            point(1, coding="weights"),
            point(1, panel="all_accounts"),
            point(1, definition="all_time"),
            point(1, platform="modelscope", definition="in_window"),
        ]
    )
    assert len(drawn) == 5
    assert "huggingface rolling_30d matched_accounts weights" in drawn


def test_axis_begins_at_zero_and_heights_are_in_proportion():
    (field,) = fields([point(1, cn=50.0, us=100.0)]).values()
    zero = next(float(n.get("y")) - 4 for n in field.iter(f"{SVG}text") if n.text == "0")
    heights = [zero - float(circle.get("cy")) for circle in field.iter(f"{SVG}circle")][:2]
    assert heights[0] / heights[1] == pytest.approx(2, abs=0.05)


def test_band_shows_what_unknown_origins_leave_open():
    (field,) = fields([point(1), point(2)]).values()
    assert len(list(field.iter(f"{SVG}polygon"))) == 1


def test_a_side_that_the_panel_does_not_hold_is_not_drawn_as_zero():
    one_sided = point(1, cn=40.0, us=0.0, cn_share=None, bound_low=None, bound_high=None)
    (field,) = fields([one_sided]).values()
    said = [node.text for node in field.iter(f"{SVG}text")] + [node.text for node in field.iter(f"{SVG}title")]
    assert any("CN 40" in text for text in said)
    assert not any(text.startswith("US ") or "US models" in text for text in said)


def test_titles_carry_the_figures():
    (field,) = fields([point(1)]).values()
    titles = [node.text for node in field.iter(f"{SVG}title")]
    assert "1 January 2025: 30 downloads of Chinese models, 5 accounts" in titles
    assert "1 January 2025: 30 % Chinese, bounds 27–36 %" in titles


@pytest.mark.parametrize(
    ("cn", "us", "unknown", "who"), [(90.0, 10.0, 5.0, "CN"), (10.0, 90.0, 5.0, "US"), (49.0, 51.0, 20.0, "open")]
)
def test_lead_counts_the_unknown_against_the_leader(cn, us, unknown, who):
    assert lead(point(1, cn=cn, us=us, unknown=unknown)) == who


def test_verdict_says_when_the_sign_depends_on_the_definition():
    chinese, american = point(1, cn=90.0, us=10.0), point(1, cn=10.0, us=90.0)
    assert "The sign of the answer depends on the definition." in verdict([chinese, american])
    assert "depends" not in verdict([chinese, chinese])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (point(1, n_cn=-1.0), "n_cn is not a finite number from 0: 2025-01-01 -1.0"),
        (point(1, n_us=math.nan), "n_us"),
        (point(1, bound_high=1.2), "bound_high is outside 0–1: 2025-01-01 1.2"),
        (point(1, bound_low=0.5), "cn_share is outside its bounds"),
    ],
)
def test_what_cannot_be_drawn_truthfully_is_refused(row, message):
    with pytest.raises(MapError, match=message.replace(".", r"\.")):
        render_time_chart(pl.DataFrame([row]), SPEC)


def test_repeated_keys_missing_columns_and_empty_tables_are_refused():
    with pytest.raises(MapError, match="repeated keys: huggingface"):
        render_time_chart(pl.DataFrame([point(1), point(1)]), SPEC)
    with pytest.raises(MapError, match="accounts"):
        render_time_chart(pl.DataFrame([point(1)]).drop("accounts"), SPEC)
    with pytest.raises(MapError, match="no rows"):
        render_time_chart(pl.DataFrame([point(1)]).clear(), SPEC)


def test_bytes_are_the_same_in_any_order_of_rows():
    rows = [point(1), point(2), point(1, coding="weights")]
    assert render_time_chart(pl.DataFrame(rows), SPEC) == render_time_chart(pl.DataFrame(rows[::-1]), SPEC)


def test_points_without_a_share_are_counted_but_have_none():
    nothing = {"cn_share": None, "bound_low": None, "bound_high": None}
    rows = [point(1), point(2, us=0.0, **nothing), point(3)]
    (field,) = fields(rows).values()
    assert len(list(field.iter(f"{SVG}circle"))) == 8
    assert [len(run) for run in runs(rows, needs="cn_share")] == [1, 1]
    assert lead(rows[1]) == "none"
    (field,) = fields([rows[1]]).values()
    assert any((node.text or "").startswith("no share") for node in field.iter(f"{SVG}text"))
    assert "no share in 1" in verdict([rows[1]])
