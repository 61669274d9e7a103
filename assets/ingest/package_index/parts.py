"""What was fetched so far: one small file a package-month, in the store, whole or absent.

Here: finding, reading and writing those files. Not here: when to fetch (`refresh.py`).

A run that is killed leaves every finished package-month behind; the next run asks for the others only. The layout is
``<root>/<month>/<edition>/<package>.parquet``.
"""

import io
import re
from collections.abc import Collection, Iterator
from datetime import date
from typing import Final

import polars as pl
from upath import UPath

from assets.ingest.package_index.clickhouse import DOWNLOADS_QUERY, ROW_SCHEMA
from assets.ingest.package_index.plan import Edition
from assets.whole_files import remove_folder, replace_file

SUFFIX: Final = ".parquet"
MONTH: Final = re.compile(r"\d{4}-\d{2}-01", re.ASCII)
QUERY_KEY: Final = "atlas.query"


class Parts:
    """The fetched package-months of one store."""

    def __init__(self, root: UPath) -> None:
        """Keep the folder; it is made at the first write."""
        self._root = root

    def _path(self, edition: Edition, package: str) -> UPath:
        return self._root / edition.month.isoformat() / edition.name / f"{package}{SUFFIX}"

    def write(self, edition: Edition, package: str, rows: pl.DataFrame) -> None:
        """Keep a package-month; no rows are a finding too."""
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="zstd", metadata={QUERY_KEY: DOWNLOADS_QUERY})
        replace_file(self._path(edition, package), buffer.getvalue())

    def read(self, edition: Edition, package: str) -> pl.DataFrame | None:
        """Return a package-month, or nothing where it is absent, damaged, or made by another query."""
        try:
            content = self._path(edition, package).read_bytes()
        except FileNotFoundError:
            return None
        try:
            if pl.read_parquet_metadata(io.BytesIO(content)).get(QUERY_KEY) != DOWNLOADS_QUERY:
                return None
            rows = pl.read_parquet(content)
        except pl.exceptions.PolarsError:
            return None
        return rows if rows.schema == pl.Schema(ROW_SCHEMA) else None

    def months(self) -> list[date]:
        """Return the months of which anything is kept, oldest first."""
        if not self._root.exists():
            return []
        return sorted(
            date.fromisoformat(folder.name) for folder in self._root.iterdir() if MONTH.fullmatch(folder.name)
        )

    def editions(self, month: date) -> Iterator[Edition]:
        """Return the editions of a month, newest first."""
        folder = self._root / month.isoformat()
        names = sorted((child.name for child in folder.iterdir()), reverse=True) if folder.exists() else []
        for name in names:
            edition = Edition.named(month, name)
            if edition is not None:
                yield edition

    def whole(self, edition: Edition, packages: Collection[str]) -> dict[str, pl.DataFrame] | None:
        """Return all package-months of an edition, or nothing if one is missing."""
        found: dict[str, pl.DataFrame] = {}
        for package in sorted(packages):
            rows = self.read(edition, package)
            if rows is None:
                return None
            found[package] = rows
        return found

    def drop_before(self, edition: Edition) -> None:
        """Remove the editions of a month that a newer one replaces."""
        for older in list(self.editions(edition.month)):
            if older.name < edition.name:
                remove_folder(self._root / edition.month.isoformat() / older.name)
