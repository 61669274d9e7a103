"""Donated logs as a signal: a share needs both sides, hidden counts widen the bounds, and a log wins over a model."""

from datetime import date

import polars as pl
import pytest

from assets.adoption.donated import donated_cells, donated_observations
from assets.adoption.estimates import estimate, most_direct
from assets.ingest.snapshot import read
from assets.origins.dated import registry_since
from assets.origins.registry import load_publishers
from assets.schemas import validate
from assets.schemas.adoption import Estimates, Observations
from assets.schemas.ingest import DownloadLogs, PackageDownloads
from assets.schemas.tracked import BuilderChoices, TrackedPackages
from maps.geometry.regions import load_regions

REGIONS = load_regions()
PUBLISHERS = load_publishers()
AUGUST = date(2026, 8, 1)
ORIGINS = {
    "cn/big": [("CN", 1.0)],
    "cn/small": [("CN", 1.0)],
    "us/big": [("US", 1.0)],
    "mixed/merge": [("CN", 0.5), ("US", 0.5)],
    "fr/other": [("other", 1.0)],
}


def _origins():
    since = pl.DataFrame({"day": [AUGUST]}).select(registry_since("day", PUBLISHERS)).item()
    return pl.DataFrame(
        [
            ("huggingface", model, since, coding, origin, weight)
            for model, parts in ORIGINS.items()
            for coding in ("publisher", "weights", "control")
            for origin, weight in parts
        ],
        schema=["platform", "model_id", "registry_since", "coding", "origin", "weight"],
        orient="row",
    )


def _logs(*rows):
    """Return a reduced log of months: repository, level, country, region, downloaders (None: hidden)."""
    table = pl.DataFrame(
        [
            {
                "platform": "huggingface",
                "repository": repository,
                "repository_kind": "model",
                "span": "month",
                "period": AUGUST,
                "level": level,
                "country": country,
                "region_id": region,
                "requests": None if people is None else 3 * people,
                "downloads": None if people is None else 2 * people,
                "downloaders": people,
                "suppressed": people is None,
                "source_id": "donated_logs",
            }
            for repository, level, country, region, people in rows
        ],
        schema=DownloadLogs.create_empty().schema,
    )
    return validate(table, DownloadLogs, where="test")


BOTH = _logs(
    ("cn/big", "world", "world", "world", 400),
    ("cn/big", "country", "NG", "NG", 60),
    ("cn/big", "metro", "NG", "metro:lagos", 45),
    ("cn/big", "admin1", "NG", "NG-ZZ", 15),
    ("cn/big", "country", "ID", "ID", 80),
    ("cn/big", "country", "ZZ", "ZZ", 40),
    ("cn/small", "world", "world", "world", 100),
    ("cn/small", "country", "NG", "NG", 20),
    ("us/big", "world", "world", "world", 500),
    ("us/big", "country", "NG", "NG", 30),
    ("us/big", "metro", "NG", "metro:lagos", 25),
    ("us/big", "country", "PE", "PE", 50),
    ("us/big", "country", "ID", "ID", None),
    ("us/big", "country", "ZZ", "ZZ", 20),
    ("fr/other", "world", "world", "world", 90),
    ("fr/other", "country", "FR", "FR", 70),
    ("no/where", "world", "world", "world", 30),
    ("no/where", "country", "KE", "KE", 30),
)


def _cells(logs):
    return donated_cells(logs, _origins(), PUBLISHERS, REGIONS)


def _cell(cells, region, coding="publisher"):
    return cells.filter(region_id=region, coding=coding).row(0, named=True)


def test_downloaders_of_each_repository_are_added_and_the_least_is_told():
    nigeria = _cell(_cells(BOTH), "NG")
    assert (nigeria["n_cn"], nigeria["n_us"], nigeria["n"], nigeria["counted"]) == (80, 30, 110, "downloaders")
    assert nigeria["events"] == 3 * 110
    assert nigeria["cn_share"] == pytest.approx(80 / 110)
    assert (nigeria["state"], nigeria["evidence"]) == ("value", "logged")
    # At least 60 distinct Chinese downloaders here; 20 US and 40 Chinese ones have no country; nothing is known of 30.
    assert nigeria["bound_low"] == pytest.approx(60 / (60 + 30 + 20))
    assert nigeria["bound_high"] == pytest.approx((80 + 40) / (80 + 40 + 30))


