"""Estimates on the snapshot, and events to cells against duckdb: ``python benchmarks/estimates.py [MILLIONS]``.

First the whole way from the ingest tables of the embedded snapshot to tables ``model_origins``, ``builder_choices`` and
``estimates``, validated; it says how much of that the estimates take. Then so many million made-up events at tracked
repositories (people with heavy tails, four in ten with a place) are counted by place, each method in a process of its
own: ours is ``count_in_shards`` from the Parquet files, and then the cells with suppression, shares and leave-one-out
range. duckdb counts the same people by place and artefact; its counts must be ours.

duckdb is a peer, not a dependency: install it into the environment, or name an interpreter that has it by
``ATLAS_DUCKDB_PYTHON``. Events are kept in the folder for temporary files. Read the factors, not the seconds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

MILLIONS: Final = 20
BATCH: Final = 5_000_000
REPOSITORIES: Final = 400
YEARS: Final = 4
SNAPSHOT_SECONDS: Final = 5.0
MEBIBYTES: Final = 2048
"""Most memory that ours may take, whatever the size."""

TOUCHED: Final = """
    SELECT e.signal, e.period, e.actor, r.origin, e.repository, sum(e.events) AS events
    FROM read_parquet('{events}') e JOIN read_parquet('{tracked}') r USING (repository) WHERE r.kind = 'model'
    GROUP BY ALL
"""
HOMES: Final = """
    SELECT actor, country, coalesce(admin1, '') AS admin1,
        coalesce(metro, CASE WHEN level IN ('city', 'metro') THEN 'elsewhere' ELSE '' END) AS metro
    FROM read_parquet('{places}') WHERE evidence = 'declared'
"""
PEOPLE: Final = """
    SELECT signal, period, country, admin1, metro, sum(n)::BIGINT AS n, sum(events)::BIGINT AS events,
        sum(cn)::BIGINT AS n_cn, sum(us)::BIGINT AS n_us, sum(other)::BIGINT AS n_other,
        sum(unknown)::BIGINT AS n_unknown, count(*)::BIGINT AS everybody
    FROM (SELECT signal, period, actor, max((origin IN ('CN', 'US'))::INT) AS n,
            coalesce(sum(events) FILTER (origin IN ('CN', 'US')), 0) AS events, max((origin = 'CN')::INT) AS cn,
            max((origin = 'US')::INT) AS us, max((origin = 'other')::INT) AS other,
            max((origin = 'unknown')::INT) AS unknown
        FROM touched GROUP BY ALL)
    LEFT JOIN homes USING (actor) GROUP BY ALL
"""
ARTEFACTS: Final = """
    SELECT signal, period, country, admin1, metro, origin, repository AS artefact, sum((alone)::INT)::BIGINT AS only_,
        count(*)::BIGINT AS people
    FROM (SELECT *, count(*) OVER (PARTITION BY signal, period, actor, origin) = 1 AS alone
        FROM touched WHERE origin IN ('CN', 'US'))
    LEFT JOIN homes USING (actor) GROUP BY ALL
