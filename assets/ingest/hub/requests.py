"""Requests to the Hub: one page of a listing at a time, patiently, politely and never for ever.

Here: the HTTP client, deadlines, retries and the errors of both. Not here: which listings are read (`crawl.py`), what
a page means (`pages.py`).

The client is `huggingface_hub`'s own, with its headers, hooks and rate limit headers. Two things are added, because the
library has neither: its listings are sent without any timeout, and its retries obey a server that says "in three
hours" and take a page of HTML for an answer. Only listings are asked for; a model's files never are, because each
request for one counts as a download.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.utils import (
    build_hf_headers,
    close_session,
    get_session,
    parse_ratelimit_headers,
)
from huggingface_hub.utils._http import hf_request_event_hook  # not exported; offline mode and request ids
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from assets.ingest.hub.settings import HubError, HubSettings

PAGE_SIZE: Final = 1000
"""Most models the Hub puts on a page; where it gives fewer, the pages that come are read as they are."""

EXPAND: Final = (
    "author",
    "baseModels",
    "childrenModelCount",
    "createdAt",
    "disabled",
    "downloads",
    "downloadsAllTime",
    "likes",
    "pipeline_tag",
    "safetensors",
    "tags",
)
"""Facts asked for with each model. Not ``gguf``, which carries whole chat templates, nor ``cardData``: hostile text."""

FIRST_WAIT: Final = 1.0
LONGEST_PAUSE: Final = 60.0
SECONDS_UNREACHABLE: Final = 5.0
"""How long a host is tried that does not take connections at all."""

MODELS_PATH: Final = "/api/models"
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_OK: Final = 200
_REFUSED: Final = {
    401: "refused the token (401); check HF_TOKEN, or unset it to read as a stranger",
    403: "forbids this listing (403); check what HF_TOKEN may do, or unset it to read as a stranger",
    404: "knows no listing of models (404); check HF_ENDPOINT",
}


class _AgainError(Exception):
    """A request failed in a way that may pass.

    Args:
        said: What happened, in our words.
        after: Seconds that the server asks to wait, if it does.
        reached: Whether there was a server at all.
    """

    def __init__(self, said: str, *, after: float | None = None, reached: bool = True) -> None:
        super().__init__(said)
        self.after = after
        self.reached = reached


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A page: its items as the Hub sent them, and the path of the next page, empty on the last."""

    items: list[dict[str, Any]]
    following: str


class _BoundedStream(httpcore2.NetworkStream):
    """A connection on which no read or write goes on past the deadline of the request."""

    def __init__(self, stream: httpcore2.NetworkStream, clock: "_BoundedBackend") -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=self._clock.left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=self._clock.left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._clock.left(timeout, httpcore2.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, timeout=left), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _BoundedBackend(httpcore2.NetworkBackend):
    """Opens connections that know the deadline of the request under way; requests are sent one at a time."""

    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend
        self.deadline = float("inf")

    def left(self, timeout: float | None, error: type[Exception]) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise error("the answer took too long as a whole")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = self.left(timeout, httpcore2.ConnectTimeout)
        return _BoundedStream(self._backend.connect_tcp(host, port, left, local_address, socket_options), self)


class _PatientTransport(httpx2.HTTPTransport):
    """Puts timeouts on every request, whatever the caller passed: a silence and the whole answer are both bounded."""

    def __init__(self, *, read_seconds: float, answer_seconds: float, proxy: str | None) -> None:
        super().__init__(proxy=proxy)
        self._silence = read_seconds
        self._whole = answer_seconds
        # There is no public way to hand a network backend to this transport, nor to bound an answer as a whole.
        self._backend = _BoundedBackend(self._pool._network_backend)  # noqa: SLF001
        self._pool._network_backend = self._backend  # noqa: SLF001

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), self._silence)
        self._backend.deadline = time.monotonic() + self._whole
        return super().handle_request(request)


def _proxy(endpoint: str) -> str | None:
    """Return the proxy of the environment for an address; a transport of one's own would pass it by."""
    parts = urlsplit(endpoint)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


