"""A stand-in for the Hugging Face Hub: serves the real ``huggingface_hub`` client over a real socket on 127.0.0.1.

Here: the listing of models with keyset cursors, absolute ``Link`` headers, rate limit headers, and faults on demand.
Not here: a world to serve (tests bring their own), anything of a model's files: asking for one is noted as a fault of
the client.

By hand: ``python -m tests.standins.hub 2500`` serves 2,500 models until Ctrl-C.
"""

import base64
import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

MOST_ON_A_PAGE = 1000
SHA = "5" * 40
Fault = Callable[["Handler"], None]
"""Answers a request in place of the Hub."""


def model(number: int, account: str, **facts: Any) -> dict[str, Any]:
    """Return a model as the Hub lists it; a higher number was created later."""
    name = facts.pop("name", f"model-{number}")
    return {
        "_id": f"{number:024x}",
        "id": f"{account}/{name}",
        "author": account,
        "likes": number % 50,
        "private": False,
        "downloads": number * 3,
        "downloadsAllTime": number * 100,
        "tags": ["transformers", "license:apache-2.0", "region:us"],
        "pipeline_tag": "text-generation",
        "createdAt": f"{2023 + number % 3}-{1 + number % 12:02d}-{1 + number % 28:02d}T10:00:00.000Z",
        "safetensors": {"parameters": {"BF16": 7_000_000_000}, "total": 7_000_000_000},
        "childrenModelCount": {"adapter": 0, "merge": 0, "quantized": 0, "finetune": 0},
    } | facts


def derived(number: int, account: str, parent: str, relation: str = "finetune", **facts: Any) -> dict[str, Any]:
    """Return a model that declares a base, in its tags and as the Hub resolved it."""
    return model(
        number,
        account,
        tags=["license:mit", f"base_model:{parent}", f"base_model:{relation}:{parent}"],
        baseModels={"relation": relation, "models": [{"_id": "f" * 24, "id": parent}]},
        **facts,
    )


def refused(status: int, headers: dict[str, str] | None = None, body: bytes = b"no") -> Fault:
    """Answer with a status, and headers such as ``Retry-After``."""
    return lambda handler: handler.reply(status, body, headers or {}, kind="text/plain")


def page_of_html(handler: "Handler") -> None:
    """Answer 200 with a page for people."""
    handler.reply(200, b"<!doctype html><title>Sign in</title>", kind="text/html; charset=utf-8")


def error_as_success(handler: "Handler") -> None:
    """Answer 200 with an error message; it quotes the request as a careless server would."""
    said = f"Internal error for {handler.headers.get('authorization')}"
    handler.reply(200, json.dumps({"error": said}).encode())


