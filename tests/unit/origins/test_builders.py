"""The table of regional builders: the file that ships, and every way in which it can be wrong."""

import polars as pl
import pytest

from assets.origins.builders import load_builders, metros_by_city
from assets.origins.curated import RegistryError
from assets.schemas import TableError
from maps.geometry.regions import load_regions

LINE = {
    "organisation": "Acme",
    "model": "Anvil",
    "base_model": "Qwen3-8B",
    "country": "NG",
    "city": "Lagos",
    "base_organisation": "Alibaba",
    "base_country": "CN",
    "released_on": "2025-06-01",
    "date_basis": "release",
    "evidence_url": "https://example.org/anvil",
    "verified_on": "2026-11-25",
    "note": "",
}


@pytest.fixture
def load(tmp_path):
    def load(*changes):
        path = tmp_path / "builders.csv"
        pl.DataFrame([LINE | change for change in changes]).write_csv(path, quote_style="necessary")
        return load_builders(path)

    return load


@pytest.fixture(scope="module")
def shipped():
    return load_builders()


class TestShippedFile:
    def test_is_well_documented_and_spread_over_the_world(self, shipped):
        assert shipped.height >= 30
        assert shipped["country"].n_unique() >= 20
        assert set(shipped["base_origin"]) == {"CN", "US", "other"}

    def test_nobody_at_home_in_cn_or_us(self, shipped):
        assert not shipped["country"].is_in(["CN", "US"]).any()

    def test_metros_are_those_of_the_watch_list(self, shipped):
        metros = set(load_regions().filter(pl.col("level") == "metro")["region_id"])
        found = shipped.drop_nulls("metro")
        assert set(found["metro"]) <= metros
        assert {"metro:jakarta", "metro:lagos", "metro:bangkok", "metro:santiago"} <= set(found["metro"])

    @pytest.mark.parametrize(
        ("model", "origins"),
        [
            ("Gemma-SEA-LION-v4-27B", {"US"}),
            ("Qwen-SEA-LION-v4-32B", {"CN"}),
            ("Typhoon 2", {"CN", "US"}),
            ("Latam-GPT 70B 1.0", {"US"}),
            ("Bielik 11B v2", {"other"}),
        ],
    )
    def test_known_choices(self, shipped, model, origins):
        assert set(shipped.filter(model=model)["base_origin"]) == origins


def test_metro_and_origin_are_found_not_written(load):
    row = load({}).row(0, named=True)
    assert (row["metro"], row["base_origin"]) == ("metro:lagos", "CN")


def test_a_suburb_belongs_to_its_metro_and_a_namesake_elsewhere_to_none(load):
    table = load({"city": "Ikeja"}, {"country": "ZA", "model": "Bolt"})
    assert table["metro"].to_list()[1] is None


def test_an_unknown_city_is_no_metro(load):
    assert load({"city": ""})["metro"].to_list() == [None]


def test_a_city_has_one_metro():
    assert not metros_by_city().select("country", "city").is_duplicated().any()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([{"country": "XQ"}], r"row 1 \('Anvil' of 'Acme'\): country 'XQ' is no country.*write"),
        ([{"base_country": "US"}], r"base_country is 'US', but the publisher registry places 'Alibaba' in CN, SG"),
        (
            [{"organisation": "AI Singapore", "country": "MY", "city": ""}],
            r"country is 'MY', but the publisher registry places 'AI Singapore' in SG; make them agree",
        ),
        (
            [{"organisation": "AI Singapore", "country": "SG", "city": "Jurong"}],
            r"city is 'Jurong', but the publisher registry has 'Singapore'",
        ),
        ([{"model": "B"}, {"model": "A"}], r"row 2 \('A' of 'Acme'\) stands after row 1"),
        ([{"model": "Anvil "}], r"model 'Anvil ' begins or ends with a blank"),
        ([{"released_on": "June 2025"}], r"row 1: released_on is 'June 2025'; write a date"),
    ],
)
def test_rows_that_contradict(load, changes, words):
    with pytest.raises(RegistryError, match=words) as refusal:
        load(*changes)
    assert "builders.csv" in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"country": "CN", "city": ""}, "home_is_neither"),
        ({"evidence_url": ""}, "evidence_url"),
        ({"evidence_url": "example.org"}, "evidence_url"),
        ({"verified_on": ""}, "verified_on"),
        ({"date_basis": "rumour"}, "date_basis"),
        ({"base_country": "ZZ", "base_organisation": "Initech"}, "base_origin"),
    ],
)
def test_rows_that_do_not_meet_the_declaration(load, change, words):
    with pytest.raises(TableError, match=rf"(?s)builders\.csv.*{words}"):
        load(change)


def test_a_missing_column(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("organisation\nAcme\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"short\.csv: table builders lacks .*base_model"):
        load_builders(path)
