"""``atlas explain``: a region's figures, how they were computed, what they rest on, and what is not known.

Here: the command, where its tables come from, and the card that it prints. Not here: cards
(`assets/adoption/explain.py`), names of regions (`assets/places/find_region.py`).
"""

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from pipelines.cli.built import built_tables

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console
    from rich.tree import Tree

    from assets.adoption.explain import Card, CellCard, Observation

EPILOG = """\b
Examples:
  atlas explain NG --signal survey_use
  atlas explain "metro:Jakarta"
  atlas explain LIMA --all
  atlas explain Kenya --json | jq '.cells[0].figures'

\b
REGION is an ISO code (NG), an id (metro:lagos, m49:011, world), a name or an alias. Step by step, low(CN, US, both)
and high(…) are the ends of the Dirichlet interval of people on the Chinese side, the US side and both.
"""

TABLES = {
    "estimates": "adoption/estimates",
    "observations": "adoption/observations",
    "survey_use": "ingest/survey_use",
    "regions": "attribute/regions",
    "allocations": "adoption/allocations",
}
PIPED_WIDTH = 120
"""Signs of a line where no terminal says how many it shows."""

FIRST_OBSERVATIONS = 12
"""Counted rows of a cell that a terminal shows; --json has more of them."""

PERIODS = ["%Y-%m-%d", "%Y-%m", "%Y"]


