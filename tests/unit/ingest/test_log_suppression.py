"""Which counts of a reduced log are hidden, against the rule written as loops."""

from collections import defaultdict
from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.ingest.log_suppression import hide

LEAST = 10
SCHEMA = {
    "repository": pl.String,
    "repository_kind": pl.String,
    "span": pl.String,
    "period": pl.Date,
    "level": pl.String,
    "country": pl.String,
    "region_id": pl.String,
    "requests": pl.Int64,
    "downloads": pl.Int64,
    "downloaders": pl.Int64,
}


def cells_of(people):
    """Turn people by (day, country, region) into all cells that add up."""
    cells = defaultdict(int)
    for (day, country, region), count in people.items():
        for span, period in (("day", date(2026, 8, day)), ("month", date(2026, 8, 1))):
            cells[span, period, "admin1", country, region] += count
            cells[span, period, "country", country, country] += count
            cells[span, period, "world", "world", "world"] += count
    rows = [("lab/a", "model", *cell, 2 * count, count, count) for cell, count in cells.items()]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def sums_of(table):
    """Return every total with its parts, as rows."""
    rows = table.to_dicts()
    for total in rows:
        same_time = [row for row in rows if (row["span"], row["period"]) == (total["span"], total["period"])]
        if total["level"] == "world":
            yield total, [row for row in same_time if row["level"] == "country"]
        if total["level"] == "country":
            yield total, [row for row in same_time if row["level"] == "admin1" and row["country"] == total["country"]]
        if total["span"] == "month":
            yield total, [row for row in rows if row["span"] == "day" and row["region_id"] == total["region_id"]]


PEOPLE = st.dictionaries(
    st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from(["NG", "ID", "PE"]), st.sampled_from(["-A", "-B", "-C"])).map(
        lambda key: (key[0], key[1], key[1] + key[2])
    ),
    st.one_of(st.integers(1, 12), st.integers(1, 100)),
    min_size=1,
)


@settings(deadline=None)
@given(PEOPLE)
def test_nothing_shown_gives_away_fewer_than_ten_people(people):
    cells = cells_of(people)
    key = ["span", "period", "country", "region_id"]
    hidden = hide(cells)
    table = hidden.select(*key, "suppressed", shown="downloaders").join(cells, on=key)
    assert table.height == cells.height
    for row in table.to_dicts():
        assert row["suppressed"] or row["downloaders"] >= LEAST
        assert row["shown"] == (None if row["suppressed"] else row["downloaders"])
    for total, parts in sums_of(table):
        concealed = [part["downloaders"] for part in parts if part["suppressed"]]
        if total["suppressed"]:
            assert concealed
        elif 0 < len(concealed) < len(parts):
            assert len(concealed) > 1
            assert max(concealed) >= LEAST
        elif concealed:
            assert len(parts) > 1


@settings(deadline=None)
@given(st.integers(10, 50), st.integers(10, 50))
def test_where_all_are_enough_nothing_is_hidden(first, second):
    assert not hide(cells_of({(1, "NG", "NG-A"): first, (2, "NG", "NG-B"): second}))["suppressed"].any()


def test_a_lone_small_part_takes_the_smallest_other_with_it():
    people = {(1, "NG", "NG-A"): 3, (1, "NG", "NG-B"): 40, (1, "NG", "NG-C"): 20, (1, "ID", "ID-A"): 90}
    table = hide(cells_of(people)).filter(pl.col("suppressed") & (pl.col("span") == "day"))
    assert sorted(table["region_id"]) == ["NG-A", "NG-C"]


def test_all_counts_of_a_hidden_cell_are_absent():
    table = hide(cells_of({(1, "NG", "NG-A"): 3}))
    assert table["suppressed"].all()
    assert table.select("requests", "downloads", "downloaders").null_count().row(0) == (table.height,) * 3
