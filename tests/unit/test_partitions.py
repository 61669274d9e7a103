"""Tables in parts: only what is asked for is written, in folders and behind URLs, and a part outlives its inputs."""

from datetime import date

import dagster as dg
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from assets.archive.counters import monthly_counters
from assets.partitions import DAYS, MONTHS, REPOSITORY, kept_part, part_path, partitioned_asset, parts_of
from assets.run import Run
from assets.schemas.archive import DailyCounters
from pipelines.storage import StoreError, TableIOManager

ASSET = "archive/daily_counters"
DATES = st.dates(date(2025, 1, 1), date(2025, 3, 31))


def _rows(days, downloads=5):
    return pl.DataFrame(
        {
            "platform": "huggingface",
            "model_id": "made-up/model",
            "observed_on": pl.Series(days, dtype=pl.Date),
            "definition": "all_time",
            "source_id": "made_up",
            "account": "made-up",
            "downloads": pl.Series([downloads] * len(days), dtype=pl.Int64),
        },
        schema=DailyCounters.create_empty().schema,
    )


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return str(tmp_path / "store") if request.param == "folder" else f"memory://{tmp_path.name}/store"


@pytest.fixture
def make(store, tmp_path):
    """Make parts of a table whose inputs hold the given rows."""

    def start(rows, first, last):
        @partitioned_asset(DailyCounters, partitions=DAYS, by="observed_on", kinds={"polars"})
        def daily_counters(run: Run) -> pl.DataFrame:  # noqa: ARG001
            """Counters that a test made up."""
            return rows

        return dg.materialize(
            [daily_counters],
            resources={
                "run": Run(mode="snapshot", store=store, output=str(tmp_path / "build")),
                "tables": TableIOManager(store=store, mode="snapshot"),
            },
            tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
            raise_on_error=False,
        )

    return start


def _kept(store, key):
    return kept_part(UPath(store), ASSET, key)


def test_only_the_parts_that_are_asked_for_are_written(make, store):
    rows = _rows([date(2025, 1, day) for day in (1, 2, 3, 5)])
    assert make(rows, "2025-01-02", "2025-01-04").success
    assert _kept(store, "2025-01-01") is None
    assert _kept(store, "2025-01-05") is None
    assert _kept(store, "2025-01-02").height == _kept(store, "2025-01-03").height == 1
    # Not observed: no rows, which is no count of zero.
    assert _kept(store, "2025-01-04").is_empty()


def test_a_part_outlives_its_inputs_and_follows_them_while_they_last(make, store):
    days = [date(2025, 1, 1), date(2025, 1, 2)]
    make(_rows(days), "2025-01-01", "2025-01-02")
    make(_rows(days[1:], downloads=7), "2025-01-01", "2025-01-02")
    assert _kept(store, "2025-01-01")["downloads"].to_list() == [5]
    assert _kept(store, "2025-01-02")["downloads"].to_list() == [7]


def test_a_run_that_breaks_the_declaration_writes_no_part(make, store):
    make(_rows([date(2025, 1, 1)]), "2025-01-01", "2025-01-02")
    result = make(_rows([date(2025, 1, 1), date(2025, 1, 2)], downloads=-1), "2025-01-01", "2025-01-02")
    assert not result.success
    assert _kept(store, "2025-01-01")["downloads"].to_list() == [5]
    assert _kept(store, "2025-01-02").is_empty()


def test_every_part_says_how_many_rows_it_has_and_where_they_are(make):
    result = make(_rows([date(2025, 1, 1)]), "2025-01-01", "2025-01-02")
    made = {one.partition: one.metadata for one in result.asset_materializations_for_node("archive__daily_counters")}
    said = {day: (found["dagster/partition_row_count"].value, found["state"].value) for day, found in made.items()}
    assert said == {"2025-01-01": (1, "observed"), "2025-01-02": (0, "not_observed")}
    for day, found in made.items():
        assert found["file"].value == f"archive/daily_counters/{day}.parquet"
        assert UPath(found["dagster/uri"].value).exists()


def test_a_store_of_parts_belongs_to_one_mode(make, store):
    make(_rows([date(2025, 1, 1)]), "2025-01-01", "2025-01-01")
    with pytest.raises(StoreError, match="mode 'snapshot'"):
        TableIOManager(store=store, mode="live").setup_for_execution(dg.build_init_resource_context())


@pytest.mark.parametrize("name", ["owner/model", "../../etc/passwd", "owner/mo del%"])
def test_a_parts_file_stays_in_its_folder(name):
    path = part_path(UPath("/store"), "archive/repository_listings", name)
    assert path.parent == UPath("/store/archive/repository_listings")


@settings(deadline=None)
@given(st.lists(DATES, max_size=40), st.sampled_from([DAYS, MONTHS]))
def test_parts_hold_every_row_of_their_time_and_no_other(days, partitions):
    rows = _rows(days)
    keys = [key for key in partitions.get_partition_keys() if "2025-01-15" <= key <= "2025-03-10"]
    parts = parts_of(rows, "observed_on", partitions, keys)
    assert list(parts) == keys
    found = pl.concat(parts.values())
    first = "2025-02-01" if partitions is MONTHS else "2025-01-15"
    last = "2025-03-31" if partitions is MONTHS else "2025-03-10"
    expected = rows.filter(pl.col("observed_on").is_between(date.fromisoformat(first), date.fromisoformat(last)))
    assert found.sort(pl.all()).equals(expected.sort(pl.all()))
    assert all(part.columns == rows.columns for part in parts.values())


def test_repositories_are_told_apart_by_name():
    rows = pl.DataFrame({"repository": ["a/x", "a/y", "a/x"], "n": [1, 2, 3]})
    parts = parts_of(rows, "repository", REPOSITORY, ["a/x", "a/z"])
    assert parts["a/x"]["n"].to_list() == [1, 3]
    assert parts["a/z"].is_empty()


@settings(deadline=None)
@given(st.dictionaries(DATES, st.integers(0, 10**9), min_size=1, max_size=30))
def test_a_month_has_the_first_and_the_last_counter_of_its_days(counters):
    days = pl.concat(_rows([day], value) for day, value in counters.items())
    months = monthly_counters(days)
    assert months["observed_days"].sum() == len(counters)
    for row in months.iter_rows(named=True):
        own = sorted(day for day in counters if day.replace(day=1) == row["month"])
        assert (row["first_on"], row["last_on"], row["observed_days"]) == (own[0], own[-1], len(own))
        assert (row["first_downloads"], row["last_downloads"]) == (counters[own[0]], counters[own[-1]])
