"""What the names of a text mean together: the country that explains them best, and the subdivision and city in it.

Here: scoring countries and subdivisions, choosing a city, and the measures on which the confidence rests. Not here:
finding names (`assets/places/spans.py`), the decision to answer (`assets/places/confidence.py`).

How a country is scored. Each name of a text speaks for the countries that it may mean. It is worth

    log(share of the country among the meanings of the name) - log(how often texts hold the name by chance)

and never less than 0. Chance is small for the name of a country (10⁻⁶) and large for a village (a third), because
villages are called Time, Root and Over. A country's score is the sum over the names; a text that says nothing has
score 0, so ``exp(score) / (1 + sum of exp(scores))`` is the probability that the country is meant, as far as the names
alone tell. A homonym that few mean counts only if the text also names what contains it: London in Ontario needs
Ontario or Canada.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

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
from assets.places.names import KINDS
from assets.places.spans import Spans

Array = np.ndarray[Any, Any]

CHANCE: Final = dict(zip(KINDS, (1e-6, None, None, None, 1e-4, 1e-3, 1e-3, None, 0.5, 0.5), strict=True))
"""How often a text holds a name of this kind without meaning it. Cities, subdivisions and codes: by size."""

ADMIN1_CHANCE: Final = dict(zip(KINDS, (0.7, 1e-3, 0.05, 0.02, 1e-3, 0.02, 0.02, 0.01, 0.5, 0.5), strict=True))
"""The same within a country, for the subdivision: a name of the country says little (Guatemala), a city much."""

STATE_CHANCE: Final = 1e-3
"""The same of the letters of a state."""

NEUTRAL_CHANCE: Final = 0.3
FOREIGN_CHANCE: Final = 1e-4
"""The same of a country's name in a language that is not its own."""

RESPELT_CHANCE: Final = 0.03
HOMONYM: Final = 0.08
"""Least share of a country among the meanings of a name that counts without a containing name."""

CONTAINER: Final = 0.02
"""Least share of a country among the meanings of a name that makes it a container for others."""

ASTRAY: Final = 0.1
"""How often a city is named beside a subdivision of its country that does not hold it."""

NAMED: Final = 9.0
"""Worth of a name that is sure to be the country's own."""

RIVAL: Final = 5.0
"""Worth of a name that the country leaves unexplained, from which on the text is open."""

ONE_WORD, SEVERAL = 1, 2
"""Kinds of placeless names: a word that names no place; a region of several countries."""

CLEAR: Final = 0.66
"""Weight of the first country among those that a text may mean, below which homonyms leave it open."""

LEAST_CANDIDATE: Final = 0.1
"""Weight that a country must have to be a candidate of an open text."""

HALF_MEANT: Final = 0.3
"""Share among the meanings of a name from which on it may speak against another country."""

LARGE_TOWN: Final = 40_000.0
"""Prior from which a town that is called like another country stands beside its own country's name."""

LEAST_ODDS: Final = float(np.log(0.6 / 0.4))
"""Log odds that a subdivision must have to be answered."""

