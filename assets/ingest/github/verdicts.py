"""Verdicts: what a reply of GitHub's GraphQL interface means, whatever its status says.

Here: pure classification of status, headers and body. Not here: what is done about it (`client.py`).

GitHub answers a spent limit with status 200 and an error, a second limit with 200 or 403, an overloaded query with a
page of HTML or with half an answer, and a repository that was taken down with 451 or 403. Messages are never passed
on: they may name people.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Action = Literal["accept", "wait", "shrink", "refuse", "blocked", "wrong"]

HEAVY: Final = frozenset({"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT"})
LIMITED: Final = frozenset({"RATE_LIMITED", "RATE_LIMIT"})
PRIMARY: Final = "the limit of points an hour"
BLOCKS: Final = frozenset({"dmca", "tos", "sensitive_data"})
STALE_CURSOR: Final = "INVALID_CURSOR_ARGUMENTS"
LEAST_SECONDARY_WAIT: Final = 60.0
OK: Final = 200
UNAUTHORISED: Final = 401
FORBIDDEN: Final = 403
TOO_MANY: Final = 429
UNAVAILABLE_FOR_LEGAL_REASONS: Final = 451
SERVER_ERROR: Final = 500


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do about a reply.

    Attributes:
        action: accept = use the data; wait = ask again later; shrink = ask again for less; refuse = the token is not
            accepted; blocked = the repository was taken down; wrong = asking again will not help.
        reason: Why, in words of the atlas.
        seconds: How long to wait, where the reply says it; until the reset of the limit where it is null.
        data: What was answered.
        errors: Types and paths of errors beside it.
    """

    action: Action
    reason: str = ""
    seconds: float | None = None
    data: Mapping[str, Any] | None = None
    errors: Sequence[tuple[str, tuple[str | int, ...]]] = ()


def number(text: str | None) -> float | None:
    """Return a header's number, or nothing where it is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if value >= 0 else None


def _errors(body: Mapping[str, Any]) -> list[tuple[str, tuple[str | int, ...]]]:
    found = body.get("errors")
    listed = found if isinstance(found, list) else []
    return [
        (str(error.get("type") or "UNKNOWN"), tuple(error.get("path") or ()))
        for error in listed
        if isinstance(error, Mapping)
    ]


def _says_secondary(body: Mapping[str, Any]) -> bool:
    listed = body.get("errors")
    messages = [body.get("message")] + [
        error.get("message") for error in (listed if isinstance(listed, list) else []) if isinstance(error, Mapping)
    ]
    return any("secondary rate limit" in str(message).lower() for message in messages if message)


def _limited(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> Verdict | None:
    """Return the verdict where a limit was met that status, headers or message tell."""
    if _says_secondary(body) or status == TOO_MANY or (status == FORBIDDEN and "retry-after" in headers):
        asked = number(headers.get("retry-after"))
        seconds = LEAST_SECONDARY_WAIT if asked is None else asked
        return Verdict(action="wait", reason="the secondary limit", seconds=seconds)
    if status == FORBIDDEN and headers.get("x-ratelimit-remaining") == "0":
        return Verdict(action="wait", reason=PRIMARY)
    return None


def _of_status(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> Verdict | None:
    """Return the verdict that needs no look at data and errors."""
    block = body.get("block")
    if status == UNAVAILABLE_FOR_LEGAL_REASONS or (status == FORBIDDEN and isinstance(block, Mapping)):
        why = str(block.get("reason")) if isinstance(block, Mapping) else ""
        return Verdict(action="blocked", reason=why if why in BLOCKS else "no reason that the atlas knows")
    limited = _limited(status, headers, body)
    if limited or status == OK:
        return limited
    if status in {UNAUTHORISED, FORBIDDEN}:
        return Verdict(action="refuse", reason=f"the token is not accepted ({status})")
    return Verdict(action="shrink" if status >= SERVER_ERROR else "wrong", reason=f"status {status}")


def _of_errors(
    errors: Sequence[tuple[str, tuple[str | int, ...]]], headers: Mapping[str, str], *, with_data: bool
) -> Verdict | None:
    """Return the verdict where errors forbid to use the data, or there are none to use."""
    kinds = {kind for kind, _ in errors}
    if kinds & LIMITED or (errors and not with_data and headers.get("x-ratelimit-remaining") == "0"):
        return Verdict(action="wait", reason=PRIMARY)
    if kinds & HEAVY:
        return Verdict(action="shrink", reason="GitHub's limit of resources a query")
    if with_data:
        return None
    if kinds == {STALE_CURSOR}:
        return Verdict(action="accept", data={}, errors=errors)
    if errors:
        return Verdict(action="wrong", reason=f"errors of type {', '.join(sorted(kinds))} and no data")
    return Verdict(action="shrink", reason="an answer without data")


def judge(status: int, headers: Mapping[str, str], content: bytes) -> Verdict:
    """Return what a reply means.

    Args:
        status: Status of HTTP.
        headers: Its headers, names in lower case.
        content: Its body, whole.
    """
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    early = _of_status(status, headers, body if isinstance(body, Mapping) else {})
    if early:
        return early
    if not isinstance(body, Mapping):
        return Verdict(action="shrink", reason="an answer that is no JSON object")
    data, errors = body.get("data"), _errors(body)
    if not isinstance(data, Mapping):
        return _of_errors(errors, headers, with_data=False) or Verdict(action="shrink", reason="an answer without data")
    return _of_errors(errors, headers, with_data=True) or Verdict(action="accept", data=data, errors=errors)
