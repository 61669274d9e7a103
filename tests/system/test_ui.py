"""The web UI as people start it: the real server with the real graph, stopped as a service manager stops it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pipelines.schedules import TIMES

pytestmark = pytest.mark.system

PROJECT = Path(__file__).parents[2]
START_SECONDS = 120
STOP_SECONDS = 30

QUERY = """{
  assetNodes { groupName }
  schedulesOrError(
    repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "atlas"}
  ) { ... on Schedules { results { name scheduleState { status } } } }
}"""


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _asked(port):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": QUERY}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)["data"]


def _until(question, seconds):
    """Return the first answer that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := question():
                return answer
        except OSError:
            pass
        time.sleep(0.5)
    return None


def _alive_in_group(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_ui_shows_the_graph_and_stops_when_told(port, tmp_path):
    with (tmp_path / "log").open("w") as log:
        # A shell's background job has SIGINT ignored; the server must stop all the same.
        server = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "ui", "--port", str(port)],
            cwd=PROJECT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509
        )
    try:
        data = _until(lambda: (found := _asked(port))["assetNodes"] and found, START_SECONDS)
        assert data, (tmp_path / "log").read_text()
        groups = {"ingest", "attribute", "adoption", "archive", "publish"}
        assert {node["groupName"] for node in data["assetNodes"]} == groups
        schedules = {one["name"]: one["scheduleState"]["status"] for one in data["schedulesOrError"]["results"]}
        assert schedules == dict.fromkeys(TIMES, "STOPPED")
        server.send_signal(signal.SIGTERM)
        server.wait(STOP_SECONDS)
        assert _until(lambda: not _alive_in_group(server.pid), STOP_SECONDS), "children are left"
    finally:
        if _alive_in_group(server.pid):
            os.killpg(server.pid, signal.SIGKILL)
