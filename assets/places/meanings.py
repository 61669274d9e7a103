"""What each name of a text may mean: places and their priors, countries, and how much a name speaks for each.

Here: the arrays on which a text is resolved. Not here: finding names (`assets/places/spans.py`), choosing among what
they mean (`assets/places/resolve.py`).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assets.places.gazetteer import (
    ADMIN1,
    ADMIN2,
    ANY,
    AT_TAIL,
    CAPITALS,
    CITY,
    CODE,
    COUNTRY,
    MULTINATIONAL,
    NONPLACE,
    REGION,
    Gazetteer,
)
from assets.places.groups import flags, largest, starts
from assets.places.names import KINDS
from assets.places.spans import Spans

Array = np.ndarray[Any, Any]

CHANCE: Final = dict(zip(KINDS, (1e-6, None, None, None, 1e-4, 1e-3, 1e-3, None, 0.5, 0.5), strict=True))
"""How often a text holds a name of this kind without meaning it. Cities, subdivisions and codes: by size."""


def _kinds(*kinds: int) -> Array:
    """Return an array that is true at the positions of kinds: look-up is faster than comparison."""
    return np.isin(np.arange(len(KINDS)), kinds)


IS_CONTAINER: Final = _kinds(COUNTRY, ADMIN1, REGION, CODE)
IS_SUBDIVISION: Final = _kinds(ADMIN1, REGION, CODE)
IS_LOWER: Final = _kinds(ADMIN1, ADMIN2)

NEUTRAL_CHANCE: Final = 0.3

FOREIGN_CHANCE: Final = 1e-4
"""The same of a country's name in a language that is not its own."""

PERSONAL_CHANCE: Final = 0.03
RESPELT_CHANCE: Final = 0.03

HOMONYM: Final = 0.08
"""Least share of a country among the meanings of a name that counts without a containing name."""

CONTAINER: Final = 0.02
"""Least share of a country among the meanings of a name that makes it a container for others."""

ASTRAY: Final = 0.1
"""How often a city is named beside a subdivision of its country that does not hold it."""

