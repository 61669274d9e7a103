"""Importer: a folder of published figures (CSV) → the ingest tables.

Here: one pure function a file set, reading exactly the columns it needs. Maintainers run it through
``atlas snapshot --figures DIR`` when a new edition of the figures is extracted. Not here: freezing
(`assets/ingest/snapshot.py`), sources that are fetched live.

Every reader takes text columns as text: the ISO code ``NA`` is Namibia, never a null.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from assets.schemas import TABLES, TableError, validate

FIRST_DEVELOPER_YEAR: Final = 2023
FIRST_POPULATION_YEAR: Final = 2020
SURVEY_WAVE: Final = pl.date(2025, 6, 1)
"""The survey was in the field in mid-2025; the wave is filed under June."""
HUB_STATS_DAY: Final = pl.date(2026, 5, 20)


def _read(folder: Path, name: str, columns: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    """Read the named columns of a CSV (gzip by suffix) as text and cast them.

    Raises:
        TableError: The file is absent, lacks a column or holds a value of another type.
    """
    path = folder / name
    if not path.is_file():
        raise TableError(f"{path}: no such file; the folder of figures must hold {name}.")
    texts = pl.read_csv(path, infer_schema=False, null_values=[""])
    missing = [column for column in columns if column not in texts.columns]
    if missing:
        raise TableError(f"{path}: lacks the column(s) {', '.join(missing)}; it has {', '.join(texts.columns)}.")
    try:
        return texts.select(pl.col(column).cast(dtype) for column, dtype in columns.items())
    except pl.exceptions.InvalidOperationError as error:
        raise TableError(f"{path}: a value does not fit its column's type: {error}") from error


def _flag(column: str) -> pl.Expr:
    return pl.col(column).replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)


def _day(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 10).str.to_date("%Y-%m-%d")


def models(folder: Path) -> pl.DataFrame:
    """Models of the evaluation-registry subset (2026-05) and of the trending table (2026-08)."""
    text, count = pl.String, pl.Int64
    registry = _read(
        folder,
        "hf_hub_stats_2026-05.csv.gz",
        {
            "id": text,
            "author": text,
            "created_at": text,
            "downloads_30d": count,
            "downloads_all_time": count,
            "likes": count,
            "license": text,
            "pipeline_tag": text,
            "params_total": count,
        },
    ).select(
        model_id="id",
        account="author",
        observed_on=HUB_STATS_DAY,
        created_on=_day("created_at"),
        downloads_30d="downloads_30d",
        downloads_all_time="downloads_all_time",
        likes="likes",
        licence="license",
        task="pipeline_tag",
        parameters="params_total",
        removed=pl.lit(False),  # noqa: FBT003
        source_id=pl.lit("hub_stats_frozen"),
    )
    trending = _read(
        folder,
        "hf_radar_models_2026-08-21.csv.gz",
        {
            "observed_at": text,
            "id": text,
            "author": text,
            "created_at": text,
            "downloads_30d": count,
            "likes": count,
            "license": text,
            "pipeline_tag": text,
            "parameters": count,
            "removed": text,
        },
    ).select(
        model_id="id",
        account="author",
        observed_on=_day("observed_at"),
        created_on=_day("created_at"),
        downloads_30d="downloads_30d",
        downloads_all_time=pl.lit(None, pl.Int64),
        likes="likes",
        licence="license",
        task="pipeline_tag",
        parameters="parameters",
        removed=_flag("removed"),
        source_id=pl.lit("hf_radar"),
    )
    return pl.concat([registry, trending]).with_columns(platform=pl.lit("huggingface"))


def model_parents(folder: Path) -> pl.DataFrame:
    """Declared lineage of both model tables; an edge that both declare is kept from the newer one."""
    edges = _read(
        folder,
        "hf_lineage_edges.csv.gz",
        {"child": pl.String, "parent": pl.String, "relation": pl.String, "source": pl.String},
    )
    return edges.select(
        child_id="child",
        parent_id="parent",
        relation=pl.col("relation").replace({"declared": "unspecified"}).fill_null("unspecified"),
        source_id=pl.col("source").replace_strict(
            {"hub_stats_2026-05": "hub_stats_frozen", "radar_2026-08-21": "hf_radar"}
        ),
    ).unique(["child_id", "parent_id", "relation"], keep="last", maintain_order=True)


def model_download_totals(folder: Path) -> pl.DataFrame:
    """Monthly counters per model: 30 days on Hugging Face, cumulative on ModelScope."""
    rows = _read(
        folder,
        "hf_ms_models_monthly.csv.gz",
        {
            "snapshot": pl.String,
            "platform": pl.String,
            "account": pl.String,
            "model_name": pl.String,
            "downloads": pl.Int64,
            "downloads_kind": pl.String,
        },
    )
    return rows.select(
        "platform",
        "account",
        # A counter cannot be negative: a crawl error, kept as a row whose count is unknown.
        downloads=pl.when(pl.col("downloads") >= 0).then("downloads"),
        model_id=pl.concat_str("account", "model_name", separator="/"),
        observed_on=_day("snapshot"),
        definition=pl.col("downloads_kind").replace_strict({"last_30d": "rolling_30d", "cumulative": "all_time"}),
        source_id=pl.lit("osir_lmts"),
    )


def survey_use(folder: Path) -> pl.DataFrame:
    """Respondents by country and model of the 2025 wave, with nothing hidden that what is shown would give away."""
    rows = _read(
        folder,
        "so2025_country_model_use.csv",
        {
            "iso2": pl.String,
            "model": pl.String,
            "n_answered": pl.Int64,
            "n_users": pl.Int64,
            "suppressed": pl.String,
        },
    )
    table = rows.select(
        "model",
        wave=SURVEY_WAVE,
        region_id="iso2",
        respondents="n_answered",
        users="n_users",
        suppressed=_flag("suppressed"),
        source_id=pl.lit("so_survey_2025"),
    )
    return closed(table)


def closed(survey_use: pl.DataFrame) -> pl.DataFrame:
    """Return the survey without the counts of "neither side" that would tell of a hidden side.

    Respondents less those of neither side are those of either. Where a side is hidden, that narrows what it can be; in
    one economy of 2025 it left a single number. Where everyone is on one side, nobody is on neither: that count is
    zero and hides nothing.

    Args:
        survey_use: Table ``survey_use`` as the figures have it.
    """
    of_economy = ["wave", "region_id"]
    sides = pl.col("model").is_in(["ANY_CN_OPEN", "ANY_US_OPEN"])
    neither = pl.col("model") == "NO_OPEN"
    hides = neither & (sides & pl.col("users").is_null()).any().over(of_economy)
    everyone = neither & (sides & (pl.col("users") == pl.col("respondents"))).any().over(of_economy)
    return survey_use.with_columns(
        users=pl.when(everyone).then(0).when(~hides).then("users"),
        suppressed=pl.when(everyone).then(pl.lit(value=False)).otherwise(hides | pl.col("suppressed")),
    )


def denominators(folder: Path) -> pl.DataFrame:
    """Population, GitHub developers, share of AI users, PyPI traffic of all packages."""
    text, number = pl.String, pl.Float64
    people = (
        _read(folder, "population_by_country_year.csv", {"iso2": text, "year": pl.Int32, "population": number})
        .filter(pl.col("year") >= FIRST_POPULATION_YEAR)
        .select(
            measure=pl.lit("population"),
            region_id="iso2",
            period=pl.date("year", 1, 1),
            value="population",
            value_unit=pl.lit("people"),
            source_id=pl.lit("population"),
        )
    )
    developers = (
        _read(
            folder,
            "innovationgraph/developers.csv.gz",
            {"developers": number, "iso2_code": text, "year": pl.Int32, "quarter": pl.Int32},
        )
        # EU is a pseudo-economy whose members are rows of their own.
        .filter((pl.col("year") >= FIRST_DEVELOPER_YEAR) & (pl.col("iso2_code") != "EU"))
        .select(
            measure=pl.lit("github_developers"),
            region_id="iso2_code",
            period=pl.date("year", pl.col("quarter") * 3 - 2, 1),
            value="developers",
            value_unit=pl.lit("accounts"),
            source_id=pl.lit("innovation_graph"),
        )
    )
    periods = {
        "ai_user_share_h1_2025": (2025, 1),
        "ai_user_share_h2_2025": (2025, 7),
        "ai_user_share_q1_2026": (2026, 1),
    }
    users_wide = _read(folder, "ms_ai_diffusion_by_economy.csv", {"iso2": text} | dict.fromkeys(periods, number))
    users = pl.concat(
        users_wide.select(
            measure=pl.lit("ai_user_share"),
            region_id="iso2",
            period=pl.date(*first, 1),
            value=column,
            value_unit=pl.lit("share of people aged 15–64"),
            source_id=pl.lit("ms_ai_diffusion"),
        )
        for column, first in periods.items()
    )
    traffic = _read(folder, "pypi_country_monthly.csv", {"month": text, "iso2": text, "downloads": number}).select(
        measure=pl.lit("pypi_downloads_all_packages"),
        region_id="iso2",
        period=pl.col("month").str.to_date("%Y-%m"),
        value="downloads",
        value_unit=pl.lit("requests"),
        source_id=pl.lit("clickpy_reports"),
    )
    return pl.concat([people, developers, users, traffic])


def repositories(folder: Path) -> pl.DataFrame:
    """Repositories whose commit histories were read."""
    text, count = pl.String, pl.Int64
    rows = _read(
        folder,
        "commit_repos.csv",
        {
            "repo": text,
            "owner_country": text,
            "kind": text,
            "head_date": text,
            "first_commit": text,
            "commits_nonmerge_nonbot": count,
            "bot_commits_dropped": count,
            "distinct_authors": count,
        },
    )
    return rows.select(
        "owner_country",
        "kind",
        repository="repo",
        head_on=_day("head_date"),
        first_commit_on=_day("first_commit"),
        commits="commits_nonmerge_nonbot",
        bot_commits="bot_commits_dropped",
        authors="distinct_authors",
        source_id=pl.lit("git_histories"),
    )


def commit_offsets(folder: Path) -> pl.DataFrame:
    """Commits by author's UTC offset."""
    text, count = pl.String, pl.Int64
    rows = _read(
        folder,
        "commit_offsets.csv.gz",
        {
            "repo": text,
            "month": text,
            "utc_offset_minutes": count,
            "committed_via": text,
            "commits": count,
            "distinct_authors": count,
        },
    )
    return rows.select(
        "utc_offset_minutes",
        "committed_via",
        "commits",
        repository="repo",
        month=pl.col("month").str.to_date("%Y-%m"),
        authors="distinct_authors",
        source_id=pl.lit("git_histories"),
    )


READERS: Final[dict[str, Callable[[Path], pl.DataFrame]]] = {
    "models": models,
    "model_parents": model_parents,
    "model_download_totals": model_download_totals,
    "survey_use": survey_use,
    "denominators": denominators,
    "repositories": repositories,
    "commit_offsets": commit_offsets,
}


def read_figures(folder: Path) -> dict[str, pl.DataFrame]:
    """Return every ingest table, validated, from a folder of published figures.

    Raises:
        TableError: A file is missing or a table does not meet its declaration; the message names the file,
            column, row and value.
    """
    return {
        name: validate(reader(folder), TABLES[f"ingest/{name}"], where=f"{folder} ({reader.__name__})")
        for name, reader in READERS.items()
    }
