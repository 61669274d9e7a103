"""Tracked repositories and packages: whose a GitHub repository or a PyPI package is, by the same organisations.

Here: reading ``repositories.csv`` and ``packages.csv`` with the rules that span their rows and the publisher
registry. Not here: the columns (`assets/schemas/tracked.py`), the registry itself (`registry.py`), counting
forks, contributors and downloads.

How to edit the two files:

* ``organisation`` is named as in ``publishers.csv``, which then gives the country of its present headquarters.
  ``headquarters`` is for organisations that the registry does not know, or knows in several countries; elsewhere
  it stays empty. ``ZZ`` = no single base established, for which the note says why.
* ``verification``: ``public_index`` = found under exactly this name on the day, in a stored index of public
  repositories or in a list of PyPI's packages. That shows that the name exists, not who owns it: the organisation
  is the curator's. Renames are the curator's knowledge too.
* A renamed repository keeps its row, with ``alias_of``: the two are one, and are counted once.
* A package name that is not in the file counts for nobody: look-alikes of vendors' names have been malware.
* ``signal_class`` and ``headline``: helpers and SDKs of Chinese and US vendors count for a side, runtimes are the
  denominator, frameworks are shown apart. ``openai`` is kept out of the US side, because DeepSeek, Qwen, Kimi and
  GLM are called through it as well.
"""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from assets.origins import curated
from assets.origins.curated import (
    NO_SINGLE_BASE,
    Row,
    blanks,
    numbered,
    read_text,
    refuse,
    shipped,
    unknown_countries,
    unsorted_rows,
)
from assets.origins.registry import load_publishers, origin_group
from assets.schemas import validate
from assets.schemas.table import Table
from assets.schemas.tracked import TrackedPackages, TrackedRepositories

_GIVEN: Final = "headquarters"


def organisation_countries(publishers: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Return the countries in which the registry places each organisation now.

    Args:
        publishers: The registry as ``load_publishers`` returns it.
    """
    now = publishers.filter(pl.col("valid_to").is_null(), pl.col("alias_of").is_null())
    grouped = now.group_by("organisation").agg(pl.col("headquarters").unique())
    return {name: frozenset(countries) for name, countries in grouped.iter_rows()}


def _country(row: Row, known: dict[str, frozenset[str]]) -> str | None:
    """Return the country of a row's organisation, or nothing where row and registry do not settle it."""
    countries, given = known.get(row["organisation"], frozenset()), row[_GIVEN]
    if given is None:
        return next(iter(countries)) if len(countries) == 1 else None
    return given if not countries or (len(countries) > 1 and given in countries) else None


def _unsettled(rows: list[Row], known: dict[str, frozenset[str]], key: str) -> Iterator[str]:
    for row in rows:
        who, organisation, given = f"row {row['row']} ({row[key]!r})", row["organisation"], row[_GIVEN]
        countries = known.get(organisation, frozenset())
        listed = ", ".join(sorted(countries))
        if not countries and given is None:
            yield (
                f"{who}: the publisher registry has no organisation {organisation!r}; "
                f"correct the name, or give its {_GIVEN}."
            )
        elif len(countries) == 1 and given is not None:
            yield (
                f"{who}: {_GIVEN} is {given!r}, but the publisher registry places {organisation!r} in {listed}; "
                "leave it empty here, and correct the registry where that is wrong."
            )
        elif len(countries) > 1 and given not in countries:
            yield f"{who}: the publisher registry places {organisation!r} in {listed}; give one of them as {_GIVEN}."
        if given == NO_SINGLE_BASE and row["note"] is None:
            yield f"{who}: {_GIVEN} is {NO_SINGLE_BASE}; say in the note why no base is known."


def _settled(
    path: Path, table: type[Table], *, key: str, publishers: pl.DataFrame | None, countries: Collection[str] | None
) -> pl.DataFrame:
    """Return the file's rows with country and origin; what the registry does not settle is refused first."""
    registry = load_publishers(known_countries=countries) if publishers is None else publishers
    codes = curated.known_countries() if countries is None else countries
    texts = read_text(path, dates=("verified_on",), flags=("headline",))
    needed = [name for name in ("organisation", _GIVEN, key, "note") if name not in texts.columns]
    if needed:
        refuse([f"the column(s) {', '.join(needed)} are missing; give them."], where=path.name)
    rows, known = numbered(texts), organisation_countries(registry)

    def who(row: Row) -> str:
        return f"row {row['row']} ({row[key]!r})"

    problems = [
        *blanks(rows, who),
        *unsorted_rows(rows, (key,), who),
        *unknown_countries(rows, (_GIVEN,), codes, who),
        *_unsettled(rows, known, key),
    ]
    refuse(problems, where=path.name)
    settled = texts.with_columns(
        country=pl.Series([_country(row, known) or NO_SINGLE_BASE for row in rows], dtype=pl.String)
    ).with_columns(origin=origin_group("country"))
    if "repository" in texts.columns:
        settled = settled.with_columns(owner=pl.col("repository").str.split("/").list.first())
    return validate(settled.drop(_GIVEN), table, where=path.name)


def _wrong_aliases(repositories: pl.DataFrame) -> Iterator[str]:
    rows = numbered(repositories)
    by_name = {row["repository"]: row for row in rows}
    for row in rows:
        target = by_name.get(row["alias_of"])
        if row["alias_of"] is None:
            continue
        who = f"row {row['row']} ({row['repository']!r}): alias_of {row['alias_of']!r}"
        if target is None:
            yield f"{who} has no row; add one, or correct the name."
        elif target["alias_of"] is not None:
            yield f"{who} is itself an alias (of {target['alias_of']!r}); name the repository that is in use today."
        elif any(row[name] != target[name] for name in ("organisation", "country", "kind", "family")):
            yield f"{who} differs in organisation, country, kind or family; a rename changes none of them."


def load_repositories(
    path: Path | None = None,
    *,
    publishers: pl.DataFrame | None = None,
    known_countries: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return table ``tracked_repositories``, checked.

    Args:
        path: A file to read in place of the one that ships with the atlas.
        publishers: The registry whose organisations it names; by default the one that ships.
        known_countries: ISO 3166-1 alpha-2 codes to accept; by default those of the region registry.

    Raises:
        TableError: The file does not meet the declaration of ``TrackedRepositories``.
        RegistryError: The file cannot be read, is out of order, names organisations that the registry does not
            settle, or aliases that lead nowhere or change what they are. All problems are listed, aliases last.
    """
    if path is None:
        load = partial(load_repositories, publishers=publishers, known_countries=known_countries)
        return shipped("repositories.csv", load)
    table = _settled(path, TrackedRepositories, key="repository", publishers=publishers, countries=known_countries)
    refuse([*_wrong_aliases(table)], where=path.name)
    return table


def load_packages(
    path: Path | None = None,
    *,
    publishers: pl.DataFrame | None = None,
    known_countries: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return table ``tracked_packages``, checked.

    Args:
        path: A file to read in place of the one that ships with the atlas.
        publishers: The registry whose organisations it names; by default the one that ships.
        known_countries: ISO 3166-1 alpha-2 codes to accept; by default those of the region registry.

    Raises:
        TableError: The file does not meet the declaration of ``TrackedPackages``.
        RegistryError: The file cannot be read, is out of order, or names organisations that the registry does not
            settle. All problems are listed.
    """
    if path is None:
        load = partial(load_packages, publishers=publishers, known_countries=known_countries)
        return shipped("packages.csv", load)
    return _settled(path, TrackedPackages, key="package", publishers=publishers, countries=known_countries)
