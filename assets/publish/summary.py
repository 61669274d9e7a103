"""Summary of a build: where the files are, what they show, and how much of the world each signal knows.

Here: counts for the closing text and the site. Not here: printing (`pipelines/cli`).
"""

from typing import Any

import polars as pl

from assets.publish.captions import MODE_STAMPS

REGION_LEVELS = ("country", "metro")


def region_counts(estimates: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Return, for each signal, how many economies and metros are measured, modelled, suppressed or unknown.

    The newest period counts, by publisher where a signal has that coding; ``value`` leaves out what is modelled.

    Args:
        estimates: Table ``estimates``.
    """
    coding = pl.col("coding")
    shown = pl.when((coding == "publisher").any()).then(pl.lit("publisher")).otherwise(coding.min()).over("signal")
    cells = estimates.filter(
        pl.col("level").is_in(REGION_LEVELS)
        & (coding == shown)
        & (pl.col("period") == pl.col("period").max().over("signal"))
    ).with_columns(
        known=pl.when(pl.col("state").is_in(["value", "zero"]) & (pl.col("evidence") == "modelled"))
        .then(pl.lit("modelled"))
        .when(pl.col("state") == "zero")
        .then(pl.lit("value"))
        .otherwise("state")
    )
    kinds = ("value", "modelled", "suppressed", "not_observable", "not_observed")
    return {
        signal: {kind: cells.filter((pl.col("signal") == signal) & (pl.col("known") == kind)).height for kind in kinds}
        for signal in estimates["signal"].unique(maintain_order=True)
    }


def run_summary(estimates: pl.DataFrame, outputs: list[dict[str, str]], *, run_mode: str) -> dict[str, Any]:
    """Return the content of ``summary.json``.

    Args:
        estimates: Table ``estimates``.
        outputs: ``path`` below the build folder and what it ``shows``.
        run_mode: Mode of the run.
    """
    return {
        "run_mode": run_mode,
        "stamp": MODE_STAMPS[run_mode],
        "outputs": outputs,
        "regions": region_counts(estimates),
    }
