"""What the names of a text mean together: the country that explains them best.

Here: scoring countries, what a text leaves open, the measures on which the confidence rests. Not here: what a single
name may mean (`assets/places/meanings.py`), subdivision and city (`assets/places/finer.py`), the decision to answer
(`assets/places/confidence.py`).

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

from assets.places.finer import within
from assets.places.gazetteer import CODE, COUNTRY, MULTINATIONAL, NONPLACE, Gazetteer
from assets.places.groups import best_of, flags, sums
from assets.places.meanings import Names, Pairs, Rows
from assets.places.names import KINDS
from assets.places.spans import Spans

Array = np.ndarray[Any, Any]

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
    rows = Rows.of(spans, gazetteer)
    names = Names.of(spans, rows, gazetteer)
    pairs = Pairs.of(rows, names, gazetteer)
    hypothesis, score = sums(pairs.text * pairs.base + pairs.country, pairs.worth)
    text, country = hypothesis // pairs.base, hypothesis % pairs.base
    best, odds = best_of(text, score, spans.texts)
    chosen = np.append(country, -1)[best]

    mine = pairs.country == chosen[pairs.text]
    explained = np.zeros(names.count, bool)
    explained[pairs.name[mine & (pairs.worth > 0)]] = True
    sure = pairs.name[mine & (pairs.kind == COUNTRY) & (pairs.worth > NAMED) & ~names.foreign[pairs.name]]
    clear = pairs.name[mine & (pairs.worth > RIVAL)]
    # A country that is named claims the smaller names beside it ("Brno, Slovakia"), any clear name a mere code.
    claimed = (flags(names.alternative[sure], names.alternatives)[names.alternative] & (names.kind != COUNTRY)) | (
        flags(names.alternative[clear], names.alternatives)[names.alternative] & (names.kind == CODE)
    )
    # But "Amsterdam, MO" is Missouri, whether the gazetteer knows an Amsterdam there or not.
    claimed &= ~(names.state & names.whole & names.last)
    own = np.zeros(names.count)
    np.maximum.at(own, pairs.name, np.where(pairs.share > HALF_MEANT, pairs.worth, 0))
    against = np.where(explained | claimed, 0, own)

    def most(values: Array, where: Array = explained) -> Array:
        found = np.zeros(spans.texts)
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
    admin1, geonameid, around = within(chosen, rows, names, gazetteer)
    kind = np.full(spans.texts, len(KINDS))
    np.minimum.at(kind, names.text[explained], names.kind[explained])
    share = np.zeros(spans.texts)
    np.maximum.at(share, pairs.text[mine], pairs.share[mine])
    placeless = np.zeros(spans.texts, np.int8)
    said = np.where(names.kind == NONPLACE, ONE_WORD, np.where(names.kind == MULTINATIONAL, SEVERAL, 0))
    np.maximum.at(placeless, names.text[said > 0], said[said > 0])
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
    *, open_: Array, text: Array, country: Array, weight: Array, chosen: Array, pairs: Pairs, against: Array
) -> tuple[Array, Array, Array]:
    """Return the countries that open texts may mean: text, country, weight (see ``Resolution.candidates``)."""
    rival = (against[pairs.name] >= RIVAL) & (pairs.share > HALF_MEANT)
    split = np.unique(pairs.text[rival])
    claimed = np.append(pairs.text[rival], split) * pairs.base + np.append(pairs.country[rival], chosen[split])
    claims = np.divmod(np.unique(claimed), pairs.base)
    several, parts = np.unique(claims[0], return_counts=True)
    equal = 1 / np.repeat(parts, parts)
    scored = open_[text] & ~flags(several, len(open_))[text] & (weight >= LEAST_CANDIDATE)
    return (
        np.append(claims[0], text[scored]),
        np.append(claims[1], country[scored]),
        np.append(equal, weight[scored]),
    )
