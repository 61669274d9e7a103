"""Publish assets: maps, chart, open data and the site that ties them together.

Here: thin definitions that write below the build folder and check what they wrote. Not here: drawing (`maps`),
words (`captions.py`, `site.py`).
"""

import json
import re
from pathlib import Path
from typing import Final

import polars as pl

from assets.checks import Outcome
from assets.declare import Published, published_asset
from assets.run import Run

MAP: Final = Path("map.html")
CHART: Final = Path("static/downloads-over-time")
INDEX: Final = Path("index.html")
ORIGINS: Final = Path("origins.html")
CLAIMS: Final = Path("claims.html")
METHOD: Final = Path("method.html")
SOURCES: Final = Path("sources.html")
PICTURES: Final = Path("pictures.html")
VALIDATION: Final = Path("validation.html")
SUMMARY: Final = Path("summary.json")

REQUEST: Final = re.compile(
    r"""<(?:script|img|image|iframe|link|source|object)\b[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//"""
    r"""|@import|\bfetch\s*\(|url\(\s*["']?https?:"""
)
"""What would make a page reach for the network."""


def _write(run: Run, path: Path, content: str | bytes) -> Path:
    target = run.output_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    return target


def _stands_alone(page: str) -> Outcome:
    found = REQUEST.search(page)
    return Outcome(
        passed=found is None,
        said="The page makes no request." if found is None else f"The page reaches for the network: {found[0]!r}.",
        figures={"bytes": len(page.encode())},
    )


@published_asset(
    "world_map",
    kinds={"html", "javascript"},
    checks={
        "stands_alone": "The page makes no request.",
        "every_region": "No economy of the registry is left out.",
        "page_figures_as_the_table": "All figures on the page, decoded from its bytes, are those of the table.",
    },
)
def world_map(
    run: Run, estimates: pl.DataFrame, allocations: pl.DataFrame, regions: pl.DataFrame, standings: pl.DataFrame
) -> Published:
    """Where are Chinese models adopted, and where US ones? An interactive map: one HTML file, without a network."""
    from assets.publish import captions
    from assets.publish.drawn_figures import differing_on_page
    from assets.publish.explain_pages import FOLDER
    from maps.interactive import render_world_map
    from maps.static import render_static_svg

    spec = captions.map_spec(
        estimates,
        standings,
        boundaries=captions.boundaries(),
        run_mode=run.mode,
        explained=FOLDER.as_posix(),
        allocations=allocations,
    )
    page = render_world_map(estimates, regions, spec)
    economies = regions.filter(pl.col("level") == "country")
    missing = [row["name"] for row in economies.iter_rows(named=True) if f'"{row["region_id"]}"' not in page]
    held, wrong = differing_on_page(page, estimates)
    return Published(
        files=[_write(run, MAP, page)],
        outcomes={
            "stands_alone": _stands_alone(page),
            "every_region": Outcome(
                passed=not missing,
                said=f"Left out: {', '.join(missing)}." if missing else f"All {economies.height} economies are listed.",
            ),
            "page_figures_as_the_table": Outcome(
                passed=not wrong,
                said=f"Other than in the table: {len(wrong)}, such as {', '.join(wrong[:5])}."
                if wrong
                else f"The figures of {held} cells are those of the table.",
                figures={"compared": held, "differing": len(wrong)},
            ),
        },
        picture=render_static_svg(estimates, regions, spec, signal="survey_use"),
    )


@published_asset(
    "static_maps",
    kinds={"svg", "png"},
    checks={
        "drawn": "The picture names every economy that has a share.",
        "figures_as_the_table": "Shares and people in the picture are those of the table.",
    },
)
def static_maps(  # noqa: PLR0917 - Dagster passes positional inputs only
    run: Run,
    estimates: pl.DataFrame,
    allocations: pl.DataFrame,
    regions: pl.DataFrame,
    standings: pl.DataFrame,
    specifications: pl.DataFrame,
) -> Published:
    """What does each signal show? Maps of the world and of continents, small multiples, the specification curve."""
    from assets.publish import captions
    from assets.publish.drawn_figures import differing
    from assets.publish.pictures import map_path, static_pictures
    from maps import svg
    from maps.cells import slices
    from maps.raster import svg_to_png

    spec = captions.map_spec(
        estimates, standings, boundaries=captions.boundaries(), run_mode=run.mode, allocations=allocations
    )
    found = slices(estimates, regions, spec)
    curve = captions.curve_spec(specifications, standings, run_mode=run.mode)
    pictures = static_pictures(found, spec, specifications, curve)
    main = map_path("survey_use")
    picture = pictures[main]
    shown = estimates.filter(
        (pl.col("signal") == "survey_use") & (pl.col("level") == "country") & pl.col("cn_share").is_not_null()
    ).join(regions.select("region_id", "name"), on="region_id")
    lost = [name for name in shown["name"] if svg.quoted(name) not in picture]
    wrong = differing(picture, shown)
    return Published(
        files=[
            *(_write(run, path, content) for path, content in pictures.items()),
            _write(run, main.with_suffix(".png"), svg_to_png(picture)),
        ],
        outcomes={
            "drawn": Outcome(
                passed=not lost,
                said=f"Without a shape or dot: {', '.join(lost)}." if lost else f"{shown.height} shares are drawn.",
                figures={"shares": shown.height, "pictures": len(pictures)},
            ),
            "figures_as_the_table": Outcome(
                passed=not wrong,
                said=f"Other figures than in the table: {', '.join(wrong)}."
                if wrong
                else f"The figures of {shown.height} economies are those of the table.",
                figures={"compared": shown.height, "differing": len(wrong)},
            ),
        },
        picture=picture,
    )


