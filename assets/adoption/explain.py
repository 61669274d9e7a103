"""Cards: everything that a run knows of a region, what it rests on, and what is not known.

Here: putting a card together from the tables. Not here: the arithmetic of its steps (`recompute.py`), finding a region
by name (`assets/places/find_region.py`), printing (`pipelines/cli/explain.py`, `assets/publish/explain_pages.py`).

A card shows whatever columns table ``estimates`` has, by the descriptions of its declaration, so that a new column
needs no change here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from assets.adoption.recompute import Cell, Inputs, inputs, steps
from assets.adoption.signals import Signal, load_signals
from assets.adoption.step import Step
from assets.ingest.sources import Source, load_sources
from assets.schemas.adoption import Estimates
from assets.schemas.vocabulary import SIGNALS
from maps import words

STATE_MEANS: Final[Mapping[str, str]] = {
    "value": "There is a figure.",
    "zero": "Somebody was counted, and nobody on the Chinese side.",
    "suppressed": "Too few people: a figure would say something about persons. It is hidden, and it is not zero.",
    "not_observable": "No source can tell. It is not zero.",
    "not_observed": "There is no data in this run. It is not zero.",
}
WITH_FIGURE: Final = ("value", "zero")
SMALL: Final = 30
"""Fewer cases than this are few."""

NOT_FIGURES: Final = (
    "signal",
    "period",
    "level",
    "region_id",
    "coding",
    "counted",
    "evidence",
    "state",
    "reason",
    "source_id",
)
"""Columns that a card tells elsewhere than among the figures."""

OBSERVED: Final = ("region_id", "origin", "n", "n_low", "n_high", "counted", "state")
"""Columns of an observation that a card shows."""

MOST_OBSERVATIONS: Final = 60
"""Rows of observations that a card lists; of more it says how many."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A figure: column, value, unit, how it reads, and what the column means."""

    column: str
    value: float | int | str
    unit: str
    said: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A counted row beneath a cell; ``n`` is None where the count is hidden."""

    region_id: str
    name: str
    origin: str
    n: float | None
    n_low: float | None
    n_high: float | None
    counted: str
    state: str


@dataclass(frozen=True, kw_only=True)
class SnapshotFile:
    """A file of the embedded snapshot: table, name and SHA-256."""

    table: str
    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SourceCard:
    """A source beneath a cell, and the files of the snapshot that hold its rows."""

    source_id: str
    title: str
    publisher: str
    location: str
    revision: str
    dated: str
    licence: str
    attribution: str
    derivation: str
    files: tuple[SnapshotFile, ...]


@dataclass(frozen=True, kw_only=True)
class CellCard:
    """One cell: its figures, how they came about, what they rest on, and what is not known.

    Attributes:
        signal: Signal, and its label, title and, for the coding, sides in words.
        period: First day of the period.
        coding: Coding, and its words.
        state: State, and what it means.
        evidence: How the region is known, and that in words; None where nothing was observed.
        reason: Why there is no figure, or what it is modelled from.
        figures: Every figure of the cell that is not null.
        steps: How they come about, with the numbers put in.
        not_recomputed: Figures other than counts that have no step.
        observations: Counted rows beneath, up to ``MOST_OBSERVATIONS``.
        observations_of: Region whose rows they are, where the cell inherits them.
        observation_count: How many there are.
        sources: Where the rows come from.
        unknown: What is not known, in sentences.
    """

    signal: str
    label: str
    title: str
    chinese: str
    us: str
    period: str
    coding: str
    coding_means: str
    state: str
    state_said: str
    state_means: str
    evidence: str | None
    evidence_said: str | None
    reason: str | None
    figures: tuple[Fact, ...]
    steps: tuple[Step, ...]
    not_recomputed: tuple[str, ...]
    observations: tuple[Observation, ...]
    observations_of: str | None
    observation_count: int
    sources: tuple[SourceCard, ...]
    unknown: tuple[str, ...]

    @property
    def has_figure(self) -> bool:
        """Whether there is anything to compute."""
        return self.state in WITH_FIGURE


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Cells of a signal and period without a figure for one and the same reason.

    Attributes:
        label: Signal in words.
        period: First day of the period.
        codings: Their codings in words.
        state_said: Their state in words.
        state_means: What it means.
        reason: Why there is no figure.
    """

    label: str
    period: str
    codings: str
    state_said: str
    state_means: str
    reason: str | None


def silences(cells: Iterable[CellCard]) -> tuple[Silence, ...]:
    """Return the cells as lines, those that differ in nothing but their coding as one.

    Args:
        cells: Cells without a figure.
    """
    together: dict[tuple[str, str, str, str, str | None], list[str]] = {}
    for cell in cells:
        key = (cell.label, cell.period, cell.state_said, cell.state_means, cell.reason)
        together.setdefault(key, []).append(cell.coding_means)
    return tuple(
        Silence(
            label=label,
            period=period,
            codings=words.listing(codings),
            state_said=said,
            state_means=means,
            reason=reason,
        )
        for (label, period, said, means, reason), codings in together.items()
    )


