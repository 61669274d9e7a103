"""Actors: hashes that hide, keys that stay hidden, and evidence that never overrides what people say."""

import copy
import hashlib
import hmac
import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from assets.places import actors as module
from assets.places.actors import (
    ActorError,
    ActorKey,
    ActorKeyError,
    actor_ids,
    actor_places,
    load_key,
    no_personal_data,
)
from assets.places.mail_domains import country_of_domains
from assets.places.offsets import ONLY_ZERO, SEVERAL, infer
from assets.schemas import TABLES, validate
from tests.unit.places import world

SECRET = bytes(range(32))
KEY = ActorKey(SECRET)
OTHER_HEX = "ab" * 32
JANUARY, JULY = date(2025, 1, 1), date(2025, 7, 1)


def _hash(name):
    return hashlib.sha256(name.encode()).hexdigest()


# --- the hash


def test_an_actor_is_the_keyed_hash_of_the_account_number():
    expected = hmac.new(SECRET, b"github:583231", "sha256").hexdigest()
    assert actor_ids(pl.Series([583231]), KEY).to_list() == [expected]


@given(st.lists(st.one_of(st.none(), st.integers(1, 50)), max_size=40))
def test_the_same_person_is_the_same_actor_and_others_are_others(numbers):
    actors = actor_ids(pl.Series(numbers, dtype=pl.Int64), KEY)
    assert actors.name == "actor"
    assert [actor is None for actor in actors] == [number is None for number in numbers]
    pairs = set(zip(numbers, actors, strict=True))
    assert len(pairs) == len(set(numbers)) == len(set(actors))


def test_another_key_makes_other_actors():
    numbers = pl.Series([1, 2, 3])
    assert not set(actor_ids(numbers, KEY)) & set(actor_ids(numbers, ActorKey(bytes(32))))


def test_each_person_is_hashed_once(monkeypatch):
    calls = []
    monkeypatch.setattr(ActorKey, "hashed", lambda _, text: calls.append(text) or text)
    actor_ids(pl.Series([7, 7, 8, None] * 100), KEY)
    assert sorted(calls) == ["github:7", "github:8"]


@pytest.mark.parametrize(("numbers", "said"), [(["octo"], "not the login"), ([1.0], "Float64"), ([0, -3, 4], r"2 acc")])
def test_what_is_no_account_number_is_refused_without_naming_it(numbers, said):
    with pytest.raises(ActorError, match=said) as caught:
        actor_ids(pl.Series(numbers), KEY)
    assert "octo" not in str(caught.value)


# --- the key


def test_a_key_has_no_readable_form():
    for shown in (repr(KEY), str(KEY), f"{KEY}", format(KEY), repr([KEY])):
        assert SECRET.hex() not in shown
        assert "0x" not in shown
    assert not hasattr(KEY, "__dict__")
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(ActorKeyError, match="not pickled"):
            leave(KEY)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    first = load_key(tmp_path, environ={})
    path = tmp_path / "actor.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(path.read_text().strip())) == 32
    assert [file.name for file in tmp_path.iterdir()] == ["actor.key"]
    assert load_key(UPath(tmp_path), environ={}).hashed("x") == first.hashed("x")
    assert load_key(f"file://{tmp_path}", environ={}).hashed("x") == first.hashed("x")


