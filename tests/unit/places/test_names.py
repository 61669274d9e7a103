"""Names: what each source contributes, and that every line of our own table holds."""

from functools import cache

import polars as pl
import pytest

from assets.places import names as module
from assets.places.locate import NO_NAME, NO_PLACE, SEVERAL_COUNTRIES, locate
from assets.places.names import (
    ALIAS_COLUMNS,
    CASES,
    COLUMNS,
    KINDS,
    GazetteerError,
    airport_codes,
    alias_names,
    city_names,
    country_names,
    load_aliases,
    metro_names,
    read_cities,
    read_subdivisions,
    subdivision_codes,
    subdivision_names,
)
from assets.places.text import FLAG, key_of
from maps.geometry.regions import load_metros

CLEAR = 0.66
"""Share from which on the first meaning of a name is an answer."""


@cache
def _cities():
    return read_cities()


@cache
def _countries():
    return country_names()


@cache
def _city_names():
    return city_names(_cities(), _countries()).with_columns(key=key_of(pl.col("name")))


@cache
def _subdivisions():
    return read_subdivisions()


def _meanings(frame, name, *columns):
    return set(frame.filter(pl.col("name") == name).select(*columns).unique().iter_rows())


# Places and their subdivisions.


@pytest.mark.parametrize(
    ("name", "geonameid", "admin1"),
    [
        ("Lagos", 2332459, "NG-LA"),
        ("Jakarta", 1642911, "ID-JK"),
        ("Paris", 2988507, "FR-IDF"),
        ("London", 2643743, "GB-ENG"),
        ("Taichung", 1668399, "TW-TXG"),
        ("Male", 1282027, "MV-MLE"),
        ("Cork", 2965140, "IE-M"),
        ("Reykjavík", 3413829, "IS-1"),
        ("Windhoek", 3352136, "NA-KH"),
        ("Lima", 3936456, "PE-LMA"),
        ("Nairobi", 184745, "KE-30"),
        ("Mumbai", 1275339, "IN-MH"),
        ("Beijing", 1816670, "CN-BJ"),
        ("Istanbul", 745044, "TR-34"),
        ("Seoul", 1835848, "KR-11"),
        ("Tokyo", 1850147, "JP-13"),
        ("Moscow", 524901, "RU-MOW"),
        ("Bogotá", 3688689, "CO-DC"),
        ("Mexico City", 3530597, "MX-CMX"),
        ("Toronto", 6167865, "CA-ON"),
        ("Sydney", 2147714, "AU-NSW"),
        ("Hanoi", 1581130, "VN-HN"),
    ],
)
def test_a_city_lies_in_its_subdivision_of_iso_3166_2(name, geonameid, admin1):
    (row,) = _cities().filter(pl.col("geonameid") == geonameid).to_dicts()
    assert (row["name"], row["admin1"]) == (name, admin1)


def test_nearly_all_people_of_cities_have_a_subdivision_of_their_own_country():
    cities = _cities()
    assert cities["geonameid"].is_unique().all()
    known = cities.filter(pl.col("admin1").is_not_null())
    assert known["population"].sum() > 0.98 * cities["population"].sum()
    assert known.select((pl.col("admin1").str.slice(0, 3) == pl.col("country") + "-").all()).item()


def test_namibia_is_a_country_and_not_a_missing_value():
    assert _cities().filter(pl.col("country") == "NA").height > 20
    assert _subdivisions().filter(pl.col("country") == "NA", pl.col("level") == 1).height >= 13
    assert _meanings(_countries().filter(pl.col("prior") > 1e6), "Namibia", "country") == {("NA",)}


def test_subdivisions_have_two_levels_and_codes_of_their_country():
    frame = _subdivisions()
    assert set(frame["level"]) == {1, 2}
    coded = frame.filter(pl.col("iso").is_not_null(), pl.col("level") == 1)
    assert coded.height > 3000
    assert not frame.filter(pl.col("iso") == "").height
    assert {"US-CA", "NG-LA", "ID-JK", "BR-SP", "IN-KA", "CN-GD"} <= set(coded["iso"])


# Sources.


def test_every_source_contributes_rows_of_one_shape():
    cities, subdivisions = _cities(), _subdivisions()
    for frame in (
        _countries(),
        _city_names(),
        subdivision_names(subdivisions, cities),
        subdivision_codes(subdivisions, cities),
        airport_codes(cities),
        metro_names(cities),
        alias_names(cities),
    ):
        assert set(COLUMNS) <= set(frame.columns)
        assert set(frame["kind"]) <= set(KINDS)
        assert set(frame["case"]) <= set(CASES)
        assert frame.select((pl.col("prior") > 0).all()).item()
        assert not frame["name"].null_count()


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("Germany", "DE"), ("Deutschland", "DE"), ("Allemagne", "DE"), ("ドイツ", "DE"), ("Германия", "DE"),
        ("ألمانيا", "DE"), ("जर्मनी", "DE"), ("Saksa", "DE"), ("Kosovo", "XK"), ("Namibia", "NA"), ("Taiwan", "TW"),
        ("日本", "JP"), (FLAG + "ke", "KE"), ("KEN", "KE"), ("KE", "KE"),
    ],
)  # fmt: skip
def test_countries_go_by_names_of_all_languages_codes_and_flags(name, country):
    likeliest = _countries().filter(pl.col("name") == name).sort("prior", descending=True)
    assert likeliest["country"][0] == country