@click.command(epilog=EPILOG)
@click.argument("region")
@click.option(
    "--signal", "signals", metavar="NAME", multiple=True, help="Signal to show; may be repeated.  [default: each]"
)
@click.option(
    "--period", type=click.DateTime(PERIODS), help="First day of the period.  [default: newest with a figure]"
)
@click.option(
    "--coding", metavar="NAME", help="Question that the origin answers: publisher, weights or control.  [default: each]"
)
@click.option("--all", "every", is_flag=True, help="Show every signal and period, also those without a figure.")
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
@click.option("--live", is_flag=True, help="Explain from the tables of the live store.")
@click.option("--data", metavar="DIR", help="Folder or fsspec URL of the tables of the last build.  [default: data]")
def explain(  # noqa: PLR0917 - click passes by name
    region: str,
    signals: tuple[str, ...],
    period: datetime | None,
    coding: str | None,
    every: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    live: bool,  # noqa: FBT001
    data: str | None,
) -> None:
    """Explain the figures of a REGION: how they were computed, what they rest on, and what is not known."""
    from assets.adoption.explain import Ledger
    from assets.ingest.snapshot import read_manifest

    _check_words(signals, coding)
    tables, place = built_tables(TABLES, live=live, data=data)
    subdivisions = set(tables["estimates"].filter(level="admin1")["region_id"])
    found = region.upper() if region.upper() in subdivisions else _region(region, tables["regions"])
    _, manifest = read_manifest()
    ledger = Ledger(
        tables["estimates"],
        tables["observations"],
        tables["survey_use"],
        tables["regions"],
        manifest,
        only=[found],
        allocations=tables["allocations"],
    )
    day = period.date() if period else None
    card = ledger.card(found, signals=signals, period=day, coding=coding, every=every)
    if not card.cells:
        raise click.ClickException(_nothing(tables["estimates"], found, signals, day, coding))
    if as_json:
        click.echo(json.dumps({"run_mode": place, **card.as_json()}, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        _print(card, place, everything=every or bool(signals))


def _check_words(signals: tuple[str, ...], coding: str | None) -> None:
    """Refuse a signal or coding that there is none of."""
    from assets.schemas.vocabulary import CODINGS, SIGNALS

    given = [("--signal", name, SIGNALS) for name in signals] + [("--coding", coding, CODINGS)] * bool(coding)
    for option, name, known in given:
        if name not in known:
            raise click.UsageError(f"{option} {name!r} is not one of {', '.join(known)}.")


def _region(text: str, regions: "pl.DataFrame") -> str:
    """Return the id of the one region that a text names."""
    from assets.places.find_region import find_region
    from maps.words import listing

    found = find_region(text, regions)
    if len(found.regions) == 1:
        return found.regions[0]
    named = dict(regions.select("region_id", "name").iter_rows())
    if found.regions:
        listed = ", ".join(f"{one} ({named[one]}, {_level(one, regions)})" for one in found.regions)
        raise click.UsageError(f"{text!r} names several regions: {listed}. Give one of these ids.")
    holder = None if found.similar else _holder(text, regions)
    if holder:
        click.echo(f"{text!r} is no region of its own and lies in {named[holder]}.", err=True)
        return holder
    meant = f" Did you mean {listing(found.similar).replace(' and ', ' or ')}?" if found.similar else ""
    raise click.UsageError(
        f"{text!r} is no region of the atlas.{meant} Give an ISO code such as NG, a metro such as metro:lagos, or a "
        "name."
    )


def _level(region: str, regions: "pl.DataFrame") -> str:
    from maps.words import LEVELS

    level = str(regions.filter(region_id=region)["level"].item())
    return LEVELS.get(level, level)


def _holder(text: str, regions: "pl.DataFrame") -> str | None:
    """Return the metro, or else the economy, that a place lies in; None where the text does not say."""
    import polars as pl

    from assets.places.locate import locate

    row = locate(pl.Series([text])).row(0, named=True)
    known = set(regions["region_id"])
    return next((str(one) for one in (row["metro"], row["country"]) if one in known), None)


def _nothing(
    estimates: "pl.DataFrame", region: str, signals: tuple[str, ...], period: date | None, coding: str | None
) -> str:
    """Return why no cell was chosen, and which ones there are."""
    own = estimates.filter(region_id=region)
    if signals:
        own = own.filter(own["signal"].is_in(list(signals)))
    asked = " and ".join(f"{name} {value}" for name, value in (("period", period), ("coding", coding)) if value)
    there = sorted({f"{one:%Y-%m-%d} {other}" for one, other in own.select("period", "coding").iter_rows()})
    return f"There is no cell of {region} for {asked or 'these signals'}; there are: {', '.join(there) or 'none'}."


def _print(card: "Card", place: str, *, everything: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    from assets.adoption.explain import silences
    from maps.words import LEVELS

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    within = f", in {card.parent}" if card.parent else ""
    console.print(f"[bold]{escape(card.name)}[/bold]  {card.region_id}, {LEVELS.get(card.level, card.level)}{within}")
    if card.note:
        console.print(escape(card.note), style="dim")
    shown = [cell for cell in card.cells if everything or cell.has_figure]
    for cell in shown:
        console.print()
        console.print(_tree(cell))
    silent = [cell for cell in card.cells if cell not in shown]
    if silent:
        console.print("\n[bold]Without a figure here[/bold] (--all explains them)")
        for one in silences(silent):
            console.print(f"  {escape(one.label)}, {one.codings}: {one.state_said}. {escape(one.reason or '')}")
    _print_sources(shown, console)
    console.print(f"\nFrom the last build ({place}).", style="dim")


def _tree(cell: "CellCard") -> "Tree":
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(f"[bold]{escape(cell.label)}[/bold]  {cell.period}, {cell.coding_means}")
    tree.add(escape(f"Chinese: {cell.chinese}. US: {cell.us}."), style="dim")
    state = tree.add(f"state: [bold]{cell.state}[/bold] ({cell.state_said})")
    state.add(cell.state_means)
    if cell.evidence:
        tree.add(f"evidence: [bold]{cell.evidence}[/bold] ({cell.evidence_said})")
    if cell.reason:
        tree.add(escape(cell.reason))
    _add_figures(tree, cell)
    _add_steps(tree, cell)
    _add_observations(tree, cell)
    branch = tree.add("not known")
    for said in cell.unknown:
        branch.add(escape(said))
    tree.add(f"sources: {', '.join(source.source_id for source in cell.sources) or 'none'}")
    return tree


def _add_figures(tree: "Tree", cell: "CellCard") -> None:
    from rich.markup import escape

    if not cell.figures:
        return
    branch = tree.add("figures")
    for fact in cell.figures:
        unit = "" if fact.unit in {"share", "ratio"} else f" {fact.unit}"
        said = f"{fact.column:<18} [bold]{escape(fact.said)}[/bold]{escape(unit)}"
        branch.add(f"{said}  [dim]{escape(fact.meaning)}[/dim]")


def _add_steps(tree: "Tree", cell: "CellCard") -> None:
    from rich.markup import escape

    if not cell.steps:
        return
    branch = tree.add("step by step")
    for step in cell.steps:
        verdict = "" if step.agrees else "  [red]differs from the figure shown[/red]"
        line = branch.add(f"{step.column} = {escape(step.formula)}")
        line.add(f"{escape(step.numbers)} = [bold]{step.result:.6g}[/bold]{verdict}")
    if cell.not_recomputed:
        branch.add(f"not recomputed here: {', '.join(cell.not_recomputed)}", style="dim")


def _add_observations(tree: "Tree", cell: "CellCard") -> None:
    from rich.markup import escape

    if not cell.observation_count:
        return
    of = f" of {cell.observations_of}" if cell.observations_of else ""
    branch = tree.add(f"observations beneath: {cell.observation_count}{escape(of)}")
    for row in cell.observations[:FIRST_OBSERVATIONS]:
        branch.add(escape(_observed(row)))
    if cell.observation_count > FIRST_OBSERVATIONS:
        branch.add(f"… and {cell.observation_count - FIRST_OBSERVATIONS} more", style="dim")


def _observed(row: "Observation") -> str:
    n = f"hidden, {row.n_low:.0f}–{row.n_high:.0f}" if row.n is None and row.n_low is not None else row.n
    return (
        f"{row.name}, {row.origin}: {n if isinstance(n, str) or n is None else f'{n:,.0f}'} {row.counted} ({row.state})"
    )


def _print_sources(shown: "list[CellCard]", console: "Console") -> None:
    from rich.markup import escape

    sources = {source.source_id: source for cell in shown for source in cell.sources}
    if not sources:
        return
    console.print("\n[bold]Sources[/bold]")
    for key, source in sources.items():
        console.print(f"  [bold]{key}[/bold]  {escape(source.title)}")
        console.print(escape(f"    {source.publisher}; {source.location}; revision {source.revision}; {source.dated}"))
        console.print(escape(f"    {source.licence}; credit: {source.attribution}"))
        console.print(escape(f"    {source.derivation}"), style="dim")
        for file in source.files:
            console.print(escape(f"    snapshot file {file.file} ({file.table}), SHA-256 {file.sha256}"), style="dim")
