"""Explaining origins: why a model is whose it is, coding by coding, with the way through its lineage.

Here: the rows of a few models and the part of the lineage that each coding followed. Not here: working origins out
(`codings.py`), printing (`pipelines/cli/origin.py`).
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from assets.origins.codings import Attribution, attribute
from assets.origins.dated import HUB, present_ids
from assets.origins.identities import account_of
from assets.origins.registry import holds, publishers_at
from assets.schemas.vocabulary import CODINGS

MOST_STEPS: Final = 60
"""Models that a path shows; a merge of merges has more ancestors than anyone reads."""

REASONS: Final[Mapping[str, str]] = {
    "registry": "reviewed in the registry",
    "registry_unreviewed": "in the registry, not reviewed",
    "declared_parents": "from its declared parents",
    "architecture": "its architecture is that of the line",
    "name_pattern": "its name says the line it was made from",
    "no_single_base": "its maker has no single base",
    "not_in_registry": "its account is not in the registry",
    "unaffiliated_user": "a personal account",
    "local_path": "a path on somebody's disk, no model of the Hub",
    "repackager_without_parents": "a repackager that declares no parent",
    "lineage_not_observed": "no table shows what it was made from",
}
"""Methods in words."""

JUDGED: Final = "the curator's judgement"
"""What a known country rests on under the control coding."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a model under one coding.

    Attributes:
        country: ISO code, ZZ where unknown.
        origin: Country group.
        weight: Size of the part.
        family: Model lines behind it, or none.
        reason: What it rests on, in words.
    """

    country: str
    origin: str
    weight: float
    family: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A model on the way to the roots.

    Attributes:
        model_id: The model.
        relation: How the one before it was made from it; none for the first.
        parts: Its own parts, where the way ends here.
        parents: What it was made from.
        shown_above: Whether the way on from here stands further up.
        left_out: Parents that are not shown because the path is long.
    """

    model_id: str
    relation: str | None
    parts: Sequence[Part]
    parents: Sequence["Step"]
    shown_above: bool
    left_out: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The origin of a model under one coding.

    Attributes:
        parts: Its parts, the largest first.
        way: The way through the lineage that the coding followed.
        depth: Longest chain of declared parents on that way.
    """

    parts: Sequence[Part]
    way: Step
    depth: int

    @property
    def unknown(self) -> bool:
        """Whether no part has a country."""
        return all(part.origin == "unknown" for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a model is whose it is.

    Attributes:
        model_id: The model as asked for.
        listed: Whether a table lists it or its lineage names it.
        account: What the registry says about its account, in words.
        evidence: What that rests on, in words; none where the registry lacks the account.
        similar: Ids that are much alike, where no table has the model.
        codings: For each coding the parts and the way through the lineage that it followed.
    """

    model_id: str
    listed: bool
    account: str
    evidence: str | None
    similar: Sequence[str]
    codings: Mapping[str, Answer]

    @property
    def known(self) -> bool:
        """Whether anything speaks of the model: a table, its account in the registry, or its name."""
        return self.listed or self.evidence is not None or any(not answer.unknown for answer in self.codings.values())


def _account(account: str | None, row: Mapping[str, Any] | None) -> str:
    if account is None:
        return "no account"
    if row is None:
        return f"{account}: not in the registry"
    state = {"reviewed": "reviewed", "group_reviewed": "group reviewed"}.get(row["review_state"], "not reviewed")
    renamed = f", now {row['canonical_account']}" if row["canonical_account"] != account else ""
    return (
        f"{account}{renamed}: {row['organisation']}, {row['role']}; headquarters {row['headquarters']}, "
        f"control {row['control']} ({state})"
    )


def _evidence(row: Mapping[str, Any]) -> str:
    if row["evidence_url"] is None:
        return "the curator's knowledge, no page cited"
    return f"{row['evidence_url']} (read on {row['reviewed_on']})"


