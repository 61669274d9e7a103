"""Identities: which text names which model, for millions of ids at once.

Here: numbering ids and finding them again through 64-bit hashes, each match verified on the text itself; what an
id that is in no table may be. Not here: renamed accounts (`dated.py`), the graph (`lineage.py`).
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

HUB_ID: Final = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+$"
"""Account and name."""

BARE_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
"""A name without an account, as the Hub's oldest models have it; what is neither is a local path."""

NO_SLASH: Final = -1
PORTION: Final = 250_000
"""Texts that are looked at at once; bounds memory."""

SEEDS: Final = (1, 2, 3, 4)
"""Hash seeds to try; two different texts with one hash are found when matches are verified."""


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


class Index:
    """Distinct texts, to find millions of others among.

    Comparing hashes is several times cheaper than comparing texts. Every match is then compared text by text;
    should two texts share a hash, another seed is taken.
    """

    def __init__(self, ids: pl.Series) -> None:
        """Sort the hashes of the texts.

        Args:
            ids: Distinct texts, none null.

        Raises:
            IdentityError: A text stands there twice.
        """
        self._ids = ids.rechunk()  # picking from many chunks is slow
        self._seeds = iter(SEEDS)
        self._sort()

    def _sort(self) -> None:
        for seed in self._seeds:
            self._seed = seed
            hashes = self._ids.hash(seed).to_numpy()
            self._order = np.argsort(hashes).astype(np.int32)
            self._hashes = hashes[self._order]
            if not (self._hashes[1:] == self._hashes[:-1]).any():
                return
            repeated = self._ids.filter(self._ids.is_duplicated())
            if len(repeated):
                raise IdentityError(f"{repeated[0]!r} is listed twice; list every model once.")
        raise IdentityError(f"{len(self._ids)} ids share hashes under every seed; the table cannot be hub ids.")

    def positions(self, wanted: pl.Series) -> npt.NDArray[np.int32]:
        """Return the place of each wanted text, -1 where it is not there.

        Args:
            wanted: Texts to find, in any order and number; a null is nowhere.
        """
        if not len(self._ids):
            return np.full(len(wanted), -1, dtype=np.int32)
        found = in_portions(lambda rows: self._portion(wanted[rows]), len(wanted))
        places = [portion for portion in found if portion is not None]
        if len(places) < len(found):
            self._sort()
            return self.positions(wanted)
        return np.concatenate([np.zeros(0, dtype=np.int32), *places])

    def _portion(self, texts: pl.Series) -> npt.NDArray[np.int32] | None:
        """Return the place of each text, or nothing where two texts share a hash."""
        places = self._search(texts.hash(self._seed).to_numpy())
        found = np.flatnonzero(places >= 0)
        return places if (self._ids.gather(places[found]) == texts.gather(found)).all() else None

    def _search(self, sought: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        last = self._hashes.size - 1
        if last < PORTION:
            at = np.minimum(np.searchsorted(self._hashes, sought), last)
        else:  # searching in order stays in the processor's cache
            in_turn = np.argsort(sought)
            at = np.empty(sought.size, dtype=np.int64)
            at[in_turn] = np.minimum(np.searchsorted(self._hashes, sought[in_turn]), last)
        return np.where(self._hashes[at] == sought, self._order[at], np.int32(-1))


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
