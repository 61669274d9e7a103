"""``atlas map``: pictures of any slice, and refusals that say what there is."""

import pytest

from assets.adoption.estimates import estimate
from assets.ingest.snapshot import read
from assets.ingest.standings import standings
from assets.run import Run
from assets.schemas import TABLES
from maps.geometry.regions import load_regions
from pipelines.cli import run
from pipelines.storage import MODE_KEY, TABLE_KEY, open_store


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    from upath import UPath

    folder = tmp_path_factory.mktemp("data")
    empty = (
        TABLES[name].create_empty()
        for name in ("adoption/builder_choices", "ingest/package_downloads", "attribute/tracked_packages")
    )
    regions = load_regions()
    tables = {
        "adoption/estimates": estimate(read("survey_use"), *empty, regions, denominators=read("denominators")),
        "adoption/allocations": TABLES["adoption/allocations"].create_empty(),
        "attribute/regions": regions,
        "ingest/standings": standings(Run(mode="snapshot", store="", output="")),
    }
    open_store(UPath(folder / "snapshot"), "snapshot")
    for key, frame in tables.items():
        path = folder / "snapshot" / f"{key}.parquet"
        path.parent.mkdir(exist_ok=True)
        frame.select(TABLES[key].column_names()).write_parquet(path, metadata={MODE_KEY: "snapshot", TABLE_KEY: key})
    return folder


@pytest.fixture
def atlas(data, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("ATLAS_MODE", raising=False)

    def call(*arguments, place=data):
        code = run(["map", *arguments, "--data", str(place), "-o", str(tmp_path / "out")])
        shown = capsys.readouterr()
        return code, sorted(path.name for path in (tmp_path / "out").glob("*")), shown.err

    return call


def test_a_slice_is_written_in_each_format(atlas, tmp_path):
    code, files, _ = atlas("--signal", "survey_use", "--region", "South America", "--format", "svg,png,pdf")
    assert code == 0
    assert files == [f"survey_use-south-america-2025-06-01.{suffix}" for suffix in ("pdf", "png", "svg")]
    assert "Peru: 70 % Chinese" in (tmp_path / "out" / files[-1]).read_text()
    assert (tmp_path / "out" / files[0]).read_bytes().startswith(b"%PDF")


def test_without_a_word_it_is_the_world(atlas):
    assert atlas()[:2] == (0, ["survey_use-world-2025-06-01.svg"])


def test_each_signal_and_each_period_are_small_multiples(atlas):
    assert atlas("--each", "signal", "--region", "asia")[:2] == (0, ["signals-asia.svg"])
    assert "survey_use-world-each-period.svg" in atlas("--signal", "survey_use", "--each", "period")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--signal", "survey"], "Did you mean survey_use?"),
        (["--coding", "publishers"], "Did you mean publisher?"),
        (["--region", "afrika"], "Did you mean africa?"),
        (["--region", "Peru"], "lies in South America: --region south-america shows it, 'atlas explain PE'"),
        (["--region", "Atlantis"], "is not one of world, africa"),
        (["--period", "2031"], "has no period 2031-01-01; it has 2025-06-01"),
        (["--format", "jpg"], "'jpg' is not of svg, png, pdf"),
        (["--format", ","], "an empty list is not of svg, png, pdf"),
        (["--each", "signal", "--coding", "publisher"], "leave out what would choose one"),
        (["--each", "period", "--period", "2025"], "draws every period; leave out the one"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_written(atlas, arguments, said):
    code, files, err = atlas(*arguments)
    assert code == 2
    assert said in err
    assert files == []


def test_before_a_build_it_says_what_to_run(atlas, tmp_path):
    code, _, err = atlas(place=tmp_path / "none")
    assert code == 1
    assert "run 'atlas build' first" in err
