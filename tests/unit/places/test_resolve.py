"""Resolution: what names mean together, in what locate does not show."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.places.gazetteer import load_gazetteer
from assets.places.names import KINDS
from assets.places.resolve import resolve
from assets.places.spans import find_spans


def _resolve(*texts):
    gazetteer = load_gazetteer()
    return resolve(find_spans(pl.Series(texts, dtype=pl.String), gazetteer), gazetteer)


def _country(found, at=0):
    return load_gazetteer().countries[found.country[at]] if found.country[at] >= 0 else None


def _odds(text):
    return _resolve(text).measures["odds"][0]


def test_a_containing_name_makes_a_reading_likelier():
    assert _odds("Lagos, Nigeria") > _odds("Lagos") > _odds("Lagos, Berlin") - 1e-9
    assert _odds("Springfield, Illinois") > _odds("Springfield")


def test_the_order_of_a_place_and_what_contains_it_does_not_matter():
    found = _resolve("Lagos, Portugal", "Portugal, Lagos")
    assert found.country[0] == found.country[1]
    assert found.geonameid[0] == found.geonameid[1]


def test_a_lesser_homonym_needs_what_contains_it():
    found = _resolve("London", "London, Ontario", "London, Canada")
    assert [_country(found, at) for at in range(3)] == ["GB", "CA", "CA"]


def test_names_of_two_countries_are_rivals_and_a_name_and_its_container_are_not():
    found = _resolve("Berlin / Paris", "Berlin, Germany", "Berlin / Hamburg", "Georgia")
    assert found.rivals.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("text", "kind"), [("Peru", "country"), ("Karnataka", "admin1"), ("Nairobi", "city"), ("xqzzyv", None)]
)
def test_the_kind_is_that_of_the_clearest_name(text, kind):
    found = _resolve("Lagos", text)
    assert found.kind[1] == (KINDS.index(kind) if kind else len(KINDS))


def test_words_for_no_place_and_for_several_countries_are_told_apart():
    found = _resolve("Mordor", "European Union", "Peru")
    assert found.placeless.tolist() == [1, 2, 0]


WORDS = st.sampled_from(
    [
        "Lagos",
        "Nigeria",
        "Portugal",
        "Georgia",
        "Paris",
        "TX",
        "Springfield",
        "Mordor",
        "xqzzyv",
        "🇳🇬",
        "and",
        "fl",
        "EU",
    ]
)
texts = st.lists(st.tuples(WORDS, st.sampled_from([" ", ", ", " / "])), max_size=6).map(
    lambda pairs: "".join(map("".join, pairs))
)


@given(st.lists(st.one_of(texts, st.text(max_size=20)), min_size=1, max_size=15, unique=True))
@settings(max_examples=40, deadline=None)
def test_measures_are_numbers_one_a_text(several):
    found = _resolve(*several)
    for name, values in found.measures.items():
        assert len(values) == len(several), name
        assert not np.isnan(np.asarray(values, float)).any(), name
    for values in (found.country, found.admin1, found.geonameid, found.kind, found.placeless, found.rivals):
        assert len(values) == len(several)
    assert (found.measures["explained"] >= 0).all()
    assert not (found.rivals & (found.country < 0)).any()
    assert ((found.admin1 < 0) | (found.country >= 0)).all()


@given(st.lists(texts, min_size=2, max_size=10, unique=True))
@settings(max_examples=20, deadline=None)
def test_texts_are_resolved_each_on_its_own(several):
    together = _resolve(*several)
    for at, text in enumerate(several):
        alone = _resolve(text)
        for name in ("country", "admin1", "geonameid", "kind", "placeless", "rivals"):
            assert getattr(together, name)[at] == getattr(alone, name)[0]
        for name, values in alone.measures.items():
            assert together.measures[name][at] == pytest.approx(values[0]), name
