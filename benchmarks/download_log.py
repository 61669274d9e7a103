"""A log of the shape that publishers donate, of any size: ``python benchmarks/download_log.py ROWS FILE.parquet``.

A person comes back on some days; a visit asks for one repository, checks files by HEAD, fetches them, and sometimes
resumes a part. People, repositories and countries have heavy tails. One row in 250 is none that counts.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

PORTION: Final = 2_000_000
DAYS: Final = 61
REPOSITORIES: Final = 80
ROWS_PER_PERSON: Final = 14
SIGNED_IN: Final = 0.3
TRAVELLING: Final = 0.03
ODD_ROWS: Final = 0.004
PLACES: Final = (
    *(("US", "California"), ("CN", "Guangdong"), ("IN", "Karnataka"), ("US", "Virginia"), ("ID", "Jakarta")),
    *(("NG", "Lagos"), ("PE", "Lima"), ("DE", "Hesse"), ("BR", "São Paulo"), ("ID", "West Java"), ("SG", "Singapore")),
    *(("US", "Texas"), ("IN", "Maharashtra"), ("FR", "Paris"), ("JP", "Tokyo"), ("KE", "Nairobi"), ("NG", "Kano")),
    *(("CN", "Beijing"), ("CN", "Zhejiang"), ("GB", "England"), ("KR", "Seoul"), ("VN", "Hanoi"), ("MX", "Jalisco")),
    *(("PK", "Punjab"), ("EG", "Cairo"), ("TR", "Istanbul"), ("AR", "Cordoba"), ("PE", "Cusco"), ("TW", None)),
    *((code, None) for code in ("ES", "IT", "PL", "NL", "SE", "AU", "CA", "RU", "UA", "TH", "MY", "PH", "BD", "LK")),
    *((code, None) for code in ("ZA", "GH", "ET", "MA", "CL", "CO", "EC", "BO", "VE", "UY")),
    (None, None),
)
"""Country and region as a log writes them, most frequent first."""

ANSWERS: Final = (
    *(("HEAD", 200),) * 8,
    *(("GET", 200),) * 9,
    *(("GET", 302),) * 5,
    *(("GET", 206),) * 3,
    *(("HEAD", 302),) * 2,
    *(("GET", 304), ("GET", 307)),
)
ODD: Final = (("GET", 404), ("GET", 500), ("POST", 200), ("GET", 429))


def _tailed(random: np.random.Generator, count: int, size: int, power: float) -> np.ndarray:
    """Draw numbers below ``count``; small ones more often."""
    return (count * random.random(size) ** power).astype(np.int64)


def write_log(path: Path, rows: int) -> None:
    """Write a log as one Parquet file; the same number of rows gives the same rows."""
    random = np.random.default_rng(20260801)
    people = max(rows // ROWS_PER_PERSON, 10)
    ids = pl.Series(np.arange(people)).hash(7)
    names = pl.select(ids.cast(pl.String).str.encode("hex").str.head(32)).to_series()
    signed_in = pl.Series(random.random(people) < SIGNED_IN)
    home = pl.Series(_tailed(random, len(PLACES), people, 2.2))
    places = pl.DataFrame(PLACES, schema=["country", "region"], orient="row")
    answers = pl.DataFrame([*ANSWERS, *ODD], schema=["method", "status"], orient="row")
    start = int(datetime(2026, 8, 1, tzinfo=UTC).timestamp())

    def portion(size: int) -> pl.DataFrame:
        visits = max(size // 6, 1)
        visit = np.sort(random.integers(0, visits, size))
        person = _tailed(random, people, visits, 1.6)[visit]
        answer = np.where(random.random(size) < ODD_ROWS, len(ANSWERS), 0) + random.integers(0, len(ODD), size)
        answer = np.where(answer < len(ANSWERS), random.integers(0, len(ANSWERS), size), answer)
        travels = random.random(visits)[visit] < TRAVELLING
        place = np.where(travels, _tailed(random, len(PLACES), visits, 2.2)[visit], home.gather(person).to_numpy())
        second = start + random.integers(0, DAYS * 86_400, visits)[visit] + random.integers(0, 30, size)
        name, known = names.gather(person), signed_in.gather(person)
        return pl.DataFrame(
            {
                "timestamp": pl.Series(second * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "repoName": pl.Series(_tailed(random, REPOSITORIES, visits, 2.0)[visit]),
                "answer": answer,
                "place": place,
                "hashedUserId": pl.select(pl.when(known).then(name)).to_series(),
                "hashedIp": pl.select(pl.when(~known).then(name)).to_series(),
            }
        ).select(
            "timestamp",
            answers["status"].gather(answer).alias("status"),
            answers["method"].gather(answer).alias("method"),
            pl.format("lab/model-{}", "repoName").alias("repoName"),
            pl.lit("model").alias("repoType"),
            "hashedUserId",
            "hashedIp",
            places["country"].gather(place).alias("country"),
            places["region"].gather(place).alias("region"),
        )

    sizes = [PORTION] * (rows // PORTION) + ([rows % PORTION] if rows % PORTION else [])
    parts = [path.with_name(f"{path.stem}-{number}.part") for number in range(len(sizes))]
    for part, size in zip(parts, sizes, strict=True):
        portion(size).write_parquet(part, compression="zstd")
    draft = path.with_name(f"{path.name}.draft")
    pl.scan_parquet(parts, glob=False).sink_parquet(draft, compression="zstd")
    for part in parts:
        part.unlink()
    draft.replace(path)


if __name__ == "__main__":
    write_log(Path(sys.argv[2]), int(sys.argv[1]))
