"""A live run end to end against the stand-in Hub: its models reach maps and open data, and no fault of it does."""

import hashlib
import json
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.ingest import snapshot
from assets.ingest.hub.refresh import DAY_KEY
from pipelines.execution import Finished, Problem, Told, run
from pipelines.settings import Settings
from tests.standins.hub import StandInHub, derived, error_as_success, model, page_of_html, refused

TOKEN = "hf_" + "secret" * 5
STRANGER = "jane-doe-of-lagos"
FROM_THE_HUB = ("ingest/models", "ingest/model_parents", "ingest/model_download_totals")
MODELS = [
    *(model(number, "Qwen", childrenModelCount={"finetune": number}) for number in range(20)),
    *(model(100 + number, "meta-llama") for number in range(20)),
    *(derived(200 + number, STRANGER, f"Qwen/model-{number}") for number in range(1, 20)),
    model(300, "someone-else"),
]


@contextmanager
def _serving():
    with pytest.MonkeyPatch.context() as patch, StandInHub(MODELS) as served:
        patch.setenv("HF_ENDPOINT", served.endpoint)
        patch.setenv("HF_TOKEN", TOKEN)
        patch.setenv("ATLAS_HUB_BASES", "100")
        yield served


class Live:
    """Runs in live mode on folders of their own; ``told`` holds the facts of all of them."""

    def __init__(self, home: Path) -> None:
        self.home, self.told = home, []
        self._settings = Settings(
            mode="live", data=str(home / "data"), output=home / "build", DAGSTER_HOME=home / "dagster"
        )
        self.store, self.build = Path(self._settings.store), self._settings.output

    def __call__(self, *only):
        return run(self._settings, only=only, tell=self.told.append)


@pytest.fixture
def hub():
    with _serving() as served:
        yield served


@pytest.fixture
def live(tmp_path):
    return Live(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of everything, with the server that it asked."""
    live = Live(tmp_path_factory.mktemp("whole"))
    with _serving() as served:
        yield live, live(), served


def _table(live, name):
    return pl.read_parquet(live.store / "ingest" / f"{name}.parquet")


def _warnings(outcome, asset):
    return [fact.cause for fact in outcome.facts if isinstance(fact, Problem) and fact.asset == asset]


def _sums(live):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (live.store / "ingest").iterdir()}


def test_a_live_run_reads_the_hub_and_ends_in_maps(whole):
    live, outcome, hub = whole
    assert outcome.problems == []
    assert any(
        fact.asset == "site" or fact.asset.endswith("/site") for fact in outcome.facts if isinstance(fact, Finished)
    )
    today = datetime.now(UTC).date()
    models = _table(live, "models").filter(pl.col("source_id") == "hub_accounts")
    assert models.height == 20 + 20 + 19
    assert models["observed_on"].unique().to_list() == [today]
    assert _table(live, "models").height == snapshot.read("models").height + 59
    parents = _table(live, "model_parents").filter(pl.col("source_id") == "hub_accounts")
    assert parents.height == 19
    totals = _table(live, "model_download_totals").filter(pl.col("source_id") == "hub_accounts")
    assert totals.select("definition", "observed_on").unique().rows() == [("all_time", today)]
    for asset in ("ingest/models", "ingest/model_parents"):
        assert not _warnings(outcome, asset)
    (warning,) = _warnings(outcome, "ingest/model_download_totals")
    assert "Current: hub_accounts" in warning
    assert "Stale: modelscope_api" in warning
    assert "No live client" in _warnings(outcome, "ingest/survey_use")[0]
    series = pl.read_parquet(live.build / "open-data" / "world_series.parquet")
    ours = series.filter((pl.col("panel") == "registry_accounts") & (pl.col("coding") == "weights"))
    shown = ours.filter(pl.col("definition") == "rolling_30d").row(0, named=True)
    downloads = {item["id"]: item["downloads"] for item in MODELS}
    llama = sum(count for name, count in downloads.items() if name.startswith("meta-llama"))
    assert (shown["n_us"], shown["n_cn"]) == (
        llama,
        sum(downloads.values()) - llama - downloads["someone-else/model-300"],
    )
    assert "in_window" not in set(ours["definition"])
    assert "STALE" in (live.build / "index.html").read_text()
    assert hub.downloads == []
    said = [fact.said for fact in live.told if isinstance(fact, Told)]
    assert any("rows/s" in line for line in said)


def test_neither_strangers_nor_tokens_are_in_anything_a_live_run_wrote(whole):
    live, _, hub = whole
    hub.always = error_as_success
    live.store.joinpath("hub/hub_accounts/observation.parquet").unlink()
    outcome = live(*FROM_THE_HUB)
    hub.always = None
    secrets = [TOKEN.encode(), STRANGER.encode(), b"someone-else"]
    files = [path for path in live.home.rglob("*") if path.is_file()]
    assert len(files) > 50
    found = [str(path) for path in files for secret in secrets if secret in path.read_bytes()]
    # Parquet is compressed: its rows are looked at as text.
    found += [str(path) for path in live.store.rglob("*.parquet") if STRANGER in pl.read_parquet(path).write_json()]
    assert not found
    assert TOKEN not in str(live.told) + str(outcome.facts)


def test_a_second_run_of_the_day_asks_nothing_and_changes_no_byte(hub, live):
    live(*FROM_THE_HUB)
    before, asked = _sums(live), len(hub.requests)
    live(*FROM_THE_HUB)
    assert (_sums(live), len(hub.requests)) == (before, asked)


@pytest.mark.parametrize(
    ("fault", "said"),
    [(page_of_html, "page of HTML"), (refused(401), "check HF_TOKEN"), (refused(500), "answered 500")],
    ids=["html", "token", "down"],
)
def test_an_outage_leaves_the_last_good_data_with_the_reason(hub, live, fault, said):
    live(*FROM_THE_HUB)
    good = _table(live, "models").filter(pl.col("source_id") == "hub_accounts")
    # As if the observation were of an earlier day.
    observed = live.store / "hub" / "hub_accounts" / "observation.parquet"
    pl.read_parquet(observed).write_parquet(observed, metadata={DAY_KEY: "2026-09-01"})
    standing = live.store / "standing" / "hub_accounts.json"
    standing.write_text(json.dumps(json.loads(standing.read_text()) | {"observed_on": "2026-09-01"}))
    hub.always = fault
    outcome = live(*FROM_THE_HUB)
    assert outcome.problems == []
    for asset in ("ingest/models", "ingest/model_parents", "ingest/model_download_totals"):
        (warning,) = _warnings(outcome, asset)
        assert "Stale: hub_accounts, as of 2026-09-01." in warning
        assert said in warning
    kept = _table(live, "models").filter(pl.col("source_id") == "hub_accounts")
    assert kept["observed_on"].unique().to_list() == [date(2026, 9, 1)]
    assert kept.drop("observed_on").equals(good.drop("observed_on"))


def test_a_wrong_setting_makes_the_source_stale_and_nothing_else(hub, live, monkeypatch):
    monkeypatch.setenv("ATLAS_HUB_BASES", "many")
    outcome = live(*FROM_THE_HUB)
    assert outcome.problems == []
    assert "ATLAS_HUB_BASES" in _warnings(outcome, "ingest/models")[0]
    assert hub.requests == []
    assert _table(live, "models").equals(snapshot.read("models"))
