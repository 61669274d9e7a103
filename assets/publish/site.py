"""The site: a page that ties the maps together and a page of plain words on method.

Here: filling the templates. Not here: the maps and charts on it (`maps`), the figures.
"""

import base64
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from assets.adoption.explain import Ledger
from assets.adoption.signals import load_signals
from assets.ingest.sources import load_sources
from assets.publish.captions import credit, page_stamp
from assets.publish.claims_page import claims_context
from assets.publish.explain_pages import render_cards
from assets.publish.origins_page import origins_context, spread
from assets.publish.pictures_page import pictures_context
from assets.publish.summary import region_counts
from maps import words

ENOUGH_PEOPLE: Final = 30
"""Fewest people behind an economy that the lead sentence may name."""

TAKE_ARTICLE: Final = ("United ", "Netherlands", "Philippines", "Dominican Republic", "Russian Federation")
"""Beginnings of names that need "the" within a sentence."""


def _with_article(name: str) -> str:
    """Return the name of an economy as it stands within a sentence."""
    return f"the {name}" if name.startswith(TAKE_ARTICLE) else name


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("assets.publish", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = words.percent
    environment.filters["span"] = words.percent_span
    environment.filters["count"] = words.count
    environment.filters["with_article"] = _with_article
    return environment


def _frame(
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
    root: str = "",
) -> dict[str, Any]:
    """Return what every page needs: stamp, credit, boundaries, mode, the newest figure's day, the way to the index."""
    cited = pl.concat([estimates["source_id"], world_series["source_id"]])
    return {
        "stamp": page_stamp(estimates, standings, run_mode=run_mode),
        "credit": credit(cited),
        "boundaries": boundaries,
        "run_mode": run_mode,
        "newest": world_series["period"].max(),
        "root": root,
    }


def _newest_wave(estimates: pl.DataFrame, regions: pl.DataFrame) -> pl.DataFrame:
    """Return the survey's cells of the newest wave with the names and parents of their regions."""
    survey = estimates.filter(pl.col("signal") == "survey_use")
    newest = survey.filter(pl.col("period") == survey["period"].max())
    return newest.join(regions.select("region_id", "name", "parent_id"), on="region_id")


def _survey(estimates: pl.DataFrame, regions: pl.DataFrame) -> dict[str, Any]:
    survey = _newest_wave(estimates, regions)
    countries = survey.filter((pl.col("level") == "country") & pl.col("state").is_in(["value", "zero", "suppressed"]))
    # Not of all economies: the extremes are mostly those who were asked least.
    known = countries.filter((pl.col("n") >= ENOUGH_PEOPLE) & pl.col("cn_share").is_not_null())
    ranked = known.sort("cn_share", "region_id").to_dicts()
    return {
        "surveyed": countries.height,
        "shown": countries.filter(pl.col("cn_share").is_not_null()).height,
        "world": survey.filter(pl.col("level") == "world").row(0, named=True),
        "lowest": ranked[0] if ranked else None,
        "highest": ranked[-1] if ranked else None,
    }


def _signals(estimates: pl.DataFrame) -> list[dict[str, Any]]:
    counts = region_counts(estimates)
    return [{"label": signal.label} | counts[name] for name, signal in load_signals().items()]


def _definitions(world_series: pl.DataFrame) -> list[dict[str, Any]]:
    total = pl.sum_horizontal("n_cn", "n_us", "n_other", "n_unknown")
    rows = (
        world_series.filter(pl.col("cn_share").is_not_null() & (pl.col("platform") == "huggingface"))
        .filter(pl.col("period") == pl.col("period").max().over("definition", "panel"))
        .sort("coding", "period", "definition", "panel")
        .with_columns(
            pl.col("definition").replace_strict(words.DEFINITIONS),
            pl.col("panel").replace_strict(words.PANELS),
            unreviewed=pl.col("n_unreviewed") / total,
            unknown=pl.col("n_unknown") / total,
        )
    )
    return rows.to_dicts()


def _metros(estimates: pl.DataFrame, regions: pl.DataFrame) -> list[dict[str, Any]]:
    economies = regions.select(parent_id="region_id", economy="name")
    return (
        _newest_wave(estimates, regions)
        .filter(pl.col("level") == "metro")
        .join(economies, on="parent_id")
        .sort("name")
        .to_dicts()
    )


def render_index(
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    specifications: pl.DataFrame,
    regions: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    map_image: str,
    chart_image: str,
    boundaries: str,
    run_mode: str,
) -> str:
    """Return ``index.html``, one file without requests.

    Args:
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        specifications: Table ``specifications``.
        regions: Table ``regions``.
        standings: Table ``standings``.
        map_image: SVG of the world map.
        chart_image: SVG of the time chart.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    survey = _survey(estimates, regions)
    return (
        _environment()
        .get_template("index.html")
        .render(
            title="Adoption Atlas: Chinese and US open AI models by region",
            map_image=base64.b64encode(map_image.encode()).decode(),
            chart_image=base64.b64encode(chart_image.encode()).decode(),
            map_alt="World map of the Chinese share of model choices: "
            f"{survey['shown']} economies and territories with a share; "
            "the table of the interactive map lists every value.",
            chart_alt="Chart of the Chinese share of downloads over time; the table below it lists the newest values.",
            signals=_signals(estimates),
            definitions=_definitions(world_series),
            metros=_metros(estimates, regions),
            spread=spread(specifications),
            **survey,
            **_frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode),
        )
    )


def render_origins(  # noqa: PLR0917 - one argument a table
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    specifications: pl.DataFrame,
    licences: pl.DataFrame,
    choices: pl.DataFrame,
    queue: pl.DataFrame,
    regions: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
) -> str:
    """Return ``origins.html``: every way of asking, licences, regional builders, and what is left to review.

    Args:
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        specifications: Table ``specifications``.
        licences: Table ``licences``.
        choices: Table ``builder_choices``.
        queue: Table ``review_queue``.
        regions: Table ``regions``.
        standings: Table ``standings``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    return (
        _environment()
        .get_template("origins.html")
        .render(
            title="Whose models: every way of asking",
            **origins_context(specifications, licences, choices, queue, regions),
            **_frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode),
        )
    )


