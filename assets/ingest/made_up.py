"""Made up: figures of the snapshot for synthetic mode, under the names of other economies.

Here: one function. Not here: stand-ins of live sources (`tests/standins`). A synthetic run asks stand-ins alone; what
has no stand-in must not show real figures either.
"""

import random
from typing import Final

import polars as pl

SEED: Final = 20261125
NOWHERE: Final = "ZZ"
"""Code of those who gave no economy."""


def exchanged(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose economies have exchanged their figures; no economy keeps its own.

    Every row stays whole, so that counts which belong together still fit each other.

    Args:
        frame: Table with a column ``region_id``.
    """
    codes = sorted(set(frame["region_id"]) - {NOWHERE})
    order = codes.copy()
    random.Random(SEED).shuffle(order)  # noqa: S311 - a made-up world
    # Each takes the name of the next in a shuffled circle, so that none can meet itself.
    names = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    return frame.with_columns(region_id=pl.col("region_id").replace(names))
