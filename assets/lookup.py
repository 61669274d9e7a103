"""Where texts stand in a column, for millions of questions.

Here: an index that is made once and asked often. Not here: what is looked up. A join of polars hashes its whole table
each time, and comparing hashes is several times cheaper than comparing texts.
"""

from typing import Any, Final

import numpy as np
import polars as pl

Array = np.ndarray[Any, Any]

MOST_BITS: Final = 21
"""Bits of a hash that choose its bucket, at most: four bytes each."""


class Index:
    """Positions of texts in a column, by the hashes of the texts; every match is verified on the text itself."""

    def __init__(self, column: pl.Series) -> None:
        """Sort the hashes of the texts into buckets.

        Args:
            column: Texts, none null; they may repeat.
        """
        # Picking from many chunks is slow.
        self._column = column.rechunk()
        hashes = self._column.hash().to_numpy()
        # A bucket holds half a text on average.
        self._bits = min(MOST_BITS, 1 + len(column).bit_length())
        self._order = np.argsort(hashes).astype(np.int32)
        self._hashes = hashes[self._order]
        self._starts = np.zeros((1 << self._bits) + 1, np.int32)
        np.cumsum(np.bincount(self._bucket(hashes), minlength=1 << self._bits), out=self._starts[1:])

    def _bucket(self, hashes: Array) -> Array:
        return (hashes >> np.uint64(64 - self._bits)).astype(np.int32)

    def find(self, texts: pl.Series) -> tuple[Array, Array]:
        """Return positions in ``texts`` and, as often as a text occurs in the column, the positions there.

        Args:
            texts: Texts to find, in any order and number; a null is nowhere.
        """
        asked = texts.hash().to_numpy()
        bucket = self._bucket(asked)
        first = self._starts[bucket]
        sizes = self._starts[bucket + 1] - first
        at = np.repeat(np.arange(len(asked), dtype=np.int32), sizes)
        entry = np.arange(len(at), dtype=np.int32) - np.repeat(np.cumsum(sizes, dtype=np.int32) - sizes - first, sizes)
        same = self._hashes[entry] == asked[at]
        at, rows = at[same], self._order[entry[same]]
        # Two texts may share a hash.
        same = (texts.gather(at) == self._column.gather(rows)).fill_null(value=False).to_numpy()
        return at[same], rows[same]

    def first_repeated(self) -> str | None:
        """Return a text that stands in the column twice, if any does."""
        if not (self._hashes[1:] == self._hashes[:-1]).any():
            return None
        repeated = self._column.filter(self._column.is_duplicated())
        return str(repeated[0]) if len(repeated) else None
