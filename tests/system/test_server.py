"""A server as the systemd units make it: code server, daemon and UI, each started as its unit says, in live mode.

No source is reached: all of them lead to a closed port (`tests/conftest.py`).
"""

import configparser
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import dagster as dg
import pytest

from pipelines.instance import prepare
from pipelines.settings import Settings
from tests.standins.web import Answer, StandIn
from tests.system.waiting import until

pytestmark = pytest.mark.system

PROJECT = Path(__file__).parents[2]
UNITS = PROJECT / "deploy" / "systemd"
BINARIES = Path(sys.executable).parent
SHIPPED_PORTS = ("4266", "3000")
STATE = """{ sensorOrError(sensorSelector: {
  repositoryName: "__repository__", repositoryLocationName: "atlas", sensorName: "tell_failures"
}) { ... on Sensor { sensorState { status ticks(limit: 5) { status } } } } }"""
LAUNCH = """mutation { launchRun(executionParams: {
  selector: {
    repositoryName: "__repository__", repositoryLocationName: "atlas", jobName: "refresh_atlas",
    assetSelection: [{path: ["adoption", "estimates"]}]
  }, runConfigData: {}
}) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


def _free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Server:
    """The three processes, with the folders and ports of this test."""

    def __init__(self, root, webhook):
        self.ports = dict(zip(SHIPPED_PORTS, _free_ports(2), strict=True))
        self.root = root
        self.environment = os.environ | {"ATLAS_NOTIFY_URL": f"{webhook.url}/secret-token"}
        self.environment |= dict(
            line.split("=", 1)
            for line in self.moved((UNITS / "atlas.env").read_text()).splitlines()
            if not line.startswith("#")
        )
        self.processes = []
        self.logs = {}

    def moved(self, text):
        """Return the text of a shipped file, with the folders and ports of this test."""
        text = text.replace("/opt/atlas/deploy/systemd/workspace.yaml", str(self.root / "workspace.yaml"))
        text = text.replace("/opt/atlas/.venv/bin", str(Path(sys.executable).parent)).replace(
            "/opt/atlas", str(PROJECT)
        )
        text = text.replace("/var/lib/atlas", str(self.root))
        for shipped, port in self.ports.items():
            text = text.replace(shipped, port)
        return text

    def start(self, name):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str
        unit.read_string(self.moved((UNITS / f"atlas-{name}.service").read_text()))
        service = unit["Service"]
        self.logs[name] = self.root / f"{name}.log"
        with self.logs[name].open("w") as log:
            process = subprocess.Popen(
                service["ExecStart"].split(),
                cwd=service["WorkingDirectory"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)

    def stop(self):
        for process in reversed(self.processes):
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def ask(self, query):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['3000']}/graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)["data"]


@pytest.fixture(scope="module")
def webhook():
    with StandIn(lambda _: Answer()) as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory, webhook):
    root = tmp_path_factory.mktemp("server")
    one = Server(root, webhook)
    (root / "workspace.yaml").write_text(one.moved((UNITS / "workspace.yaml").read_text()))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in one.environment.items():
            patch.setenv(name, value)
        prepare(Settings.load())
        with dg.DagsterInstance.get():
            pass
    try:
        for name in ("code", "daemon", "web"):
            one.start(name)
        yield one
    finally:
        one.stop()


def test_the_ui_shows_the_code_and_the_daemon_ticks_by_itself(server):
    state = until(lambda: (found := server.ask(STATE)["sensorOrError"].get("sensorState")) and found["ticks"] and found)
    assert state["status"] == "RUNNING"
    with dg.DagsterInstance.from_config(str(server.root / "history")) as instance:
        assert until(lambda: instance.get_dynamic_partitions("github_repository"))


def test_a_failed_run_reaches_the_webhook_with_what_failed_and_a_link(server, webhook):
    """Nothing was built in the store, so that estimates have no input: a run of theirs alone must fail."""
    # The sensor tells of runs that fail after its first look.
    until(lambda: server.ask(STATE)["sensorOrError"]["sensorState"]["ticks"])
    launched = server.ask(LAUNCH)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]
    told = until(lambda: [body for asked in webhook.requests if (body := json.loads(asked.body))["run_id"] == run_id])
    (body,) = told
    (cause,) = body["causes"]
    assert cause["asset"] == "adoption/estimates"
    assert "rebuild it with 'atlas build --only" in cause["cause"]
    assert body["mode"] == "live"
    assert body["link"] == f"http://127.0.0.1:3000/runs/{run_id}"
    assert cause["cause"] in body["text"]
    # The address of the webhook is a secret: no log holds it.
    assert not [name for name, log in server.logs.items() if "secret-token" in log.read_text()]


def _commands():
    """Return the commands that units and container start, as words."""
    for unit in sorted(UNITS.glob("*.service")):
        yield re.search(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)[1].split()
    for line in re.findall(r"exec (dagster .+?) ;;", (PROJECT / "deploy" / "entrypoint.sh").read_text()):
        yield line.split()


@pytest.mark.parametrize("command", list(_commands()), ids=lambda command: Path(command[0]).name)
def test_programs_take_the_options_that_they_are_started_with(command):
    program, *words = command
    options = [word for word in words if word.startswith("-")]
    names = words[: words.index(options[0])]
    shown = subprocess.run(
        [BINARIES / Path(program).name, *names, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert not [option for option in options if not re.search(rf"(^|\s){option}\b", shown)]
