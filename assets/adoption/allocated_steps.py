"""Steps of downloads that were allocated: from the world's total and the weightings to the share of a place.

Here: what of table ``allocations`` is beneath a cell, and the steps from there to its figures. Not here: allocating
(`allocation.py`), the steps of all other cells (`recompute.py`).

Whatever rows the table has for a place are told: which weightings carry downloads there, what each of them gives, and
their mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from assets.adoption.step import Step, written
from assets.adoption.weightings import ASSUMPTIONS
from maps import words

POOLED: Final = "pooled"
SIGNAL: Final = "model_download"
NOBODY: Final = "nobody's region is known, so that all may be on the {} side"

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Allocated:
    """Rows of table ``allocations`` beneath a cell.

    Attributes:
        pooled: The mean of the weightings here.
        weightings: The weightings here, in the order of ``ASSUMPTIONS``.
        total: The row of the world, the total that is spread; None where the table has none.
    """

    pooled: Row
    weightings: Sequence[Row]
    total: Row | None

    @property
    def sources(self) -> list[str]:
        """Sources of the weightings and of the total, each once."""
        cited = [row["source_id"] for row in (self.pooled, *self.weightings)]
        return list(dict.fromkeys(one for one in (*cited, self.pooled["total_source_id"]) if one is not None))


def allocated(allocations: pl.DataFrame) -> dict[tuple[Any, ...], Allocated]:
    """Return what is beneath each allocated cell, by coding, period and region.

    Args:
        allocations: Table ``allocations``.
    """
    rows: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in allocations.iter_rows(named=True):
        rows.setdefault((row["coding"], row["period"], row["region_id"]), {})[row["weighting"]] = row
    return {
        (coding, period, region): Allocated(
            pooled=own[POOLED],
            weightings=[own[name] for name in ASSUMPTIONS if name in own],
            total=rows.get((coding, period, "world"), {}).get(POOLED),
        )
        for (coding, period, region), own in rows.items()
        if POOLED in own
    }


def _totals(beneath: Allocated) -> list[Step]:
    """Return the total of either side as it is spread."""
    total, steps = beneath.total, []
    for side, name in (("CN", "n_cn"), ("US", "n_us")):
        if total is None or total[name] is None:
            continue
        panel = words.PANELS[total["panel"]]
        steps.append(
            Step(
                column=f"world's total, {side}",
                formula=f"downloads of {side} models in 30 days, counted for the world ({panel})",
                numbers=written(total[name]),
                result=total[name],
                shown=total[name],
            )
        )
    return steps


def _given(row: Row, total: Row | None) -> Step | None:
    """Return the share that a weighting gives, from its parts of the world's total; nothing where it tells none."""
    if row["cn_share"] is None or total is None or not total["n_cn"] or not total["n_us"]:
        return None
    cn, us = (f"{row[name] / total[name]:.9g} * {written(total[name])}" for name in ("n_cn", "n_us"))
    return Step(
        column=f"share by {row['weighting']}",
        formula="CN part × CN total / (CN part × CN total + US part × US total), parts as the weighting has them, "
        f"which assumes that {ASSUMPTIONS[row['weighting']]}",
        numbers=f"{cn} / ({cn} + {us})",
        result=row["n_cn"] / (row["n_cn"] + row["n_us"]),
        shown=row["cn_share"],
    )


def _mean(beneath: Allocated) -> list[Step]:
    """Return the downloads of either side, averaged over the weightings that carry some here."""
    carrying = [row for row in beneath.weightings if row["n_cn"] is not None and row["n_us"] is not None]
    names = words.listing([row["weighting"] for row in carrying])
    return [
        Step(
            column=f"pooled {side}",
            formula=f"mean of the {side} downloads that {names} give{'s' if len(carrying) == 1 else ''} the place",
            numbers=f"({' + '.join(f'{row[name]:.9g}' for row in carrying)}) / {len(carrying)}",
            result=sum(row[name] for row in carrying) / len(carrying),
            shown=beneath.pooled[name],
        )
        for side, name in (("CN", "n_cn"), ("US", "n_us"))
        if carrying
    ]


def allocated_steps(cell: Row, beneath: Allocated) -> list[Step]:
    """Return how the figures of an allocated cell come about.

    Args:
        cell: A row of table ``estimates`` with evidence ``modelled``.
        beneath: What the table ``allocations`` has of it.
    """
    found: list[Step] = []
    if cell["cn_share"] is not None:
        given = [step for row in beneath.weightings if (step := _given(row, beneath.total)) is not None]
        pooled = beneath.pooled
        found += [
            *_totals(beneath),
            *given,
            *_mean(beneath),
            Step(
                column="cn_share",
                formula="pooled CN / (pooled CN + pooled US)",
                numbers=f"{pooled['n_cn']:.9g} / ({pooled['n_cn']:.9g} + {pooled['n_us']:.9g})",
                result=pooled["n_cn"] / (pooled["n_cn"] + pooled["n_us"]),
                shown=cell["cn_share"],
            ),
        ]
        for end, name, pick, most in (("low", "min", min, "least"), ("high", "max", max, "greatest")):
            column = f"cn_share_{end}"
            ends = [row[column] for row in beneath.weightings if row[column] is not None] + [pooled["cn_share"]]
            found.append(
                Step(
                    column=column,
                    formula=f"{most} of the {end} ends of the weightings' intervals, and of the share",
                    numbers=f"{name}({', '.join(map(written, ends))})",
                    result=pick(ends),
                    shown=cell[column],
                )
            )
    constants = {
        "bound_low": (NOBODY.format("US"), 0.0),
        "bound_high": (NOBODY.format("Chinese"), 1.0),
        "coverage": ("located / all", 0.0),
    }
    found += [
        Step(column=column, formula=formula, numbers=written(result), result=result, shown=cell[column])
        for column, (formula, result) in constants.items()
        if cell[column] is not None
    ]
    return found
