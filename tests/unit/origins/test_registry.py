"""The publisher registry: the file that ships, its dated look-up, and every way in which it can be wrong."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.origins.registry import (
    PUBLISHER_COLUMNS,
    RegistryError,
    attach_publishers,
    load_publishers,
    origin_group,
    publishers_at,
)
from assets.schemas import TableError
from assets.schemas.attribute import Publishers
from maps.geometry.regions import load_regions

SOME_COUNTRIES = (
    "AE AR AU BE BG BR CA CH CL CN CZ DE DK EE ES FI FR GB GR HK ID IL IN IR IT JP KE KR LB LV MO MY NA NL NO "
    "PL PT QA RO RU SA SE SG SI TH TR TW US VN ZA"
)
COUNTRIES = frozenset(SOME_COUNTRIES.split())
EVIDENCE = "https://github.com/Interconnects-AI/tracked-models/blob/3cd8020/metadata/organization_regions.csv"
PANEL = {  # accounts that the monthly crawl follows
    "huggingface": (
        "01-ai AI4Chem Alibaba-NLP Alpha-VLLM BAAI ByteDance ByteDance-Seed EleutherAI FacebookAI FlagRelease "
        "HWERI HuggingFaceFW HuggingFaceH4 HuggingFaceTB OpenDILabCommunity OpenGVLab OpenMEDLab PaddlePaddle "
        "Qwen THUDM Tencent-Hunyuan TencentARC alibaba-pai alibabasglab allenai apple baichuan-inc baidu "
        "bytedance-research deepmind deepseek-ai distilbert facebook google google-bert google-t5 huawei-noah "
        "internlm lmsys meta-llama microsoft nvidia open-r1 openai openbmb openmmlab princeton-nlp "
        "sentence-transformers tencent tiiuae"
    ),
    "modelscope": (
        "01ai BAAI ByteDance ByteDance-Seed BytedanceDouyinContent OpenBMB OpenGVLab PaddlePaddle Qwen "
        "Shanghai_AI_Laboratory TencentARC TencentBAC ZhipuAI baichuan-inc bytedance-research deepseek-ai iic "
        "openbmb tencent-community"
    ),
}
LINE = {
    "platform": "huggingface",
    "account": "acme",
    "organisation": "Acme",
    "headquarters": "FR",
    "city": "",
    "control": "FR",
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


@pytest.fixture(scope="module")
def shipped() -> pl.DataFrame:
    return load_publishers(known_countries=COUNTRIES)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., pl.DataFrame]:
    def load(*changes: dict[str, str]) -> pl.DataFrame:
        path = tmp_path / "registry.csv"
        pl.DataFrame([LINE | change for change in changes]).write_csv(path, quote_style="necessary")
        return load_publishers(path, known_countries=COUNTRIES)

    return load


def _on(publishers: pl.DataFrame, account: str, day: date, platform: str = "huggingface") -> dict[str, str]:
    found = publishers_at(publishers, day).filter(platform=platform, account=account)
    return found.row(0, named=True)


class TestShippedFile:
    def test_is_sorted_as_documented(self, shipped):
        keys = shipped.select("platform", "account", "valid_from").rows()
        assert keys == sorted(keys)

    def test_countries_are_those_of_the_region_registry(self, shipped):
        regions = load_regions()
        countries = set(regions.filter(pl.col("level") == "country")["region_id"])
        assert set(shipped["headquarters"]) | set(shipped["control"]) <= countries | {"ZZ"}
        assert load_publishers().equals(shipped)

    def test_review_states(self, shipped):
        counts = dict(shipped["review_state"].value_counts().rows())
        assert counts["reviewed"] >= 80
        assert counts["group_reviewed"] >= 30
        assert counts["unreviewed"] > 0

    def test_reviewed_is_cn_or_us_and_group_reviewed_is_neither(self, shipped):
        groups = shipped.select("review_state", origin=origin_group("headquarters")).unique()
        assert set(groups.filter(review_state="reviewed")["origin"]) == {"CN", "US"}
        assert set(groups.filter(review_state="group_reviewed")["origin"]) == {"other"}

    def test_evidence_is_the_pinned_list_or_a_page_of_its_own(self, shipped):
        checked = shipped.filter(pl.col("review_state") != "unreviewed")
        by_list = checked.filter(evidence_url=EVIDENCE)
        assert by_list.height >= 110
        assert set(by_list["reviewed_on"]) == {date(2026, 11, 23)}
        assert set(by_list["platform"]) == {"huggingface"}
        by_page = checked.filter(pl.col("evidence_url") != EVIDENCE)
        assert by_page["evidence_url"].str.starts_with("https://").all()
        unchecked = shipped.filter(review_state="unreviewed")
        assert unchecked.select("evidence_url", "reviewed_on").null_count().row(0) == (unchecked.height,) * 2

    def test_a_page_ties_an_account_to_an_organisation_that_the_list_confirms(self, shipped):
        confirmed = set(shipped.filter(evidence_url=EVIDENCE).select("organisation", "headquarters").rows())
        by_page = shipped.filter(pl.col("review_state") == "reviewed", pl.col("evidence_url") != EVIDENCE)
        assert by_page.height >= 9
        assert set(by_page.select("organisation", "headquarters").rows()) <= confirmed

    def test_a_city_lies_in_one_country(self, shipped):
        places = shipped.drop_nulls("city").select("city", "headquarters").unique()
        assert not places["city"].is_duplicated().any()
        assert "ZZ" not in set(places["headquarters"])

    def test_cities_are_known_where_regional_builders_sit(self, shipped):
        regional = shipped.filter(~pl.col("headquarters").is_in(["CN", "US", "ZZ"]))
        assert 1 - regional["city"].null_count() / regional.height > 0.8

    def test_disagreements_with_the_evidence_are_named_and_unreviewed(self, shipped):
        for account in ("ai21labs", "jinaai", "sensenova"):
            row = shipped.filter(platform="huggingface", account=account).row(-1, named=True)
            assert row["review_state"] == "unreviewed"
            assert re.search(r"ATOM says (us|eu|china)", row["note"])

    def test_no_single_base_says_why(self, shipped):
        assert shipped.filter(headquarters="ZZ")["note"].null_count() == 0

    def test_every_account_of_the_crawled_panel_has_a_row(self, shipped):
        known = set(shipped.select("platform", "account").rows())
        panel = {(platform, name) for platform, names in PANEL.items() for name in names.split()}
        assert len(panel) == 69
        assert panel <= known

    def test_pseudonyms_have_no_row(self, shipped):
        assert not shipped["account"].str.contains(r"^u\d{5}$").any()

    def test_text_is_plain(self, shipped):
        for text in shipped["note"].drop_nulls():
            assert text.isascii()
            assert len(text) <= 120
            assert text.endswith(".")

    def test_repackagers_have_no_family_of_their_own(self, shipped):
        named = shipped.filter(pl.col("role") == "repackager", pl.col("families").is_not_null())
        assert named["account"].to_list() == ["stable-diffusion-v1-5"]

    @pytest.mark.parametrize(
        "account", ["Comfy-Org", "QuantFactory", "TheBloke", "bartowski", "lmstudio-community", "mlx-community"]
    )
    def test_known_repackagers(self, shipped, account):
        assert set(shipped.filter(account=account)["role"]) == {"repackager"}


class TestFacts:
    DAY = date(2026, 8, 21)

    @pytest.mark.parametrize(
        ("account", "headquarters", "state"),
        [
            ("Qwen", "CN", "reviewed"),
            ("deepseek-ai", "CN", "reviewed"),
            ("meta-llama", "US", "reviewed"),
            ("google", "US", "reviewed"),
            ("mistralai", "FR", "group_reviewed"),
            ("LGAI-EXAONE", "KR", "group_reviewed"),
            ("unsloth", "US", "unreviewed"),
            ("sentence-transformers", "US", "reviewed"),
            ("google-bert", "US", "reviewed"),
        ],
    )
    def test_headquarters(self, shipped, account, headquarters, state):
        row = _on(shipped, account, self.DAY)
        assert (row["headquarters"], row["review_state"]) == (headquarters, state)

    @pytest.mark.parametrize(
        ("old", "new"), [("THUDM", "zai-org"), ("AIDC-AI", "ATH-MaaS"), ("CohereForAI", "CohereLabs")]
    )
    def test_renamed_accounts_are_one(self, shipped, old, new):
        before, after = _on(shipped, old, self.DAY), _on(shipped, new, self.DAY)
        assert before["canonical_account"] == after["canonical_account"] == new
        assert {**before, "account": new} == after

    def test_a_takeover_ends_a_row(self, shipped):
        assert _on(shipped, "jinaai", date(2025, 10, 8))["headquarters"] == "DE"
        assert _on(shipped, "jinaai", date(2025, 10, 9))["headquarters"] == "US"

    def test_a_handed_over_account_counts_where_it_was_on_the_day(self, shipped):
        before, after = (_on(shipped, "sentence-transformers", date(2025, 10, day)) for day in (21, 22))
        assert (before["headquarters"], before["review_state"]) == ("DE", "group_reviewed")
        assert (after["headquarters"], after["review_state"]) == ("US", "reviewed")

    def test_headquarters_and_control_may_differ(self, shipped):
        row = _on(shipped, "DAMO-NLP-SG", self.DAY)
        assert (row["headquarters"], row["control"]) == ("SG", "CN")

    def test_one_account_in_two_spellings(self, shipped):
        assert _on(shipped, "openbmb", self.DAY, "modelscope")["canonical_account"] == "OpenBMB"
        assert _on(shipped, "openbmb", self.DAY)["canonical_account"] == "openbmb"


class TestLookUp:
    @given(day=st.dates(date(2015, 1, 1), date(2035, 1, 1)))
    def test_at_most_one_row_per_account_and_day(self, shipped, day):
        rows = publishers_at(shipped, day)
        assert not rows.select("platform", "account").is_duplicated().any()
        accounts = shipped.select("platform", "account").unique().height
        assert rows.height == (accounts if day >= date(2022, 1, 1) else 0)

    def test_interval_is_half_open(self, load):
        publishers = load({"valid_from": "2024-01-01", "valid_to": "2024-02-01"})
        days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 1, 31), date(2024, 2, 1)]
        assert [publishers_at(publishers, day).height for day in days] == [0, 1, 1, 0]

    def test_alias_follows_the_dated_rows_of_its_account(self, load):
        publishers = load(
            {"account": "new", "valid_to": "2024-01-01"},
            {"account": "new", "valid_from": "2024-01-01", "headquarters": "US", "control": "US"},
            {"account": "old", "alias_of": "new", "valid_to": "2025-01-01"},
        )
        assert _on(publishers, "old", date(2023, 6, 1))["headquarters"] == "FR"
        assert _on(publishers, "old", date(2024, 6, 1))["headquarters"] == "US"
        assert publishers_at(publishers, date(2025, 1, 1))["account"].to_list() == ["new"]


class TestAttach:
    ROWS = pl.DataFrame(
        {
            "platform": ["huggingface", "modelscope", "huggingface", "huggingface", "huggingface"],
            "account": ["THUDM", "Qwen", "u00001", "jinaai", "jinaai"],
            "observed_on": [date(2025, 1, 14)] * 3 + [date(2025, 1, 14), date(2026, 5, 20)],
            "downloads": [5, 4, 3, 2, 1],
        }
    )

    @pytest.mark.parametrize("rows", [ROWS, ROWS.lazy()], ids=["eager", "lazy"])
    def test_adds_what_holds_on_the_day_of_the_row(self, shipped, rows):
        joined = attach_publishers(rows, shipped, day_column="observed_on")
        assert joined.columns == [*self.ROWS.columns, *PUBLISHER_COLUMNS]
        assert joined.select(self.ROWS.columns).equals(self.ROWS)
        assert joined["canonical_account"].to_list() == ["zai-org", "Qwen", None, "jinaai", "jinaai"]
        assert joined["headquarters"].to_list() == ["CN", "CN", None, "DE", "US"]
        assert joined.row(2)[-len(PUBLISHER_COLUMNS) :] == (None,) * len(PUBLISHER_COLUMNS)

    def test_a_row_without_a_day_is_kept_and_unknown(self, shipped):
        rows = self.ROWS.with_columns(observed_on=pl.lit(None, pl.Date))
        joined = attach_publishers(rows, shipped, day_column="observed_on")
        assert joined.height == rows.height
        assert joined["headquarters"].null_count() == rows.height

    def test_no_rows(self, shipped):
        assert attach_publishers(self.ROWS.clear(), shipped, day_column="observed_on").is_empty()

    def test_refuses_columns_that_it_would_overwrite_or_lacks(self, shipped):
        rows = self.ROWS.rename({"account": "role"})
        with pytest.raises(RegistryError, match=r"missing account; already there role"):
            attach_publishers(rows, shipped, day_column="observed_on")

    def test_refuses_a_day_that_is_no_date(self, shipped):
        rows = self.ROWS.with_columns(pl.col("observed_on").cast(pl.Datetime))
        with pytest.raises(RegistryError, match=r"observed_on is Datetime.*cast it"):
            attach_publishers(rows, shipped, day_column="observed_on")

    def test_refuses_an_ambiguous_registry(self, shipped):
        with pytest.raises(RegistryError, match=r"two rows for the modelscope account 'Qwen' on 2025-01-14"):
            attach_publishers(self.ROWS, pl.concat([shipped, shipped]).filter(account="Qwen"), day_column="observed_on")


def test_hong_kong_macao_and_taiwan_are_never_folded_into_cn(shipped):
    codes = ["CN", "US", "HK", "MO", "TW", "SG", "NA", "ZZ", None]
    origins = pl.DataFrame({"country": codes}).select(origin_group("country")).to_series().to_list()
    assert origins == ["CN", "US", "other", "other", "other", "other", "other", "unknown", "unknown"]
    outside = shipped.filter(pl.col("headquarters").is_in(["HK", "MO", "TW"]))
    assert outside.height > 0
    assert set(outside.select(origin_group("headquarters")).to_series()) == {"other"}


def test_namibia_is_a_country_and_no_null(load):
    assert load({"headquarters": "NA", "control": "NA"})["headquarters"].to_list() == ["NA"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            pytest.param(
                [{"valid_to": "2024-06-01"}, {"valid_from": "2024-05-31"}],
                r"row 2 \(huggingface account 'acme'\): its interval 2024-05-31 to now overlaps row 1 "
                r"\(2022-01-01 to 2024-06-01\); end",
                id="overlap",
            ),
            pytest.param(
                [{}, {"valid_from": "2024-05-31"}], r"row 2 .* overlaps row 1 \(2022-01-01 to now\)", id="open overlap"
            ),
            pytest.param(
                [{"headquarters": "XQ"}], r"row 1 .*'acme'.*headquarters 'XQ' is no country.*write", id="country"
            ),
            pytest.param([{"control": "EU"}], r"row 1 .*control 'EU' is no country", id="control"),
            pytest.param(
                [{"alias_of": "gone"}], r"row 1 .*alias_of 'gone' has no row on huggingface; add", id="alias target"
            ),
            pytest.param(
                [{"alias_of": "next"}, {"account": "next", "platform": "modelscope"}],
                r"alias_of 'next' has no row on huggingface",
                id="alias target elsewhere",
            ),
            pytest.param(
                [{"account": "a", "alias_of": "b"}, {"account": "b", "alias_of": "c"}, {"account": "c"}],
                r"row 1 .*'a'.*alias_of 'b' is itself an alias \(of 'c', row 2\); name",
                id="alias chain",
            ),
            pytest.param(
                [{"account": "a", "alias_of": "b"}, {"account": "b", "alias_of": "a"}],
                r"alias_of 'b' is itself an alias \(of 'a', row 2\)",
                id="alias cycle",
            ),
            pytest.param([{"alias_of": "acme"}], r"alias_of 'acme' is itself an alias", id="alias of itself"),
            pytest.param(
                [{"account": "a", "alias_of": "b"}, {"account": "b", "valid_from": "2023-01-01"}],
                r"row 1 .*alias_of 'b' has no row that holds on 2022-01-01",
                id="alias before its account",
            ),
            pytest.param(
                [{"account": "a", "alias_of": "b"}, {"account": "b", "valid_to": "2023-01-01"}],
                r"row 1 .*alias_of 'b' has no row that holds on 2023-01-01",
                id="alias after its account",
            ),
            pytest.param(
                [{"account": "a", "alias_of": "b", "organisation": "Other"}, {"account": "b"}],
                r"row 1 .*organisation is 'Other', but 'b' has 'Acme'",
                id="alias of another organisation",
            ),
            pytest.param(
                [{"account": "a", "alias_of": "b", "headquarters": "US"}, {"account": "b"}],
                r"row 1 .*headquarters is 'US', but 'b' has 'FR'",
                id="alias in another country",
            ),
            pytest.param(
                [{"account": "ACME"}, {}], r"row 2 .*'acme'\) differs from 'ACME' by capital letters", id="case"
            ),
            pytest.param(
                [{"account": "b"}, {"account": "a"}], r"row 2 .*'a'\) stands after row 1 \('b'\); sort", id="order"
            ),
            pytest.param([{"account": "acme "}], r"account 'acme ' begins or ends with a blank", id="blank"),
            pytest.param([{"valid_from": "2024-13-01"}], r"row 1: valid_from is '2024-13-01'; write a date", id="date"),
        ],
    )
    def test_rows_that_contradict(self, load, changes, words):
        with pytest.raises(RegistryError, match=words) as refusal:
            load(*changes)
        assert "registry.csv" in str(refusal.value)

    def test_all_problems_are_listed(self, load):
        with pytest.raises(RegistryError, match=r"2 problem\(s\)") as refusal:
            load({"headquarters": "XQ"}, {"account": "acne", "control": "XR"})
        assert "'XQ'" in str(refusal.value)
        assert "'XR'" in str(refusal.value)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"review_state": "reviewed"}, "review_has_evidence"),
            ({"headquarters": "ZZ"}, "no_single_base_has_note"),
            ({"headquarters": "ZZ", "city": "Paris", "note": "No base."}, "no_single_base_has_no_city"),
            ({"valid_to": "2021-01-01"}, "interval_is_ordered"),
            ({"headquarters": "fr"}, "headquarters"),
            ({"role": "boss"}, "role"),
            ({"platform": "github"}, "platform"),
            ({"organisation": ""}, "organisation"),
        ],
    )
    def test_rows_that_do_not_meet_the_declaration(self, load, change, words):
        with pytest.raises(TableError, match=rf"(?s)registry\.csv.*{words}"):
            load(change)

    def test_the_same_row_twice(self, load):
        with pytest.raises(TableError, match="primary_key"):
            load({}, {})

    def test_accounts_that_differ_by_case_may_be_explained(self, load):
        assert load({"account": "ACME", "note": "Another house."}, {}).height == 2

    def test_touching_intervals_are_no_overlap(self, load):
        assert load({"valid_to": "2024-01-01"}, {"valid_from": "2024-01-01"}).height == 2

    def test_a_missing_column(self, tmp_path):
        path = tmp_path / "short.csv"
        path.write_text("platform,account\nhuggingface,acme\n", encoding="utf-8")
        with pytest.raises(TableError, match=r"short\.csv: table publishers lacks .*valid_from"):
            load_publishers(path, known_countries=COUNTRIES)

    @pytest.mark.parametrize("content", [None, "", "platform,account\na,b,c\n"], ids=["absent", "empty", "ragged"])
    def test_a_file_that_is_no_table(self, tmp_path, content):
        path = tmp_path / "broken.csv"
        if content is not None:
            path.write_text(content, encoding="utf-8")
        with pytest.raises(RegistryError, match=r"broken\.csv: the file cannot be read as CSV"):
            load_publishers(path, known_countries=COUNTRIES)


def test_columns_of_the_file_are_the_declared_ones(shipped):
    assert shipped.columns == Publishers.column_names()
