"""Open data: files a stranger can load, each with its columns, licence and checksum."""

import json

import polars as pl
import pytest

from assets.publish.open_data import holds_survey_rows, public_tables, write_open_data


def _empty(table):
    return pl.DataFrame(schema={name: column.dtype for name, column in table.columns().items()})


@pytest.fixture
def tables():
    return {name: _empty(table) for name, table in public_tables().items()}


def _with_rows(frame, sources):
    return pl.concat([frame, pl.DataFrame({"source_id": sources}, schema={"source_id": pl.String})], how="diagonal")


def test_survey_rows_are_split_off_and_none_is_lost(tables, tmp_path):
    tables["estimates"] = _with_rows(tables["estimates"], ["so_survey_2025", "hf_radar", None, "so_survey_2025"])
    write_open_data(tables, tmp_path, run_mode="snapshot")
    assert pl.read_parquet(tmp_path / "estimates.parquet")["source_id"].to_list() == ["hf_radar", None]
    assert pl.read_parquet(tmp_path / "survey" / "estimates.parquet")["source_id"].to_list() == ["so_survey_2025"] * 2
    assert not holds_survey_rows(tmp_path / "estimates.parquet")
    assert holds_survey_rows(tmp_path / "survey" / "estimates.parquet")
    assert not holds_survey_rows(tmp_path / "regions.parquet")


def test_the_package_describes_every_file_and_column(tables, tmp_path):
    tables["estimates"] = _with_rows(tables["estimates"], ["so_survey_2025"])
    files = write_open_data(tables, tmp_path, run_mode="snapshot")
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert {resource["path"] for resource in package["resources"]} == {
        path.relative_to(tmp_path).as_posix() for path in files if path.name != "datapackage.json"
    }
    survey = next(resource for resource in package["resources"] if resource["path"] == "survey/estimates.csv")
    assert "Stack Overflow" in survey["sources"][0]["title"]
    assert all(field["description"] for field in survey["schema"]["fields"])


def test_a_missing_table_is_named(tables, tmp_path):
    del tables["world_series"]
    with pytest.raises(ValueError, match="Open data needs the tables world_series"):
        write_open_data(tables, tmp_path, run_mode="snapshot")


def test_every_file_says_its_run_mode(tables, tmp_path):
    tables["estimates"] = _with_rows(tables["estimates"], ["so_survey_2025", "hf_radar"])
    files = write_open_data(tables, tmp_path, run_mode="synthetic")
    for path in files:
        if path.suffix == ".csv":
            assert set(pl.read_csv(path)["run_mode"]) <= {"synthetic"}
        elif path.suffix == ".parquet":
            assert pl.read_parquet_metadata(path)["atlas.run_mode"] == "synthetic"
    package = json.loads((tmp_path / "datapackage.json").read_text())
    assert package["title"].startswith("SYNTHETIC DEMO: ")
    assert all(resource["schema"]["fields"][-1]["name"] == "run_mode" for resource in package["resources"])
    assert set(pl.read_csv(tmp_path / "estimates.csv")["run_mode"]) == {"synthetic"}
