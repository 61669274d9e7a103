"""Journal: rows of a listing as they arrive, with the state after them, so that a killed run loses and doubles nothing.

Here: one folder of numbered Parquet files, each written aside and renamed, with the state in the same file as the rows
that led to it. Not here: what rows and state mean (beside each client).

A file holds one step: some rows and the state after them. Rows and state appear together or not at all. A *whole*
step holds everything before it too, so that older files are out of force, whether or not they were removed in time.
"""

import io
import json
from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from upath import UPath

from assets.whole_files import replace_file

STATE_KEY: Final = "atlas.journal"
SUFFIX: Final = ".parquet"


class JournalError(RuntimeError):
    """A file of a journal cannot be read; the message names it and says what to do."""


class Journal:
    """The rows of one listing and its state.

    Args:
        folder: Where its files are; made with the first step.
        schema: Columns of the rows.
        state: State before the first step.

    Raises:
        JournalError: A file is damaged or has other columns.
    """

    def __init__(self, folder: UPath, schema: pl.Schema, state: Mapping[str, Any]) -> None:
        self._folder = folder
        self._schema = schema
        self._parts: list[pl.DataFrame] = []
        self._last = 0
        self.state: dict[str, Any] = dict(state)
        numbers = self._files()
        self._last = max(numbers, default=0)
        for number in sorted(numbers, reverse=True):
            frame, content = self._read(numbers[number])
            self._parts.insert(0, frame)
            if number == self._last:
                self.state = content["state"]
            if content["whole"]:
                break

    def rows(self) -> pl.DataFrame:
        """Return all rows, in the order in which they were added."""
        return pl.concat([pl.DataFrame(schema=self._schema), *self._parts])

    def add(self, rows: pl.DataFrame, state: Mapping[str, Any]) -> None:
        """Add rows, and the state after them; durable when it returns."""
        self._write(rows, state, whole=False)
        self._parts.append(rows)

    def replace(self, rows: pl.DataFrame, state: Mapping[str, Any]) -> None:
        """Put rows and a state in the place of all before; older files go afterwards."""
        self._write(rows, state, whole=True)
        self._parts = [rows]
        for number, path in self._files().items():
            if number < self._last:
                path.unlink(missing_ok=True)

    def _files(self) -> dict[int, UPath]:
        if not self._folder.exists():
            return {}
        steps = (path for path in self._folder.iterdir() if path.suffix == SUFFIX and path.stem.isdigit())
        return {int(path.stem): path for path in steps}

    def _path(self, number: int) -> UPath:
        return self._folder / f"{number:08d}{SUFFIX}"

    def _read(self, path: UPath) -> tuple[pl.DataFrame, dict[str, Any]]:
        try:
            raw = path.read_bytes()
            content = json.loads(pl.read_parquet_metadata(io.BytesIO(raw))[STATE_KEY])
            frame = pl.read_parquet(raw)
        except (pl.exceptions.PolarsError, KeyError, ValueError, OSError) as error:
            raise JournalError(
                f"{path}: this step of a journal is damaged ({type(error).__name__}); remove its folder, and the next "
                "live run reads the listing anew."
            ) from error
        if frame.schema != self._schema:
            raise JournalError(
                f"{path}: this step of a journal was written by another version of the atlas (its columns differ); "
                "remove its folder, and the next live run reads the listing anew."
            )
        return frame, content

    def _write(self, rows: pl.DataFrame, state: Mapping[str, Any], *, whole: bool) -> None:
        buffer = io.BytesIO()
        content = json.dumps({"state": dict(state), "whole": whole}, sort_keys=True)
        rows.select(self._schema.names()).cast(self._schema).write_parquet(
            buffer, compression="zstd", metadata={STATE_KEY: content}
        )
        replace_file(self._path(self._last + 1), buffer.getvalue())
        self._last += 1
        self.state = dict(state)
