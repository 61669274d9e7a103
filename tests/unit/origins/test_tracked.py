"""Tracked repositories and packages: the files that ship, and every way in which they can be wrong."""

from pathlib import Path

import polars as pl
import pytest

from assets.origins.curated import RegistryError
from assets.origins.registry import load_publishers
from assets.origins.tracked import load_packages, load_repositories, organisation_countries
from assets.schemas import TableError

COUNTRIES = frozenset(["CN", "US", "SG", "FR", "KR", "NA"])
REGISTRY_LINE = {
    "platform": "huggingface",
    "headquarters": "CN",
    "city": "",
    "control": "CN",
    "valid_from": "2022-01-01",
    "valid_to": "",
    "alias_of": "",
    "organisation_type": "company",
    "families": "",
    "role": "lab",
    "review_state": "unreviewed",
    "evidence_url": "",
    "reviewed_on": "",
    "note": "",
}
REPOSITORY = {
    "repository": "acme/model",
    "organisation": "Acme",
    "headquarters": "",
    "kind": "model",
    "family": "Anvil",
    "alias_of": "",
    "verification": "public_index",
    "verified_on": "2026-11-25",
    "note": "",
}
PACKAGE = {
    "package": "anvil",
    "organisation": "Acme",
    "headquarters": "",
    "signal_class": "model_helper",
    "family": "Anvil",
    "headline": "true",
    "verification": "public_index",
    "verified_on": "2026-11-25",
    "note": "",
}


def _write(path: Path, rows) -> Path:
    pl.DataFrame(rows).write_csv(path, quote_style="necessary")
    return path


@pytest.fixture
def publishers(tmp_path):
    """Acme sits in CN, Globex in CN and SG."""
    rows = [
        REGISTRY_LINE | {"account": "acme", "organisation": "Acme"},
        REGISTRY_LINE | {"account": "globex", "organisation": "Globex"},
        REGISTRY_LINE | {"account": "globex-sg", "organisation": "Globex", "headquarters": "SG"},
    ]
    return load_publishers(_write(tmp_path / "publishers.csv", rows), known_countries=COUNTRIES)


@pytest.fixture
def repositories(tmp_path, publishers):
    def load(*changes):
        path = _write(tmp_path / "tracked.csv", [REPOSITORY | change for change in changes])
        return load_repositories(path, publishers=publishers, known_countries=COUNTRIES)

    return load


@pytest.fixture
def packages(tmp_path, publishers):
    def load(*changes):
        path = _write(tmp_path / "tracked.csv", [PACKAGE | change for change in changes])
        return load_packages(path, publishers=publishers, known_countries=COUNTRIES)

    return load


class TestShippedFiles:
    def test_repositories_cover_both_sides_and_others(self):
        table = load_repositories()
        assert table.filter(pl.col("alias_of").is_null()).height >= 200
        counts = dict(table.group_by("origin").len().iter_rows())
        assert min(counts["CN"], counts["US"]) >= 60
        assert counts["other"] >= 30

    def test_every_shipped_repository_and_package_was_looked_up(self):
        assert set(load_repositories()["verification"]) == {"public_index"}
        assert set(load_packages()["verification"]) == {"public_index"}

    def test_renamed_repositories_are_one(self):
        table = load_repositories()
        present = dict(table.drop_nulls("alias_of").select("repository", "alias_of").iter_rows())
        assert present["THUDM/CogVideo"] == "zai-org/CogVideo"
        assert present["UKPLab/sentence-transformers"] == "huggingface/sentence-transformers"
        assert set(present.values()) <= set(table["repository"])

    def test_owners_map_through_the_organisations_of_the_publishers(self):
        table, known = load_repositories(), organisation_countries(load_publishers())
        shared = table.filter(pl.col("organisation").is_in(list(known)))
        assert shared.height / table.height > 0.9
        assert set(shared.filter(owner="deepseek-ai")["country"]) == {"CN"}
        assert set(table.filter(owner="mistralai")["origin"]) == {"other"}

    def test_openai_is_kept_out_of_the_headline_and_says_why(self):
        row = load_packages().row(by_predicate=pl.col("package") == "openai", named=True)
        assert (row["origin"], row["signal_class"], row["headline"]) == ("US", "vendor_sdk", False)
        assert "Contaminated" in row["note"]

    def test_every_signal_class_is_there_and_runtimes_take_no_side(self):
        table = load_packages()
        assert set(table["signal_class"]) == {"model_helper", "vendor_sdk", "runtime", "framework"}
        assert {"transformers", "vllm", "llama-cpp-python", "ollama"} <= set(
            table.filter(signal_class="runtime")["package"]
        )
        assert not table.filter(pl.col("signal_class").is_in(["runtime", "framework"]))["headline"].any()

    def test_each_side_of_the_headline_has_helpers_and_sdks(self):
        headline = load_packages().filter("headline").group_by("origin", "signal_class").len()
        assert headline.height == 4
        assert headline["len"].min() >= 5


