"""Dagster's history in a real Postgres: a build writes there, and nothing of it into SQLite."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

PROJECT = Path(__file__).parents[2]
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OWNER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
"""Postgres refuses to run as root."""


def _missing():
    if not BINARIES:
        return "no Postgres on this machine (Debian: postgresql)"
    if OWNER and subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
        return "Postgres does not run as root, and there is no user postgres"
    return ""


@pytest.fixture
def postgres():
    """Address of an empty database in a cluster of its own."""
    if reason := _missing():
        pytest.skip(reason)
    folder = Path(subprocess.check_output([*OWNER, "mktemp", "-d"], text=True).strip())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binaries = BINARIES[-1]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    subprocess.run([*OWNER, binaries / "initdb", "-D", folder / "data", "-U", "atlas", "-A", "trust"], check=True)
    start = [binaries / "pg_ctl", "-D", folder / "data", "-w", "-o", options, "-l", folder / "log", "start"]
    subprocess.run([*OWNER, *start], check=True)
    yield f"postgresql://atlas@127.0.0.1:{port}/postgres"
    subprocess.run([*OWNER, binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], check=True)
    shutil.rmtree(folder, ignore_errors=True)


def _atlas(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        cwd=PROJECT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


ASK = """
import dagster as dg
with dg.DagsterInstance.get() as instance:
    event = instance.get_latest_materialization_event(dg.AssetKey(["ingest", "repositories"]))
    print(type(instance.run_storage).__name__, instance.get_runs_count(), event is not None, instance.telemetry_enabled)
"""


def test_the_history_is_in_postgres_and_nowhere_else(postgres):
    done = _atlas("build", "--only", "ingest", ATLAS_POSTGRES_URL=postgres)
    assert done.returncode == 0, done.stderr
    home = Path(os.environ["DAGSTER_HOME"])
    assert not list(home.rglob("*.db"))
    asked = subprocess.run(
        [sys.executable, "-c", ASK],
        env=os.environ | {"ATLAS_POSTGRES_URL": postgres.replace("postgresql://", "postgresql+psycopg2://")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.split() == ["PostgresRunStorage", "1", "True", "False"]
    # The address holds a password: it stays in the environment.
    assert postgres not in (home / "dagster.yaml").read_text()
