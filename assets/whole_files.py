"""Files that are whole or absent: written aside, flushed to the disk, then renamed.

Here: replacing one file, removing a folder of them, and what it means that a store cannot be reached. Not here: what is
in them, where tables live (`pipelines/storage.py`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upath import UPath


def local_path(path: "UPath") -> Path | None:
    """Return the path on this machine's file system, or nothing for an object store."""
    return Path(path.path) if path.protocol in {"", "file", "local"} else None


class OutOfReachError(OSError):
    """A store cannot be reached now; the message names the file and says what its client said."""


@contextmanager
def reaching(path: "UPath") -> Iterator[None]:
    """Read or write a file of a store.

    Raises:
        OutOfReachError: The store's client failed in a way of its own: fsspec lets through what its libraries raise,
            such as a connection that nobody answers.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OutOfReachError(f"{path}: the store cannot be reached ({error}).") from error


def replace_file(path: "UPath", content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    local = local_path(path)
    if local is None:
        # Object stores show an object when it is complete.
        with reaching(path):
            path.write_bytes(content)
        return
    local.parent.mkdir(parents=True, exist_ok=True)
    draft = local.with_name(f".{local.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(local)
        _sync_folder(local.parent)
    finally:
        draft.unlink(missing_ok=True)


def remove_folder(folder: "UPath") -> None:
    """Remove a folder with all that is in it, if it is there; in an object store it is there while an object is."""
    if folder.exists():
        folder.fs.rm(folder.path, recursive=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name outlast a power cut, where the system lets a folder be opened."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
