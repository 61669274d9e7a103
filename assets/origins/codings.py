"""Codings: the origin of every model under each question one may ask.

Here: publisher coding (who released it), weights coding (which root base models it goes back to) and control
coding (who controls the publisher), for a day and for every stretch of the registry. Not here: the registry's rules
(`registry.py`), ids (`identities.py`), the graph (`lineage.py`), patterns in names (`families.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from assets.origins.curated import NO_SINGLE_BASE
from assets.origins.families import Codes, Families, load_families
from assets.origins.identities import BARE_NAME, HUB_ID, Index, account_of, before_slash, in_portions, name_of
from assets.origins.lineage import Flags, Graph, Integers, Mixtures, slices
from assets.origins.registry import origin_group, publishers_at
from assets.schemas.vocabulary import CODINGS, ORIGIN_METHODS, ORIGINS, RELATIONS

PERSONAL_ACCOUNT: Final = r"^u\d{5}$"
"""Pseudonyms that the snapshot gives to personal accounts."""

HUB: Final = "huggingface"
NONE: Final = -1
MAKERS: Final = ("lab", "platform")
"""Roles whose accounts release weights of their own: their word goes before a family's name in a model's."""

RELATION_ORDER: Final = ("merge", "adapter", "quantized", "finetune", "unspecified")
"""Where a model declares several relations, the first of these is kept."""

METHODS: Final = pl.Enum(ORIGIN_METHODS)
METHOD: Final[Mapping[str, int]] = {name: code for code, name in enumerate(ORIGIN_METHODS)}
GRAPH_OF: Final[Mapping[str, str]] = {"publisher": "release", "control": "release", "weights": "weights"}
COUNTRY_OF: Final[Mapping[str, str]] = {"publisher": "headquarters", "control": "control", "weights": "headquarters"}


def registry_since(day: str, publishers: pl.DataFrame) -> pl.Expr:
    """Return the first day of the registry's present wording on each day of a column.

    Between two days on which some row begins or ends, the registry says the same: origins are worked out once for
    each such stretch, and a figure takes those of its own day.

    Args:
        day: Column with dates.
        publishers: Table ``publishers``.
    """
    changes = pl.concat([publishers["valid_from"], publishers["valid_to"].drop_nulls()]).unique().sort()
    stretch = pl.lit(changes).search_sorted(pl.col(day), side="right").cast(pl.Int64) - 1
    return pl.when(stretch >= 0).then(pl.lit(changes).gather(stretch.clip(0))).otherwise(pl.lit(changes.min(), pl.Date))


@dataclass(frozen=True, kw_only=True)
class _Registry:
    """What the registry and the table of families say on a day, by code.

    Attributes:
        accounts: One row per account: platform, account, canonical_account, headquarters, control, role,
            review_state; its place is its code.
        sole: Family of accounts with just one, as a code of ``names``, else ``NONE``.
        names: Families: those of the pattern table first.
        homes: Code of the home account of each family of the pattern table, ``NONE`` where the registry lacks it.
        patterns: The table of families.
    """

    accounts: pl.DataFrame
    sole: Integers
    names: pl.Series
    homes: Integers
    patterns: Families

    @classmethod
    def on(cls, publishers: pl.DataFrame, day: date) -> "_Registry":
        patterns = load_families()
        accounts = publishers_at(publishers, day)
        canonical = accounts.select("platform", account="canonical_account")
        said = publishers.select("platform", "account", "families").unique(["platform", "account"], keep="last")
        families = canonical.join(said, on=["platform", "account"], how="left", maintain_order="left")["families"]
        sole = families.set(families.str.contains(";").fill_null(value=False), None)
        names = pl.concat([pl.Series(patterns.names), sole.drop_nulls()]).unique(maintain_order=True)
        home = {
            account: code
            for code, (platform, account) in enumerate(accounts.select("platform", "account").iter_rows())
            if platform == HUB
        }
        return cls(
            accounts=accounts,
            sole=Index(names).positions(sole),
            names=names,
            homes=np.array([home.get(account, NONE) for account in patterns.accounts], dtype=np.int64),
            patterns=patterns,
        )

    def index(self, platform: str) -> tuple[Index, Integers]:
        """Return the accounts of a platform to look others up in, and the codes of the places found there."""
        known = self.accounts.with_row_index("code").filter(pl.col("platform") == platform)
        codes: Integers = np.append(known["code"].to_numpy(), NONE).astype(np.int16)
        return Index(known["account"]), codes  # place -1, not there, is the last one: NONE

    def codes(self, accounts: pl.Series) -> Integers:
        """Return the code of each account of the Hub, ``NONE`` where the registry has no row for it on the day."""
        index, codes = self.index(HUB)
        return codes[index.positions(accounts)]

    def flags(self, column: str, values: tuple[str, ...]) -> Flags:
        """Return for each code whether a column has one of the values; the last place stands for ``NONE``."""
        return np.append(self.accounts[column].is_in(values).to_numpy(), [False])

    def renamed(self, ids: pl.Series, who: Integers) -> pl.Series:
        """Return ids under the present name of their account.

        Args:
            ids: Ids of the Hub.
            who: Code of the account of each, ``NONE`` where it is not to be renamed.
        """
        old = (self.accounts["account"] != self.accounts["canonical_account"]).to_numpy()
        at = np.flatnonzero(np.append(old, [False])[who])
        if not at.size:
            return ids
        present = self.accounts["canonical_account"].gather(who[at])
        return ids.clone().scatter(
            at, pl.select(pl.concat_str(present, pl.lit("/"), name_of(ids.gather(at)))).to_series()
        )


@dataclass(frozen=True, kw_only=True)
class _Nodes:
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


def _keys(models: pl.DataFrame, who: Integers, registry: _Registry) -> pl.Series:
    """Return the key of each listed model: its id under the present name of its account; elsewhere with its hub."""
    ids, on_hub = models["model_id"], models["platform"] == HUB
    if on_hub.all():
        return registry.renamed(ids, who)
    tagged = models.select(pl.format("{}:{}", "platform", "model_id")).to_series()
    return registry.renamed(ids, np.where(on_hub, who, NONE)).zip_with(on_hub, tagged)


def _accounts(models: pl.DataFrame, registry: _Registry) -> tuple[Integers, Flags]:
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


def _numbered(models: pl.DataFrame, parents: pl.DataFrame, registry: _Registry) -> _Nodes:
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
    return _Nodes(
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


def _packed(home: Integers | int, family: Integers | int, method: Integers | int, *, families: int) -> Integers:
    """Return home, family and method (each may be ``NONE``) as one number."""
    first = (np.asarray(home, dtype=np.int32) + 1) * np.int32(families + 1) + np.asarray(family, dtype=np.int32) + 1
    packed: Integers = first * np.int32(len(METHOD)) + np.asarray(method, dtype=np.int32)
    return packed


def _unpacked(packed: Integers, *, families: int) -> tuple[Integers, Integers, Integers]:
    """Return home, family and method of each number."""
    method, rest = packed % len(METHOD), packed // len(METHOD)
    return rest // (families + 1) - 1, rest % (families + 1) - 1, method


def _by_account(registry: _Registry) -> tuple[Integers, Integers, Integers]:
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


def _in_names(nodes: _Nodes, scanned: Integers, patterns: Families) -> tuple[Codes, Codes]:
    """Return what ``Families.in_ids`` says of some nodes, listed ones first."""
    known = np.searchsorted(scanned, len(nodes.ids))
    listed = patterns.in_ids(nodes.ids, scanned[:known])
    unlisted = patterns.in_ids(nodes.unlisted, scanned[known:] - np.int32(len(nodes.ids)))
    return np.concatenate([listed[0], unlisted[0]]), np.concatenate([listed[1], unlisted[1]])


def _own_words(
    nodes: _Nodes, registry: _Registry, counts: Flags, architectures: pl.Series | None
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


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Origins of models on a day, ready to be written out coding by coding.

    Attributes:
        models: One row per model, listed ones first and in their order, then those that only the lineage names:
            relation, and for each graph mixture, depth and whether it has parents in it.
        ids: ``model_id`` of each.
        parts: For each coding mixture × country with weight, unreviewed_weight, origin, family and root_method.
    """

    models: pl.DataFrame
    ids: pl.Series
    parts: Mapping[str, pl.DataFrame]

    def rows(self, coding: str, *, first: int = 0, count: int | None = None) -> pl.DataFrame:
        """Return the rows of a coding, one per model × country.

        Args:
            coding: One of ``CODINGS``.
            first: Model to begin with.
            count: Number of models; all that follow by default.

        Returns:
            index (place of the model in ``ids``), coding, country, origin, weight, unreviewed_weight, family,
            relation, method, root_method and depth.
        """
        graph, parts = GRAPH_OF[coding], self.parts[coding]
        models = self.models.slice(first, count).select(
            "relation", mixture=f"{graph}_mixture", depth=f"{graph}_depth", has_parents=f"{graph}_has_parents"
        )
        # The parts are sorted by mixture, and every mixture has some.
        sizes = np.bincount(parts["mixture"].to_numpy())
        mixture = models["mixture"].to_numpy()
        several = sizes[mixture]
        at = slices((np.cumsum(sizes) - sizes)[mixture], several)
        of = np.repeat(np.arange(models.height, dtype=np.int32), several)
        origins, models = parts[at], models.select("relation", "depth", "has_parents")[of]
        root = pl.col("root_method")
        return pl.concat([origins, models], how="horizontal").select(
            (pl.Series(of) + first).cast(pl.UInt32).alias("index"),
            pl.lit(coding, pl.Enum(CODINGS)).alias("coding"),
            "country",
            "origin",
            "weight",
            "unreviewed_weight",
            "family",
            "relation",
            pl.when("has_parents").then(pl.lit("declared_parents", METHODS)).otherwise(root).alias("method"),
            root,
            "depth",
        )


