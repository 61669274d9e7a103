"""Bringing table ``package_downloads`` up to date: fetch what is missing, keep what is there, say how old it is.

Here: the order of things and the fall-back. Not here: queries (`clickhouse.py`), rules on days (`plan.py`), files
(`parts.py`).

Where the source fails, what was fetched before stands, and the standing of the source says why it is stale. A month
of which a package is missing is left out as a whole: unknown, never zero.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from time import monotonic
from typing import Final

import polars as pl
from upath import UPath

from assets.ingest.package_index.clickhouse import PackageTables
from assets.ingest.package_index.parts import Parts
from assets.ingest.package_index.plan import Edition, editions, window
from assets.ingest.standing import Standing, note
from assets.ingest.web.errors import FetchError
from assets.schemas.ingest import PackageDownloads

SOURCE_ID: Final = "clickhouse_pypi"
UNKNOWN_COUNTRY: Final = "ZZ"
EXPECTED_LAG: Final = timedelta(days=3)
"""How old the newest day of a source that works may be."""

TOLD_EVERY: Final = 20.0
"""Seconds between two lines of progress."""


Found = tuple[Edition, dict[str, pl.DataFrame]]
"""A whole edition of a month, with the rows of each package."""


def folder(store: UPath) -> UPath:
    """Return the folder of a store that holds what was fetched of this source."""
    return store / "fetched" / "package_downloads"


def fetch(
    tables: PackageTables,
    parts: Parts,
    plan: Sequence[Edition],
    packages: Collection[str],
    tell: Callable[[str], None],
) -> None:
    """Fetch every package-month that the plan wants and the parts lack, newest month first."""
    wanted = [
        (edition, package)
        for edition in sorted(plan, key=lambda edition: edition.month, reverse=True)
        for package in sorted(packages)
        if parts.read(edition, package) is None
    ]
    began = told = monotonic()
    rows = 0
    for done, (edition, package) in enumerate(wanted, start=1):
        found = tables.downloads(package, edition.span)
        parts.write(edition, package, found)
        rows += found.height
        now = monotonic()
        if now - told >= TOLD_EVERY or done == len(wanted):
            told = now
            rate = done / max(now - began, 1e-6)
            tell(
                f"Package downloads: {done:,} of {len(wanted):,} package-months, {rows:,} rows, "
                f"{rate:.1f} a second, {(len(wanted) - done) / rate:,.0f} s left."
            )


def table_of(
    found: Sequence[tuple[Edition, dict[str, pl.DataFrame]]], known_countries: Collection[str]
) -> pl.DataFrame:
    """Return the table of whole editions; codes that are no economy become ZZ."""
    empty = PackageDownloads.create_empty()
    frames = [
        rows.with_columns(
            package=pl.lit(package),
            month=pl.lit(edition.month),
            through=pl.lit(edition.span.until - timedelta(days=1)),
            days=pl.lit(edition.days, pl.Int64),
        )
        for edition, by_package in found
        for package, rows in by_package.items()
        if rows.height
    ]
    if not frames:
        return empty
    located = pl.col("country").is_in(list(known_countries))
    return (
        pl.concat(frames)
        .filter(pl.col("downloads") > 0)
        .with_columns(
            region_id=pl.when(located).then("country").otherwise(pl.lit(UNKNOWN_COUNTRY)), source_id=pl.lit(SOURCE_ID)
        )
        .group_by("package", "region_id", "month", "installer_class", "through", "days", "source_id")
        .agg(pl.col("downloads").sum())
        .select(empty.columns)
        .sort(PackageDownloads.primary_key())
    )


def usable(
    parts: Parts, packages: Collection[str], months: Collection[date]
) -> list[tuple[Edition, dict[str, pl.DataFrame]]]:
    """Return the newest whole edition of each month; older ones go once it is there."""
    found = []
    for month in months:
        for edition in parts.editions(month):
            whole = parts.whole(edition, packages)
            if whole is not None:
                parts.drop_before(edition)
                found.append((edition, whole))
                break
    return found


def refresh(
    tables: PackageTables,
    store: UPath,
    *,
    packages: Collection[str],
    known_countries: Collection[str],
    today: date,
    months: int,
    tell: Callable[[str], None],
) -> tuple[pl.DataFrame, Standing]:
    """Return table ``package_downloads`` as new as can be had, and how the source stands, which is noted in the store.

    Args:
        tables: The source.
        store: Root of the store that keeps what is fetched.
        packages: Packages to ask about.
        known_countries: Codes that are economies.
        today: Today; the source is asked up to yesterday.
        months: Months to go back, the running one included.
        tell: Takes lines of progress.
    """
    parts = Parts(folder(store) / "parts")
    span = window(today, months)
    stale: str | None = None
    plan: list[Edition] = []
    try:
        held = tables.days(span)
        plan = editions(held)
        if not held:
            stale = f"the source holds no day since {span.since}"
        elif today - max(held) > EXPECTED_LAG:
            stale = f"the source has stalled: its newest day is {max(held)}"
        fetch(tables, parts, plan, packages, tell)
    except FetchError as error:
        stale = str(error)
    kept = [month for month in parts.months() if month >= span.since]
    found = usable(parts, packages, kept)
    frame = table_of(found, known_countries)
    newest = max((edition.span.until - timedelta(days=1) for edition, _ in found), default=None)
    standing = Standing(
        source_id=SOURCE_ID,
        fresh=stale is None,
        observed_on=newest.isoformat() if newest else "",
        reason=stale or "",
        rows=frame.height,
        lost_days=sum((edition.span.until - edition.month).days - edition.days for edition, _ in found),
    )
    note(store, standing)
    return frame, standing