def render_claims(
    claims: pl.DataFrame,
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    regions: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
) -> str:
    """Return ``claims.html``: the popular story with a verdict on each claim.

    Args:
        claims: Table ``claims``.
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        regions: Table ``regions``.
        standings: Table ``standings``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    return (
        _environment()
        .get_template("claims.html")
        .render(
            title="The popular story, claim by claim",
            **claims_context(claims, regions),
            **_frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode),
        )
    )


def render_explained(
    ledger: Ledger,
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
) -> Iterator[tuple[str, str]]:
    """Yield the pages of folder ``explain``: file name and content of each region's card, and of the list of them.

    Args:
        ledger: The tables of the run, as cards read them.
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        standings: Table ``standings``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    frame = _frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode, root="../")
    return render_cards(ledger, _environment(), frame)


def render_validation(
    validations: pl.DataFrame,
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
) -> str:
    """Return ``validation.html``: what others published, beside ours.

    Args:
        validations: Table ``validations``.
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        standings: Table ``standings``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    known = validations.filter(state="value")
    recomputed = known.filter(made="recomputed")
    frame = _frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode)
    return (
        _environment()
        .get_template("validation.html")
        .render(
            title="Held against what others published",
            validations=validations.to_dicts(),
            counts={
                "recomputed": recomputed.height,
                "alike": recomputed.filter("like_meets_like").height,
                "read_back": known.filter(made="read_back").height,
                "silent": validations.height - known.height,
            },
            **frame | {"credit": credit(validations["source_id"])},
        )
    )


def render_method(
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    standings: pl.DataFrame,
    diagnostics: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
) -> str:
    """Return ``method.html``: ``method.md`` as a page, and the diagnostics.

    Args:
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        standings: Table ``standings``.
        diagnostics: Table ``diagnostics``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    from markupsafe import Markup

    text = resources.files("assets.publish").joinpath("method.md").read_text(encoding="utf-8")
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    # The text is our own file, rendered with HTML switched off.
    return (
        _environment()
        .get_template("method.html")
        .render(
            title="How the Adoption Atlas measures",
            body=Markup(body),  # noqa: S704
            diagnostics=diagnostics.sort("diagnostic", "subject", "period").to_dicts(),
            **_frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode),
        )
    )


def render_sources(
    estimates: pl.DataFrame, world_series: pl.DataFrame, standings: pl.DataFrame, *, boundaries: str, run_mode: str
) -> str:
    """Return ``sources.html``: how each source of this run stands, and what it is.

    Args:
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        standings: Table ``standings``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    return (
        _environment()
        .get_template("sources.html")
        .render(
            title="Where the figures come from, and how new they are",
            standings=standings.sort("table", "source_id", "part").to_dicts(),
            stale=standings.filter(~pl.col("fresh")).height,
            sources=[{"source_id": key, **source.model_dump()} for key, source in load_sources().items()],
            **_frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode),
        )
    )


def render_pictures(
    pictures: Mapping[str, str],
    estimates: pl.DataFrame,
    world_series: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
) -> str:
    """Return ``pictures.html``: every static picture, those of all signals shown.

    Args:
        pictures: SVG by path below the build folder, as of ``pictures.static_pictures``.
        estimates: Table ``estimates``.
        world_series: Table ``world_series``.
        standings: Table ``standings``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
    """
    return (
        _environment()
        .get_template("pictures.html")
        .render(
            title="Maps and charts to take away",
            **pictures_context(pictures),
            **_frame(estimates, world_series, standings, boundaries=boundaries, run_mode=run_mode),
        )
    )
