"""Reduction of a donated log against duckdb, in the same run: ``python benchmarks/logs.py [ROWS] [--only METHOD]``.

Makes the log of ``download_log.py``, then lets every method count it in a process of its own, and prints seconds, peak
memory and the factor to ours. Ours is all of ``reduce_logs``: checking columns, naming the fate of every row, counting,
hiding small counts and validating the table. duckdb gets the region of each pair and counts the same cells from the
rows that count, in the two ways one would write: grouping sets with distinct counts, and people first. Its cells are
then hidden by our rule outside of the clock, and must be our table.

duckdb is a peer, not a dependency: ``python -m pip install duckdb`` into the environment, or name an interpreter that
has it by ``ATLAS_DUCKDB_PYTHON``. The log is kept in the folder for temporary files. Read the factors, not the seconds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

ROWS: Final = 10_000_000
DAY: Final = date(2026, 11, 25)
MEBIBYTES: Final = 2048
"""Most memory that ours may take."""

COUNTED: Final = """
    SELECT l.repoName AS repository, l.repoType AS repository_kind, CAST(l.timestamp[1:10] AS DATE) AS period,
        p.country, p.region_id, l.method = 'GET' AND l.status IN (200, 302, 303) AS sent,
        l.method = 'GET' AND l.status IN (200, 206, 302, 303) AS took,
        hash(coalesce(l.hashedUserId, 'ip' || l.hashedIp)) AS person
    FROM read_parquet('{log}') l JOIN read_parquet('{places}') p
        ON l.country IS NOT DISTINCT FROM p.log_country AND l.region IS NOT DISTINCT FROM p.log_region
    WHERE l.method IN ('GET', 'HEAD') AND l.status BETWEEN 200 AND 399 AND l.status NOT IN (301, 307, 308)
"""
SETS: Final = ", ".join(
    f"(repository, repository_kind, {time}{place})"
    for time in ("period", "month")
    for place in (", country, region_id", ", country", "")
)
CELLS: Final = """
    SELECT repository, repository_kind, CASE WHEN period IS NULL THEN 'month' ELSE 'day' END AS span,
        coalesce(period, month) AS period, coalesce(country, 'world') AS country,
        coalesce(region_id, country, 'world') AS region_id, {counts}
    FROM {rows} GROUP BY GROUPING SETS ({sets})
"""
QUERIES: Final = {
    "duckdb, grouping sets": CELLS.format(
        counts="count(*) AS requests, count(*) FILTER (sent) AS downloads, "
        "count(DISTINCT person) FILTER (took) AS downloaders",
        rows=f"(SELECT *, date_trunc('month', period)::DATE AS month FROM ({COUNTED}))",  # noqa: S608
        sets=SETS,
    ),
    "duckdb, people first": CELLS.format(
        counts="sum(requests)::BIGINT AS requests, sum(downloads)::BIGINT AS downloads, "
        "count(DISTINCT person) FILTER (took) AS downloaders",
        rows=f"""(SELECT repository, repository_kind, period, date_trunc('month', period)::DATE AS month, country,
            region_id, person, count(*) AS requests, count(*) FILTER (sent) AS downloads, bool_or(took) AS took
            FROM ({COUNTED}) GROUP BY ALL)""",  # noqa: S608
        sets=SETS,
    ),
}
METHODS: Final = ("ours", *QUERIES)


def _ours(log: Path, result: Path) -> float:
    from assets.ingest.log_reduction import reduce_logs
    from assets.places.log_places import log_places

    start = time.perf_counter()
    reduce_logs([str(log)], places=log_places, today=DAY).table.write_parquet(result)
    return time.perf_counter() - start


def _duckdb(method: str, log: Path, result: Path) -> float:
    import duckdb

    query = QUERIES[method].format(log=log, places=log.with_suffix(".places.parquet"))
    start = time.perf_counter()
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{result}.spill'")
    connection.execute(f"COPY ({query}) TO '{result}' (FORMAT parquet)")
    return time.perf_counter() - start


def _run_alone(method: str, log: Path, result: Path) -> dict[str, Any]:
    python = sys.executable if method == "ours" else os.environ.get("ATLAS_DUCKDB_PYTHON", sys.executable)
    command = [python, __file__, "--alone", method, "--log", str(log), "--result", str(result)]
    project = str(Path(__file__).parents[1])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": project}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else str(done.returncode)}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _alone(method: str, log: Path, result: Path) -> None:
    seconds = _ours(log, result) if method == "ours" else _duckdb(method, log, result)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "mebibytes": peak / 2**20}))


def _same(ours: Path, theirs: Path) -> bool:
    import polars as pl

    from assets.ingest.log_suppression import hide

    table = pl.read_parquet(ours)
    key = ["repository", "repository_kind", "span", "period", "country", "region_id"]
    level = table.select("country", "region_id", "level").unique()
    cells = pl.read_parquet(theirs).join(level, on=["country", "region_id"], how="left")
    columns = [*key, "requests", "downloads", "downloaders", "suppressed"]
    return hide(cells).select(columns).sort(key).equals(table.select(columns).sort(key))


def _prepare(rows: int) -> Path:
    import polars as pl
    from download_log import write_log

    from assets.places.log_places import log_places

    log = Path(tempfile.gettempdir()) / f"atlas-log-{rows}.parquet"
    if not log.exists():
        write_log(log, rows)
    pairs = pl.scan_parquet(log).select(log_country="country", log_region="region").unique().collect(engine="streaming")
    log_places(pairs).write_parquet(log.with_suffix(".places.parquet"))
    return log


def main() -> int:
    """Run the comparison; return 1 where a peer is faster, results differ or memory is over the limit."""
    parser = argparse.ArgumentParser(description="Reduction of a donated log against duckdb.")
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    parser.add_argument("--only", choices=METHODS)
    parser.add_argument("--alone", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        _alone(given.alone, given.log, given.result)
        return 0
    methods = [given.only] if given.only else list(METHODS)
    if "ATLAS_DUCKDB_PYTHON" not in os.environ and find_spec("duckdb") is None:
        print("duckdb is not installed: ours alone.")
        methods = ["ours"]
    log = _prepare(given.rows)
    print(f"{given.rows:,} rows, {log.stat().st_size / 2**20:,.0f} MiB of Parquet, {os.cpu_count()} cores")
    fine, base = True, None
    with tempfile.TemporaryDirectory() as folder:
        for number, method in enumerate(methods):
            found = _run_alone(method, log, Path(folder) / f"{number}.parquet")
            if "failed" in found:
                print(f"{method:<24} failed: {found['failed']}")
                continue
            seconds, mebibytes = found["seconds"], found["mebibytes"]
            words = f"{method:<24} {seconds:>8.1f} s {mebibytes:>8,.0f} MiB"
            if method == "ours":
                base, fine = seconds, fine and mebibytes <= MEBIBYTES
            elif base:
                same = _same(Path(folder) / "0.parquet", Path(folder) / f"{number}.parquet")
                words += f"  {seconds / base:>5.2f} × ours  {'same cells' if same else 'OTHER CELLS'}"
                fine = fine and same and seconds >= base
            print(words, flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