def test_codes_of_countries_count_only_as_codes_are_written():
    frame = _countries()
    assert _meanings(frame.filter(pl.col("country") == "DE"), "DE", "case") == {("tail",)}
    assert _meanings(frame.filter(pl.col("country") == "DE"), "DEU", "case") == {("upper",)}


def test_a_sovereign_may_stand_behind_its_territory_and_not_the_other_way_round():
    china = _countries().filter(pl.col("name") == "China")
    weight = dict(china.group_by("country").agg(pl.col("prior").max()).iter_rows())
    assert {"HK", "MO", "TW"} < set(weight)
    assert weight["CN"] > 100 * max(weight["HK"], weight["MO"], weight["TW"])
    assert _meanings(_countries(), "Hong Kong", "country") == {("HK",)}


@pytest.mark.parametrize("name", ["Munich", "München", "Monaco di Baviera", "Мюнхен", "ミュンヘン", "慕尼黑"])
def test_cities_go_by_their_names_in_all_scripts(name):
    assert 2867714 in set(_city_names().filter(pl.col("name") == name)["geonameid"])


def test_transliterations_in_small_letters_and_codes_are_no_names_of_cities():
    second = _city_names().filter("second_hand")
    assert second.height > 500_000
    small = pl.col("name").str.contains(r"^[\x00-\x7f]*$") & ~pl.col("name").str.contains("[A-Z]")
    assert not second.filter(small).height
    assert not second.filter(pl.col("name").str.contains(r"^[A-Z]{1,4}$")).height


def test_no_city_goes_by_the_name_of_a_foreign_country_but_by_its_own():
    second = _city_names().filter("second_hand")
    assert not second.filter(pl.col("key") == "germany").height
    assert not second.filter(pl.col("key") == "france", pl.col("country") != "FR").height


def test_a_capital_is_likelier_than_its_people_say():
    frame = _city_names().filter(~pl.col("second_hand"))
    people = dict(_cities().select("geonameid", "population").iter_rows())
    prior = dict(frame.select("geonameid", "prior").iter_rows())
    for capital, other in ((3352136, 3354247), (184745, 186301), (2988507, 2995469)):  # Windhoek, Nairobi, Paris
        assert prior[capital] / people[capital] > 2 * prior[other] / people[other]


@pytest.mark.parametrize(
    ("key", "admin1"),
    [
        ("california", "US-CA"),
        ("bavaria", "DE-BY"),
        ("lagos", "NG-LA"),
        ("gauteng", "ZA-GP"),
        ("guangdong", "CN-GD"),
        ("karnataka", "IN-KA"),
        ("sao paulo", "BR-SP"),
        ("ontario", "CA-ON"),
    ],
)
def test_subdivisions_go_by_their_names(key, admin1):
    frame = subdivision_names(_subdivisions(), _cities()).with_columns(name=key_of(pl.col("name")))
    assert (admin1, "admin1") in _meanings(frame, key, "admin1", "kind")


def test_counties_of_ireland_lie_in_its_provinces():
    frame = subdivision_names(_subdivisions(), _cities()).filter(pl.col("country") == "IE")
    assert set(frame["admin1"].drop_nulls()) <= {"IE-C", "IE-L", "IE-M", "IE-U"}


def test_letters_of_subdivisions_count_behind_a_name_and_with_the_country_in_capitals():
    frame = subdivision_codes(_subdivisions(), _cities())
    assert ("US-TX", "tail") in _meanings(frame, "TX", "admin1", "case")
    assert ("US-TX", "upper") in _meanings(frame, "US TX", "admin1", "case")
    prior = dict(frame.filter(pl.col("name") == "CA", pl.col("case") == "tail").select("admin1", "prior").iter_rows())
    assert max(prior, key=prior.get) == "US-CA"
    assert not frame.filter(pl.col("admin1").is_in(["CN-TW", "CN-HK", "FR-RE", "US-PR"])).height


@pytest.mark.parametrize(("code", "geonameid"), [("LOS", 2332459), ("NBO", 184745), ("SIN", 1880252)])
def test_airports_stand_for_their_cities_in_capitals(code, geonameid):
    assert _meanings(airport_codes(_cities()), code, "geonameid", "case") == {(geonameid, "upper")}


def test_other_names_of_metros_mean_their_core():
    frame = metro_names(_cities())
    for metro in load_metros():
        for alias in metro.aliases:
            assert metro.members[0].geonameid in set(frame.filter(pl.col("name") == alias)["geonameid"])


# Our own table: each rule refuses a broken one.


def _with_table(monkeypatch, tmp_path, *lines, header=None):
    (tmp_path / module.ALIASES_FILE).write_text(
        "\n".join([header or ",".join(ALIAS_COLUMNS), *lines, ""]), encoding="utf-8"
    )
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


# Our own table: every line holds.


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
    lines = _open_lines().filter(pl.col("share") >= CLEAR + 0.04)
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
