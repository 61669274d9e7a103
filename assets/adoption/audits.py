"""Audits: what the signals say of each other, of themselves, and of short cuts that others take.

Here: rows of table ``diagnostics`` that need a live run, or compare finished estimates; where a run cannot compute one,
the row says so. Not here: diagnostics of the embedded figures (`diagnostics.py`). Nothing in this table is adoption.
"""

from itertools import combinations
from typing import Any, Final

import numpy as np
import polars as pl

from assets.adoption.diagnostics import CHINA_OFFSET_MINUTES, COMPOSITE, DISPLACEMENT

LEAST_ECONOMIES: Final = 10
"""Economies that two signals must both have before their agreement is computed."""

LEAST_PEOPLE: Final = 10
"""Distinct people that a published figure rests on (DESIGN, rules of measurement)."""

CLOUDS: Final = ("US", "IE", "SG", "NL", "DE", "FI", "SE", "JP", "IN", "BR", "AU", "CA", "GB")
"""Economies with large regions of the three largest clouds: downloads from there are in part others' machines."""

ROWS: Final = pl.Schema(
    {
        "diagnostic": pl.String(),
        "subject": pl.String(),
        "period": pl.Date(),
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "value_unit": pl.String(),
        "n": pl.Int64(),
        "note": pl.String(),
        "state": pl.String(),
        "reason": pl.String(),
        "source_id": pl.String(),
    }
)
Row = dict[str, Any]


def _absent(diagnostic: str, subject: str, value_unit: str, note: str, reason: str, **more: Any) -> Row:
    """Return the row of a diagnostic that this run cannot compute."""
    facts = {"diagnostic": diagnostic, "subject": subject, "value_unit": value_unit, "note": note, "reason": reason}
    return facts | {"state": "not_observed"} | more


