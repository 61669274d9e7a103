"""A synthetic world: stand-ins of all live sources with one truth behind them, to see live mode without a token.

Here: who lives where and which side they choose, told to the stand-ins of GitHub, the Hub, PyPI's tables and a donated
log; starting them; a build against them. Not here: how each stand-in behaves (`github.py`, `hub.py`, `clickhouse.py`).

The truth: in each economy a person chooses the Chinese side with a probability of its own (`chinese_share`), drawn once
from the seed. What a build finds can be compared with it. Nobody in this world exists.

By hand: ``python -m tests.standins.world`` serves it and prints the variables of all services; with ``--build`` it runs
``atlas build`` in synthetic mode against them and ends (``make demo``).
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

import polars as pl

from assets.origins.registry import load_publishers
from assets.origins.tracked import load_packages, load_repositories
from maps.geometry.regions import load_regions
from tests.standins.clickhouse import COUNTRIES, ClickHouse
from tests.standins.github import LATEST, NOWHERE, START, TOKEN, GitHub, World
from tests.standins.hub import StandInHub, derived, model
from tests.standins.modelscope import ModelScope
from tests.standins.reference import ReferenceFiles

SEED = 20261125
WATCHED = ("metro:lagos", "metro:jakarta", "metro:lima")
"""Places that the story names: many people live there."""

LOGGED_REPOSITORIES = {"CN": "Qwen/model-{}", "US": "meta-llama/model-{}"}
LOG_DAYS = 28


def chinese_share(region_id: str, seed: int = SEED) -> float:
    """Return the probability with which a person of an economy chooses the Chinese side, 0.2 to 0.85."""
    return 0.2 + 0.65 * random.Random(f"{seed}:{region_id}").random()  # noqa: S311 - a made-up world


def places() -> pl.DataFrame:
    """Return where people live: ``country, metro, text, weight``; texts as people write them."""
    regions = load_regions()
    names = regions.filter(level="country").select(country="region_id", economy="name")
    metros = (
        regions.filter(level="metro")
        .join(names, left_on="parent_id", right_on="country")
        .select(
            country="parent_id",
            metro="region_id",
            text=pl.format("{}, {}", "name", "economy"),
            weight=pl.when(pl.col("region_id").is_in(WATCHED)).then(6.0).otherwise(2.0),
        )
    )
    people = regions.filter((pl.col("level") == "country") & pl.col("drawn")).join(
        names.rename({"economy": "text"}), left_on="region_id", right_on="country"
    )
    countries = people.sort("region_id").select(
        country="region_id", metro=pl.lit(None, pl.String), text="text", weight=pl.lit(1.0)
    )
    return pl.concat([metros.sort("metro"), countries])


class TrueWorld(World):
    """GitHub with people of all places, each of whom forks and commits by the truth of their economy.

    Args:
        repositories: Number of repositories: the tracked ones, and made-up ones that nobody tracks.
        forks: Number of forks.
        commits: Number of commits.
        seed: Seed of the truth.
    """

    def __init__(self, *, repositories: int = 300, forks: int = 30_000, commits: int = 6_000, seed: int = SEED) -> None:
        tracked = load_repositories().filter(pl.col("alias_of").is_null()).sort("repository")
        names = tracked["repository"].to_list()
        names += [f"standin-owner/standin-model-{number}" for number in range(max(0, repositories - len(names)))]
        self._places = places().to_dicts()
        super().__init__(names=names, forks=0, commits=0, people=max(200, forks), seed=seed)
        self.seed = seed
        self._persons = [one for one in self.people if one["__typename"] == "User"]
        # What is counted are models' repositories; tools and frameworks are forked without regard to sides.
        sides = dict(tracked.filter(pl.col("kind") == "model").select("repository", "origin").iter_rows())
        by_side = {side: [name for name in names if sides.get(name) == side] for side in ("CN", "US")}
        weights = {side: [1 / (rank + 1) for rank in range(len(found))] for side, found in by_side.items()}
        elsewhere = [name for name in names if sides.get(name) not in by_side]

        def chosen(person) -> str:
            if self.random.random() < 0.1:
                return self.random.choice(elsewhere)
            side = "CN" if self.random.random() < chinese_share(person["country"], seed) else "US"
            return self.random.choices(by_side[side], weights[side])[0]

        days = (LATEST - START).total_seconds()
        added: dict[str, list] = {}
        for _ in range(forks):
            person = self.random.choice(self.people)
            added.setdefault(chosen(person), []).append(
                (START + timedelta(seconds=self.random.random() * days), person)
            )
        for name in sorted(added):
            for moment, person in sorted(added[name], key=lambda one: one[0]):
                self._forks += 1
                fork = {"databaseId": self._forks, "createdAt": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "owner": person}
                self.repositories[name]["forks"].insert(0, fork)
            self.repositories[name]["stars"] = 10 * len(added[name])
        for _ in range(commits):
            person = self.random.choice(self._persons)
            self.commit(chosen(person), START + timedelta(seconds=self.random.random() * days), person)

    def _person(self, number):
        person = super()._person(number)
        place = self.random.choices(self._places, [one["weight"] for one in self._places])[0]
        declares = self.random.random() < 0.8
        location = place["text"] if declares else self.random.choice(NOWHERE)
        return person | {"country": place["country"], "metro": place["metro"], "location": location}


class TruePackages(ClickHouse):
    """PyPI's tables with downloads of Chinese packages by the truth of each economy."""

    def __init__(self, *, newest: date, days: int, seed: int = SEED, port: int = 0) -> None:
        super().__init__(oldest=newest - timedelta(days=days), newest=newest, port=port)
        self.seed = seed
        self.countries = (*sorted({*COUNTRIES, *places()["country"]}),)
        self._sides = dict(load_packages().select("package", "origin").iter_rows())

    def cells(self, project, since, until, managers, mirrors):  # noqa: ARG002 - as the stand-in's own
        days = len(self.held(since, until))
        sums = {}
        for country in self.countries:
            share = chinese_share(country, self.seed)
            weight = {"CN": share, "US": 1 - share}.get(self._sides.get(project, ""), 0.5)
            dice = random.Random(f"{self.seed}:{project}:{country}:{since}")  # noqa: S311 - a made-up world
            for kind, times in (("package_manager", 40), ("mirror", 5), ("other", 2)):
                if count := round(days * times * weight * (0.8 + 0.4 * dice.random())):
                    sums[country, kind] = count
        return dict(sorted(sums.items()))