def _relations(nodes: _Nodes, parents: pl.DataFrame) -> pl.Series:
    """Return how each node was made from its parents, null where it declares none but itself."""
    codes = parents["relation"].cast(pl.Enum(RELATION_ORDER)).to_physical().to_numpy()
    others = nodes.child != nodes.parent
    first = np.full(nodes.who.size, len(RELATION_ORDER), dtype=np.uint8)
    np.minimum.at(first, nodes.child[others], codes[others].astype(np.uint8))
    words = pl.Series([*RELATION_ORDER, None], dtype=pl.Enum(RELATIONS))
    return words.gather(first).alias("relation")


def _label_table(packed: Integers, registry: _Registry) -> pl.DataFrame:
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


def _parts(mixtures: Mixtures, labels: pl.DataFrame, coding: str) -> pl.DataFrame:
    """Return mixture × country of one coding, with what each part rests on."""
    country = COUNTRY_OF[coding]
    review = pl.col("unreviewed")
    method = pl.col("root_method")
    if coding == "control":
        # Who controls an organisation is always the curator's judgement; a review speaks of the headquarters.
        known = pl.col("control") != NO_SINGLE_BASE
        review = known
        method = (
            pl.when(known & (method == "registry"))
            .then(pl.lit("registry_unreviewed", METHODS))
            .when(~known & method.is_in(["registry", "registry_unreviewed", "name_pattern", "architecture"]))
            .then(pl.lit("no_single_base", METHODS))
            .otherwise(method)
        )
    said = labels.select(
        pl.col("label").cast(pl.Int32),
        pl.col("family").cast(pl.Categorical),
        country=pl.col(country).cast(pl.Categorical),
        origin=origin_group(country).cast(pl.Enum(ORIGINS)),
        root_method=method,
        unreviewed=review,
    )
    key = ["mixture", "country"]
    whole = said.select(
        "country",
        "origin",
        "family",
        "root_method",
        mixture="label",
        weight=pl.lit(1.0),
        unreviewed_weight=pl.col("unreviewed").cast(pl.Float64),
    )
    parts = pl.DataFrame({"mixture": mixtures.junction, "label": mixtures.label, "weight": mixtures.weight})
    parts = parts.cast({"mixture": pl.Int32, "label": pl.Int32}).join(said, on="label")
    lines = (
        parts.select(*key, "family")
        .drop_nulls("family")
        .unique()
        .sort(*key, "family")
        .group_by(key, maintain_order=True)
        .agg(pl.col("family").cast(pl.String).str.join(";").cast(pl.Categorical))
    )
    mixed = (
        parts.sort("mixture", "weight", "root_method", descending=[False, True, False])
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("origin").first(),
            pl.col("root_method").first(),
            pl.col("weight").sum().clip(0.0, 1.0),
            unreviewed_weight=(pl.col("weight") * pl.col("unreviewed")).sum().clip(0.0, 1.0),
        )
        .join(lines, on=key, how="left")
    )
    return pl.concat([whole, mixed.select(whole.columns)])