class HubRequests:
    """Asks the Hub for pages of its listing, one request at a time.

    Args:
        settings: Endpoint, token and patience.
        tell: Told of every wait.
        sleep: How to wait.
        capped: Whether the library's own retries, which obey any wait, are kept from knowing of waits too long.
    """

    def __init__(
        self,
        settings: HubSettings,
        *,
        tell: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        capped: bool = False,
    ) -> None:
        self._settings = settings
        self._capped = capped
        self._tell = tell
        self._sleep = sleep
        self._pause = 0.0
        self.sent = 0
        self.limits = ""
        """What is left of the limit of requests, in words, as the last answer told it."""
        agent = f"contact: {settings.contact}" if settings.contact else None
        # False, not None: a token that another tool left on this machine is not ours to use.
        token = settings.token.get_secret_value() if settings.token else False
        self._headers = build_hf_headers(
            token=token, library_name="adoption-atlas", library_version="0.1", user_agent=agent
        )

    def __enter__(self) -> Self:
        """Open the library's session with bounded requests."""

        def client() -> httpx2.Client:
            return httpx2.Client(
                event_hooks={
                    "request": [hf_request_event_hook],
                    "response": [self._shorten] if self._capped else [],
                },
                follow_redirects=True,
                transport=_PatientTransport(
                    read_seconds=self._settings.read_seconds,
                    answer_seconds=self._settings.answer_seconds,
                    proxy=_proxy(self._settings.endpoint),
                ),
            )

        set_client_factory(client)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        close_session()

    def _shorten(self, response: httpx2.Response) -> None:
        if (_asked_wait(response) or 0.0) > self._settings.wait_seconds:
            for header in ("retry-after", "ratelimit"):
                response.headers.pop(header, None)

    def first(self, selection: Mapping[str, str]) -> Answer:
        """Return the first page of a listing, newest models first.

        The order is that of creation: by anything that changes while a crawl goes on, models would be lost between
        pages or come twice.

        Args:
            selection: ``author`` or ``filter``; none lists every public model.

        Raises:
            HubError: The Hub cannot be read.
        """
        query = {**selection, "sort": "createdAt", "limit": str(PAGE_SIZE), "expand": list(EXPAND)}
        return self._page(str(httpx2.URL(MODELS_PATH, params=query)))

    def following(self, path: str) -> Answer:
        """Return the page at a path that an earlier page named.

        Raises:
            HubError: The Hub cannot be read.
        """
        return self._page(path)

    def _page(self, path: str) -> Answer:
        if self._pause:
            self._wait(self._pause, "the limit of requests is used up")
            self._pause = 0.0
        started = time.monotonic()
        slept = 0.0

        def stop(state: RetryCallState) -> bool:
            return self._given_up(state, started=started, slept=slept)

        def pause(state: RetryCallState) -> float:
            return _wait_of(state)

        def sleep(seconds: float) -> None:
            nonlocal slept
            slept += seconds
            self._sleep(seconds)

        retrying = Retrying(
            retry=retry_if_exception_type(_AgainError),
            wait=pause,
            stop=stop,
            sleep=sleep,
            before_sleep=self._say,
            reraise=True,
        )
        try:
            answer: Answer = retrying(self._once, path)
        except _AgainError as error:
            after = f"; it asks to wait {error.after:,.0f} s" if error.after is not None else ""
            raise HubError(
                f"{self._settings.endpoint} {error}{after}. Tried {retrying.statistics['attempt_number']} time(s); "
                "the next run goes on from here."
            ) from None
        return answer

    def _given_up(self, state: RetryCallState, *, started: float, slept: float) -> bool:
        error = _error_of(state)
        spent = max(time.monotonic() - started, slept)
        limit = self._settings.wait_seconds if error.reached else min(SECONDS_UNREACHABLE, self._settings.wait_seconds)
        return state.attempt_number >= self._settings.attempts or spent + _least_wait(state) > limit

    def _say(self, state: RetryCallState) -> None:
        waited = state.next_action.sleep if state.next_action else 0.0
        self._tell(f"The Hub {_error_of(state)}; trying again in {waited:.0f} s.")

    def _wait(self, seconds: float, why: str) -> None:
        if seconds > self._settings.wait_seconds:
            raise HubError(
                f"{self._settings.endpoint}: {why} for {seconds:,.0f} s, more than ATLAS_HUB_WAIT_SECONDS "
                f"({self._settings.wait_seconds:,.0f}); the next run goes on from here."
            )
        self._tell(f"Waiting {seconds:.0f} s: {why}.")
        self._sleep(seconds)

    def _once(self, path: str) -> Answer:
        self.sent += 1
        try:
            response = get_session().get(f"{self._settings.endpoint}{path}", headers=self._headers)
        except OfflineModeIsEnabled:
            raise HubError("HF_HUB_OFFLINE is set, so that nothing is asked; unset it to read the Hub.") from None
        except httpx2.ConnectError as error:
            # No cause is kept, here and below: its text may quote what was sent.
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            said = "shows a certificate that this machine does not trust" if untrusted else "takes no connection"
            raise _AgainError(said, reached=False) from None
        except httpx2.TimeoutException:
            raise _AgainError("did not answer in time") from None
        except (httpx2.NetworkError, httpx2.ProtocolError, httpx2.DecodingError, httpx2.ProxyError):
            raise _AgainError("broke off its answer") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise HubError(f"{self._settings.endpoint}: the request failed ({type(error).__name__}).") from None
        if response.status_code != _OK:
            raise self._refusal(response)
        limits = parse_ratelimit_headers(response.headers)
        if limits is not None:
            of = f" of {limits.limit:,}" if limits.limit else ""
            self.limits = f"{limits.remaining:,}{of} requests, for {limits.reset_in_seconds:,} s"
        if limits is not None and limits.remaining == 0:
            self._pause = limits.reset_in_seconds + 1.0
        return _answer(response)

    def _refusal(self, response: httpx2.Response) -> Exception:
        status = response.status_code
        if status in _RETRIED:
            return _AgainError(f"answered {status}", after=_asked_wait(response))
        said = _REFUSED.get(status, f"answered {status}, which no listing of models does; check HF_ENDPOINT")
        return HubError(f"{self._settings.endpoint} {said}.")


