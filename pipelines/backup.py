"""Back-up and restore: the tables and the history of one mode in one file.

Here: packing and unpacking. Not here: stores behind a URL and histories in Postgres, which have tools of their own
(docs/operations.md). The site is not packed: it is made again from the tables, byte for byte.
"""

import io
import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from upath import UPath

from assets.whole_files import local_path
from pipelines.instance import LOCK, alone
from pipelines.settings import Settings

MANIFEST: Final = "BACKUP.json"
STORE: Final = "store"
HISTORY: Final = "history"
SIDE_FILES: Final = ("-wal", "-shm", "-journal")
"""Files beside a SQLite database; what they hold is in its copy."""


class BackupError(RuntimeError):
    """A back-up cannot be made or restored; the message says what to do."""


def _local_store(settings: Settings) -> Path:
    local = local_path(UPath(settings.store))
    if local is None:
        raise BackupError(
            f"the store {settings.store} is behind a URL: back it up with the tools of the object store, for example "
            "versions of its bucket"
        )
    return local


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != LOCK and not path.name.endswith((".tmp", *SIDE_FILES)):
            yield path


def _copied(database: Path, folder: Path) -> Path:
    """Return a whole copy of a SQLite database, also while somebody writes it."""
    target = folder / "copy.db"
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def back_up(settings: Settings, target: Path) -> int:
    """Pack the store and Dagster's home of a mode; nobody else can read the file, because it holds the actors' key.

    Args:
        settings: Mode and places.
        target: File to write (``.tar.gz``); it must not be there yet.

    Returns:
        Files that were packed.

    Raises:
        BackupError: There is no store, it is behind a URL, or the target is there already.
        BusyError: A build is running.
    """
    store = _local_store(settings)
    if not store.is_dir():
        build = "atlas build --live" if settings.mode == "live" else "atlas build"
        raise BackupError(f"there is no store at {store}: run '{build}' first, or choose another place with --data")
    if not target.parent.is_dir():
        raise BackupError(f"the folder {target.parent} does not exist: make it, or choose another place for the file")
    if target.exists():
        raise BackupError(f"{target} is there already; choose another name")
    draft = target.with_name(f".{target.name}.tmp")
    count = 0
    with alone(settings), TemporaryDirectory() as scratch:
        draft.touch(mode=0o600)
        with tarfile.open(draft, "w:gz", compresslevel=6) as archive:
            manifest = {"mode": settings.mode, "made": datetime.now(UTC).isoformat(timespec="seconds")}
            content = (json.dumps(manifest) + "\n").encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
            for name, folder in ((STORE, store), (HISTORY, settings.dagster_home)):
                for path in _files(folder):
                    source = _copied(path, Path(scratch)) if path.suffix == ".db" else path
                    archive.add(source, f"{name}/{path.relative_to(folder).as_posix()}")
                    count += 1
        draft.replace(target)
    return count


def restore(settings: Settings, source: Path) -> int:
    """Unpack a back-up into empty places of the same mode.

    Args:
        settings: Mode and places.
        source: File that ``back_up`` wrote.

    Returns:
        Files that were restored.

    Raises:
        BackupError: The file is no back-up or one of another mode, or a place is not empty.
    """
    places = {STORE: _local_store(settings), HISTORY: settings.dagster_home}
    for place in places.values():
        if place.exists() and any(path.name != LOCK for path in place.iterdir()):
            raise BackupError(
                f"{place} is not empty; choose other places with --data and DAGSTER_HOME, or move it away"
            )
    count = 0
    try:
        with tarfile.open(source, "r:gz") as archive:
            manifest = archive.extractfile(MANIFEST)
            mode = json.load(manifest)["mode"] if manifest else None
            if mode != settings.mode:
                raise BackupError(f"{source} was made in mode {mode!r}, not {settings.mode!r}: set ATLAS_MODE={mode}")
            for entry in archive:
                name, _, path = entry.name.partition("/")
                if name in places and path:
                    entry.name = path
                    places[name].mkdir(parents=True, exist_ok=True)
                    archive.extract(entry, places[name], filter="data")
                    count += 1
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise BackupError(f"{source} is damaged or no back-up of the atlas ({error})") from error
    return count
