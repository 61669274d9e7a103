"""A stand-in for S3 on 127.0.0.1: moto's server behind a gate that can hold a request or refuse it.

Here: the server, its faults and the variables that lead clients to it. Not here: S3 itself, which is moto's.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from s3fs import S3FileSystem
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "atlas"


class _Silent(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing of what was asked."""


class ObjectStore:
    """An empty bucket.

    Attributes:
        url: Address of the server.
        reached: Set when a request is held.
    """

    def __init__(self, answer):
        self.url = ""
        self._answer = answer
        self.reached = threading.Event()
        self._released = threading.Event()
        self._held = None
        self._refusals = []

    def environment(self):
        """Return the variables that lead clients of S3 here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "made-up",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_DEFAULT_REGION": "us-east-1",
            # A client that is refused says so at once; Dagster tries the step again.
            "AWS_MAX_ATTEMPTS": "1",
        }

    def objects(self, prefix=""):
        """Return the content of all objects by key."""
        keys = get_backend("s3")["123456789012"]["aws"].buckets[BUCKET].keys
        return {key: keys[key].value for key in keys if key.startswith(prefix)}

    def hold(self, end):
        """Hold the next write of a key with this end until it is released; it is then lost, as its writer is gone."""
        self.reached.clear()
        self._released.clear()
        self._held = end

    def release(self):
        """Let go of what is held."""
        self._held = None
        self._released.set()

    def refuse(self, *statuses):
        """Answer the next requests for tables with these statuses."""
        self._refusals = list(statuses)

    def gate(self, environ, start):
        """Answer a request as a WSGI application: hold it, refuse it, or pass it on."""
        key = environ["PATH_INFO"]
        if self._held and environ["REQUEST_METHOD"] == "PUT" and key.endswith(self._held):
            self.reached.set()
            self._released.wait()
            start("503 Slow Down", [])
            return [b""]
        if self._refusals and key.endswith(".parquet"):
            start(f"{self._refusals.pop(0)} Refused", [])
            return [b""]
        return self._answer(environ, start)


@contextmanager
def serving() -> Iterator[ObjectStore]:
    """Serve an empty bucket, and lead clients of S3 to it."""
    store = ObjectStore(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, store.gate, threaded=True, request_handler=_Silent)
    store.url = f"http://127.0.0.1:{server.server_port}"
    s3 = get_backend("s3")["123456789012"]["aws"]
    s3.reset()
    s3.create_bucket(BUCKET, "us-east-1")
    # A client that fsspec keeps would go on asking another server.
    S3FileSystem.clear_instance_cache()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in store.environment().items():
                patch.setenv(name, value)
            yield store
    finally:
        store.release()
        server.shutdown()
        thread.join()
        server.server_close()
        S3FileSystem.clear_instance_cache()
