"""Reading a made-up GitHub over real sockets: back-fill, delta, faults, tombstones, renames, restarts."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from assets.ingest.github import reads
from assets.ingest.github.client import SourceDownError, connected
from assets.ingest.github.rows import PLACE
from assets.ingest.github.sweep import Reader
from assets.places.actors import ActorKey, actor_ids
from assets.schemas import TABLES, validate
from tests.standins.github import (
    BAD_GATEWAY,
    DMCA,
    HEAVY,
    SECONDARY,
    SECONDARY_OK,
    SPENT,
    TERMS,
    TOKEN,
    GitHub,
    World,
)
from tests.standins.web import HTML, Cut, Status, Unmarked, WrongLength

KEY = ActorKey(b"k" * 32)
DAY = date(2026, 11, 25)
LISTINGS = ("forks", "contributions")
TABLES_OF = {
    "forks": reads.forks_table,
    "contributions": reads.contributions_table,
    "accounts": reads.accounts_table,
    "repository_reads": reads.reads_table,
}


def nowhere(texts):
    """Locate nobody, at no cost."""
    rows = pl.DataFrame({"reason": ["no known name"] * len(texts)}, schema={"reason": pl.String})
    return rows.select(name if name == "reason" else pl.lit(None).alias(name) for name in PLACE)


class Atlas:
    """A run of the atlas on a store, against a stand-in."""

    def __init__(self, server, folder):
        self.environ = {"GITHUB_TOKEN": TOKEN, "ATLAS_GITHUB_URL": f"{server.url}/graphql"}
        self.server = server
        self.folder = UPath(folder)
        self.slept = []
        self.when_slept = lambda _: None

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.when_slept(seconds)

    def tracked(self):
        counted = reads.counts_table(self.folder)["repository"].unique().to_list()
        return pl.DataFrame({"repository": counted, "alias_of": None}, schema_overrides={"alias_of": pl.String})

    def count(self, names, day=DAY):
        with connected(environ=self.environ, sleep=self.sleep) as github:
            reads.read_counts(github, names, self.folder, day)
        return reads.counts_table(self.folder)

    def targets(self):
        return reads.targets(reads.counts_table(self.folder), self.tracked())

    def read(self, day=DAY, listings=LISTINGS, most_wait=10_000.0):
        """Read listings and return the requests that it took."""
        before = len(self.server.requests)
        with connected(environ=self.environ, sleep=self.sleep, most_wait=most_wait) as github:
            reader = Reader(github=github, key=KEY, locate=nowhere, today=day)
            for listing in listings:
                reads.read_all(listing, self.targets(), self.folder, reader)
        return len(self.server.requests) - before

    def table(self, name):
        return validate(TABLES_OF[name](self.folder, self.targets()), TABLES[f"ingest/{name}"], where=name)

    def files(self):
        return {path.name: path.read_bytes() for path in sorted(Path(self.folder.path).rglob("*")) if path.is_file()}


def expected_forks(world):
    """Return what a complete reading must hold: fork and actor of every fork."""
    forks = [fork for one in world.repositories.values() for fork in one["forks"]]
    actors = actor_ids(pl.Series([fork["owner"]["databaseId"] for fork in forks]), KEY)
    return dict(zip([KEY.hashed(f"github-fork:{fork['databaseId']}") for fork in forks], actors, strict=True))


def expected_commits(world):
    """Return the number of commits with an account."""
    return sum(commit["author"]["user"] is not None for one in world.repositories.values() for commit in one["commits"])


@pytest.fixture
def world():
    return World(repositories=5, forks=600, commits=130, people=200)


@pytest.fixture
def server(world):
    with GitHub(world).serve() as server:
        yield server


@pytest.fixture
def atlas(server, world, tmp_path):
    atlas = Atlas(server, tmp_path / "github")
    atlas.count(list(world.repositories))
    return atlas


def _whole(atlas, world):
    forks = atlas.table("forks")
    assert dict(forks.select("fork", "actor").iter_rows()) == expected_forks(world)
    assert atlas.table("contributions")["commits"].sum() == expected_commits(world)


def test_back_fill_reads_every_fork_and_commit_once(atlas, world):
    pages = sum(-(-len(one["forks"]) // 100) + -(-len(one["commits"]) // 100) for one in world.repositories.values())
    assert atlas.read() == pages
    _whole(atlas, world)
    reads_ = atlas.table("repository_reads")
    assert reads_["complete"].all()
    assert set(reads_["access"]) == {"open"}
    kept = reads_.filter(listing="forks")
    assert kept["kept"].to_list() == kept["listed"].to_list()


def test_counts_cost_a_request_for_50_repositories(tmp_path):
    world = World(repositories=120, forks=120, commits=0, people=60)
    with GitHub(world).serve() as server:
        counts = Atlas(server, tmp_path).count(list(world.repositories))
        assert len(server.requests) == 3
    assert counts["forks"].sum() == sum(len(one["forks"]) for one in world.repositories.values())


def test_the_same_day_again_asks_nothing_and_changes_no_byte(atlas, world):
    atlas.read()
    files = atlas.files()
    assert atlas.read() == 0
    atlas.count(list(world.repositories))
    assert atlas.files() == files


def test_two_stores_hold_the_same_bytes(atlas, server, world, tmp_path):
    atlas.read()
    other = Atlas(server, tmp_path / "other")
    other.count(list(world.repositories))
    server.script(SECONDARY, BAD_GATEWAY, None, Cut(20), HEAVY)
    other.read()
    for name in TABLES_OF:
        assert atlas.table(name).equals(other.table(name)), name


def test_an_unchanged_repository_costs_one_request(atlas, world):
    atlas.read()
    before = atlas.table("forks")
    assert atlas.read(DAY + timedelta(days=1), listings=("forks",)) == len(world.repositories)
    assert atlas.table("forks").equals(before)


def test_a_delta_reads_what_is_new(atlas, world):
    atlas.read()
    name = next(iter(world.repositories))
    for minute in range(130):
        world.fork(name, datetime(2026, 11, 25, 12, minute % 60, tzinfo=UTC))
    world.commit(name, datetime(2026, 11, 25, 13, tzinfo=UTC))
    world.commit(name, datetime(2026, 11, 20, 13, tzinfo=UTC))
    assert atlas.read(DAY + timedelta(days=1), listings=("forks",)) == len(world.repositories) + 1
    atlas.read(DAY + timedelta(days=1), listings=("contributions",))
    _whole(atlas, world)


def test_after_a_month_all_is_listed_again_and_deleted_forks_go(atlas, world):
    atlas.read()
    name = next(iter(world.repositories))
    del world.repositories[name]["forks"][50:60]
    atlas.read(DAY + timedelta(days=1))
    assert atlas.table("forks").height == len(expected_forks(world)) + 10
    atlas.read(DAY + timedelta(days=31))
    _whole(atlas, world)


FAULTS = {
    "secondary limit": (SECONDARY, 7),
    "secondary limit with status 200": (SECONDARY_OK, 7),
    "points spent": (SPENT, 60),
    "resources": (HEAVY, 1),
    "502": (BAD_GATEWAY, 1),
    "504": (Status(504, b"<html>"), 1),
    "HTML with status 200": (HTML, 1),
    "cut body": (Cut(300), 1),
    "no reply": (Cut(None), 1),
    "wrong length": (WrongLength(50), 1),
    "half a body without length": (Unmarked(300), 1),
    "429": (Status(429, headers={"Retry-After": "3"}), 3),
    "no data": (Status(200, b'{"data": null}'), 1),
}


@pytest.mark.parametrize(("fault", "least_wait"), FAULTS.values(), ids=FAULTS)
def test_after_a_fault_every_row_is_there_once(atlas, server, world, fault, least_wait):
    server.script(None, fault, None, None, fault)
    atlas.read()
    _whole(atlas, world)
    assert sum(atlas.slept) >= 2 * least_wait


def test_pages_shrink_when_they_are_too_heavy_and_grow_again(atlas, server, world):
    server.script(HEAVY, BAD_GATEWAY)
    atlas.read()
    sizes = [json.loads(asked.body)["variables"].get("first") for asked in server.requests[1:]]
    assert sizes[:3] == [100, 50, 25]
    assert 50 in sizes[10:]
    _whole(atlas, world)


def test_a_limit_of_points_is_waited_for_before_it_is_met(atlas, server, world):
    github = server.answer.__self__
    github.remaining = 51
    atlas.when_slept = lambda _: setattr(github, "remaining", github.points)
    atlas.read()
    assert [seconds for seconds in atlas.slept if seconds > 3_000] == atlas.slept[:1]
    _whole(atlas, world)


def test_a_wait_beyond_patience_keeps_what_came_and_goes_on_next_time(atlas, server, world):
    server.script(None, None, None, SPENT)
    with pytest.raises(SourceDownError, match=r"a run waits 30 s at most\. What was read is kept"):
        atlas.read(most_wait=30.0)
    assert 0 < atlas.table("forks").height < len(expected_forks(world))
    pages = len(server.requests) - 1
    atlas.read()
    whole = sum(-(-len(one["forks"]) // 100) + -(-len(one["commits"]) // 100) for one in world.repositories.values())
    assert len(server.requests) - 1 == whole + 1
    assert pages == 4
    _whole(atlas, world)


def test_a_secondary_limit_that_stays_ends_the_run(atlas, server):
    server.fault_for = lambda _: SECONDARY
    with pytest.raises(SourceDownError, match="secondary limit held after 5 waits"):
        atlas.read()


def test_a_dead_address_ends_the_run_and_keeps_the_rows(atlas, world):
    atlas.read()
    atlas.environ["ATLAS_GITHUB_URL"] = "http://127.0.0.1:9/graphql"
    with pytest.raises(SourceDownError, match="GitHub cannot be reached"):
        atlas.read(DAY + timedelta(days=1))
    _whole(atlas, world)


def test_a_refused_token_says_what_to_do_and_is_not_shown(atlas):
    atlas.environ |= {"GITHUB_TOKEN": "ghp_" + "secret" * 4}
    with pytest.raises(SourceDownError, match="Set GITHUB_TOKEN to a valid personal access token") as caught:
        atlas.read()
    assert "secret" not in str(caught.value)


def test_no_token_is_said_before_anything_is_sent(atlas, server):
    del atlas.environ["GITHUB_TOKEN"]
    before = len(server.requests)
    with pytest.raises(SourceDownError, match="GITHUB_TOKEN is not set"):
        atlas.read()
    assert len(server.requests) == before


def test_one_bad_repository_does_not_keep_the_others_from_being_read(atlas, server):
    bad = atlas.targets()[1]
    server.fault_for = lambda asked: DMCA if bad.current_name.split("/")[1].encode() + b'"' in asked.body else None
    atlas.read()
    rows = {(row["repository"], row["listing"]): row for row in atlas.table("repository_reads").to_dicts()}
    assert rows[bad.repository, "forks"]["access"] == "blocked"
    assert rows[bad.repository, "forks"]["reason"] == "GitHub took it down: dmca"
    assert sum(row["complete"] for row in rows.values()) == len(rows) - 2


@pytest.mark.parametrize(("fault", "reason"), [(DMCA, "dmca"), (TERMS, "tos")])
def test_a_repository_that_was_taken_down_is_a_tombstone_and_the_others_are_counted(
    atlas, server, world, fault, reason
):
    atlas.read()
    victim = atlas.targets()[0].repository
    before = atlas.table("forks").height
    server.fault_for = lambda asked: fault if f'"{victim.split("/")[1]}"'.encode() in asked.body else None
    counts = atlas.count(list(world.repositories), DAY + timedelta(days=1))
    today = {row["repository"]: row for row in counts.filter(observed_on=DAY + timedelta(days=1)).to_dicts()}
    assert (today[victim]["access"], today[victim]["reason"]) == ("blocked", f"GitHub took it down: {reason}")
    assert [row["access"] for name, row in today.items() if name != victim] == ["open"] * 4
    atlas.read(DAY + timedelta(days=1))
    assert atlas.table("forks").height == before


@pytest.mark.parametrize(("error", "access"), [("NOT_FOUND", "not_found"), ("FORBIDDEN", "forbidden"), ("X", "unread")])
def test_partial_errors_leave_the_other_repositories_alone(atlas, world, error, access):
    name = list(world.repositories)[2]
    world.repositories[name]["error"] = error
    counts = atlas.count(list(world.repositories), DAY + timedelta(days=1)).filter(observed_on=DAY + timedelta(days=1))
    found = dict(counts.select("repository", "access").iter_rows())
    assert found.pop(name) == access
    assert set(found.values()) == {"open"}
    assert name in {target.repository for target in atlas.targets()}


def test_a_restricted_list_is_not_a_list_of_nobody(atlas, world):
    atlas.read()
    before = atlas.table("forks")
    for one in world.repositories.values():
        one["restricted"] = True
    atlas.read(DAY + timedelta(days=1), listings=("forks",))
    assert atlas.table("forks").equals(before)
    rows = atlas.table("repository_reads").filter(listing="forks")
    assert set(rows["access"]) == {"restricted"}
    assert rows["read_on"].unique().to_list() == [DAY]


def test_a_renamed_repository_stays_itself(atlas, world):
    atlas.read()
    old = next(iter(world.repositories))
    names = list(world.repositories)
    world.rename(old, "new-home/new-name")
    world.fork("new-home/new-name", datetime(2026, 11, 25, 12, tzinfo=UTC))
    atlas.count(names, DAY + timedelta(days=1))
    atlas.read(DAY + timedelta(days=1))
    _whole(atlas, world)
    assert set(atlas.table("forks")["repository"]) == set(names)


def test_two_names_of_one_repository_count_once(atlas, world):
    old = next(iter(world.repositories))
    names = list(world.repositories)
    world.rename(old, "new-home/new-name")
    atlas.count([*names, "new-home/new-name"], DAY + timedelta(days=1))
    atlas.read(DAY + timedelta(days=1))
    _whole(atlas, world)


def test_another_repository_under_an_old_name_is_not_read(atlas, world):
    atlas.read()
    name = next(iter(world.repositories))
    world.repositories[name]["databaseId"] = 999_999
    before = atlas.table("forks").height
    atlas.read(DAY + timedelta(days=1))
    reasons = atlas.table("repository_reads").filter(database_id=900_000)["reason"].unique().to_list()
    assert reasons == ["another repository has this name now"]
    assert atlas.table("forks").height == before


def test_hidden_owners_stay_in_the_denominator(atlas, world):
    forks = world.repositories[next(iter(world.repositories))]["forks"]
    forks[3] = None
    forks[7] = {**forks[7], "owner": {**forks[7]["owner"], "login": "ghost"}}
    atlas.read()
    row = atlas.table("repository_reads").filter(database_id=900_000, listing="forks").row(0, named=True)
    assert (row["listed"], row["kept"], row["unreadable"]) == (len(forks), len(forks) - 1, 2)


def test_a_cursor_that_is_refused_starts_the_listing_anew(atlas, server, world):
    server.script(
        None, Status(200, b'{"data": {"repository": null}, "errors": [{"type": "INVALID_CURSOR_ARGUMENTS"}]}')
    )
    atlas.read()
    _whole(atlas, world)


def test_an_interrupted_sweep_of_another_day_is_begun_anew(atlas, server, world):
    server.script(None, None, SPENT)
    with pytest.raises(SourceDownError):
        atlas.read(most_wait=1.0)
    atlas.read(DAY + timedelta(days=1))
    _whole(atlas, world)


def test_nothing_written_names_a_person_or_the_token(atlas, server, world):
    server.script(None, SECONDARY, HEAVY)
    atlas.read()
    for name, content in atlas.files().items():
        for secret in world.secrets():
            assert secret.encode() not in content, name
    for name in TABLES_OF:
        text = str(atlas.table(name).to_dicts())
        assert not [secret for secret in world.secrets() if secret in text], name
