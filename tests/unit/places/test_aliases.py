"""The curated names: each rule refuses a broken table, and every line of ours holds."""

from functools import cache

import polars as pl
import pytest

from assets.places import names as module
from assets.places.aliases import ALIAS_COLUMNS, ALIASES_FILE, alias_names, load_aliases
from assets.places.locate import NO_NAME, NO_PLACE, SEVERAL_COUNTRIES, locate
from assets.places.names import KINDS, GazetteerError, read_cities
from assets.places.text import key_of

CLEAR = 0.66
"""Share from which on the first meaning of a name is an answer."""


@cache
def _cities():
    return read_cities()


def _with_table(monkeypatch, tmp_path, *lines, header=None):
    (tmp_path / ALIASES_FILE).write_text("\n".join([header or ",".join(ALIAS_COLUMNS), *lines, ""]), encoding="utf-8")
    monkeypatch.setattr(module, "files", lambda _: tmp_path)


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ([",DE,,,country,any,,"], 2, "alias is empty"),
        (["Teutonia,DE,,,land,any,,"], 2, "kind is none of country, admin1"),
        (["Teutonia,DE,,,,any,,"], 2, "kind is none of"),
        (["Teutonia,DE,,,country,lower,,"], 2, "case is neither any nor upper"),
        (["Teutonia,DE,,,country,tail,,"], 2, "case is neither"),
        (["Teutonia,DE,,,country,,,"], 2, "case is neither"),
        (["Spreeathen,DE,DE-BE,Berlin,city,any,,"], 2, "geonameid is no number"),
        (["Teutonia,DE,,,country,any,much,"], 2, "weight is no share between 0 and 1"),
        (["Teutonia,DE,,,country,any,1.5,"], 2, "weight is no share"),
        (["Teutonia,DE,,,country,any,0,"], 2, "weight is no share"),
        (["Teutonia,DE,,,country,any,-0.5,"], 2, "weight is no share"),
        (["Teutonia,,,,country,any,,"], 2, "country is missing"),
        (["Teutonia,,DE-BE,,region,any,,"], 2, "country is missing"),
        (["my desk,DE,,,nonplace,any,,"], 2, "given for what is no place"),
        (["Atlantic,US,,,multinational,any,,"], 2, "given for what is no place"),
        (["Teutonia,DE,,,country,any,,", "Teutonia,DE,,,region,any,,"], 2, "listed twice"),
        (["Scotia,GB,GB-SCT,,country,any,,"], 2, "a country has no subdivision"),
        (["Edo. Méx./CDMX,MX,,,region,any,,"], 2, "a sign that separates places"),
        (["Gallia,FR,,,country,any,,", "Teutonia,DE,,,land,any,,"], 3, "kind is none of"),
    ],
)
def test_a_broken_line_is_refused_by_its_number_and_rule(lines, line, said, monkeypatch, tmp_path):
    _with_table(monkeypatch, tmp_path, *lines)
    with pytest.raises(GazetteerError, match=rf"aliases\.csv: line {line}: .*{said}"):
        load_aliases()


@pytest.mark.parametrize("header", ["alias,country", "name,country,admin1,geonameid,kind,case,weight,note"])
def test_other_columns_are_refused_with_the_right_ones(header, monkeypatch, tmp_path):
    _with_table(monkeypatch, tmp_path, header=header)
    with pytest.raises(GazetteerError, match=r"aliases\.csv: the columns are .*; write alias, country, admin1"):
        load_aliases()


def test_a_sound_table_is_read_with_its_types(monkeypatch, tmp_path):
    _with_table(monkeypatch, tmp_path, "Namland,NA,,,country,any,,", "Naam,NA,NA-KH,3352136,city,upper,0.5,open")
    frame = load_aliases()
    assert frame["country"].to_list() == ["NA", "NA"]
    assert frame.select("geonameid", "weight").rows() == [(None, None), (3352136, 0.5)]


def test_an_id_of_another_country_is_refused(monkeypatch, tmp_path):
    cities = _cities()
    _with_table(monkeypatch, tmp_path, "Spreeathen,FR,,2950159,city,any,,")
    with pytest.raises(GazetteerError, match=r"'Spreeathen': GeoNames id 2950159 is no place of FR; look it up"):
        alias_names(cities)


def test_an_id_of_no_place_is_refused(monkeypatch, tmp_path):
    cities = _cities()
    _with_table(monkeypatch, tmp_path, "Spreeathen,DE,,1,city,any,,")
    with pytest.raises(GazetteerError, match="GeoNames id 1 is no place of DE"):
        alias_names(cities)