"""
METHODS: Final = ("ours", "duckdb")


def _snapshot() -> float:
    """Time the way from ingest tables to estimates on the snapshot, and return the seconds of the estimates."""
    import polars as pl

    from assets.adoption.derivatives import builder_choices
    from assets.adoption.donated import donated_cells
    from assets.adoption.estimates import estimate
    from assets.adoption.located import located_cells
    from assets.ingest.snapshot import read
    from assets.origins.builders import load_builders
    from assets.origins.codings import model_origins
    from assets.origins.registry import load_publishers
    from assets.origins.tracked import load_packages, load_repositories
    from assets.places.actors import PLACES
    from assets.schemas import TABLES, validate
    from assets.schemas.ingest import Contributions, DownloadLogs, Forks, PackageDownloads
    from maps.geometry.regions import load_regions

    start = time.perf_counter()
    publishers, models, parents = load_publishers(), read("models"), read("model_parents")
    origins = model_origins(models, read("model_download_totals"), parents, publishers)
    choices = builder_choices(load_builders(), models, parents, origins, publishers)
    attributed = time.perf_counter()
    regions = load_regions()
    located = located_cells(
        Forks.create_empty(), Contributions.create_empty(), pl.DataFrame(schema=PLACES), load_repositories(), regions
    )
    table = estimate(
        read("survey_use"),
        choices,
        PackageDownloads.create_empty(),
        load_packages(),
        regions,
        denominators=read("denominators"),
        located=located,
        donated=donated_cells(DownloadLogs.create_empty(), origins, publishers, regions),
    )
    rows = validate(table, TABLES["adoption/estimates"], where="benchmark").height
    end = time.perf_counter()
    print(
        f"snapshot: ingest tables to {rows:,} estimates in {end - start:.1f} s, of which origins and choices "
        f"{attributed - start:.1f} s, estimates {end - attributed:.1f} s",
        flush=True,
    )
    return end - start


def _files(millions: int) -> dict[str, Path]:
    """Name the files; events are several."""
    folder = Path(tempfile.gettempdir()) / f"atlas-events-{millions}"
    return {
        "events": folder / "events-*.parquet",
        "places": folder / "places.parquet",
        "tracked": folder / "tracked.parquet",
    }


def _prepare(millions: int) -> dict[str, Path]:
    """Make events, places and repositories once; return their files."""
    import numpy as np
    import polars as pl

    from maps.geometry.regions import load_regions

    files = _files(millions)
    folder = files["events"].parent
    if (folder / "made").exists():
        return files
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(20261125)
    people = max(1, millions * 1_000_000 // 8)
    weights = 1 / np.arange(1, REPOSITORIES + 1)
    names = np.array([f"lab{number}/model" for number in range(REPOSITORIES)])
    origin = rng.choice(["CN", "US", "other", "unknown"], REPOSITORIES, p=[0.35, 0.45, 0.17, 0.03])
    pl.DataFrame({"repository": names, "origin": origin, "kind": "model"}).write_parquet(files["tracked"])

    regions = load_regions()
    countries = regions.filter(pl.col("level") == "country")["region_id"].to_numpy()
    sizes = rng.pareto(0.8, len(countries)) + 0.01
    metros = dict(regions.filter(pl.col("level") == "metro").group_by("parent_id").agg("region_id").iter_rows())
    home = rng.choice(len(countries), people, p=sizes / sizes.sum())
    fine = rng.random(people)
    part = rng.integers(1, 12, people)
    has_place = rng.random(people) < 0.4  # noqa: PLR2004 - four in ten, as on GitHub
    country = countries[home]
    capital = pl.Series([metros.get(one, [None])[0] for one in countries], dtype=pl.String).gather(home)
    pl.DataFrame(
        {
            "actor": np.arange(people, dtype=np.uint32),
            "country": country,
            "admin1": np.char.add(np.char.add(country.astype(str), "-"), part.astype(str)),
            "metro": capital,
            "fine": fine,
            "has_place": has_place,
        }
    ).select(
        "actor",
        pl.when("has_place").then("country").alias("country"),
        pl.when(pl.col("has_place") & (pl.col("fine") > 0.3)).then("admin1").alias("admin1"),  # noqa: PLR2004
        pl.when(pl.col("has_place") & (pl.col("fine") > 0.7)).then("metro").alias("metro"),  # noqa: PLR2004
        pl.when("has_place").then(pl.lit("admin1")).alias("level"),
        pl.when("has_place").then(pl.lit("declared")).alias("evidence"),
    ).write_parquet(files["places"])

    for number, first in enumerate(range(0, millions * 1_000_000, BATCH)):
        size = min(BATCH, millions * 1_000_000 - first)
        pl.DataFrame(
            {
                "actor": (people * rng.random(size) ** 2).astype(np.uint32),
                "repository": names[rng.choice(REPOSITORIES, size, p=weights / weights.sum())],
                "year": rng.integers(2026 - YEARS, 2026, size),
                "events": rng.geometric(0.5, size),
            }
        ).select(
            "actor",
            "repository",
            "events",
            signal=pl.lit("fork"),
            period=pl.date(pl.col("year"), 1, 1),
        ).write_parquet(folder / f"events-{number}.parquet")
    (folder / "made").touch()
    return files


def _ours(files: dict[str, Path], result: Path) -> dict[str, float]:
    import polars as pl

    from assets.adoption.located import cells_of_people
    from assets.adoption.people import count_in_shards
    from maps.geometry.regions import load_regions

    start = time.perf_counter()
    scanned = {name: pl.scan_parquet(path) for name, path in files.items()}
    people, artefacts = count_in_shards(scanned["events"], scanned["places"], scanned["tracked"].collect())
    counted = time.perf_counter()
    cells = cells_of_people(people, artefacts, load_regions())
    end = time.perf_counter()
    people.write_parquet(result.with_suffix(".people.parquet"))
    artefacts.write_parquet(result.with_suffix(".artefacts.parquet"))
    return {"seconds": counted - start, "cells_seconds": end - counted, "cells": cells.height}


def _duckdb(files: dict[str, Path], result: Path) -> dict[str, float]:
    import duckdb

    names = {name: str(path) for name, path in files.items()}
    start = time.perf_counter()
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{result}.spill'")
    connection.execute(f"CREATE TEMP TABLE touched AS {TOUCHED.format(**names)}")
    connection.execute(f"CREATE TEMP TABLE homes AS {HOMES.format(**names)}")
    for name, query in (("people", PEOPLE), ("artefacts", ARTEFACTS)):
        connection.execute(f"COPY ({query}) TO '{result.with_suffix(f'.{name}.parquet')}' (FORMAT parquet)")
    return {"seconds": time.perf_counter() - start}


def _run_alone(method: str, millions: int, result: Path) -> dict[str, Any]:
    python = sys.executable if method == "ours" else os.environ.get("ATLAS_DUCKDB_PYTHON", sys.executable)
    command = [python, __file__, str(millions), "--alone", method, "--result", str(result)]
    project = str(Path(__file__).parents[1])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": project}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else str(done.returncode)}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _alone(method: str, millions: int, result: Path) -> None:
    files = _files(millions)
    found = _ours(files, result) if method == "ours" else _duckdb(files, result)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({**found, "mebibytes": peak / 2**20}))


def _same(ours: Path, theirs: Path) -> bool:
    import polars as pl

    for name in ("people", "artefacts"):
        one = pl.read_parquet(ours.with_suffix(f".{name}.parquet"))
        other = pl.read_parquet(theirs.with_suffix(f".{name}.parquet")).rename({"only_": "only"}, strict=False)
        key = [column for column in one.columns if not one.schema[column].is_numeric()]
        if not one.sort(key).equals(other.select(one.columns).cast(dict(one.schema)).sort(key)):
            return False
    return True


def main() -> int:
    """Run both parts; return 1 where a limit is missed, a peer is faster or results differ."""
    parser = argparse.ArgumentParser(description="Estimates on the snapshot, and events to cells.")
    parser.add_argument("millions", nargs="?", type=int, default=MILLIONS)
    parser.add_argument("--only", choices=("snapshot", *METHODS))
    parser.add_argument("--alone", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        _alone(given.alone, given.millions, given.result)
        return 0
    fine = True
    if given.only in {None, "snapshot"}:
        fine = _snapshot() <= SNAPSHOT_SECONDS
    if given.only == "snapshot":
        return 0 if fine else 1
    methods = [given.only] if given.only else list(METHODS)
    if "ATLAS_DUCKDB_PYTHON" not in os.environ and find_spec("duckdb") is None:
        print("duckdb is not installed: ours alone.")
        methods = ["ours"]
    files = _prepare(given.millions)
    rows, base = given.millions * 1_000_000, None
    size = sum(path.stat().st_size for path in files["events"].parent.glob("events-*.parquet"))
    print(f"{rows:,} events, {size / 2**20:,.0f} MiB of Parquet, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        for number, method in enumerate(methods):
            found = _run_alone(method, given.millions, Path(folder) / str(number))
            if "failed" in found:
                print(f"{method:<8} failed: {found['failed']}")
                fine = False
                continue
            seconds, mebibytes = found["seconds"], found["mebibytes"]
            words = f"{method:<8} {seconds:>7.1f} s {rows / seconds / 1e6:>6.2f} M rows/s {mebibytes:>8,.0f} MiB"
            if method == "ours":
                base, fine = seconds, fine and mebibytes <= MEBIBYTES
                words += f"  and {found['cells']:,.0f} cells in {found['cells_seconds']:.1f} s more"
            elif base:
                same = _same(Path(folder) / "0", Path(folder) / str(number))
                words += f"  {seconds / base:>5.2f} × ours  {'same counts' if same else 'OTHER COUNTS'}"
                fine = fine and same and seconds >= base
            print(words, flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