LESSER: Final = 0.05
"""People of a city, as a share of a subdivision's, below which a further name that both share means the latter."""


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What texts mean, one entry a text.

    Attributes:
        country: Position in the gazetteer's countries, -1 = no name speaks for any.
        admin1: Position in its subdivisions, -1 = none can be told.
        geonameid: City, -1 = none can be told.
        around: Whether the city is the core of the region that is meant, not the place itself.
        kind: Kind of the clearest name that the country explains, as in ``names.KINDS``; ``len(KINDS)`` = none.
        placeless: Whether a name says that there is no place: ``ONE_WORD``, ``SEVERAL`` or 0.
        rivals: Whether names of another country are left unexplained.
        homonyms: Whether the names mean places in several countries, none of them clearly.
        candidates: One row per open text and country that it may mean: text, country (code), weight. Where names of
            other countries are left unexplained, these and the chosen one in equal parts; of homonyms, each by its
            score.
        measures: What the confidence is computed from, by name.
    """

    country: Array
    admin1: Array
    geonameid: Array
    around: Array
    kind: Array
    placeless: Array
    rivals: Array
    homonyms: Array
    candidates: pl.DataFrame
    measures: dict[str, Array]


def resolve(spans: Spans, gazetteer: Gazetteer) -> Resolution:
    """Find the country, subdivision and city that explain the names of texts."""
    rows = _Rows.of(spans, gazetteer)
    names = _Names.of(spans, rows, gazetteer)
    pairs = _Pairs.of(rows, names, gazetteer)
    hypothesis, score = _sums(pairs.text * pairs.base + pairs.country, pairs.worth)
    text, country = hypothesis // pairs.base, hypothesis % pairs.base
    best, odds = _best(text, score, spans.texts)
    chosen = np.append(country, -1)[best]

    mine = pairs.country == chosen[pairs.text]
    explained = np.zeros(names.count, bool)
    explained[pairs.name[mine & (pairs.worth > 0)]] = True
    sure = pairs.name[mine & (pairs.kind == COUNTRY) & (pairs.worth > NAMED) & ~names.foreign[pairs.name]]
    clear = pairs.name[mine & (pairs.worth > RIVAL)]
    # A country that is named claims the smaller names beside it ("Brno, Slovakia"), any clear name a mere code.
    claimed = (_flags(names.alternative[sure], names.alternatives)[names.alternative] & (names.kind != COUNTRY)) | (
        _flags(names.alternative[clear], names.alternatives)[names.alternative] & (names.kind == CODE)
    )
    # But "Amsterdam, MO" is Missouri, whether the gazetteer knows an Amsterdam there or not.
    claimed &= ~(names.state & names.whole & names.last)
    own = np.zeros(names.count)
    np.maximum.at(own, pairs.name, np.where(pairs.share > HALF_MEANT, pairs.worth, 0))
    against = np.where(explained | claimed, 0, own)

    def most(values: Array, where: Array = explained, start: float = 0.0) -> Array:
        found = np.full(spans.texts, start)
        np.maximum.at(found, names.text[where], values[where])
        return found

    conflict = most(against, np.ones(names.count, bool))
    rivals = conflict >= RIVAL
    weight = np.exp(score - np.append(score, 0)[best[text]])
    total = np.bincount(text, weights=weight, minlength=spans.texts)
    weight = weight / total[text]
    likely = np.bincount(text[weight >= LEAST_CANDIDATE], minlength=spans.texts)
    homonyms = (total > 1 / CLEAR) & (likely > 1) & ~rivals
    held = _candidates(
        open_=rivals | homonyms, text=text, country=country, weight=weight, chosen=chosen, pairs=pairs, against=against
    )
    # Words such as "northeast" say something beside a name only.
    clearly = np.bincount(names.text[explained & ~names.neutral], minlength=spans.texts) > 0
    chosen = np.where(clearly, chosen, -1)
    admin1, geonameid, around, admin1_odds = _within(chosen, rows, names, gazetteer)
    kind = np.full(spans.texts, len(KINDS))
    np.minimum.at(kind, names.text[explained], names.kind[explained])
    share = np.zeros(spans.texts)
    np.maximum.at(share, pairs.text[mine], pairs.share[mine])
    placeless = np.zeros(spans.texts, np.int8)
    said = np.where(names.kind == NONPLACE, ONE_WORD, np.where(names.kind == MULTINATIONAL, SEVERAL, 0))
    np.maximum.at(placeless, names.text, said)
    return Resolution(
        country=chosen,
        admin1=admin1,
        geonameid=geonameid,
        around=around,
        kind=kind,
        placeless=placeless,
        rivals=rivals,
        homonyms=homonyms,
        candidates=pl.DataFrame(
            {"text": held[0], "country": pl.Series(gazetteer.countries[held[1]], dtype=pl.String), "weight": held[2]}
        ),
        measures={
            "odds": odds,
            "admin1_odds": admin1_odds,
            "conflict": conflict,
            "kind": kind,
            "size": most(np.log10(np.maximum(names.prior, 1))),
            "nonplace": (placeless > 0).astype(float),
            "respelt": most(names.respelt.astype(float), np.ones(names.count, bool)),
            "whole": most(names.whole.astype(float)),
            "common": 1 - most((~names.common | (names.kind == COUNTRY)).astype(float)),
            "longest": most(names.tokens.astype(float)),
            "codes_only": 1 - most((names.kind != CODE).astype(float)),
            "explained": np.where(clearly, np.bincount(names.text[explained], minlength=spans.texts), 0),
            "share": share,
            "unexplained": spans.unexplained,
            "words": spans.words,
        },
    )


def _candidates(
    *, open_: Array, text: Array, country: Array, weight: Array, chosen: Array, pairs: "_Pairs", against: Array
) -> tuple[Array, Array, Array]:
    """Return the countries that open texts may mean: text, country, weight (see ``Resolution.candidates``)."""
    rival = (against[pairs.name] >= RIVAL) & (pairs.share > HALF_MEANT)
    split = np.unique(pairs.text[rival])
    claims = np.unique(
        np.stack([np.append(pairs.text[rival], split), np.append(pairs.country[rival], chosen[split])]), axis=1
    )
    several, parts = np.unique(claims[0], return_counts=True)
    equal = 1 / np.repeat(parts, parts)
    scored = open_[text] & ~_flags(several, len(open_))[text] & (weight >= LEAST_CANDIDATE)
    return (
        np.append(claims[0], text[scored]),
        np.append(claims[1], country[scored]),
        np.append(equal, weight[scored]),
    )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What the names of all texts may mean: one entry per name and row of the gazetteer, by name and country."""

    name: Array
    row: Array
    kind: Array
    country: Array
    prior: Array
    is_code: Array

    @staticmethod
    def of(spans: Spans, gazetteer: Gazetteer) -> "_Rows":
        key = spans.frame["key_id"].to_numpy()
        first, last = gazetteer.starts[key], gazetteer.starts[key + 1]
        sizes = last - first
        name = np.repeat(np.arange(len(key)), sizes)
        row = np.arange(len(name)) - np.repeat(np.cumsum(sizes) - sizes - first, sizes)
        case = gazetteer.case[row]
        capitals, tail = spans.frame["capitals_count"].to_numpy(), spans.frame["tail_counts"].to_numpy()
        counts = (case == ANY) | ((case == CAPITALS) & capitals[name]) | ((case == AT_TAIL) & tail[name])
        name, row = name[counts], row[counts]
        return _Rows(
            name=name,
            row=row,
            kind=gazetteer.kind[row],
            country=gazetteer.country[row].astype(np.int64),
            prior=gazetteer.prior[row].astype(np.float64),
            is_code=case[counts] != ANY,
        )


