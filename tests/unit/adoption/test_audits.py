"""Audits on made-up stores whose truth is known; what a run cannot compute says why."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.adoption.audits import (
    ROWS,
    audits,
    cloud_share,
    fork_capture,
    fork_owners,
    frozen_counters,
    offset_proxy,
    other_proxies,
    package_displacement,
    signal_agreement,
)
from assets.schemas import TABLES, validate
from assets.schemas.adoption import Diagnostics

DAY = date(2026, 10, 1)
CODES = [f"{first}{second}" for first in "ABCDE" for second in "ABCDE"]


def _table(name, rows):
    schema = {column: declared.dtype for column, declared in TABLES[name].columns().items()}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def _cells(signal, shares, *, period=DAY, evidence="declared"):
    return [
        {"signal": signal, "period": period, "level": "country", "region_id": code, "coding": "publisher"}
        | {"cn_share": share, "evidence": evidence, "state": "value"}
        for code, share in zip(CODES, shares, strict=False)
    ]


def _estimates(*cells):
    return _table("adoption/estimates", [cell for part in cells for cell in part])


RISING = np.linspace(0.1, 0.9, 25)


def test_signals_that_rank_economies_alike_agree_and_reversed_ones_disagree():
    (same,) = signal_agreement(_estimates(_cells("fork", RISING), _cells("survey_use", RISING**2)))
    assert (same["value"], same["n"], same["subject"]) == (pytest.approx(1), 25, "fork ~ survey_use")
    (reverse,) = signal_agreement(_estimates(_cells("fork", RISING), _cells("survey_use", 1 - RISING)))
    assert reverse["value"] == pytest.approx(-1)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_interval_of_agreement_holds_it_and_stays_within_its_range(seed):
    dice = np.random.default_rng(seed)
    (row,) = signal_agreement(_estimates(_cells("fork", dice.random(25)), _cells("survey_use", dice.random(25))))
    assert -1 <= row["low"] <= row["value"] <= row["high"] <= 1


def test_too_few_economies_and_modelled_shares_are_no_agreement():
    few = signal_agreement(_estimates(_cells("fork", RISING[:9]), _cells("survey_use", RISING)))
    assert (few[0]["state"], few[0]["n"]) == ("not_observed", 9)
    modelled = _cells("model_download", RISING, evidence="modelled")
    assert signal_agreement(_estimates(_cells("fork", RISING), modelled))[0]["n"] == 0


def test_only_the_newest_period_of_a_signal_counts():
    old = _cells("fork", 1 - RISING, period=date(2025, 1, 1))
    (row,) = signal_agreement(_estimates(old, _cells("fork", RISING), _cells("survey_use", RISING)))
    assert row["value"] == pytest.approx(1)


def _downloads(counts, installer="package_manager"):
    facts = {"package": "p", "month": DAY, "installer_class": installer, "source_id": "clickhouse_pypi"}
    return _table("ingest/package_downloads", [facts | {"region_id": k, "downloads": v} for k, v in counts.items()])


def _accounts(**sizes):
    facts = {"measure": "github_developers", "period": DAY, "value_unit": "accounts", "source_id": "innovation_graph"}
    return _table("ingest/denominators", [facts | {"region_id": k, "value": float(v)} for k, v in sizes.items()])


def test_the_composite_stands_beside_its_parts():
    downloads = _downloads({"CN": 10, "HK": 300, "SG": 200, "US": 1_000})
    found = package_displacement(downloads, _accounts(CN=100, HK=30, SG=10, US=100))
    assert {row["subject"]: row["value"] for row in found} == {
        "CN": 0.1,
        "HK": 10,
        "SG": 20,
        "US": 10,
        "composite CN+HK+MO+SG": pytest.approx(510 / 140),
    }


def test_downloads_from_clouds_are_told_by_installer():
    downloads = pl.concat([_downloads({"US": 80, "NG": 20}), _downloads({"CN": 7}, installer="mirror")])
    assert {row["subject"]: row["value"] for row in cloud_share(downloads)} == {"mirror": 0, "package_manager": 0.8}


def test_owners_of_forks_that_are_no_people_are_told():
    kinds = ["person"] * 6 + ["organisation"] * 3 + [None]
    forks = _table("ingest/forks", [{"owner_kind": kind, "created_on": DAY, "source_id": "github"} for kind in kinds])
    shares = {row["subject"]: row["value"] for row in fork_owners(forks)}
    assert shares == {"hidden": 0.1, "organisation": 0.3, "person": 0.6}


def test_capture_is_of_lists_that_were_read_to_their_end():
    reads = _table(
        "ingest/repository_reads",
        [
            {"repository": "a/a", "listing": "forks", "complete": True, "kept": 90, "source_id": "github"},
            {"repository": "b/b", "listing": "forks", "complete": False, "kept": 1, "source_id": "github"},
            {"repository": "a/a", "listing": "contributions", "complete": True, "kept": 5, "source_id": "github"},
        ],
    )
    counts = _table(
        "ingest/repository_counts",
        [
            {"repository": name, "observed_on": day, "forks": forks}
            for name, day, forks in (
                ("a/a", date(2026, 9, 1), 50),
                ("a/a", DAY, 100),
                ("b/b", DAY, 1_000),
            )
        ],
    )
    (row,) = fork_capture(reads, counts)
    assert (row["value"], row["n"], row["subject"]) == (0.9, 100, "1 repositories")


def test_counters_at_rest_are_told_by_source():
    rows = [
        {"platform": "huggingface", "model_id": f"m{n}", "observed_on": day, "definition": "all_time"}
        | {"downloads": 2_000 + step * (n % 2), "source_id": "hub_accounts"}
        for n in range(10)
        for day, step in ((date(2026, 9, 1), 0), (DAY, 5))
    ]
    (row,) = frozen_counters(_table("ingest/model_download_totals", rows))
    assert (row["value"], row["n"]) == (0.5, 10)
    (once,) = frozen_counters(_table("ingest/model_download_totals", rows[:1]))
    assert once["state"] == "not_observed"


def _people(clocks):
    contributions = pl.DataFrame(
        {
            "actor": [f"{number:064x}" for number in range(len(clocks))],
            "actor_kind": "person",
            "month": DAY,
            "offsets": [[{"utc_offset_minutes": offset, "commits": 3}] for _, offset in clocks],
            "source_id": "github",
        }
    )
    places = pl.DataFrame(
        {"actor": contributions["actor"], "country": [country for country, _ in clocks], "evidence": "declared"}
    )
    return contributions, places


def test_the_clock_of_china_is_also_that_of_others():
    clocks = [("CN", 480)] * 15 + [("SG", 480)] * 10 + [("CN", -480)] * 5 + [("US", -480)] * 20
    right, found = offset_proxy(*_people(clocks))
    assert (right["value"], right["n"]) == (0.6, 25)
    assert (found["value"], found["n"]) == (0.75, 20)
    assert right["low"] < 0.6 < right["high"]


def test_a_person_counts_once_by_most_of_their_commits():
    contributions, places = _people([("CN", 480)] * 12)
    travel = contributions.with_columns(
        offsets=pl.lit([{"utc_offset_minutes": 0, "commits": 1}], dtype=contributions.schema["offsets"]),
        month=pl.lit(date(2026, 9, 1)),
    )
    right, _ = offset_proxy(pl.concat([contributions, travel]), places)
    assert (right["value"], right["n"]) == (1.0, 12)


def test_fewer_than_ten_people_are_not_told():
    assert {row["state"] for row in offset_proxy(*_people([("CN", 480)] * 9))} == {"not_observed"}


def test_short_cuts_that_cannot_be_audited_are_named():
    assert {row["state"] for row in other_proxies()} == {"not_observable"}


def test_a_run_without_live_sources_has_every_audit_with_a_reason():
    names = {
        "denominators": "ingest/denominators",
        "totals": "ingest/model_download_totals",
        "downloads": "ingest/package_downloads",
        "forks": "ingest/forks",
        "contributions": "ingest/contributions",
        "places": "attribute/actor_places",
        "reads": "ingest/repository_reads",
        "counts": "ingest/repository_counts",
    }
    estimates = _estimates(_cells("fork", RISING), _cells("survey_use", RISING))
    frame = audits(estimates=estimates, **{key: _table(name, []) for key, name in names.items()})
    assert frame.schema == ROWS
    rows = validate(frame.select(Diagnostics.column_names()), Diagnostics, where="adoption/diagnostics")
    silent = rows.filter(pl.col("diagnostic") != "signal_agreement")
    assert silent["state"].is_in(["not_observed", "not_observable"]).all()
    assert silent["reason"].null_count() == 0
