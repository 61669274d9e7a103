"""An attacker on the survey: every count that a wave hides must still be able to be several numbers."""

from itertools import product

import polars as pl
import pytest

from assets.ingest.figures import closed
from assets.ingest.snapshot import read

HIDDEN = range(5)
SIDES = {"ANY_CN_OPEN": ("DeepSeek", "Qwen"), "ANY_US_OPEN": ("Llama", "Phi-4")}


def _may_be(row, name):
    return [row[name]] if row[name] is not None else [count for count in HIDDEN if count <= row["respondents"]]


def _of_side(row, side):
    """Yield what the count of a side may be with those of its models: no model has more, together they have as many."""
    one, other = SIDES[side]
    for counts in product(*(_may_be(row, name) for name in (side, one, other))):
        if max(counts[1:]) <= counts[0] <= sum(counts[1:]):
            yield dict(zip((side, one, other), counts, strict=True))


def _completions(row):
    """Yield every set of counts of an economy that agrees with what is published of it."""
    answered, sides_are_told = row["respondents"], None not in {row[side] for side in SIDES}
    for cn, us in product(*(list(_of_side(row, side)) for side in SIDES)):
        on_cn, on_us = cn["ANY_CN_OPEN"], us["ANY_US_OPEN"]
        for both in range(max(0, on_cn + on_us - answered), min(on_cn, on_us) + 1):
            neither = answered - on_cn - on_us + both
            told = row["BOTH_CN_US_OPEN"] in {None, both} and row["NO_OPEN"] in {None, neither}
            # Of the two, one is under 5 and hides the other.
            small = not sides_are_told or row["BOTH_CN_US_OPEN"] is not None or min(both, neither) in HIDDEN
            if told and small:
                yield cn | us | {"BOTH_CN_US_OPEN": both, "NO_OPEN": neither}


def _given_away(survey_use):
    """Return the hidden counts that can be one number only, as (region, model, count)."""
    found = []
    asked = [*SIDES, *(model for models in SIDES.values() for model in models), "BOTH_CN_US_OPEN", "NO_OPEN"]
    wide = survey_use.filter(pl.col("model").is_in(asked)).pivot(
        "model", index=["region_id", "respondents"], values="users"
    )
    for row in wide.iter_rows(named=True):
        fits = list(_completions(row))
        assert fits, row
        hidden = [model for model in asked if row[model] is None]
        found += [(row["region_id"], one, fits[0][one]) for one in hidden if len({fit[one] for fit in fits}) == 1]
    return found


def test_no_hidden_count_of_the_snapshot_can_be_one_number_only():
    survey_use = read("survey_use")
    assert survey_use["suppressed"].sum() > 500
    assert _given_away(survey_use) == []


def _economy(answered, **users):
    models = [*SIDES, "DeepSeek", "Qwen", "Llama", "Phi-4", "BOTH_CN_US_OPEN", "NO_OPEN"]
    return pl.DataFrame(
        {
            "wave": ["2025"] * len(models),
            "region_id": ["LK"] * len(models),
            "model": models,
            "respondents": [answered] * len(models),
            "users": [users.get(model) for model in models],
            "suppressed": [model not in users for model in models],
        },
        schema_overrides={"users": pl.Int64},
    )


@pytest.mark.parametrize(
    ("survey_use", "given_away"),
    [
        # 55 less 28 less 23 leaves 4 people of the other side who are not on this one: all that can be hidden.
        (
            _economy(55, ANY_CN_OPEN=23, DeepSeek=21, Qwen=5, NO_OPEN=28),
            {("LK", "ANY_US_OPEN", 4), ("LK", "BOTH_CN_US_OPEN", 0)},
        ),
        (_economy(5, ANY_CN_OPEN=5), {("LK", "NO_OPEN", 0)}),
    ],
)
def test_what_the_figures_give_away_is_closed(survey_use, given_away):
    assert set(_given_away(survey_use)) == given_away
    assert _given_away(closed(survey_use)) == []


def test_what_hides_nothing_stays():
    told = _economy(60, ANY_CN_OPEN=20, ANY_US_OPEN=10, BOTH_CN_US_OPEN=5, NO_OPEN=35)
    assert closed(told).equals(told)
