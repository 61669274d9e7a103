"""The gazetteer: compiled once whoever asks, kept where it can be kept, and sound when read."""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.places import gazetteer as module
from assets.places.gazetteer import cache_folder, compiled_file, gazetteer_version, load_gazetteer, read_gazetteer
from assets.places.names import CASES, KINDS, GazetteerError
from assets.places.text import key_of
from maps.geometry.regions import load_metros, load_regions

SPAWN = multiprocessing.get_context("spawn")
SMALL = pl.DataFrame(
    {
        "key": ["peru", "peru"],
        "case": ["any", "any"],
        "kind": ["country", "city"],
        "country": ["PE", "US"],
        "admin1": [None, "US-IN"],
        "geonameid": [None, 4924103],
        "second_hand": [False, False],
        "city": [None, "Peru"],
        "metro": [None, None],
        "prior": [1e8, 1e4],
    },
    schema_overrides={
        "case": pl.Enum(CASES),
        "kind": pl.Enum(KINDS),
        "country": pl.Enum(["PE", "US"]),
        "geonameid": pl.Int64,
        "metro": pl.String,
    },
)


@pytest.fixture
def compilations(monkeypatch):
    """Compile something small instead; the list grows by one each time."""
    calls = []

    def compile_names():
        calls.append(1)
        return SMALL

    monkeypatch.setattr(module, "compile_names", compile_names)
    return calls


# The version.


def test_the_version_is_the_same_for_the_same_inputs():
    assert gazetteer_version() == gazetteer_version()
    assert gazetteer_version().isalnum()


def test_another_release_of_a_package_is_another_version(monkeypatch):
    before = gazetteer_version()
    monkeypatch.setattr(module, "installed_version", lambda package: "0" if package == "babel" else "1")
    assert gazetteer_version() != before


def test_a_change_in_any_file_of_ours_is_another_version(monkeypatch, tmp_path):
    for folder, name in module.INPUTS:
        copy = tmp_path / folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(name.encode())
    monkeypatch.setattr(module, "files", lambda folder: tmp_path / folder)
    versions = {gazetteer_version()}
    for folder, name in module.INPUTS:
        with (tmp_path / folder / name).open("ab") as file:
            file.write(b" ")
        versions.add(gazetteer_version())
    assert len(versions) == len(module.INPUTS) + 1


def test_our_tables_and_all_code_that_makes_the_gazetteer_are_inputs():
    names = {name for _, name in module.INPUTS}
    assert {"aliases.csv", "admin1.csv", "data/metros.toml", "names.py", "gazetteer.py", "text.py"} <= names


# The compiled file.


@pytest.mark.usefixtures("compilations")
def test_the_folder_is_the_one_that_the_environment_names(monkeypatch, tmp_path):
    monkeypatch.setenv("ATLAS_CACHE", str(tmp_path / "kept"))
    assert cache_folder() == tmp_path / "kept"
    assert compiled_file().parent == tmp_path / "kept"


