"""A whole answer, and whether it is one: status, form, redirects.

Here: pure judgements on an answer that has arrived. Not here: sending, waiting, trying again (`client.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import loads
from typing import Any, Final

import httpx

from assets.ingest.web.errors import BrokenError, FailedError, FetchError, LimitedError, MissingError, RefusedError
from assets.ingest.web.limits import asked_to_wait, used_up
from assets.ingest.web.redaction import Redactor

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OK: Final = range(200, 300)
NOT_MODIFIED: Final = 304
MOVED: Final = frozenset({301, 302, 303, 307, 308})
FORBIDDEN: Final = frozenset({401, 403})
GONE: Final = frozenset({404, 410, 451})
TOO_MANY: Final = 429
PASSING: Final = frozenset({408, 425})
"""Client errors that a second attempt can mend."""

SERVER_ERRORS: Final = 500
PAGE_STARTS: Final = (b"<!doctype html", b"<html", b"<head", b"<body")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole answer.

    Attributes:
        source: Name of the source.
        url: Address without secrets.
        status: Status code.
        headers: Headers, by name in any case.
        content: Body, decompressed.
    """

    source: str
    url: str
    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            BrokenError: The body is no JSON: cut short, or something else.
        """
        try:
            return loads(self.content)
        except ValueError as error:
            raise BrokenError(
                source=self.source,
                url=self.url,
                said=f"the body of {len(self.content):,} bytes is no JSON ({type(error).__name__}), or was cut short",
            ) from None


Inspect = Callable[[Reply], None]
"""Looks at an answer of any status before it is accepted; raises a `FetchError` where it says that it failed."""


def _is_page(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in {"text/html", "application/xhtml+xml"} or reply.content[:64].lstrip().lower().startswith(PAGE_STARTS)


def accept(reply: Reply, redactor: Redactor, *, page: bool) -> None:
    """Raise unless an answer is a success in the form that was asked for.

    Args:
        reply: The answer.
        redactor: What keeps secrets out of the excerpt that the error shows.
        page: Whether a page for people (HTML) is what is wanted.

    Raises:
        FetchError: The kind says what was wrong.
    """
    if reply.status in OK or reply.status == NOT_MODIFIED:
        if not page and _is_page(reply):
            raise BrokenError(source=reply.source, url=reply.url, said="a page for people (HTML) came instead of data")
        return
    now = datetime.now(UTC)
    wait = asked_to_wait(reply.headers, now)
    limit = wait if wait is not None else used_up(reply.headers, now)
    seen = f"status {reply.status}: {redactor.excerpt(reply.content) or 'no text'}"

    def error(kind: type[FetchError], wait: float | None = None, remedy: str | None = None) -> FetchError:
        return kind(source=reply.source, url=reply.url, said=seen, wait=wait, remedy=remedy)

    if reply.status == TOO_MANY or (reply.status in FORBIDDEN and limit is not None):
        raise error(LimitedError, limit)
    if reply.status in FORBIDDEN:
        raise error(RefusedError, remedy="check that the token is set, valid and allowed to read this")
    if reply.status in GONE:
        raise error(MissingError)
    if reply.status >= SERVER_ERRORS or reply.status in PASSING:
        raise error(FailedError, wait)
    raise error(RefusedError)


def moved(request: httpx.Request, reply: Reply) -> httpx.Request:
    """Return the request that follows a redirect; a token does not follow it to another host.

    Raises:
        RefusedError: The redirect leads nowhere, to an insecure address, or would lose the body.
    """
    target = reply.headers.get("location")
    url = request.url.join(target) if target else None
    why = None
    if url is None:
        why = "a redirect that says not where to"
    elif url.scheme not in {"http", "https"} or (request.url.scheme == "https" and url.scheme == "http"):
        why = "a redirect to an insecure address"
    elif request.method not in SAFE_METHODS and reply.status not in {307, 308}:
        why = f"a redirect ({reply.status}) that would lose the request's body"
    if url is None or why:
        raise RefusedError(source=reply.source, url=reply.url, said=why or "a redirect")
    same = (url.scheme, url.host, url.port) == (request.url.scheme, request.url.host, request.url.port)
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in {"host", "content-length", "transfer-encoding"}
        and (same or name not in {"authorization", "cookie"})
    }
    return httpx.Request(
        request.method,
        url,
        headers=headers,
        content=request.content or None,
        extensions=request.extensions,
    )
