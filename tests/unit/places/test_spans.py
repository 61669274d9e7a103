"""Spans: which names a text holds, whatever they mean; looked up in a small gazetteer of a few names."""

import tempfile
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.places.gazetteer import NAME_COLUMNS, read_gazetteer
from assets.places.names import CASES, KINDS
from assets.places.spans import find_spans
from assets.places.text import key_of

NAMES = {
    ("country", "any"): [
        ("Argentina", "AR"), ("Australia", "AU"), ("Austria", "AT"), ("Bosnia and Herzegovina", "BA"), ("Brasil", "BR"),
        ("Chile", "CL"), ("France", "FR"), ("Germany", "DE"), ("Guinea", "GN"), ("Guinea-Bissau", "GW"),
        ("New Guinea", "PG"), ("Niger", "NE"), ("Nigeria", "NG"), ("Papua New Guinea", "PG"), ("Peru", "PE"),
        ("Trinidad", "TT"), ("Trinidad and Tobago", "TT"), ("USA", "US"), ("Venezuela", "VE"), ("Vietnam", "VN"),
        ("Ghana", "GH"), ("中国", "CN"),
    ],
    ("country", "tail"): [("DE", "DE"), ("IN", "IN"), ("IT", "IT"), ("ME", "ME"), ("TO", "TO"), ("AS", "AS")],
    ("admin1", "any"): [("California", "US"), ("New South Wales", "AU"), ("South Wales", "GB"), ("New York", "US")],
    ("admin1", "tail"): [("FL", "US"), ("OR", "US"), ("OK", "US")],
    ("city", "any"): [
        ("Accra", "GH"), ("Bergen", "NO"), ("Berlin", "DE"), ("Ho Chi Minh City", "VN"), ("Johannesburg", "ZA"),
        ("Kampala", "UG"), ("Lagos", "NG"), ("Lima", "PE"), ("Madrid", "ES"), ("Nairobi", "KE"), ("New York", "US"),
        ("New York City", "US"), ("Oslo", "NO"), ("Paris", "FR"), ("Port of Spain", "TT"), ("Rio de Janeiro", "BR"),
        ("San Francisco", "US"), ("San José", "CR"), ("São Paulo", "BR"), ("Tampa", "US"), ("Tobago", "TT"),
        ("Wien", "AT"), ("York", "GB"), ("北京", "CN"), ("Janeiro", "BR"),
    ],
    ("city", "upper"): [("NBO", "KE")],
}  # fmt: skip


@cache
def _gazetteer():
    rows = [
        (name, case, kind, country, None, None, False, None, None, 1e7)
        for (kind, case), names in NAMES.items()
        for name, country in names
    ]
    frame = pl.DataFrame(
        rows,
        schema=dict.fromkeys(NAME_COLUMNS, pl.String)
        | {
            "case": pl.Enum(CASES),
            "kind": pl.Enum(KINDS),
            "country": pl.Enum(sorted({country for names in NAMES.values() for _, country in names})),
            "geonameid": pl.Int64,
            "second_hand": pl.Boolean,
            "prior": pl.Float64,
        },
        orient="row",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gazetteer-small.parquet"
        frame.with_columns(key=key_of(pl.col("key"))).sort("key", "country").write_parquet(path)
        return read_gazetteer(path)


def _find(*texts):
    gazetteer = _gazetteer()
    found = find_spans(pl.Series(texts, dtype=pl.String), gazetteer)
    return found, found.frame.join(gazetteer.keys.select("key_id", "key"), on="key_id", maintain_order="left")


def _names(text):
    return _find(text)[1]["key"].to_list()


def _alternatives(text):
    frame = _find(text)[1]
    return frame.group_by("alternative", maintain_order=True).agg("key")["key"].to_list()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("New York", ["new york"]),
        ("New York City", ["new york city"]),
        ("Papua New Guinea", ["papua new guinea"]),
        ("Guinea-Bissau", ["guinea bissau"]),
        ("New South Wales Australia", ["new south wales", "australia"]),
        ("San Francisco California USA", ["san francisco", "california", "usa"]),
        ("Rio de Janeiro Brasil", ["rio de janeiro", "brasil"]),
        ("Ho Chi Minh City, Vietnam", ["ho chi minh city", "vietnam"]),
        ("中国北京", ["中 国", "北 京"]),
        ("Lagos, Nigeria", ["lagos", "nigeria"]),
    ],
)
def test_the_longest_names_cover_a_text_in_the_order_of_its_words(text, names):
    assert _names(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tampa fl", ["tampa", "fl"]),
        ("Tampa FL", ["tampa", "fl"]),
        ("fl tampa", ["tampa"]),
        ("fl, tampa", ["fl", "tampa"]),
        ("hello to de world", []),
        ("come in peace", []),
        ("a bit of it as me", []),
        ("it is me or it is in", []),
        ("Nairobi NBO", ["nairobi", "nbo"]),
        ("NBO", ["nbo"]),
        ("nbo", []),
        ("nairobi nbo", ["nairobi"]),
    ],
)
def test_a_code_counts_in_capitals_and_in_small_letters_only_behind_a_name_or_alone(text, names):
    assert _names(text) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Agentina", "argentina"),
        ("Argentinna", "argentina"),
        ("Argentima", "argentina"),
        ("Agrentina", "argentina"),
        ("Johannesbrug", "johannesburg"),
    ],
)
def test_one_letter_of_a_long_name_may_be_missing_doubled_wrong_or_swapped(text, name):
    found, frame = _find(text)
    assert frame.select("key", "respelt").rows() == [(name, True)]
    assert found.unexplained.tolist() == [0]


