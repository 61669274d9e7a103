"""Operating the atlas from the browser: the real UI and daemon, driven as a person would.

With ``ATLAS_SCREENSHOTS`` naming a folder, the pages are kept there as pictures (``make screenshots``).
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import dagster as dg
import pytest
from upath import UPath

from assets.partitions import kept_part
from pipelines.instance import prepare
from pipelines.schedules import TIMES
from pipelines.settings import Settings
from tests.system.waiting import until

pytestmark = pytest.mark.system

PROJECT = Path(__file__).parents[2]
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
WINDOW = {"width": 1240, "height": 780}
"""Seconds that a run may take where many share a machine."""

STOP_SECONDS = 60

LOCATION = "/locations/atlas"
BACK_FILL = """mutation {
  launchPartitionBackfill(backfillParams: {
    assetSelection: [{path: ["archive", "daily_counters"]}],
    partitionNames: ["2025-01-13", "2025-01-14", "2025-01-15"]
  }) { __typename ... on PythonError { message } }
}"""
SCHEDULES = """{
  assetNodes { groupName }
  schedulesOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "atlas"}) {
    ... on Schedules { results { name scheduleState { status } } }
  }
}"""
SENSOR = """mutation {
  startSensor(sensorSelector: {
    repositoryName: "__repository__", repositoryLocationName: "atlas", sensorName: "new_repositories"
  }) { __typename ... on PythonError { message } }
}"""


class Atlas:
    """A running UI with its daemon."""

    def __init__(self, settings, port, process):
        self.settings = settings
        self.url = f"http://127.0.0.1:{port}"
        self.process = process

    def alive(self):
        """Whether the UI or a child of it still runs."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def ask(self, query):
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def runs(self):
        found = self.ask("{ runsOrError { ... on Runs { results { runId jobName status } } } }")
        return found["runsOrError"]["results"]

    def finished(self, count):
        """Wait until so many runs ended, and return how."""

        def ended():
            states = [run["status"] for run in self.runs()]
            return states if len(states) >= count and set(states) <= {"SUCCESS", "FAILURE", "CANCELED"} else None

        return until(ended)


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    root = tmp_path_factory.mktemp("ui")
    settings = Settings(mode="snapshot", data=str(root / "data"), output=root / "build", DAGSTER_HOME=root / "dagster")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.environment().items():
            patch.setenv(name, value)
        prepare(settings)
        yaml = settings.dagster_home / "dagster.yaml"
        # More than one run at once, so that it is not this limit that keeps runs of the same parts from colliding.
        yaml.write_text(yaml.read_text().replace("max_concurrent_runs: 1 ", "max_concurrent_runs: 3 "))
        with dg.DagsterInstance.get() as instance:
            # As if the last run had found many more builders: the check on volume has something to tell.
            instance.report_runless_asset_event(
                dg.AssetMaterialization(["attribute", "builders"], metadata={"dagster/row_count": 500})
            )
        with (root / "log").open("w") as log:
            # A shell's background job has SIGINT ignored; the server must stop all the same.
            server = subprocess.Popen(
                [sys.executable, "-m", "pipelines", "ui", "--port", str(port)],
                cwd=PROJECT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509
            )
        one = Atlas(settings, port, server)
        try:
            until(lambda: one.ask("{ assetNodes { id } }")["assetNodes"])
            yield one
        finally:
            if one.alive():
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.fixture(scope="module")
def page(atlas):
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("The browser tests need the package chromium: apt-get install chromium.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page(viewport=WINDOW, base_url=atlas.url)
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def _picture(page, name):
    if folder := os.environ.get("ATLAS_SCREENSHOTS"):
        page.wait_for_timeout(2_000)
        page.screenshot(path=Path(folder) / f"ui-{name}.png")


@pytest.fixture(scope="module")
def materialised(atlas, page):
    page.goto(f"{LOCATION}/jobs/refresh_atlas")
    page.get_by_role("button", name="Materialize all").click()
    assert atlas.finished(1) == ["SUCCESS"]
    return atlas.runs()[0]


def test_the_ui_has_the_graph_and_starts_nothing_by_itself(atlas):
    data = atlas.ask(SCHEDULES)
    assert {node["groupName"] for node in data["assetNodes"]} == {
        "ingest",
        "attribute",
        "adoption",
        "archive",
        "publish",
    }
    schedules = {one["name"]: one["scheduleState"]["status"] for one in data["schedulesOrError"]["results"]}
    assert schedules == dict.fromkeys(TIMES, "STOPPED")


def test_the_graph_shows_all_groups_and_their_tables(page):
    page.goto("/asset-groups/?expanded=global%40global%3Aarchive")
    for group in ("ingest", "attribute", "adoption", "archive", "publish"):
        page.get_by_text(group, exact=True).first.wait_for()
    page.get_by_text("daily_counters").first.wait_for()
    _picture(page, "graph")


def test_everything_is_materialised_and_seen_to_succeed(page, materialised):
    page.goto(f"/runs/{materialised['runId']}")
    page.get_by_text("Success", exact=True).first.wait_for()
    _picture(page, "run")


def test_a_map_is_seen_inside_its_asset(page, materialised):  # noqa: ARG001
    page.goto("/assets/publish/static_maps")
    picture = page.locator("img[alt=preview]").first
    if not picture.count():
        page.get_by_text("Show Markdown").first.click()
    picture.wait_for()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 500
    _picture(page, "map")


def test_a_failing_check_says_why_and_what_to_do(page, materialised):  # noqa: ARG001
    page.goto("/assets/attribute/builders?view=checks&checkDetail=volume")
    page.get_by_text(re.compile("500 in the last run. Expected 0.9 to 10 times as many")).first.wait_for()
    if not page.get_by_text("Compare with the check").count():
        page.get_by_text("Show Markdown").first.click()
    page.get_by_text("Compare with the check").first.wait_for()
    _picture(page, "check")


def test_a_year_is_back_filled_from_the_browser_in_one_run(atlas, page, materialised):  # noqa: ARG001
    before = len(atlas.runs())
    page.goto("/assets/archive/daily_counters")
    page.get_by_role("button", name="Materialize…").click()
    page.get_by_text("Show all partitions").click()
    # The dialog's only text field; those of the page behind it come before.
    field = page.locator("input:not([type=checkbox])").last
    field.fill("[2024-11-01...2025-10-31]")
    field.press("Enter")
    page.get_by_text("365 partitions").first.wait_for()
    _picture(page, "back-fill")
    page.get_by_role("button", name="Launch backfill").click()
    until(lambda: len(atlas.runs()) > before)
    assert atlas.finished(before + 1)[0] == "SUCCESS"
    assert len(atlas.runs()) == before + 1
    store = UPath(atlas.settings.store)
    assert kept_part(store, "archive/daily_counters", "2025-01-14").height > 1_000
    assert kept_part(store, "archive/daily_counters", "2025-01-15").is_empty()
    page.goto("/assets/archive/daily_counters?view=partitions")
    _picture(page, "parts")


def test_two_back_fills_of_the_same_days_take_turns(atlas, materialised):  # noqa: ARG001
    before = len(atlas.runs())
    for _ in range(2):
        assert atlas.ask(BACK_FILL)["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess"
    assert atlas.finished(before + 2)[:2] == ["SUCCESS", "SUCCESS"]
    with dg.DagsterInstance.from_config(str(atlas.settings.dagster_home)) as instance:
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 3
        steps = [
            stats
            for run in atlas.runs()[:2]
            for stats in instance.get_run_step_stats(run["runId"], ["archive__daily_counters"])
        ]
    first, second = sorted(steps, key=lambda step: step.start_time)
    assert first.end_time <= second.start_time


def test_the_daemon_ticks(atlas):
    """A sensor that is switched on adds the parts of all tracked repositories; no network is asked."""
    assert atlas.ask(SENSOR)["startSensor"]["__typename"] == "Sensor"
    with dg.DagsterInstance.from_config(str(atlas.settings.dagster_home)) as instance:
        added = until(lambda: instance.get_dynamic_partitions("github_repository"))
    assert len(added) > 200


def test_the_ui_stops_with_all_its_children_when_told(atlas):
    """The last test of this file: a service manager ends the process that it started, and no other."""
    atlas.process.send_signal(signal.SIGTERM)
    atlas.process.wait(STOP_SECONDS)
    until(lambda: not atlas.alive(), STOP_SECONDS)
