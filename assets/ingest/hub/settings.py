"""Settings of the Hub's client: endpoint, token, what to list, and how patient to be.

Here: names, defaults and errors. Not here: what uses them (`requests.py`, `crawl.py`).
"""

from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Scope = Literal["accounts", "whole"]
SOURCES: Final[dict[Scope, str]] = {"accounts": "hub_accounts", "whole": "hub_whole"}
"""The ``source_id`` of each scope: they cover different models, so that their figures are never joined."""


class HubError(RuntimeError):
    """The Hub cannot be read; the message says why and what to do, and never quotes a token or an answer."""


class HubSettings(BaseSettings):
    """Settings of the Hub's client, from the environment alone.

    Attributes:
        endpoint: Where the Hub answers (``HF_ENDPOINT``), as every tool of Hugging Face reads it.
        token: Access token (``HF_TOKEN``); without one half as many requests are allowed.
        scope: ``accounts``: the registry's accounts and what others made from their most used models; ``whole``:
            every public model (``ATLAS_HUB_SCOPE``).
        bases: Number of models whose derivatives are listed with scope ``accounts`` (``ATLAS_HUB_BASES``).
        published: Whether scope ``whole`` falls back to snapshots that others publish on the Hub, files of more than a
            gigabyte (``ATLAS_HUB_PUBLISHED``).
        contact: Address or page in the User-Agent, for the Hub's operators (``ATLAS_CONTACT``).
        read_seconds: Longest silence of the Hub within an answer.
        answer_seconds: Longest time for one whole answer, however slowly it drips.
        wait_seconds: Longest time to wait for one page, over all retries.
        attempts: Most requests for one page.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, populate_by_name=True, hide_input_in_errors=True
    )

    endpoint: str = Field(default="https://huggingface.co", validation_alias="HF_ENDPOINT")
    token: SecretStr | None = Field(default=None, validation_alias="HF_TOKEN")
    scope: Scope = Field(default="accounts", validation_alias="ATLAS_HUB_SCOPE")
    bases: int = Field(default=500, ge=0, validation_alias="ATLAS_HUB_BASES")
    published: bool = Field(default=True, validation_alias="ATLAS_HUB_PUBLISHED")
    contact: str = Field(default="", validation_alias="ATLAS_CONTACT")
    read_seconds: float = Field(default=20.0, gt=0, validation_alias="ATLAS_HUB_READ_SECONDS")
    answer_seconds: float = Field(default=120.0, gt=0, validation_alias="ATLAS_HUB_ANSWER_SECONDS")
    wait_seconds: float = Field(default=900.0, ge=0, validation_alias="ATLAS_HUB_WAIT_SECONDS")
    attempts: int = Field(default=6, ge=1, validation_alias="ATLAS_HUB_ATTEMPTS")

    @field_validator("endpoint", mode="after")
    @classmethod
    def _endpoint_is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise ValueError("it must be an http(s) address without a user name or password")
        return value.rstrip("/")

    @field_validator("contact", mode="after")
    @classmethod
    def _contact_fits_a_header(cls, value: str) -> str:
        if not value.isascii() or not value.isprintable():
            raise ValueError("it must be printable ASCII: it goes into the User-Agent header")
        return value

    @classmethod
    def load(cls) -> Self:
        """Return the settings of the environment.

        Raises:
            HubError: A value cannot be used; the message names the variable, not the value.
        """
        try:
            return cls()
        except ValidationError as error:
            said = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
            raise HubError(f"A setting of the Hub cannot be used: {said}.") from None

    @property
    def source_id(self) -> str:
        """The source that rows of this scope cite."""
        return SOURCES[self.scope]
