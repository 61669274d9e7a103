"""``atlas map``: any slice of the estimates as a picture.

Here: the command, what it refuses, and the files that it writes. Not here: drawing (`maps`), captions
(`assets/publish/captions.py`).
"""

import difflib
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.built import built_tables

if TYPE_CHECKING:
    import polars as pl

    from maps.cells import Slice
    from maps.geometry.views import View

EPILOG = """\b
Examples:
  atlas map
  atlas map --signal survey_use --region africa --format svg,png,pdf -o maps-for-print
  atlas map --signal derivative --region asia --period 2025
  atlas map --signal derivative --each period
  atlas map --each signal --region europe

\b
The region is world, africa, asia, europe, north-america, south-america or oceania. Every picture says what was
measured, from how many, and what is not known; what is hidden stays hidden.
"""

TABLES = {
    "estimates": "adoption/estimates",
    "allocations": "adoption/allocations",
    "regions": "attribute/regions",
    "standings": "ingest/standings",
}
FORMATS = ("svg", "png", "pdf")
PERIODS = ["%Y-%m-%d", "%Y-%m", "%Y"]


def _formats(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    """Return the formats of a list with commas, each once."""
    given = tuple(dict.fromkeys(part.strip().lower() for part in value.split(",") if part.strip()))
    unknown = [name for name in given if name not in FORMATS]
    if unknown or not given:
        said = ", ".join(repr(name) for name in unknown) or "an empty list"
        raise click.BadParameter(f"{said} is not of {', '.join(FORMATS)}; give one or more, with commas between them.")
    return given


@click.command("map", epilog=EPILOG)
@click.option("--signal", metavar="NAME", help="Signal to draw.  [default: the first with a figure]")
@click.option("--region", metavar="NAME", default="world", show_default=True, help="Part of the world.")
@click.option(
    "--period", type=click.DateTime(PERIODS), help="First day of the period.  [default: newest with a figure]"
)
@click.option("--coding", metavar="NAME", help="Question that the origin answers: publisher, weights or control.")
@click.option(
    "--each",
    type=click.Choice(["period", "signal"]),
    help="Small multiples: a map for each period of the signal, or for the newest of each signal.",
)
@click.option("--ranking/--no-ranking", default=True, show_default=True, help="Shares and intervals beside the map.")
@click.option(
    "--format",
    "formats",
    metavar="LIST",
    default="svg",
    show_default=True,
    callback=_formats,
    help="svg, png (2400 pixels across), pdf; with commas between them.",
)
@click.option("--output", "-o", metavar="DIR", default=".", show_default=True, help="Folder to write to.")
@click.option("--live", is_flag=True, help="Draw from the tables of the live store.")
@click.option("--data", metavar="DIR", help="Folder or fsspec URL of the tables of the last build.  [default: data]")
def draw_map(  # noqa: PLR0917 - click passes by name
    signal: str | None,
    region: str,
    period: datetime | None,
    coding: str | None,
    each: str | None,
    ranking: bool,  # noqa: FBT001
    formats: tuple[str, ...],
    output: str,
    live: bool,  # noqa: FBT001
    data: str | None,
) -> None:
    """Draw a slice of the estimates as SVG, PNG or PDF."""
    from assets.publish.captions import boundaries, map_spec
    from assets.schemas.vocabulary import CODINGS, SIGNALS
    from maps.cells import MapError, slices
    from maps.multiples import draw_multiples, newest_of_each, periods_of
    from maps.static import choose
    from maps.static import draw_map as draw

    for option, name, known in (("--signal", signal, SIGNALS), ("--coding", coding, CODINGS)):
        if name is not None and name not in known:
            raise click.UsageError(f"{option} {name!r} is not one of {', '.join(known)}.{_meant(name, known)}")
    tables, mode = built_tables(TABLES, live=live, data=data)
    view = _view(region, tables["regions"])
    spec = map_spec(
        tables["estimates"],
        tables["standings"],
        boundaries=boundaries(),
        run_mode=mode,
        allocations=tables["allocations"],
    )
    found = slices(tables["estimates"], tables["regions"], spec)
    if each == "period" and period:
        raise click.UsageError("--each period draws every period; leave out the one.")
    try:
        if each == "signal":
            if signal or period or coding:
                raise click.UsageError(
                    "--each signal draws the newest of every signal; leave out what would choose one."
                )
            chosen = newest_of_each(found)
            picture, name = draw_multiples(chosen, spec, view=view), f"signals-{view.name}"
        else:
            one = choose(found, signal=signal, period=period.date() if period else None, coding=coding)
            if each == "period":
                picture = draw_multiples(periods_of(found, one), spec, view=view)
                name = f"{one.spec.signal}-{view.name}-each-period"
            else:
                picture, name = draw(one, spec, view=view, ranking=ranking), _name(one, view)
    except MapError as error:
        raise click.UsageError(str(error)) from error
    for path in _write(picture, Path(output) / name, formats):
        click.echo(f"Wrote {path}")


def _meant(name: str, known: Iterable[str]) -> str:
    """Return a question on what was meant, where something is much alike."""
    close = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _view(text: str, regions: "pl.DataFrame") -> "View":
    """Return the part of the world that a text names."""
    from assets.places.find_region import find_region
    from maps.geometry.views import VIEWS

    wanted = "-".join(text.lower().split())
    if wanted in VIEWS:
        return VIEWS[wanted]
    found = find_region(text, regions).regions
    holders = [view for view in VIEWS.values() if not view.is_world and set(found) & set(view.members(regions))]
    if holders:
        raise click.UsageError(
            f"--region draws the world or a continent, and {text!r} lies in {holders[0].label}: "
            f"--region {holders[0].name} shows it, 'atlas explain {found[0]}' says what is known of it."
        )
    raise click.UsageError(f"--region {text!r} is not one of {', '.join(VIEWS)}.{_meant(wanted, VIEWS)}")


def _name(one: "Slice", view: "View") -> str:
    parts = [one.spec.signal, view.name, str(one.period or "no-period")]
    return "-".join([*parts, *([one.coding] if one.coding != "publisher" else [])])


def _write(picture: str, stem: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write a picture in each format, whole or not at all, and return the files."""
    from upath import UPath

    from assets.whole_files import replace_file
    from maps.raster import svg_to_pdf, svg_to_png

    makers: dict[str, Callable[[], bytes]] = {
        "svg": picture.encode,
        "png": lambda: svg_to_png(picture),
        "pdf": lambda: svg_to_pdf(picture),
    }
    paths = [stem.with_name(f"{stem.name}.{name}") for name in formats]
    for path, name in zip(paths, formats, strict=True):
        replace_file(UPath(path), makers[name]())
    return paths
