"""Open data: the public tables as files that a sceptic can load, each under its own licence.

Here: writing CSV and Parquet with a data package that says what every column is. Not here: the figures.

Rows derived from the Stack Overflow survey are under the Open Database License and stand in files of their own
(`open-data/survey/`); the other rows stand in `open-data/`.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from assets.ingest.sources import load_sources
from assets.schemas import TABLES, Table
from assets.schemas.dictionary import frictionless_schema
from maps.geometry.shapes import sources as geometry_sources

SHARE_ALIKE: Final = "ODbL-1.0"
REGISTRY_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "publishers": ("atom_regions",),
    "builders": ("regional_builders",),
    "builder_choices": ("regional_builders", "hub_stats_frozen", "hf_radar"),
    "regions": (),
}
"""Sources of tables that are registries of ours and whose rows cite none."""

HOUSE_LICENCE: Final = "CC-BY-4.0"
"""Licence of tables that rest on several permissive sources: the strictest of them asks for credit."""


def public_tables() -> dict[str, type[Table]]:
    """Return the declarations of the public tables by name."""
    return {table.NAME: table for table in TABLES.values() if table.PUBLIC}


def _resource(path: Path, root: Path, frame: pl.DataFrame, table: type[Table], licence: str) -> dict[str, Any]:
    sources = load_sources()
    named = [pl.col(name) for name in ("source_id", "total_source_id") if name in frame.columns]
    cited = (
        pl.concat(frame.select(own).to_series() for own in named).drop_nulls().unique()
        if named
        else REGISTRY_SOURCES[table.NAME]
    )
    credited = [{"title": sources[key].attribution, "path": sources[key].location} for key in sorted(cited)]
    if table.NAME == "regions":
        credited = [{"title": source.credit, "path": source.name} for source in geometry_sources()]
    return {
        "name": path.relative_to(root).as_posix().replace("/", "-").replace(".", "-"),
        "path": path.relative_to(root).as_posix(),
        "title": f"{table.__doc__}".strip(),
        "rows": frame.height,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        "licenses": [{"name": licence}],
        "sources": credited,
        "schema": frictionless_schema(table),
    }


def share_alike_sources() -> list[str]:
    """Return the ids of the sources whose rows must stand in files of their own."""
    return [key for key, source in load_sources().items() if source.licence == SHARE_ALIKE]


def holds_survey_rows(path: Path) -> bool:
    """Return whether a Parquet file has a row from a share-alike source."""
    if "source_id" not in pl.read_parquet_schema(path):
        return False
    cited = pl.read_parquet(path, columns=["source_id"])["source_id"]
    return bool(cited.is_in(share_alike_sources()).any())


def _parts(frame: pl.DataFrame) -> dict[tuple[str, str], pl.DataFrame]:
    """Split a table by licence: folder and licence → rows."""
    if "source_id" not in frame.columns:
        return {("", HOUSE_LICENCE): frame}
    from_survey = pl.col("source_id").is_in(share_alike_sources()).fill_null(value=False)
    parts = {("", HOUSE_LICENCE): frame.filter(~from_survey), ("survey", SHARE_ALIKE): frame.filter(from_survey)}
    return {key: rows for key, rows in parts.items() if rows.height}


def write_open_data(tables: Mapping[str, pl.DataFrame], folder: Path, *, run_mode: str) -> list[Path]:
    """Write every public table as CSV and Parquet, and ``datapackage.json`` beside them.

    Args:
        tables: The public tables by name.
        folder: Folder to write, created where it is missing.
        run_mode: Mode of the run, recorded in the package.

    Returns:
        The files written.

    Raises:
        ValueError: A public table is missing.
    """
    declared = public_tables()
    missing = sorted(set(declared) - set(tables))
    if missing:
        raise ValueError(f"Open data needs the tables {', '.join(missing)}.")
    written, resources = [], []
    for name, table in declared.items():
        for (place, licence), rows in _parts(tables[name]).items():
            target = folder / place
            target.mkdir(parents=True, exist_ok=True)
            csv, parquet = target / f"{name}.csv", target / f"{name}.parquet"
            rows.write_csv(csv)
            rows.write_parquet(parquet, compression="zstd")
            written += [csv, parquet]
            resources += [_resource(path, folder, rows, table, licence) for path in (csv, parquet)]
    package = folder / "datapackage.json"
    content = {
        "name": "adoption-atlas",
        "title": "Adoption Atlas: Chinese and US open models by region",
        "run_mode": run_mode,
        "resources": resources,
    }
    package.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [*written, package]
