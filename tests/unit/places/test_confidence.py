"""Confidence: a probability that moves the right way, fitted and measured as it says. All labels are made up."""

import json
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.places import fit_confidence as program
from assets.places.confidence import (
    COEFFICIENTS_FILE,
    calibration_error,
    confidence,
    features,
    fit,
    least_confidence,
)
from assets.places.gazetteer import load_gazetteer
from assets.places.resolve import resolve
from assets.places.spans import find_spans

TEXTS = (
    *("Peru", "Karnataka", "Nairobi", "BLR", "CA-ON", "Lagos, Nigeria", "Springfield", "Georgia", "Berlin / Paris"),
    *("xqzzyv", "", "xqzzyv wqqk Nairobi", "Mordor", "Agentina", "Root", "San Francisco California", "in the DE"),
)


@cache
def _measures():
    gazetteer = load_gazetteer()
    return resolve(find_spans(pl.Series(TEXTS), gazetteer), gazetteer).measures


def _of(text):
    return float(confidence(_measures())[TEXTS.index(text)])


# The model in use.


def test_every_feature_has_a_coefficient_and_every_coefficient_a_feature():
    written = json.loads((files("assets.places") / COEFFICIENTS_FILE).read_bytes())
    assert list(features(_measures())) == list(written["coefficients"])
    assert 0 <= written["calibration_error"] < 0.02


def test_features_are_numbers_of_the_order_of_one():
    for name, values in features(_measures()).items():
        assert np.isfinite(values).all(), name
        assert np.abs(values).max() < 10, name


def test_without_a_name_there_is_no_confidence_and_with_one_it_is_a_probability():
    sure = confidence(_measures())
    named = _measures()["explained"] > 0
    assert (sure[~named] == 0).all()
    assert ((sure[named] > 0) & (sure[named] < 1)).all()
    assert not named[TEXTS.index("xqzzyv")]


def test_clear_texts_are_answers_and_faint_ones_are_less_sure():
    assert min(_of("Peru"), _of("Lagos, Nigeria"), _of("Karnataka")) > 0.95
    assert _of("xqzzyv wqqk Nairobi") < _of("Nairobi")
    assert _of("Root") < least_confidence() < _of("Nairobi")


def test_more_odds_never_make_a_reading_less_sure():
    measures = _measures()
    sure = np.stack(
        [confidence({**measures, "odds": np.full(len(TEXTS), odds)}) for odds in (-20, -7, -3, 0, 1, 3, 9, 50)]
    )
    falling = (np.diff(sure, axis=0) < -1e-12).any(axis=0)
    assert [text for text, falls in zip(TEXTS, falling, strict=True) if falls] == []


def test_more_words_left_over_never_make_a_reading_surer():
    measures = _measures()
    sure = np.stack([confidence({**measures, "unexplained": np.full(len(TEXTS), float(n))}) for n in range(8)])
    assert (np.diff(sure, axis=0) <= 1e-12).all()


def test_measures_without_end_still_give_a_probability():
    measures = {**_measures(), "odds": np.where(np.arange(len(TEXTS)) % 2, np.inf, -np.inf)}
    assert np.isfinite(confidence(measures)).all()


# The fit.


def _simulated(n, coefficients, seed):
    """Draw readings whose answers are right with the probability that the coefficients give."""
    random = np.random.default_rng(seed)
    columns = {name: np.ones(n) if name == "constant" else random.normal(size=n) for name in coefficients}
    score = sum(coefficients[name] * values for name, values in columns.items())
    probability = 1 / (1 + np.exp(-score))
    return columns, (random.random(n) < probability).astype(float), probability


TRUTH = {"constant": 0.7, "odds": 1.2, "length": -0.5, "no matter": 0.0}


def test_the_fit_recovers_the_coefficients_of_simulated_readings():
    n = 40_000
    columns, right, probability = _simulated(n, TRUTH, seed=11)
    found = fit(columns, right, np.ones(n), ridge=0.0)
    matrix = np.stack(list(columns.values()), axis=1)
    information = (matrix * (probability * (1 - probability))[:, None]).T @ matrix
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    for name, deviation in zip(TRUTH, error, strict=True):
        assert abs(found[name] - TRUTH[name]) < 4 * deviation, name


def test_readings_without_weight_do_not_count():
    columns, right, _ = _simulated(4_000, TRUTH, seed=12)
    weight = (np.arange(4_000) < 3_000).astype(float)
    kept = weight > 0
    whole = fit(columns, np.where(kept, right, 1 - right), weight)
    part = fit({name: values[kept] for name, values in columns.items()}, right[kept], weight[kept])
    assert whole == pytest.approx(part, abs=1e-3)


def test_a_weight_of_two_is_a_reading_twice():
    columns, right, _ = _simulated(2_000, TRUTH, seed=13)
    twice = fit({name: np.tile(values, 2) for name, values in columns.items()}, np.tile(right, 2), np.ones(4_000))
    assert fit(columns, right, np.full(2_000, 2.0)) == pytest.approx(twice, abs=1e-3)


