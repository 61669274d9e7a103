"""The embedded snapshot: dated, checksummed ingest tables that the atlas runs on offline.

Here: freezing tables into a snapshot, and reading the pinned one back with its checksums verified. Not here:
where the tables come from (`assets/ingest/figures.py`, live clients).

Layout beside this file: ``snapshots/pinned.json`` names the snapshot in use and the SHA-256 of its manifest;
``snapshots/<day>/manifest.json`` lists each table's file, rows, SHA-256, sources and licences.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from assets.ingest.sources import load_sources
from assets.schemas import TABLES, Table, validate

SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
MAX_BYTES: Final = 3_000_000
"""A snapshot is part of every clone; it must stay small."""

LIVE_ONLY: Final = frozenset({"download_logs"})
"""Ingest tables that no public figure fills; the snapshot has no file for them."""


class SnapshotError(RuntimeError):
    """A snapshot is absent, altered or unfit to freeze; the message names the file and what to do."""


def tables_in_snapshot() -> dict[str, type[Table]]:
    """Return the declarations by table name of the ingest tables that a snapshot holds."""
    ingest = {table.NAME: table for table in TABLES.values() if table.LAYER == "ingest"}
    return {name: table for name, table in ingest.items() if name not in LIVE_ONLY}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def freeze(tables: Mapping[str, pl.DataFrame], day: date, *, root: Path = SNAPSHOTS) -> Path:
    """Write the tables as the snapshot of a day and pin it.

    Args:
        tables: All ingest tables by name.
        day: Date of the snapshot: that of its newest figure.
        root: Folder of the snapshots.

    Returns:
        The folder written.

    Raises:
        SnapshotError: A table is missing or unknown, names a source that is not in ``sources.toml``, or the
            whole is larger than 3 MB.
        TableError: A table does not meet its declaration.
    """
    declared = tables_in_snapshot()
    if set(tables) != set(declared):
        raise SnapshotError(
            f"A snapshot holds the tables {', '.join(sorted(declared))}; got {', '.join(sorted(tables))}."
        )
    sources = load_sources()
    folder = root / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    entries = {}
    for name, declaration in declared.items():
        frame = validate(tables[name], declaration, where=f"snapshot {day}").sort(declaration.primary_key())
        used = sorted(frame["source_id"].unique())
        unknown = [source for source in used if source not in sources]
        if unknown:
            raise SnapshotError(f"Table {name} cites {', '.join(unknown)}, which sources.toml does not describe.")
        path = folder / f"{name}.parquet"
        frame.write_parquet(path, compression="zstd", compression_level=19, statistics=False)
        entries[name] = {
            "file": path.name,
            "rows": frame.height,
            "bytes": path.stat().st_size,
            "sha256": _sha256(path),
            "sources": used,
            "licences": sorted({sources[source].licence for source in used}),
        }
    size = sum(int(str(entry["bytes"])) for entry in entries.values())
    if size > MAX_BYTES:
        raise SnapshotError(f"{folder}: {size:,} bytes; a snapshot may have {MAX_BYTES:,}.")
    manifest = folder / "manifest.json"
    _write_json(manifest, {"snapshot": day.isoformat(), "tables": entries})
    _write_json(root / "pinned.json", {"snapshot": day.isoformat(), "manifest_sha256": _sha256(manifest)})
    return folder


def _verified(path: Path, sha256: str) -> Path:
    if not path.is_file():
        raise SnapshotError(f"{path}: the file is missing; restore it from git ('git checkout -- {path}').")
    found = _sha256(path)
    if found != sha256:
        raise SnapshotError(
            f"{path}: the file was changed or cut short (SHA-256 {found[:12]}…, pinned {sha256[:12]}…); "
            "restore it from git."
        )
    return path


def read_manifest(root: Path = SNAPSHOTS) -> tuple[Path, dict[str, Any]]:
    """Return the folder and the verified manifest of the pinned snapshot.

    Raises:
        SnapshotError: The pin or the manifest is absent or altered.
    """
    pin_path = root / "pinned.json"
    if not pin_path.is_file():
        raise SnapshotError(
            f"{pin_path}: no snapshot is pinned; restore the file from git, or make one with 'atlas snapshot'."
        )
    try:
        pin = json.loads(pin_path.read_text(encoding="utf-8"))
        folder = root / pin["snapshot"]
    except (ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"{pin_path}: the file is damaged ({error}); restore it from git.") from error
    if not folder.is_dir():
        raise SnapshotError(f"{pin_path}: pins the snapshot {folder.name}, which does not exist; restore it from git.")
    manifest = _verified(folder / "manifest.json", pin["manifest_sha256"])
    return folder, json.loads(manifest.read_text(encoding="utf-8"))


def read(name: str, *, root: Path = SNAPSHOTS) -> pl.DataFrame:
    """Return one ingest table of the pinned snapshot, its checksum and declaration verified.

    Raises:
        SnapshotError: The file is absent, altered or truncated.
        TableError: The rows do not meet the declaration.
    """
    folder, manifest = read_manifest(root)
    entry = manifest["tables"][name]
    path = _verified(folder / entry["file"], entry["sha256"])
    return validate(pl.read_parquet(path), tables_in_snapshot()[name], where=str(path))