@published_asset("download_chart", kinds={"svg"}, checks={"stands_alone": "The picture makes no request."})
def download_chart(run: Run, world_series: pl.DataFrame, standings: pl.DataFrame) -> Published:
    """How do Chinese and US downloads compare over time? A chart of the parts of the hubs that were counted."""
    from assets.publish import captions
    from maps.timechart import render_time_chart

    picture = render_time_chart(world_series, captions.chart_spec(world_series, standings, run_mode=run.mode))
    return Published(
        files=[_write(run, CHART.with_suffix(".svg"), picture)],
        outcomes={"stands_alone": _stands_alone(picture)},
        picture=picture,
    )


@published_asset(
    "open_data",
    kinds={"parquet", "csv"},
    checks={"survey_apart": "Rows of the survey stand only in files of their own, under their own licence."},
)
def open_data_files(  # noqa: PLR0917 - Dagster passes positional inputs only
    run: Run,
    publishers: pl.DataFrame,
    regions: pl.DataFrame,
    observations: pl.DataFrame,
    builders: pl.DataFrame,
    builder_choices: pl.DataFrame,
    estimates: pl.DataFrame,
    regional_months: pl.DataFrame,
    world_series: pl.DataFrame,
    family_totals: pl.DataFrame,
    allocations: pl.DataFrame,
    allocation_checks: pl.DataFrame,
    specifications: pl.DataFrame,
    licences: pl.DataFrame,
    diagnostics: pl.DataFrame,
    event_windows: pl.DataFrame,
    validations: pl.DataFrame,
    standings: pl.DataFrame,
    star_history: pl.DataFrame,
    claims: pl.DataFrame,
) -> Published:
    """What is behind the maps? Every public table as CSV and Parquet, with a data package that describes columns."""
    from assets.publish import open_data

    tables = {
        "publishers": publishers,
        "regions": regions,
        "observations": observations,
        "builders": builders,
        "builder_choices": builder_choices,
        "estimates": estimates,
        "regional_months": regional_months,
        "world_series": world_series,
        "family_totals": family_totals,
        "allocations": allocations,
        "allocation_checks": allocation_checks,
        "specifications": specifications,
        "licences": licences,
        "diagnostics": diagnostics,
        "event_windows": event_windows,
        "validations": validations,
        "standings": standings,
        "star_history": star_history,
        "claims": claims,
    }
    folder = run.output_path / "open-data"
    files = open_data.write_open_data(tables, folder, run_mode=run.mode)
    mixed = [
        path.name
        for path in files
        if path.parent == folder and path.suffix == ".parquet" and open_data.holds_survey_rows(path)
    ]
    return Published(
        files=files,
        outcomes={
            "survey_apart": Outcome(
                passed=not mixed,
                said=f"Survey rows stand in {', '.join(mixed)}." if mixed else f"{len(files)} files, survey apart.",
                figures={"files": len(files)},
            )
        },
    )


@published_asset(
    "explained",
    kinds={"html"},
    checks={
        "stands_alone": "No page makes a request.",
        "recomputed": "Every step comes to the figure that it explains.",
    },
)
def explained_pages(  # noqa: PLR0917 - Dagster passes positional inputs only
    run: Run,
    estimates: pl.DataFrame,
    observations: pl.DataFrame,
    survey_use: pl.DataFrame,
    world_series: pl.DataFrame,
    regions: pl.DataFrame,
    standings: pl.DataFrame,
    allocations: pl.DataFrame,
) -> Published:
    """Why this figure? A page for each region: its figures, their steps, what they rest on, what is not known."""
    from assets.adoption.explain import Ledger
    from assets.adoption.recompute import steps
    from assets.ingest.snapshot import read_manifest
    from assets.publish import captions, site
    from assets.publish.explain_pages import FOLDER

    ledger = Ledger(estimates, observations, survey_use, regions, read_manifest()[1], allocations=allocations)
    pages = dict(
        site.render_explained(
            ledger, estimates, world_series, standings, boundaries=captions.boundaries(), run_mode=run.mode
        )
    )
    found = [(cell, step) for cell in ledger.known.cells.values() for step in steps(cell, ledger.known)]
    off = [f"{cell['signal']} {cell['region_id']} {step.column}" for cell, step in found if not step.agrees]
    alone = [_stands_alone(page) for page in pages.values()]
    return Published(
        files=[_write(run, Path(FOLDER) / name, page) for name, page in reversed(pages.items())],
        outcomes={
            "stands_alone": next((outcome for outcome in alone if not outcome.passed), alone[0]),
            "recomputed": Outcome(
                passed=not off,
                said=f"{len(off)} of {len(found)} steps do not come to their figure: {', '.join(off[:5])}."
                if off
                else f"All {len(found)} steps come to the figure that they explain.",
                figures={"steps": len(found)},
            ),
        },
    )


