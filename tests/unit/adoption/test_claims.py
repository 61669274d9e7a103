"""The claim register: what it refuses, what it reads, and each verdict on the embedded figures."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.adoption.claim_figures import PLACEBO_LEVEL, event_cells, licence_cells
from assets.adoption.claims import ClaimError, claims_table, load_claims, statement_cells
from assets.schemas import TableError, validate
from assets.schemas.claims import Claims

CONTROLS = {"export_controls": load_claims()["export_controls"]}
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


def _event(effect, low, high, rank, state="value", *, placebos=39):
    return {
        "event_id": "e1",
        "event_date": date(2024, 12, 2),
        "signal": "model_download",
        "series": "s",
        "window_months": 12,
        "coding": "publisher",
        "effect": effect,
        "effect_low": low,
        "effect_high": high,
        "placebo_rank": rank,
        "placebos": placebos if state == "value" else None,
        "state": state,
        "reason": None if state == "value" else "Too short.",
        "source_id": None,
    }


def _events(*rows):
    floats = dict.fromkeys(("effect", "effect_low", "effect_high"), pl.Float64)
    counts = dict.fromkeys(("window_months", "placebo_rank", "placebos"), pl.Int64)
    words = dict.fromkeys(("reason", "source_id"), pl.String)
    return pl.DataFrame(rows, schema_overrides=floats | counts | words)


@pytest.mark.parametrize(
    ("event", "finding"),
    [
        (_event(0.5, 0.2, 0.8, 1), "beyond_if_shown"),
        (_event(0.5, 0.2, 0.8, 12), "undecided"),
        (_event(0.5, -0.2, 1.2, 1), "undecided"),
        (_event(-0.5, -0.8, -0.2, 1), "contrary"),
        (_event(None, None, None, None, "not_observed"), "unknown"),
    ],
)
def test_controls_are_judged_against_placebo_dates_and_never_beyond_partly(event, finding):
    frame = _events(event)
    derived = frame.with_columns(signal=pl.lit("derivative"), coding=pl.lit("weights"))
    released = frame.with_columns(signal=pl.lit("release"))
    table = claims_table({"event_windows": pl.concat([frame, derived, released])})
    controls = validate(table, Claims, where="test").filter(claim="export_controls")
    assert set(controls["finding"]) == {finding}
    expected = {"beyond_if_shown": "partly", "unknown": "not_observable"}.get(finding, "not_supported")
    assert set(controls["claim_verdict"]) == {expected}


def test_a_part_of_both_sides_is_never_told_as_a_part_of_everything():
    parts = [
        (f"{name}.{one.id}", one.says)
        for name, claim in load_claims().items()
        for one in claim.statements
        if one.figure == "cn_share" and one.threshold != 0.5
    ]
    assert len(parts) >= 5
    for name, says in parts:
        assert ("Chinese" in says and "US" in says) or says.startswith("The same holds"), name
        assert "of the open models that" not in says, name


def test_where_there_is_no_effect_there_is_no_interval_either():
    rows = [_event(None, None, None, None, "not_observed"), _event(0.5, 0.2, 0.8, 12)]
    cells = event_cells(_events(*rows), "effect", complete_count=False)
    assert cells.select("value", "low", "high").rows() == [(None, None, None), (0.5, 0.0, 0.8)]


@given(st.integers(0, 60), st.data())
def test_too_few_placebo_dates_neither_support_nor_refute(placebos, data):
    sign = data.draw(st.sampled_from([-1, 1]))
    ends = sorted((0.2 * sign, 0.8 * sign))
    rank = data.draw(st.integers(1, placebos + 1))
    event = _event(0.5 * sign, *ends, rank, placebos=placebos)
    table = claims_table({"event_windows": _events(event)}, CONTROLS)
    judged = table.filter(statement="downloads_after").row(0, named=True)
    # Whether the first rank could be among the level decides, and nothing else.
    if 1 / (placebos + 1) > PLACEBO_LEVEL:
        assert (judged["finding"], judged["statement_verdict"]) == ("unknown", "not_observable")
        assert judged["value"] == 0.5 * sign
        assert judged["reason"].endswith(f": at least 19 needed, {placebos} found.")
        assert "at least 19 needed" in judged["would_change"]
    else:
        assert judged["finding"] in {"beyond_if_shown", "undecided", "contrary"}
        if judged["finding"] == "undecided":
            assert f"rank {rank} of {placebos + 1}." in judged["reason"]


def test_the_sampling_interval_of_an_event_is_not_told_as_bounds():
    cells = event_cells(_events(_event(0.5, 0.2, 0.8, 1), _event(0.5, 0.2, 0.8, 12)), "effect", complete_count=False)
    assert set(cells["bound_low"]) == set(cells["bound_high"]) == {None}


def test_the_table_refuses_support_without_bounds():
    table = _judged(AA=0.8, BB=0.7)
    assert set(table["verdict"]) == {"supported"}
    with pytest.raises(TableError, match="support_needs_interval"):
        validate(table.with_columns(bound_low=pl.lit(None, pl.Float64)), Claims, where="test")


def test_the_table_refuses_an_interval_without_a_figure():
    table = claims_table({"event_windows": _events(_event(None, None, None, None, "not_observed"))})
    event = pl.col("table") == "event_windows"
    wrong = table.with_columns(low=pl.when(event).then(0.0), high=pl.when(event).then(0.0))
    with pytest.raises(TableError, match="interval_needs_figure"):
        validate(wrong, Claims, where="test")


def test_licence_gaps_are_those_that_newcombe_prints():
    # Newcombe 1998, table II, method 10: 56/70 − 48/80 and 9/10 − 3/10.
    rows = []
    for panel, counts in (("trending", (56, 70, 48, 80)), ("evaluation_registry", (9, 10, 3, 10))):
        for origin, permissive, whole in (("CN", *counts[:2]), ("US", *counts[2:])):
            shared = {"panel": panel, "period": date(2026, 1, 1), "origin": origin, "source_id": "x"}
            rows += [
                shared | {"licence_class": "permissive", "models": float(permissive)},
                shared | {"licence_class": "custom", "models": float(whole - permissive)},
            ]
    cells = licence_cells(pl.DataFrame(rows), "cn_minus_us_permissive", complete_count=False)
    assert cells["subject"].to_list() == ["evaluation_registry", "trending"]
    assert cells["low"].to_list() == pytest.approx([0.1705, 0.0524], abs=5e-5)
    assert cells["high"].to_list() == pytest.approx([0.8090, 0.3339], abs=5e-5)
    assert cells["n"].to_list() == [20, 150]


def test_models_without_a_licence_widen_the_bounds_of_either_side():
    rows = [
        {"origin": origin, "licence_class": kind, "models": number}
        for origin, counts in (("CN", (6.0, 1.0, 3.0)), ("US", (4.0, 2.0, 4.0)))
        for kind, number in zip(("permissive", "undeclared", "custom"), counts, strict=True)
    ]
    frame = pl.DataFrame(rows).with_columns(panel=pl.lit("trending"), period=date(2026, 1, 1), source_id=pl.lit("x"))
    share = licence_cells(frame, "cn_permissive", complete_count=False).row(0, named=True)
    gap = licence_cells(frame, "cn_minus_us_permissive", complete_count=True).row(0, named=True)
    assert (share["bound_low"], share["bound_high"]) == pytest.approx((0.6, 0.7))
    assert (gap["low"], gap["high"]) == pytest.approx((0.2, 0.2))
    assert (gap["bound_low"], gap["bound_high"]) == pytest.approx((0.0, 0.3))
