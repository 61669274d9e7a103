"""The subdivision and city that a text names, once its country is chosen.

Here: what is told inside a country, and what the text leaves open there. Not here: the country
(`assets/places/resolve.py`).
"""

from typing import Any, Final

import numpy as np

from assets.places.gazetteer import ADMIN1, AT_TAIL, CITY, COUNTRY, REGION, Gazetteer
from assets.places.groups import best_of, differ, flags, starts, sums
from assets.places.meanings import NEUTRAL_CHANCE, Names, Rows
from assets.places.names import KINDS

Array = np.ndarray[Any, Any]

ADMIN1_CHANCE: Final = dict(zip(KINDS, (0.7, 1e-3, 0.05, 0.02, 1e-3, 0.02, 0.02, 0.01, 0.5, 0.5), strict=True))
"""How often texts that mean a country hold a name of this kind without meaning the subdivision that holds it."""

STATE_CHANCE: Final = 1e-3
"""The same of the letters of a state behind a city."""

LEAST_ODDS: Final = float(np.log(0.6 / 0.4))
"""Log odds that a subdivision must have to be answered."""

LESSER: Final = 0.05
"""People of a city, as a share of a subdivision's, below which a further name that both share means the latter."""


def within(chosen: Array, rows: Rows, names: Names, gazetteer: Gazetteer) -> tuple[Array, Array, Array]:
    """Find subdivision, city and whether its surroundings are meant in the country of each text."""
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
    pair, share = sums(name * base + admin1 + 1, weight / mass[name])
    of_name, of_admin1 = pair // base, pair % base
    # The name of another country is that of a subdivision here: "Georgia, USA".
    abroad = (names.kind == COUNTRY) & (names.country != chosen[names.text])
    chance = np.log([ADMIN1_CHANCE[name] for name in KINDS])[np.where(abroad, ADMIN1, names.kind)]
    chance = np.where(names.state, np.log(STATE_CHANCE), np.where(names.vague, np.log(NEUTRAL_CHANCE), chance))
    worth = np.maximum(np.log(share) - chance[of_name], 0)
    hypothesis, score = sums(names.text[of_name] * base + of_admin1, worth)
    best, odds = best_of(hypothesis // base, score, texts)
    told = odds > LEAST_ODDS
    hypothesis_there, score_there = sums(names.alternative[of_name] * base + of_admin1, worth)
    best_there, odds_there = best_of(hypothesis_there // base, score_there, names.alternatives)
    sure = (odds_there > LEAST_ODDS) & flags(names.alternative[names.whole], names.alternatives)
    # "Bern & Basel": neither.
    told &= ~differ(_text_of_alternative(names)[sure], np.append(hypothesis_there % base, 0)[best_there][sure], texts)
    found = np.where(told, hypothesis[np.maximum(best, 0)] % base - 1 if len(hypothesis) else -1, -2)
    fits = admin1 == found[text]
    # A name that may also mean the subdivision contains the others: "Teziutlán, Puebla".
    contains = flags(name[fits & (kind == ADMIN1)], names.count)
    # "Johor" is the state, though Johor Bahru goes by it too.
    people = np.zeros(names.count)
    of_state = fits & (kind == ADMIN1)
    np.maximum.at(people, name[of_state], prior[of_state])
    lesser = (kind == CITY) & gazetteer.second_hand[row] & (prior < LESSER * people[name])
    place = fits & (gazetteer.geonameid[row] >= 0) & ~lesser
    size = prior * np.where(gazetteer.second_hand[row], 0.02, 1.0)
    order = np.flatnonzero(place)[np.lexsort((-size[place], contains[name[place]], text[place]))]
    first = order[starts(text[order])]
    geonameid = np.full(texts, -1)
    geonameid[text[first]] = gazetteer.geonameid[row[first]]
    # "London / Oxford": neither.
    alternative = names.alternative[name]
    lone = place & ~contains[name]
    order = np.flatnonzero(lone)[np.lexsort((-size[lone], alternative[lone]))]
    each = order[starts(alternative[order])]
    geonameid[differ(text[each], gazetteer.geonameid[row[each]], texts)] = -1
    around = flags(text[first][kind[first] == REGION], texts)
    return np.maximum(found, -1), geonameid, around


def _text_of_alternative(names: Names) -> Array:
    found = np.zeros(names.alternatives, np.int64)
    found[names.alternative] = names.text
    return found
