"""What all tests share: a place of their own for stores, builds and Dagster's history.

Here: fixtures that keep tests away from the developer’s folders and tokens. Not here:
fixtures of one part; they stand beside its tests.
"""

import os

import pytest
from hypothesis import settings

# No test is about the clock: under load any example may take longer than Hypothesis allows by itself.
settings.register_profile("atlas", deadline=None)
settings.load_profile("atlas")


@pytest.fixture(autouse=True)
def _own_places(monkeypatch, tmp_path_factory):
    """Give every test its own store, build folder and Dagster home, whatever the environment says."""
    root = tmp_path_factory.mktemp("atlas")
    for name in ("ATLAS_MODE", "ATLAS_CONTACT", "ATLAS_LOGS", "HF_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    sources = ("ATLAS_CLICKHOUSE_", "ATLAS_HUB_", "ATLAS_MODELSCOPE_", "ATLAS_REFERENCE_")
    for name in [name for name in os.environ if name.startswith(sources)]:
        monkeypatch.delenv(name)
    # No test asks a real source, even where there is a network: nobody listens on port 9, so that it is closed at once.
    monkeypatch.setenv("ATLAS_CLICKHOUSE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("ATLAS_HUB_ATTEMPTS", "1")
    monkeypatch.setenv("ATLAS_CLICKHOUSE_ATTEMPTS", "1")
    monkeypatch.setenv("ATLAS_GITHUB_URL", "http://127.0.0.1:9/graphql")
    monkeypatch.setenv("ATLAS_GITHUB_REST_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ATLAS_MODELSCOPE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ATLAS_MODELSCOPE_ATTEMPTS", "1")
    monkeypatch.setenv("ATLAS_REFERENCE_INNOVATION_GRAPH_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ATLAS_REFERENCE_WORLD_BANK_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ATLAS_REFERENCE_ATTEMPTS", "1")
    monkeypatch.setenv("ATLAS_DATA", str(root / "data"))
    monkeypatch.setenv("ATLAS_OUTPUT", str(root / "build"))
    monkeypatch.setenv("DAGSTER_HOME", str(root / "dagster"))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
