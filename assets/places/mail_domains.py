"""Mail evidence: the country of an e-mail address, where the country's own domain says it.

Here: which domains speak of a country, looked up for many addresses at once. Not here: where addresses come from;
how this joins the other evidence (`assets/places/actors.py`).

The evidence is ``inferred``, of countries only, and off unless asked for. A country domain counts if those who use it
mostly live there. Domains that are sold worldwide (.io, .ai, .me, …) or bought for how they read (.rs, .is, .md, …)
are refused, because a wrong country costs three times what silence does; so is everything that is no country domain:
.com, .edu, .gov, .mil, and with them qq.com, 163.com and the like, however sure one may feel.

``mail_domains.csv`` is the list, a row a rule: ``domain`` (one or two labels; two win over one), ``country`` (ISO
3166-1 alpha-2), ``accepted``, ``reason``. It holds every ISO 3166-1 code and every internationalised country domain,
in its own script and as ``xn--``, as far as IANA's list of top-level domains has it; which domains to accept is our own
judgement, written for this project. To add a rule, add a row.

Addresses are personal data: none is returned, kept or named in an error.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Final

import polars as pl

NO_ADDRESS: Final = "no address"
NO_DOMAIN: Final = "not an address or domain"
NO_COUNTRY_DOMAIN: Final = "not a country domain"

_DOMAIN: Final = r"^(?:[\p{L}\p{M}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*)\.)+[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}-]+$"
_MOST_LABELS: Final = 2


class MailDomainError(ValueError):
    """The list of domains is damaged, or the input is no column of texts; the message says where and what to do."""


@lru_cache(maxsize=1)
def mail_domains() -> pl.DataFrame:
    """Return the rules.

    Returns:
        ``domain`` (lower case), ``country``, ``accepted``, ``reason``.

    Raises:
        MailDomainError: A domain stands twice, has more than two labels or is accepted without a country, or a
            refusal gives no reason.
    """
    schema = {"domain": pl.String, "country": pl.String, "accepted": pl.Boolean, "reason": pl.String}
    content = files("assets.places").joinpath("mail_domains.csv").read_bytes()
    # An empty field is a missing value, but NA is Namibia.
    rules = pl.read_csv(content, schema=schema, null_values=[""])
    domain = pl.col("domain")
    wrong = rules.filter(
        domain.is_duplicated()
        | (domain.str.to_lowercase() != domain)
        | (domain.str.count_matches(".", literal=True) >= _MOST_LABELS)
        | (pl.col("accepted") & pl.col("country").is_null())
        | pl.col("reason").is_null()
    )
    if wrong.height:
        raise MailDomainError(
            f"assets/places/mail_domains.csv: the rule(s) for {', '.join(wrong['domain'].unique().sort())} do not fit; "
            "each domain stands once, in lower case, with at most two labels, a reason, and a country if accepted."
        )
    return rules


def country_of_domains(addresses: pl.Series) -> pl.DataFrame:
    """Return the country that each e-mail address or domain speaks of.

    Args:
        addresses: Full addresses or bare domains, in any case and script; may be null.

    Returns:
        As many rows in the same order: ``country`` (ISO 3166-1 alpha-2) or null, and then ``reason``.

    Raises:
        MailDomainError: The column does not hold texts.
    """
    if addresses.dtype not in (pl.String, pl.Null):
        raise MailDomainError(f"Addresses must be texts, not {addresses.dtype}; pass a column of strings.")
    domain = (
        pl.col("domain")
        .str.to_lowercase()
        .str.replace_all(r"[。．｡]", ".")
        .str.strip_chars(" \t\r\n<>")
        .str.strip_suffix(".")
        .str.replace(r"^.*[@＠]", "")
    )
    given = addresses.cast(pl.String).rename("domain").to_frame()
    labels = given.select(domain, absent=pl.col("domain").fill_null("").str.strip_chars() == "")
    labels = labels.with_columns(
        fits=pl.col("domain").str.contains(_DOMAIN),
        one=pl.col("domain").str.extract(r"([^.]+)$"),
        two=pl.col("domain").str.extract(r"([^.]+\.[^.]+)$"),
    )
    rules = mail_domains().select(
        "domain",
        country=pl.when("accepted").then("country"),
        reason=pl.when(~pl.col("accepted")).then("reason"),
        listed=pl.lit(value=True),
    )
    found = labels.join(rules, left_on="one", right_on="domain", how="left", maintain_order="left").join(
        rules, left_on="two", right_on="domain", how="left", maintain_order="left", suffix="_of_two"
    )
    narrower = pl.col("listed_of_two").is_not_null()
    return found.select(
        country=pl.when("fits").then(pl.when(narrower).then("country_of_two").otherwise("country")),
        reason=pl.when("absent")
        .then(pl.lit(NO_ADDRESS))
        .when(~pl.col("fits"))
        .then(pl.lit(NO_DOMAIN))
        .when(narrower)
        .then("reason_of_two")
        .when(pl.col("listed").is_null())
        .then(pl.lit(NO_COUNTRY_DOMAIN))
        .otherwise("reason"),
    )