@pytest.mark.parametrize(
    "text",
    ["Rgentina", "Xrgentina", "Agentna", "Perux", "Chilf", "Venezuelan", "Australians", "Nigerians", "Argentinas"],
)
def test_two_wrong_letters_another_initial_short_names_and_demonyms_are_no_slips(text):
    assert not _find(text)[1].filter("respelt").height


def test_what_is_spelt_right_is_not_respelt():
    assert not _find("Argentina", "Niger", "Nigeria", "Austria", "Australia")[1]["respelt"].any()


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("Berlin and Paris", [["berlin"], ["paris"]]),
        ("Lima y Madrid", [["lima"], ["madrid"]]),
        ("Berlin und Wien", [["berlin"], ["wien"]]),
        ("Berlin / Paris", [["berlin"], ["paris"]]),
        ("Berlin, Germany / Paris, France", [["berlin", "germany"], ["paris", "france"]]),
        ("Berlin, Germany", [["berlin", "germany"]]),
        ("Trinidad and Tobago", [["trinidad and tobago"]]),
        ("Bosnia & Herzegovina", [["bosnia and herzegovina"]]),
        ("Port of Spain, Trinidad and Tobago", [["port of spain", "trinidad and tobago"]]),
    ],
)
def test_strong_signs_and_conjunctions_begin_another_alternative_unless_a_name_holds_them(text, alternatives):
    assert _alternatives(text) == alternatives


@pytest.mark.parametrize(
    ("text", "unexplained"),
    [
        ("Lagos", 0),
        ("Lagos, Nigeria", 0),
        ("Greater Lagos Area", 0),
        ("12 Lagos", 0),
        ("xqzzyv Lagos", 1),
        ("xqzzyv, wqqk / Lagos", 2),
        ("", 0),
    ],
)
def test_words_that_no_name_covers_are_counted_and_neutral_ones_are_not(text, unexplained):
    found, _ = _find(text)
    assert found.unexplained.tolist() == [unexplained]


def test_the_name_of_a_whole_part_is_marked():
    _, frame = _find("Greater Lagos, Nigeria")
    assert dict(frame.select("key", "whole").iter_rows()) == {"lagos": False, "nigeria": True}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Europe/Berlin", ["berlin"]),
        ("America/Sao_Paulo", ["sao paulo"]),
        ("From Ghana, living in Berlin", ["berlin"]),
        ("Berlin, formerly Accra", ["berlin"]),
        ("Nairobi (originally Kampala)", ["nairobi"]),
        ("Formerly Accra", ["accra"]),
        ("Oslo, near Bergen", ["oslo"]),
    ],
)
def test_where_one_was_before_and_zone_areas_are_left_out(text, names):
    assert _names(text) == names


def test_nothing_is_found_in_nothing():
    for texts in ([], [""], ["", "xqzzyv", ",;"]):
        found, frame = _find(*texts)
        assert (found.texts, frame.height) == (len(texts), 0)
        assert len(found.unexplained) == len(found.words) == len(texts)


WORDS = st.sampled_from(
    [
        "Lagos",
        "new",
        "york",
        "and",
        "Trinidad",
        "Tobago",
        "San",
        "José",
        "fl",
        "FL",
        "de",
        "中国",
        "北京",
        "xqzzyv",
        "Agentina",
    ]
)
SIGNS = st.sampled_from([" ", ", ", " / ", "|", " - ", "-"])
texts = st.lists(st.tuples(WORDS, SIGNS), max_size=10).map(lambda pairs: "".join(map("".join, pairs)))


@given(st.lists(texts, min_size=1, max_size=20, unique=True))
@settings(max_examples=40, deadline=None)
def test_names_do_not_overlap_and_cover_no_more_than_the_words(several):
    found, frame = _find(*several)
    covered = frame.group_by("text").agg(pl.col("tokens").sum())
    words = pl.DataFrame(
        {"text": range(len(several)), "words": found.words}, schema_overrides={"text": frame["text"].dtype}
    )
    both = words.join(covered, on="text", how="left").with_columns(pl.col("tokens").fill_null(0)).sort("text")
    assert (both["tokens"] + found.unexplained <= both["words"]).all()
    assert frame["text"].is_sorted()
    assert frame["alternative"].is_sorted()
    assert frame.group_by("alternative").agg(pl.col("text").n_unique())["text"].max() in {None, 1}


@given(st.lists(texts, min_size=1, max_size=12, unique=True))
@settings(max_examples=25, deadline=None)
def test_each_text_is_read_on_its_own(several):
    _, together = _find(*several)
    for at, text in enumerate(several):
        mine = together.filter(pl.col("text") == at)
        alone = _find(text)[1]
        columns = ["key", "tokens", "respelt", "whole", "neutral", "capitals_count", "tail_counts"]
        assert mine.select(columns).equals(alone.select(columns))
        assert mine["alternative"].rle_id().equals(alone["alternative"].rle_id())
