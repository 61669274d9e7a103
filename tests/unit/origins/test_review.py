"""The review queue and the coverage of the registry: on made-up downloads and on the snapshot."""

from datetime import date

import polars as pl
import pytest

from assets.ingest.snapshot import read
from assets.origins.assets import COVERED_DOWNLOADS, _covers_each_source
from assets.origins.registry import load_publishers
from assets.origins.review import coverage, review_queue
from assets.schemas import validate
from assets.schemas.ingest import ModelDownloadTotals, Models
from assets.schemas.tracked import ReviewQueue

OLD, NEW = date(2026, 1, 1), date(2026, 2, 1)


def _frame(table, rows):
    schema = {name: column.dtype for name, column in table.columns().items()}
    empty = dict.fromkeys(schema)
    return pl.DataFrame([empty | row for row in rows], schema=schema)


def _models(*rows):
    """Rows of account, downloads and day."""
    return _frame(
        Models,
        [
            {
                "platform": "huggingface",
                "model_id": f"{account}/m{number}",
                "observed_on": day,
                "account": account,
                "downloads_30d": downloads,
                "removed": False,
                "source_id": "hf_radar",
            }
            for number, (account, downloads, day) in enumerate(rows)
        ],
    )


TOTALS = _frame(ModelDownloadTotals, [])


@pytest.fixture(scope="module")
def publishers():
    return load_publishers()


@pytest.fixture(scope="module")
def snapshot():
    return read("models"), read("model_download_totals")


def test_the_queue_lists_unchecked_accounts_by_the_downloads_that_rest_on_them(publishers):
    models = _models(
        ("Qwen", 50, NEW), ("unsloth", 10, NEW), ("unsloth", 5, NEW), ("nobody", 20, NEW), ("u00001", 15, NEW)
    )
    queue = review_queue(models, TOTALS, publishers)
    assert queue["account"].to_list() == ["nobody", "unsloth"]
    assert queue["need"].to_list() == ["unregistered", "unreviewed"]
    assert queue["downloads"].to_list() == [20, 15]
    assert queue["models"].to_list() == [1, 2]
    assert queue["share"].to_list() == [0.2, 0.15]
    assert queue["organisation"].to_list() == [None, "Unsloth"]
    assert queue["headquarters"].to_list() == [None, "US"]


def test_only_the_newest_day_of_a_source_counts(publishers):
    queue = review_queue(_models(("nobody", 99, OLD), ("unsloth", 1, NEW)), TOTALS, publishers)
    assert queue.select("account", "observed_on").rows() == [("unsloth", NEW)]


def test_a_source_with_counters_of_both_kinds_is_queued_once_by_the_last_30_days(publishers):
    models = _models(("nobody", 20, NEW), ("no-one", 30, NEW))
    totals = _frame(
        ModelDownloadTotals,
        [
            {
                "platform": "huggingface",
                "counter": f"{account}/m",
                "account": account,
                "definition": "all_time",
                "observed_on": NEW,
                "downloads": 1_000,
                "source_id": "hf_radar",
            }
            for account in ("nobody", "no-one", "somebody-else")
        ],
    )
    queue = validate(review_queue(models, totals, publishers), ReviewQueue, where="attribute/review_queue")
    assert queue.select("account", "definition", "downloads").rows() == [
        ("no-one", "rolling_30d", 30),
        ("nobody", "rolling_30d", 20),
    ]


def test_accounts_without_downloads_need_no_review(publishers):
    assert review_queue(_models(("nobody", 0, NEW), ("Qwen", 1, NEW)), TOTALS, publishers).is_empty()


def test_a_rename_is_listed_with_the_organisation_of_its_present_name(publishers):
    queue = review_queue(_models(("nobody", 1, NEW), ("AIDC-AI", 9, NEW)), TOTALS, publishers)
    assert "AIDC-AI" not in queue["account"].to_list()  # reviewed under its present name


def test_an_unknown_account_lowers_coverage_and_a_row_without_a_base_does_not(publishers):
    shares = coverage(_models(("Qwen", 60, NEW), ("bigscience", 20, NEW), ("nobody", 20, NEW)), TOTALS, publishers)
    assert shares.select("covered", "reviewed", "personal").row(0) == (0.8, 0.6, 0.0)


def test_the_registry_covers_every_source_of_the_snapshot(publishers, snapshot):
    shares = coverage(*snapshot, publishers)
    assert shares.select("source_id", "platform").n_unique() == 4
    assert shares["covered"].min() >= COVERED_DOWNLOADS
    assert shares["reviewed"].min() >= 0.7


def test_the_queue_of_the_snapshot_meets_its_declaration(publishers, snapshot):
    queue = validate(review_queue(*snapshot, publishers), ReviewQueue, where="test")
    top = queue.filter(pl.col("rank") == 1)
    assert top.height == 4
    assert not queue["account"].str.contains(r"^u\d{5}$").any()


def test_the_check_names_a_source_that_falls_short(publishers):
    inputs = {"models": _models(("nobody", 1, NEW)), "model_download_totals": TOTALS, "publishers": publishers}
    outcome = _covers_each_source(pl.DataFrame(), inputs)
    assert not outcome.passed
    assert "hf_radar on huggingface" in outcome.said
    assert outcome.figures["covered_hf_radar_huggingface"] == 0.0


def test_the_check_passes_on_the_snapshot_with_figures_for_each_source(publishers, snapshot):
    inputs = {"models": snapshot[0], "model_download_totals": snapshot[1], "publishers": publishers}
    outcome = _covers_each_source(pl.DataFrame(), inputs)
    assert outcome.passed
    assert len(outcome.figures) == 8