def test_processes_that_start_together_agree_on_the_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_key(tmp_path, environ={}).hashed("x"), range(16)))
    assert len(set(keys)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["actor.key"]


def test_stores_have_keys_of_their_own(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert load_key(tmp_path / "a", environ={}).hashed("x") != load_key(tmp_path / "b", environ={}).hashed("x")


def test_the_variable_is_the_key_and_leaves_no_file(tmp_path):
    key = load_key(tmp_path, environ={"ATLAS_ACTOR_KEY": SECRET.hex()})
    assert key.hashed("x") == KEY.hashed("x")
    assert not list(tmp_path.iterdir())
    assert load_key("memory://store", environ={"ATLAS_ACTOR_KEY": SECRET.hex()}).hashed("x") == KEY.hashed("x")


def test_a_variable_that_contradicts_the_file_is_refused(tmp_path):
    load_key(tmp_path, environ={})
    with pytest.raises(ActorKeyError, match="hold different keys") as caught:
        load_key(tmp_path, environ={"ATLAS_ACTOR_KEY": OTHER_HEX})
    assert OTHER_HEX not in str(caught.value)


@pytest.mark.parametrize("value", ["", "abc", "zz" * 32, OTHER_HEX[:-2], OTHER_HEX + "!"])
def test_a_malformed_key_is_refused_and_not_shown(tmp_path, value):
    path = tmp_path / "actor.key"
    path.write_text(value)
    path.chmod(0o600)
    for environ, where in (({"ATLAS_ACTOR_KEY": value}, "ATLAS_ACTOR_KEY"), ({}, "actor.key")):
        with pytest.raises(ActorKeyError, match=where) as caught:
            load_key(tmp_path, environ=environ)
        assert caught.value.__cause__ is caught.value.__context__ is None
        assert len(value) < 8 or value[:8] not in str(caught.value)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o620])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    load_key(tmp_path, environ={})
    (tmp_path / "actor.key").chmod(mode)
    with pytest.raises(ActorKeyError, match=rf"mode {mode:04o}.*chmod 600"):
        load_key(tmp_path, environ={})


def test_a_remote_store_demands_the_variable():
    with pytest.raises(ActorKeyError, match=r"'memory'.*set ATLAS_ACTOR_KEY"):
        load_key("memory://store", environ={})


def test_a_store_that_does_not_exist_gets_no_key(tmp_path):
    with pytest.raises(ActorKeyError, match="does not exist yet"):
        load_key(tmp_path / "absent", environ={})
    assert not (tmp_path / "absent").exists()


def test_a_file_system_without_links_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(ActorKeyError, match=r"cannot create the key safely.*set ATLAS_ACTOR_KEY"):
        load_key(tmp_path, environ={})
    assert not list(tmp_path.iterdir())


# --- places


def _located(*rows):
    """Build rows as locate() gives them from (name, country, candidates, more)."""
    return pl.DataFrame(
        [
            {
                "actor": _hash(name),
                "country": country,
                "admin1": None,
                "city": None,
                "city_geonameid": None,
                "metro": None,
                "level": None if country is None else "country",
                "confidence": None if country is None else 0.97,
                "reason": None if country is not None else "names no place",
                "candidates": [{"country": c, "weight": w} for c, w in candidates.items()],
                **more,
            }
            for name, country, candidates, more in rows
        ],
        schema={
            "actor": pl.String,
            "country": pl.String,
            "admin1": pl.String,
            "city": pl.String,
            "city_geonameid": pl.Int64,
            "metro": pl.String,
            "level": pl.String,
            "confidence": pl.Float64,
            "reason": pl.String,
            "candidates": pl.List(pl.Struct({"country": pl.String, "weight": pl.Float64})),
        },
        orient="row",
    )


def _offsets(*rows):
    histograms = pl.DataFrame(
        [(_hash(name), month, minutes, 5) for name, month, minutes in rows],
        schema={"actor": pl.String, "month": pl.Date, "utc_offset_minutes": pl.Int64, "commits": pl.Int64},
        orient="row",
    )
    developers = pl.concat([world.developers(), pl.DataFrame({"country": ["GE"], "developers": [60.0]})])
    return infer(histograms, developers)


def _mail(*rows):
    domains = country_of_domains(pl.Series([domain for _, domain in rows], dtype=pl.String))
    return domains.with_columns(actor=pl.Series([_hash(name) for name, _ in rows], dtype=pl.String))


def _place(located, **evidence):
    rows = actor_places(located, **evidence)
    validate(rows, TABLES["attribute/actor_places"], where="test")
    assert rows.height == located.height
    return rows.row(0, named=True)


