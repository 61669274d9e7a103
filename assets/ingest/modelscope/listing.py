"""Listing: one page of the models of an account, as ModelScope's open interface gives it.

Here: settings, the request, what a page means. Not here: which pages to ask for, what is kept (`refresh.py`).

The interface is described by the names and limits of ModelScope's own client (modelscope-hub 0.5.1); nobody could ask
it when this was written. Whatever a page calls its list, it must be told how many models there are in all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from assets.ingest.web.client import Client
from assets.ingest.web.errors import BrokenError, RejectedError
from assets.ingest.web.manners import Manners
from assets.ingest.web.reply import Reply

SOURCE: Final = "ModelScope"
PATH: Final = "/openapi/v1/models"
PAGE_SIZE: Final = 50
"""Most models that the interface puts on a page."""

MOST_LISTED: Final = 3000
"""Page number × page size may not be more: what an account has beyond cannot be listed."""

LISTS: Final = ("models", "Models", "items")
TOTALS: Final = ("total_count", "TotalCount", "total")
ROWS: Final = pl.Schema({"model_id": pl.String(), "account": pl.String(), "downloads": pl.Int64()})


class ModelScopeSettings(BaseSettings):
    """Where ModelScope answers, and how it is asked.

    Attributes:
        url: Address (``ATLAS_MODELSCOPE_URL``).
        pause: Seconds between the beginnings of two requests (``ATLAS_MODELSCOPE_PAUSE``).
        attempts: Most requests for one page (``ATLAS_MODELSCOPE_ATTEMPTS``).
    """

    model_config = SettingsConfigDict(env_prefix="ATLAS_MODELSCOPE_", frozen=True, env_ignore_empty=True)

    url: str = "https://modelscope.cn"
    pause: float = Field(default=0.5, ge=0)
    attempts: int = Field(default=4, ge=1)

    def manners(self) -> Manners:
        """Return how the source is asked; its limits are not published."""
        return Manners(pause=self.pause, attempts=self.attempts, patience=300, run_patience=900)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Models of one page, and how many the account has in all."""

    rows: pl.DataFrame
    total: int


def page(client: Client, settings: ModelScopeSettings, account: str, number: int) -> Page:
    """Return a page of an account's models.

    Args:
        client: Connection.
        settings: Address.
        account: Account, exact case.
        number: Number of the page, from 1.

    Raises:
        FetchError: The page cannot be had, or is none.
    """
    reply = client.request(
        "GET",
        f"{settings.url.rstrip('/')}{PATH}",
        params={"owner": account, "page_number": str(number), "page_size": str(PAGE_SIZE)},
        json=True,
        inspect=_inspect,
    )
    return _read(reply, account)


def _inspect(reply: Reply) -> None:
    body = reply.json()
    if isinstance(body, Mapping) and body.get("success") is False:
        raise RejectedError(
            source=reply.source,
            url=reply.url,
            said=f"the answer says that it is no success (code {str(body.get('code'))[:40]})",
            remedy="run again later; what was fetched before is kept",
            retry=True,
        )


def _read(reply: Reply, account: str) -> Page:
    body = reply.json()
    data = body.get("data", body) if isinstance(body, Mapping) else body
    items = next((data[key] for key in LISTS if isinstance(data.get(key), list)), None) if _is_map(data) else None
    total = next((data[key] for key in TOTALS if isinstance(data.get(key), int)), None) if _is_map(data) else None
    if items is None or total is None or not all(_is_map(item) and isinstance(item.get("name"), str) for item in items):
        raise BrokenError(
            source=reply.source, url=reply.url, said="the body is no list of models with their number in all"
        )
    # The interface may ignore a filter that it does not know; other people's models are not this account's.
    own = [item for item in items if str(item.get("owner") or account).lower() == account.lower()]
    if len(own) < len(items):
        raise BrokenError(
            source=reply.source, url=reply.url, said="the list holds models of other accounts", retry=False
        )
    rows = [
        {"model_id": f"{account}/{item['name']}", "account": account, "downloads": _count(item.get("downloads"))}
        for item in own
    ]
    return Page(rows=pl.DataFrame(rows, schema=ROWS), total=total)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _count(value: Any) -> int | None:
    """Return a counter, or null for what none can be: absent, negative, no whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None
