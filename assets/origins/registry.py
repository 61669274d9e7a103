"""The publisher registry: who is behind a hub account, where that organisation sits, and since when.

Here: reading ``publishers.csv`` with the rules that span its rows, and looking publishers up on a day. Not
here: the columns and the rules of a single row (`assets/schemas/attribute.py`), the origin of a model through
its lineage, the list of countries (`maps/geometry`).

How to read and edit ``publishers.csv``:

* One row says what holds for one account from ``valid_from`` until the day before ``valid_to``. A move or a
  takeover ends a row and begins another. ``valid_from`` 2022-01-01 means "since before the Hub's
  creation-date floor (2022-03-02)": nothing earlier can be observed, so nothing earlier is claimed.
* ``headquarters`` is the primary base of the organisation behind the account. It is never inherited from a
  base model, a collaborator or an uploader. A team that its owner absorbed takes the owner's base (Google
  DeepMind; Jina AI since 2025); a house of its own elsewhere keeps its base (Alibaba's DAMO in Singapore, Silo
  AI in Finland). ``ZZ`` = no defensible single base, or none established.
* ``control`` is the country of the controlling owner or, where there is none, of the founding. It is always
  the curator's judgement: ``review_state`` speaks of the headquarters alone.
* ``review_state``: ``reviewed`` = ATOM's list of organisation regions confirms CN or US; ``group_reviewed`` =
  the list confirms neither CN nor US, the exact country is the curator's; ``unreviewed`` = the curator's
  knowledge, also wherever the two disagree (the note says so). The list covers Hugging Face alone.
* ``evidence_url`` of a review is that list, or the page that ties the account to an organisation whose country the
  list confirms (the repository that first released the weights, a README that links the account). Where a page
  alone carries the review, it names the place itself.
* ``city`` is the headquarters city in English where the curator knows it; like ``control`` it is never reviewed.
* ``alias_of`` names the account that this one was renamed to; its organisation, countries, role and review
  are looked up there.
* ``role`` repackager = converts or copies other people's weights, so that its models take the origin of their
  roots. Personal accounts have a row only where the handle is a public brand; they have no organisation.

Source of most reviews: ATOM, github.com/Interconnects-AI/tracked-models, the file
``metadata/organization_regions.csv`` at commit 3cd8020 (2026-08-17), Apache-2.0. Organisations, families, roles
and notes are the curator's.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

import polars as pl

from assets.origins import curated
from assets.origins.curated import (
    NO_SINGLE_BASE,
    RegistryError,
    Row,
    blanks,
    numbered,
    read_text,
    refuse,
    shipped,
    unknown_countries,
    unsorted_rows,
)
from assets.schemas import validate
from assets.schemas.attribute import Publishers

PUBLISHER_COLUMNS: Final = ("canonical_account", "headquarters", "control", "role", "review_state")
"""What ``attach_publishers`` adds."""

_AT_COLUMNS: Final = (
    "platform",
    "account",
    "canonical_account",
    "organisation",
    "headquarters",
    "control",
    "role",
    "review_state",
)
_ACCOUNT: Final = ("platform", "account")
_ORDER: Final = ("platform", "account", "valid_from")
_SAME_IN_ALIAS: Final = ("organisation", "headquarters", "control", "city")


def _who(row: Row) -> str:
    return f"row {row['row']} ({row['platform']} account {row['account']!r})"


def _interval(row: Row) -> str:
    return f"{row['valid_from']} to {row['valid_to'] or 'now'}"


def _overlap(one: Row, other: Row) -> bool:
    return (other["valid_to"] is None or one["valid_from"] < other["valid_to"]) and (
        one["valid_to"] is None or other["valid_from"] < one["valid_to"]
    )


def _overlaps(rows: Iterable[Row]) -> Iterator[str]:
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in _ORDER))
    for one, other in pairwise(ordered):
        if all(one[name] == other[name] for name in _ACCOUNT) and _overlap(one, other):
            yield (
                f"{_who(other)}: its interval {_interval(other)} overlaps row {one['row']} "
                f"({_interval(one)}); end the earlier row on the day on which the later one begins."
            )


def _case_twins(rows: Iterable[Row]) -> Iterator[str]:
    def folded(row: Row) -> tuple[str, str]:
        return row["platform"], row["account"].lower()

    for _, group in groupby(sorted(rows, key=folded), key=folded):
        twins = list(group)
        accounts = {row["account"] for row in twins}
        explained = {row["account"] for row in twins if row["note"]}
        # One account of the group is the ordinary one; every other has to say why it is there.
        if len(accounts - explained) > 1:
            last = max(twins, key=lambda row: row["row"])
            others = ", ".join(repr(account) for account in sorted(accounts - {last["account"]}))
            yield (
                f"{_who(last)} differs from {others} by capital letters alone; "
                "remove one, or say in its note why both exist."
            )


def _not_covered(alias: Row, targets: Iterable[Row]) -> date | None:
    """Return the first day of the alias's interval on which no target row holds."""
    day: date = alias["valid_from"]
    for target in sorted(targets, key=lambda row: row["valid_from"]):
        if target["valid_from"] > day:
            break
        if target["valid_to"] is None:
            return None
        day = max(day, target["valid_to"])
    return None if alias["valid_to"] is not None and day >= alias["valid_to"] else day