@dataclass(frozen=True, kw_only=True)
class _Names:
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
    def of(spans: Spans, rows: _Rows, gazetteer: Gazetteer) -> "_Names":
        frame = spans.frame
        count = frame.height
        lead = _largest(rows.name, rows.prior)
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
        chance = np.where(respelt, np.log(RESPELT_CHANCE), chance)
        chance = np.where(neutral, np.log(NEUTRAL_CHANCE), chance)
        alternative = frame["alternative"].to_numpy().astype(np.int64)
        return _Names(
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
class _Pairs:
    """One entry per name and country that it may mean: share of the country among its meanings, and its worth."""

    base: int
    name: Array
    text: Array
    country: Array
    kind: Array
    share: Array
    worth: Array

    @staticmethod
    def of(rows: _Rows, names: _Names, gazetteer: Gazetteer) -> "_Pairs":
        base = len(gazetteer.countries) + 1
        first = _starts(rows.name * base + rows.country)
        name, country = rows.name[first], rows.country[first]
        # Rows of a pair begin with its highest prior. The largest place of a name in each country stands for all:
        # people write the subdivision behind the lesser ones.
        prior, kind = rows.prior[first], rows.kind[first]
        mass = np.bincount(name, weights=prior, minlength=names.count)
        held = np.where(np.isin(rows.kind, (COUNTRY, ADMIN1, REGION, CODE)), rows.prior, 0)
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
            np.logical_or.reduceat(_inside(rows, group, mass, gazetteer), first)[real] if len(first) else real
            for group in (names.alternative, names.text)
        )
        # "Athens / Georgia", "Hyderabad / Pakistan", but not "London / New York": no London lies there.
        beside = (
            _flags(there[holds], names.alternatives * base)[there]
            | _flags(here[holds & (kind == COUNTRY)], texts * base)[here]
            | inside_text
        )
        subdivided = _flags(there[holds & (kind != COUNTRY)], names.alternatives * base)[there]
        # A homonym of a country needs a subdivision in the same alternative: "Lebanon, Ohio", not "Lebanon / USA".
        own = (kind == COUNTRY) & (lead == COUNTRY)
        # Or it is one, or a large town, of a country that is named beside it: "Niger, Nigeria", "Uman, Ukraine".
        large = np.isin(rows.kind, (ADMIN1, ADMIN2)) | ((rows.kind == CITY) & (rows.prior > LARGE_TOWN))
        part = np.logical_or.reduceat(large, first)[real] if len(first) else real
        sure = (names.kind == COUNTRY) & ~names.foreign
        part &= _flags((names.alternative * base + names.country)[sure], names.alternatives * base)[there]
        backed = np.where(lead == COUNTRY, inside | own | part, beside) | (share >= HOMONYM)
        # Who writes the subdivision means a lesser homonym more often than who does not.
        told = np.where(inside & (kind != COUNTRY), share ** np.where(lead == COUNTRY, 0.25, 0.5), share)
        # "Vancouver, CA" is not California: no Vancouver lies there.
        astray = np.log(ASTRAY) * (subdivided & ~inside & (held == 0))
        worth = np.maximum(np.log(np.maximum(told, 1e-12)) + astray - names.chance[name], 0)
        return _Pairs(
            base=base, name=name, text=text, country=country, kind=kind, share=share, worth=np.where(backed, worth, 0)
        )


