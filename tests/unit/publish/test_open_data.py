"""Open data: files a stranger can load, each with its columns, licence and checksum."""

import hashlib
import json
from datetime import date

import frictionless
import polars as pl
import pytest
import shapely
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.publish.open_data import guarded, holds_survey_rows, public_tables, write_open_data
from assets.schemas import TABLES
from maps.geometry.regions import load_regions


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
        path.relative_to(tmp_path).as_posix() for path in files
    } - {"datapackage.json", "CITATION.cff", "manifest.json", "data-dictionary.md"}
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
    texts = [resource for resource in package["resources"] if resource["path"].endswith(".csv")]
    assert all(resource["schema"]["fields"][-1]["name"] == "run_mode" for resource in texts)
    assert set(pl.read_csv(tmp_path / "estimates.csv")["run_mode"]) == {"synthetic"}


TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


@given(texts=st.lists(TEXTS, min_size=1, max_size=20), numbers=st.lists(st.integers(-9, 9), min_size=20, max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_cell_starts_a_formula_and_every_text_comes_back(texts, numbers):
    frame = pl.DataFrame({"text": texts, "number": numbers[: len(texts)]})
    safe = guarded(frame)
    assert safe["number"].equals(frame["number"])
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for text in safe["text"])
    assert [text.removeprefix("'") for text in safe["text"]] == texts


def _built(tmp_path, tables, name="one", run_mode="snapshot"):
    folder = tmp_path / name
    write_open_data(tables, folder, run_mode=run_mode)
    return folder


@pytest.fixture
def filled(tables):
    survey = {"signal": "survey_use", "period": date(2025, 6, 1), "coding": "publisher", "source_id": "so_survey_2025"}
    survey |= {"counted": "people"}
    cells = [
        survey | {"level": "country", "region_id": "NG", "cn_share": 0.6, "state": "value", "n": 37.0},
        survey | {"level": "country", "region_id": "FJ", "state": "suppressed", "reason": "=cmd|' /C calc'!A0"},
        survey | {"level": "metro", "region_id": "metro:lagos", "cn_share": 0.6, "state": "value"},
    ]
    regions = load_regions()
    schema = tables["regions"].schema
    own = regions.select(pl.col(name) if name in regions.columns else pl.lit(None).alias(name) for name in schema)
    empty = dict.fromkeys(tables["estimates"].schema)
    estimates = pl.DataFrame([empty | cell for cell in cells], schema=tables["estimates"].schema)
    return tables | {"regions": own.cast(schema), "estimates": estimates}


def test_the_package_validates_with_the_library_of_its_readers(filled, tmp_path):
    folder = _built(tmp_path, filled)
    report = frictionless.validate(str(folder / "datapackage.json"), type="package")
    assert report.valid, report.flatten(["title", "message"])
    assert report.stats["tasks"] == len(json.loads((folder / "datapackage.json").read_text())["resources"])


def test_the_library_would_find_a_broken_file(filled, tmp_path):
    folder = _built(tmp_path, filled)
    path = folder / "survey" / "estimates.csv"
    path.write_text(path.read_text().replace("survey_use", "survey_abuse"))
    assert not frictionless.validate(str(folder / "datapackage.json"), type="package").valid


def test_features_say_what_is_not_known_and_lie_where_they_should(filled, tmp_path):
    folder = _built(tmp_path, filled)
    collection = json.loads((folder / "survey" / "geo" / "survey_use.geojson").read_text())
    features = {feature["id"]: feature for feature in collection["features"]}
    assert set(features) == {"NG", "FJ", "metro:lagos"}
    assert features["FJ"]["properties"]["cn_share"] is None
    assert features["FJ"]["properties"]["state"] == "suppressed"
    east, north = features["metro:lagos"]["geometry"]["coordinates"]
    # Longitude first: Lagos is at 3.4° E, 6.5° N, and within Nigeria.
    assert (2.5 < east < 4.5, 6 < north < 7) == (True, True)
    nigeria = shapely.geometry.shape(features["NG"]["geometry"])
    assert nigeria.buffer(0.1).contains(shapely.Point(east, north))
    # Fiji lies on the antimeridian: cut there, never drawn across the world.
    for part in shapely.geometry.shape(features["FJ"]["geometry"]).geoms:
        assert part.bounds[2] - part.bounds[0] < 10
        assert part.exterior.is_ccw


def test_the_binary_features_are_those_of_the_text(filled, tmp_path):
    folder = _built(tmp_path, filled) / "survey" / "geo"
    frame = pl.read_parquet(folder / "survey_use.parquet")
    described = json.loads(pl.read_parquet_metadata(folder / "survey_use.parquet")["geo"])
    assert described["primary_column"] == "geometry"
    features = {one["id"]: one for one in json.loads((folder / "survey_use.geojson").read_text())["features"]}
    for region, binary in frame.select("region_id", "geometry").iter_rows():
        shape = shapely.geometry.shape(features[region]["geometry"])
        assert shapely.from_wkb(binary).equals_exact(shape, tolerance=1e-4, normalize=True)


def test_the_same_figures_have_the_same_bytes_and_version(filled, tmp_path):
    one, other = _built(tmp_path, filled), _built(tmp_path, filled, "other")
    assert {path.relative_to(one): path.read_bytes() for path in one.rglob("*") if path.is_file()} == {
        path.relative_to(other): path.read_bytes() for path in other.rglob("*") if path.is_file()
    }
    changed = filled | {"estimates": filled["estimates"].with_columns(n=pl.col("n") + 1)}
    third = _built(tmp_path, changed, "third")
    versions = [json.loads((folder / "manifest.json").read_text())["version"] for folder in (one, third)]
    assert versions[0] != versions[1]


def test_checksums_are_those_of_the_files(filled, tmp_path):
    folder = _built(tmp_path, filled)
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, sha256 in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk - set(manifest["sha256"]) == {"datapackage.json", "CITATION.cff", "manifest.json"}


def test_the_citation_has_what_readers_of_the_format_ask_for(filled, tmp_path):
    folder = _built(tmp_path, filled)
    citation = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == json.loads((folder / "datapackage.json").read_text())["version"]
    assert citation["type"] == "dataset"


def test_no_public_table_is_forgotten(tables):
    assert {table.NAME for table in TABLES.values() if table.PUBLIC} == set(tables)