def test_the_interval_rests_on_people_who_surely_are_distinct():
    cells = _cells(BOTH)
    whole, part = _cell(cells, "NG"), _cell(cells, "metro:lagos")
    assert whole["cn_share_high"] - whole["cn_share_low"] > 0.19
    assert part["cn_share_low"] < 45 / 70 < part["cn_share_high"]


def test_people_of_the_country_without_a_finer_place_may_be_in_the_metro():
    lagos = _cell(_cells(BOTH), "metro:lagos")
    assert lagos["bound_high"] == pytest.approx((45 + 40 + 15) / (45 + 40 + 15 + 25))


def test_a_side_that_is_hidden_hides_the_share_and_a_side_without_people_does_not():
    cells = _cells(BOTH)
    assert (_cell(cells, "ID")["state"], _cell(cells, "ID")["n_cn"]) == ("suppressed", None)
    assert (_cell(cells, "PE")["state"], _cell(cells, "PE")["cn_share"]) == ("zero", 0)
    assert _cell(cells, "FR")["state"] == "not_observed"
    assert _cell(cells, "BR")["state"] == "not_observed"
    assert "Nobody here" in _cell(cells, "BR")["reason"]
    assert "do not add up" in _cell(cells, "m49:011")["reason"]


def test_one_side_alone_makes_no_share():
    cells = _cells(BOTH.filter(~pl.col("repository").str.starts_with("us/")))
    assert cells["cn_share"].null_count() == cells.height
    nigeria = _cell(cells, "NG")
    assert (nigeria["state"], nigeria["n_cn"]) == ("not_observed", 80)
    assert "one side only (CN)" in nigeria["reason"]


def test_a_merge_counts_in_parts():
    rows = BOTH.vstack(
        _logs(("mixed/merge", "world", "world", "world", 40), ("mixed/merge", "country", "NG", "NG", 40))
    )
    nigeria = _cell(_cells(rows), "NG")
    assert (nigeria["n_cn"], nigeria["n_us"]) == (100, 50)
    assert nigeria["events"] == 3 * 150


def test_every_region_has_a_cell_and_the_tables_take_them():
    cells = _cells(BOTH)
    for _, own in cells.group_by("coding"):
        assert sorted(own["region_id"]) == sorted(REGIONS["region_id"])
    validate(donated_observations(cells).select(Observations.column_names()), Observations, where="test")
    whole = estimate(
        read("survey_use"),
        BuilderChoices.create_empty(),
        PackageDownloads.create_empty(),
        TrackedPackages.create_empty(),
        REGIONS,
        denominators=read("denominators"),
        donated=cells,
    )
    table = validate(whole, Estimates, where="test").filter(signal="model_download", coding="publisher")
    assert table.height == REGIONS.height
    nigeria = table.filter(region_id="NG").row(0, named=True)
    assert nigeria["cn_per_million"] == pytest.approx(80 / 227, rel=0.1)
    assert nigeria["location_quotient"] == pytest.approx((80 / 110) / 0.5)
    assert nigeria["cn_share_without_largest"] == pytest.approx(20 / 50)


def test_no_logs_are_no_cells():
    empty = _cells(DownloadLogs.create_empty())
    assert empty.is_empty()
    assert donated_observations(empty).is_empty()


def test_a_log_wins_over_a_model_of_the_same_cell_if_it_has_a_share():
    logged = _cells(BOTH).filter(pl.col("region_id").is_in(["NG", "BR"]) & (pl.col("coding") == "publisher"))
    modelled = logged.with_columns(evidence=pl.lit("modelled"), state=pl.lit("value"), cn_share=pl.lit(0.123))
    for rows in ([logged, modelled], [modelled, logged]):
        kept = most_direct(pl.concat(rows))
        assert dict(kept.select("region_id", "evidence").rows()) == {"BR": "modelled", "NG": "logged"}