def test_the_country_comes_from_the_publisher_registry(repositories):
    row = repositories({}).row(0, named=True)
    assert (row["owner"], row["country"], row["origin"]) == ("acme", "CN", "CN")


def test_an_organisation_in_several_countries_needs_one_of_them(repositories):
    table = repositories({"organisation": "Globex", "headquarters": "SG"})
    assert table.row(0, named=True)["origin"] == "other"


def test_an_organisation_outside_the_registry_gives_its_country(repositories):
    table = repositories({"organisation": "Initech", "headquarters": "NA"})
    assert table["country"].to_list() == ["NA"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([{"organisation": "Acmee"}], r"row 1 \('acme/model'\): the publisher registry has no organisation 'Acmee'"),
        ([{"headquarters": "US"}], r"is 'US', but the publisher registry places 'Acme' in CN; leave it empty"),
        ([{"organisation": "Globex"}], r"places 'Globex' in CN, SG; give one of them"),
        ([{"organisation": "Globex", "headquarters": "US"}], r"places 'Globex' in CN, SG; give one of them"),
        ([{"organisation": "Initech", "headquarters": "XQ"}], r"headquarters 'XQ' is no country.*write"),
        ([{"organisation": "Initech", "headquarters": "ZZ"}], r"say in the note why no base is known"),
        ([{"repository": "b/b"}, {"repository": "a/a"}], r"row 2 \('a/a'\) stands after row 1 \('b/b'\); sort"),
        ([{"organisation": "Acme "}], r"organisation 'Acme ' begins or ends with a blank"),
        ([{"alias_of": "gone/model"}], r"row 1 \('acme/model'\): alias_of 'gone/model' has no row; add"),
        (
            [{"repository": "a/a", "alias_of": "b/b"}, {"repository": "b/b", "alias_of": "a/a"}],
            r"alias_of 'b/b' is itself an alias \(of 'a/a'\)",
        ),
        (
            [{"repository": "a/a", "alias_of": "b/b"}, {"repository": "b/b", "family": "Other"}],
            r"differs in organisation, country, kind or family",
        ),
        ([{"verified_on": "25.11.2026"}], r"row 1: verified_on is '25.11.2026'; write a date"),
    ],
)
def test_repositories_that_contradict(repositories, changes, words):
    with pytest.raises(RegistryError, match=words) as refusal:
        repositories(*changes)
    assert "tracked.csv" in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"repository": "acme"}, "repository"),
        ({"kind": "toy"}, "kind"),
        ({"family": ""}, "model_has_family"),
        ({"verified_on": ""}, "verified_has_day"),
        ({"verification": "unverified"}, "verified_has_day"),
    ],
)
def test_repositories_that_do_not_meet_the_declaration(repositories, change, words):
    with pytest.raises(TableError, match=rf"(?s)tracked\.csv.*{words}"):
        repositories(change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"package": "Anvil"}, "package"),
        ({"package": "an_vil"}, "package"),
        ({"signal_class": "runtime"}, "headline_takes_sides"),
        ({"organisation": "Globex", "headquarters": "SG"}, "headline_takes_sides"),
        ({"headline": "false"}, "exclusion_has_note"),
    ],
)
def test_packages_that_do_not_meet_the_declaration(packages, change, words):
    with pytest.raises(TableError, match=rf"(?s)tracked\.csv.*{words}"):
        packages(change)


def test_a_flag_is_true_or_false(packages):
    with pytest.raises(RegistryError, match=r"row 1: headline is 'yes'; write true or false"):
        packages({"headline": "yes"})


def test_all_problems_are_listed(packages):
    with pytest.raises(RegistryError, match=r"2 problem\(s\)"):
        packages({"organisation": "Acmee"}, {"package": "bolt", "organisation": "Globex"})


def test_a_missing_column(tmp_path, publishers):
    path = tmp_path / "short.csv"
    path.write_text("package\nanvil\n", encoding="utf-8")
    with pytest.raises(RegistryError, match=r"(?s)short\.csv: .*organisation, headquarters, note are missing"):
        load_packages(path, publishers=publishers, known_countries=COUNTRIES)
