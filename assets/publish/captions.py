"""Captions: what every map and chart says about itself, from the registries of signals and sources.

Here: specifications for `maps`. Not here: drawing.
"""

from typing import Final

import polars as pl

from assets.adoption.allocation import SIGNAL as ALLOCATED
from assets.adoption.signals import load_signals
from assets.ingest.sources import load_sources
from maps.spec import ChartSpec, MapSpec, PeriodKind, SignalSpec

PERIOD_KINDS: Final[dict[str, PeriodKind]] = {
    "survey_use": "wave",
    "derivative": "year",
    "fork": "year",
    "contribution": "year",
}

STAMPS: Final = {"snapshot": "", "live": "STALE"}
"""Word beside every title, by mode of the run: a live run stands at the embedded snapshot until clients exist."""


def credit(source_ids: pl.Series) -> str:
    """Return the credit line of the sources that rows cite, with their licences."""
    sources = load_sources()
    cited = [sources[key] for key in source_ids.drop_nulls().unique().sort()]
    return "; ".join(f"{source.attribution} ({source.licence})" for source in cited) + ("." if cited else "")


def map_spec(
    estimates: pl.DataFrame,
    *,
    boundaries: str,
    run_mode: str,
    explained: str = "",
    allocations: pl.DataFrame | None = None,
) -> MapSpec:
    """Return the specification of the world map: every signal, also those without data in this run.

    Args:
        estimates: Table ``estimates``.
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
        specs.append(
            SignalSpec(
                signal=name,
                label=signal.label,
                title=signal.title,
                people=signal.people,
                note=f"Chinese: {signal.chinese}. US: {signal.us}. {signal.caution}",
                credit=cited or "No source in this run.",
                period_kind=PERIOD_KINDS.get(name, "month"),
            )
        )
    return MapSpec(signals=tuple(specs), boundaries=boundaries, stamp=STAMPS[run_mode], explained=explained)


def chart_spec(world_series: pl.DataFrame, *, run_mode: str) -> ChartSpec:
    """Return the specification of the time chart of downloads.

    Args:
        world_series: Table ``world_series``.
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
        stamp=STAMPS[run_mode],
    )
