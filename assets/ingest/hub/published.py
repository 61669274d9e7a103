"""Published snapshots: the listing of the whole Hub as others publish it, for days on which the Hub cannot be listed.

Here: finding the newest snapshot, and reading it with the columns that a listing has too. Not here: when one is used
(`refresh.py`).

A snapshot is one Parquet file of more than a gigabyte, most of it columns that nobody here reads. Which columns there
are varies from week to week; what is absent is null. The day of a snapshot is the one that its publisher states, but
never that of the run; when its counters were read may be earlier.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import httpx2
import polars as pl
from huggingface_hub import HfApi, RepoFolder, hf_hub_download

from assets.ingest.hub.pages import PageError, rows
from assets.ingest.hub.settings import HubError, HubSettings
from assets.ingest.hub.tables import together

STATS: Final = "cfahlgren1/hub-stats"
WEEKLY: Final = "hfmlsoc/hub_weekly_snapshots"
FILE: Final = "models.parquet"
ROWS_AT_ONCE: Final = 100_000
DOWNLOAD_SECONDS: Final = 3 * 3600.0
"""Longest time for the whole file."""

_COLUMNS: Final = (
    "_id",
    "id",
    "createdAt",
    "downloads",
    "downloadsAllTime",
    "likes",
    "tags",
    "pipeline_tag",
    "baseModels",
    "safetensors",
)


@dataclass(frozen=True, kw_only=True)
class Published:
    """A snapshot: the day that it states, its rows as in ``pages.ROWS``, and where it is from."""

    day: date
    rows: pl.DataFrame
    place: str


@dataclass(frozen=True, kw_only=True)
class _Found:
    repository: str
    revision: str
    path: str
    day: date


def patient(settings: HubSettings) -> HubSettings:
    """Return settings with the time that a large file takes; a silence is as short as ever."""
    return settings.model_copy(update={"answer_seconds": DOWNLOAD_SECONDS})


def newest(
    settings: HubSettings, *, after: date, until: date, name: Callable[[str], str], tell: Callable[[str], None]
) -> Published:
    """Return the newest snapshot of a publisher that has one, within the session of `requests.py`.

    Args:
        settings: Endpoint and token.
        after: Day of what is there already.
        until: Day of the run.
        name: How tables name an account.
        tell: Told of what is fetched.

    Raises:
        HubError: Nobody has a newer one that can be read; the message says why for each.
    """
    token = settings.token.get_secret_value() if settings.token else False
    api = HfApi(endpoint=settings.endpoint, token=token)
    reasons = []
    for find in (_stats, _weekly):
        try:
            found = find(api)
            # One that was published on the day of the run was counted before it, and must not pass for the run's own.
            day = min(found.day, until - timedelta(days=1))
            if found.day > until or day <= after:
                reasons.append(f"{found.repository} is of {found.day}")
                continue
            place = f"{found.repository}, {found.path} at {found.revision[:12]}"
            tell(f"Fetching {place}.")
            with tempfile.TemporaryDirectory() as folder:
                file = hf_hub_download(
                    found.repository,
                    found.path,
                    repo_type="dataset",
                    revision=found.revision,
                    local_dir=folder,
                    endpoint=settings.endpoint,
                    token=token,
                )
                return Published(day=day, rows=_read(Path(str(file)), name), place=place)
        except (httpx2.HTTPError, OSError, ValueError, pl.exceptions.PolarsError) as error:
            # Texts of these errors may quote the request.
            reasons.append(f"{find.__name__.strip('_')} failed ({type(error).__name__})")
    raise HubError(f"No published snapshot helps: {'; '.join(reasons)}.") from None


def available(settings: HubSettings) -> list[tuple[str, date | None, str]]:
    """Return the publishers of snapshots with the day of the newest, or why there is none; no file is fetched.

    Args:
        settings: Endpoint and token.
    """
    api = HfApi(endpoint=settings.endpoint, token=settings.token.get_secret_value() if settings.token else False)
    found: list[tuple[str, date | None, str]] = []
    for repository, find in ((STATS, _stats), (WEEKLY, _weekly)):
        try:
            found.append((repository, find(api).day, ""))
        except (httpx2.HTTPError, OSError, ValueError) as error:
            found.append((repository, None, f"it cannot be read ({type(error).__name__})"))
    return found


def _stats(api: HfApi) -> _Found:
    info = api.dataset_info(STATS)
    if info.sha is None or info.last_modified is None:
        raise ValueError("no revision")
    return _Found(repository=STATS, revision=info.sha, path=FILE, day=info.last_modified.date())


def _weekly(api: HfApi) -> _Found:
    revision = api.dataset_info(WEEKLY).sha
    tree = api.list_repo_tree(WEEKLY, "models", revision=revision, repo_type="dataset")
    days = [Path(entry.path).name for entry in tree if isinstance(entry, RepoFolder)]
    if revision is None or not days:
        raise ValueError("no snapshot")
    day = max(days)
    return _Found(repository=WEEKLY, revision=revision, path=f"models/{day}/{FILE}", day=date.fromisoformat(day))


def _read(path: Path, name: Callable[[str], str]) -> pl.DataFrame:
    """Return the rows of a file, read a portion at a time.

    Raises:
        ValueError: The file has no ids, or a value is of another kind than in a listing.
    """
    scan = pl.scan_parquet(path)
    schema = scan.collect_schema()
    if "id" not in schema:
        raise PageError("the snapshot has no column id")
    chosen = scan.select(_column(column, schema[column]) for column in _COLUMNS if column in schema)
    return together([rows(portion.to_dicts(), name) for portion in _portions(chosen)])


def _portions(chosen: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    offset = 0
    while (portion := chosen.slice(offset, ROWS_AT_ONCE).collect()).height:
        yield portion
        offset += ROWS_AT_ONCE


def _column(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column in the shape that it has in a listing."""
    if dtype.is_temporal():
        return pl.col(column).dt.strftime("%Y-%m-%d")
    if column == "safetensors" and isinstance(dtype, pl.Struct):
        # Beside the total it has one field for each kind of number that any model uses.
        kept = [field.name for field in dtype.fields if field.name == "total"]
        return pl.struct(*(pl.col(column).struct.field(field) for field in kept)).alias(column)
    return pl.col(column)
