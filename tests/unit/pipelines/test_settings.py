"""Settings: defaults, environment, overrides and the errors of wrong values."""

from pathlib import Path

import pytest

from assets.ingest.github import client, stars
from assets.ingest.hub.settings import HubSettings
from assets.ingest.modelscope.listing import ModelScopeSettings
from assets.ingest.package_index.clickhouse import ClickHouseSettings
from assets.ingest.reference.refresh import ReferenceSettings
from pipelines.settings import ADDRESSES, Settings, SettingsError, project_root


def test_defaults_lie_in_the_checkout(monkeypatch):
    for name in ("ATLAS_DATA", "ATLAS_OUTPUT", "DAGSTER_HOME"):
        monkeypatch.delenv(name)
    settings = Settings.load()
    root = project_root()
    assert (root / "pyproject.toml").is_file()
    assert settings.mode == "snapshot"
    assert settings.store == f"{root}/data/snapshot"
    assert settings.output == root / "build"
    assert settings.dagster_home == root / ".dagster" / "snapshot"


def test_environment_is_read_and_overrides_win(monkeypatch):
    monkeypatch.setenv("ATLAS_MODE", "live")
    monkeypatch.setenv("ATLAS_DATA", "/elsewhere")
    assert Settings.load().store == "/elsewhere/live"
    assert Settings.load(mode="live", data=None).store == "/elsewhere/live"


@pytest.mark.parametrize("name", ["ATLAS_OUTPUT", "DAGSTER_HOME"])
def test_relative_folders_count_from_the_project(monkeypatch, tmp_path, name):
    monkeypatch.setenv(name, "some/where")
    monkeypatch.chdir(tmp_path)
    settings = Settings.load()
    assert project_root() / "some/where" in {settings.output, settings.dagster_home}


@pytest.mark.parametrize(
    ("given", "store"),
    [
        ("/tables", "/tables/snapshot"),
        ("file:///tables", "/tables/snapshot"),
        ("memory://tables/", "memory://tables/snapshot"),
        ("s3://bucket/tables", "s3://bucket/tables/snapshot"),
        ("~/tables", f"{Path.home()}/tables/snapshot"),
    ],
)
def test_data_may_be_a_folder_or_a_url(given, store):
    assert Settings.load(data=given).store == store


def test_unknown_mode_names_variable_value_and_modes(monkeypatch):
    monkeypatch.setenv("ATLAS_MODE", "liev")
    with pytest.raises(SettingsError, match=r"^ATLAS_MODE is 'liev'; it must be one of snapshot, live, synthetic$"):
        Settings.load()


def test_environment_round_trips(monkeypatch):
    settings = Settings.load(mode="live", data="/d", output=Path("/o"))
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.load() == settings


LOOPBACK = {"HF_ENDPOINT": "http://127.0.0.1:1", "ATLAS_GITHUB_URL": "http://localhost:2/graphql"}


def test_synthetic_mode_asks_stand_ins_on_this_machine_alone(monkeypatch):
    for name in ADDRESSES:
        monkeypatch.setenv(name, LOOPBACK.get(name, "http://[::1]:3"))
    settings = Settings.load(mode="synthetic")
    assert settings.store.endswith("/synthetic")
    monkeypatch.delenv("ATLAS_OUTPUT")
    assert Settings.load(mode="synthetic").output.parts[-2:] == ("build", "synthetic")


@pytest.mark.parametrize("address", [None, "", "https://huggingface.co", "http://127.0.0.1.example.org", "nonsense"])
def test_synthetic_mode_refuses_any_other_address(monkeypatch, address):
    for name in ADDRESSES:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    if address is None:
        monkeypatch.delenv("HF_ENDPOINT")
    else:
        monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(
        SettingsError, match=r"^ATLAS_MODE is 'synthetic': .* but HF_ENDPOINT does not name .*make demo"
    ):
        Settings.load(mode="synthetic")
    Settings.load(mode="live")


def test_every_address_of_a_source_is_known_to_synthetic_mode():
    sources = (HubSettings, ClickHouseSettings, ModelScopeSettings, ReferenceSettings)
    held = {
        str(field.validation_alias or f"{source.model_config['env_prefix']}{name.upper()}")
        for source in sources
        for name, field in source.model_fields.items()
        if str(field.default).startswith("http")
    }
    assert held | {client.URL_VARIABLE, stars.URL_VARIABLE} == set(ADDRESSES)
