"""Nodes: all models of the lineage, listed or only named in it, as numbers.

Here: finding both ends of every declared edge among the models. Not here: ids (`identities.py`), the graph
(`lineage.py`), what a model says of itself (`evidence.py`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from assets.origins.dated import HUB, NONE, DatedRegistry
from assets.origins.identities import BARE_NAME, HUB_ID, Index, account_of, before_slash, in_portions
from assets.origins.lineage import Flags, Integers

PERSONAL_ACCOUNT: Final = r"^u\d{5}$"
"""Pseudonyms that the snapshot gives to personal accounts."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """All models of the lineage, listed or only named in it.

    Attributes:
        ids: Key of each listed node: the id under the present name of its account.
        unlisted: Keys of the nodes after those.
        who: Code of its account.
        personal: Nodes whose account is a pseudonym of a person.
        paths: Nodes that are local paths.
        unseen: Listed nodes whose lineage no table shows.
        listed: Node of each listed model.
        strangers: What only the lineage names: ``model_id`` and ``node``.
        child: Node of the child of each edge.
        parent: Node of the parent of each edge.
    """

    ids: pl.Series
    unlisted: pl.Series
    who: Integers
    personal: Integers
    paths: Integers
    unseen: Integers
    listed: Integers
    strangers: pl.DataFrame
    child: Integers
    parent: Integers


def _keys(models: pl.DataFrame, who: Integers, registry: DatedRegistry) -> pl.Series:
    """Return the key of each listed model: its id under the present name of its account; elsewhere with its hub."""
    ids, on_hub = models["model_id"], models["platform"] == HUB
    if on_hub.all():
        return registry.renamed(ids, who)
    tagged = models.select(pl.format("{}:{}", "platform", "model_id")).to_series()
    return registry.renamed(ids, np.where(on_hub, who, NONE)).zip_with(on_hub, tagged)


def _accounts(models: pl.DataFrame, registry: DatedRegistry) -> tuple[Integers, Flags]:
    """Return the code of the account of each listed model, and whether it is a pseudonym of a person."""
    known = {platform: registry.index(platform) for platform in models["platform"].unique().cast(pl.String)}

    def look_up(rows: slice) -> tuple[Integers, Flags]:
        portion = models[rows]
        accounts = portion["account"] if "account" in models.columns else before_slash(portion["model_id"])
        who: Integers = np.full(portion.height, NONE, dtype=np.int16)
        for platform, (index, codes) in known.items():
            here = (portion["platform"] == platform).to_numpy()
            who = np.where(here, codes[index.positions(accounts)], who)
        return who, accounts.str.contains(PERSONAL_ACCOUNT).fill_null(value=False).to_numpy()

    nobody = (np.zeros(0, dtype=np.int16), np.zeros(0, dtype=bool))
    parts = [nobody, *in_portions(look_up, models.height)]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _listed_twice(ids: pl.Series, keys: pl.Series) -> bool:
    """Return whether a model is listed under the old and the new name of its account."""
    if keys is ids:
        return False
    changed = keys.filter(keys != ids)
    return bool(changed.is_duplicated().any() or ids.is_in(changed.implode()).any())


def numbered(models: pl.DataFrame, parents: pl.DataFrame, registry: DatedRegistry) -> Nodes:
    """Number all models, listed or only named, and find both ends of each edge among them."""
    who, personal = _accounts(models, registry)
    keys = _keys(models, who, registry)
    nodes, listed = keys, np.arange(len(keys), dtype=np.int32)
    if _listed_twice(models["model_id"], keys):
        nodes = keys.unique(maintain_order=True)
        listed = Index(nodes).positions(keys)
        first = np.full(len(nodes), len(keys))
        np.minimum.at(first, listed, np.arange(len(keys)))
        who, personal = who[first], personal[first]
    index = Index(nodes)
    ends = pl.concat([parents["child_id"], parents["parent_id"]])
    at = index.positions(ends)
    lost = np.flatnonzero(at == NONE)
    texts = ends.gather(lost)
    named = texts.unique(maintain_order=True)
    present = registry.renamed(named, registry.codes(account_of(named)))
    place = index.positions(present)
    unlisted = present.filter(pl.Series(place == NONE)).unique(maintain_order=True)
    place = np.where(place == NONE, len(nodes) + Index(unlisted).positions(present), place)
    at[lost] = place[Index(named).positions(texts)]
    child, parent = at[: parents.height], at[parents.height :]
    # What is named by an old name of its account may be listed under that very name.
    old = named.filter(named != present)
    listed_so = models.filter(pl.col("model_id").is_in(old.implode()))["model_id"] if len(old) else old
    accounts = account_of(unlisted)
    people = accounts.str.contains(PERSONAL_ACCOUNT).fill_null(value=False).to_numpy()
    seen = np.ones(len(nodes) + len(unlisted), dtype=bool)
    if "lineage_observed" in models.columns:
        seen[listed] = models["lineage_observed"].to_numpy()
        seen[child] = True
    return Nodes(
        ids=nodes,
        unlisted=unlisted,
        who=np.concatenate([who, registry.codes(accounts)]),
        personal=np.flatnonzero(np.concatenate([personal, people])),
        paths=len(nodes) + np.flatnonzero(~unlisted.str.contains(f"{HUB_ID}|{BARE_NAME}").to_numpy()),
        unseen=np.flatnonzero(~seen),
        listed=listed,
        strangers=pl.DataFrame({"model_id": named, "node": place}).filter(
            ~pl.col("model_id").is_in(listed_so.implode())
        ),
        child=child,
        parent=parent,
    )
