"""A made-up world for offset evidence: people whose home is known, their clocks, their journeys and their servers.

Here: a deterministic generator. Its clocks come from zoneinfo day by day, not from the code under test. Nobody in it
exists.
"""

from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

DEVELOPERS = {
    "US": 28_000, "IN": 22_000, "CN": 10_800, "BR": 7_100, "GB": 4_900, "DE": 4_500, "ID": 4_500, "RU": 4_200,
    "JP": 4_200, "CA": 3_900, "FR": 3_500, "HK": 3_000, "KR": 2_700, "PH": 2_300, "AU": 2_100, "SG": 1_800,
    "TW": 1_600, "NG": 1_550, "PE": 1_000, "MY": 980, "GH": 600, "NZ": 500, "LK": 300, "NP": 250,
}  # fmt: skip
"""In thousands; shaped like the world's, and exact here: it is the prior as well as the truth."""

HOMES = {
    "US": {"America/New_York": 0.48, "America/Chicago": 0.29, "America/Denver": 0.07, "America/Los_Angeles": 0.16},
    "CA": {"America/Toronto": 0.6, "America/Vancouver": 0.2, "America/Edmonton": 0.2},
    "BR": {"America/Sao_Paulo": 0.95, "America/Manaus": 0.05},
    "RU": {"Europe/Moscow": 0.75, "Asia/Yekaterinburg": 0.15, "Asia/Irkutsk": 0.03, "Asia/Novosibirsk": 0.07},
    "AU": {"Australia/Sydney": 0.6, "Australia/Brisbane": 0.2, "Australia/Perth": 0.11, "Australia/Adelaide": 0.09},
    "ID": {"Asia/Jakarta": 0.85, "Asia/Makassar": 0.15},
    "IN": {"Asia/Kolkata": 1.0}, "CN": {"Asia/Shanghai": 1.0}, "GB": {"Europe/London": 1.0},
    "DE": {"Europe/Berlin": 1.0}, "FR": {"Europe/Paris": 1.0}, "JP": {"Asia/Tokyo": 1.0}, "KR": {"Asia/Seoul": 1.0},
    "HK": {"Asia/Hong_Kong": 1.0}, "PH": {"Asia/Manila": 1.0}, "SG": {"Asia/Singapore": 1.0},
    "TW": {"Asia/Taipei": 1.0}, "NG": {"Africa/Lagos": 1.0}, "PE": {"America/Lima": 1.0},
    "MY": {"Asia/Kuala_Lumpur": 1.0}, "GH": {"Africa/Accra": 1.0}, "NZ": {"Pacific/Auckland": 1.0},
    "LK": {"Asia/Colombo": 1.0}, "NP": {"Asia/Kathmandu": 1.0},
}  # fmt: skip

MONTHS = [date(year, month, 1) for year in (2024, 2025) for month in range(1, 13)]
ELSEWHERE = [-480, -420, -300, -240, -180, 60, 120, 180, 330, 480, 540, 600]


@cache
def _offset(zone, day):
    minutes = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return round(minutes.total_seconds() / 60)


def developers():
    """Return the prior: country, developers."""
    return pl.DataFrame(
        {"country": list(DEVELOPERS), "developers": [float(x) for x in DEVELOPERS.values()]},
    )


def people(n, *, seed, movers=0.06, journeys=0.04, containers=0.15, servers=0.05):
    """Return histograms and homes of n made-up people.

    Args:
        n: People.
        seed: Makes the world.
        movers: Share whose clock stands in another zone all the time: what months do not average away.
        journeys: Chance that a month is spent elsewhere.
        containers: Share of commits at offset 0 from people who also use their own machine.
        servers: Share of people whose every commit is at offset 0.

    Returns:
        Histograms (actor, month, utc_offset_minutes, commits) and homes (actor, country).
    """
    random = np.random.default_rng(seed)
    countries = list(DEVELOPERS)
    prior = np.array(list(DEVELOPERS.values()), dtype=float)
    prior /= prior.sum()
    rows, homes = [], []
    for person in range(n):
        actor = f"{seed:04d}-{person:06d}"
        country = countries[random.choice(len(countries), p=prior)]
        homes.append((actor, country))
        lives_in = HOMES[country]
        if random.random() < movers:
            lives_in = HOMES[countries[random.choice(len(countries), p=prior)]]
        zones = list(lives_in)
        zone = zones[random.choice(len(zones), p=list(lives_in.values()))]
        is_server = random.random() < servers
        active = random.choice(len(MONTHS), size=min(len(MONTHS), 1 + random.poisson(3)), replace=False)
        for month in sorted(active):
            away = int(random.choice(ELSEWHERE)) if random.random() < journeys else None
            for _ in range(1 + random.poisson(2)):
                day = MONTHS[month].replace(day=int(random.integers(1, 29)))
                offset = _offset(zone, day) if away is None else away
                if is_server or random.random() < containers:
                    offset = 0
                rows.append((actor, MONTHS[month], offset, int(random.integers(1, 6))))
    histograms = pl.DataFrame(
        rows,
        schema={"actor": pl.String, "month": pl.Date, "utc_offset_minutes": pl.Int64, "commits": pl.Int64},
        orient="row",
    )
    histograms = histograms.group_by("actor", "month", "utc_offset_minutes").agg(pl.col("commits").sum())
    return (
        histograms.sort("actor", "month", "utc_offset_minutes"),
        pl.DataFrame(homes, schema={"actor": pl.String, "country": pl.String}, orient="row"),
    )
