"""Tables of the last build, for commands that show what is in them.

Here: where they are and what to do where there are none. Not here: tables that people bring (`tables.py`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl


def built_tables(keys: Mapping[str, str], *, live: bool, data: str | None) -> "tuple[dict[str, pl.DataFrame], str]":
    """Return tables of the last build by name, and the mode that they were made in.

    Args:
        keys: Asset key of each table, by the name under which it is returned.
        live: Whether to read the live store.
        data: Folder or URL that holds the stores; that of the environment by default.

    Raises:
        click.ClickException: Nothing was built there.
    """
    from upath import UPath

    from pipelines.cli.options import settings_from
    from pipelines.storage import read_table

    settings = settings_from(live=live, output=None, data=data)
    root = UPath(settings.store)
    if not (root / f"{keys['estimates']}.parquet").exists():
        command = "atlas build --live" if settings.mode == "live" else "atlas build"
        raise click.ClickException(f"There are no figures yet in {root}; run '{command}' first.")
    return {name: read_table(root, key, mode=settings.mode) for name, key in keys.items()}, settings.mode
