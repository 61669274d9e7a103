"""Standings: which source each ingest table rests on in a live run, and how new that makes the table.

Here: the assignment, table ``standings`` and the sentence on one table. Not here: how a source came to stand as it does
(beside its client), the stamps that follow from it (`assets/publish/captions.py`).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from assets.ingest import snapshot
from assets.ingest.sources import load_sources
from assets.ingest.standing import Standing, standing_of
from assets.run import Run
from assets.schemas.sources import Standings

HUB: Final = "hub"
"""Stands for the source of the Hub's scope, which the settings choose."""

RESTS_ON: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "models": ((HUB, ""),),
    "model_parents": ((HUB, ""),),
    "model_download_totals": ((HUB, ""), ("modelscope_api", "")),
    "survey_use": (("so_survey_2025", ""),),
    "denominators": (
        ("innovation_graph", ""),
        ("world_bank", ""),
        ("ms_ai_diffusion", ""),
        ("clickpy_reports", ""),
    ),
    "repositories": (("git_histories", ""),),
    "commit_offsets": (("git_histories", ""),),
    "package_downloads": (("clickhouse_pypi", ""),),
    "repository_counts": (("github", "counts"),),
    "forks": (("github", "forks"),),
    "contributions": (("github", "contributions"),),
    "star_history": (("github", "stars"),),
    "accounts": (("github", "forks"), ("github", "contributions")),
}
"""Sources, and their parts, that each table of a live run rests on."""

NOT_READ: Final = frozenset({"so_survey_2025", "ms_ai_diffusion", "clickpy_reports", "git_histories"})
"""Sources that no client reads: their files have forms of their own each time, or are computed by hand."""


WHOLE: Final = "whole"
"""Part of a source that is asked as one, as table ``standings`` names it."""

NO_CLIENT: Final = "No live client reads this source yet."


def of_table(run: Run, table: str) -> list[Standing]:
    """Return how the sources of an ingest table stand; a run on the snapshot promises no more than that.

    Args:
        run: The run.
        table: Name of the table.

    Raises:
        KeyError: No source is assigned to the table.
        StandingError: A file of a standing is damaged.
    """
    from assets.ingest.hub import live as hub

    asked = RESTS_ON[table]
    if not run.reads_sources:
        return _frozen(table) or [Standing(source_id=source, part=part, fresh=True) for source, part in asked]
    unread = [replace(one, fresh=False, reason=NO_CLIENT) for one in _frozen(table) if one.source_id in NOT_READ]
    return unread + [
        hub.standing(run.store_path) if source == HUB else standing_of(run.store_path, source, part)
        for source, part in asked
        if source not in NOT_READ
    ]


def _frozen(table: str) -> list[Standing]:
    """Return the sources of a table of the embedded snapshot with their days; none where it has no such table."""
    if table not in snapshot.tables_in_snapshot():
        return []
    sources = load_sources()
    rows = snapshot.read(table).group_by("source_id").len().sort("source_id")
    return [
        Standing(source_id=source, fresh=True, observed_on=sources[source].dated.isoformat(), rows=count)
        for source, count in rows.iter_rows()
    ]


def said(standings: Collection[Standing]) -> str:
    """Return a sentence on the standings of one table."""
    sentences = []
    for one in standings:
        name = f"{one.source_id} ({one.part})" if one.part else one.source_id
        place = f"{name}, as of {one.observed_on}" if one.observed_on else f"{name}, never read"
        figures = f": {one.rows:,} rows" if one.rows else ""
        fell = f" {one.corrections:,} counters fell, which are corrections." if one.corrections else ""
        lost = f" The source lost {one.lost_days:,} day(s), which stay unknown." if one.lost_days else ""
        sentences.append(f"Current: {place}{figures}." if one.fresh else f"Stale: {place}. {one.reason}")
        sentences[-1] += fell + lost
    return " ".join(sentences)


def standings(run: Run) -> pl.DataFrame:
    """Return table ``standings``.

    Args:
        run: The run; its store holds what the clients noted.
    """
    rows = [
        {
            "table": table,
            "source_id": one.source_id,
            "part": one.part or WHOLE,
            "fresh": one.fresh,
            "observed_on": one.day,
            "reason": None if one.fresh else one.reason,
            "rows": one.rows,
            "corrections": one.corrections,
            "lost_days": one.lost_days,
        }
        for table in RESTS_ON
        for one in of_table(run, table)
    ]
    return pl.DataFrame(rows, schema=Standings.create_empty().schema)