def test_without_a_name_it_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("ATLAS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "adoption-atlas"


def test_it_is_compiled_once(compilations, tmp_path):
    first = compiled_file(tmp_path / "new" / "folder")
    assert first.is_file()
    assert gazetteer_version() in first.name
    assert compiled_file(tmp_path / "new" / "folder") == first
    assert len(compilations) == 1


def test_another_version_is_compiled_beside_the_old_one(compilations, monkeypatch, tmp_path):
    first = compiled_file(tmp_path)
    monkeypatch.setattr(module, "installed_version", lambda _: "another")
    second = compiled_file(tmp_path)
    assert first != second
    assert first.is_file()
    assert len(compilations) == 2


@pytest.mark.usefixtures("compilations")
def test_the_newest_versions_stay_and_older_ones_go(monkeypatch, tmp_path):
    paths = []
    for release in range(module.KEPT + 2):
        monkeypatch.setattr(module, "installed_version", lambda _, release=release: f"1.{release}")
        paths.append(compiled_file(tmp_path))
        os.utime(paths[-1], (release, release))
    assert set(tmp_path.glob("*.parquet")) == set(paths[-module.KEPT :])


@pytest.mark.usefixtures("compilations")
def test_only_a_whole_file_ever_has_the_name(monkeypatch, tmp_path):
    seen = []
    write = pl.DataFrame.write_parquet

    def watched(frame, file, **options):
        seen.append(list(tmp_path.glob("*.parquet")))
        write(frame, file, **options)
        seen.append(list(tmp_path.glob("*.parquet")))

    monkeypatch.setattr(pl.DataFrame, "write_parquet", watched)
    path = compiled_file(tmp_path)
    assert seen == [[], []]
    assert list(tmp_path.glob("*.parquet")) == [path]


def test_after_a_failure_nothing_has_the_name_and_the_next_call_compiles(compilations, monkeypatch, tmp_path):
    def broken():
        raise GazetteerError("aliases.csv: line 2: 'x': broken.")

    with monkeypatch.context() as patched:
        patched.setattr(module, "compile_names", broken)
        with pytest.raises(GazetteerError, match="line 2"):
            compiled_file(tmp_path)
    assert not list(tmp_path.glob("*.parquet"))
    assert compiled_file(tmp_path).is_file()
    assert len(compilations) == 1


def _compile_slowly(folder, log, barrier):
    def compile_names():
        with Path(log).open("a", encoding="utf-8") as file:
            file.write("compiled\n")
        time.sleep(0.5)
        return SMALL

    module.compile_names = compile_names
    barrier.wait(60)
    read_gazetteer(compiled_file(Path(folder)))


def test_processes_that_need_it_at_once_compile_it_once(tmp_path):
    log = tmp_path / "log"
    barrier = SPAWN.Barrier(3)
    workers = [SPAWN.Process(target=_compile_slowly, args=(tmp_path / "kept", log, barrier)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert log.read_text(encoding="utf-8") == "compiled\n"


@pytest.mark.usefixtures("compilations")
def test_a_folder_that_cannot_be_made_is_refused_with_the_remedy(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("ATLAS_CACHE", str(tmp_path / "file" / "folder"))
    with pytest.raises(GazetteerError, match=r"file/folder: .*; set ATLAS_CACHE to a folder that can be written"):
        compiled_file()


@pytest.mark.usefixtures("compilations")
def test_a_folder_that_cannot_be_written_is_refused_with_the_remedy(monkeypatch, tmp_path):
    def full(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.tempfile, "NamedTemporaryFile", full)
    with pytest.raises(GazetteerError, match=r"Permission denied.*ATLAS_CACHE"):
        compiled_file(tmp_path)


# What is read.


def test_a_small_one_is_read_as_it_is(compilations, tmp_path):
    path = compiled_file(tmp_path)
    found = read_gazetteer(path)
    assert found.version in path.name
    assert found.keys.select("key", "has_any", "has_capitals", "has_tail").rows() == [("peru", True, False, False)]
    assert found.starts.tolist() == [0, 2]
    assert [found.countries[at] for at in found.country] == ["PE", "US"]
    assert [found.admin1s[at] if at >= 0 else None for at in found.admin1] == [None, "US-IN"]
    assert found.geonameid.tolist() == [-1, 4924103]
    assert found.cities.select("geonameid", "city").rows() == [(4924103, "Peru")]
    assert len(compilations) == 1


def test_rows_of_a_key_are_a_run_and_every_row_has_a_key():
    found = load_gazetteer()
    assert found.starts[0] == 0
    assert (np.diff(found.starts) > 0).all()
    assert len(found.starts) == found.keys.height + 1
    for column in ("kind", "case", "country", "admin1", "geonameid", "second_hand", "prior"):
        assert len(getattr(found, column)) == found.starts[-1]


def test_keys_are_sorted_unique_numbered_and_folded():
    keys = load_gazetteer().keys
    assert keys["key"].is_sorted()
    assert keys["key"].is_unique().all()
    assert keys["key_id"].to_list() == list(range(keys.height))
    folded = keys.with_columns(again=key_of(pl.col("key")))
    assert folded.filter(pl.col("again") != pl.col("key"))["key"].to_list() == []


def test_flags_of_a_key_say_how_its_rows_count():
    found = load_gazetteer()
    owner = np.repeat(np.arange(found.keys.height), np.diff(found.starts))
    for column, case in (("has_any", "any"), ("has_capitals", "upper"), ("has_tail", "tail")):
        held = np.zeros(found.keys.height, bool)
        held[owner[found.case == CASES.index(case)]] = True
        assert (held == found.keys[column].to_numpy()).all()


def test_every_economy_of_the_registry_has_a_name_and_no_other_country_has():
    found = load_gazetteer()
    economies = set(load_regions().filter(pl.col("level") == "country")["region_id"])
    named = set(
        found.countries[np.unique(found.country[(found.country >= 0) & (found.kind == KINDS.index("country"))])]
    )
    assert economies - named == set()
    assert set(found.countries[np.unique(found.country[found.country >= 0])]) - economies == set()


def test_only_what_is_no_place_has_no_country():
    found = load_gazetteer()
    placeless = np.isin(found.kind, [KINDS.index("nonplace"), KINDS.index("multinational")])
    assert ((found.country < 0) == placeless).all()
    assert (found.geonameid[placeless] == -1).all()


def test_subdivisions_belong_to_the_country_of_their_row():
    found = load_gazetteer()
    rows = found.admin1 >= 0
    prefix = np.array([code.partition("-")[0] for code in found.admin1s])
    assert (prefix[found.admin1[rows]] == found.countries[found.country[rows]]).all()


def test_priors_are_positive_numbers():
    prior = load_gazetteer().prior
    assert np.isfinite(prior).all()
    assert (prior > 0).all()


def test_cities_have_one_name_and_metros_are_those_of_the_watch_list():
    found = load_gazetteer()
    assert found.cities["geonameid"].is_unique().all()
    assert not found.cities["city"].null_count()
    assert set(np.unique(found.geonameid)) - {-1} == set(found.cities["geonameid"])
    watched = {metro.region_id for metro in load_metros()}
    assert set(found.cities["metro"].drop_nulls()) == watched


def test_it_is_loaded_once():
    assert load_gazetteer() is load_gazetteer()
