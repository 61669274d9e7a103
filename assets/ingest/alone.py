"""Alone: one run at a time reads a source into a folder of a store.

Here: the lock. Not here: what is read. The lock is the operating system's: it goes with the process, however that ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from assets.whole_files import local_path

if TYPE_CHECKING:
    from upath import UPath


class BusyError(RuntimeError):
    """Another run is reading the source into this store; the message says where and what to do."""


@contextmanager
def alone(folder: "UPath", source: str) -> Iterator[None]:
    """Keep other runs of this machine from reading a source into the same folder; an object store has no such lock.

    Args:
        folder: Where the source is read into.
        source: What it is called.

    Raises:
        BusyError: Another run holds the folder.
    """
    local = local_path(folder)
    if local is None:
        yield
        return
    local.mkdir(parents=True, exist_ok=True)
    lock = FileLock(local / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"Another run is reading {source} into {local}; wait until it is done, then run again."
        ) from None
    try:
        yield
    finally:
        lock.release()