def test_what_a_person_says_stands_whatever_else_is_known():
    more = {"admin1": "KE-30", "city_geonameid": 184745, "metro": "metro:nairobi", "level": "city", "reason": "city"}
    located = _located(("a", "KE", {"KE": 1.0}, more))
    place = _place(located, offsets=_offsets(("a", JULY, 330)), mail=_mail(("a", "example.de")))
    assert place == _place(located)
    assert (place["country"], place["admin1"], place["city_geonameid"]) == ("KE", "KE-30", 184745)
    assert (place["evidence"], place["level"], place["confidence"]) == ("declared", "city", 0.97)


def test_silence_stays_silence_with_the_reason_of_the_text():
    place = _place(_located(("a", None, {}, {})))
    assert place["country"] is place["evidence"] is place["level"] is place["confidence"] is None
    assert place["reason"] == "names no place"
    assert _place(_located(("a", None, {}, {"reason": None})))["reason"] == module.NO_TEXT


def test_offsets_infer_a_country_where_the_text_is_silent():
    place = _place(_located(("a", None, {}, {})), offsets=_offsets(("a", JANUARY, 330), ("a", JULY, 330)))
    assert (place["country"], place["evidence"], place["level"]) == ("IN", "inferred", "country")
    assert place["reason"] == module.BY_OFFSET
    assert 0.75 <= place["confidence"] <= 1


@pytest.mark.parametrize(("minutes", "said"), [(480, SEVERAL), (0, ONLY_ZERO)])
def test_offsets_that_leave_it_open_add_their_reason(minutes, said):
    place = _place(_located(("a", None, {}, {})), offsets=_offsets(("a", JANUARY, minutes)))
    assert place["country"] is None
    assert place["reason"] == f"names no place; {said}"


def test_mail_infers_a_country_alone_or_where_offsets_agree():
    located = _located(("a", None, {}, {}))
    alone = _place(located, mail=_mail(("a", "example.sg")))
    assert (alone["country"], alone["evidence"], alone["reason"]) == ("SG", "inferred", module.BY_MAIL)
    assert alone["confidence"] is None  # never measured
    agreed = _place(located, mail=_mail(("a", "example.sg")), offsets=_offsets(("a", JULY, 480)), mail_confidence=0.8)
    assert (agreed["country"], agreed["reason"]) == ("SG", module.BY_MAIL_AND_OFFSET)
    assert agreed["confidence"] == 0.8


def test_evidence_that_contradicts_itself_names_nobody():
    located = _located(("a", None, {}, {}))
    clash = {"offsets": _offsets(("a", JANUARY, 330), ("a", JULY, 330)), "mail": _mail(("a", "example.de"))}
    two = {"mail": _mail(("a", "example.de"), ("a", "example.fr"))}
    for evidence in (clash, two):
        place = _place(located, **evidence)
        assert place["country"] is place["evidence"] is None
        assert place["reason"].endswith(module.CONTRADICTION)


def test_generic_mail_domains_are_no_evidence():
    place = _place(_located(("a", None, {}, {})), mail=_mail(("a", "example.io"), ("a", "qq.com"), ("a", None)))
    assert place["country"] is None
    assert place["reason"] == "names no place"


def test_offsets_decide_between_the_places_that_a_text_leaves_open():
    georgia = _located(("a", None, {"US": 0.7, "GE": 0.3}, {"reason": "ambiguous"}))
    assert _place(georgia)["country"] is None
    caucasus = _place(georgia, offsets=_offsets(("a", JANUARY, 240), ("a", JULY, 240)))
    atlanta = _place(georgia, offsets=_offsets(("a", JANUARY, -300), ("a", JULY, -240)))
    assert (caucasus["country"], atlanta["country"]) == ("GE", "US")
    assert caucasus["evidence"] == "inferred"
    assert module.TEXT_LEAVES_OPEN in caucasus["reason"]
    assert _place(georgia, mail=_mail(("a", "example.ge")))["country"] == "GE"


def test_no_other_evidence_leads_outside_what_the_text_leaves_open():
    georgia = _located(("a", None, {"US": 0.7, "GE": 0.3}, {"reason": "ambiguous"}))
    for evidence in (
        {"offsets": _offsets(("a", JANUARY, 330), ("a", JULY, 330))},
        {"mail": _mail(("a", "example.in"))},
        {"offsets": _offsets(("a", JANUARY, 240)), "mail": _mail(("a", "example.ru"))},
    ):
        place = _place(georgia, **evidence)
        assert place["country"] is None
        assert place["reason"] == f"ambiguous; {module.CONTRADICTION}"


