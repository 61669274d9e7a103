"""Rows of a page: hashes and places, nulls and ghosts, clocks."""

from datetime import date

import polars as pl
import pytest

from assets.ingest.github.rows import PLACE, AnswerError, commit_page, fork_page, kind_of, offset_minutes
from assets.places.actors import ActorKey, actor_ids

KEY = ActorKey(b"k" * 32)
DAY = date(2026, 11, 25)


def place_by_first_letter(texts):
    """Locate in a way that a test can foresee."""
    known = {"L": "NG", "J": "ID"}
    countries = [known.get((text or "-")[0]) for text in texts]
    return pl.DataFrame(
        {"country": countries, "level": ["country" if one else None for one in countries], "reason": "made up"},
    ).select(pl.col(name) if name in {"country", "level", "reason"} else pl.lit(None).alias(name) for name in PLACE)


def _owner(number, *, kind="User", login="someone", location="Lagos"):
    return {"__typename": kind, "databaseId": number, "login": login, "location": location}


def _fork(number, owner, day="2026-11-20"):
    return {"databaseId": number, "createdAt": f"{day}T10:00:00Z", "owner": owner}


def _forks(*nodes, total=None, more=None):
    info = {"hasNextPage": more is not None, "endCursor": more}
    return {"forks": {"totalCount": len(nodes) if total is None else total, "pageInfo": info, "nodes": list(nodes)}}


def _page(read, repository):
    return read(repository, key=KEY, locate=place_by_first_letter, day=DAY, sweep=3)


@pytest.mark.parametrize(
    ("account", "kind"),
    [
        ({"__typename": "User", "login": "talbot"}, "person"),
        ({"__typename": "User", "login": "mona"}, "person"),
        ({"__typename": "User", "login": "dependabot[bot]"}, "bot"),
        ({"__typename": "User", "login": "sync-bot"}, "bot"),
        ({"__typename": "Bot", "login": "x"}, "bot"),
        ({"__typename": "Organization", "login": "some-bot"}, "organisation"),
    ],
)
def test_bots_and_organisations_are_told_from_people(account, kind):
    assert kind_of(account) == kind


@pytest.mark.parametrize(
    ("moment", "minutes"),
    [
        ("2025-03-01T10:00:00+08:00", 480),
        ("2025-03-01T10:00:00-0330", -210),
        ("2025-03-01T10:00:00Z", 0),
        ("2025-03-01T10:00:00+23:00", None),
        ("2025-03-01T10:00:00", None),
        ("", None),
        (None, None),
    ],
)
def test_the_clock_of_a_commit(moment, minutes):
    assert offset_minutes(moment) == minutes


def test_a_fork_becomes_hashes_and_a_place():
    page = _page(fork_page, _forks(_fork(5, _owner(42)), more="next", total=9))
    row = page.rows.row(0, named=True)
    assert row["actor"] == actor_ids(pl.Series([42]), KEY)[0]
    assert row["fork"] == KEY.hashed("github-fork:5")
    assert (row["country"], row["kind"], row["created_on"], row["sweep"]) == ("NG", "person", date(2026, 11, 20), 3)
    assert (page.listed, page.entries, page.unreadable, page.cursor) == (9, 1, 0, "next")
    assert not {"someone", "Lagos"} & set(str(page.rows.to_dicts()).split("'"))


def test_hidden_forks_owners_and_ghosts_are_counted_and_never_dropped_from_the_denominator():
    page = _page(
        fork_page,
        _forks(
            None,
            _fork(1, None),
            _fork(2, _owner(10_137, login="ghost")),
            _fork(3, {"__typename": "User", "login": "x", "databaseId": None, "location": None}),
            _fork(4, _owner(7, location=None)),
        ),
    )
    assert (page.entries, page.unreadable, page.rows.height) == (5, 4, 4)
    assert page.rows["actor"].null_count() == 3
    assert page.cursor is None


def test_an_answer_without_the_list_is_an_error():
    for broken in ({}, {"forks": None}, {"forks": {"nodes": None, "pageInfo": {}, "totalCount": 1}}):
        with pytest.raises(AnswerError, match=r"lacks nodes, pageInfo or totalCount at repository\.forks"):
            _page(fork_page, broken)


def _commit(number, moment, *, web=False, day="2026-11-20"):
    user = None if number is None else {"databaseId": number, "login": "someone", "location": "Jakarta"}
    return {
        "committedDate": f"{day}T23:30:00Z",
        "committedViaWeb": web,
        "author": {"date": moment, "user": user},
    }


def _commits(*nodes):
    info = {"hasNextPage": False, "endCursor": None}
    history = {"totalCount": len(nodes), "pageInfo": info, "nodes": list(nodes)}
    return {"defaultBranchRef": {"target": {"__typename": "Commit", "history": history}}}


def test_commits_are_counted_by_account_month_and_clock():
    page = _page(
        commit_page,
        _commits(
            _commit(1, "2026-11-21T06:30:00+07:00"),
            _commit(1, "2026-11-21T06:30:00+07:00"),
            _commit(1, "2026-11-20T16:30:00-07:00", web=True),
            _commit(1, "2026-10-21T06:30:00+07:00", day="2026-10-20"),
            _commit(None, "2026-11-21T06:30:00+07:00"),
        ),
    )
    counted = page.rows.sort("month", "utc_offset_minutes", nulls_last=True)
    assert counted.select("month", "utc_offset_minutes", "commits").rows() == [
        (date(2026, 10, 1), 420, 1),
        (date(2026, 11, 1), 420, 2),
        (date(2026, 11, 1), None, 1),
    ]
    assert set(page.rows["country"]) == {"ID"}
    assert (page.entries, page.unreadable) == (5, 1)


def test_an_empty_repository_has_an_empty_page():
    page = _page(commit_page, {"defaultBranchRef": None})
    assert (page.rows.height, page.listed, page.cursor) == (0, 0, None)