@cache
def _lines():
    """Lines of the table with what is answered for them; lines that speak of one text share its meanings.

    Upper-case lines are typed in capitals. ``meanings`` counts the countries that lines of the same key give to a text
    typed like this.
    """
    table = load_aliases().with_row_index("line", offset=2)
    lines = table.with_columns(
        key=key_of(pl.col("alias")),
        typed=pl.when(pl.col("case") == "upper").then(pl.col("alias").str.to_uppercase()).otherwise("alias"),
    ).with_columns(capitals=pl.col("typed") == pl.col("typed").str.to_uppercase())
    rivals = lines.join(
        lines.select("key", other_case="case", other="country", other_admin1="admin1", other_id="geonameid"), on="key"
    ).filter(pl.col("capitals") | (pl.col("other_case") == "any"))
    meanings = rivals.group_by("line").agg(
        countries=pl.col("other").drop_nulls().unique().sort(),
        one_admin1=pl.col("other_admin1").n_unique() == 1,
        one_city=pl.col("other_id").n_unique() == 1,
        placeless=pl.col("other").is_null().any(),
    )
    answers = locate(lines["typed"]).rename(lambda name: f"got_{name}")
    return lines.hstack(answers).join(meanings, on="line", maintain_order="left")


def _assert_all(lines, holds):
    wrong = lines.filter(~holds.fill_null(value=False))
    said = wrong.select("line", "typed", "kind", "country", "admin1", "geonameid", "^got_.*$").to_dicts()
    listed = "\n".join(str({column: value for column, value in row.items() if value is not None}) for row in said[:60])
    assert wrong.is_empty(), f"{wrong.height} of {lines.height} lines do not hold:\n{listed}"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"nonplace", "multinational"}])
def test_every_line_with_one_meaning_gives_its_place(kind):
    lines = _lines().filter(pl.col("kind") == kind, pl.col("countries").list.len() == 1, ~pl.col("placeless"))
    _assert_all(
        lines,
        (pl.col("country") == pl.col("got_country"))
        & (
            pl.col("admin1").is_null()
            | ~pl.col("one_admin1")
            | (pl.col("admin1") == pl.col("got_admin1")).fill_null(value=False)
        )
        & (
            pl.col("geonameid").is_null()
            | ~pl.col("one_city")
            | (
                pl.col("got_city_geonameid").is_null()
                if kind == "region"
                else pl.col("geonameid").eq_missing(pl.col("got_city_geonameid"))
            )
        ),
    )


def test_words_that_name_no_place_are_not_answered():
    lines = _lines().filter(pl.col("kind") == "nonplace", pl.col("countries").list.len() == 0)
    _assert_all(
        lines, pl.col("got_country").is_null() & pl.col("got_reason").is_in([NO_PLACE, NO_NAME, SEVERAL_COUNTRIES])
    )


def test_names_of_several_countries_are_not_answered():
    lines = _lines().filter(pl.col("kind") == "multinational", pl.col("countries").list.len() == 0)
    says_so = (pl.col("got_reason") == SEVERAL_COUNTRIES) | pl.col("got_reason").str.starts_with("open")
    _assert_all(lines, pl.col("got_country").is_null() & says_so)


@cache
def _open_lines():
    lines = _lines().filter(pl.col("countries").list.len() > 1)
    largest = (
        lines.group_by("typed", "country")
        .agg(pl.col("weight").fill_null(1.0).sum())
        .with_columns(share=pl.col("weight") / pl.col("weight").sum().over("typed"))
        .sort("share", descending=True)
        .group_by("typed", maintain_order=True)
        .agg(first=pl.col("country").first(), share=pl.col("share").first())
    )
    return lines.join(largest, on="typed")


def test_a_name_with_one_clear_meaning_gives_that_one():
    # Between the thresholds the packages' own places tip the balance.
    lines = _open_lines().filter(pl.col("share") >= CLEAR + 0.05)
    _assert_all(lines, pl.col("got_country") == pl.col("first"))


def test_a_name_with_several_meanings_and_no_clear_one_stays_open_among_them():
    lines = _open_lines().filter(pl.col("share") < CLEAR - 0.04)
    weights = pl.col("got_candidates").list.eval(pl.element().struct.field("country"))
    heavy = pl.col("weight").fill_null(1.0) >= 0.15
    _assert_all(lines, pl.col("got_country").is_null() & (~heavy | weights.list.contains(pl.col("country"))))


def test_an_answer_among_several_meanings_is_always_one_of_them():
    lines = _open_lines()
    _assert_all(lines, pl.col("got_country").is_null() | pl.col("countries").list.contains(pl.col("got_country")))


def test_shares_of_a_name_do_not_exceed_one():
    shares = load_aliases().group_by("alias", "case").agg(pl.col("weight").sum(), names=pl.len())
    assert shares.filter(pl.col("weight") > 1 + 1e-9).to_dicts() == []
