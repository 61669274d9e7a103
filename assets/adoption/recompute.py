"""Recomputing a cell: each figure as a formula, the formula with the numbers put in, and what it comes to.

Here: the steps from counts to the figures of one cell, for the signals that table ``estimates`` holds. Not here: the
estimates themselves (`estimates.py`, `survey.py`, …), which are computed once and for all cells; the steps of allocated
downloads (`allocated_steps.py`); cards (`explain.py`).

A step is written so that anybody can follow it with a calculator. Two functions stand in it by name: ``low`` and
``high`` are the ends of ``intervals.overlap_share_interval`` (people on the Chinese side, on the US side, on both);
``logit`` and ``expit`` are those of `shrinkage.py`. Figures whose inputs no table shows have no step.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from assets.adoption.allocated_steps import SIGNAL as ALLOCATED
from assets.adoption.allocated_steps import Allocated, allocated, allocated_steps
from assets.adoption.intervals import overlap_share_interval, standard_normal_quantile
from assets.adoption.shrinkage import logit, observed_log_odds, shrink
from assets.adoption.step import Step, written
from assets.adoption.survey import UNLOCATED, counts_by_country

Cell = Mapping[str, Any]
Counts = tuple[float, float, float]
"""People on the Chinese side, on the US side and on both."""

NAMES: Final = ("cn_low", "cn_high", "us_low", "us_high", "both_low", "both_high")
SURVEY: Final = "survey_use"


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What steps need beside the cell itself.

    Attributes:
        cells: Cells of table ``estimates`` by signal, period, coding and region.
        parents: Parent of each region.
        survey: Ranges of counts by wave and region, summed for subregions and the world.
        nowhere: For each wave: CN and US users who gave no country, at most, and located and all respondents.
        spread: Spread of log-odds between economies of one subregion, by signal, period and coding.
        prior: Share that a region's own is pulled towards and the spread about it, by signal, period, coding and
            region.
        intervals: Interval of each triple of counts.
        allocated: What table ``allocations`` has beneath allocated downloads, by coding, period and region.
    """

    cells: Mapping[tuple[Any, ...], Cell]
    parents: Mapping[str, str | None]
    survey: Mapping[tuple[Any, str], Mapping[str, float]]
    nowhere: Mapping[Any, tuple[float, float, float, float]]
    spread: Mapping[tuple[Any, ...], float]
    prior: Mapping[tuple[Any, ...], tuple[float, float]]
    intervals: Mapping[Counts, tuple[float, float]]
    allocated: Mapping[tuple[Any, ...], Allocated]

    def beneath(self, cell: Cell) -> Allocated | None:
        """Return what a cell was allocated from; nothing for a cell that was not allocated, or without the table."""
        if cell["signal"] != ALLOCATED or cell["evidence"] != "modelled":
            return None
        return self.allocated.get((cell["coding"], cell["period"], cell["region_id"]))


def key_of(cell: Cell, region: str | None = None) -> tuple[Any, ...]:
    """Return the key of a cell, or of another region's cell beside it."""
    return (cell["signal"], cell["period"], cell["coding"], region or cell["region_id"])


def _survey_counts(survey_use: pl.DataFrame, regions: pl.DataFrame) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the ranges of counts by wave and region, and what is known of respondents without a country."""
    ranges: dict[Any, Any] = {}
    nowhere: dict[Any, Any] = {}
    for wave_rows in survey_use.partition_by("wave", maintain_order=True):
        counts = counts_by_country(wave_rows)
        here = counts.filter(pl.col("region_id") != UNLOCATED)
        lost = counts.filter(pl.col("region_id") == UNLOCATED)
        wave = wave_rows["wave"][0]
        placed = here.join(regions.select("region_id", "parent_id"), on="region_id", how="left")
        sums = [pl.col(name).sum() for name in NAMES]
        parts = [
            placed.group_by("region_id").agg(sums),
            placed.drop_nulls("parent_id").group_by(region_id=pl.col("parent_id")).agg(sums),
            placed.select(pl.lit("world").alias("region_id"), *sums),
        ]
        for row in pl.concat(parts).iter_rows(named=True):
            ranges[wave, row["region_id"]] = row
        located = float(here["respondents"].sum())
        everybody = located + float(lost["respondents"].sum())
        nowhere[wave] = (float(lost["cn_high"].sum()), float(lost["us_high"].sum()), located, everybody)
    return ranges, nowhere


def _shrinkage(cells: pl.DataFrame, regions: pl.DataFrame) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return spread and priors of every signal, period and coding with shrunken shares."""
    spread: dict[Any, Any] = {}
    prior: dict[Any, Any] = {}
    known = cells.filter(pl.col("cn_share_shrunk").is_not_null() & pl.col("cn_share_low").is_not_null())
    placed = known.join(regions.select("region_id", "parent_id"), on="region_id", how="left").with_columns(
        pl.when(pl.col("level") == "admin1")
        .then(pl.col("region_id").str.slice(0, 2))
        .otherwise(pl.col("parent_id").fill_null("world"))
        .alias("parent_id")
    )
    slices = ["signal", "period", "coding", "level"]
    for (signal, period, coding, level), rows in placed.sort("region_id").group_by(slices, maintain_order=True):
        group = rows["parent_id"].rank("dense").to_numpy().astype(np.int64) - 1
        share, low, high = (rows[name].to_numpy() for name in ("cn_share", "cn_share_low", "cn_share_high"))
        found = shrink(share, low, high, group)
        if level == "country":
            spread[signal, period, coding] = found.spread
        for region, place in zip(rows["region_id"], group, strict=True):
            prior[signal, period, coding, region] = (float(found.group_share[place]), found.within)
    return spread, prior


