"""The interactive map at full size: bytes, and how long it takes to build, to be ready, to step and to open an economy.

Made-up figures, nothing observed: 48 months of 3 signals with every figure that the page has, for the world,
subregions, economies and metro areas, and the newest month of all 3,900 subdivisions for the two signals that know
them. Beside it plain `folium.Choropleth` with one slice and with twelve: folium has no months, so that each is a
layer with outlines of its own. The map runs in Chromium without a network; folium's page, whose libraries lie on
other hosts, cannot run there at all, so that only its bytes and its remote files are counted. Exits with 1 where a
budget is missed.

    python benchmarks/interactive_map.py [FOLDER]
"""

import datetime as dt
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from maps import packing
from maps.geometry.regions import load_regions, load_subdivisions
from maps.geometry.shapes import load_shapes
from maps.interactive import page_script, render_world_map
from maps.spec import MapSpec, SignalSpec

SIGNALS = ("fork", "contribution", "package_download")
MONTHS = [dt.date(2022 + month // 12, month % 12 + 1, 1) for month in range(48)]
OPENED = ("NG", "ID", "PE", "US", "RU", "FR")
HIDDEN = 0.15
MODELLED = 0.1
BUDGETS = {
    "bytes": 1_100_000,
    "build s": 2.0,
    "ready s": 1.5,
    "step ms": 60.0,
    "open ms": 300.0,
    "first open ms": 300.0,
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def figures(signal: str, places: pl.DataFrame, months: int, seed: int) -> pl.DataFrame:
    """Made-up cells: walks of log-odds, and counts that differ by orders of magnitude between places."""
    rng = np.random.default_rng(seed)
    shape = (places.height, months)
    world = np.array(places["level"] == "world")
    odds = rng.normal(0, 1.1, (places.height, 1)) + np.cumsum(rng.normal(0.02, 0.12, shape), axis=1)
    size = np.exp(rng.normal(5.5, 1.6, (places.height, 1)) + np.cumsum(rng.normal(0.01, 0.05, shape), axis=1))
    n = np.where(world[:, None], 1e6, rng.poisson(size) + 10.0)
    cn = rng.binomial(n.astype(np.int64), 1 / (1 + np.exp(-odds))).astype(float)
    both = np.floor(0.05 * np.minimum(cn, n - cn))
    us = n - cn + both
    share = cn / (cn + us)
    # Quadrature of all cells would take minutes. In nine cells of ten the page foresees true intervals to 0.0001.
    known = {"n": n, "n_cn": cn, "n_us": us, "n_both": both, "cn_share": share}
    low, high = (packing.wilson_end(known, side) + rng.normal(0, 1e-4, shape) for side in (-1, 1))
    low, high = np.clip(np.minimum(low, share), 0, 1), np.clip(np.maximum(high, share), 0, 1)
    unknown = rng.poisson(0.1 * n).astype(float)
    # Whoever gave no place may belong to any cell but the world's.
    lost = np.where(world[:, None], 0, rng.integers(2000, 3000, (1, months)))
    pull = 30 / (n + 30)
    shrunk = share + pull * (0.5 - share)
    developers = (
        np.exp(rng.normal(9, 2, (places.height, 1))) * np.repeat(1.1 ** np.arange(months // 12 + 1), 12)[:months]
    )
    # As in the pipeline: developers are known of economies and what they add up to.
    unrated = np.array(~places["level"].is_in(["country", "subregion", "world"]))
    developers[unrated] = np.nan
    silent = (rng.random(shape) < HIDDEN) & ~world[:, None]
    # What is hidden has no change, and nothing changes against it.
    shown = np.where(silent, np.nan, share)
    empty = np.full(shape, np.nan)
    change = {}
    for name, back in (("previous", 1), ("year", 12)):
        before = [
            np.concatenate([empty[:, :back], value[:, :-back]], axis=1) if months > back else empty
            for value in (shown, low, high)
        ]
        change[f"change_{name}"] = 100 * (share - before[0])
        change[f"change_{name}_low"] = 100 * (
            share - before[0] - np.sqrt((share - low) ** 2 + (before[2] - before[0]) ** 2)
        )
        change[f"change_{name}_high"] = 100 * (
            share - before[0] + np.sqrt((high - share) ** 2 + (before[0] - before[1]) ** 2)
        )
    columns = {
        "n": n, "n_cn": cn, "n_us": us, "n_both": both,
        "n_other": rng.poisson(0.2 * n).astype(float), "n_unknown": unknown,
        "cn_share": share, "cn_share_low": low, "cn_share_high": high,
        "bound_low": cn / (cn + us + unknown + lost), "bound_high": 1 - us / (cn + us + unknown + lost),
        "cn_share_shrunk": shrunk, "cn_share_shrunk_low": np.clip(shrunk - (share - low), 0, 1),
        "cn_share_shrunk_high": np.clip(shrunk + (high - share), 0, 1),
        "location_quotient": share / (share[world][0] if world.any() else 0.5),
        "coverage": np.broadcast_to(rng.uniform(0.6, 0.7, (1, months)), shape),
        "cn_per_1000_developers": 1000 * cn / developers,
        **change,
    }  # fmt: skip
    table = pl.DataFrame(
        {
            "signal": signal,
            "level": np.repeat(places["level"].to_numpy(), months),
            "region_id": np.repeat(places["region_id"].to_numpy(), months),
            "period": MONTHS[-months:] * places.height,
            "coding": "publisher",
            "counted": "people",
            **{name: np.ascontiguousarray(values).ravel() for name, values in columns.items()},
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    hidden = pl.Series(silent.ravel())
    modelled = pl.Series(np.repeat(rng.random(places.height) < MODELLED, months))
    return table.with_columns(
        *(pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name) for name in columns),
        evidence=pl.when(hidden).then(None).when(modelled).then(pl.lit("modelled")).otherwise(pl.lit("declared")),
        state=pl.when(hidden)
        .then(pl.lit("suppressed"))
        .when(pl.col("cn_share") == 0)
        .then(pl.lit("zero"))
        .otherwise(pl.lit("value")),
        reason=pl.when(hidden).then(pl.lit("Fewer than ten people.")),
        source_id=pl.lit("made_up"),
    )


def made_up() -> tuple[pl.DataFrame, MapSpec]:
    """The table and its captions."""
    places = load_regions().select("region_id", "level")
    parts = load_subdivisions().select("region_id", level=pl.lit("admin1"))
    tables = [
        table
        for seed, signal in enumerate(SIGNALS)
        for table in (
            figures(signal, places, len(MONTHS), seed),
            # No source of package downloads knows more than the economy.
            *([] if signal == "package_download" else [figures(signal, parts, 1, 100 + seed)]),
        )
    ]
    signals = tuple(
        SignalSpec(signal=name, label=name, title=f"Made-up {name}", people="people", note="Made up.", credit="Nobody.")
        for name in SIGNALS
    )
    return pl.concat(tables), MapSpec(signals=signals, boundaries="Natural Earth.", stamp="MADE UP")


def measured(file: Path) -> dict[str, float]:
    """Times of the page in Chromium, offline, and how many things it asked for."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("The benchmark needs the package chromium: apt-get install chromium.")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS)
        ready = []
        for _ in range(3):
            page = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}).new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            start = time.perf_counter()
            page.goto(file.as_uri())
            page.wait_for_selector("body[data-ready]")
            ready.append(time.perf_counter() - start)
        frames = """new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
            () => done(performance.now() - start))))"""
        step = f"""async t => {{
            const one = document.getElementById("period"), start = performance.now();
            one.value = t;
            one.dispatchEvent(new Event("input"));
            return await {frames};
        }}"""
        steps = [page.evaluate(step, t) for t in range(len(MONTHS))]
        into = f"""async id => {{
            const start = performance.now();
            history.pushState(null, "", `#signal=fork&in=${{id}}`);
            dispatchEvent(new PopStateEvent("popstate"));
            const drawn = () => document.querySelector(`.part[data-region^="${{id}}-"]`);
            while (!drawn()) await new Promise(done => setTimeout(done, 2));
            return await {frames};
        }}"""
        opened = [page.evaluate(into, economy) for economy in OPENED]
        heap = page.evaluate("performance.memory.usedJSHeapSize")
        # Before the page has had an idle moment: nothing of the subdivisions is decoded.
        first = []
        for _ in range(3):
            page = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}).new_page()
            page.add_init_script(f"""window.firstOpened = new Promise(done => new MutationObserver(() => {{
                if (document.body?.dataset.ready && !window.asked) {{ window.asked = true; done(({into})("NG")); }}
            }}).observe(document, {{ subtree: true, attributes: true, attributeFilter: ["data-ready"] }}));""")
            page.goto(file.as_uri())
            first.append(page.evaluate("window.firstOpened"))
        browser.close()
    return {
        "ready s": min(ready),
        "step ms": median(steps),
        "slowest step ms": max(steps),
        "open ms": max(opened),
        "first open ms": median(first),
        "heap MB": heap / 1e6,
        "requests": float(len([url for url in asked if not url.startswith(("file:", "blob:"))])),
    }


def plain_folium(table: pl.DataFrame, layers: int) -> tuple[int, float, int]:
    """Bytes, seconds and remote files of so many slices as plain folium draws them."""
    import folium
    import pandas as pd

    shapes = load_shapes()
    start = time.perf_counter()
    world = folium.Map(tiles=None)
    for month in MONTHS[-layers:]:
        own = table.filter((pl.col("signal") == "fork") & (pl.col("period") == month) & (pl.col("level") == "country"))
        data = pd.DataFrame({name: own[name].to_list() for name in ("region_id", "cn_share")})
        folium.Choropleth(
            geo_data=shapes.__geo_interface__,
            data=data,
            columns=["region_id", "cn_share"],
            key_on="properties.region_id",
        ).add_to(world)
    page = world.get_root().render()
    return (
        len(page.encode()),
        time.perf_counter() - start,
        len(set(re.findall(r'(?:src|href)="(https://[^"]+)"', page))),
    )


def main() -> int:
    """Print what was measured; 1 where a budget is missed."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    table, spec = made_up()
    regions = load_regions()
    print(f"{table.height:,} made-up cells, {os.cpu_count()} cores")
    builds, work = [], []
    for _ in range(3):
        start, begun = time.perf_counter(), time.process_time()
        page = render_world_map(table, regions, spec)
        builds.append(time.perf_counter() - start)
        work.append(time.process_time() - begun)
    file = folder / "benchmark-map.html"
    file.write_text(page, encoding="utf-8")
    found = {
        "bytes": float(len(page.encode())),
        "build s": min(builds),
        "build CPU s": min(work),
        "own script bytes": float(len(page_script().encode())),
        **measured(file),
    }
    missed = [name for name, budget in BUDGETS.items() if found[name] > budget]
    for name, value in found.items():
        budget = f"  (budget {BUDGETS[name]:,g})" if name in BUDGETS else ""
        print(f"{name:18} {value:12,.2f}{budget}{'  MISSED' if name in missed else ''}")
    for name, text in re.findall(r'<script type="text/plain" id="([^"]+)">([^<]*)', page):
        print(f"  {name:20} {len(text):9,}")
    for layers in (1, 12):
        size, seconds, remote = plain_folium(table, layers)
        print(f"plain folium, {layers:2} slice(s): {size:,} bytes, {seconds:.2f} s, {remote} remote files")
    print(f"ours: {len(MONTHS) * len(SIGNALS)} slices of the world in {len(page.encode()):,} bytes, {file}")
    return bool(missed or found["requests"])


if __name__ == "__main__":
    sys.exit(main())
