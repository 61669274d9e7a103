"""Landing: writing a file so that nobody ever sees a part of it, however the process ends.

Here: one function. Not here: what files hold (`pipelines/storage.py`, live clients).
"""

import os
from pathlib import Path

from upath import UPath


def local_path(path: UPath) -> Path | None:
    """Return the path on this machine, or None where it is an object store's."""
    return Path(path.path) if path.protocol in {"", "file", "local"} else None


def replace_file(path: UPath, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    local = local_path(path)
    if local is None:
        # Object stores show an object when it is complete.
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
    finally:
        draft.unlink(missing_ok=True)