countries = st.sampled_from(["US", "GE", "IN", "DE", "SG", None])


@given(countries, st.sampled_from(["example.de", "example.sg", "example.io", None]), st.sampled_from([0, 60, 330, 480]))
@settings(max_examples=40, deadline=None)
def test_every_combination_is_a_valid_row_and_text_always_wins(country, domain, minutes):
    located = _located(("a", country, {}, {}), ("b", None, {"DE": 0.5, "AT": 0.5}, {}))
    evidence = {
        "offsets": _offsets(("a", JANUARY, minutes), ("b", JANUARY, minutes)),
        "mail": _mail(("a", domain), ("b", domain)),
    }
    rows = validate(actor_places(located, **evidence), TABLES["attribute/actor_places"], where="test")
    first, second = (rows.row(by_predicate=pl.col("actor") == _hash(name), named=True) for name in "ab")
    if country is not None:
        assert (first["country"], first["evidence"]) == (country, "declared")
    assert second["country"] in {None, "DE", "AT"}
    assert actor_places(located[::-1], **evidence).equals(rows)


def test_no_text_of_the_person_leaves():
    located = _located(("a", "KE", {}, {"city": "Nairobi"})).with_columns(location=pl.lit("call me on 0700"))
    assert actor_places(located).columns == list(module.PLACES)
    quoting = pl.concat([_located((str(i), None, {}, {"reason": f"nothing like street {i}"})) for i in range(300)])
    with pytest.raises(ActorError, match="300 different reasons") as caught:
        actor_places(quoting)
    assert "street" not in str(caught.value)


def test_an_actor_stands_once_and_columns_are_there():
    row = _located(("a", "KE", {}, {}))
    with pytest.raises(ActorError, match="1 repeated") as caught:
        actor_places(pl.concat([row, row]))
    assert _hash("a") not in str(caught.value)
    with pytest.raises(ActorError, match=r"lacks the column\(s\) metro"):
        actor_places(row.drop("metro"))
    with pytest.raises(ActorError, match="mail evidence lacks"):
        actor_places(row, mail=pl.DataFrame({"actor": ["x"]}))


def test_no_actors_give_the_declared_shape():
    rows = actor_places(_located(), offsets=_offsets(), mail=_mail())
    assert rows.height == 0
    validate(rows, TABLES["attribute/actor_places"], where="test")


# --- the guard


@pytest.mark.parametrize(
    "text",
    [
        "someone@example.org",
        "write to Some.One+x@mail.example.co.uk!",
        "@some-one",
        "ask @someone",
        "(@someone)",
        "＠名前",
    ],
)
def test_addresses_and_logins_are_found_and_never_told(text):
    frame = pl.DataFrame({"n": [1, 2], "note": ["fine", text], "reason": [None, "names no place"]})
    assert no_personal_data(frame) == {"note": 1}
    assert no_personal_data(frame, vocabularies={"note"}) == {}


@pytest.mark.parametrize(
    "text", ["Nairobi", "deepseek-ai/DeepSeek-V3", "10 @ 5", "a @ b", "C++ @", "v1.2@", "package@1.2.30", ""]
)
def test_other_texts_pass(text):
    assert no_personal_data(pl.DataFrame({"note": [text, None]})) == {}


def test_lists_structs_and_enums_are_looked_into():
    frame = pl.DataFrame(
        {
            "people": [["x", "@someone"], [], None],
            "nested": [[{"who": "a@example.org"}], [], [{"who": "b"}]],
            "kind": pl.Series(["@a", "b", "b"], dtype=pl.Enum(["@a", "b"])),
            "when": [JULY, None, JANUARY],
        }
    )
    assert no_personal_data(frame) == {"people": 1, "nested": 1, "kind": 1}


def test_actor_places_holds_no_personal_data():
    assert no_personal_data(actor_places(_located(("a", "KE", {}, {}), ("b", None, {}, {})))) == {}
