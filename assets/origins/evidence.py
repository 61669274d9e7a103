"""Evidence: what a model says of itself, from its account, its architecture or its name.

Here: the order in which those count, and what each is called. Not here: what a model takes from its parents
(`lineage.py`), patterns in names (`families.py`).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from assets.origins.curated import NO_SINGLE_BASE
from assets.origins.dated import NONE, DatedRegistry
from assets.origins.families import Codes, Families
from assets.origins.lineage import Flags, Integers
from assets.origins.nodes import Nodes
from assets.schemas.vocabulary import ORIGIN_METHODS

MAKERS: Final = ("lab", "platform")
"""Roles whose accounts release weights of their own: their word goes before a family's name in a model's."""
METHODS: Final = pl.Enum(ORIGIN_METHODS)
METHOD: Final[Mapping[str, int]] = {name: code for code, name in enumerate(ORIGIN_METHODS)}


def _packed(home: Integers | int, family: Integers | int, method: Integers | int, *, families: int) -> Integers:
    """Return home, family and method (each may be ``NONE``) as one number."""
    first = (np.asarray(home, dtype=np.int32) + 1) * np.int32(families + 1) + np.asarray(family, dtype=np.int32) + 1
    packed: Integers = first * np.int32(len(METHOD)) + np.asarray(method, dtype=np.int32)
    return packed


def _unpacked(packed: Integers, *, families: int) -> tuple[Integers, Integers, Integers]:
    """Return home, family and method of each number."""
    method, rest = packed % len(METHOD), packed // len(METHOD)
    return rest // (families + 1) - 1, rest % (families + 1) - 1, method


def _by_account(registry: DatedRegistry) -> tuple[Integers, Integers, Integers]:
    """Return home, family and method that the registry gives the models of each account; last, of no account."""
    baseless = registry.flags("headquarters", (NO_SINGLE_BASE,))
    repackager = registry.flags("role", ("repackager",))
    nobody = np.arange(baseless.size) == registry.accounts.height
    method = np.select(
        [nobody, repackager, baseless, registry.flags("review_state", ("unreviewed",))],
        [
            METHOD[name]
            for name in ("not_in_registry", "repackager_without_parents", "no_single_base", "registry_unreviewed")
        ],
        METHOD["registry"],
    )
    home = np.where(nobody | repackager | baseless, NONE, np.arange(baseless.size))
    return home, np.where(repackager, NONE, np.append(registry.sole, NONE)), method


def _in_names(nodes: Nodes, scanned: Integers, patterns: Families) -> tuple[Codes, Codes]:
    """Return what ``Families.in_ids`` says of some nodes, listed ones first."""
    known = np.searchsorted(scanned, len(nodes.ids))
    listed = patterns.in_ids(nodes.ids, scanned[:known])
    unlisted = patterns.in_ids(nodes.unlisted, scanned[known:] - np.int32(len(nodes.ids)))
    return np.concatenate([listed[0], unlisted[0]]), np.concatenate([listed[1], unlisted[1]])


def own_words(
    nodes: Nodes, registry: DatedRegistry, counts: Flags, architectures: pl.Series | None
) -> dict[str, Integers]:
    """Return what each node says of itself, as one number, where that counts.

    Both graphs begin with the registry. Under the weights coding a name that says what a model was made from goes
    before it; where the account makes no weights of its own, so does an architecture, then a family in the name. A
    repackager without declared parents has no word of its own in either graph.

    Args:
        nodes: All models.
        registry: Registry and families.
        counts: Whether a node's own word counts under the weights coding.
        architectures: Class name of each listed model, where there is such a column.

    Returns:
        ``release`` and ``weights``, for either graph, and ``unseen``: what is said under the weights coding of the
        listed models whose lineage no table shows.
    """
    families, who = len(registry.names), nodes.who
    home, sole, method = _by_account(registry)
    release = _packed(home, sole, method, families=families)[who]
    release[nodes.personal] = _packed(NONE, NONE, METHOD["unaffiliated_user"], families=families)
    release[nodes.paths] = _packed(NONE, NONE, METHOD["local_path"], families=families)
    registered = who != NONE
    scanned = np.flatnonzero(counts | registered).astype(np.int32)
    named, derived = _in_names(nodes, scanned, registry.patterns)
    told = np.flatnonzero((named != NONE) & registered[scanned])
    at = scanned[told]
    release[at] = _packed(home[who[at]], named[told], method[who[at]], families=families)

    weights = release.copy()
    makes_own, path = registry.flags("role", MAKERS)[who], np.zeros(who.size, dtype=bool)
    path[nodes.paths] = True
    hints = [(scanned, named, METHOD["name_pattern"], ~makes_own & ~path)]
    if architectures is not None:
        hints.append(
            (nodes.listed, registry.patterns.in_architectures(architectures), METHOD["architecture"], ~makes_own)
        )
    hints.append((scanned, derived, METHOD["name_pattern"], ~path))
    homeless = registry.flags("headquarters", (NO_SINGLE_BASE,))
    for where, family, how, applies in hints:  # the later one goes before the earlier
        told = np.flatnonzero(family != NONE)
        told = told[applies[where[told]] & (registry.homes[family[told]] != NONE)]
        line, at = family[told], where[told]
        maker = registry.homes[line]
        # A line whose maker has no single base is told, but not from where.
        weights[at] = _packed(
            np.where(homeless[maker], NONE, maker),
            line,
            np.where(homeless[maker], METHOD["no_single_base"], how),
            families=families,
        )
    handed_on = np.flatnonzero(registry.flags("role", ("repackager",))[who])
    release[handed_on] = weights[handed_on]
    _, family, _ = _unpacked(weights[nodes.unseen], families=families)
    unseen = _packed(NONE, family, METHOD["lineage_not_observed"], families=families)
    return {"release": release, "weights": weights, "unseen": unseen}


def label_table(packed: Integers, registry: DatedRegistry) -> pl.DataFrame:
    """Return what each distinct label says: both countries, family, method, whether it rests on an unreviewed row."""
    home, family, method = _unpacked(packed, families=len(registry.names))
    facts = pl.concat(
        [
            registry.accounts.select("headquarters", "control", unreviewed=pl.col("review_state") == "unreviewed"),
            pl.DataFrame({"headquarters": [NO_SINGLE_BASE], "control": [NO_SINGLE_BASE], "unreviewed": [False]}),
        ]
    )
    names = pl.concat([registry.names, pl.Series([None], dtype=pl.String)])
    return facts[np.where(home == NONE, facts.height - 1, home)].with_columns(
        label=np.arange(packed.size),
        family=names.gather(np.where(family == NONE, len(names) - 1, family)),
        root_method=pl.Series(ORIGIN_METHODS, dtype=METHODS).gather(method),
    )
