"""Client: asks GitHub's GraphQL interface, one query at a time, within its limits.

Here: sending with the token, waiting for limits, page sizes, what the queries cost. Not here: the texts (`queries.py`),
what replies mean (`verdicts.py`), connections (`assets/ingest/web`).

Queries go out one after the other, as GitHub asks. Page sizes halve when a query is too heavy and grow again when it
is not. Retries are decided here, not by the web client, because what helps is a smaller page. The token is in one
header and in no message.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from assets.ingest.github.verdicts import LEAST_SECONDARY_WAIT, PRIMARY, Verdict, judge, number
from assets.ingest.web.client import Client
from assets.ingest.web.errors import FetchError
from assets.ingest.web.manners import Manners
from assets.ingest.web.reply import Reply

TOKEN_VARIABLE: Final = "GITHUB_TOKEN"  # noqa: S105 - the name of the variable, not a token
URL_VARIABLE: Final = "ATLAS_GITHUB_URL"
URL: Final = "https://api.github.com/graphql"
API_VERSION: Final = "2026-03-10"

MOST_A_PAGE: Final = 100
LEAST_A_PAGE: Final = 10
PAGES_BEFORE_GROWTH: Final = 20
MOST_HEAVY: Final = 6
"""Times that one query is asked again because it was too heavy or broke off."""

MOST_SECONDARY: Final = 5
"""Times that one query is asked again because of the secondary limit; GitHub bans those who insist."""

RESERVE: Final = 50
"""Points that are left to whatever else uses the token."""

POINTS_LAST: Final = 3660.0
"""Seconds after which spent points are back, with a minute to spare."""

MOST_WAIT: Final = 3 * 3600.0
"""Seconds that a run waits in all; then it keeps what it has, and the next run goes on."""

LOGGER: Final = logging.getLogger(__name__)


class GitHubError(RuntimeError):
    """GitHub does not give what was asked; the message says what and what to do, never a token or a person."""


class SourceDownError(GitHubError):
    """Nothing more can be had in this run: no token, no connection, limits spent."""


class TooHeavyError(GitHubError):
    """One query failed at the smallest page size, again and again."""


class BlockedError(GitHubError):
    """GitHub took the repository down; the message is the reason."""


class NoReplyError(RuntimeError):
    """The connection gave no whole reply; the message says how it broke."""


Send = Callable[[bytes], Reply]
"""Posts a body and returns the whole reply, whatever its status; ``NoReplyError`` where there is none."""


@dataclass(kw_only=True)
class Spent:
    """What a run has used: requests, points, seconds of waiting."""

    requests: int = 0
    points: int = 0
    waited: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Data, and the types and paths of errors beside it."""

    data: Mapping[str, Any]
    errors: tuple[tuple[str, tuple[str | int, ...]], ...] = ()


@dataclass(kw_only=True)
class _Tries:
    """How often one query was asked in vain, by cause."""

    heavy: int = 0
    secondary: int = 0
    broken: int = 0


