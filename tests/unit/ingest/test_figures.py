"""The importer: a small folder of figures in, declared tables out; wrong files are refused by name and row."""

import gzip

import polars as pl
import pytest

from assets.ingest.figures import read_figures
from assets.schemas import TableError

FIGURES = {
    "hf_hub_stats_2026-05.csv.gz": "id,author,created_at,downloads_30d,downloads_all_time,likes,license,pipeline_tag,"
    "params_total,extra\nQwen/Qwen3-8B,Qwen,2025-04-27T03:42:21Z,900,7000,5,apache-2.0,text-generation,8000000000,x\n",
    "hf_radar_models_2026-08-21.csv.gz": "observed_at,id,author,created_at,downloads_30d,likes,license,pipeline_tag,"
    "parameters,removed\n2026-08-21T20:00Z,u00001/merge,u00001,2026-08-01T00:00:00.000Z,70,,mit,,,true\n",
    "hf_lineage_edges.csv.gz": "child,parent,relation,source\nu00001/merge,Qwen/Qwen3-8B,declared,radar_2026-08-21\n"
    "u00001/merge,Qwen/Qwen3-8B,,hub_stats_2026-05\n",
    "hf_ms_models_monthly.csv.gz": "snapshot,platform,account,model_name,downloads,downloads_kind\n"
    "2025-07-07,huggingface,Qwen,Qwen3-8B,500,last_30d\n2025-07-07,modelscope,qwen,Qwen3-8B,-29,cumulative\n",
    "so2025_country_model_use.csv": "iso2,model,n_answered,n_users,suppressed\nNA,Qwen,6,,true\nKE,Qwen,74,12,false\n",
    "population_by_country_year.csv": "iso2,year,population\nNA,2024,3000000\nNA,2015,2000000\n",
    "innovationgraph/developers.csv.gz": "developers,iso2_code,year,quarter\n100,NA,2025,3\n999,EU,2025,3\n",
    "ms_ai_diffusion_by_economy.csv": "iso2,ai_user_share_h1_2025,ai_user_share_h2_2025,ai_user_share_q1_2026\n"
    "NA,0.1,0.2,0.3\n",
    "pypi_country_monthly.csv": "month,iso2,downloads\n2025-07,US,56983000000\n",
    "commit_repos.csv": "repo,owner_country,kind,head_date,first_commit,commits_nonmerge_nonbot,bot_commits_dropped,"
    "distinct_authors\nQwenLM/Qwen3,CN,model,2026-01-09,2024-02-05,253,0,53\n",
    "commit_offsets.csv.gz": "repo,month,utc_offset_minutes,committed_via,commits,distinct_authors\n"
    "QwenLM/Qwen3,2025-01,480,local,3,1\n",
}


def _write(folder, name, text):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


@pytest.fixture
def folder(tmp_path):
    for name, text in FIGURES.items():
        _write(tmp_path, name, text)
    return tmp_path


def test_a_folder_of_figures_becomes_the_declared_tables(folder):
    tables = read_figures(folder)
    assert tables["models"]["model_id"].to_list() == ["Qwen/Qwen3-8B", "u00001/merge"]
    assert tables["models"]["removed"].to_list() == [False, True]
    assert tables["survey_use"].filter(pl.col("region_id") == "NA")["users"].to_list() == [None]
    assert set(tables["denominators"]["measure"]) == {
        "population",
        "github_developers",
        "ai_user_share",
        "pypi_downloads_all_packages",
    }


def test_an_edge_that_both_tables_declare_is_kept_once(folder):
    assert read_figures(folder)["model_parents"].rows() == [
        ("u00001/merge", "Qwen/Qwen3-8B", "unspecified", "hub_stats_frozen")
    ]


def test_an_impossible_counter_stays_a_row_with_an_unknown_count(folder):
    rows = read_figures(folder)["model_download_totals"].filter(pl.col("platform") == "modelscope")
    assert rows["downloads"].to_list() == [None]


def test_pseudo_economies_and_old_years_are_left_out(folder):
    assert set(read_figures(folder)["denominators"]["region_id"]) == {"NA", "US"}


def test_a_missing_file_is_named(folder):
    (folder / "commit_repos.csv").unlink()
    with pytest.raises(TableError, match=r"commit_repos\.csv: no such file"):
        read_figures(folder)


def test_a_missing_column_is_named(folder):
    _write(folder, "pypi_country_monthly.csv", "month,iso2\n2025-07,US\n")
    with pytest.raises(TableError, match=r"pypi_country_monthly\.csv: lacks the column\(s\) downloads"):
        read_figures(folder)


def test_text_where_a_number_belongs_is_named(folder):
    _write(folder, "pypi_country_monthly.csv", "month,iso2,downloads\n2025-07,US,many\n")
    with pytest.raises(TableError, match=r"(?s)pypi_country_monthly\.csv: a value does not fit.*many"):
        read_figures(folder)


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("so2025_country_model_use.csv", "Kenya,Qwen,74,12,false", "(?s)region_id: regex.*Kenya"),
        ("so2025_country_model_use.csv", "KE,Qwen,74,99,false", "(?s)users_are_respondents.*99"),
        ("so2025_country_model_use.csv", "KE,Qwen,74,-3,false", "(?s)users: min.*-3"),
        (
            "so2025_country_model_use.csv",
            "KE,Qwen,74,12,false\nKE,Qwen,74,13,false",
            "(?s)primary_key.*2 row.*row 1: .*model=Qwen.*row 2: ",
        ),
        ("so2025_country_model_use.csv", "KE,Qwen,74,,false", "(?s)hidden_means_null.*KE"),
    ],
)
def test_wrong_rows_are_refused_with_their_values(folder, name, rows, said):
    _write(folder, name, FIGURES[name].splitlines()[0] + "\n" + rows + "\n")
    with pytest.raises(TableError, match=said):
        read_figures(folder)
