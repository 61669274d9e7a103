"""What all tests share: a place of their own for stores, builds and Dagster's history.

Here: fixtures that keep tests away from the developer’s folders and tokens. Not here:
fixtures of one part; they stand beside its tests.
"""

import itertools
import os

import pytest
from hypothesis import settings

# No test is about the clock: under load any example may take longer than Hypothesis allows by itself.
settings.register_profile("atlas", deadline=None)
settings.load_profile("atlas")


# What stands here for all tests is set once, before libraries start threads that read the environment: the C library
# may move it whenever a name is added.
SOURCES = ("ATLAS_CLICKHOUSE_", "ATLAS_HUB_", "ATLAS_MODELSCOPE_", "ATLAS_GITHUB_", "ATLAS_REFERENCE_")
FOREIGN = {"ATLAS_MODE", "ATLAS_CONTACT", "ATLAS_LOGS", "HF_TOKEN", "GITHUB_TOKEN"}
# No test asks a real source, even where there is a network: nobody listens on port 9, so that it is closed at once.
CLOSED = "http://127.0.0.1:9"
PLACES = ("ATLAS_DATA", "ATLAS_OUTPUT", "DAGSTER_HOME")
for name in [name for name in os.environ if name in FOREIGN or name.startswith(SOURCES)]:
    del os.environ[name]
os.environ.update(
    {
        "ATLAS_CLICKHOUSE_URL": CLOSED,
        "HF_ENDPOINT": CLOSED,
        "ATLAS_HUB_ATTEMPTS": "1",
        "ATLAS_CLICKHOUSE_ATTEMPTS": "1",
        "ATLAS_GITHUB_URL": f"{CLOSED}/graphql",
        "ATLAS_GITHUB_REST_URL": CLOSED,
        "ATLAS_MODELSCOPE_URL": CLOSED,
        "ATLAS_MODELSCOPE_ATTEMPTS": "1",
        "ATLAS_REFERENCE_INNOVATION_GRAPH_URL": CLOSED,
        "ATLAS_REFERENCE_WORLD_BANK_URL": CLOSED,
        "ATLAS_REFERENCE_ATTEMPTS": "1",
        "DAGSTER_DISABLE_TELEMETRY": "1",
        **dict.fromkeys(PLACES, os.devnull),
    }
)


@pytest.fixture(scope="session")
def _places(tmp_path_factory):
    root = tmp_path_factory.mktemp("atlas")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_places(monkeypatch, _places):
    """Give every test its own store, build folder and Dagster home."""
    root = next(_places)
    # A command leaves the settings of its run behind.
    for name in ("ATLAS_MODE", "ATLAS_LOGS"):
        monkeypatch.delenv(name, raising=False)
    for name, folder in zip(PLACES, ("data", "build", "dagster"), strict=True):
        monkeypatch.setenv(name, str(root / folder))