def _rank_interval(correlation: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of Spearman's ρ by Fisher's transformation (Bonett and Wright 2000)."""
    from scipy import stats

    if abs(correlation) >= 1:
        return correlation, correlation
    error = np.sqrt((1 + correlation**2 / 2) / (n - 3))
    centre, reach = np.arctanh(correlation), float(stats.norm.ppf(0.975)) * error
    return float(np.tanh(centre - reach)), float(np.tanh(centre + reach))


def signal_agreement(estimates: pl.DataFrame) -> list[Row]:
    """Rank correlation of CN shares over economies between every two signals, each at its newest period.

    Args:
        estimates: Table ``estimates``; modelled shares are left out, because they are made from another signal.
    """
    from scipy import stats

    note = "Two measures of one thing would rank economies alike. n counts economies that both have."
    measured = estimates.filter(
        (pl.col("level") == "country")
        & pl.col("cn_share").is_not_null()
        & (pl.col("evidence") != "modelled")
        & (pl.col("coding") == pl.col("coding").min().over("signal"))
    )
    newest = measured.filter(pl.col("period") == pl.col("period").max().over("signal"))
    rows = []
    for one, other in combinations(estimates["signal"].unique().sort(), 2):
        there = newest.filter(pl.col("signal") == other).select(
            "region_id", share_there="cn_share", period_there="period"
        )
        both = newest.filter(pl.col("signal") == one).join(there, on="region_id")
        subject = f"{one} ~ {other}"
        if both.height < LEAST_ECONOMIES:
            reason = (
                f"Both have a measured share in {both.height} economies; {LEAST_ECONOMIES} are needed. Modelled shares "
                "are made from another signal."
            )
            rows.append(_absent("signal_agreement", subject, "Spearman's ρ", note, reason, n=both.height))
            continue
        correlation = float(stats.spearmanr(both["cn_share"].to_numpy(), both["share_there"].to_numpy()).statistic)
        low, high = _rank_interval(correlation, both.height)
        period = max(both["period"].max(), both["period_there"].max())  # type: ignore[type-var]
        facts = {"value": correlation, "low": low, "high": high, "n": both.height, "period": period}
        rows.append(
            facts
            | {"diagnostic": "signal_agreement", "subject": subject, "value_unit": "Spearman's ρ"}
            | {"note": note, "state": "value"}
        )
    return rows


def package_displacement(downloads: pl.DataFrame, denominators: pl.DataFrame) -> list[Row]:
    """Package downloads per GitHub account where relays and mirrors move them; the composite beside its parts.

    Args:
        downloads: Table ``package_downloads``.
        denominators: Table ``denominators``.
    """
    name, value_unit = "package_displacement", "downloads per GitHub account"
    note = (
        "Package managers, newest month. Mirrors hide China and relays move it to HK and SG, so the composite stands "
        "beside its parts. n counts downloads."
    )
    if downloads.is_empty():
        return [_absent(name, "all", value_unit, note, "No downloads of packages by economy in this run.")]
    month = downloads["month"].max()
    sums = (
        downloads.filter((pl.col("month") == month) & (pl.col("installer_class") == "package_manager"))
        .group_by("region_id")
        .agg(n=pl.col("downloads").sum(), source_id=pl.col("source_id").first())
    )
    accounts = (
        denominators.filter(pl.col("measure") == "github_developers")
        .sort("period")
        .group_by("region_id")
        .agg(accounts=pl.col("value").last())
    )
    economies = sums.join(accounts, on="region_id").filter(pl.col("region_id").is_in(DISPLACEMENT))
    whole = economies.filter(pl.col("region_id").is_in(COMPOSITE)).select(
        region_id=pl.lit("composite " + "+".join(COMPOSITE)),
        n=pl.col("n").sum(),
        source_id=pl.col("source_id").first(),
        accounts=pl.col("accounts").sum(),
    )
    shown = pl.concat([economies, whole.head(1)]).sort("region_id")
    return [
        {"diagnostic": name, "subject": region, "period": month, "value": n / size, "value_unit": value_unit, "n": n}
        | {"note": note, "state": "value", "source_id": source}
        for region, n, source, size in shown.iter_rows()
    ]


def cloud_share(downloads: pl.DataFrame) -> list[Row]:
    """Share of package downloads from economies with large cloud regions, by class of installer, newest month.

    Args:
        downloads: Table ``package_downloads``.
    """
    name, value_unit = "cloud_share", "share of downloads"
    note = f"From {', '.join(CLOUDS)}: in part build machines of people elsewhere. n counts downloads."
    if downloads.is_empty():
        return [_absent(name, "all", value_unit, note, "No downloads of packages by economy in this run.")]
    month = downloads["month"].max()
    shares = (
        downloads.filter(pl.col("month") == month)
        .group_by("installer_class")
        .agg(
            n=pl.col("downloads").sum(),
            clouds=pl.col("downloads").filter(pl.col("region_id").is_in(CLOUDS)).sum(),
            source_id=pl.col("source_id").first(),
        )
        .sort("installer_class")
    )
    return [
        {"diagnostic": name, "subject": kind, "period": month, "value": clouds / n, "value_unit": value_unit, "n": n}
        | {"note": note, "state": "value", "source_id": source}
        for kind, n, clouds, source in shares.filter(pl.col("n") > 0).iter_rows()
    ]


def fork_owners(forks: pl.DataFrame) -> list[Row]:
    """Share of forks whose owners are no people: organisations and bots are counted apart.

    Args:
        forks: Table ``forks``.
    """
    name, value_unit = "fork_owners", "share of forks"
    note = "Only people count as adopters. n counts forks."
    if forks.is_empty():
        return [_absent(name, "all", value_unit, note, "GitHub was not read in this run.")]
    newest, source = forks["created_on"].max(), forks["source_id"][0]
    kinds = forks.group_by(pl.col("owner_kind").fill_null("hidden")).len().sort("owner_kind")
    return [
        {"diagnostic": name, "subject": kind, "period": newest, "value": count / forks.height, "n": count}
        | {"value_unit": value_unit, "note": note, "state": "value", "source_id": source}
        for kind, count in kinds.iter_rows()
    ]


def fork_capture(reads: pl.DataFrame, counts: pl.DataFrame) -> list[Row]:
    """Forks that were listed ÷ forks that GitHub counts, over repositories whose list was read to its end.

    Args:
        reads: Table ``repository_reads``.
        counts: Table ``repository_counts``.
    """
    name, value_unit = "fork_capture", "listed ÷ counted"
    note = "Private forks are counted and not listed; deleted ones go from both. n counts forks that GitHub counts."
    newest = counts.sort("observed_on").group_by("repository").agg(pl.col("forks", "observed_on").last())
    both = reads.filter((pl.col("listing") == "forks") & pl.col("complete")).join(newest, on="repository")
    counted = int(both["forks"].sum())
    if not counted:
        return [_absent(name, "all", value_unit, note, "No list of forks was read to its end in this run.")]
    facts = {"value": int(both["kept"].sum()) / counted, "n": counted, "period": both["observed_on"].max()}
    return [
        facts
        | {"diagnostic": name, "subject": f"{both.height} repositories", "value_unit": value_unit}
        | {"note": note, "state": "value", "source_id": both["source_id"][0]}
    ]


def frozen_counters(totals: pl.DataFrame) -> list[Row]:
    """Share of all-time counters that did not move between the last two observations of a source.

    Args:
        totals: Table ``model_download_totals``.
    """
    name, value_unit = "frozen_counters", "share of counters"
    note = "Of counters above 1,000 in both observations. Many at rest mean that the source stalled. n counts them."
    rows: list[Row] = []
    counters = totals.filter((pl.col("definition") == "all_time") & pl.col("downloads").is_not_null())
    for (platform, source), own in counters.group_by("platform", "source_id", maintain_order=True):
        days = own["observed_on"].unique().sort()
        subject = f"{platform} {source}"
        if len(days) < 2:  # noqa: PLR2004
            reason = "The source was observed once; there is nothing to compare with."
            rows.append(_absent(name, subject, value_unit, note, reason, period=days[-1], source_id=source))
            continue
        before, after = (
            own.filter(pl.col("observed_on") == day).select("model_id", "downloads") for day in (days[-2], days[-1])
        )
        both = before.filter(pl.col("downloads") > 1_000).join(after, on="model_id", suffix="_after")  # noqa: PLR2004
        still = int((both["downloads"] == both["downloads_after"]).sum())
        rows.append(
            {"diagnostic": name, "subject": subject, "period": days[-1], "value_unit": value_unit, "note": note}
            | {"value": still / max(both.height, 1), "n": both.height, "state": "value", "source_id": source}
        )
    return rows


def offset_proxy(contributions: pl.DataFrame, places: pl.DataFrame) -> list[Row]:
    """How wrong "commits at UTC+8, so China" is: against the places that the same people declare.

    The clock of most of a person's commits decides. *Right of those called Chinese* is precision, *found of those in
    China* recall.

    Args:
        contributions: Table ``contributions``.
        places: Table ``actor_places``.
    """
    from scipy import stats

    name, value_unit = "offset_proxy", "share of people"
    note = "Of people who declare a country and whose commits carry a clock. n counts people."
    people = contributions.filter(pl.col("actor_kind") == "person")
    clocks = (
        people.select("actor", "offsets")
        .explode("offsets")
        .drop_nulls("offsets")
        .unnest("offsets")
        .group_by("actor", "utc_offset_minutes")
        .agg(pl.col("commits").sum())
        .sort("actor", "commits", "utc_offset_minutes", descending=[False, True, False])
        .unique("actor", keep="first", maintain_order=True)
    )
    declared = places.filter(pl.col("evidence") == "declared").select("actor", "country").drop_nulls()
    both = clocks.join(declared, on="actor").with_columns(
        called=pl.col("utc_offset_minutes") == CHINA_OFFSET_MINUTES, there=pl.col("country") == "CN"
    )
    rows: list[Row] = []
    for subject, base in (("right of those called Chinese", "called"), ("found of those in China", "there")):
        n = int(both[base].sum())
        if n < LEAST_PEOPLE:
            reason = "Fewer than 10 people with both a clock and a declared country in this run."
            rows.append(_absent(name, subject, value_unit, note, reason))
            continue
        hits = int((both["called"] & both["there"]).sum())
        interval = stats.binomtest(hits, n).proportion_ci(method="wilson")
        facts = {"value": hits / n, "low": float(interval.low), "high": float(interval.high), "n": n}
        rows.append(
            facts
            | {"diagnostic": name, "subject": subject, "period": people["month"].max(), "value_unit": value_unit}
            | {"note": note, "state": "value", "source_id": people["source_id"][0]}
        )
    return rows


def other_proxies() -> list[Row]:
    """Short cuts that cannot be audited here, and why."""
    never = {"state": "not_observable", "value_unit": "share of people", "note": "Named because others use it."}
    return [
        {"diagnostic": "hour_proxy", "subject": "commits before 17:00 UTC are Chinese"}
        | {"reason": "No table keeps the hour of a person's commits, which would say when they sleep."}
        | never,
        {"diagnostic": "mail_proxy", "subject": "the domain of the e-mail address is the country"}
        | {"reason": "E-mail addresses are never asked for."}
        | never,
    ]


def audits(
    *,
    estimates: pl.DataFrame,
    denominators: pl.DataFrame,
    totals: pl.DataFrame,
    downloads: pl.DataFrame,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    places: pl.DataFrame,
    reads: pl.DataFrame,
    counts: pl.DataFrame,
) -> pl.DataFrame:
    """Return the audits as rows of table ``diagnostics``; one without a period stands at the newest of the estimates.

    Args:
        estimates: Table ``estimates``.
        denominators: Table ``denominators``.
        totals: Table ``model_download_totals``.
        downloads: Table ``package_downloads``.
        forks: Table ``forks``.
        contributions: Table ``contributions``.
        places: Table ``actor_places``.
        reads: Table ``repository_reads``.
        counts: Table ``repository_counts``.
    """
    rows = [
        *signal_agreement(estimates),
        *package_displacement(downloads, denominators),
        *cloud_share(downloads),
        *fork_owners(forks),
        *fork_capture(reads, counts),
        *frozen_counters(totals),
        *offset_proxy(contributions, places),
        *other_proxies(),
    ]
    return pl.DataFrame(rows, schema=ROWS).with_columns(
        pl.col("period").fill_null(pl.lit(estimates["period"].max())), pl.col("n").fill_null(0)
    )
