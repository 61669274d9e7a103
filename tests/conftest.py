"""What all tests share: a place of their own for stores, builds and Dagster's history.

Here: fixtures that keep tests away from the developer’s folders and tokens. Not here:
fixtures of one part; they stand beside its tests.
"""

import pytest


@pytest.fixture(autouse=True)
def _own_places(monkeypatch, tmp_path_factory):
    """Give every test its own store, build folder and Dagster home, whatever the environment says."""
    root = tmp_path_factory.mktemp("atlas")
    for name in ("ATLAS_MODE", "HF_TOKEN", "GITHUB_TOKEN", "ATLAS_HUB_SCOPE", "ATLAS_HUB_BASES", "ATLAS_CONTACT"):
        monkeypatch.delenv(name, raising=False)
    # Nobody listens on the discard port: a live run of a test that brings no stand-in finds the Hub closed, at once.
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("ATLAS_HUB_ATTEMPTS", "1")
    monkeypatch.setenv("ATLAS_DATA", str(root / "data"))
    monkeypatch.setenv("ATLAS_OUTPUT", str(root / "build"))
    monkeypatch.setenv("DAGSTER_HOME", str(root / "dagster"))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
