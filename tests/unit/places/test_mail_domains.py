"""Mail evidence: a country's own domain speaks of it, and nothing else does."""

import polars as pl
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from assets.places import mail_domains as module
from assets.places.mail_domains import MailDomainError, country_of_domains, mail_domains

ISO = sorted(code for code in Locale("en").territories if len(code) == 2 and code not in {"EU", "UN", "EZ", "QO", "ZZ"})

SOLD = [
    "me", "io", "ai", "co", "tv", "ws", "cc", "fm", "to", "gg", "la", "ly", "sh", "ac", "am", "im", "st",
    "nu", "tk", "ml", "ga", "cf", "gq", "pw", "sc", "vc", "ms", "vg", "gs", "cx", "rs", "md", "is",
]  # fmt: skip


def _country(address):
    return country_of_domains(pl.Series([address], dtype=pl.String)).row(0)


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("someone@example.de", "DE"),
        ("example.co.uk", "GB"),
        ("someone@lab.example.EDU.CN", "CN"),
        ("someone@example.ac.jp", "JP"),
        ("someone@example.edu.tw", "TW"),
        ("someone@example.hk", "HK"),
        ("someone@example.ps", "PS"),
        ("someone@example.na", "NA"),
        ("<someone@example.co.ke>", "KE"),
        ("someone@example.pe.", "PE"),
        ("someone@例子.中国", "CN"),
        ("someone@例子.xn--fiqs8s", "CN"),
        ("someone@例子。台灣", "TW"),
        ("someone@пример.рф", "RU"),
        ("someone@example.edu.co", "CO"),
    ],
)
def test_country_domains_name_their_country(address, country):
    assert _country(address) == (country, None)


@pytest.mark.parametrize("tld", SOLD)
def test_domains_sold_or_given_away_worldwide_are_refused(tld):
    country, reason = _country(f"someone@example.{tld}")
    assert country is None
    assert "worldwide" in reason


@pytest.mark.parametrize(
    "address",
    [
        "someone@qq.com", "someone@163.com", "someone@example.edu", "someone@example.gov", "someone@example.mil",
        "someone@example.dev", "someone@users.noreply.github.com", "someone@example.uk.com",
    ],
)  # fmt: skip
def test_what_is_no_country_domain_is_refused_however_sure_one_may_feel(address):
    assert _country(address) == (None, module.NO_COUNTRY_DOMAIN)


@pytest.mark.parametrize("address", ["someone@example.eu", "someone@example.su", "someone@example.gb", "a@x.pp.ua"])
def test_unions_gone_countries_and_free_domains_are_refused(address):
    country, reason = _country(address)
    assert country is None
    assert reason


@pytest.mark.parametrize("text", ["de", "not an address", "a@b..de", "someone@localhost", "a@192.0.2.1", "@", "a@.de"])
def test_what_is_no_address_is_refused(text):
    assert _country(text) == (None, module.NO_DOMAIN)


@pytest.mark.parametrize("text", [None, "", "   "])
def test_no_address_is_no_evidence(text):
    assert _country(text) == (None, module.NO_ADDRESS)


def test_a_provider_with_customers_everywhere_is_refused_and_its_neighbours_are_not():
    assert _country("someone@protonmail.ch")[0] is None
    assert _country("someone@mail.protonmail.ch")[0] is None
    assert _country("someone@notprotonmail.ch")[0] == "CH"


def test_order_and_length_stay():
    addresses = ["a@x.fr", None, "a@x.io", "a@x.fr", "", "a@x.de"]
    assert country_of_domains(pl.Series(addresses))["country"].to_list() == ["FR", None, None, "FR", None, "DE"]


@pytest.mark.parametrize("empty", [pl.Series([], dtype=pl.String), pl.Series([None, None])])
def test_nothing_gives_the_declared_shape(empty):
    answer = country_of_domains(empty)
    assert answer.schema == {"country": pl.String, "reason": pl.String}
    assert answer.height == len(empty)


@given(st.lists(st.one_of(st.none(), st.text(max_size=30), st.emails()), max_size=20))
def test_there_is_a_country_or_a_reason_and_never_the_address(addresses):
    answer = country_of_domains(pl.Series(addresses, dtype=pl.String))
    assert answer.height == len(addresses)
    assert answer.select((pl.col("country").is_null() == pl.col("reason").is_not_null()).all()).item()
    reasons = {*mail_domains()["reason"], module.NO_ADDRESS, module.NO_DOMAIN, module.NO_COUNTRY_DOMAIN}
    assert set(answer["reason"].drop_nulls()) <= reasons


def test_numbers_are_refused():
    with pytest.raises(MailDomainError, match="Addresses must be texts, not Int64"):
        country_of_domains(pl.Series([1]))


def test_every_economy_has_a_rule():
    listed = set(mail_domains()["domain"])
    assert len(ISO) > 240
    assert {code for code in ISO if code.lower() not in listed} <= {
        "XK",
        "IC",
        "EA",
        "DG",
        "CP",
        "TA",
        "XA",
        "XB",
        "CQ",
    }


def test_internationalised_domains_stand_in_both_spellings():
    rules = {row["domain"]: row for row in mail_domains().iter_rows(named=True)}
    native = [domain for domain in rules if not domain.isascii()]
    assert len(native) > 50
    for domain in native:
        spelled = "xn--" + domain.encode("punycode").decode()
        assert rules[spelled]["country"] == rules[domain]["country"]
    assert len([domain for domain in rules if domain.startswith("xn--")]) == len(native)


@pytest.mark.parametrize(
    "row", ["de,DE,true,country domain\nde,DE,true,country domain", "a.b.de,DE,true,x", "de,,true,x", "io,IO,false,"]
)
def test_a_damaged_list_is_refused(row, tmp_path, monkeypatch):
    (tmp_path / "mail_domains.csv").write_text(f"domain,country,accepted,reason\n{row}\n", encoding="utf-8")
    monkeypatch.setattr(module, "files", lambda _: tmp_path)
    mail_domains.cache_clear()
    with pytest.raises(MailDomainError, match=r"mail_domains\.csv: the rule\(s\) for"):
        mail_domains()
    mail_domains.cache_clear()
