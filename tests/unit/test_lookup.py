"""The index: it finds what a join finds, each as often as it is there."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from assets.lookup import Index

texts = st.lists(st.text("abñ東 ", max_size=3), max_size=60)


@given(column=texts, asked=texts)
def test_texts_are_found_where_they_stand(column, asked):
    column, asked = (pl.Series(rows, dtype=pl.String) for rows in (column, asked))
    at, rows = Index(column).find(asked)
    expected = {(i, j) for i, text in enumerate(asked) for j, other in enumerate(column) if text == other}
    assert len(at) == len(rows) == len(expected)
    assert set(zip(at.tolist(), rows.tolist(), strict=True)) == expected


def test_texts_of_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(pl.Series, "hash", lambda series: pl.Series([7] * len(series), dtype=pl.UInt64))
    at, rows = Index(pl.Series(["lagos", "lima"])).find(pl.Series(["lima", "jakarta"]))
    assert (at.tolist(), rows.tolist()) == ([0], [1])
