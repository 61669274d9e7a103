"""The count of people on Apache Spark: the driver and two executors, each a process of its own with its own memory."""

import shutil

import polars as pl
import pytest

from assets.adoption.people import count_people
from tests.unit.adoption.made_up_events import as_dictionaries, counted_by_hand, made_up

pytestmark = pytest.mark.system


@pytest.fixture
def spark(tmp_path, monkeypatch):
    if shutil.which("java") is None:
        pytest.fail("This test needs Java: install the package default-jre-headless.")
    from pyspark.sql import SparkSession

    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.warehouse.dir", str(tmp_path))
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_counts_the_same_by_the_same_lines(spark):
    frames = made_up(3000)
    found = count_people(*(spark.createDataFrame(frame.rows(), schema=frame.columns) for frame in frames))
    collected = [
        pl.DataFrame(
            [tuple(row) for row in part.collect()], schema=part.columns, orient="row", infer_schema_length=None
        )
        for part in found
    ]
    assert as_dictionaries(*collected) == counted_by_hand(*frames)
