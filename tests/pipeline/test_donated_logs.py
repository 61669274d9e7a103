"""Donated logs from the file to the table of a live store, by the asset and by the command."""

import subprocess
import sys

import polars as pl
import pytest
from upath import UPath

from assets.ingest.log_files import COLUMNS
from pipelines import cli
from pipelines.execution import Finished, Problem, run
from pipelines.settings import Settings
from pipelines.storage import read_table

ASSET = "ingest/download_logs"
IDS = [f"{number:064x}" for number in range(10**9, 10**9 + 60)]


@pytest.fixture
def raw(tmp_path):
    rows = [
        ("2026-08-01T10:00:00.000Z", "200", "GET", "Qwen/Qwen3-8B", "model", None, one, country, region)
        for one, (country, region) in zip(IDS, [("NG", "Lagos"), ("ID", "Jakarta"), ("PE", "Lima")] * 20, strict=True)
    ]
    path = tmp_path / "donated" / "log.csv"
    path.parent.mkdir()
    pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_csv(path)
    return path


@pytest.fixture
def live(tmp_path):
    def made(logs, mode="live"):
        settings = Settings(
            mode=mode,
            data=str(tmp_path / "data"),
            output=tmp_path / "build",
            logs=str(logs),
            DAGSTER_HOME=tmp_path / "dagster",
        )
        outcome = run(settings, only=(ASSET,), tell=lambda _: None)
        return outcome, settings

    return made


def table_of(settings):
    return read_table(UPath(settings.store), ASSET, mode=settings.mode)


def test_a_live_run_counts_the_logs_it_is_given(live, raw, tmp_path):
    outcome, settings = live(raw)
    assert outcome.problems == []
    metros = table_of(settings).filter(level="metro", span="day").select("region_id", "downloaders")
    assert metros.rows() == [("metro:jakarta", 20), ("metro:lagos", 20), ("metro:lima", 20)]
    for file in (file for folder in ("data", "build", "dagster") for file in (tmp_path / folder).rglob("*")):
        if file.is_file():
            written = file.read_bytes()
            assert not any(one.encode() in written for one in IDS), file.name
    assert not any(one in table_of(settings).write_csv() for one in IDS)


def test_a_second_run_writes_the_same_bytes(live, raw):
    _, settings = live(raw)
    path = UPath(settings.store) / f"{ASSET}.parquet"
    before = path.read_bytes()
    assert live(raw)[0].problems == []
    assert path.read_bytes() == before


def test_without_logs_the_table_is_empty_in_either_mode(live, raw):
    for logs, mode in (("", "live"), (raw, "snapshot")):
        outcome, settings = live(logs, mode)
        assert outcome.problems == []
        assert [fact.rows for fact in outcome.facts if isinstance(fact, Finished)] == [0]
        assert table_of(settings).is_empty()


def test_a_bad_log_fails_alone_and_keeps_the_table(live, raw, tmp_path):
    _, settings = live(raw)
    before = table_of(settings)
    bad = tmp_path / "donated" / "bad.csv"
    bad.write_text("timestamp,status\n")
    outcome, _ = live(f"{raw}\n{bad}")
    assert [problem.asset for problem in outcome.problems] == [ASSET]
    assert "lacks the column(s) method" in outcome.problems[0].cause
    assert table_of(settings).equals(before)


def test_what_a_person_should_look_at_is_a_warning(live, raw, tmp_path):
    (tmp_path / "donated" / "again.csv").write_bytes(raw.read_bytes())
    outcome, settings = live(raw.parent)
    assert outcome.problems == []
    said = [fact.cause for fact in outcome.facts if isinstance(fact, Problem)]
    assert said == ["Donated logs: 60 rows repeat a day of another file and were left out."]
    assert table_of(settings).filter(level="world", span="day")["requests"].to_list() == [60]


def test_tables_reduced_elsewhere_give_what_the_logs_give(live, raw, tmp_path, capsys):
    _, settings = live(raw)
    directly = table_of(settings)
    target = tmp_path / "reduced.parquet"
    assert cli.run(["logs", str(raw), "--output", str(target)]) == 0
    assert "60 rows in 1 file(s)" in capsys.readouterr().out
    first = target.read_bytes()
    assert cli.run(["logs", str(raw.parent), "--output", str(target)]) == 0
    assert target.read_bytes() == first
    assert live(target)[0].problems == []
    assert table_of(settings).equals(directly)


