"""Captions: what every map and chart says about itself, from the registries of signals and sources.

Here: specifications for `maps`. Not here: drawing.
"""

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl

from assets.adoption.allocation import SIGNAL as ALLOCATED
from assets.adoption.signals import load_signals
from assets.ingest.sources import load_sources
from maps import words
from maps.spec import ChartSpec, MapSpec, PeriodKind, SignalSpec

PERIOD_KINDS: Final[dict[str, PeriodKind]] = {
    "survey_use": "wave",
    "derivative": "year",
    "fork": "year",
    "contribution": "year",
}

MODE_STAMPS: Final = {"snapshot": "", "live": "", "synthetic": "SYNTHETIC DEMO"}
"""Words beside every title of a run, by its mode."""

STALE: Final = "STALE"
"""Word beside the title of what rests on a source that was not read in the run."""

CHARTED: Final = ("models", "model_parents", "model_download_totals")
"""Tables that the time chart of downloads rests on."""


def stamp(standings: pl.DataFrame, tables: Collection[str]) -> str:
    """Return the word beside the title of what rests on some tables: none where all of them are fresh.

    Args:
        standings: Table ``standings``.
        tables: Names of ingest tables.

    Raises:
        ValueError: A table has no standing.
    """
    own = standings.filter(pl.col("table").is_in(list(tables)))
    unknown = sorted(set(tables) - set(own["table"]))
    if unknown:
        raise ValueError(f"No standing is known of {', '.join(unknown)}; build ingest/standings.")
    return "" if own["fresh"].all() else STALE


def page_stamp(estimates: pl.DataFrame, standings: pl.DataFrame, *, run_mode: str) -> str:
    """Return the words in the head of every page: of the mode, of signals with a figure in this run, of the chart.

    Args:
        estimates: Table ``estimates``.
        standings: Table ``standings``.
        run_mode: Mode of the run.
    """
    shown = set(estimates.filter(pl.col("cn_share").is_not_null())["signal"])
    rests_on = {table for name, signal in load_signals().items() if name in shown for table in signal.tables}
    return ": ".join(part for part in (MODE_STAMPS[run_mode], stamp(standings, {*rests_on, *CHARTED})) if part)


def boundaries() -> str:
    """Return the sentence on the worldview of the boundaries and their source."""
    from maps.geometry.shapes import BOUNDARY_NOTE, WORLDVIEW

    return f"{BOUNDARY_NOTE} Worldview: {WORLDVIEW}. Shapes: Natural Earth."


def credit(source_ids: pl.Series) -> str:
    """Return the credit line of the sources that rows cite, with their licences."""
    sources = load_sources()
    cited = [sources[key] for key in source_ids.drop_nulls().unique().sort()]
    return "; ".join(f"{source.attribution} ({source.licence})" for source in cited) + ("." if cited else "")


def _side(said: str, by_coding: Mapping[str, str]) -> str:
    """Return what a side is, under each coding where it differs."""
    return "; ".join([said, *(f"{words.CODINGS[coding]}, {other}" for coding, other in by_coding.items())])


def map_spec(
    estimates: pl.DataFrame,
    standings: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
    explained: str = "",
    allocations: pl.DataFrame | None = None,
) -> MapSpec:
    """Return the specification of the world map: every signal, also those without data in this run.

    Args:
        estimates: Table ``estimates``.
        standings: Table ``standings``.
        boundaries: Sentence on the worldview of the boundaries.
        run_mode: Mode of the run.
        explained: Folder with a page for each region, seen from the map's page; none by default.
        allocations: Table ``allocations``, whose totals and weights modelled cells rest on; none by default.
    """
    specs = []
    for name, signal in load_signals().items():
        own = estimates.filter(pl.col("signal") == name)
        behind = [own["source_id"]]
        if allocations is not None and name == ALLOCATED and (own["evidence"] == "modelled").any():
            behind += [allocations["source_id"], allocations["total_source_id"]]
        cited = credit(pl.concat(behind))
        partly_logged = own.filter((pl.col("level") != "world") & (pl.col("evidence") == "logged")).height > 0
        specs.append(
            SignalSpec(
                signal=name,
                label=signal.label,
                title=(signal.title_partly_logged if partly_logged else None) or signal.title,
                people=signal.people,
                note=f"Chinese: {_side(signal.chinese, signal.chinese_by)}. US: {_side(signal.us, signal.us_by)}. "
                f"{signal.caution}",
                credit=cited or "No source in this run.",
                # A map without a figure has nothing that could be old.
                stamp=stamp(standings, signal.tables) if own["cn_share"].count() else "",
                period_kind=PERIOD_KINDS.get(name, "month"),
            )
        )
    return MapSpec(signals=tuple(specs), boundaries=boundaries, stamp=MODE_STAMPS[run_mode], explained=explained)


def curve_spec(specifications: pl.DataFrame, standings: pl.DataFrame, *, run_mode: str) -> ChartSpec:
    """Return the specification of the specification curve.

    Args:
        specifications: Table ``specifications``.
        standings: Table ``standings``.
        run_mode: Mode of the run.
    """
    return ChartSpec(
        title="The Chinese share of models and downloads depends on what one counts",
        subtitle="Bars reach from all of unknown origin being US to all being Chinese.",
        note=(
            "Each column is one way to count the same parts of the hubs; none is right and the others wrong. Whoever "
            "quotes one share has picked a column. A download is a request, not a person."
        ),
        credit=credit(specifications["source_id"]),
        stamp=": ".join(part for part in (MODE_STAMPS[run_mode], stamp(standings, CHARTED)) if part),
    )


def chart_spec(world_series: pl.DataFrame, standings: pl.DataFrame, *, run_mode: str) -> ChartSpec:
    """Return the specification of the time chart of downloads.

    Args:
        world_series: Table ``world_series``.
        standings: Table ``standings``.
        run_mode: Mode of the run.
    """
    return ChartSpec(
        title="Downloads of Chinese and US models in the parts of the hubs that were counted",
        subtitle=(
            "CN share of downloads of CN and US models. Each field is another question and another part of the hub; "
            "they are never joined."
        ),
        note=(
            "A download is a request to the hub, not a person. By publisher: who released the model. By weights: "
            "whose root models it was made from. The band shows what the downloads of unknown origin could change."
        ),
        credit=credit(world_series["source_id"]),
        stamp=": ".join(part for part in (MODE_STAMPS[run_mode], stamp(standings, CHARTED)) if part),
    )