@dataclass(frozen=True, kw_only=True)
class Card:
    """A region and its cells."""

    region_id: str
    name: str
    level: str
    parent: str | None
    note: str | None
    cells: tuple[CellCard, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the card as plain values for a machine; every step says whether it agrees with its figure."""
        plain = asdict(self)
        for cell, card in zip(plain["cells"], self.cells, strict=True):
            for step, found in zip(cell["steps"], card.steps, strict=True):
                step["agrees"] = found.agrees
        return plain


def _said(value: float | str, unit: str) -> str:
    """Return a figure as a person reads it."""
    if isinstance(value, str):
        return value
    if unit == "share":
        return words.percent(value) if value >= 0 else f"-{words.percent(-value)}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _facts(cell: Cell) -> tuple[Fact, ...]:
    facts = []
    for name, column in Estimates.columns().items():
        value = cell.get(name)
        if value is None or name in NOT_FIGURES:
            continue
        unit = str((column.metadata or {}).get("unit", ""))
        unit = f"{cell['counted']}" if unit == "see column counted" else unit
        value = value.isoformat() if isinstance(value, date) else value
        facts.append(
            Fact(column=name, value=value, unit=unit, said=_said(value, unit), meaning=column.description or "")
        )
    return tuple(facts)


def _unknown(cell: Cell, signal: Signal) -> tuple[str, ...]:
    """Return what is not known of a cell, by rule from its columns."""
    said = []
    if cell["state"] not in WITH_FIGURE:
        said.append(f"Whether anybody here is on either side. {cell['reason']}")
    if cell["evidence"] == "modelled":
        said.append("Anything measured here: the figure is a model's.")
    if cell["n"] is not None and cell["n"] < SMALL:
        said.append(words.SMALL_N)
    coverage = cell["coverage"]
    if coverage == 0:
        said.append("Whether anybody of those behind the signal is here: nobody is located in this region.")
    elif coverage is not None and coverage < 1:
        said.append(f"Where {words.percent(1 - coverage)} of those behind the signal are.")
    if cell["n_unknown"]:
        said.append(f"Whose models {words.count(cell['n_unknown'])} of the {cell['counted']} are about.")
    if cell["state"] in WITH_FIGURE and cell["n_cn"] is not None and cell["n_both"] is None:
        said.append("How many are on both sides: the count is hidden or not kept.")
    if cell["bound_low"] is not None and cell["bound_high"] is not None and cell["bound_low"] < cell["bound_high"]:
        span = words.percent_span(cell["bound_low"], cell["bound_high"])
        said.append(f"What is hidden, unlocated or of unknown origin. With it, a CN share within {span} is possible.")
    if cell["state"] in WITH_FIGURE:
        said.append(signal.caution)
    return tuple(said)


def source_cards(manifest: Mapping[str, Any]) -> dict[str, SourceCard]:
    """Return every source with the files of the embedded snapshot that hold its rows.

    Args:
        manifest: Manifest of the embedded snapshot.
    """
    sources: Mapping[str, Source] = load_sources()
    return {
        key: SourceCard(
            source_id=key,
            **(source.model_dump() | {"dated": source.dated.isoformat()}),
            files=tuple(
                SnapshotFile(table=f"ingest/{table}", file=entry["file"], sha256=entry["sha256"])
                for table, entry in manifest["tables"].items()
                if key in entry["sources"]
            ),
        )
        for key, source in sources.items()
    }


class Ledger:
    """The tables of a run, read once, from which a card for any region can be put together.

    Args:
        estimates: Table ``estimates``.
        observations: Table ``observations``.
        survey_use: Table ``survey_use``; without rows the steps of the survey are left out.
        regions: Table ``regions``.
        manifest: Manifest of the embedded snapshot.
        only: Regions that cards are wanted of; all by default.
        allocations: Table ``allocations``; without it, allocated downloads have no steps and cite one source.
    """

    def __init__(  # noqa: PLR0917 - one argument a table
        self,
        estimates: pl.DataFrame,
        observations: pl.DataFrame,
        survey_use: pl.DataFrame,
        regions: pl.DataFrame,
        manifest: Mapping[str, Any],
        only: Iterable[str] | None = None,
        *,
        allocations: pl.DataFrame | None = None,
    ) -> None:
        self.known: Inputs = inputs(estimates, survey_use, regions, only=only, allocations=allocations)
        self.regions = {row["region_id"]: row for row in regions.iter_rows(named=True)}
        self.sources = source_cards(manifest)
        self.signals = load_signals()
        self.cells: dict[str, list[Cell]] = {}
        for cell in self.known.cells.values():
            self.cells.setdefault(cell["region_id"], []).append(cell)
        self.rows: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for row in observations.iter_rows(named=True):
            region = self.region(row["region_id"])
            # A roll-up is computed from the rows of its economies.
            above = (region["parent_id"], "world") if row["level"] == "country" else ()
            for place in (row["region_id"], *above):
                self.rows.setdefault((row["signal"], row["period"], row["coding"], place), []).append(row)

    def region(self, region_id: str) -> Mapping[str, Any]:
        """Return a region as the registry has it; subdivisions, which it has not, go by their codes.

        Args:
            region_id: Region of a cell.
        """
        subdivision = {"level": "admin1", "name": region_id, "parent_id": region_id[:2], "note": None}
        return self.regions.get(region_id, subdivision)

    def _name(self, region: str) -> str:
        return str(self.region(region)["name"])

    def _beneath(self, cell: Cell) -> tuple[list[Mapping[str, Any]], str | None]:
        """Return the observations beneath a cell and, where it inherits them, from which region."""
        signal, period, coding, region = cell["signal"], cell["period"], cell["coding"], cell["region_id"]
        own = self.rows.get((signal, period, coding, region), [])
        if own or cell["evidence"] != "modelled" or cell["level"] != "metro":
            return own, None
        parent = self.region(region)["parent_id"]
        return self.rows.get((signal, period, coding, parent), []), parent

    def _cell_card(self, cell: Cell) -> CellCard:
        signal = self.signals[cell["signal"]]
        rows, inherited = self._beneath(cell)
        facts, found = _facts(cell), steps(cell, self.known)
        explained = {step.column for step in found}
        modelled = cell["evidence"] == "modelled" and cell["state"] in WITH_FIGURE
        cited = dict.fromkeys(row["source_id"] for row in [cell, *rows] if row["source_id"] is not None)
        if (beneath := self.known.beneath(cell)) is not None:
            cited |= dict.fromkeys(beneath.sources)
        chinese, us = signal.sides(cell["coding"])
        return CellCard(
            signal=cell["signal"],
            label=signal.label,
            title=signal.title,
            chinese=chinese,
            us=us,
            period=cell["period"].isoformat(),
            coding=cell["coding"],
            coding_means=words.CODINGS[cell["coding"]],
            state=cell["state"],
            state_said=words.EVIDENCE["modelled"] if modelled else words.STATES[cell["state"]],
            state_means=STATE_MEANS[cell["state"]],
            evidence=cell["evidence"],
            evidence_said=words.EVIDENCE.get(cell["evidence"]),
            reason=cell["reason"],
            figures=facts,
            steps=found,
            not_recomputed=tuple(
                fact.column
                for fact in facts
                if not isinstance(fact.value, str)
                and fact.unit not in {cell["counted"], "events"}
                and fact.column not in explained
            ),
            observations=tuple(
                Observation(name=self._name(row["region_id"]), **{key: row[key] for key in OBSERVED})
                for row in rows[:MOST_OBSERVATIONS]
            ),
            observations_of=inherited and self._name(inherited),
            observation_count=len(rows),
            sources=tuple(self.sources[key] for key in cited),
            unknown=_unknown(cell, signal),
        )

    def card(
        self,
        region_id: str,
        *,
        signals: Sequence[str] = (),
        period: date | None = None,
        coding: str | None = None,
        every: bool = False,
    ) -> Card:
        """Return the card of a region.

        Args:
            region_id: Region of the registry.
            signals: Signals to show; all by default.
            period: Period to show; of each signal and coding the newest with a figure by default, or else the newest.
            coding: Coding to show; all by default.
            every: Show every period.
        """
        chosen = [
            cell
            for cell in self.cells.get(region_id, [])
            if (not signals or cell["signal"] in signals)
            and (period is None or cell["period"] == period)
            and (coding is None or cell["coding"] == coding)
        ]
        chosen.sort(key=lambda cell: (cell["state"] in WITH_FIGURE, cell["period"]), reverse=True)
        if not every and period is None:
            newest: dict[tuple[str, str], Cell] = {}
            for cell in chosen:
                newest.setdefault((cell["signal"], cell["coding"]), cell)
            chosen = list(newest.values())
        chosen.sort(key=lambda cell: cell["period"], reverse=True)
        chosen.sort(key=lambda cell: (cell["state"] not in WITH_FIGURE, SIGNALS.index(cell["signal"]), cell["coding"]))
        region = self.region(region_id)
        parent = region["parent_id"]
        return Card(
            region_id=region_id,
            name=region["name"],
            level=region["level"],
            parent=parent and self._name(parent),
            note=region["note"],
            cells=tuple(self._cell_card(cell) for cell in chosen),
        )
