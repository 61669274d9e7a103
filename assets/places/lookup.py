"""Rows of a table by text, without hashing the table anew for every question.

Here: the index. Not here: what is looked up (`assets/places/spans.py`). A join of polars hashes the whole table each
time; the gazetteer is large, the questions of a batch are few, and most are no name at all.
"""

from typing import Any, Final

import numpy as np
import polars as pl

Array = np.ndarray[Any, Any]

BITS: Final = 20
"""Bits of a hash that choose its bucket: about one text of the gazetteer in every other one."""


class Index:
    """Positions of texts in a column.

    Args:
        column: Texts; they may repeat.
    """

    def __init__(self, column: pl.Series) -> None:
        """Sort the texts by their hashes."""
        hashes = column.hash().to_numpy()
        self._order = np.argsort(hashes).astype(np.int32)
        self._hashes = hashes[self._order]
        self._column = column
        self._starts = np.zeros((1 << BITS) + 1, np.int32)
        np.cumsum(np.bincount(self._bucket(hashes), minlength=1 << BITS), out=self._starts[1:])

    @staticmethod
    def _bucket(hashes: Array) -> Array:
        return (hashes >> np.uint64(64 - BITS)).astype(np.int64)

    def find(self, texts: pl.Series) -> tuple[Array, Array]:
        """Return positions in ``texts`` and, as often as a text occurs in the column, the positions there."""
        asked = texts.hash().to_numpy()
        bucket = self._bucket(asked)
        first = self._starts[bucket]
        sizes = self._starts[bucket + 1] - first
        at = np.repeat(np.arange(len(asked)), sizes)
        entry = np.arange(len(at)) - np.repeat(np.cumsum(sizes) - sizes - first, sizes)
        same = self._hashes[entry] == asked[at]
        at, rows = at[same], self._order[entry[same]]
        # Two texts may share a hash.
        same = (texts.gather(at) == self._column.gather(rows)).to_numpy()
        return at[same], rows[same]
