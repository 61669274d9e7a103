"""What replies mean, in the shapes that were recorded or documented."""

import json

import pytest

from assets.ingest.github.verdicts import judge

NOT_FOUND = {
    "data": {"repository": None},
    "errors": [{"type": "NOT_FOUND", "path": ["repository"], "message": "Could not resolve to a Repository 'x/y'."}],
}
HEAVY = {
    "data": {"repository": None},
    "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "path": ["repository", "forks"], "message": "exceeded."}],
}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
SPENT = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
DMCA = {
    "message": "Repository access blocked",
    "block": {"reason": "dmca", "html_url": "https://github.com/github/dmca"},
}
TERMS = {"message": "Repository access blocked", "block": {"reason": "tos"}}


@pytest.mark.parametrize(
    ("status", "headers", "body", "action", "seconds"),
    [
        (200, {}, {"data": {"viewer": {}}}, "accept", None),
        (200, {}, NOT_FOUND, "accept", None),
        (200, {}, HEAVY, "shrink", None),
        (200, {}, SPENT, "wait", None),
        (200, {"x-ratelimit-remaining": "0"}, {"errors": [{"message": "limit"}]}, "wait", None),
        (403, {"x-ratelimit-remaining": "0"}, {"message": "limit"}, "wait", None),
        (200, {"retry-after": "7"}, SECONDARY, "wait", 7.0),
        (403, {"retry-after": "7"}, SECONDARY, "wait", 7.0),
        (403, {}, SECONDARY, "wait", 60.0),
        (403, {"retry-after": "soon"}, SECONDARY, "wait", 60.0),
        (429, {"retry-after": "3"}, {}, "wait", 3.0),
        (200, {}, {"errors": [{"message": "secondary rate limit"}]}, "wait", 60.0),
        (401, {}, {"message": "Bad credentials"}, "refuse", None),
        (403, {}, {"message": "Resource not accessible"}, "refuse", None),
        (451, {}, DMCA, "blocked", None),
        (403, {}, TERMS, "blocked", None),
        (502, {}, {"message": "Bad Gateway"}, "shrink", None),
        (400, {}, {"message": "Problems parsing JSON"}, "wrong", None),
        (200, {}, {"errors": [{"type": "INVALID", "message": "no such field"}]}, "wrong", None),
        (200, {}, {"data": None}, "shrink", None),
        (200, {}, [], "shrink", None),
    ],
)
def test_what_a_reply_means(status, headers, body, action, seconds):
    verdict = judge(status, headers, json.dumps(body).encode())
    assert (verdict.action, verdict.seconds) == (action, seconds)


@pytest.mark.parametrize("content", [b"", b"<html>502</html>", b'{"data": {"repository": {"for', b"\xff\xfe"])
def test_what_is_no_json_is_asked_for_again(content):
    assert judge(200, {}, content).action == "shrink"
    assert judge(502, {}, content).action == "shrink"


def test_paths_of_partial_errors_are_kept():
    assert judge(200, {}, json.dumps(NOT_FOUND).encode()).errors == [("NOT_FOUND", ("repository",))]


def test_no_message_of_github_is_passed_on():
    for body in (SECONDARY, DMCA, {"errors": [{"type": "INVALID", "message": "mona lisa"}]}):
        assert "mona" not in repr(judge(451 if "block" in body else 200, {}, json.dumps(body).encode()))


def test_a_reason_of_a_block_is_one_of_a_closed_list():
    said = judge(451, {}, json.dumps({"block": {"reason": "mona lisa asked"}}).encode())
    assert said.reason == "no reason that the atlas knows"
    assert judge(451, {}, json.dumps(DMCA).encode()).reason == "dmca"