def _aliases(rows: Iterable[Row]) -> Iterator[str]:
    by_account: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_account.setdefault((row["platform"], row["account"]), []).append(row)
    for row in (row for group in by_account.values() for row in group if row["alias_of"]):
        alias = row["alias_of"]
        targets = by_account.get((row["platform"], alias), [])
        chained = next((target for target in targets if target["alias_of"]), None)
        if not targets:
            yield (f"{_who(row)}: alias_of {alias!r} has no row on {row['platform']}; add one, or correct the name.")
        elif chained is not None:
            yield (
                f"{_who(row)}: alias_of {alias!r} is itself an alias (of {chained['alias_of']!r}, "
                f"row {chained['row']}); name the account that is in use today."
            )
        elif (gap := _not_covered(row, targets)) is not None:
            yield (
                f"{_who(row)}: alias_of {alias!r} has no row that holds on {gap}; "
                "let the intervals of that account cover those of its alias."
            )
        else:
            yield from _differences(row, [target for target in targets if _overlap(row, target)])


def _differences(alias: Row, targets: list[Row]) -> Iterator[str]:
    """Report where an alias says something that no concurrent row of its account says."""
    for name in _SAME_IN_ALIAS:
        said = {target[name] for target in targets}
        if alias[name] not in said:
            yield (
                f"{_who(alias)}: {name} is {alias[name]!r}, but {alias['alias_of']!r} has "
                f"{', '.join(repr(value) for value in sorted(said))}; a rename changes neither organisation "
                "nor country, so make them equal."
            )


def _check(publishers: pl.DataFrame, countries: Collection[str], *, where: str) -> None:
    rows = numbered(publishers)
    problems = [
        *blanks(rows, _who),
        *unsorted_rows(rows, _ORDER, _who),
        *unknown_countries(rows, ("headquarters", "control"), countries, _who),
        *_overlaps(rows),
        *_case_twins(rows),
        *_aliases(rows),
    ]
    refuse(problems, where=where)


def load_publishers(path: Path | None = None, *, known_countries: Collection[str] | None = None) -> pl.DataFrame:
    """Return the publisher registry, checked.

    Args:
        path: A registry to read in place of the one that ships with the atlas.
        known_countries: ISO 3166-1 alpha-2 codes to accept; by default those of the region registry.

    Returns:
        The columns of ``Publishers``, in the order of the file: platform, account, valid_from.

    Raises:
        TableError: The file does not meet the declaration of ``Publishers``.
        RegistryError: The file cannot be read, or rows contradict one another: overlapping intervals, unknown
            countries, aliases that lead nowhere, to another alias or to another organisation, accounts that
            differ by case alone without a note, rows out of order, stray blanks. All problems are listed.
    """
    if path is None:
        return shipped("publishers.csv", partial(load_publishers, known_countries=known_countries))
    texts = read_text(path, dates=("valid_from", "valid_to", "reviewed_on"))
    publishers = validate(texts, Publishers, where=path.name)
    countries = curated.known_countries() if known_countries is None else known_countries
    _check(publishers, countries, where=path.name)
    return publishers


