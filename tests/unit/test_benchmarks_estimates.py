"""The benchmark of the estimates runs, at its smallest size."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl

PROJECT = Path(__file__).parents[2]


def test_ours_runs_alone(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(tmp_path)}
    environment.pop("ATLAS_DUCKDB_PYTHON", None)
    command = [sys.executable, str(PROJECT / "benchmarks" / "estimates.py"), "1", "--only", "ours"]
    lines = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[-2].startswith("1,000,000 events")
    assert lines[-1].startswith("ours ")
    assert "cells in" in lines[-1]
    assert pl.scan_parquet(tmp_path / "atlas-events-1" / "events-*.parquet").select(pl.len()).collect().item() == 10**6
