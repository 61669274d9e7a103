"""The demo: a synthetic world read by the live code over real sockets, stamped on every surface, and true to itself."""

import json
from pathlib import Path

import polars as pl
import pytest
from polars import selectors
from upath import UPath

from pipelines.execution import Finished, run
from pipelines.settings import Settings
from pipelines.storage import StoreError, open_store
from tests.standins.github import TOKEN
from tests.standins.world import Services, chinese_share

STAMP = "SYNTHETIC DEMO"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch, Services(root, forks=12_000, people=6_000, days=130) as services:
        for name, value in services.environment.items():
            patch.setenv(name, value)
        settings = Settings(data=str(root / "data"), output=root / "build", DAGSTER_HOME=root / "dagster")
        outcome = run(settings, only=(), tell=lambda _: None)
        yield settings, outcome, services


def _estimates(demo):
    return pl.read_parquet(demo[0].output / "open-data" / "estimates.parquet")


def _newest(demo, signal, level):
    cells = _estimates(demo).filter((pl.col("signal") == signal) & (pl.col("level") == level))
    return cells.filter((pl.col("period") == pl.col("period").max()) & pl.col("cn_share").is_not_null())


def test_it_ends_in_maps(demo):
    settings, outcome, services = demo
    assert outcome.problems == []
    assert "publish/site" in {fact.asset for fact in outcome.facts if isinstance(fact, Finished)}
    assert settings.store.endswith("/synthetic")
    assert len(services.world.repositories) == 300


def test_what_comes_out_is_what_went_in(demo):
    cells = _newest(demo, "fork", "country")
    assert cells.height > 60
    truth = pl.Series([chinese_share(region) for region in cells["region_id"]])
    held = (cells["cn_share_low"] <= truth) & (truth <= cells["cn_share_high"])
    # 95 % intervals; three standard errors of 60 cells and more are 8 points.
    assert held.mean() > 0.85
    assert abs((cells["cn_share"] - truth).mean()) < 0.03


def test_places_of_the_story_have_figures_of_their_own(demo):
    metros = _newest(demo, "fork", "metro")
    assert {"metro:lagos", "metro:jakarta", "metro:lima"} <= set(metros["region_id"])
    assert set(metros["evidence"]) == {"declared"}


def test_every_surface_says_that_nothing_is_real(demo):
    settings = demo[0]
    files = [path for path in settings.output.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".svg", ".png", ".csv", ".parquet", ".json"}
    for path in files:
        match path.suffix:
            case ".csv":
                assert set(pl.read_csv(path, infer_schema=False)["run_mode"]) <= {"synthetic"}, path
            case ".parquet":
                assert pl.read_parquet_metadata(path)["atlas.run_mode"] == "synthetic", path
            case ".json" if path.name == "summary.json":
                assert json.loads(path.read_text())["stamp"] == STAMP
            case _:
                assert STAMP.encode() in path.read_bytes(), path
    stored = list(Path(settings.store).glob("*/*.parquet"))
    for path in stored:
        if path.parent.name in {"ingest", "attribute", "adoption"}:
            assert pl.read_parquet_metadata(path)["atlas.run_mode"] == "synthetic", path


def test_no_cell_of_the_survey_is_real(demo):
    from assets.ingest import snapshot

    made = pl.read_parquet(Path(demo[0].store) / "ingest" / "survey_use.parquet")
    key = ["region_id", "model"]
    same = made.join(snapshot.read("survey_use"), on=key, suffix="_real").filter(pl.col("region_id") != "ZZ")
    by_economy = same.group_by("region_id").agg((pl.col("users").eq_missing(pl.col("users_real"))).all().alias("same"))
    # Economies that hide every count have nothing that could differ.
    assert by_economy["same"].mean() < 0.3


def test_nobody_and_no_token_is_in_any_file(demo):
    settings, _, services = demo
    texts = {TOKEN, "standin-person", "Quillon Featherby", "standin-maker"}
    for root in (Path(settings.store), settings.output, settings.dagster_home):
        for path in (one for one in root.rglob("*") if one.is_file()):
            content = path.read_bytes()
            if path.suffix == ".parquet":
                frame = pl.read_parquet(path).drop(selectors.binary())
                content = frame.write_csv().encode() if _is_flat(path) else content
            assert not [text for text in texts if text.encode() in content], path
    assert services.world.people


def _is_flat(path):
    return not any(dtype.is_nested() for dtype in pl.read_parquet_schema(path).values())


@pytest.mark.parametrize("mode", ["snapshot", "live"])
def test_its_store_is_refused_in_every_other_mode(demo, mode):
    with pytest.raises(StoreError, match=rf"made for mode 'synthetic' and cannot be used in mode '{mode}'"):
        open_store(UPath(demo[0].store), mode)


def test_its_files_are_refused_in_a_store_of_another_mode(demo, tmp_path):
    from pipelines.storage import read_table

    open_store(UPath(tmp_path), "live")
    (tmp_path / "ingest").mkdir()
    (tmp_path / "ingest" / "forks.parquet").write_bytes((Path(demo[0].store) / "ingest/forks.parquet").read_bytes())
    with pytest.raises(StoreError, match="written for mode 'synthetic', not 'live'"):
        read_table(UPath(tmp_path), "ingest/forks", mode="live")