@published_asset(
    "site",
    kinds={"html"},
    deps=["world_map", "static_maps", "download_chart", "open_data", "explained"],
    checks={"stands_alone": "No page makes a request.", "links_lead_somewhere": "Every link has its file."},
)
def site_pages(  # noqa: PLR0917 - Dagster passes positional inputs only
    run: Run,
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    specifications: pl.DataFrame,
    licences: pl.DataFrame,
    builder_choices: pl.DataFrame,
    review_queue: pl.DataFrame,
    regions: pl.DataFrame,
    standings: pl.DataFrame,
    claims: pl.DataFrame,
    diagnostics: pl.DataFrame,
    validations: pl.DataFrame,
) -> Published:
    """What does this run say? The page that ties the maps together; pages on origins, claims, method; a summary."""
    from assets.publish import captions, site
    from assets.publish.explain_pages import FOLDER
    from assets.publish.pictures import map_path
    from assets.publish.summary import run_summary

    boundaries = captions.boundaries()
    survey_map = map_path("survey_use")
    pictures = {
        path: (run.published_path / path.with_suffix(".svg")).read_text(encoding="utf-8")
        for path in (survey_map, CHART)
    }
    index = site.render_index(
        estimates,
        world_series,
        specifications,
        regions,
        standings,
        map_image=pictures[survey_map],
        chart_image=pictures[CHART],
        boundaries=boundaries,
        run_mode=run.mode,
    )
    origins = site.render_origins(
        estimates,
        world_series,
        specifications,
        licences,
        builder_choices,
        review_queue,
        regions,
        standings,
        boundaries=boundaries,
        run_mode=run.mode,
    )
    told = site.render_claims(
        claims, estimates, world_series, regions, standings, boundaries=boundaries, run_mode=run.mode
    )
    method = site.render_method(
        estimates, world_series, standings, diagnostics, boundaries=boundaries, run_mode=run.mode
    )
    held = site.render_validation(
        validations, estimates, world_series, standings, boundaries=boundaries, run_mode=run.mode
    )
    stand = site.render_sources(estimates, world_series, standings, boundaries=boundaries, run_mode=run.mode)
    taken = {
        path.relative_to(run.published_path).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((run.published_path / CHART.parent).glob("*.svg"))
    }
    shown = site.render_pictures(taken, estimates, world_series, standings, boundaries=boundaries, run_mode=run.mode)
    outputs = [
        {"path": INDEX.as_posix(), "shows": "The site: maps, chart, tables and links. Start here."},
        {"path": MAP.as_posix(), "shows": "Interactive world map, one file, works offline."},
        {"path": survey_map.with_suffix(".png").as_posix(), "shows": "The map of the survey as a picture (also .svg)."},
        {"path": f"{CHART}.svg", "shows": "CN and US downloads over time in the parts of the hubs that were counted."},
        {"path": ORIGINS.as_posix(), "shows": "CN against US under every way of asking; licences; regional builders."},
        {"path": CLAIMS.as_posix(), "shows": "The popular story, claim by claim, with verdicts."},
        {"path": (FOLDER / "index.html").as_posix(), "shows": "Every figure explained, a page for each region."},
        {"path": VALIDATION.as_posix(), "shows": "Figures that others published, beside ours."},
        {
            "path": PICTURES.as_posix(),
            "shows": "Maps of continents, rank orders, small multiples, specification curve.",
        },
        {"path": SOURCES.as_posix(), "shows": "How each source stands in this run, and what it is."},
        {"path": METHOD.as_posix(), "shows": "How it is measured, in plain words."},
        {"path": "open-data/datapackage.json", "shows": "Every public table as CSV and Parquet, described."},
    ]
    files = [
        _write(run, INDEX, index),
        _write(run, ORIGINS, origins),
        _write(run, CLAIMS, told),
        _write(run, VALIDATION, held),
        _write(run, METHOD, method),
        _write(run, SOURCES, stand),
        _write(run, PICTURES, shown),
        _write(run, SUMMARY, json.dumps(run_summary(estimates, outputs, run_mode=run.mode), indent=1) + "\n"),
    ]
    pages = (index, origins, told, held, method, stand, shown)
    links = {link for page in pages for link in re.findall(r'href="([^"#]+)"', page)}
    places = (run.output_path, run.published_path)
    broken = sorted(link for link in links if ":" not in link and not any((place / link).is_file() for place in places))
    alone = [_stands_alone(page) for page in pages]
    return Published(
        files=files,
        outcomes={
            "stands_alone": next((outcome for outcome in alone if not outcome.passed), alone[0]),
            "links_lead_somewhere": Outcome(
                passed=not broken,
                said=f"Links without a file: {', '.join(broken)}."
                if broken
                else f"All {len(links)} links lead to a file.",
            ),
        },
    )
