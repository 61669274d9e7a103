"""Open data: the public tables as files that a sceptic can load, each under its own licence.

Here: writing CSV, Parquet, GeoJSON and GeoParquet, a data package that says what every column is, the dictionary, how
to cite, and the checksums. Not here: the figures, features on the map (`geodata.py`).

Rows derived from the Stack Overflow survey are under the Open Database License and stand in files of their own
(`open-data/survey/`); the other rows stand in `open-data/`. The version is a hash of all contents: the same figures
have the same version, whoever builds them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from assets.ingest.sources import load_sources
from assets.publish import geodata
from assets.publish.captions import MODE_STAMPS
from assets.schemas import TABLES, Table
from assets.schemas.dictionary import data_dictionary, frictionless_schema

SHARE_ALIKE: Final = "ODbL-1.0"
TITLE: Final = "Adoption Atlas: Chinese and US open models by region"
REGISTRY_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "publishers": ("atom_regions",),
    "builders": ("regional_builders",),
    "builder_choices": ("regional_builders", "hub_stats_frozen", "hf_radar"),
    "regions": (),
}
"""Sources of tables that are registries of ours and whose rows cite none."""

STARTS_FORMULA: Final = r"^['=+\-@\t\r\n]"
"""Beginnings of texts that spreadsheets run (OWASP, CSV injection), and the apostrophe that guards them."""

HOUSE_LICENCE: Final = "CC-BY-4.0"
"""Licence of tables that rest on several permissive sources: the strictest of them asks for credit."""


def public_tables() -> dict[str, type[Table]]:
    """Return the declarations of the public tables by name."""
    return {table.NAME: table for table in TABLES.values() if table.PUBLIC}


def _run_mode_field(run_mode: str) -> dict[str, Any]:
    """Return the description of the column that every file ends in."""
    return {
        "name": "run_mode",
        "type": "string",
        "description": "Mode of the run: snapshot, live, or synthetic, where nothing is real.",
        "constraints": {"required": True, "enum": [run_mode]},
    }


def _resource(
    path: Path, root: Path, frame: pl.DataFrame, table: type[Table], *, licence: str, run_mode: str
) -> dict[str, Any]:
    from maps.geometry.shapes import sources as geometry_sources

    sources = load_sources()
    schema = frictionless_schema(table)
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
        "hash": f"sha256:{_sha256(path)}",
        "licenses": [{"name": licence}],
        "sources": credited,
        "schema": schema | {"fields": [*schema["fields"], _run_mode_field(run_mode)]},
    }


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose texts no spreadsheet takes for formulas.

    A text that begins with a sign that starts a formula, or with an apostrophe, gets an apostrophe in front. Whoever
    wants the text as it was takes one leading apostrophe away. Numbers are no texts and keep their sign.

    Args:
        frame: Any table.
    """
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(STARTS_FORMULA))
        .then(pl.format("'{}", pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )


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
    """Write every public table as CSV and Parquet, the newest cells as geodata, and what describes them all.

    Args:
        tables: The public tables by name.
        folder: Folder to write, created where it is missing.
        run_mode: Mode of the run, recorded in the package and in the last column of every file.

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
            stamped = rows.with_columns(run_mode=pl.lit(run_mode))
            guarded(stamped).write_csv(csv)
            stamped.write_parquet(parquet, compression="zstd", metadata={"atlas.run_mode": run_mode})
            written += [csv, parquet]
            resources += [
                _resource(csv, folder, rows, table, licence=licence, run_mode=run_mode),
                _file_resource(parquet, folder, licence=licence),
            ]
    for path, licence in _geodata(tables, folder, run_mode=run_mode):
        written.append(path)
        resources.append(_file_resource(path, folder, licence=licence))
    title = ": ".join(part for part in (MODE_STAMPS[run_mode], TITLE) if part)
    dictionary = folder / "data-dictionary.md"
    dictionary.write_text(f"<!-- {title} -->\n\n{data_dictionary()}", encoding="utf-8")
    written.append(dictionary)
    sums = {path.relative_to(folder).as_posix(): _sha256(path) for path in sorted(written)}
    version = hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()[:12]
    periods = pl.concat([tables["estimates"]["period"], tables["world_series"]["period"]])
    content = {
        "name": "adoption-atlas",
        "title": title,
        "version": version,
        "run_mode": run_mode,
        "licenses": [{"name": name} for name in (HOUSE_LICENCE, SHARE_ALIKE)],
        "resources": resources,
    }
    package = folder / "datapackage.json"
    package.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    citation = folder / "CITATION.cff"
    citation.write_text(_citation(title, version, str(periods.max())), encoding="utf-8")
    manifest = folder / "manifest.json"
    listed = {"title": title, "version": version, "sha256": sums}
    manifest.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [*written, package, citation, manifest]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _file_resource(path: Path, root: Path, *, licence: str) -> dict[str, Any]:
    """Describe a file that is no table of text: its columns are those of the CSV of the same name."""
    return {
        "name": path.relative_to(root).as_posix().replace("/", "-").replace(".", "-"),
        "path": path.relative_to(root).as_posix(),
        "type": "file",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{_sha256(path)}",
        "licenses": [{"name": licence}],
    }


def _geodata(tables: Mapping[str, pl.DataFrame], folder: Path, *, run_mode: str) -> Iterator[tuple[Path, str]]:
    """Write the newest cells of each signal that has any figure; yield each file with its licence."""
    estimates = tables["estimates"]
    shown = estimates.filter(pl.col("cn_share").is_not_null())
    for signal in shown["signal"].unique().sort():
        cells = geodata.newest_cells(estimates, tables["regions"], signal)
        from_survey = cells["source_id"].is_in(share_alike_sources()).any()
        target = folder / ("survey" if from_survey else "") / "geo"
        target.mkdir(parents=True, exist_ok=True)
        licence = SHARE_ALIKE if from_survey else HOUSE_LICENCE
        title = ": ".join(part for part in (MODE_STAMPS[run_mode], signal) if part)
        collection = target / f"{signal}.geojson"
        collection.write_text(geodata.geojson(cells, title=title, run_mode=run_mode), encoding="utf-8")
        yield collection, licence
        frame, metadata = geodata.geoparquet(cells, run_mode=run_mode)
        frame.write_parquet(target / f"{signal}.parquet", compression="zstd", metadata=metadata)
        yield target / f"{signal}.parquet", licence


def _citation(title: str, version: str, day: str) -> str:
    """Return ``CITATION.cff``, format 1.2.0."""
    return (
        "cff-version: 1.2.0\n"
        "message: Please cite the data with its version, and the sources that datapackage.json names for each file.\n"
        f"title: {json.dumps(title, ensure_ascii=False)}\n"
        "type: dataset\n"
        "authors:\n- name: Adoption Atlas contributors\n"
        f'version: "{version}"\n'
        f"date-released: {day}\n"
        f"license:\n- {HOUSE_LICENCE}\n- {SHARE_ALIKE}\n"
    )