@dataclass(kw_only=True)
class GitHub:
    """A connection to GitHub's GraphQL interface.

    Attributes:
        send: Posts a body, with the token.
        sleep: Waits for seconds.
        now: Seconds since 1970.
        most_wait: Seconds that waits may take in all.
        spent: What was used so far.
        size: Entries that the next page asks for.
    """

    send: Send
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    most_wait: float = MOST_WAIT
    spent: Spent = field(default_factory=Spent)
    size: int = MOST_A_PAGE
    _good: int = 0
    _remaining: float | None = None
    _reset: float = 0.0

    def ask(self, text: str, variables: Mapping[str, Any]) -> Answer:
        """Return the answer to a query of fixed size.

        Raises:
            SourceDownError: The token is refused, GitHub cannot be reached, or the limits are spent for this run.
            TooHeavyError: GitHub cannot answer the query.
            BlockedError: The repository was taken down.
            GitHubError: GitHub does not understand the query.
        """
        return self._asked(text, lambda: variables, shrinks=False)

    def page(self, text: str, variables: Mapping[str, Any]) -> Answer:
        """Return a page; variable ``first`` is the present page size. Errors as of ``ask``."""
        answer = self._asked(text, lambda: {**variables, "first": self.size}, shrinks=True)
        self._good += 1
        if self._good >= PAGES_BEFORE_GROWTH:
            self.size, self._good = min(MOST_A_PAGE, 2 * self.size), 0
        return answer

    def _asked(self, text: str, variables: Callable[[], Mapping[str, Any]], *, shrinks: bool) -> Answer:
        tries = _Tries()
        while True:
            self._wait_for_points()
            try:
                verdict = self._sent(text, variables())
            except NoReplyError as error:
                tries.broken += 1
                verdict = Verdict(action="shrink", reason=str(error))
            if verdict.action == "accept":
                self._account(verdict)
                return Answer(data=verdict.data or {}, errors=tuple(verdict.errors))
            self._put_up_with(verdict, tries, shrinks=shrinks)

    def _put_up_with(self, verdict: Verdict, tries: _Tries, *, shrinks: bool) -> None:
        """Wait, or take a smaller page, before the query is asked again; or raise because that does not help."""
        match verdict.action:
            case "wait" if verdict.seconds is None:
                self._wait(max(LEAST_SECONDARY_WAIT, self._until_reset()), verdict.reason)
            case "wait":
                tries.secondary += 1
                if tries.secondary > MOST_SECONDARY:
                    raise SourceDownError(
                        f"GitHub's secondary limit held after {MOST_SECONDARY} waits; the next run goes on from here."
                    )
                self._wait((verdict.seconds or 0.0) * 2 ** (tries.secondary - 1), verdict.reason)
            case "shrink":
                tries.heavy += 1
                if tries.heavy > MOST_HEAVY:
                    raise self._given_up(verdict.reason, dead=tries.broken == tries.heavy)
                if shrinks:
                    self.size, self._good = max(LEAST_A_PAGE, self.size // 2), 0
                self._wait(min(60.0, 2.0 ** (tries.heavy - 1)), verdict.reason)
            case "blocked":
                raise BlockedError(verdict.reason)
            case "refuse":
                raise SourceDownError(
                    f"GitHub refuses: {verdict.reason}. Set {TOKEN_VARIABLE} to a valid personal access token; for "
                    "public data it needs no scope."
                )
            case _:
                raise GitHubError(f"GitHub does not take the query: {verdict.reason}")

    @staticmethod
    def _given_up(reason: str, *, dead: bool) -> GitHubError:
        if dead:
            return SourceDownError(
                f"GitHub cannot be reached ({reason}, {MOST_HEAVY + 1} times); look at the network and {URL_VARIABLE}."
            )
        return TooHeavyError(f"GitHub did not answer ({reason}, {MOST_HEAVY + 1} times), even for small pages")

    def _sent(self, text: str, variables: Mapping[str, Any]) -> Verdict:
        body = json.dumps({"query": text, "variables": variables}).encode()
        self.spent.requests += 1
        reply = self.send(body)
        lower = {name.lower(): value for name, value in reply.headers.items()}
        remaining, reset = number(lower.get("x-ratelimit-remaining")), number(lower.get("x-ratelimit-reset"))
        if remaining is not None and reset is not None:
            self._remaining, self._reset = remaining, reset
        return judge(reply.status, lower, reply.content)

    def _account(self, verdict: Verdict) -> None:
        """Take the cost and what is left from the answer itself; headers may lack both."""
        limit = (verdict.data or {}).get("rateLimit")
        if not isinstance(limit, Mapping):
            return
        self.spent.points += int(limit.get("cost") or 0)
        if isinstance(limit.get("remaining"), int) and isinstance(limit.get("resetAt"), str):
            self._remaining = limit["remaining"]
            self._reset = datetime.fromisoformat(limit["resetAt"]).astimezone(UTC).timestamp()

    def _wait_for_points(self) -> None:
        if self._remaining is None or self._remaining > RESERVE:
            return
        self._wait(max(1.0, self._until_reset()), PRIMARY)
        self._remaining = None

    def _until_reset(self) -> float:
        """Return the seconds until points come back: no more than their hour, however wrong a clock is."""
        return min(POINTS_LAST, self._reset - self.now() + 1.0)

    def _wait(self, seconds: float, reason: str) -> None:
        if self.spent.waited + seconds > self.most_wait:
            raise SourceDownError(
                f"GitHub asks to wait {seconds:,.0f} s more ({reason}); a run waits {self.most_wait:,.0f} s at most. "
                "What was read is kept, and the next run goes on from there."
            )
        LOGGER.info("GitHub: waiting %.0f s (%s).", seconds, reason)
        self.spent.waited += seconds
        self.sleep(seconds)


@contextmanager
def connected(
    *,
    environ: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
    most_wait: float = MOST_WAIT,
) -> Iterator[GitHub]:
    """Give a connection with the token of the environment.

    Args:
        environ: Environment: ``GITHUB_TOKEN``, and ``ATLAS_GITHUB_URL`` for GitHub Enterprise.
        sleep: Waits for seconds.
        most_wait: Seconds that waits may take in all.

    Raises:
        SourceDownError: There is no token.
    """
    token = environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise SourceDownError(
            f"{TOKEN_VARIABLE} is not set: GitHub answers token holders only. Set it to a personal access token; for "
            "public data it needs no scope."
        )
    headers = {
        "Authorization": f"bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-GitHub-Api-Version": API_VERSION,
    }
    # One attempt, and patience for the longest wait that GitHub may ask for: this module decides on the others.
    manners = Manners(attempts=1, total=60.0, patience=2 * POINTS_LAST, run_patience=most_wait + POINTS_LAST)
    with Client("GitHub", manners=manners, headers=headers, secrets=[token], sleep=sleep) as web:
        url = environ.get(URL_VARIABLE) or URL

        def send(body: bytes) -> Reply:
            seen: list[Reply] = []
            try:
                return web.request("POST", url, content=body, safe=True, page=True, inspect=seen.append)
            except FetchError as error:
                if seen:
                    return seen[-1]
                raise NoReplyError(error.said) from None

        yield GitHub(send=send, sleep=sleep, most_wait=most_wait)