def _resolved(publishers: pl.DataFrame) -> pl.DataFrame:
    """Return one row per account and interval, with what holds for the account's present name.

    An alias takes its facts from the account that it was renamed to, cut to the days on which both hold.
    """
    own = publishers.filter(pl.col("alias_of").is_null()).with_columns(canonical_account="account")
    renamed = (
        publishers.filter(pl.col("alias_of").is_not_null())
        .select("platform", "account", "valid_from", "valid_to", canonical_account="alias_of")
        .join(own.drop("account"), on=["platform", "canonical_account"], suffix="_target")
        .with_columns(
            valid_from=pl.max_horizontal("valid_from", "valid_from_target"),
            valid_to=pl.min_horizontal("valid_to", "valid_to_target"),  # a null is "never" and is passed over
        )
        .filter(pl.col("valid_to").is_null() | (pl.col("valid_from") < pl.col("valid_to")))
    )
    columns = [*_AT_COLUMNS, "valid_from", "valid_to"]
    return pl.concat([own.select(columns), renamed.select(columns)])


def holds(day: pl.Expr) -> pl.Expr:
    """Return whether a row of the registry holds on a day."""
    return (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (day < pl.col("valid_to")))


def publishers_at(publishers: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return what the registry says on a day, one row per account.

    Args:
        publishers: The registry as ``load_publishers`` returns it.
        day: The day to look at.

    Returns:
        platform, account, canonical_account (the present name of a renamed account, else the account itself),
        organisation, headquarters, control, role, review_state; sorted by platform and account. Accounts
        without a row that holds on the day are absent.
    """
    return _resolved(publishers).filter(holds(pl.lit(day))).select(_AT_COLUMNS).sort(_ACCOUNT)


def attach_publishers(rows: pl.DataFrame | pl.LazyFrame, publishers: pl.DataFrame, *, day_column: str) -> pl.DataFrame:
    """Add to each row what the registry says about its account on the row's day.

    Args:
        rows: Any table with the columns platform, account and ``day_column`` (a date).
        publishers: The registry as ``load_publishers`` returns it.
        day_column: Column with the day on which the row was observed.

    Returns:
        The same rows in the same order with canonical_account, headquarters, control, role and review_state:
        all null where the registry has no row that holds on the day, or where the day is null.

    Raises:
        RegistryError: A needed column is missing or no date, a column of that name is there already, or the
            registry has two rows for one account and day.
    """
    frame = rows.collect() if isinstance(rows, pl.LazyFrame) else rows
    keys = [*_ACCOUNT, day_column]
    missing = [name for name in keys if name not in frame.columns]
    taken = [name for name in PUBLISHER_COLUMNS if name in frame.columns]
    if missing or taken:
        raise RegistryError(
            f"Publishers cannot be attached to the columns {', '.join(frame.columns)}: "
            f"missing {', '.join(missing) or 'none'}; already there {', '.join(taken) or 'none'}."
        )
    if frame.schema[day_column] != pl.Date:
        raise RegistryError(
            f"Column {day_column} is {frame.schema[day_column]}, not Date; cast it before attaching publishers."
        )
    # Accounts and days repeat over millions of models: look each pair up once.
    found = (
        frame.select(keys)
        .unique()
        .join(_resolved(publishers), on=_ACCOUNT)
        .filter(holds(pl.col(day_column)))
        .select(*keys, *PUBLISHER_COLUMNS)
    )
    twice = found.filter(found.select(keys).is_duplicated())
    if twice.height:
        row = twice.row(0, named=True)
        raise RegistryError(
            f"The registry has two rows for the {row['platform']} account {row['account']!r} on "
            f"{row[day_column]}; load it with load_publishers, which names them."
        )
    return frame.join(found, on=keys, how="left", maintain_order="left")


def origin_group(country: str) -> pl.Expr:
    """Return the origin of a country column: CN, US, other or unknown.

    HK, MO and TW are ``other``: they are never folded into CN. No country (null) and no single base (ZZ) are
    ``unknown``, never ``other``.

    Args:
        country: Column with ISO 3166-1 alpha-2 codes, such as ``headquarters`` or ``control``.
    """
    code = pl.col(country)
    return (
        pl.when(code.is_null() | (code == NO_SINGLE_BASE))
        .then(pl.lit("unknown"))
        .when(code.is_in(["CN", "US"]))
        .then(code)
        .otherwise(pl.lit("other"))
    )