def attribute(models: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame, *, day: date) -> Attribution:
    """Return whose each model is on a day, under every coding.

    Publisher coding asks who released the model: the headquarters of its account's organisation. Control coding
    asks who controls that organisation. A repackager releases nothing of its own, so its models take both from what
    they declare as base, through any number of repackagers. Weights coding follows every declared parent to the
    roots and asks where the makers of those sit.

    A root that its account does not explain (personal, unlisted, a repackager or finetuner) is explained by its
    architecture, else by the one family that its name mentions; ``root_method`` says so. What remains is unknown,
    never guessed: country ``ZZ`` with the reason in ``root_method``.

    Args:
        models: ``platform`` and ``model_id`` (once a platform); may have ``account`` (else it is what stands before
            the slash), ``architecture`` and ``lineage_observed`` (false: no table shows this model's lineage, so
            its weights are unknown).
        parents: Table ``model_parents``: ids of Hugging Face. Ids that are not listed, local paths, self-loops and
            cycles are welcome.
        publishers: Table ``publishers``.
        day: Day on which to read the registry.
    """
    registry = _Registry.on(publishers, day)
    nodes = _numbered(models, parents, registry)
    count = nodes.who.size
    graph = Graph(count, nodes.child, nodes.parent)
    architectures = models["architecture"] if "architecture" in models.columns else None
    words = _own_words(nodes, registry, graph.counts, architectures)
    code, distinct = _compact([words["release"], words["weights"], words["unseen"]])
    labels = _label_table(distinct, registry)
    at = np.concatenate([nodes.listed, nodes.strangers["node"].cast(pl.Int32).to_numpy()])
    weights = graph.mixtures(code[words["weights"]], labels=distinct.size)
    # A model whose lineage nobody saw may still be the root of others; only its own row stays unknown.
    weights.mixture[nodes.unseen] = code[words["unseen"]]
    columns = _columns("weights", graph, weights, at)
    parts = {"weights": _parts(weights, labels, "weights")}
    del graph, weights, words["weights"]  # for millions of models each is large
    handed_on = registry.flags("role", ("repackager",))[nodes.who[nodes.child]]
    graph = Graph(count, nodes.child[handed_on], nodes.parent[handed_on])
    release = graph.mixtures(code[words["release"]], labels=distinct.size)
    columns += _columns("release", graph, release, at)
    parts |= {coding: _parts(release, labels, coding) for coding in ("publisher", "control")}
    return Attribution(
        models=pl.DataFrame([*columns, _relations(nodes, parents).gather(at)]),
        ids=pl.concat([models["model_id"], nodes.strangers["model_id"]]),
        parts=parts,
    )