def _error_of(state: RetryCallState) -> _AgainError:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, _AgainError) else _AgainError("failed")


def _least_wait(state: RetryCallState) -> float:
    after = _error_of(state).after
    return min(FIRST_WAIT * 2.0 ** (state.attempt_number - 1), LONGEST_PAUSE) if after is None else after


def _wait_of(state: RetryCallState) -> float:
    """Return as long as the server asks, else twice as long each time, with jitter so that runs drift apart."""
    return _least_wait(state) * (1 + random.random() / 10)  # noqa: S311


def _asked_wait(response: httpx2.Response) -> float | None:
    limits = parse_ratelimit_headers(response.headers)
    if limits is not None and limits.remaining == 0:
        return limits.reset_in_seconds + 1.0
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        # By the server's own clock: this machine's may be wrong.
        seconds = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(seconds.total_seconds(), 0.0)


def _answer(response: httpx2.Response) -> Answer:
    """Return what a response with status 200 holds; anything but a list of objects is a fault of the moment."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        raise _AgainError("answered with a page of HTML instead of data")
    try:
        items = json.loads(response.content)
    except ValueError:
        raise _AgainError("sent data that are cut short or damaged") from None
    if isinstance(items, dict):
        raise _AgainError("answered 200 with an error message instead of a list")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _AgainError("sent something that is no list of models")
    return Answer(items=items, following=_path_of(response.links.get("next", {}).get("url", "")))


def _path_of(url: str) -> str:
    """Return path and query of the next page: a mirror may name the original's host, which must not see the token."""
    if not url:
        return ""
    parts = urlsplit(url)
    if not parts.path.endswith(MODELS_PATH):
        raise _AgainError("names a next page that is no listing of models")
    return f"{MODELS_PATH}?{parts.query}" if parts.query else MODELS_PATH
