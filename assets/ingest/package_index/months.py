"""Single months of package downloads, however long ago: what a back-fill asks for.

Here: asking for what the store lacks of those months. Not here: the running refresh with its window of months
(`refresh.py`), which shares the files; what either of them fetched, the other does not ask for again.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import polars as pl
from upath import UPath

from assets.ingest.package_index.clickhouse import SOURCE, ClickHouseSettings, PackageTables, Span
from assets.ingest.package_index.parts import Parts
from assets.ingest.package_index.plan import editions
from assets.ingest.package_index.refresh import fetch, folder, table_of, usable
from assets.ingest.web.client import Client
from assets.origins.tracked import load_packages
from maps.geometry.regions import load_regions

__all__ = ["folder", "package_months"]


def package_months(
    store: UPath, months: Sequence[date], *, today: date, log: Any, tell: Callable[[str], None]
) -> pl.DataFrame:
    """Return the downloads of months as rows of table ``package_downloads``; a month that the source lacks has none.

    Args:
        store: Root of the store that keeps what is fetched.
        months: First days of the months, in any order.
        today: Today; the source is asked up to yesterday.
        log: Logger of the client.
        tell: Takes lines of progress.

    Raises:
        FetchError: The source did not answer; what came before it is kept, and the next try goes on from there.
    """
    settings = ClickHouseSettings()
    packages = load_packages()["package"].to_list()
    countries = load_regions().filter(pl.col("level") == "country")["region_id"].to_list()
    parts = Parts(folder(store) / "parts")
    secret = settings.password.get_secret_value()
    with Client(SOURCE, manners=settings.manners(), secrets=[secret], log=log) as client:
        tables = PackageTables(client, settings)
        # The days up to today tell whether a month can still gain some.
        held = tables.days(Span(since=min(months), until=today))
        fetch(tables, parts, [edition for edition in editions(held) if edition.month in months], packages, tell)
    return table_of(usable(parts, packages, sorted(months)), countries)
