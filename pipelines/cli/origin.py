"""``atlas origin``: whose a model is and why, or the origin of every model of a table.

Here: the command, where its tables come from, and the trees that it prints. Not here: origins and their
explanations (`assets/origins`).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl
    from rich.tree import Tree

    from assets.origins.explain import Explanation, Part, Step

EPILOG = """\b
Examples:
  atlas origin Qwen/Qwen2.5-7B-Instruct deepseek-ai/DeepSeek-R1-Distill-Llama-70B
  atlas origin --models models.parquet --parents parents.parquet --output origins.parquet

\b
Columns of MODELS:   model_id; optional: platform, account, architecture
Columns of PARENTS:  child_id, parent_id; optional: relation (finetune, quantized, adapter, merge)
Columns of OUTPUT:   platform, model_id, coding (publisher, weights, control), country (ISO code, ZZ = unknown),
                     origin (CN, US, other, unknown), weight, unreviewed_weight, family, relation,
                     method, root_method (how it was found, or why it is unknown), depth
One row of OUTPUT is model × coding × country; the weights of a model and coding add up to 1. Files are Parquet
or CSV, by their names. docs/data-dictionary.md (attribute/model_origins) describes each column.
"""

PIPED_WIDTH = 240
"""Signs of a line where no terminal says how many it shows."""

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(epilog=EPILOG)
@click.argument("model", nargs=-1)
@click.option("--models", metavar="FILE", type=FILE, help="Table of models to resolve.")
@click.option("--parents", metavar="FILE", type=FILE, help="Table of their declared parents.")
@click.option("--output", metavar="FILE", type=FILE, help="Table to write.")
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which to read the publisher registry.  [default: today; with MODEL, that of the newest table]",
)
@click.option("--live", is_flag=True, help="Explain from the tables of the live store.")
@click.option("--data", metavar="DIR", help="Folder or fsspec URL of the tables of the last build.  [default: data]")
def origin(  # noqa: PLR0917 - click passes by name
    model: tuple[str, ...],
    models: Path | None,
    parents: Path | None,
    output: Path | None,
    day: datetime | None,
    live: bool,  # noqa: FBT001
    data: str | None,
) -> None:
    """Say whose each MODEL is (account/name on Hugging Face) by publisher, weights and control, and why.

    Reads the tables of the last build, or the embedded snapshot where there is none. With --models, --parents and
    --output it resolves a table instead.
    """
    files = {"--models": models, "--parents": parents, "--output": output}
    given = [name for name, path in files.items() if path]
    if model and given:
        raise click.UsageError(f"Give either models to explain or {', '.join(files)}, not both ({given[0]} is given).")
    if models and parents and output:
        _resolve(models, parents, output, day.date() if day else datetime.now(UTC).date())
        return
    if given:
        missing = [name for name, path in files.items() if not path]
        raise click.UsageError(f"{', '.join(given)} needs {' and '.join(missing)} beside it.")
    if not model:
        raise click.UsageError("Name a model such as Qwen/Qwen2.5-7B-Instruct, or give --models.")
    _explain(model, day.date() if day else None, live=live, data=data)


def _resolve(models: Path, parents: Path, output: Path, day: date) -> None:
    from assets.origins.registry import load_publishers
    from assets.origins.tables import read_models, read_parents, write_origins

    table = read_models(models)
    rows = write_origins(table, read_parents(parents), load_publishers(), output, day=day)
    click.echo(f"Wrote {rows:,} rows on {table.height:,} models to {output} (registry of {day}).")


def _tables(*, live: bool, data: str | None) -> "tuple[dict[str, pl.DataFrame], str]":
    """Return the tables to explain from, by name, and where they come from in words."""
    from upath import UPath

    from assets.ingest import snapshot
    from assets.origins.registry import load_publishers
    from pipelines.cli.options import settings_from
    from pipelines.storage import read_table

    settings = settings_from(live=live, output=None, data=data)
    root = UPath(settings.store)
    ingest = ("models", "model_download_totals", "model_parents")
    if (root / "ingest/models.parquet").exists() or settings.mode != "snapshot":
        keys = {name: f"ingest/{name}" for name in ingest} | {"publishers": "attribute/publishers"}
        tables = {name: read_table(root, key, mode=settings.mode) for name, key in keys.items()}
        return tables, f"the last build ({settings.mode})"
    return {name: snapshot.read(name) for name in ingest} | {"publishers": load_publishers()}, "the embedded snapshot"


def _explain(wanted: Sequence[str], day: date | None, *, live: bool, data: str | None) -> None:
    import polars as pl
    from rich.console import Console

    from assets.origins.explain import explain
    from assets.origins.identities import HUB_ID

    odd = next((name for name in wanted if not pl.Series([name]).str.contains(HUB_ID)[0]), None)
    if odd is not None:
        raise click.UsageError(f"{odd!r} is no id of the Hub; write account/name, such as Qwen/Qwen2.5-7B-Instruct.")
    tables, place = _tables(live=live, data=data)
    seen = tables["models"].select("platform", "model_id", "observed_on", lineage_observed=pl.lit(value=True))
    counted = tables["model_download_totals"].select(
        "platform", "model_id", "observed_on", lineage_observed=pl.lit(value=False)
    )
    models = pl.concat([seen, counted])
    newest: date = day or max(models["observed_on"].to_list())
    found = explain(wanted, models, tables["model_parents"], tables["publishers"], day=newest)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    for explanation in found:
        console.print(_tree(explanation))
        console.print()
    console.print(f"From {place}; publisher registry of {newest}.", style="dim")
    nothing = [one.model_id for one in found if not one.known]
    if nothing:
        raise click.ClickException(
            f"Nothing is known of {', '.join(nothing)}: no table has it, its account is not in the registry and its "
            "name mentions no model line. Check spelling and capitals, or build with tables that list it."
        )


def _tree(explanation: "Explanation") -> "Tree":
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(f"[bold]{escape(explanation.model_id)}[/bold]")
    account = tree.add(f"account  {escape(explanation.account)}", style="dim")
    if explanation.evidence:
        account.add(f"evidence: {escape(explanation.evidence)}")
    if not explanation.listed:
        like = f"; much alike: {', '.join(explanation.similar)}" if explanation.similar else ""
        tree.add(
            escape(f"No table has this model: its account and name are all there is to go by{like}."), style="bold"
        )
    for coding, answer in explanation.codings.items():
        steps = f"  ({answer.depth} step{'s' if answer.depth > 1 else ''} to the furthest root)" if answer.depth else ""
        branch = tree.add(f"by {coding:<9}  [bold]{escape(_parts(answer.parts))}[/bold]{steps}")
        if answer.way.parents:
            _add(branch, answer.way)
        else:
            branch.add(escape(_reason(answer.parts)), style="dim")
    return tree


def _add(branch: "Tree", step: "Step") -> None:
    from rich.markup import escape

    for parent in step.parents:
        said = f"{parent.relation} of {parent.model_id}"
        if parent.parts:
            said += f"  →  {_parts(parent.parts)}: {_reason(parent.parts)}"
        if parent.shown_above:
            said += "  (see above)"
        _add(branch.add(escape(said)), parent)
    if step.left_out:
        branch.add(f"… and {step.left_out} more parent(s)", style="dim")


def _parts(parts: "Sequence[Part]") -> str:
    """Return ``CN 50 %, US 50 %``, with the country where the group does not say it, and the family."""
    from maps.words import percent

    said = []
    for part in parts:
        place = "" if part.origin in {part.country, "unknown"} else f" ({part.country})"
        said.append(f"{part.origin}{place} {percent(part.weight)}{f' {part.family}' if part.family else ''}")
    return ", ".join(said)


def _reason(parts: "Sequence[Part]") -> str:
    return "; ".join(dict.fromkeys(part.reason for part in parts))
