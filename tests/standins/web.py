"""A stand-in for a web service on 127.0.0.1 that answers as told and fails as scripted, over real sockets.

Here: the server, its faults and its count of requests. Not here: what a service answers (one module a service
beside this one).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True)
class Answer:
    """What a service answers where nothing goes wrong."""

    body: bytes = b"{}"
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """An answer with another status, with ``Retry-After`` and other headers where given; also 200 with an error."""

    status: int
    body: bytes = b'{"message": "scripted"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True)
class Drip:
    """The right answer, a byte at a time; with ``head``, from its first header on."""

    every: float = 0.05
    head: bool = False


@dataclass(frozen=True)
class Cut:
    """The right answer, the connection closed after some bytes of its body; none: before the status line."""

    after: int | None


@dataclass(frozen=True)
class WrongLength:
    """The right body under a ``Content-Length`` that is off by some bytes."""

    by: int


@dataclass(frozen=True)
class Unmarked:
    """The beginning of the right body, without ``Content-Length``: only its content tells that it was cut."""

    after: int


@dataclass(frozen=True)
class Silence:
    """Nothing at all for some seconds."""

    seconds: float


@dataclass(frozen=True)
class Skew:
    """The right answer by a clock that is off, with other status and headers where given."""

    seconds: float
    status: int = 200
    retry_at: float | None = None
    """Seconds after the source's own time that ``Retry-After`` names as a date."""

    def applied(self, right: Answer) -> Answer:
        now = time.time() + self.seconds
        headers = {**right.headers, "Date": formatdate(now, usegmt=True)}
        if self.retry_at is not None:
            headers["Retry-After"] = formatdate(now + self.retry_at, usegmt=True)
        return Answer(right.body, self.status, right.content_type, headers)


@dataclass(frozen=True)
class Redirect:
    """A redirect."""

    to: str
    status: int = 302


HTML = Status(200, b"<!DOCTYPE html><html><body>Sign in</body></html>", content_type="text/html; charset=utf-8")
Fault = Status | Drip | Cut | WrongLength | Unmarked | Silence | Skew | Redirect | None
"""What happens to a request; None: it is answered."""


class StandIn:
    """A web service in threads of this process, on a port of its own. Use it as a context manager.

    Faults are taken from ``faults`` in order, one a request; then ``fault_for`` is asked, if there is one.
    """

    def __init__(self, answer: Callable[[Asked], Answer], *, port: int = 0) -> None:
        self.answer = answer
        self.faults: deque[Fault] = deque()
        self.fault_for: Callable[[Asked], Fault] | None = None
        self.requests: list[Asked] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def script(self, *faults: Fault) -> None:
        """Add faults for the next requests."""
        self.faults.extend(faults)

    def take(self, asked: Asked) -> Fault:
        with self._lock:
            self.requests.append(asked)
            if self.faults:
                return self.faults.popleft()
        return self.fault_for(asked) if self.fault_for else None


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} scripted", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _handler(stand_in: StandIn):  # noqa: C901 - one case a fault
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self):
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=parts.path,
                params=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length) if length else b"",
                at=time.monotonic(),
            )
            fault = stand_in.take(asked)
            try:
                self._misbehave(asked, fault)
            except OSError:
                self.close_connection = True

        def _misbehave(self, asked, fault):
            match fault:
                case Silence():
                    time.sleep(fault.seconds)
                    self.close_connection = True
                case Cut(after=None):
                    self.close_connection = True
                case Redirect():
                    self._send(Answer(status=fault.status, body=b"", headers={"Location": fault.to}))
                case Status():
                    self._send(Answer(fault.body, fault.status, fault.content_type, fault.headers))
                case Skew():
                    self._send(fault.applied(stand_in.answer(asked)))
                case _:
                    self._send(stand_in.answer(asked), fault)

        def _send(self, answer, fault=None):
            body = answer.body
            length = len(body) + (fault.by if isinstance(fault, WrongLength) else 0)
            headers = {
                "Date": formatdate(usegmt=True),
                "Content-Type": answer.content_type,
                "Content-Length": str(length),
                **answer.headers,
            }
            if isinstance(fault, Unmarked):
                del headers["Content-Length"]
                headers["Connection"] = "close"
                body = body[: fault.after]
            if isinstance(fault, Cut):
                body = body[: fault.after]
            if isinstance(fault, Cut | WrongLength | Unmarked):
                self.close_connection = True
            head = _head(answer.status, headers)
            if self.command == "HEAD":
                body = b""
            if isinstance(fault, Drip):
                if not fault.head:
                    self.wfile.write(head)
                for byte in (head if fault.head else b"") + body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(fault.every)
                return
            self.wfile.write(head + body)

        do_GET = do_POST = do_HEAD = _serve  # noqa: N815 - names that http.server looks for

        def log_message(self, *_):
            """Keep the test's output clean."""

    return Handler
