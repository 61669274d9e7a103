"""Where tables live: one Parquet file a table, or a part of one, in a store that belongs to one mode.

Here: the IO manager, the store's marker and the errors of both. Not here: what a table must look like
(`assets/schemas`), where the store is (`pipelines/settings.py`).

A store is a folder or an fsspec URL. ``STORE.json`` names its mode, and so does every file, so that figures of a
demonstration can never pass for measured ones. Nothing that a table holds goes into Dagster's event log but its
size and checksum: rows may concern people.
"""

import hashlib
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import dagster as dg
import polars as pl

from assets.declare import later_if_out_of_reach
from assets.partitions import part_path
from assets.schemas import TABLES, Table, TableError, validate
from assets.whole_files import reaching, replace_file

if TYPE_CHECKING:
    from upath import UPath

MARKER: Final = "STORE.json"
MODE_KEY: Final = "atlas.run_mode"
TABLE_KEY: Final = "atlas.table"


class StoreError(RuntimeError):
    """A store or one of its files cannot be used; the message names the file and what to do."""


def open_store(root: "UPath", mode: str) -> None:
    """Make sure that a store belongs to a mode; an absent or empty one is marked as its own.

    Raises:
        StoreError: The store was made for another mode, or holds files but no marker.
    """
    marker = root / MARKER
    try:
        found = marker.exists()
    except ImportError as error:
        raise StoreError(f"{root}: {error}; install the package that it names into the same environment.") from error
    if found:
        try:
            made_for = json.loads(marker.read_text(encoding="utf-8"))["mode"]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{marker}: the marker of the store cannot be read ({error}); remove the store and build anew."
            ) from error
        if made_for != mode:
            raise StoreError(
                f"{root}: this store was made for mode {made_for!r} and cannot be used in mode {mode!r}; "
                "choose another place with --data or ATLAS_DATA."
            )
        return
    if root.exists() and next(root.iterdir(), None) is not None:
        raise StoreError(
            f"{root}: the folder holds files but no {MARKER}, so it is no store of the atlas; "
            "choose another place with --data or ATLAS_DATA."
        )
    content = {"mode": mode, "created": datetime.now(UTC).isoformat(timespec="seconds")}
    replace_file(marker, (json.dumps(content) + "\n").encode())


class TableIOManager(dg.ConfigurableIOManager, dg.UPathIOManager):
    """Keeps the table of asset ``layer/table`` in ``<store>/<layer>/<table>.parquet``.

    A table that is kept in parts has a folder of that name with a file for each part (`assets/partitions.py`).

    Tables are validated against their declaration when they are written and again when they are read, because
    the file may have been made by another version, or changed.

    Attributes:
        store: Root of the store.
        mode: The mode that the store must belong to.
    """

    store: str
    mode: str
    extension: ClassVar[str | None] = ".parquet"  # type: ignore[misc]  # without ClassVar it is a pydantic field

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Open the store before the first step, in the process of the run, and let it write its history quickly."""
        from upath import UPath

        from pipelines.instance import write_history_quickly

        self._base_path = UPath(self.store)
        open_store(self._base_path, self.mode)
        write_history_quickly(self.mode)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write a table, or the parts of one that a run was asked for."""
        with later_if_out_of_reach(lambda: _tried(context)):
            if not context.has_asset_partitions:
                super().handle_output(context, obj)
                return
            asset, _ = _declared(context)
            for key, part in obj.items():
                path = part_path(self._base_path, asset, key)
                frame = _valid(part, context)
                replace_file(path, self._content(frame, asset))

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """Read a table, or those parts of one that were made."""
        with later_if_out_of_reach(lambda: _tried(context)):
            if not context.has_asset_partitions:
                return pl.DataFrame(super().load_input(context))
            asset, table = _declared(context)
            paths = [part_path(self._base_path, asset, key) for key in context.asset_partition_keys]
            found = [_read(path, asset, table, mode=self.mode) for path in paths if path.exists()]
            return pl.concat([table.create_empty(), *found])

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: "UPath") -> None:
        """Validate and write a table.

        Raises:
            TableError: The table does not meet its declaration, or is no data frame.
            StoreError: The asset has no declaration.
        """
        asset, _ = _declared(context)
        frame = _valid(obj, context)
        content = self._content(frame, asset)
        replace_file(path, content)
        context.add_output_metadata(
            {
                "dagster/row_count": frame.height,
                "dagster/uri": str(path),
                "file": dg.MetadataValue.path(f"{asset}.parquet"),
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )

    def _content(self, frame: pl.DataFrame, asset: str) -> bytes:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", metadata={MODE_KEY: self.mode, TABLE_KEY: asset})
        return buffer.getvalue()

    def load_from_path(self, context: dg.InputContext, path: "UPath") -> pl.DataFrame:
        """Read and validate a table.

        Raises:
            StoreError: The file is absent, unreadable, of another mode or of another table.
            TableError: The rows do not meet the declaration.
        """
        asset, table = _declared(context)
        return _read(path, asset, table, mode=self.mode)


def read_table(root: "UPath", asset: str, *, mode: str) -> pl.DataFrame:
    """Return a table of a store, outside of any run.

    Args:
        root: Root of the store.
        asset: Key of the table (``layer/table``).
        mode: The mode that the table must have been made in.

    Raises:
        StoreError: The file is absent, unreadable, of another mode or of another table.
        TableError: The rows do not meet the declaration.
    """
    return _read(root / f"{asset}.parquet", asset, TABLES[asset], mode=mode)


def _read(path: "UPath", asset: str, table: type[Table], *, mode: str) -> pl.DataFrame:
    remedy = f"rebuild it with 'atlas build --only {asset}'"
    try:
        with reaching(path):
            content = path.read_bytes()
    except FileNotFoundError as error:
        raise StoreError(f"{asset}: {path} does not exist; {remedy}.") from error
    try:
        metadata = pl.read_parquet_metadata(io.BytesIO(content))
        frame = pl.read_parquet(content)
    except pl.exceptions.PolarsError as error:
        raise StoreError(f"{asset}: {path} is damaged or no Parquet file; {remedy}.") from error
    for key, expected, what in ((MODE_KEY, mode, "mode"), (TABLE_KEY, asset, "table")):
        if metadata.get(key) != expected:
            raise StoreError(
                f"{asset}: {path} was written for {what} {metadata.get(key)!r}, not {expected!r}; {remedy}."
            )
    return validate(frame, table, where=f"{asset} ({path})")


def _tried(context: dg.OutputContext | dg.InputContext) -> int | None:
    """Return how often the step was tried before, or None where a table is read or written outside of a run."""
    try:
        return context.step_context.previous_attempt_count
    except dg.DagsterInvariantViolationError:
        return None


def _valid(obj: Any, context: dg.OutputContext) -> pl.DataFrame:
    asset, table = _declared(context)
    if not isinstance(obj, pl.DataFrame | pl.LazyFrame):
        raise TableError(f"{asset}: the asset returned {type(obj).__name__}; a polars DataFrame is expected.")
    return validate(obj, table, where=asset)


def _declared(context: dg.OutputContext | dg.InputContext) -> tuple[str, type[Table]]:
    asset = context.asset_key.to_user_string()
    if asset not in TABLES:
        raise StoreError(f"{asset}: no such table is declared in assets/schemas.")
    return asset, TABLES[asset]
