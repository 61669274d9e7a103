"""Weightings by family: each model line of a side is spread by those who use that line, and the rest as its side.

Here: the parts of the world that such a weighting gives an economy. Not here: weightings by side (`weightings.py`),
totals of families and people by family (`families.py`).

Of a side's downloads, s_f is the part of family f (table ``family_totals``), and w_f(r) that of its users who live
in r. The side's weight of r is the sum over families of s_f × w_f(r); downloads of lines that nobody asked for or
counted lie as the side does. The draws of a side and of its families are independent: that they share their users is
left out.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from assets.adoption.intervals import JEFFREYS
from assets.adoption.survey import HIDDEN_MAX
from assets.adoption.weightings import (
    DRAWS,
    PEOPLE,
    SIDES,
    SURVEY,
    Array,
    Asked,
    Weights,
    generator,
    odds_of,
    parts_of,
)

SURVEY_FAMILIES: Final = "survey_families"
PEOPLE_FAMILIES: Final = {"fork_families": "forks", "contributor_families": "contributors"}
"""Weightings by family of people, and those by side that they refine."""

BY_FAMILY: Final = (SURVEY_FAMILIES, *PEOPLE_FAMILIES)

ASKED_FOR: Final = {
    "CN": {"DeepSeek": "DeepSeek", "Qwen": "Qwen"},
    "US": {"Llama": "Llama", "Phi-4": "Phi"},
}
"""Models of the questionnaire and their lines, by side."""

HIDDEN_LINE: Final = (
    "A count of the survey, of a side or of a line, is hidden here. The downloads are the mean over what it can be, so "
    "that the world adds up; no share is drawn from them."
)
Parts = Mapping[str, Mapping[str, float]]


def family_parts(totals: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Return the part of each family in a side's downloads, by side; a side without downloads has none.

    Args:
        totals: Rows of table ``family_totals`` of one total and coding.
    """
    sided = totals.with_columns(part=pl.col("downloads") / pl.col("downloads").sum().over("origin"))
    shown = sided.filter(pl.col("part") > 0).sort("family")
    return {side: dict(shown.filter(origin=side).select("family", "part").iter_rows()) for side in SIDES}


def mixed(parts: Mapping[str, float], known: Mapping[str, Array], rest: Array) -> Array:
    """Return the sum over families of their part × where their users are; of the others, × where the side's are.

    Args:
        parts: Part of each family in the side's downloads.
        known: Parts of the world of the families that are known, of the shape of ``rest``.
        rest: Parts of the world of the side.
    """
    told = {family: part for family, part in parts.items() if family in known}
    return np.asarray(sum((part * known[family] for family, part in told.items()), (1 - sum(told.values())) * rest))


def survey_family_weights(
    survey_use: pl.DataFrame, asked: Asked | None, side: Weights | None, parts: Parts
) -> Weights | None:
    """Return the parts by survey use of each line × developers; None where no line that was asked for is downloaded.

    Args:
        survey_use: Table ``survey_use``.
        asked: Result of ``asked_of``.
        side: Result of ``survey_weights``.
        parts: Result of ``family_parts``.
    """
    if asked is None or side is None or not any(set(ASKED_FOR[one].values()) & set(parts[one]) for one in SIDES):
        return None
    counts, random = asked.counts, generator(SURVEY_FAMILIES)
    answered = counts["respondents"].to_numpy()
    hidden = counts.select(pl.any_horizontal(pl.col("cn", "us").is_null())).to_series().to_numpy()
    drawn, least, most = {}, {}, {}
    order = asked.regions(hidden, HIDDEN_LINE)[1]
    for one in SIDES:
        ends = asked.ends(*(counts[f"{one.lower()}_{end}"].to_numpy() for end in ("low", "high")))
        lines = {}
        for model, family in ASKED_FOR[one].items():
            if family not in parts[one]:
                continue
            own = survey_use.filter((pl.col("wave") == asked.wave) & (pl.col("model") == model))
            users = counts.select("region_id").join(own, on="region_id", how="left", maintain_order="left")["users"]
            low = users.fill_null(0).to_numpy()
            high = np.where(users.is_null(), np.minimum(HIDDEN_MAX, answered), low)
            hidden = hidden | users.is_null().to_numpy()
            size = (DRAWS, counts.height)
            used = random.integers(low, high, size=size, endpoint=True)
            rates = random.beta(used + JEFFREYS, answered - used + JEFFREYS)
            lines[family] = (
                parts_of(asked.everywhere(rates))[:, order],
                *(end[order] for end in asked.ends(low, high)),
            )
        whole = {"CN": side.cn, "US": side.us}[one]
        drawn[one], least[one], most[one] = (
            mixed(parts[one], {family: line[at] for family, line in lines.items()}, rest)
            for at, rest in enumerate((whole, *(end[order] for end in ends)))
        )
    return replace(
        side,
        name=SURVEY_FAMILIES,
        regions=asked.regions(hidden, HIDDEN_LINE)[0],
        cn=drawn["CN"],
        us=drawn["US"],
        odds_low=odds_of(least["CN"], most["US"]),
        odds_high=odds_of(most["CN"], least["US"]),
    )


