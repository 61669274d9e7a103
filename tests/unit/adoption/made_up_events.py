"""Made-up events of people at repositories, for tests that count the same thing on several engines."""

import random
from datetime import date

import polars as pl

from tests.unit.adoption.people import CN, CN_TOO, NEITHER, TRACKED, US

HOMES = [("NG", "NG-LA", "metro:lagos"), ("NG", "", ""), ("PE", "PE-LIM", "metro:lima"), ("ID", "ID-JK", "elsewhere")]
KEY = ["signal", "period", "country", "admin1", "metro"]


def made_up(size, *, people=300, seed=1):
    """Return events, homes and models as ``count_people`` takes them; one repository is tracked by nobody."""
    rng = random.Random(seed)  # noqa: S311
    events = pl.DataFrame(
        {
            "signal": rng.choices(["fork", "contribution"], k=size),
            "actor": [f"{rng.randrange(people):064x}" for _ in range(size)],
            "period": rng.choices([date(2024, 1, 1), date(2025, 1, 1)], k=size),
            "repository": rng.choices([CN, CN_TOO, US, NEITHER, "lab/untracked"], k=size),
            "events": [rng.randrange(1, 5) for _ in range(size)],
        }
    )
    located = [(f"{actor:064x}", *rng.choice(HOMES)) for actor in range(0, people, 2)]
    homes = pl.DataFrame(located, schema=["actor", "country", "admin1", "metro"], orient="row")
    models = TRACKED.select("repository", "origin", artefact="repository")
    return events, homes, models


def counted_by_hand(events, homes, models):
    """Count people with sets, as one would on paper: both results of ``count_people`` as dictionaries."""
    home = {actor: tuple(rest) for actor, *rest in homes.iter_rows()}
    origin = dict(models.select("repository", "origin").iter_rows())
    touched = {}
    events_of = {}
    for signal, actor, period, repository, count in events.iter_rows():
        if repository in origin:
            sides = touched.setdefault((signal, period, actor), {})
            sides.setdefault(origin[repository], set()).add(repository)
            if origin[repository] in {"CN", "US"}:
                events_of[signal, period, actor] = events_of.get((signal, period, actor), 0) + count
    people, artefacts = {}, {}
    for (signal, period, actor), sides in touched.items():
        place = (signal, period, *home.get(actor, (None, None, None)))
        row = people.setdefault(place, dict.fromkeys(["n", "events", "n_cn", "n_us", "n_other", "everybody"], 0))
        row["everybody"] += 1
        row["n"] += bool({"CN", "US"} & sides.keys())
        row["events"] += events_of.get((signal, period, actor), 0)
        for side in sides:
            row[f"n_{side.lower()}"] += 1
        for side in sides.keys() & {"CN", "US"}:
            for repository in sides[side]:
                one = artefacts.setdefault((*place, side, repository), {"only": 0, "people": 0})
                one["people"] += 1
                one["only"] += len(sides[side]) == 1
    return people, artefacts


def as_dictionaries(people, artefacts):
    """Return results of an engine, as frames of polars, in the form of ``counted_by_hand``."""
    counts = ["n", "events", "n_cn", "n_us", "n_other", "everybody"]
    places = {tuple(row[name] for name in KEY): {name: row[name] for name in counts} for row in people.to_dicts()}
    repositories = {
        (*(row[name] for name in KEY), row["origin"], row["artefact"]): {"only": row["only"], "people": row["people"]}
        for row in artefacts.to_dicts()
    }
    return places, repositories