def _corners(counts: Mapping[str, float]) -> list[Counts]:
    """Return the triples at the ends of the ranges, each once."""
    triples = [
        (counts[cn], counts[us], min(counts[both], counts[cn], counts[us]))
        for cn, us in (("cn_low", "us_high"), ("cn_high", "us_low"))
        for both in ("both_low", "both_high")
    ]
    return list(dict.fromkeys((float(cn), float(us), float(both)) for cn, us, both in triples))


def _triples(cell: Cell, survey: Mapping[tuple[Any, str], Mapping[str, float]]) -> list[Counts]:
    """Return the counts that the interval of a measured cell is of; none where the tables do not show them."""
    if cell["cn_share_low"] is None or cell["evidence"] == "modelled":
        return []
    if cell["signal"] == SURVEY:
        counts = survey.get((cell["period"], cell["region_id"]))
        return [] if counts is None else _corners(counts)
    if None in {cell["n_cn"], cell["n_us"], cell["n_both"]}:
        return []
    return [(cell["n_cn"], cell["n_us"], cell["n_both"])]


def inputs(
    estimates: pl.DataFrame,
    survey_use: pl.DataFrame,
    regions: pl.DataFrame,
    *,
    only: Iterable[str] | None = None,
    allocations: pl.DataFrame | None = None,
) -> Inputs:
    """Gather what the steps need, once for all cells.

    Args:
        estimates: Table ``estimates``.
        survey_use: Table ``survey_use``; without rows, the steps of the survey are left out.
        regions: Table ``regions``.
        only: Regions whose intervals are needed; all by default.
        allocations: Table ``allocations``; without it, the steps of allocated downloads are left out.
    """
    rows = {key_of(cell): cell for cell in estimates.iter_rows(named=True)}
    survey, nowhere = _survey_counts(survey_use, regions) if survey_use.height else ({}, {})
    spread, prior = _shrinkage(estimates, regions)
    wanted = None if only is None else set(only)
    triples = sorted(
        {
            triple
            for cell in rows.values()
            if wanted is None or cell["region_id"] in wanted
            for triple in _triples(cell, survey)
        }
    )
    intervals: dict[Counts, tuple[float, float]] = {}
    if triples:
        low, high = overlap_share_interval(*np.array(triples).T)
        intervals = dict(zip(triples, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    return Inputs(
        cells=rows,
        parents=dict(regions.select("region_id", "parent_id").iter_rows()),
        survey=survey,
        nowhere=nowhere,
        spread=spread,
        prior=prior,
        intervals=intervals,
        allocated={} if allocations is None else allocated(allocations),
    )


def _middle(low: float, high: float) -> str:
    return written(low) if low == high else f"(({written(low)} + {written(high)}) / 2)"


def _survey_steps(cell: Cell, known: Inputs) -> list[tuple[str, str, str, float]]:
    counts = known.survey.get((cell["period"], cell["region_id"]))
    if counts is None:
        return []
    extra_cn, extra_us, located, everybody = known.nowhere[cell["period"]]
    cn_low, cn_high, us_low, us_high = (float(counts[name]) for name in NAMES[:4])
    cn, us = (cn_low + cn_high) / 2, (us_low + us_high) / 2
    middle_cn, middle_us = _middle(cn_low, cn_high), _middle(us_low, us_high)
    steps = []
    if cell["cn_share"] is not None:
        steps.append(("cn_share", "CN / (CN + US)", f"{middle_cn} / ({middle_cn} + {middle_us})", cn / (cn + us)))
    least, most = cn_low + us_high + extra_us, cn_high + extra_cn + us_low
    if least > 0:
        numbers = f"{written(cn_low)} / ({written(cn_low)} + {written(us_high)} + {written(extra_us)})"
        steps.append(("bound_low", "CN / (CN + US + US without a country)", numbers, cn_low / least))
    if most > 0:
        top = f"({written(cn_high)} + {written(extra_cn)})"
        numbers = f"{top} / ({top} + {written(us_low)})"
        formula = "(CN + CN without a country) / (CN + CN without a country + US)"
        steps.append(("bound_high", formula, numbers, (cn_high + extra_cn) / most))
    numbers = f"{written(located)} / {written(everybody)}"
    steps.append(("coverage", "respondents with a country / all respondents", numbers, located / everybody))
    return steps


def _counted_steps(cell: Cell) -> list[tuple[str, str, str, float]]:
    cn, us, unknown = cell["n_cn"], cell["n_us"], cell["n_unknown"]
    if cell["cn_share"] is None or cn is None or us is None:
        return []
    steps = [("cn_share", "CN / (CN + US)", f"{written(cn)} / ({written(cn)} + {written(us)})", cn / (cn + us))]
    # Only where nobody is unlocated do the counts of the cell alone make its bounds.
    if cell["counted"] == "organisations" and unknown is not None:
        one, other, open_ = (written(number) for number in (cn, us, unknown))
        whole = cn + us + unknown
        steps += [
            ("bound_low", "CN / (CN + US + unknown)", f"{one} / ({one} + {other} + {open_})", cn / whole),
            (
                "bound_high",
                "(CN + unknown) / (CN + US + unknown)",
                f"({one} + {open_}) / ({one} + {other} + {open_})",
                (cn + unknown) / whole,
            ),
        ]
    return steps


def _interval_steps(cell: Cell, known: Inputs) -> list[tuple[str, str, str, float]]:
    triples = [triple for triple in _triples(cell, known.survey) if triple in known.intervals]
    if not triples:
        return []
    steps = []
    for place, (end, widest, pick) in enumerate((("low", "min", min), ("high", "max", max))):
        calls = [f"{end}({', '.join(map(written, triple))})" for triple in triples]
        numbers = calls[0] if len(calls) == 1 else f"{widest}({', '.join(calls)})"
        formula = f"{end} end of the Dirichlet interval of (CN, US, both)"
        if len(calls) > 1:
            formula += ", the widest over what the hidden counts can be"
        steps.append((f"cn_share_{end}", formula, numbers, pick(known.intervals[triple][place] for triple in triples)))
    return steps


def _odds(share: float, low: float, high: float) -> tuple[float, str]:
    """Return the log-odds of a share and how a step writes them; 0 and 1 are read off the interval's far end."""
    effect = float(observed_log_odds(np.array([share]), np.array([low]), np.array([high]))[0][0])
    return effect, f"logit({written(share)})" if 0 < share < 1 else f"{effect:.8g}"


def _inherited_steps(cell: Cell, known: Inputs) -> list[tuple[str, str, str, float]]:
    """Return the steps of a metro that inherits its economy's share."""
    parent = known.parents.get(cell["region_id"])
    above = known.cells.get(key_of(cell, parent)) if parent else None
    spread = known.spread.get((cell["signal"], cell["period"], cell["coding"]))
    if cell["level"] != "metro" or cell["coverage"] != 0 or above is None or spread is None:
        return []
    share, low, high = (above[name] for name in ("cn_share", "cn_share_low", "cn_share_high"))
    if cell["cn_share"] is None or None in {share, low, high}:
        return []
    quantile = standard_normal_quantile()
    (centre, odds), reach = _odds(share, low, high), quantile * spread
    steps = [("cn_share", f"share of {parent}", written(share), share)]
    for name, way, given in (("low", -1, low), ("high", 1, high)):
        end = float(logit(np.array(given)))
        wider = 1 / (1 + math.exp(-(centre + way * math.hypot(centre - end, reach))))
        inside = 0 < given < 1
        off = f"hypot({odds} - {f'logit({written(given)})' if inside else f'{end:.8g}'}, {quantile:.6g} * {spread:.6g})"
        numbers = f"expit({odds} {'-' if way < 0 else '+'} {off})"
        formula = (
            f"expit(logit(share) {'−' if way < 0 else '+'} √((logit(share) − logit({name}))² + (z × spread between "
            "economies)²))"
        )
        if not 0 < share < 1:
            pick = "min" if way < 0 else "max"
            numbers, formula = f"{pick}({numbers}, {written(share)})", f"{formula}, or the share itself"
            wider = min(wider, share) if way < 0 else max(wider, share)
        steps.append((f"cn_share_{name}", formula, numbers, wider))
    nobody = "nobody is located here, so that "
    return [
        *steps,
        ("bound_low", f"{nobody}all may be on the US side", "0", 0.0),
        ("bound_high", f"{nobody}all may be on the Chinese side", "1", 1.0),
        ("coverage", "located here / all", "0", 0.0),
    ]


def _shrunken_step(cell: Cell, known: Inputs) -> list[tuple[str, str, str, float]]:
    found = known.prior.get(key_of(cell))
    if found is None or None in {cell["cn_share"], cell["cn_share_low"], cell["cn_share_high"]}:
        return []
    prior, within = found
    ends = [np.array([cell[name]]) for name in ("cn_share", "cn_share_low", "cn_share_high")]
    variance = float(observed_log_odds(*ends)[1][0])
    effect, odds = _odds(cell["cn_share"], cell["cn_share_low"], cell["cn_share_high"])
    raw, towards = (float(logit(np.array(share))) for share in (cell["cn_share"], prior))
    own = within**2 / (within**2 + variance)
    mean = own * effect + (1 - own) * towards
    numbers = f"{own:.8g} * {odds} + (1 - {own:.8g}) * logit({written(prior)})"
    above = {"subregion": "the world", "country": "its subregion"}.get(cell["level"], "its economy's parts")
    formula = f"w × logit(share) + (1 − w) × logit(pulled share of {above})"
    if not min(raw, towards) <= mean <= max(raw, towards):
        # With nobody on one side the log-odds stand in for the raw share and could lie beyond what it is pulled to.
        mean, numbers, formula = towards, f"logit({written(prior)})", f"logit(pulled share of {above})"
    else:
        formula += ", w = spread² / (spread² + sampling²)"
    return [("cn_share_shrunk", f"expit of {formula}", f"expit({numbers})", 1 / (1 + math.exp(-mean)))]


def _before(cell: Cell, known: Inputs) -> list[tuple[str, str, str, float]]:
    """Return the steps of the changes against the previous period and a year ago."""
    year = cell["period"]
    earlier = {
        "change_previous": cell["previous_period"],
        "change_year": year.replace(year=year.year - 1),
    }
    steps = []
    for name, period in earlier.items():
        before = known.cells.get((cell["signal"], period, cell["coding"], cell["region_id"]))
        if cell[name] is None or before is None or before["cn_share"] is None:
            continue
        numbers = f"100 * ({written(cell['cn_share'])} - {written(before['cn_share'])})"
        change = 100 * (cell["cn_share"] - before["cn_share"])
        steps.append((name, f"100 × (share − share of {period:%Y-%m}), in points", numbers, change))
    return steps


def _coverage_step(cell: Cell) -> list[tuple[str, str, str, float]]:
    here, nowhere = cell["n_located"], cell["n_unlocated"]
    if here is None or nowhere is None or here + nowhere == 0:
        return []
    numbers = f"{written(here)} / ({written(here)} + {written(nowhere)})"
    return [("coverage", "located / (located + unlocated)", numbers, here / (here + nowhere))]


def _against_world(cell: Cell, known: Inputs) -> list[tuple[str, str, str, float]]:
    world = known.cells.get(key_of(cell, "world"))
    if cell["cn_share"] is None or world is None or not world["cn_share"]:
        return []
    numbers = f"{written(cell['cn_share'])} / {written(world['cn_share'])}"
    return [("location_quotient", "share / the world's share", numbers, cell["cn_share"] / world["cn_share"])]


def steps(cell: Cell, known: Inputs) -> tuple[Step, ...]:
    """Return how the figures of a cell come about, in the order in which one follows from the other.

    Args:
        cell: A row of table ``estimates``.
        known: What ``inputs`` gathered.
    """
    found: Sequence[tuple[str, str, str, float]]
    if (beneath := known.beneath(cell)) is not None:
        return tuple(allocated_steps(cell, beneath))
    if cell["evidence"] == "modelled":
        found = _inherited_steps(cell, known)
    else:
        own = _survey_steps(cell, known) if cell["signal"] == SURVEY else [*_counted_steps(cell), *_coverage_step(cell)]
        found = [*own, *_interval_steps(cell, known), *_shrunken_step(cell, known), *_before(cell, known)]
    return tuple(
        Step(column=column, formula=formula, numbers=numbers, result=float(result), shown=float(cell[column]))
        for column, formula, numbers, result in [*found, *_against_world(cell, known)]
        if cell[column] is not None
    )