def people_family_weights(
    name: str, people: pl.DataFrame, sides: pl.DataFrame, side: Weights | None, parts: Parts
) -> Weights | None:
    """Return the parts by people of each line; None where no line that is downloaded has enough people anywhere.

    Where a line has too few people in an economy, it is taken to have there the part of its people that the side has.

    Args:
        name: The weighting, of ``PEOPLE_FAMILIES``.
        people: Result of ``people_by_family``.
        sides: Result of ``sides_by_economy`` for the signal, publisher coding.
        side: The weighting by side that is refined.
        parts: Result of ``family_parts``.
    """
    if side is None:
        return None
    signal = PEOPLE[PEOPLE_FAMILIES[name]]
    own = people.filter((pl.col("signal") == signal) & (pl.col("period") == side.period))
    base = side.regions.select("region_id").join(
        sides.filter(pl.col("period") == side.period), on="region_id", how="left", maintain_order="left"
    )
    random, drawn, observed, found = generator(name), {}, {}, False
    for one, whole in zip(SIDES, (side.cn, side.us), strict=True):
        size = base[one.lower()].to_numpy()
        lines, counts = {}, {}
        for family in sorted(set(parts[one])):
            line = own.filter((pl.col("origin") == one) & (pl.col("family") == family))
            joined = base.select("region_id").join(line, on="region_id", how="left", maintain_order="left")["people"]
            shown = joined.is_not_null().to_numpy()
            # Where a line has people in hidden economies alone, nothing is known of where it is.
            if not joined.sum():
                continue
            # Elsewhere the line has of the side's people what it has of them where it is shown.
            rate = joined.fill_null(0).to_numpy()[shown].sum() / size[shown].sum()
            counts[family] = np.where(shown, joined.fill_null(0).to_numpy(), size * rate)
            lines[family] = parts_of(random.standard_gamma(counts[family] + JEFFREYS, size=(DRAWS, base.height)))
        found = found or bool(lines)
        drawn[one] = mixed(parts[one], lines, whole)
        observed[one] = mixed(parts[one], {key: parts_of(count) for key, count in counts.items()}, parts_of(size))
    if not found:
        return None
    odds = odds_of(observed["CN"], observed["US"])
    return replace(side, name=name, cn=drawn["CN"], us=drawn["US"], odds_low=odds, odds_high=odds)


def family_weightings(
    found: Mapping[str, Weights],
    survey_use: pl.DataFrame,
    asked: Asked | None,
    *,
    people: pl.DataFrame,
    sides: Mapping[str, pl.DataFrame],
    parts: Parts,
) -> dict[str, Weights]:
    """Return the weightings by family for which the run has data, by name.

    Args:
        found: Weightings by side.
        survey_use: Table ``survey_use``.
        asked: Result of ``asked_of``.
        people: Result of ``people_by_family``.
        sides: Result of ``sides_by_economy`` by signal of people, publisher coding.
        parts: Result of ``family_parts``.
    """
    refined = {
        SURVEY_FAMILIES: survey_family_weights(survey_use, asked, found.get(SURVEY), parts),
        **{
            name: people_family_weights(name, people, sides[PEOPLE[coarse]], found.get(coarse), parts)
            for name, coarse in PEOPLE_FAMILIES.items()
        },
    }
    return {name: weights for name, weights in refined.items() if weights is not None}