def test_the_penalty_draws_coefficients_to_nought_but_not_the_constant():
    n = 5_000
    columns, right, _ = _simulated(n, TRUTH, seed=14)
    free, held = (fit(columns, right, np.ones(n), ridge=ridge) for ridge in (0.0, 1e6))
    assert abs(held["odds"]) < 0.01 < abs(free["odds"])
    assert held["constant"] == pytest.approx(np.log(right.mean() / (1 - right.mean())), abs=0.01)


def test_separable_readings_have_finite_coefficients():
    odds = np.linspace(-3, 3, 200)
    found = fit({"constant": np.ones(200), "odds": odds}, (odds > 0).astype(float), np.ones(200))
    assert 0 < found["odds"] < 100


# Calibration.


def test_a_calibrated_probability_has_no_error():
    probability = np.repeat([0.25, 0.5, 0.75, 1.0], 400)
    right = np.concatenate([np.arange(400) % 4 < of_four for of_four in (1, 2, 3, 4)]).astype(float)
    shuffled = np.random.default_rng(3).permutation(1_600)
    assert calibration_error(np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], 50)) == 0
    assert calibration_error(probability[shuffled], right[shuffled], bins=4) == pytest.approx(0, abs=1e-12)


@given(st.floats(0, 0.2), st.integers(1, 20))
def test_a_constant_gap_is_the_error(gap, bins):
    right = (np.arange(1_000) % 5 < 4).astype(float)
    assert calibration_error(np.full(1_000, 0.8 - gap), right, bins=1) == pytest.approx(gap, abs=1e-9)
    assert calibration_error(np.full(1_000, 0.8 - gap), right, bins=bins) >= gap - 1e-9


def test_gaps_of_opposite_sign_do_not_cancel():
    probability, right = np.repeat([0.2, 0.8], 100), np.repeat([0.0, 1.0], 100)
    assert calibration_error(probability, right, bins=2) == pytest.approx(0.2)
    assert calibration_error(probability, right, bins=1) == pytest.approx(0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 15))
def test_the_error_lies_between_nought_and_one(pairs, bins):
    probability, right = (np.array(values, float) for values in zip(*pairs, strict=True))
    assert 0 <= calibration_error(probability, right, bins) <= 1


# The program.

SURE = ["Peru", "Kenya", "Nairobi, Kenya", "Lagos, Nigeria", "Berlin, Germany", "Karnataka, India", "Paris, France"]
SURE_COUNTRIES = ["PE", "KE", "KE", "NG", "DE", "IN", "FR"]
FAINT = ["xqzzyv wqqk Nairobi", "zzq Lima wqx", "qqx Berlin zzv wq", "Accra xqz qzx", "vvx Oslo qqz"]


def _written(tmp_path, monkeypatch, capsys, *more):
    rows = [f'"{text}",{country},,list' for text, country in zip(SURE, SURE_COUNTRIES, strict=True)]
    rows += [f'"{text} ",{country},,list' for text, country in zip(SURE, SURE_COUNTRIES, strict=True)]
    rows += [f'"{text}",,,list' for text in FAINT]
    rows += ["Georgia,,GE US,list", "Mordor,,,list", "Peru,DE,,probe"]
    labelled = tmp_path / "labelled.csv"
    labelled.write_text("\n".join(["location,country,alt,stratum", *rows, ""]), encoding="utf-8")
    paths = [labelled]
    for number, text in enumerate(more):
        paths.append(tmp_path / f"more{number}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    monkeypatch.setattr(program, "files", lambda _: tmp_path)
    program.main([str(path) for path in paths])
    return json.loads((tmp_path / COEFFICIENTS_FILE).read_text(encoding="utf-8")), capsys.readouterr().out


def test_the_program_writes_the_coefficients_of_all_features_and_says_how_good_they_are(tmp_path, monkeypatch, capsys):
    before = (files("assets.places") / COEFFICIENTS_FILE).read_bytes()
    written, said = _written(tmp_path, monkeypatch, capsys)
    assert list(written["coefficients"]) == list(features(_measures()))
    assert np.isfinite(list(written["coefficients"].values())).all()
    assert 0 < written["least_confidence"] < 1
    assert 0 <= written["calibration_error"] <= 1
    assert written["fitted_on"].startswith("21 labelled texts")
    assert "calibration error" in said
    assert (files("assets.places") / COEFFICIENTS_FILE).read_bytes() == before


def test_words_left_over_by_wrong_answers_teach_the_model_to_doubt_them(tmp_path, monkeypatch, capsys):
    coefficients = _written(tmp_path, monkeypatch, capsys)[0]["coefficients"]
    assert coefficients["any word left over"] < 0 < coefficients["whole part"]


def test_more_labels_count_by_their_status_and_never_twice(tmp_path, monkeypatch, capsys):
    more = "location,label,status\nTokyo,JP,agree\nPeru,PE,agree\nAtlantis,,junk\nMadrid,ES,differ\n"
    written, _ = _written(tmp_path, monkeypatch, capsys, more)
    assert written["fitted_on"].startswith("23 labelled texts")
