"""Refresh: each reference file as it stands today, fetched where it changed, kept whole, read before it counts.

Here: files, conditional requests, checksums, the fall-back. Not here: what a file says (`forms.py`).

In a store, ``reference/<source>`` is the file that counts and ``reference/<source>.json`` says of which address, entity
tag, checksum and day it is. A file that cannot be had or read leaves the last one in force, and the source stale.
"""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

import polars as pl
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from upath import UPath

from assets.ingest.reference.forms import FORMS, FormError, Read
from assets.ingest.standing import Standing, note, standing_of
from assets.ingest.web.client import Client
from assets.ingest.web.errors import FetchError
from assets.ingest.web.manners import Manners
from assets.whole_files import replace_file

SOURCE: Final = "Reference files"
FOLDER: Final = "reference"
NOT_MODIFIED: Final = 304


class ReferenceSettings(BaseSettings):
    """Where reference files are, and the checksums that pin them.

    Attributes:
        innovation_graph_url: Developers by economy (``ATLAS_REFERENCE_INNOVATION_GRAPH_URL``).
        innovation_graph_sha256: Checksum that the file must have; any by default.
        world_bank_url: Population by economy (``ATLAS_REFERENCE_WORLD_BANK_URL``).
        world_bank_sha256: Checksum that the answer must have; any by default.
        attempts: Most requests for one file (``ATLAS_REFERENCE_ATTEMPTS``).
    """

    model_config = SettingsConfigDict(env_prefix="ATLAS_REFERENCE_", frozen=True, env_ignore_empty=True)

    innovation_graph_url: str = "https://raw.githubusercontent.com/github/innovationgraph/main/data/developers.csv"
    innovation_graph_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    world_bank_url: str = (
        "https://api.worldbank.org/v2/country/all/indicator/SP.POP.TOTL?format=json&per_page=20000&date=2020:2030"
    )
    world_bank_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    attempts: int = Field(default=4, ge=1)

    def manners(self) -> Manners:
        """Return how these sources are asked."""
        return Manners(attempts=self.attempts, patience=120, run_patience=240)

    def files(self) -> "list[ReferenceFile]":
        """Return the files, each with its source, which is also its form."""
        return [
            ReferenceFile(source_id=name, url=getattr(self, f"{name}_url"), pinned=getattr(self, f"{name}_sha256"))
            for name in FORMS
        ]


@dataclass(frozen=True, kw_only=True)
class ReferenceFile:
    """A file: its source, address, and the checksum that pins it, if any."""

    source_id: str
    url: str
    pinned: str = ""


@dataclass(frozen=True, kw_only=True)
class _Kept:
    url: str
    etag: str
    modified: str
    sha256: str
    fetched_on: str


def folder(store: UPath) -> UPath:
    """Return the folder of a store that holds the reference files."""
    return store / FOLDER


def _kept(store: UPath, file: ReferenceFile) -> tuple[bytes, _Kept] | None:
    """Return the file that counts and what is known of it; nothing where either is absent or they do not fit."""
    try:
        content = (folder(store) / file.source_id).read_bytes()
        known = _Kept(**json.loads((folder(store) / f"{file.source_id}.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return (content, known) if hashlib.sha256(content).hexdigest() == known.sha256 else None


def _checked(content: bytes, file: ReferenceFile) -> str:
    """Return the checksum of a file; refuse one that is not the pinned file."""
    sha256 = hashlib.sha256(content).hexdigest()
    if file.pinned and sha256 != file.pinned:
        raise FormError(f"its checksum is {sha256}, and {file.pinned} is pinned")
    return sha256


def fetched(
    client: Client,
    store: UPath,
    file: ReferenceFile,
    *,
    known: Collection[str],
    today: date,
    tell: Callable[[str], None],
) -> Read | None:
    """Return what the newest file says that could be had and read, and note how its source stands.

    Args:
        client: Connection.
        store: Root of the store.
        file: The file.
        known: Codes of economies.
        today: Day of the run.
        tell: Takes a line on what was fetched.

    Returns:
        Its figures, or nothing where there never was a file.
    """
    read = FORMS[file.source_id]
    kept = _kept(store, file)
    conditions = {}
    if kept and kept[1].url == file.url:
        conditions = {"If-None-Match": kept[1].etag, "If-Modified-Since": kept[1].modified}
    try:
        reply = client.get(file.url, headers={name: value for name, value in conditions.items() if value})
        if reply.status == NOT_MODIFIED and kept:
            found = read(kept[0], known)
            tell(f"{file.source_id}: not changed since {kept[1].fetched_on}.")
            return _noted(store, file, found, today)
        sha256 = _checked(reply.content, file)
        found = read(reply.content, known)
    except (FetchError, FormError) as error:
        old = standing_of(store, file.source_id)
        said = str(error) if isinstance(error, FetchError) else f"{client.source}: {file.url}: {error}."
        note(store, Standing(source_id=file.source_id, fresh=False, observed_on=old.observed_on, reason=said))
        return read(kept[0], known) if kept else None
    content = _Kept(
        url=file.url,
        etag=reply.headers.get("etag", ""),
        modified=reply.headers.get("last-modified", ""),
        sha256=sha256,
        fetched_on=today.isoformat(),
    )
    # A file without its notes counts for nothing: a run that is killed between the two fetches it again.
    replace_file(folder(store) / file.source_id, reply.content)
    replace_file(folder(store) / f"{file.source_id}.json", (json.dumps(asdict(content), indent=2) + "\n").encode())
    tell(
        f"{file.source_id}: {found.rows.height:,} figures; left out: {found.aggregates:,} of aggregates, "
        f"{found.empty:,} without a value."
    )
    return _noted(store, file, found, today)


def _noted(store: UPath, file: ReferenceFile, found: Read, today: date) -> Read:
    observed_on = today.isoformat()
    note(
        store,
        Standing(source_id=file.source_id, fresh=True, observed_on=observed_on, rows=found.rows.height),
    )
    return found


def denominators(
    client: Client,
    settings: ReferenceSettings,
    store: UPath,
    frozen: pl.DataFrame,
    *,
    known: Collection[str],
    today: date,
    tell: Callable[[str], None],
) -> pl.DataFrame:
    """Return table ``denominators``: the embedded figures, replaced where a file has newer ones.

    Args:
        client: Connection.
        settings: Addresses and checksums.
        store: Root of the store.
        frozen: The embedded table.
        known: Codes of economies.
        today: Day of the run.
        tell: Takes lines of progress.
    """
    key = ["measure", "region_id", "period"]
    frame = frozen
    for file in settings.files():
        found = fetched(client, store, file, known=known, today=today, tell=tell)
        if found is None:
            continue
        since = frozen.filter(pl.col("measure") == found.rows["measure"][0])["period"].min()
        rows = found.rows.filter(pl.col("period") >= since).with_columns(source_id=pl.lit(file.source_id))
        rows = rows.select(frame.columns).cast(frame.schema)
        frame = pl.concat([frame.join(rows, on=key, how="anti"), rows])
    return frame.sort(key)
