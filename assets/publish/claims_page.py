"""The page on claims: the popular story with a verdict on each claim, and the figures that it rests on.

Here: choosing, ordering and wording the rows of that page. Not here: figures, verdicts and what would change them
(`assets/adoption/claims.py`), the frame that all pages share (`site.py`).
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from assets.adoption.claims import Claim, load_claims
from assets.adoption.verdicts import WITH_FIGURE
from maps import words

VERDICTS: Final[Mapping[str, str]] = {
    "supported": "supported",
    "partly": "partly supported",
    "not_supported": "not supported",
    "not_observable": "not observable with this run’s data",
}
MARKS: Final[Mapping[str, str]] = {"supported": "●", "partly": "◐", "not_supported": "○", "not_observable": "?"}
"""Signs beside the words, so that the page can be skimmed without colours."""

FINDINGS: Final[Mapping[str, str]] = {
    "beyond": "holds: interval and bounds lie {comparison} {threshold}",
    "beyond_if_shown": "holds by its interval, but what is hidden or unknown could undo it",
    "undecided": "open: the interval holds {threshold}",
    "contrary": "does not hold: the interval does not reach {comparison} {threshold}",
    "unknown": "no figure that can bear the statement",
}
FIGURES: Final[Mapping[str, str]] = {
    "cn_share": "CN share, CN / (CN + US)",
    "cn_permissive": "permissive part of Chinese labs’ models",
    "cn_minus_us_permissive": "permissive part, Chinese labs minus US labs",
    "effect": "change of the log-ratio of CN to US",
}
POINTS: Final = ("cn_minus_us_permissive",)
"""Figures told in percentage points."""


def told(value: float | None, figure: str) -> str:
    """Return a figure in its unit: a share in per cent, a difference in percentage points, an effect as it is.

    Args:
        value: The figure; None is a dash.
        figure: Its name in table ``claims``.
    """
    if value is None:
        return words.DASH
    if figure == "effect":
        return f"{value:+.2f}"
    return f"{value * 100:+.0f} points" if figure in POINTS else words.percent(value)


def told_span(low: float | None, high: float | None, figure: str) -> str:
    """Return two ends of a figure as a span; a dash where one is missing.

    Args:
        low: Lower end.
        high: Upper end.
        figure: Name of the figure in table ``claims``.
    """
    if low is None or high is None:
        return words.DASH
    if figure == "effect" or figure in POINTS:
        return f"{told(low, figure).removesuffix(' points')} to {told(high, figure)}"
    return words.percent_span(low, high)


def _row(cell: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    figure = cell["figure"]
    line = told(cell["threshold"], figure).lstrip("+")
    found = FINDINGS[cell["finding"]].format(comparison=cell["comparison"], threshold=line)
    return {
        "subject": names.get(cell["subject"], words.PANELS.get(cell["subject"], cell["subject"])),
        "period": None if cell["period"] is None else words.day(cell["period"]),
        "value": told(cell["value"], figure),
        "interval": told_span(cell["low"], cell["high"], figure),
        "bounds": told_span(cell["bound_low"], cell["bound_high"], figure),
        "n": words.DASH if cell["n"] is None else f"{words.count(cell['n'])} {cell['counted']}",
        "evidence": words.EVIDENCE.get(cell["evidence"], words.DASH),
        "finding": f"{found}. {cell['reason']}" if cell["reason"] else found,
        "would_change": cell["would_change"],
    }


def _lack(evidence: str | None, state: str) -> str:
    """Return in words what keeps a cell from being judged."""
    if evidence == "modelled":
        return "known as modelled only"
    return "a figure without an interval to judge it by" if state in WITH_FIGURE else words.STATES[state]


def _unknown(cells: pl.DataFrame, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return what is not known: the cells without a figure, those of one reason and state together."""
    silent = cells.filter(pl.col("finding") == "unknown")
    grouped = silent.group_by("reason", "state", "evidence", maintain_order=True).agg("subject")
    return [
        {
            "subjects": words.listing([names.get(one, one) for one in row["subject"]]),
            "state": _lack(row["evidence"], row["state"]),
            "reason": row["reason"],
        }
        for row in grouped.iter_rows(named=True)
    ]


def _statement(cells: pl.DataFrame, names: Mapping[str, str]) -> dict[str, Any]:
    first = cells.row(0, named=True)
    shown = [_row(cell, names) for cell in cells.filter(pl.col("finding") != "unknown").iter_rows(named=True)]
    changes = cells.group_by("would_change", maintain_order=True)
    return {
        "says": first["says"],
        "id": f"{first['claim']}.{first['statement']}",
        "verdict": VERDICTS[first["statement_verdict"]],
        "mark": MARKS[first["statement_verdict"]],
        "kind": first["statement_verdict"],
        "figure": FIGURES[first["figure"]],
        "test": f"{first['comparison']} {told(first['threshold'], first['figure']).lstrip('+')}",
        "admitted": words.listing(first["admitted_evidence"].split(", ")),
        "holds": f"{cells.filter(pl.col('verdict') == 'supported').height} of {cells.height}",
        "rows": shown,
        "unknown": _unknown(cells, names),
        "changes": [
            row | {"subjects": words.listing([names.get(one, words.PANELS.get(one, one)) for one in row["subject"]])}
            for row in changes.agg("subject").iter_rows(named=True)
        ],
    }


def _summary(verdicts: list[str]) -> str:
    """Return how many statements have which verdict, in a sentence."""
    parts = [f"{verdicts.count(name)} {said}" for name, said in VERDICTS.items() if name in verdicts]
    return f"Of {len(verdicts)} statement{'' if len(verdicts) == 1 else 's'}: {', '.join(parts)}."


def claims_context(
    claims: pl.DataFrame, regions: pl.DataFrame, register: Mapping[str, Claim] | None = None
) -> dict[str, Any]:
    """Return what the template of the page needs.

    Args:
        claims: Table ``claims``.
        regions: Table ``regions``.
        register: The claims as declared; those of the package by default.
    """
    declared = load_claims() if register is None else register
    names = dict(regions.select("region_id", "name").iter_rows()) | {"world": "World", "all": "All"}
    shown = []
    for own in claims.sort("claim_place", "statement_place", maintain_order=True).partition_by(
        "claim", maintain_order=True
    ):
        first = own.row(0, named=True)
        claim = declared[first["claim"]]
        statements = own.partition_by("statement", maintain_order=True)
        verdicts = [cells["statement_verdict"][0] for cells in statements]
        shown.append(
            {
                "id": first["claim"],
                "wording": claim.wording,
                "heard": claim.heard,
                "caveat": claim.caveat,
                "at_most": claim.at_most_reason,
                "verdict": VERDICTS[first["claim_verdict"]],
                "mark": MARKS[first["claim_verdict"]],
                "kind": first["claim_verdict"],
                "summary": _summary(verdicts),
                "statements": [_statement(cells, names) for cells in statements],
            }
        )
    return {"claims": shown}
