"""The embedded snapshot: what it holds, and that nothing altered is ever read."""

import hashlib
import json
import shutil
from datetime import date

import polars as pl
import pytest

from assets.ingest import snapshot
from assets.ingest.snapshot import SnapshotError, freeze, read
from assets.ingest.sources import load_sources
from assets.schemas import TableError


@pytest.fixture
def copy(tmp_path):
    root = tmp_path / "snapshots"
    shutil.copytree(snapshot.SNAPSHOTS, root)
    return root


@pytest.fixture(scope="module")
def tables():
    return {name: read(name) for name in snapshot.tables_in_snapshot()}


def _folder(root):
    return root / json.loads((root / "pinned.json").read_text())["snapshot"]


def test_the_snapshot_is_small_enough_for_every_clone():
    files = [path for path in snapshot.SNAPSHOTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000


def test_every_row_cites_a_described_source(tables):
    for name, frame in tables.items():
        assert set(frame["source_id"]) <= set(load_sources()), name


def test_figures_of_five_economies_are_those_of_the_source(tables):
    # Distinct respondents as published by the survey: any CN open model, any US open model, both, answered.
    expected = {
        "KE": (43, 10, 7, 74),
        "ID": (42, 15, 12, 87),
        "NG": (37, 20, 12, 81),
        "PE": (16, 7, None, 33),
        "US": (625, 742, 329, 3135),
    }
    wide = tables["survey_use"].pivot("model", index=["region_id", "respondents"], values="users")
    for region, counts in expected.items():
        row = wide.filter(pl.col("region_id") == region).row(0, named=True)
        found = (row["ANY_CN_OPEN"], row["ANY_US_OPEN"], row["BOTH_CN_US_OPEN"], row["respondents"])
        assert found == counts, region


def test_namibia_is_a_country_and_not_a_null(tables):
    for name in ("survey_use", "denominators"):
        assert tables[name].filter(pl.col("region_id") == "NA").height > 0
        assert tables[name]["region_id"].null_count() == 0


def test_personal_accounts_are_pseudonyms_without_addresses(tables):
    accounts = tables["models"]["account"]
    assert not accounts.str.contains("@").any()
    assert accounts.str.contains(r"^u\d{5}$").sum() > 5_000


def test_pseudo_economies_are_absent_from_denominators(tables):
    assert "EU" not in set(tables["denominators"]["region_id"])


@pytest.mark.parametrize("damage", [lambda data: data[:-10], lambda data: data[:50] + b"x" + data[51:]])
def test_a_truncated_or_tampered_file_is_refused_by_name(copy, damage):
    path = _folder(copy) / "survey_use.parquet"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SnapshotError, match=r"survey_use\.parquet: the file was changed or cut short"):
        read("survey_use", root=copy)


def test_a_missing_file_is_named(copy):
    (_folder(copy) / "models.parquet").unlink()
    with pytest.raises(SnapshotError, match=r"models\.parquet: the file is missing"):
        read("models", root=copy)


def test_a_tampered_manifest_is_refused_by_name(copy):
    manifest = _folder(copy) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows": 2016', '"rows": 2017'))
    with pytest.raises(SnapshotError, match=r"manifest\.json: the file was changed"):
        read("survey_use", root=copy)


def test_a_file_that_lacks_a_column_is_refused_even_if_its_checksum_is_pinned(copy):
    folder = _folder(copy)
    path = folder / "survey_use.parquet"
    pl.read_parquet(path).drop("users").write_parquet(path)
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text())
    content["tables"]["survey_use"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content))
    pin = copy / "pinned.json"
    pin.write_text(
        json.dumps({"snapshot": folder.name, "manifest_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest()})
    )
    with pytest.raises(TableError, match=r"survey_use\.parquet: table survey_use lacks the column\(s\) users"):
        read("survey_use", root=copy)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "the file is damaged"),
        ("[]", "the file is damaged"),
        ('{"snapshot": "1999-01-01"}', "pins the snapshot 1999-01-01"),
    ],
)
def test_a_damaged_pin_is_named(copy, content, said):
    (copy / "pinned.json").write_text(content)
    with pytest.raises(SnapshotError, match=rf"pinned\.json: {said}"):
        read("models", root=copy)


def test_no_pinned_snapshot_says_how_to_make_one(tmp_path):
    with pytest.raises(SnapshotError, match="make one with 'atlas snapshot'"):
        read("models", root=tmp_path)


def test_freezing_what_was_read_gives_the_same_bytes(tables, tmp_path):
    folder = freeze(tables, date(2026, 8, 21), root=tmp_path)
    frozen = json.loads((folder / "manifest.json").read_text())
    assert frozen == snapshot.read_manifest()[1]


def test_a_frozen_snapshot_reads_back_equal(tables, tmp_path):
    freeze(tables, date(2026, 9, 1), root=tmp_path)
    for name, frame in tables.items():
        assert read(name, root=tmp_path).equals(frame.sort(snapshot.tables_in_snapshot()[name].primary_key()))


def test_a_snapshot_without_a_table_is_refused(tables, tmp_path):
    with pytest.raises(SnapshotError, match="A snapshot holds the tables"):
        freeze({name: tables[name] for name in ("models",)}, date(2026, 9, 1), root=tmp_path)


def test_a_source_that_nobody_described_is_refused(tables, tmp_path):
    cited = tables | {"repositories": tables["repositories"].with_columns(source_id=pl.lit("hearsay"))}
    with pytest.raises(SnapshotError, match=r"Table repositories cites hearsay"):
        freeze(cited, date(2026, 9, 1), root=tmp_path)
