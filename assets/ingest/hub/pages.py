"""Pages: what the Hub says of each model, as rows.

Here: one pure function from the items of a page to rows, and the pseudonyms of accounts. Not here: fetching pages
(`requests.py`), the ingest tables (`tables.py`).

What a card says is hostile text: it is taken as text, in the places where the atlas has a column, and nowhere else.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

import polars as pl

from assets.schemas.vocabulary import RELATIONS

ROWS: Final = pl.Schema(
    {
        "hub_key": pl.String(),
        "model_id": pl.String(),
        "account": pl.String(),
        "created_on": pl.Date(),
        "downloads_30d": pl.Int64(),
        "downloads_all_time": pl.Int64(),
        "likes": pl.Int64(),
        "licence": pl.String(),
        "task": pl.String(),
        "parameters": pl.Int64(),
        "removed": pl.Boolean(),
        "children": pl.Int64(),
        "parents": pl.List(pl.Struct({"parent_id": pl.String(), "relation": pl.String()})),
    }
)
"""A row of a crawl: ``hub_key`` is the Hub's own key of the repository, which a rename does not change."""

PSEUDONYM: Final = r"^a\d{16}$"
"""Name that a live run gives to an account outside the registry; it may be a person's."""

UNSPECIFIED: Final = "unspecified"
LARGEST: Final = 2**63 - 1
_BASE: Final = "base_model:"
_LICENCE: Final = "license:"


class PageError(ValueError):
    """A page holds something that is no model; the message names the item and key, never a value."""


def pseudonyms(known: Collection[str], hashed: Callable[[str], str]) -> Callable[[str], str]:
    """Return how accounts are named in tables: those of the registry by their name, others by a pseudonym.

    The Hub does not say which account is a person's, so that only accounts somebody looked up keep their name.

    Args:
        known: Accounts of the registry.
        hashed: Keyed hash in hexadecimal digits: one key a store, so that pseudonyms of a store fit each other.
    """
    names = {account.lower(): account for account in known}

    @cache
    def name(account: str) -> str:
        # The Hub tells accounts apart without regard to capital letters.
        folded = account.lower()
        return names.get(folded) or f"a{int(hashed(f'huggingface:{folded}')[:15], 16) % 10**16:016d}"

    return name


def named(model_id: str, name: Callable[[str], str]) -> str:
    """Return a model's id with the account as tables name it; the path of a file is cut to its last part."""
    account, slash, own = model_id.partition("/")
    if slash and account not in {"", ".", ".."} and not any(sign in own for sign in "/\\"):
        return f"{name(account)}/{own}"
    parts = [part for part in model_id.replace("\\", "/").split("/") if part]
    return model_id if len(parts) == 1 and parts[0] == model_id else f"./{parts[-1] if parts else ''}"


def rows(items: Sequence[Mapping[str, Any]], name: Callable[[str], str]) -> pl.DataFrame:
    """Return the rows of a page, in its order.

    Args:
        items: Models as the Hub sent them.
        name: How tables name an account.

    Raises:
        PageError: An item lacks its id, or a key holds a value of another type.
    """
    return pl.DataFrame([_row(number, item, name) for number, item in enumerate(items, start=1)], schema=ROWS)


def _row(number: int, item: Mapping[str, Any], name: Callable[[str], str]) -> dict[str, Any]:
    def taken(key: str, kind: type, among: Mapping[str, Any] = item) -> Any:
        value = among.get(key)
        if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
            return value
        raise PageError(f"item {number}: {key} is of type {type(value).__name__}, not {kind.__name__}")

    model_id = taken("id", str)
    if not model_id:
        raise PageError(f"item {number} has no id")
    own = named(model_id, name)
    tags = [tag for tag in taken("tags", list) or [] if isinstance(tag, str)]
    safetensors = taken("safetensors", dict) or {}
    children = taken("childrenModelCount", dict) or {}
    return {
        "hub_key": taken("_id", str) or model_id,
        "model_id": own,
        "account": own.partition("/")[0],
        "created_on": _day(taken("createdAt", str)),
        "downloads_30d": _count(taken("downloads", int)),
        "downloads_all_time": _count(taken("downloadsAllTime", int)),
        "likes": _count(taken("likes", int)),
        "licence": next((tag.removeprefix(_LICENCE) for tag in tags if tag.startswith(_LICENCE)), None),
        "task": taken("pipeline_tag", str),
        "parameters": _count(taken("total", int, safetensors)),
        "removed": bool(taken("disabled", bool)),
        "children": sum(_count(count) or 0 for count in children.values() if isinstance(count, int)),
        "parents": [
            {"parent_id": parent, "relation": relation}
            for parent, relation in _parents(tags, taken("baseModels", dict) or {}, name)
        ],
    }


def _count(value: int | None) -> int | None:
    """Return a counter, or null for one that no counter can have."""
    return value if value is not None and 0 <= value <= LARGEST else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _parents(tags: Iterable[str], bases: Mapping[str, Any], name: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return the declared parents; a parent whose relation is told somewhere has it in no row as unspecified."""
    told = {(named(parent, name), relation) for parent, relation in [*_of_tags(tags), *_of_bases(bases)] if parent}
    clear = {parent for parent, relation in told if relation != UNSPECIFIED}
    return sorted(edge for edge in told if edge[1] != UNSPECIFIED or edge[0] not in clear)


def _of_tags(tags: Iterable[str]) -> Iterator[tuple[str, str]]:
    for tag in tags:
        if not tag.startswith(_BASE):
            continue
        text = tag.removeprefix(_BASE)
        relation, colon, parent = text.partition(":")
        yield (parent, relation) if colon and relation in RELATIONS else (text, UNSPECIFIED)


def _of_bases(bases: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    relation = bases.get("relation")
    models = bases.get("models")
    for model in models if isinstance(models, list) else []:
        if isinstance(model, dict) and isinstance(model.get("id"), str):
            yield model["id"], relation if relation in RELATIONS else UNSPECIFIED
