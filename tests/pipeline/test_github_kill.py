"""``kill -9`` at random moments of a reading of GitHub: the next run goes on, and no row is lost or doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from assets.ingest.github import reads
from assets.places.actors import ActorKey, actor_ids
from tests.standins.github import TOKEN, GitHub, World

PROJECT = Path(__file__).parents[2]
KEY = ActorKey(b"k" * 32)
MOMENTS = 25

READ = """
import sys
from datetime import date
import polars as pl
from upath import UPath
from assets.ingest.github import reads
from assets.ingest.github.client import connected
from assets.ingest.github.rows import PLACE
from assets.ingest.github.sweep import Reader
from assets.places.actors import ActorKey

def nowhere(texts):
    rows = pl.DataFrame({"reason": ["no known name"] * len(texts)}, schema={"reason": pl.String})
    return rows.select(name if name == "reason" else pl.lit(None).alias(name) for name in PLACE)

folder, names = UPath(sys.argv[1]), sys.argv[2].split()
tracked = pl.DataFrame({"repository": names, "alias_of": None}, schema_overrides={"alias_of": pl.String})
print("began", flush=True)
with connected() as github:
    reads.read_counts(github, names, folder, date(2026, 11, 25))
    wanted = reads.targets(reads.counts_table(folder), tracked)
    reader = Reader(github=github, key=ActorKey(b"k" * 32), locate=nowhere, today=date(2026, 11, 25))
    for listing in ("forks", "contributions"):
        reads.read_all(listing, wanted, folder, reader)
print("done", flush=True)
"""


def _start(server, folder, names):
    command = [sys.executable, "-W", "ignore", "-c", READ, str(folder), " ".join(names)]
    environment = os.environ | {"GITHUB_TOKEN": TOKEN, "ATLAS_GITHUB_URL": f"{server.url}/graphql"}
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)


def _requests(world):
    lists = [one[name] for one in world.repositories.values() for name in ("forks", "commits")]
    return -(-len(world.repositories) // 50) + sum(max(1, -(-len(entries) // 100)) for entries in lists)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param({"repositories": 40, "forks": 6_000, "commits": 30}, id="small"),
        pytest.param({"repositories": 300, "forks": 30_000, "commits": 20}, id="whole", marks=pytest.mark.system),
    ],
)
def test_no_row_is_lost_or_doubled_by_kills(tmp_path, size):
    world = World(**size)
    names = list(world.repositories)
    folder = tmp_path / "github"
    moments = random.Random(20261125)  # noqa: S311 - moments of a test
    kills = 0
    with GitHub(world).serve() as server:
        needed = _requests(world)
        while kills < MOMENTS:
            process = _start(server, folder, names)
            process.stdout.readline()
            # Kill after some requests and some part of the next one, so that every phase of a page is met.
            until = len(server.requests) + moments.randint(0, max(1, needed // (MOMENTS + 5)))
            while len(server.requests) < until and process.poll() is None:
                time.sleep(0.002)
            time.sleep(moments.random() * 0.06)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
            kills += 1
        last = _start(server, folder, names)
        said = last.communicate()[0]
        asked = len(server.requests)
    assert said.endswith("done\n")
    assert asked <= needed + MOMENTS * (1 + -(-len(names) // 50))

    tracked = pl.DataFrame({"repository": names, "alias_of": None}, schema_overrides={"alias_of": pl.String})
    wanted = reads.targets(reads.counts_table(UPath(folder)), tracked)
    forks = reads.forks_table(UPath(folder), wanted)
    made = [fork for one in world.repositories.values() for fork in one["forks"]]
    actors = actor_ids(pl.Series([fork["owner"]["databaseId"] for fork in made]), KEY)
    hashes = [KEY.hashed(f"github-fork:{fork['databaseId']}") for fork in made]
    assert forks.height == len(made)
    assert dict(forks.select("fork", "actor").iter_rows()) == dict(zip(hashes, actors, strict=True))
    commits = [commit for one in world.repositories.values() for commit in one["commits"]]
    known = sum(commit["author"]["user"] is not None for commit in commits)
    assert reads.contributions_table(UPath(folder), wanted)["commits"].sum() == known
