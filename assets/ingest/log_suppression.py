"""Hiding counts of donated logs that rest on too few people, and counts that would give those away.

Here: the rule on the cells of a reduced log. Not here: counting (`assets/ingest/log_reduction.py`).

Cells are tied by sums: the world is its countries, a country its parts, a month its days. Requests add up, so that one
hidden part is what the total leaves over. A cell is hidden if fewer than ``LEAST_PEOPLE`` people downloaded in it. In
every sum whose total is shown, the hidden parts are then none, or at least two of which one has so many people: what is
left over by subtraction rests on enough of them. A hidden total has a hidden part. Where a sum fails, its smallest
shown part is hidden as well, until no sum does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from assets.schemas.ingest import LEAST_PEOPLE

Array = np.ndarray[Any, Any]

REPOSITORY: Final = ("repository", "repository_kind")
COUNTS: Final = ("requests", "downloads", "downloaders")


@dataclass(frozen=True, kw_only=True)
class _Sum:
    """Cells that add up to another one: ``parts`` are grouped by ``tie``, and so is their ``total``."""

    parts: pl.Expr
    total: pl.Expr
    tie: Sequence[str]


_LEVEL, _SPAN = pl.col("level"), pl.col("span")
_FINEST: Final = _LEVEL.is_in(["admin1", "metro"])
_MONTH: Final = "month"
_SUMS: Final = (
    _Sum(parts=_FINEST, total=_LEVEL == "country", tie=(*REPOSITORY, "span", "period", "country")),
    _Sum(parts=_LEVEL == "country", total=_LEVEL == "world", tie=(*REPOSITORY, "span", "period")),
    _Sum(parts=_SPAN == "day", total=_SPAN == "month", tie=(*REPOSITORY, "country", "region_id", _MONTH)),
)


def hide(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the cells with a column ``suppressed``, and null counts where it is true.

    Args:
        cells: Repository, repository_kind, span, period, level, country, region_id, requests, downloads, downloaders;
            complete, so that all sums hold. The rows come back in another order.
    """
    # The smallest cell of a sum is then the one with the smallest number.
    ordered = cells.sort("downloaders", *REPOSITORY, "country", "region_id", "period").with_row_index("cell")
    tied = ordered.with_columns(pl.col("period").dt.truncate("1mo").alias(_MONTH))
    sums = [_Tied.of(tied, one) for one in _SUMS]
    enough = (ordered["downloaders"] >= LEAST_PEOPLE).to_numpy()
    hidden = ~enough
    while len(more := np.concatenate([one.to_hide(hidden, enough) for one in sums])):
        hidden[more] = True
    suppressed = pl.Series("suppressed", hidden)
    shown = [pl.when(~pl.col("suppressed")).then(pl.col(name)).alias(name) for name in COUNTS]
    return ordered.with_columns(suppressed).with_columns(shown).drop("cell")


@dataclass(frozen=True, kw_only=True)
class _Tied:
    """All sums of a kind, by numbers of cells.

    Attributes:
        totals: Cell of the total, by sum.
        parts: Cells of parts, the smallest first.
        sums: Which sum each part is in.
        sizes: Number of parts, by sum.
    """

    totals: Array
    parts: Array
    sums: Array
    sizes: Array

    @classmethod
    def of(cls, cells: pl.DataFrame, one: _Sum) -> "_Tied":
        """Find the sums of a kind among numbered cells."""
        totals = cells.filter(one.total).select(*one.tie, total="cell").with_row_index("sum")
        parts = cells.filter(one.parts).join(totals, on=one.tie, maintain_order="left")
        sums = parts["sum"].to_numpy()
        return cls(
            totals=totals["total"].to_numpy(),
            parts=parts["cell"].to_numpy(),
            sums=sums,
            sizes=np.bincount(sums, minlength=totals.height),
        )

    def to_hide(self, hidden: Array, enough: Array) -> Array:
        """Return the cells that the sums ask to hide beyond those that are, one for each sum that fails."""
        of_part, of_total = hidden[self.parts], hidden[self.totals]
        count = np.bincount(self.sums[of_part], minlength=len(self.sizes))
        large = np.bincount(self.sums[of_part & enough[self.parts]], minlength=len(self.sizes))
        smallest = np.full(len(self.sizes), -1)
        # Of several values for one place, the last one stays.
        smallest[self.sums[~of_part][::-1]] = self.parts[~of_part][::-1]
        some_left = (count > 0) & (count < self.sizes)
        left_over = ~of_total & some_left & ((count == 1) | (large == 0))
        given_away = of_total & (count == 0)
        same = ~of_total & (count == 1) & (self.sizes == 1)
        return np.concatenate([smallest[left_over | given_away], self.totals[same]])
