"""The claim register: what it refuses, what it reads, and each verdict on the embedded figures."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.adoption.claims import ClaimError, claims_table, load_claims, statement_cells
from assets.adoption.intervals import difference_interval, wilson_interval
from assets.schemas import validate
from assets.schemas.claims import Claims

STATEMENT = """
[story]
wording = "W."
heard = "H."
caveat = "C."
[[story.statements]]
id = "one"
says = "S."
table = "estimates"
where = { signal = "fork", region_id = ["AA", "BB"] }
figure = "cn_share"
comparison = "above"
threshold = 0.5
evidence = ["declared"]
"""


def _estimates(**cells):
    """Forks of two made-up regions: region → share, or a state without one."""
    blank = dict.fromkeys(
        ("cn_share", "cn_share_low", "cn_share_high", "bound_low", "bound_high", "n", "evidence", "source_id")
    )
    rows = []
    for region, given_ in cells.items():
        row = blank | {"signal": "fork", "region_id": region, "period": date(2026, 1, 1), "counted": "people"}
        if isinstance(given_, str):
            row |= {"state": given_, "reason": "Nobody looked."}
        else:
            row |= {"state": "value", "reason": None, "evidence": "declared", "n": 50.0, "source_id": "github"}
            row |= {"cn_share": given_, "cn_share_low": given_ - 0.1, "cn_share_high": given_ + 0.1}
            row |= {"bound_low": given_ - 0.05, "bound_high": given_ + 0.05}
        rows.append(row)
    floats = dict.fromkeys((name for name in blank if name not in {"evidence", "source_id"}), pl.Float64)
    return pl.DataFrame(rows, schema_overrides=floats | {"evidence": pl.String, "source_id": pl.String})


def _judged(**cells):
    table = claims_table({"estimates": _estimates(**cells)}, load_claims(STATEMENT))
    return validate(table, Claims, where="test")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('wording = "W."', "", r"\[story\]: wording: Field required"),
        ("threshold = 0.5", "threshold = nan", r"\[story\]: statements.0.threshold"),
        ('figure = "cn_share"', 'figure = "likes"', r"\[story\]: statements.0: figure 'likes' is not one of cn_share"),
        ('"fork"', '"star"', r"where: signal: star is not one of survey_use"),
        ("signal = ", "singal = ", r"estimates has no column 'singal'"),
        ('["AA", "BB"]', "[]", r"where: region_id: name at least one value"),
        ('["AA", "BB"]', '["AA", "AA"]', r"where: region_id: name at least one value, each once"),
        ('comparison = "above"', 'comparison = "near"', r"statements.0.comparison"),
        ('evidence = ["declared"]', 'evidence = ["hearsay"]', r"statements.0.evidence"),
        ('says = "S."', 'says = "S."\nverdict = "supported"', r"statements.0.verdict: Extra inputs"),
        ('caveat = "C."', 'caveat = "C."\nat_most = "partly"', r"at_most_reason belongs to"),
        ("[story]", "[story", "no valid TOML"),
    ],
)
def test_a_wrong_register_names_claim_and_key(old, new, said):
    assert old in STATEMENT
    with pytest.raises(ClaimError, match=said):
        load_claims(STATEMENT.replace(old, new))


def test_a_statement_stands_once():
    twice = STATEMENT + STATEMENT[STATEMENT.index("[[") :]
    with pytest.raises(ClaimError, match="one stands there twice"):
        load_claims(twice)


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ({"AA": 0.8, "BB": 0.7}, "supported"),
        ({"AA": 0.8, "BB": 0.55}, "partly"),
        ({"AA": 0.8}, "partly"),
        ({"AA": 0.8, "BB": "suppressed"}, "partly"),
        ({"AA": 0.55, "BB": "not_observed"}, "not_supported"),
        ({"AA": 0.2, "BB": 0.3}, "not_supported"),
        ({"AA": "not_observable", "BB": "suppressed"}, "not_observable"),
        ({}, "not_observable"),
    ],
)
def test_a_statement_on_regions_holds_if_it_holds_in_each(cells, verdict):
    table = _judged(**cells) if cells else validate(claims_table({}, load_claims(STATEMENT)), Claims, where="test")
    assert table["subject"].to_list() == ["AA", "BB"]
    assert set(table["statement_verdict"]) == set(table["claim_verdict"]) == {verdict}
    assert table.filter(pl.col("value").is_null())["reason"].null_count() == 0


def test_the_newest_figure_counts_and_a_later_silence_does_not_hide_it():
    older = _estimates(AA=0.8, BB=0.9)
    silent = _estimates(AA="not_observed", BB="not_observed").with_columns(period=pl.lit(date(2026, 6, 1)))
    newer = _estimates(AA=0.7).with_columns(period=pl.lit(date(2026, 3, 1)))
    statement = load_claims(STATEMENT)["story"].statements[0]
    cells = statement_cells(statement, {"estimates": pl.concat([silent, older, newer])})
    assert cells.select("subject", "value", "period").rows() == [
        ("AA", 0.7, date(2026, 3, 1)),
        ("BB", 0.9, date(2026, 1, 1)),
    ]


def _event(effect, low, high, rank, state="value"):
    return {
        "event_id": "e1",
        "event_date": date(2024, 12, 2),
        "signal": "model_download",
        "series": "s",
        "coding": "publisher",
        "effect": effect,
        "effect_low": low,
        "effect_high": high,
        "placebo_rank": rank,
        "placebos": 39,
        "state": state,
        "reason": None if state == "value" else "Too short.",
        "source_id": None,
    }


@pytest.mark.parametrize(
    ("event", "finding"),
    [
        (_event(0.5, 0.2, 0.8, 1), "beyond"),
        (_event(0.5, 0.2, 0.8, 12), "undecided"),
        (_event(0.5, -0.2, 1.2, 1), "undecided"),
        (_event(-0.5, -0.8, -0.2, 1), "contrary"),
        (_event(None, None, None, None, "not_observed"), "unknown"),
    ],
)
def test_controls_are_judged_against_placebo_dates_and_never_beyond_partly(event, finding):
    frame = pl.DataFrame(
        [event],
        schema_overrides=dict.fromkeys(("effect", "effect_low", "effect_high"), pl.Float64)
        | {"placebo_rank": pl.Int64, "reason": pl.String, "source_id": pl.String},
    )
    derived = frame.with_columns(signal=pl.lit("derivative"), coding=pl.lit("weights"))
    table = claims_table({"event_windows": pl.concat([frame, derived])})
    controls = validate(table, Claims, where="test").filter(claim="export_controls")
    assert set(controls["finding"]) == {finding}
    expected = {"beyond": "partly", "unknown": "not_observable"}.get(finding, "not_supported")
    assert set(controls["claim_verdict"]) == {expected}


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=1, max_size=5))
def test_wilson_holds_the_share_and_solves_its_equation(counts):
    part = np.array([min(one) for one in counts])
    whole = np.array([max(one) for one in counts])
    low, high = wilson_interval(part, whole)
    share = part / whole
    assert ((low <= share + 1e-12) & (share <= high + 1e-12)).all()
    for end in (low, high):
        inside = (end > 0) & (end < 1)
        off = (share - end) ** 2 - 1.959963984540054**2 * end * (1 - end) / whole
        assert np.abs(off[inside]).max(initial=0) < 1e-9


def test_differences_are_those_that_newcombe_prints():
    # Newcombe 1998, table II, method 10: 56/70 − 48/80 and 9/10 − 3/10.
    low, high = difference_interval([56, 9], [70, 10], [48, 3], [80, 10])
    assert low == pytest.approx([0.0524, 0.1705], abs=5e-5)
    assert high == pytest.approx([0.3339, 0.8090], abs=5e-5)


def test_cases_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="greater than its whole"):
        wilson_interval([3], [2])
    with pytest.raises(ValueError, match="a case on either side"):
        difference_interval([0], [0], [1], [2])
