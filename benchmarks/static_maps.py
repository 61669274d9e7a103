"""Fifty world maps as SVG, and one of them as PNG and PDF: how long they take.

Made-up figures, nothing observed: each map is another month. Outlines are projected once, as in a run, and counted
apart. Exits with 1 where the budget is missed.

    python benchmarks/static_maps.py
"""

import datetime as dt
import sys
import time

import polars as pl

from maps import cells as cube
from maps.geometry.planes import plane
from maps.geometry.regions import load_regions
from maps.geometry.views import WORLD
from maps.raster import svg_to_pdf, svg_to_png
from maps.spec import MapSpec, SignalSpec
from maps.static import draw_map

MAPS = 50
BUDGETS = {"50 SVG s": 2.0}


def made_up(regions: pl.DataFrame) -> tuple[pl.DataFrame, MapSpec]:
    """Shares of every economy in so many months, and the captions."""
    economies = regions.filter(level="country")["region_id"].to_list()
    months = [dt.date(2022 + month // 12, month % 12 + 1, 1) for month in range(MAPS)]
    table = pl.DataFrame(
        {
            "signal": "fork",
            "period": [month for month in months for _ in economies],
            "coding": "publisher",
            "region_id": economies * MAPS,
            "cn_share": [(37 * i + 11 * t) % 101 / 100 for t in range(MAPS) for i in range(len(economies))],
            "n": [float(10 + 7 * i) for _ in months for i in range(len(economies))],
            "counted": "people",
            "evidence": "declared",
        }
    )
    signal = SignalSpec(
        signal="fork", label="fork", title="Made-up forks", people="people", note="Made up.", credit="Nobody."
    )
    return table, MapSpec(signals=(signal,), boundaries="Natural Earth.", stamp="MADE UP")


def main() -> int:
    """Print what was measured; 1 where the budget is missed."""
    regions = load_regions()
    table, spec = made_up(regions)
    slices = cube.slices(cube.completed(table, regions), regions, spec)
    start = time.perf_counter()
    plane(WORLD)
    draw_map(slices[0], spec)
    found = {"projection and first SVG s": time.perf_counter() - start}
    start = time.perf_counter()
    pictures = [draw_map(one, spec) for one in slices]
    found["50 SVG s"] = time.perf_counter() - start
    for name, made in (("PNG of 2400 px s", svg_to_png), ("PDF s", svg_to_pdf)):
        start = time.perf_counter()
        made(pictures[0])
        found[name] = time.perf_counter() - start
    found["kB a map"] = len(pictures[0].encode()) / 1e3
    missed = [name for name, budget in BUDGETS.items() if found[name] > budget]
    for name, value in found.items():
        budget = f"  (budget {BUDGETS[name]:g})" if name in BUDGETS else ""
        print(f"{name:28} {value:8.2f}{budget}{'  MISSED' if name in missed else ''}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
