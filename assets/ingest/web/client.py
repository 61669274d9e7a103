"""The polite client: asks one source, one request at a time, and returns whole answers or a typed error.

Here: timeouts that hold, retries, waiting as the source asks, one request at a time per host. Not here: whether an
answer is acceptable (`reply.py`), what it means (beside the client of each source), how errors read (`errors.py`).

Retries are tenacity's; what may be asked again is decided by the error and by the request: a request that is not
safe is repeated only where the source cannot have acted on it.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Self

import httpx
import tenacity

from assets.ingest.web.errors import (
    BrokenError,
    FetchError,
    LimitedError,
    RefusedError,
    TimedOutError,
    UnreachableError,
)
from assets.ingest.web.limits import used_up
from assets.ingest.web.manners import Manners, WebSettings
from assets.ingest.web.redaction import Redactor
from assets.ingest.web.reply import MOVED, OK, SAFE_METHODS, Inspect, Reply, accept, moved

LOG: Final = logging.getLogger(__name__)
MOST_MOVES: Final = 5
LONGEST_BACKOFF: Final = 60.0
"""Seconds between two attempts where the source asks for no wait."""


class _Lane:
    """One host: who is asking it now, and when it was asked last."""

    def __init__(self) -> None:
        self.turn = threading.RLock()
        self.began = float("-inf")


_LANES: Final[defaultdict[str, _Lane]] = defaultdict(_Lane)
"""Lanes of this process by host and port: two clients of one host take turns."""


class Client:
    """A client of one source. Use it as a context manager: it holds a connection."""

    def __init__(
        self,
        source: str,
        *,
        manners: Manners | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        user_agent: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        log: logging.Logger = LOG,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            source: Name of the source, which begins every error.
            manners: Timeouts, pauses and caps.
            headers: Headers of every request, a token among them where the source wants one.
            secrets: Texts that must never be shown, such as that token.
            user_agent: Name under which to ask; by default that of the settings.
            sleep: How to wait.
            log: Where retries and waits are told; in an asset, Dagster's.
        """
        self.source = source
        self.manners = manners or Manners()
        self.requests = 0
        self.waited = 0.0
        self._redactor = Redactor(secrets)
        self._sleep = sleep
        self._log = log
        self._resume_at = 0.0
        self._stream: Any = None
        # These loggers print addresses and headers, whatever those hold.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        timeout = httpx.Timeout(self.manners.read, connect=self.manners.connect, pool=self.manners.connect)
        self._http = httpx.Client(
            headers={"User-Agent": user_agent or WebSettings().user_agent(), **(headers or {})},
            timeout=timeout,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._http.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        page: bool = False,
        inspect: Inspect | None = None,
    ) -> Reply:
        """Ask for an address; see `request`."""
        return self.request("GET", url, params=params, headers=headers, page=page, inspect=inspect)

    def get_json(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        inspect: Inspect | None = None,
    ) -> Any:
        """Ask for JSON and return it parsed; a body that is none is asked for again."""
        return self.request("GET", url, params=params, headers=headers, json=True, inspect=inspect).json()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        safe: bool | None = None,
        json: bool = False,
        page: bool = False,
        inspect: Inspect | None = None,
    ) -> Reply:
        """Make one request and return the whole answer: a success, or 304 to a conditional request.

        Args:
            method: HTTP method.
            url: Address.
            params: Query parameters.
            headers: Headers of this request, beside those of the client.
            content: Body.
            safe: Whether it may be repeated though the source may have acted on it; by default by the method. A
                query sent by POST is safe.
            json: Whether the body must be JSON.
            page: Whether a page for people (HTML) is what is wanted.
            inspect: Looks at every answer before it is accepted; raises where the body says that it failed.

        Raises:
            FetchError: No acceptable answer within the attempts and the patience of the manners.
        """
        repeatable = method in SAFE_METHODS if safe is None else safe
        request = self._build(method, url, params, headers, content)
        waited_before = self.waited

        def attempt() -> Reply:
            self._hold_back(request, waited_before)
            return self._once(request, json=json, page=page, inspect=inspect)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, FetchError) and error.retry and (repeatable or _untouched(error))
            ),
            wait=self._pause_after,
            stop=lambda state: (
                state.attempt_number >= self.manners.attempts
                or self._impatience(state.upcoming_sleep, waited_before) is not None
            ),
            sleep=self._wait,
            before_sleep=self._tell,
            retry_error_callback=lambda state: self._give_up(state, waited_before),
        )
        reply: Reply = retrying(attempt)
        return reply

    def _build(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        content: bytes | None,
    ) -> httpx.Request:
        target = httpx.URL(url)
        return self._http.build_request(
            method,
            target.copy_merge_params(params) if params else target,
            headers=headers,
            content=content,
            extensions={"trace": self._trace},
        )

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._stream = info["return_value"]

    def _wait(self, seconds: float) -> None:
        self.waited += seconds
        self._sleep(seconds)

    def _impatience(self, seconds: float, waited_before: float) -> str | None:
        """Say which cap a wait would break, or nothing."""
        if self.waited - waited_before + seconds > self.manners.patience:
            return f"waiting {seconds:,.0f} s more would exceed the {self.manners.patience:,.0f} s a request may wait"
        if self.waited + seconds > self.manners.run_patience:
            return f"waiting {seconds:,.0f} s more would exceed the {self.manners.run_patience:,.0f} s a run may wait"
        return None

    def _hold_back(self, request: httpx.Request, waited_before: float) -> None:
        """Wait until the time that the source's last answer named, where it said that nothing was left."""
        seconds = self._resume_at - time.monotonic()
        if seconds <= 0:
            return
        impatience = self._impatience(seconds, waited_before)
        if impatience:
            raise LimitedError(
                source=self.source,
                url=self._redactor.address(request.url),
                said=f"the source allows no more requests for {seconds:,.0f} s; {impatience}",
                retry=False,
                wait=seconds,
            )
        self._log.info("%s: no requests left; waiting %.0f s as the source asks.", self.source, seconds)
        self._resume_at = 0.0
        self._wait(seconds)

    def _pause_after(self, state: tenacity.RetryCallState) -> float:
        error = _error_of(state)
        if error.wait is not None:
            return error.wait
        return float(
            tenacity.wait_exponential_jitter(multiplier=self.manners.backoff, max=60, jitter=self.manners.backoff)(
                state
            )
        )

    def _tell(self, state: tenacity.RetryCallState) -> None:
        self._log.warning(
            "%s Attempt %d of %d; the next in %.1f s.",
            _error_of(state),
            state.attempt_number,
            self.manners.attempts,
            state.upcoming_sleep,
        )

    def _give_up(self, state: tenacity.RetryCallState, waited_before: float) -> Reply:
        error = _error_of(state)
        spent = f"given up after {state.attempt_number} attempt(s)"
        impatience = self._impatience(state.upcoming_sleep, waited_before)
        note = f"{spent}; {impatience}" if impatience else spent
        raise error.saying(f"{error.said} ({note})", retry=False) from None

    def _once(self, request: httpx.Request, *, json: bool, page: bool, inspect: Inspect | None) -> Reply:
        """Send a request, follow where it moved to, and return the answer if it is acceptable."""
        for _ in range(MOST_MOVES + 1):
            reply = self._send(request)
            if reply.status not in MOVED:
                break
            request = moved(request, reply)
        else:
            raise RefusedError(source=self.source, url=reply.url, said=f"more than {MOST_MOVES} redirects")
        if inspect:
            try:
                inspect(reply)
            except FetchError as error:
                # A source may echo a token in the words that its client quotes.
                raise error.saying(self._redactor.text(error.said), retry=error.retry) from None
        try:
            accept(reply, self._redactor, page=page)
            if json and reply.status in OK:
                reply.json()
        except BrokenError:
            # Bytes beyond the declared length may be on their way: they are no part of the next answer.
            self._disconnect()
            raise
        return reply

    def _send(self, request: httpx.Request) -> Reply:
        """Send one request in its host's turn and read the whole answer."""
        url = self._redactor.address(request.url)
        lane = _LANES[request.url.netloc.decode("ascii")]
        with lane.turn:
            early = lane.began + self.manners.pause - time.monotonic()
            if early > 0:
                self._sleep(early)
            lane.began = time.monotonic()
            self.requests += 1
            with self._deadline() as over:
                try:
                    reply = self._receive(request, url)
                except httpx.HTTPError as error:
                    raise self._of_transport(error, url, late=over.is_set()) from None
                if over.is_set():
                    raise self._late(url)
        exhausted = used_up(reply.headers, datetime.now(UTC))
        # After a refusal the retry waits; held back before it as well, the source would be waited for twice.
        if exhausted is not None and reply.status in OK:
            self._resume_at = time.monotonic() + exhausted
        return reply

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Cut the connection when the total time is over: a drip within the read timeout would last for ever."""
        over = threading.Event()

        def cut() -> None:
            over.set()
            self._disconnect()

        timer = threading.Timer(self.manners.total, cut)
        timer.daemon = True
        timer.start()
        try:
            yield over
        finally:
            timer.cancel()

    def _disconnect(self) -> None:
        """End the connection, so that the next request opens another one."""
        socket = self._stream.get_extra_info("socket") if self._stream else None
        if socket is not None:
            try:
                socket.shutdown(2)
            except OSError:
                LOG.debug("%s: the connection was closed already.", self.source)

    def _receive(self, request: httpx.Request, url: str) -> Reply:
        response = self._http.send(request, stream=True)
        try:
            parts: list[bytes] = []
            size = 0
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > self.manners.largest:
                    raise BrokenError(
                        source=self.source,
                        url=url,
                        said=f"the answer is larger than {self.manners.largest:,} bytes",
                        retry=False,
                    )
        finally:
            response.close()
        return Reply(
            source=self.source,
            url=url,
            status=response.status_code,
            headers=response.headers,
            content=b"".join(parts),
        )

    def _late(self, url: str) -> TimedOutError:
        return TimedOutError(source=self.source, url=url, said=f"no whole answer within {self.manners.total:,.1f} s")

    def _of_transport(self, error: httpx.HTTPError, url: str, *, late: bool) -> FetchError:
        """Return the error of the house for one of the transport, its text redacted."""
        said = self._redactor.text(str(error)) or type(error).__name__
        if late:
            return self._late(url)
        if isinstance(error, httpx.ConnectTimeout):
            return UnreachableError(
                source=self.source, url=url, said=f"no connection within {self.manners.connect:,.1f} s"
            )
        if isinstance(error, httpx.TimeoutException):
            return TimedOutError(source=self.source, url=url, said=f"silent for {self.manners.read:,.1f} s")
        if isinstance(error, httpx.ConnectError | httpx.ProxyError):
            return UnreachableError(source=self.source, url=url, said=said)
        if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
            # The library's own text shows the whole header.
            return RefusedError(
                source=self.source,
                url=url,
                said="the request cannot be sent: the address or a header (the token?) holds what HTTP does not allow",
            )
        return BrokenError(source=self.source, url=url, said=f"the answer was cut short: {said}")


def _untouched(error: FetchError) -> bool:
    """Whether the source cannot have acted on the request: it was not reached, or refused for its limits."""
    return isinstance(error, UnreachableError | LimitedError)


def _error_of(state: tenacity.RetryCallState) -> FetchError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, FetchError):
        raise TypeError(f"Only a FetchError is retried, not {error!r}.")
    return error
