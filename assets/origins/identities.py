"""Identities: which text names which model, for millions of ids at once.

Here: numbering ids and finding them again; what an id that is in no table may be. Not here: how texts are found
(`assets/lookup.py`), renamed accounts (`dated.py`), the graph (`lineage.py`).
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from assets import lookup

HUB_ID: Final = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+$"
"""Account and name."""

BARE_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
"""A name without an account, as the Hub's oldest models have it; what is neither is a local path."""

NO_SLASH: Final = -1
PORTION: Final = 120_000
"""Texts that are looked at at once; bounds memory."""

Part = TypeVar("Part")


class IdentityError(ValueError):
    """Ids cannot be told apart; the message names one."""


def in_portions(work: Callable[[slice], Part], size: int) -> list[Part]:
    """Return what the work makes of each portion of so many rows, in order.

    Portions run side by side on all cores: polars and numpy leave Python's lock while they work.
    """
    portions = [slice(begin, min(begin + PORTION, size)) for begin in range(0, size, PORTION)]
    if len(portions) < 2:  # noqa: PLR2004
        return [work(portion) for portion in portions]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(work, portions))


class Index(lookup.Index):
    """Distinct texts, to find millions of others among."""

    def __init__(self, ids: pl.Series) -> None:
        """Sort the hashes of the texts.

        Args:
            ids: Distinct texts, none null.

        Raises:
            IdentityError: A text stands there twice.
        """
        super().__init__(ids)
        if repeated := self.first_repeated():
            raise IdentityError(f"{repeated!r} is listed twice; list every model once.")

    def positions(self, wanted: pl.Series) -> npt.NDArray[np.int32]:
        """Return the place of each wanted text, -1 where it is not there.

        Args:
            wanted: Texts to find, in any order and number; a null is nowhere.
        """
        found = in_portions(lambda rows: self._places(wanted[rows]), len(wanted))
        return np.concatenate([np.zeros(0, dtype=np.int32), *found])

    def _places(self, texts: pl.Series) -> npt.NDArray[np.int32]:
        places = np.full(len(texts), -1, dtype=np.int32)
        at, rows = self.find(texts)
        places[at] = rows
        return places


def name_of(ids: pl.Series) -> pl.Series:
    """Return what follows the account in each id; an id without an account as it is."""
    text = pl.col("id")
    slash = text.str.find("/", literal=True).cast(pl.Int64)
    return ids.to_frame("id").select(text.str.slice(slash.fill_null(NO_SLASH) + 1))["id"]


def before_slash(ids: pl.Series) -> pl.Series:
    """Return the account of each id that is known to be one of a hub; null where there is no slash."""
    text = pl.col("id")
    return ids.to_frame("id").select(text.str.head(text.str.find("/", literal=True).cast(pl.Int64)))["id"]


def account_of(ids: pl.Series) -> pl.Series:
    """Return the account of each id; null where it has none: bare names and local paths."""
    return ids.to_frame("id").select(pl.when(pl.col("id").str.contains(HUB_ID)).then(before_slash(ids)))["id"]
