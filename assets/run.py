"""What an asset may know of the run it is part of: its mode, its store and its build folder.

Here: the one resource that assets annotate (resource key ``run``). Not here: where the values come from
(`pipelines/settings.py`), reading and writing tables (`pipelines/storage.py`).
"""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from upath import UPath


class Run(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster resolves the parameter by itself
    """The run, as assets see it.

    Attributes:
        mode: ``snapshot``, ``live`` or ``synthetic``.
        store: Root of the mode's tables: a local path or an fsspec URL.
        output: Build folder, where the publish layer writes.
        logs: Donated download logs, raw or reduced: files, folders, patterns or URLs, one a line; none by default.
        published: Build folder of what was published before, where ``output`` is that of drafts; else empty.
    """

    mode: str
    store: str
    output: str
    logs: str = ""
    published: str = ""

    @property
    def reads_sources(self) -> bool:
        """Whether the run asks sources: the real ones in live mode, stand-ins for them in synthetic mode."""
        return self.mode != "snapshot"

    @property
    def store_path(self) -> "UPath":
        """Root of the mode's tables; ``store_path / "ingest" / "models.parquet"`` is a table."""
        from upath import UPath

        return UPath(self.store)

    @property
    def output_path(self) -> Path:
        """Build folder; it exists when an asset sees it."""
        path = Path(self.output)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def published_path(self) -> Path:
        """Folder of what was published before: by other assets in this run, or in the last one."""
        return Path(self.published or self.output)

    def drafting(self, folder: Path) -> "Run":
        """Return the run as an asset sees it that writes drafts."""
        return Run(
            mode=self.mode, store=self.store, output=str(folder), logs=self.logs, published=str(self.published_path)
        )
