"""Identities: texts found among millions, verified, and what an id may be."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.origins import identities
from assets.origins.identities import IdentityError, Index, account_of, before_slash, name_of

texts = st.lists(st.text(max_size=6), max_size=30)


@given(st.lists(st.text(max_size=6), unique=True, max_size=30), texts)
def test_places_are_those_of_a_dictionary(ids, wanted):
    places = {text: place for place, text in enumerate(ids)}
    found = Index(pl.Series(ids, dtype=pl.String)).positions(pl.Series(wanted, dtype=pl.String))
    assert found.tolist() == [places.get(text, -1) for text in wanted]


def test_portions_and_chunks_change_nothing(monkeypatch):
    monkeypatch.setattr(identities, "PORTION", 7)
    ids = pl.concat([pl.Series([f"a/{n}" for n in range(50)]), pl.Series(["b/x"])])
    wanted = pl.Series(["b/x", None, "none", *ids.to_list()])
    assert Index(ids).positions(wanted).tolist() == [50, -1, -1, *range(51)]


def test_texts_that_share_a_hash_are_told_apart(monkeypatch):
    honest = pl.Series.hash
    # Everything has the same hash as its first letter.
    monkeypatch.setattr(pl.Series, "hash", lambda self: honest(self.str.slice(0, 1)))
    assert Index(pl.Series(["ab", "cd"])).positions(pl.Series(["ax", "cd", "ab"])).tolist() == [-1, 1, 0]
    assert Index(pl.Series(["ab", "ac"])).positions(pl.Series(["ac", "ab"])).tolist() == [1, 0]


def test_an_id_that_stands_twice_is_named():
    with pytest.raises(IdentityError, match="'a/x' is listed twice"):
        Index(pl.Series(["a/x", "b/y", "a/x"]))


@pytest.mark.parametrize(
    ("text", "account", "name"),
    [
        ("Qwen/Qwen3-8B", "Qwen", "Qwen3-8B"),
        ("gpt2", None, "gpt2"),
        ("./checkpoints/llama", None, "checkpoints/llama"),
        ("C:\\Models\\x", None, "C:\\Models\\x"),
        ("../base", None, "base"),
    ],
)
def test_accounts_and_names(text, account, name):
    assert account_of(pl.Series([text]))[0] == account
    assert name_of(pl.Series([text]))[0] == name


def test_what_stands_before_the_slash():
    assert before_slash(pl.Series(["a/b", "gpt2"])).to_list() == ["a", None]
