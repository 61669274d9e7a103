"""Leave-one-out: how far a share rests on one artefact (a repository, package or model).

Here: the shares of cells without any one artefact, from counts by artefact. Not here: counting (each signal's module).

A person who touched several artefacts of a side stays on it when one is dropped, so that only those who touched no
other go. With counts of downloads, every one is of one artefact only.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

RANGE: Final = ("largest_artefact", "cn_share_without_largest", "leave_one_out_low", "leave_one_out_high")
"""Columns of table ``estimates`` that are made here."""


def without_one(artefacts: pl.DataFrame, cells: pl.DataFrame, *, key: Sequence[str], least: float = 0) -> pl.DataFrame:
    """Return the least and the greatest share without any one artefact, and the share without the largest.

    Dropping artefact a of the Chinese side gives (CN − only_a) / (CN − only_a + US), and likewise for the US side.
    The largest artefact is the one with the most people (or downloads); of equal ones, the first by name. Where
    dropping one leaves nothing on either side, or fewer than ``least``, that share does not exist: then there is no
    range.

    Args:
        artefacts: Key, ``origin`` (CN or US), ``artefact``, ``people`` and ``only`` (people on no other of the side).
        cells: Key, ``n`` (people on either side), ``n_cn`` and ``n_us``.
        key: Columns of a cell.
        least: People that must remain.

    Returns:
        Key, ``largest_artefact``, ``cn_share_without_largest``, ``leave_one_out_low`` and ``leave_one_out_high``.
    """
    cn = pl.col("n_cn") - pl.when(pl.col("origin") == "CN").then("only").otherwise(0)
    us = pl.col("n_us") - pl.when(pl.col("origin") == "US").then("only").otherwise(0)
    # People on the other side too are still behind the share; at least so many remain.
    enough = (cn + us > 0) & (pl.col("n") - pl.col("only") >= least)
    dropped = (
        artefacts.join(cells.select(*key, "n", "n_cn", "n_us"), on=list(key))
        .with_columns(share=pl.when(enough).then(cn / (cn + us)))
        .sort("people", "artefact", descending=[True, False])
    )
    whole = pl.col("share").is_not_null().all()
    return dropped.group_by(key, maintain_order=True).agg(
        largest_artefact=pl.col("artefact").first(),
        cn_share_without_largest=pl.col("share").first(),
        leave_one_out_low=pl.when(whole).then(pl.col("share").min()),
        leave_one_out_high=pl.when(whole).then(pl.col("share").max()),
    )