def hub_models(seed: int = SEED) -> list[dict]:
    """Return the models of the Hub: those of the registry's labs, and what strangers made from them."""
    dice = random.Random(seed)  # noqa: S311 - a made-up world
    labs = (
        load_publishers()
        .filter((pl.col("platform") == "huggingface") & (pl.col("role") == "lab") & pl.col("alias_of").is_null())
        .filter(pl.col("headquarters").is_in(["CN", "US", "FR", "KR"]))["account"]
        .unique()
        .sort()
        .to_list()
    )
    items, number = [], 0
    for account in labs:
        for own in range(10):
            number += 1
            downloads = dice.randrange(1_000, 200_000)
            counters = {"downloads": downloads, "downloadsAllTime": 40 * downloads, "name": f"model-{own}"}
            items.append(model(number, account, childrenModelCount={"finetune": own}, **counters))
    for _ in range(1_000):
        number += 1
        parent = f"{dice.choice(labs)}/model-{dice.randrange(10)}"
        items.append(derived(number, f"standin-maker-{dice.randrange(200)}", parent))
    return items


def write_log(path: Path, people: int = 20_000, seed: int = SEED) -> None:
    """Write a donated log of two publishers, one of each side, as ``docs/logs.md`` says; days end yesterday."""
    dice = random.Random(seed)  # noqa: S311 - a made-up world
    homes = places().to_dicts()
    weights = [one["weight"] for one in homes]
    last = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = []
    for person in range(people):
        home = dice.choices(homes, weights)[0]
        region = home["text"].rpartition(", ")[0] or None
        name = f"{random.Random(f'{seed}:{person}').getrandbits(128):032x}"  # noqa: S311 - nobody
        for _ in range(1 + dice.randrange(4)):
            side = "CN" if dice.random() < chinese_share(home["country"], seed) else "US"
            moment = last - timedelta(seconds=1 + dice.randrange(LOG_DAYS * 86_400))
            rows.append(
                {
                    "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S.000Z}",
                    "status": dice.choice((200, 200, 302, 206, 404)),
                    "method": dice.choice(("GET", "GET", "GET", "HEAD")),
                    "repoName": LOGGED_REPOSITORIES[side].format(dice.randrange(10)),
                    "repoType": "model",
                    "hashedUserId": None,
                    "hashedIp": name,
                    "country": home["country"],
                    "region": region,
                    "userAgent": "standin/1.0",
                }
            )
    pl.DataFrame(rows).write_parquet(path)