def test_logs_and_their_reduction_do_not_count_twice(live, raw, tmp_path):
    target = tmp_path / "reduced.parquet"
    assert cli.run(["logs", str(raw), "--output", str(target)]) == 0
    outcome, _ = live(f"{raw}\n{target}")
    assert "count the same, for example Qwen/Qwen3-8B in 2026-08" in outcome.problems[0].cause


def test_the_command_writes_csv_and_leaves_nothing_else(raw, tmp_path):
    target = tmp_path / "out" / "reduced.csv"
    target.parent.mkdir()
    assert cli.run(["logs", str(raw), "--output", str(target)]) == 0
    assert [path.name for path in target.parent.iterdir()] == ["reduced.csv"]
    assert "metro:lagos" in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.csv", "--output", "out.parquet"], 1, "there is no such file"),
        (["log.csv", "--output", "out.xlsx"], 2, "ends in .parquet or .csv"),
        (["log.csv", "--output", "no/out.csv"], 2, "make it first"),
        (["log.csv", "--output", "log.csv"], 1, "choose another output"),
        (["--output", "out.csv"], 2, "Missing argument"),
    ],
)
def test_the_command_says_what_is_wrong(raw, monkeypatch, capsys, *, arguments, code, said):
    monkeypatch.chdir(raw.parent)
    assert cli.run(["logs", *arguments]) == code
    assert said in capsys.readouterr().err
    assert [path.name for path in raw.parent.iterdir()] == ["log.csv"]


def test_a_stopped_command_leaves_no_output(raw, tmp_path):
    program = (
        "import sys\nfrom assets.ingest import log_reduction\nfrom pipelines import cli\n"
        "def stop(cells): raise KeyboardInterrupt\nlog_reduction.hide = stop\n"
        f"sys.exit(cli.run(['logs', {str(raw)!r}, '--output', 'reduced.parquet']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    # On a busy machine lines of progress stand above it.
    assert (done.returncode, done.stderr.splitlines()[-1]) == (130, "atlas: error: stopped")
    assert not list(tmp_path.glob("*reduced*"))


def test_logs_of_both_sides_reach_the_estimates_as_logged_shares(tmp_path):
    places = [("NG", "Lagos"), ("ID", "Jakarta"), ("PE", "Lima")]
    people = [(one, place) for one, place in zip(IDS, places * 20, strict=True)]
    rows = [
        ("2026-08-01T10:00:00.000Z", "200", "GET", repository, "model", None, one, country, region)
        for repository, taken in (("Qwen/Qwen3-8B", people), ("meta-llama/Llama-3.1-8B-Instruct", people[:45]))
        for one, (country, region) in taken
    ]
    log = tmp_path / "log.csv"
    pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_csv(log)
    settings = Settings(
        mode="live",
        data=str(tmp_path / "data"),
        output=tmp_path / "build",
        logs=str(log),
        DAGSTER_HOME=tmp_path / "dagster",
    )
    attributes = (
        "regions",
        "tracked_packages",
        "tracked_repositories",
        "builders",
        "publishers",
        "model_origins",
        "actor_places",
    )
    adoption = (
        "builder_choices",
        "observations",
        "world_series",
        "family_totals",
        "allocations",
        "allocation_checks",
        "estimates",
    )
    wanted = ("ingest", *(f"attribute/{name}" for name in attributes), *(f"adoption/{name}" for name in adoption))
    assert run(settings, only=wanted, tell=lambda _: None).problems == []
    cells = read_table(UPath(settings.store), "adoption/estimates", mode="live").filter(signal="model_download")
    modelled = cells.filter(evidence="modelled")
    cells = cells.filter(~pl.col("period").is_in(modelled["period"].implode()))
    lagos = cells.filter(region_id="metro:lagos", coding="publisher").row(0, named=True)
    assert (lagos["n_cn"], lagos["n_us"], lagos["evidence"], lagos["state"]) == (20, 15, "logged", "value")
    assert lagos["cn_share_low"] < 20 / 35 < lagos["cn_share_high"]
    assert set(cells.filter(region_id="KE")["state"]) == {"not_observed"}