def _inside(rows: _Rows, group: Array, mass: Array, gazetteer: Gazetteer) -> Array:
    """Say for each row whether another name of the same group of names is a subdivision that holds the place."""
    admin1 = gazetteer.admin1[rows.row].astype(np.int64)
    where = group[rows.name] * (len(gazetteer.admin1s) + 1) + admin1
    subdivision = np.isin(rows.kind, (ADMIN1, REGION, CODE)) & (admin1 >= 0)
    holder = subdivision & (rows.prior > CONTAINER * mass[rows.name])
    order = np.argsort(where[holder], kind="stable")
    keys, witness = where[holder][order], rows.name[holder][order]
    if not len(keys):
        return np.zeros(len(where), bool)
    first = _starts(keys)
    at = np.minimum(np.searchsorted(keys[first], where), len(first) - 1)
    # A name is no witness that it is held itself; rows stand in the order of names.
    other = (witness[first][at] != rows.name) | (witness[np.append(first[1:], len(keys)) - 1][at] != rows.name)
    held: Array = (keys[first][at] == where) & other
    return held


def _within(chosen: Array, rows: _Rows, names: _Names, gazetteer: Gazetteer) -> tuple[Array, Array, Array, Array]:
    """Find subdivision, city and whether its surroundings are meant in the country of each text.

    The last array holds the log odds of the subdivision.
    """
    texts = len(chosen)
    inner = (
        (rows.country >= 0)
        & (rows.country == chosen[names.text[rows.name]])
        & (rows.kind != COUNTRY)
        & ~((rows.kind == REGION) & (gazetteer.admin1[rows.row] < 0))
    )
    name, row, kind, prior = rows.name[inner], rows.row[inner], rows.kind[inner], rows.prior[inner]
    text, admin1 = names.text[name], gazetteer.admin1[row].astype(np.int64)
    # Who writes a name that a city and a subdivision share mostly means the city.
    weight = prior**1.5 * np.where(kind == ADMIN1, 0.1, 1.0)
    # Behind another name LA is Louisiana as often as Los Angeles.
    letters = (kind == ADMIN1) & (gazetteer.case[row] == AT_TAIL) & names.beside[name]
    heaviest = np.zeros(names.count)
    np.maximum.at(heaviest, name, weight)
    weight = np.where(letters, heaviest[name], weight)
    mass = np.bincount(name, weights=weight, minlength=names.count)
    base = len(gazetteer.admin1s) + 1
    pair, share = _sums(name * base + admin1 + 1, weight / mass[name])
    of_name, of_admin1 = pair // base, pair % base
    # The name of another country is that of a subdivision here: "Georgia, USA".
    abroad = (names.kind == COUNTRY) & (names.country != chosen[names.text])
    chance = np.log([ADMIN1_CHANCE[name] for name in KINDS])[np.where(abroad, ADMIN1, names.kind)]
    chance = np.where(names.state, np.log(STATE_CHANCE), np.where(names.vague, np.log(NEUTRAL_CHANCE), chance))
    worth = np.maximum(np.log(share) - chance[of_name], 0)
    hypothesis, score = _sums(names.text[of_name] * base + of_admin1, worth)
    best, odds = _best(hypothesis // base, score, texts)
    told = odds > LEAST_ODDS
    hypothesis_there, score_there = _sums(names.alternative[of_name] * base + of_admin1, worth)
    best_there, odds_there = _best(hypothesis_there // base, score_there, names.alternatives)
    sure = (odds_there > LEAST_ODDS) & _flags(names.alternative[names.whole], names.alternatives)
    # "Bern & Basel": neither.
    told &= ~_differ(_text_of_alternative(names)[sure], np.append(hypothesis_there % base, 0)[best_there][sure], texts)
    found = np.where(told, hypothesis[np.maximum(best, 0)] % base - 1 if len(hypothesis) else -1, -2)
    fits = admin1 == found[text]
    # A name that may also mean the subdivision contains the others: "Teziutlán, Puebla".
    contains = _flags(name[fits & (kind == ADMIN1)], names.count)
    # "Johor" is the state, though Johor Bahru goes by it too.
    people = np.zeros(names.count)
    of_state = fits & (kind == ADMIN1)
    np.maximum.at(people, name[of_state], prior[of_state])
    lesser = (kind == CITY) & gazetteer.second_hand[row] & (prior < LESSER * people[name])
    place = fits & (gazetteer.geonameid[row] >= 0) & ~lesser
    size = prior * np.where(gazetteer.second_hand[row], 0.02, 1.0)
    order = np.flatnonzero(place)[np.lexsort((-size[place], contains[name[place]], text[place]))]
    first = order[_starts(text[order])]
    geonameid = np.full(texts, -1)
    geonameid[text[first]] = gazetteer.geonameid[row[first]]
    # "London / Oxford": neither.
    alternative = names.alternative[name]
    lone = place & ~contains[name]
    order = np.flatnonzero(lone)[np.lexsort((-size[lone], alternative[lone]))]
    each = order[_starts(alternative[order])]
    geonameid[_differ(text[each], gazetteer.geonameid[row[each]], texts)] = -1
    around = _flags(text[first][kind[first] == REGION], texts)
    return np.maximum(found, -1), geonameid, around, odds


def _text_of_alternative(names: _Names) -> Array:
    found = np.zeros(names.alternatives, np.int64)
    found[names.alternative] = names.text
    return found


def _differ(group: Array, value: Array, size: int) -> Array:
    """Say of each group whether it holds different values."""
    least, most = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(least, group, value)
    np.maximum.at(most, group, value)
    return least < most


def _starts(key: Array) -> Array:
    """Return where runs of equal keys begin."""
    return np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])