def cut_body(handler: "Handler") -> None:
    """Announce a whole page, send half of it and hang up."""
    whole = handler.listing()[0]
    handler.start(200, len(whole))
    handler.wfile.write(whole[: len(whole) // 2])
    handler.close_connection = True


def short_length(handler: "Handler") -> None:
    """Announce a length that is less than the page has."""
    whole = handler.listing()[0]
    handler.start(200, len(whole) // 2)
    handler.wfile.write(whole)
    handler.close_connection = True


def hang_up(handler: "Handler") -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def silence(seconds: float) -> Fault:
    """Say nothing for a while."""

    def fault(handler: "Handler") -> None:
        handler.hub.stopped.wait(seconds)
        handler.close_connection = True

    return fault


def drip(seconds: float, *, each: float = 0.05) -> Fault:
    """Send a byte at a time: never silent for long, never done."""

    def fault(handler: "Handler") -> None:
        handler.start(200, 10_000_000)
        end = time.monotonic() + seconds
        while time.monotonic() < end and not handler.hub.stopped.is_set():
            handler.wfile.write(b" ")
            handler.hub.stopped.wait(each)
        handler.close_connection = True

    return fault


def drip_headers(seconds: float, *, each: float = 0.05) -> Fault:
    """Send the status line and then headers, a few bytes at a time."""

    def fault(handler: "Handler") -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        end = time.monotonic() + seconds
        while time.monotonic() < end and not handler.hub.stopped.is_set():
            handler.wfile.write(b"X-Slow: 1\r\n")
            handler.hub.stopped.wait(each)
        handler.close_connection = True

    return fault


def damaged_item(key: str, value: Any) -> Fault:
    """Send the page with a value of a wrong kind in its first item."""

    def fault(handler: "Handler") -> None:
        items = json.loads(handler.listing()[0])
        items[0][key] = value
        handler.reply(200, json.dumps(items).encode())

    return fault


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    @property
    def hub(self) -> "StandInHub":
        return self.server.hub

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_HEAD(self) -> None:
        self.dataset()

    def dataset(self) -> None:
        """Answer for a dataset repository: what it is, its folders, its files; anything else is a model's."""
        asked = urlsplit(self.path).path
        if not asked.startswith(("/datasets/", "/api/datasets/")):
            self.hub.downloads.append(self.path)
            self.reply(404, b"")
            return
        owner, name, *rest = asked.removeprefix("/api").removeprefix("/datasets/").split("/")
        published = self.hub.datasets.get(f"{owner}/{name}")
        file = "/".join(rest[2:])
        if published is None:
            self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif not rest:
            info = {"id": f"{owner}/{name}", "sha": SHA, "lastModified": f"{published[0]}T04:00:00.000Z"}
            self.reply(200, json.dumps(info).encode())
        elif rest[0] == "tree":
            folders = sorted({path.rpartition("/")[0] for path in published[1] if path.startswith(f"{file}/")})
            self.reply(200, json.dumps([{"type": "directory", "path": path, "oid": SHA} for path in folders]).encode())
        elif self.hub.file_fault:
            self.hub.file_fault(self)
        elif file in published[1]:
            content = published[1][file]
            tag = hashlib.sha256(content).hexdigest()
            self.reply(200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": SHA}, kind="application/octet-stream")
        else:
            self.reply(404, b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": SHA})

    def do_GET(self) -> None:
        if not self.path.startswith("/api/models?"):
            self.dataset()
            return
        with self.hub.lock:
            number = len(self.hub.requests)
            self.hub.requests.append(self.path)
            self.hub.headers.append(dict(self.headers.items()))
            fault = self.hub.faults.pop(number, None) or self.hub.always
        try:
            if fault:
                fault(self)
                return
            body, following = self.listing()
            self.reply(200, body, {"Link": f'<{following}>; rel="next"'} if following else {})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def start(self, status: int, length: int, headers: dict[str, str] | None = None, kind: str = "") -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind or "application/json; charset=utf-8")
        self.send_header("Content-Length", str(length))
        for name, value in {**self.hub.usual_headers, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None, kind: str = "") -> None:
        self.start(status, len(body), headers, kind)
        if self.command != "HEAD":
            self.wfile.write(body)

    def listing(self) -> tuple[bytes, str]:
        """Return a page and the absolute address of the next, as the Hub does: by keyset, never by count."""
        query = parse_qs(urlsplit(self.path).query)
        limit = min(int(query.get("limit", ["1000"])[0]), self.hub.page_size)
        chosen = self.hub.models
        for author in query.get("author", []):
            chosen = [item for item in chosen if item["author"].lower() == author.lower()]
        for tag in query.get("filter", []):
            chosen = [item for item in chosen if tag in item["tags"]]
        chosen = sorted(chosen, key=lambda item: (item["createdAt"], item["_id"]), reverse=True)
        if "cursor" in query:
            after = tuple(json.loads(base64.b64decode(query["cursor"][0])))
            chosen = [item for item in chosen if (item["createdAt"], item["_id"]) < after]
        page, more = chosen[:limit], len(chosen) > limit
        wanted = {"_id", "id", *query["expand"]} if "expand" in query else None
        body = json.dumps([{k: v for k, v in item.items() if wanted is None or k in wanted} for item in page]).encode()
        if not more:
            return body, ""
        last = base64.b64encode(json.dumps([page[-1]["createdAt"], page[-1]["_id"]]).encode()).decode()
        rest = {name: values for name, values in query.items() if name != "cursor"} | {"cursor": [last]}
        return body, f"{self.hub.link_host or self.hub.endpoint}/api/models?{urlencode(rest, doseq=True)}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    hub: "StandInHub"


class StandInHub:
    """The stand-in; a context manager that serves while it is open.

    Attributes:
        models: What it lists; may change between requests.
        faults: Fault by number of the request, counted from 0; each happens once.
        always: Fault of every request for a listing, if any.
        file_fault: Fault of every request for a file, if any.
        requests: Paths asked for.
        headers: Headers of the requests.
        downloads: Requests for anything but a listing: each would count as a download.
        datasets: Published datasets by repository: day of the last change, and content by path.
        page_size: Most models on a page.
        link_host: Host that ``Link`` names in place of its own, as a mirror's would.
        usual_headers: Sent with every answer.
    """

    def __init__(self, models: Sequence[dict[str, Any]], *, port: int = 0) -> None:
        self.models = list(models)
        self.faults: dict[int, Fault] = {}
        self.always: Fault | None = None
        self.file_fault: Fault | None = None
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.downloads: list[str] = []
        self.datasets: dict[str, tuple[str, dict[str, bytes]]] = {}
        self.page_size = MOST_ON_A_PAGE
        self.link_host = ""
        self.usual_headers: dict[str, str] = {}
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self._server = _Server(("127.0.0.1", port), Handler)
        self._server.hub = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def endpoint(self) -> str:
        """Address to give as ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MOST_ON_A_PAGE
    with StandInHub([model(number, f"account-{number % 40}") for number in range(count)]) as hub:
        print(f"HF_ENDPOINT={hub.endpoint} serves {count:,} models; stop with Ctrl-C")  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")  # noqa: T201
