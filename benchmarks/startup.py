"""How long it takes to load the definitions, against importing Dagster and polars alone.

Every process of Dagster (web server, daemon, code server, each run) loads them. Read the ratio; seconds are those of
the machine. Both start from compiled modules, as every process does but the first. Prints the packages beyond Dagster
and polars that cost most, and exits with 1 above the limit.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[1]
BASE = "import dagster, polars"
LOADED = "import dagster, polars; from pipelines.definitions import defs; defs()"
ROUNDS = 9
LIMIT = 1.3
SHOWN = 8
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(code: str) -> float:
    """Return the processor seconds of a fresh interpreter that runs some code; those do not wait for other programs."""
    count = (
        f"{code}\nimport resource; use = resource.getrusage(resource.RUSAGE_SELF); print(use.ru_utime + use.ru_stime)"
    )
    done = subprocess.run(
        [sys.executable, "-c", count], cwd=PROJECT, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def costs() -> list[tuple[float, str]]:
    """Return what packages cost to import after Dagster and polars, the dearest first."""
    marked = f"{BASE}; import sys; sys.stderr.write('MARK\\n'); {LOADED}"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", marked], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    lines = re.findall(r"\|\s+(\d+) \|\s+([\w.]+)$", done.stderr.partition("MARK")[2], re.MULTILINE)
    found = {name: int(took) / 1e6 for took, name in lines if "." not in name}
    return sorted(((took, name) for name, took in found.items()), reverse=True)


def main() -> int:
    """Measure in turns, so that a busy moment of the machine meets both."""
    seconds(LOADED)
    pairs = [(seconds(BASE), seconds(LOADED)) for _ in range(ROUNDS)]
    base, loaded = median(one for one, _ in pairs), median(other for _, other in pairs)
    ratio = median(other / one for one, other in pairs)
    print(
        f"import dagster, polars: {base:.2f} s; with the definitions: {loaded:.2f} s; ratio {ratio:.2f} (limit {LIMIT})"
    )
    for took, name in costs()[:SHOWN]:
        print(f"  {took:6.3f} s  {name}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