def _columns(name: str, graph: Graph, mixtures: Mixtures, at: Integers) -> list[pl.Series]:
    """Return mixture, depth and whether there are parents, of the nodes of all models."""
    facts = {"mixture": mixtures.mixture, "depth": graph.depth, "has_parents": graph.has_parents}
    return [pl.Series(f"{name}_{fact}", values[at]) for fact, values in facts.items()]


def _compact(columns: list[Integers]) -> tuple[Integers, Integers]:
    """Return a table from label to its rank among those that occur, and the labels that occur."""
    there = np.zeros(max(int(column.max(initial=0)) for column in columns) + 1, dtype=bool)
    for column in columns:
        there[column] = True
    rank: Integers = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return rank, np.flatnonzero(there)


def _listed(models: pl.DataFrame, totals: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Every model once a stretch of the registry, with its last day in it and whether a table shows its lineage."""
    columns = ["platform", "model_id", "account", "observed_on"]
    listed = pl.concat([models.select(columns), totals.select(columns)])
    shown = models.select("platform", "model_id").unique().with_columns(lineage_observed=pl.lit(True))  # noqa: FBT003
    return (
        listed.with_columns(registry_since=registry_since("observed_on", publishers))
        .sort("observed_on")
        .group_by("platform", "model_id", "registry_since")
        .agg(pl.col("account").last(), pl.col("observed_on").last())
        .join(shown, on=["platform", "model_id"], how="left")
        .with_columns(pl.col("lineage_observed").fill_null(value=False))
        .sort("platform", "model_id", "registry_since")
    )


def _stretches(listed: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the origins of the models of each stretch; what they descend from may be listed in others."""
    for stretch in listed.partition_by("registry_since", maintain_order=True):
        elsewhere = listed.join(stretch, on=["platform", "model_id"], how="anti").unique(
            ["platform", "model_id"], keep="last", maintain_order=True
        )
        everyone = pl.concat([stretch, elsewhere])
        last_day: date = stretch["observed_on"].to_list()[stretch["observed_on"].arg_max() or 0]
        found = attribute(everyone, parents, publishers, day=last_day)
        # What only the lineage names stands beside the models that name it.
        named = found.ids.slice(everyone.height) if stretch["lineage_observed"].any() else found.ids.clear()
        shown = pl.concat(
            [
                stretch.select("platform", "model_id", index=pl.int_range(pl.len(), dtype=pl.UInt32)),
                pl.DataFrame({"model_id": named}).select(
                    pl.lit(HUB).alias("platform"),
                    "model_id",
                    index=pl.int_range(pl.len(), dtype=pl.UInt32) + everyone.height,
                ),
            ]
        ).with_columns(registry_since=pl.lit(stretch["registry_since"][0], pl.Date))
        for coding in CODINGS:
            rows = found.rows(coding)
            yield (
                shown.join(rows, on="index")
                .with_columns(
                    pl.col("coding", "country", "origin", "family", "relation", "method", "root_method").cast(
                        pl.String
                    ),
                    pl.col("depth").cast(pl.Int64),
                )
                .drop("index")
            )


def model_origins(
    models: pl.DataFrame, totals: pl.DataFrame, parents: pl.DataFrame, publishers: pl.DataFrame
) -> pl.DataFrame:
    """Return the origin of every listed model, and of every model that only the lineage names.

    The registry is dated, so a model has origins for each stretch of it in which it was observed; within a stretch
    ``attribute`` says how. A model that no table shows the lineage of (crawls of download counters, ModelScope) has
    unknown weights.

    Args:
        models: Table ``models``.
        totals: Table ``model_download_totals``.
        parents: Table ``model_parents``.
        publishers: Table ``publishers``.

    Returns:
        Table ``model_origins``.
    """
    listed = _listed(models, totals, publishers)
    return pl.concat(_stretches(listed, parents, publishers)).sort(
        "platform", "model_id", "registry_since", "coding", "country"
    )
