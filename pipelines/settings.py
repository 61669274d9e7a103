"""Settings of a run, from the environment and the command line: mode, folders, Dagster's home.

Here: names, defaults and errors of settings. Not here: tokens of live sources (beside their clients),
thresholds of measurement (beside the code that applies them).
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Mode = Literal["snapshot", "live", "synthetic"]
MODES: Final[tuple[str, ...]] = get_args(Mode)
ADDRESSES: Final = (
    "HF_ENDPOINT",
    "ATLAS_GITHUB_URL",
    "ATLAS_GITHUB_REST_URL",
    "ATLAS_CLICKHOUSE_URL",
    "ATLAS_MODELSCOPE_URL",
    "ATLAS_REFERENCE_INNOVATION_GRAPH_URL",
    "ATLAS_REFERENCE_WORLD_BANK_URL",
)
"""Variables that hold the address of a live source; in synthetic mode each must lead to this machine."""


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message names the setting, the value and the remedy."""


def project_root() -> Path:
    """Return the checkout that holds this package, or the current folder where the package is installed."""
    checkout = Path(__file__).resolve().parents[1]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


class Settings(BaseSettings):
    """Settings of a run; every field can be set by an environment variable.

    Relative paths count from the project root, not from the current folder: the daemon and the command line
    must mean the same place.

    Attributes:
        mode: Which figures the run uses (``ATLAS_MODE``).
        data: Where the stores are, one per mode: a folder or an fsspec URL (``ATLAS_DATA``).
        output: Build folder (``ATLAS_OUTPUT``); ``build``, or ``build/<mode>`` in the other modes, so that pages of one
            mode never link to files of another.
        logs: Donated download logs that live mode reads, raw or reduced by ``atlas logs``: files, folders, patterns or
            URLs, one a line (``ATLAS_LOGS``).
        dagster_home: Where Dagster keeps its history (``DAGSTER_HOME``); absolute, as Dagster demands. One a mode,
            or the UI would show as made what another mode's store holds.
    """

    model_config = SettingsConfigDict(env_prefix="ATLAS_", frozen=True, env_ignore_empty=True, populate_by_name=True)

    mode: Mode = "snapshot"
    data: str = "data"
    output: Path = Field(
        default_factory=lambda values: Path("build") if values["mode"] == "snapshot" else Path("build") / values["mode"]
    )
    logs: str = ""
    dagster_home: Path = Field(
        default_factory=lambda values: Path(".dagster") / values["mode"], validation_alias="DAGSTER_HOME"
    )

    @field_validator("data", mode="after")
    @classmethod
    def _data_is_absolute(cls, value: str) -> str:
        if "://" in value and not value.startswith(("file://", "local://")):
            return value.rstrip("/")
        return str(project_root() / Path(value.partition("://")[2] or value).expanduser())

    @field_validator("logs", mode="after")
    @classmethod
    def _logs_are_absolute(cls, value: str) -> str:
        places = [place.strip() for place in value.splitlines() if place.strip()]
        return "\n".join(
            place if "://" in place else str(project_root() / Path(place).expanduser()) for place in places
        )

    @field_validator("output", "dagster_home", mode="after")
    @classmethod
    def _folder_is_absolute(cls, value: Path) -> Path:
        return project_root() / value.expanduser()

    @model_validator(mode="after")
    def _synthetic_asks_stand_ins_alone(self) -> Self:
        if self.mode == "synthetic":
            elsewhere = [name for name in ADDRESSES if not _is_loopback(os.environ.get(name, ""))]
            if elsewhere:
                raise ValueError(
                    f"mode synthetic asks stand-ins on this machine alone, but {', '.join(elsewhere)} "
                    "does not name an address such as http://127.0.0.1:8041; start the stand-ins with 'make demo'"
                )
        return self

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Return the settings of the environment, with overrides; an override of None changes nothing.

        Raises:
            SettingsError: A value cannot be used.
        """
        try:
            return cls(**{name: value for name, value in overrides.items() if value is not None})
        except ValidationError as error:
            raise SettingsError("; ".join(_said(problem) for problem in error.errors())) from error

    @property
    def store(self) -> str:
        """Root of the mode's tables, a local path or URL."""
        return f"{self.data}/{self.mode}"

    def environment(self) -> Mapping[str, str]:
        """Return the variables that give another process these settings."""
        return {
            "ATLAS_MODE": self.mode,
            "ATLAS_DATA": self.data,
            "ATLAS_OUTPUT": str(self.output),
            "ATLAS_LOGS": self.logs,
            "DAGSTER_HOME": str(self.dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "1",
        }


def _is_loopback(address: str) -> bool:
    """Return whether an address leads to this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _said(problem: Mapping[str, Any]) -> str:
    if not problem["loc"]:
        return f"ATLAS_MODE is 'synthetic': {str(problem['msg']).removeprefix('Value error, ')}"
    name = str(problem["loc"][0])
    variable = name if name.isupper() else f"ATLAS_{name.upper()}"
    if name == "mode":
        return f"{variable} is {problem['input']!r}; it must be one of {', '.join(MODES)}"
    return f"{variable} is {problem['input']!r}: {problem['msg']}"
