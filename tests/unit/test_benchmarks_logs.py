"""The benchmark of the reduction of logs runs, at a size for tests, and its log is one."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from assets.ingest.log_files import COLUMNS

PROJECT = Path(__file__).parents[2]
ROWS = 20_000


@pytest.fixture
def start(tmp_path):
    def started(script, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(tmp_path)}
        environment.pop("ATLAS_DUCKDB_PYTHON", None)
        command = [sys.executable, str(PROJECT / "benchmarks" / script), *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    return started


def test_the_log_has_the_columns_of_the_hub_and_is_the_same_each_time(start, tmp_path):
    for name in ("a", "b"):
        start("download_log.py", ROWS, tmp_path / f"{name}.parquet")
    log = pl.read_parquet(tmp_path / "a.parquet")
    assert set(log.columns) == set(COLUMNS)
    assert log.height == ROWS
    assert log.equals(pl.read_parquet(tmp_path / "b.parquet"))
    assert {path.name for path in tmp_path.iterdir()} == {"a.parquet", "b.parquet"}


def test_ours_runs_alone(start):
    lines = start("logs.py", ROWS, "--only", "ours").splitlines()
    assert any(line.startswith("20,000 rows") for line in lines)
    assert lines[-1].startswith("ours ")
    assert lines[-1].endswith("MiB")