class _Ways:
    """The lineage around a few models, and the parts of all of it."""

    def __init__(self, wanted: Sequence[str], parents: pl.DataFrame, found: Attribution) -> None:
        self._edges: dict[str, list[tuple[str, str]]] = {}
        frontier = list(wanted)
        while frontier:
            rows = parents.filter(pl.col("child_id").is_in(frontier) & (pl.col("child_id") != pl.col("parent_id")))
            for child, parent, relation in rows.unique(["child_id", "parent_id"]).sort("child_id", "parent_id").rows():
                self._edges.setdefault(child, []).append((parent, relation))
            around = set(rows["parent_id"]) - set(self._edges)
            frontier = sorted(around - set(frontier))
        known = {*wanted, *self._edges, *(parent for edges in self._edges.values() for parent, _ in edges)}
        at = found.ids.is_in(sorted(known)).arg_true()
        names = dict(zip(at.to_list(), found.ids.gather(at).to_list(), strict=True))
        self._parts: dict[tuple[str, str], list[Part]] = {}
        self._depth: dict[tuple[str, str], int] = {}
        self._goes_on: dict[tuple[str, str], bool] = {}
        for coding in CODINGS:
            rows = found.rows(coding).filter(pl.col("index").is_in(at)).sort("weight", descending=True)
            for row in rows.iter_rows(named=True):
                key = (coding, names[row["index"]])
                self._goes_on[key] = row["method"] == "declared_parents"
                self._depth[key] = row["depth"]
                part = Part(
                    country=row["country"],
                    origin=row["origin"],
                    weight=row["weight"],
                    family=row["family"],
                    reason=JUDGED
                    if coding == "control" and row["root_method"] == "registry_unreviewed"
                    else REASONS[row["root_method"]],
                )
                self._parts.setdefault(key, []).append(part)

    def answer(self, model_id: str, coding: str) -> Answer:
        """Return the origin of a model under a coding."""
        key = (coding, model_id)
        return Answer(parts=self._parts[key], way=self._way(model_id, coding), depth=self._depth[key])

    def _way(self, model_id: str, coding: str) -> Step:
        """Return the way of a coding from a model to its roots; every model is followed once."""
        seen: set[str] = set()

        def step(model_id: str, relation: str | None) -> Step:
            above = model_id in seen
            goes_on = self._goes_on.get((coding, model_id), False)
            edges = self._edges.get(model_id, []) if goes_on and not above else []
            seen.add(model_id)
            shown = [step(parent, how) for parent, how in edges if len(seen) < MOST_STEPS]
            return Step(
                model_id=model_id,
                relation=relation,
                parts=[] if goes_on else self._parts.get((coding, model_id), []),
                parents=shown,
                shown_above=above and goes_on,
                left_out=len(edges) - len(shown),
            )

        return step(model_id, None)


def explain(
    wanted: Sequence[str], models: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame, *, day: date
) -> list[Explanation]:
    """Return why each of some models is whose it is.

    Args:
        wanted: Ids of the Hub. One that no table has is explained by its account and name.
        models: ``platform``, ``model_id`` and ``lineage_observed`` of the listed models.
        parents: Table ``model_parents``.
        publishers: Table ``publishers``.
        day: Day on which to read the registry.
    """
    here = models.filter(pl.col("platform") == HUB)
    edges = parents.select(
        present_ids(parents["child_id"], publishers, day=day),
        present_ids(parents["parent_id"], publishers, day=day),
        "relation",
    )
    asked = present_ids(pl.Series(wanted, dtype=pl.String), publishers, day=day).to_list()
    ids = present_ids(here["model_id"], publishers, day=day)
    listed = (
        here.with_columns(ids)
        .group_by("platform", "model_id", maintain_order=True)
        .agg(pl.col("lineage_observed").any())
    )
    known = {*listed["model_id"], *edges["child_id"], *edges["parent_id"]}
    added = pl.DataFrame({"model_id": sorted(set(asked) - set(listed["model_id"]))}, schema={"model_id": pl.String})
    everyone = pl.concat(
        [listed, added.select(pl.lit(HUB).alias("platform"), "model_id", pl.lit(value=True).alias("lineage_observed"))]
    )
    ways = _Ways(asked, edges, attribute(everyone, edges, publishers, day=day))
    names = pl.Series(wanted, dtype=pl.String)
    cited = publishers.filter(holds(pl.lit(day))).select(
        "platform", "evidence_url", "reviewed_on", canonical_account="account"
    )
    registry = (
        publishers_at(publishers, day)
        .filter(pl.col("platform") == HUB)
        .join(cited, on=["platform", "canonical_account"], how="left")
    )
    accounts = {row["account"]: row for row in registry.iter_rows(named=True)}
    return [
        Explanation(
            model_id=written,
            listed=present in known,
            account=_account(account, accounts.get(account)),
            evidence=_evidence(accounts[account]) if account in accounts else None,
            similar=[] if present in known else difflib.get_close_matches(present, sorted(known), n=3, cutoff=0.8),
            codings={coding: ways.answer(present, coding) for coding in CODINGS},
        )
        for written, present, account in zip(wanted, asked, account_of(names).to_list(), strict=True)
    ]