LARGE_TOWN: Final = 40_000.0
"""Prior from which a town that is called like another country stands beside its own country's name."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What the names of all texts may mean: one entry per name and row of the gazetteer, by name and country."""

    name: Array
    row: Array
    kind: Array
    country: Array
    prior: Array
    is_code: Array

    @staticmethod
    def of(spans: Spans, gazetteer: Gazetteer) -> "Rows":
        """Look up what the names that were found may mean, where they are written as it asks."""
        key = spans.frame["key_id"].to_numpy()
        first, last = gazetteer.starts[key], gazetteer.starts[key + 1]
        sizes = last - first
        name = np.repeat(np.arange(len(key)), sizes)
        row = np.arange(len(name)) - np.repeat(np.cumsum(sizes) - sizes - first, sizes)
        case = gazetteer.case[row]
        capitals, tail = spans.frame["capitals_count"].to_numpy(), spans.frame["tail_counts"].to_numpy()
        counts = (case == ANY) | ((case == CAPITALS) & capitals[name]) | ((case == AT_TAIL) & tail[name])
        name, row = name[counts], row[counts]
        return Rows(
            name=name,
            row=row,
            kind=gazetteer.kind[row],
            country=gazetteer.country[row].astype(np.int64),
            prior=gazetteer.prior[row].astype(np.float64),
            is_code=case[counts] != ANY,
        )


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of all texts, each by its clearest meaning: the one of the highest prior.

    ``kind`` is that of the meaning, ``CODE`` where it counts in capitals or at the tail only; ``chance`` is the log of
    how often texts hold the name without meaning it; ``beside`` says whether its alternative holds another name,
    ``last`` whether it is the last one.
    """

    count: int
    text: Array
    alternative: Array
    alternatives: int
    kind: Array
    country: Array
    prior: Array
    chance: Array
    vague: Array
    neutral: Array
    state: Array
    last: Array
    beside: Array
    foreign: Array
    common: Array
    respelt: Array
    whole: Array
    tokens: Array

    @staticmethod
    def of(spans: Spans, rows: Rows, gazetteer: Gazetteer) -> "Names":
        """Give each name its clearest meaning."""
        frame = spans.frame
        count = frame.height
        lead = largest(rows.name, rows.prior)
        kind, prior, country = np.full(count, NONPLACE), np.ones(count), np.full(count, -1)
        kind[rows.name[lead]], prior[rows.name[lead]] = rows.kind[lead], rows.prior[lead]
        country[rows.name[lead]] = rows.country[lead]
        is_code = np.zeros(count, bool)
        is_code[rows.name[lead]] = rows.is_code[lead]
        is_code &= (kind != NONPLACE) & (kind != MULTINATIONAL)
        state = is_code & (kind == ADMIN1)
        foreign = np.zeros(count, bool)
        foreign[rows.name[lead]] = gazetteer.second_hand[rows.row[lead]]
        foreign &= kind == COUNTRY
        kind = np.where(is_code, CODE, kind)
        tokens = frame["tokens"].to_numpy()
        neutral, respelt = frame["neutral"].to_numpy(), frame["respelt"].to_numpy()
        digits = np.log10(np.maximum(prior, 1))
        by_size = -np.log(10) * np.clip(digits - 3, 0.5, 4) - 0.7 * (tokens > 1)
        fixed = np.log([CHANCE[name] or 1.0 for name in KINDS])[kind]
        chance = np.where((kind == CITY) | (kind == ADMIN2), by_size, fixed)
        chance = np.where(kind == ADMIN1, -np.log(10) * np.clip(digits - 2, 1, 4), chance)
        chance = np.where(kind == CODE, -np.log(10) * np.clip(digits - 5.3, 0.5, 3), chance)
        chance = np.where(foreign, np.log(FOREIGN_CHANCE), chance)
        chance = np.where(frame["personal"].to_numpy(), np.log(PERSONAL_CHANCE), chance)
        chance = np.where(respelt, np.log(RESPELT_CHANCE), chance)
        chance = np.where(neutral, np.log(NEUTRAL_CHANCE), chance)
        alternative = frame["alternative"].to_numpy().astype(np.int64)
        return Names(
            count=count,
            text=frame["text"].to_numpy().astype(np.int64),
            alternative=alternative,
            alternatives=int(alternative[-1]) + 1 if count else 0,
            kind=kind,
            country=country,
            prior=prior,
            chance=chance,
            vague=neutral | respelt,
            neutral=neutral,
            state=state & frame["capitals_count"].to_numpy(),
            last=np.append(alternative[1:] != alternative[:-1], True)[:count],
            beside=np.bincount(alternative, minlength=1)[alternative] > 1,
            foreign=foreign,
            common=frame["common"].to_numpy(),
            respelt=respelt,
            whole=frame["whole"].to_numpy(),
            tokens=tokens,
        )


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """One entry per name and country that it may mean: share of the country among its meanings, and its worth."""

    base: int
    name: Array
    text: Array
    country: Array
    kind: Array
    share: Array
    worth: Array

    @staticmethod
    def of(rows: Rows, names: Names, gazetteer: Gazetteer) -> "Pairs":
        """Weigh each country that each name may mean (formula: `assets/places/resolve.py`)."""
        base = len(gazetteer.countries) + 1
        first = starts(rows.name * base + rows.country)
        name, country = rows.name[first], rows.country[first]
        # Rows of a pair begin with its highest prior. The largest place of a name in each country stands for all:
        # people write the subdivision behind the lesser ones.
        prior, kind = rows.prior[first], rows.kind[first]
        mass = np.bincount(name, weights=prior, minlength=names.count)
        held = np.where(IS_CONTAINER[rows.kind], rows.prior, 0)
        held = np.maximum.reduceat(held, first) if len(first) else held
        real = country >= 0
        name, country, prior, kind, held = name[real], country[real], prior[real], kind[real], held[real]
        share, held = prior / mass[name], held / mass[name]
        text = names.text[name]
        lead = names.kind[name]
        texts = int(names.text[-1]) + 1 if names.count else 0
        holds = held > CONTAINER
        here = text * base + country
        there = names.alternative[name] * base + country
        inside, inside_text = (
            np.logical_or.reduceat(held_by, first)[real] if len(first) else real
            for held_by in _inside(rows, names, mass, gazetteer)
        )
        # "Athens / Georgia", "Hyderabad / Pakistan", but not "London / New York": no London lies there.
        beside = (
            flags(there[holds], names.alternatives * base)[there]
            | flags(here[holds & (kind == COUNTRY)], texts * base)[here]
            | inside_text
        )
        subdivided = flags(there[holds & (kind != COUNTRY)], names.alternatives * base)[there]
        # A homonym of a country needs a subdivision in the same alternative: "Lebanon, Ohio", not "Lebanon / USA".
        own = (kind == COUNTRY) & (lead == COUNTRY)
        # Or it is one, or a large town, of a country that is named behind it: "Niger, Nigeria", "Uman, Ukraine".
        large = IS_LOWER[rows.kind] | ((rows.kind == CITY) & (rows.prior > LARGE_TOWN))
        part = np.logical_or.reduceat(large, first)[real] if len(first) else real
        sure = np.flatnonzero((names.kind == COUNTRY) & ~names.foreign)
        part &= _comes_later(there, name, (names.alternative * base + names.country)[sure], sure)
        backed = np.where(lead == COUNTRY, inside | own | part, beside) | (share >= HOMONYM)
        # Who writes the subdivision means a lesser homonym more often than who does not.
        told = np.where(inside & (kind != COUNTRY), share ** np.where(lead == COUNTRY, 0.25, 0.5), share)
        # "Vancouver, CA" is not California: no Vancouver lies there.
        astray = np.log(ASTRAY) * (subdivided & ~inside & (held == 0))
        worth = np.maximum(np.log(np.maximum(told, 1e-12)) + astray - names.chance[name], 0)
        return Pairs(
            base=base, name=name, text=text, country=country, kind=kind, share=share, worth=np.where(backed, worth, 0)
        )


def _comes_later(where: Array, name: Array, sure_where: Array, sure: Array) -> Array:
    """Say for each pair whether one of the sure names stands in the same place, behind the name of the pair."""
    if not len(sure):
        return np.zeros(len(where), bool)
    order = np.argsort(sure_where, kind="stable")
    keys = sure_where[order]
    last = np.maximum(np.searchsorted(keys, where, side="right") - 1, 0)
    found: Array = (keys[last] == where) & (sure[order][last] > name)
    return found


def _inside(rows: Rows, names: Names, mass: Array, gazetteer: Gazetteer) -> tuple[Array, Array]:
    """Say for each row whether a subdivision that holds the place is named in the same alternative, and in the text."""
    opens = np.append(True, names.alternative[1:] != names.alternative[:-1])[: names.count]
    several = np.bincount(names.text, weights=opens, minlength=1)[names.text] > 1
    base = len(gazetteer.admin1s) + 1
    found = []
    for group, may_be in ((names.alternative, names.beside), (names.text, several)):
        at = np.flatnonzero(may_be[rows.name])
        name, admin1 = rows.name[at], gazetteer.admin1[rows.row[at]].astype(np.int64)
        holder = IS_SUBDIVISION[rows.kind[at]] & (admin1 >= 0) & (rows.prior[at] > CONTAINER * mass[name])
        held = np.zeros(len(rows.name), bool)
        held[at] = _held(group[name] * base + admin1, name, holder)
        found.append(held)
    # Where a text has one alternative, the text is the alternative.
    return found[0], found[0] | found[1]


def _held(where: Array, name: Array, holder: Array) -> Array:
    """Say for each row whether another name is a holder in the same place."""
    order = np.argsort(where[holder], kind="stable")
    keys, witness = where[holder][order], name[holder][order]
    if not len(keys):
        return np.zeros(len(where), bool)
    first = starts(keys)
    at = np.minimum(np.searchsorted(keys[first], where), len(first) - 1)
    # A name is no witness that it is held itself; rows stand in the order of names.
    other = (witness[first][at] != name) | (witness[np.append(first[1:], len(keys)) - 1][at] != name)
    held: Array = (keys[first][at] == where) & other
    return held