def _largest(group: Array, value: Array) -> Array:
    """Return the first entry of the largest value of each group; groups must be sorted."""
    if not len(group):
        return np.zeros(0, np.int64)
    first = _starts(group)
    run = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(group))))
    largest = np.flatnonzero(value == np.maximum.reduceat(value, first)[run])
    return largest[_starts(run[largest])]


def _flags(positions: Array, size: int) -> Array:
    """Return an array of ``size`` that is true at the positions."""
    flags = np.zeros(size, bool)
    flags[positions] = True
    return flags


def _sums(key: Array, value: Array) -> tuple[Array, Array]:
    """Sum values by key; the keys come back sorted."""
    order = np.argsort(key, kind="stable")
    key, value = key[order], value[order]
    first = _starts(key)
    return key[first], np.add.reduceat(value, first) if len(first) else value


def _best(group: Array, score: Array, size: int) -> tuple[Array, Array]:
    """Per group: entry of the best score (-1 = none) and its log odds against the others and against nothing.

    Groups must be sorted.
    """
    best, odds = np.full(size, -1), np.full(size, -np.inf)
    if not len(group):
        return best, odds
    first = _starts(group)
    leader = _largest(group, score)
    top = score[leader]
    others = np.add.reduceat(np.exp(score - np.repeat(top, np.diff(np.append(first, len(group))))), first) - 1
    best[group[first]] = leader
    odds[group[first]] = top - np.logaddexp(0, np.log(np.maximum(others, 1e-300)) + top)
    return best, odds