class Services:
    """All stand-ins of a world, serving while this is open.

    Args:
        folder: Where the donated log is written.
        forks: Number of forks.
        people: Number of people in the donated log.
        days: Days that the package index holds.
        seed: Seed of the truth.
    """

    def __init__(
        self, folder: Path, *, forks: int = 30_000, people: int = 20_000, days: int = 500, seed: int = SEED
    ) -> None:
        self.world = TrueWorld(forks=forks, commits=forks // 5, seed=seed)
        self.log = folder / "donated-log.parquet"
        write_log(self.log, people, seed)
        self._hub = StandInHub(hub_models(seed))
        self._packages = TruePackages(newest=datetime.now(UTC).date() - timedelta(days=1), days=days, seed=seed)
        self._modelscope = ModelScope({"Qwen": 60, "deepseek-ai": 20, "ZhipuAI": 30})
        self._reference = ReferenceFiles()
        self._github = GitHub(self.world, points=1_000_000).serve()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for server in (self._hub, self._packages, self._modelscope, self._reference, self._github):
            self._open.enter_context(server)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which a build in synthetic mode reads this world."""
        return {
            "ATLAS_MODE": "synthetic",
            "HF_ENDPOINT": self._hub.endpoint,
            "ATLAS_GITHUB_URL": f"{self._github.url}/graphql",
            "ATLAS_GITHUB_REST_URL": self._github.url,
            "GITHUB_TOKEN": TOKEN,
            "ATLAS_CLICKHOUSE_URL": self._packages.url,
            "ATLAS_CLICKHOUSE_PAUSE": "0",
            "ATLAS_MODELSCOPE_URL": self._modelscope.url,
            "ATLAS_MODELSCOPE_PAUSE": "0",
            **self._reference.environment,
            "ATLAS_LOGS": str(self.log),
        }


def main() -> int:
    """Serve a synthetic world until interrupted, or build an atlas of it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--build", action="store_true", help="run 'atlas build' in synthetic mode, then end")
    parser.add_argument("--forks", type=int, default=30_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Services(Path(folder), forks=given.forks) as services:
        if not given.build:
            print("\n".join(f"export {name}='{value}'" for name, value in services.environment.items()))  # noqa: T201
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                return 0
        return build(services)


def build(services: Services) -> int:
    """Run a build against the world, in a fresh store; return its exit code."""
    root = Path(__file__).resolve().parents[2]
    for name in (f"{os.environ.get('ATLAS_DATA', 'data')}/synthetic", "build/synthetic", ".dagster/synthetic"):
        shutil.rmtree(root / name, ignore_errors=True)
    clock = time.monotonic()
    command = [sys.executable, "-m", "pipelines", "build"]
    process = subprocess.Popen(command, env={**os.environ, **services.environment}, cwd=root)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 130
    if code == 0:
        print(f"SYNTHETIC DEMO made in {time.monotonic() - clock:.0f} s: open build/synthetic/map.html")  # noqa: T201
    return code


if __name__ == "__main__":
    raise SystemExit(main())
