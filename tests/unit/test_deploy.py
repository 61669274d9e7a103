"""What ships for servers: units, container and chart name programs, files and ports that there are."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
UNITS = sorted((PROJECT / "deploy" / "systemd").glob("*.service"))
PROGRAMS = {point.name for point in entry_points(group="console_scripts")}


def _unit(path):
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read(path)
    return unit


def test_there_are_three_units():
    assert [path.stem for path in UNITS] == ["atlas-code", "atlas-daemon", "atlas-web"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_program_of_the_environment_on_files_that_ship(path):
    service = _unit(path)["Service"]
    program, *arguments = service["ExecStart"].split()
    assert Path(program).name in PROGRAMS
    for argument in arguments:
        if argument.startswith("/opt/atlas/"):
            assert (PROJECT / argument.removeprefix("/opt/atlas/")).is_file()
    assert service["User"] == "atlas"
    # The UI has no log-in: only this machine may reach it.
    assert "-h" not in arguments or arguments[arguments.index("-h") + 1] == "127.0.0.1"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine (Debian: systemd)")
def test_systemd_takes_the_units(tmp_path):
    for path in UNITS:
        moved = path.read_text().replace("/opt/atlas/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / path.name).write_text(moved.replace("/opt/atlas", str(PROJECT)))
    # The daemon's unit must find that of the code server among those beside it.
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / path.name for path in UNITS)],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not [line for line in done.stderr.splitlines() if "atlas" in line]
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("asked", "started"),
    [
        (["web"], "dagster dev -w /opt/atlas/pipelines/instance/workspace.yaml -h 0.0.0.0 -p 3000"),
        (["code"], "dagster code-server start -h 0.0.0.0 -p 4266 -m pipelines.definitions"),
        (["build", "--live"], "atlas build --live"),
    ],
)
def test_the_container_starts_what_it_is_asked_for(tmp_path, asked, started):
    for program in ("dagster", "atlas"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho {program} "$@"\n')
        (tmp_path / program).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", PROJECT / "deploy/entrypoint.sh", *asked],
        env=os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == started.split()


def test_daemon_and_ui_look_for_the_code_where_it_is():
    (server,) = yaml.safe_load((PROJECT / "deploy/systemd/workspace.yaml").read_text())["load_from"]
    code = _unit(PROJECT / "deploy/systemd/atlas-code.service")["Service"]["ExecStart"].split()
    assert str(server["grpc_server"]["port"]) == code[code.index("-p") + 1]
    assert find_spec(code[code.index("-m") + 1])


def test_the_container_is_built_from_the_lock_and_from_files_that_ship():
    said = (PROJECT / "deploy/Dockerfile").read_text()
    assert "--require-hashes -r requirements.lock" in said
    for line in re.findall(r"^COPY (?!--from)(.+)$", said, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (PROJECT / source).exists(), source
    assert "USER atlas" in said
    version = re.search(r"FROM python:3\.(\d+)", said)
    assert int(version[1]) >= 11 <= sys.version_info.minor


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-cluster.lock"])
def test_everything_in_the_lock_has_a_version_and_a_hash(lock):
    entries = re.split(r"\n(?=\S)", (PROJECT / lock).read_text().strip())
    assert entries
    assert not [
        entry.splitlines()[0] for entry in entries if "==" not in entry.split()[0] or "--hash=sha256:" not in entry
    ]


def test_the_chart_starts_the_same_code_one_run_at_a_time():
    values = yaml.safe_load((PROJECT / "deploy/kubernetes/values.yaml").read_text())
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    assert deployment["dagsterApiGrpcArgs"] == ["-m", "pipelines.definitions"]
    queue = values["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert queue["maxConcurrentRuns"] == 1


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", (PROJECT / "docs/operations.md").read_text()))
def test_operations_link_to_files_that_there_are(link):
    assert (PROJECT / "docs" / link).exists()
