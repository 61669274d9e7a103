"""Running: what is told while a run goes on, what fails it, and what a failure says."""

import dagster as dg
import polars as pl
import pytest
from upath import UPath

from assets.schemas import TableError
from pipelines import build, execution
from pipelines.execution import Finished, Problem, SelectionError, Skipped, Started, one_line, run, select
from pipelines.settings import Settings
from pipelines.storage import StoreError, open_store


@pytest.fixture
def go(toy, monkeypatch):
    """Run the toy graph with the settings of the environment; returns the outcome and what was told."""
    monkeypatch.setattr(
        execution, "build_defs", lambda **arguments: build.build_defs(modules=[toy.module], **arguments)
    )

    def start(*only, **settings):
        told = []
        outcome = run(Settings.load(**settings), only=only, tell=told.append)
        assert told == outcome.facts
        return outcome

    return start


def test_everything_is_made_in_order(go):
    outcome = go()
    assert [(type(fact), fact.asset) for fact in outcome.facts] == [
        (Started, "ingest/model_parents"),
        (Finished, "ingest/model_parents"),
        (Started, "publish/count"),
        (Finished, "publish/count"),
    ]
    assert outcome.facts[1].rows == 2
    assert outcome.facts[3].rows is None
    assert not outcome.problems


def test_run_is_on_the_instance_that_the_ui_shows(go):
    outcome = go()
    with dg.DagsterInstance.get() as instance:
        record = instance.get_run_by_id(outcome.run_id)
        assert record.job_name == "refresh_atlas"
        assert record.tags["atlas/mode"] == "snapshot"
        assert not instance.telemetry_enabled


def test_only_a_group_reads_the_last_tables(go):
    go("ingest")
    outcome = go("publish")
    assert [fact.asset for fact in outcome.facts] == ["publish/count", "publish/count"]
    assert not outcome.problems


def test_missing_input_says_what_to_build(go):
    (problem,) = go("publish/count").problems
    assert problem.asset == "publish/count"
    assert problem.cause.startswith("ingest/model_parents: ")
    assert problem.cause.endswith("rebuild it with 'atlas build --only ingest/model_parents'.")


def test_unknown_names_list_the_valid_ones(go):
    with pytest.raises(
        SelectionError,
        match=r"called maps, foo/x; groups: ingest, publish; assets: ingest/model_parents, publish/count$",
    ):
        go("ingest", "maps", "foo/x")


@pytest.mark.parametrize("name", ["archive", "archive/daily_counters"])
def test_tables_in_parts_are_made_from_the_ui(name):
    with pytest.raises(SelectionError, match=f"^{name}: these tables are kept in parts, .* 'atlas ui'"):
        select(build.build_defs(), ["ingest", name])


def test_failure_is_one_line_with_details_in_a_file(go, toy):
    toy.error = RuntimeError("the source\n  is closed")
    outcome = go()
    (problem,) = outcome.problems
    assert (problem.asset, problem.cause) == ("ingest/model_parents", "the source is closed")
    assert Skipped(asset="publish/count") in outcome.facts
    assert "Traceback" not in problem.cause
    assert "the source" in outcome.details.read_text()
    assert "def model_parents" in outcome.details.read_text() or "raise switch.error" in outcome.details.read_text()


def test_stop_ends_the_run_and_is_no_failure_of_an_asset(go, toy):
    toy.error = dg.DagsterExecutionInterruptedError()
    with pytest.raises(KeyboardInterrupt):
        go()
    with dg.DagsterInstance.get() as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_own_error_is_shown_not_what_it_was_raised_from(go, toy):
    error = TableError("models.csv: line 3 has no date")
    error.__cause__ = ValueError("strptime")
    toy.error = error
    assert go().problems[0].cause == "models.csv: line 3 has no date"


def test_refused_table_fails_and_keeps_the_old_one(go, toy, parents):
    go()
    toy.table = parents.with_columns(relation=pl.lit("cousin"))
    (problem,) = go().problems
    assert problem.cause.startswith("ingest/model_parents: table model_parents is refused. column relation")
    assert "\n" not in problem.cause
    toy.table = parents
    assert not go("publish").problems


def test_failing_check_fails_the_build(go, toy):
    toy.check_passes = False
    outcome = go()
    assert [problem.cause for problem in outcome.problems] == ["check complete failed: 2 rows; at least 9 expected."]
    assert Skipped(asset="publish/count") in outcome.facts


def test_warning_check_is_told_but_fails_nothing(go, toy):
    toy.check_passes, toy.severity = False, dg.AssetCheckSeverity.WARN
    outcome = go()
    assert not outcome.problems
    assert (
        Problem(asset="ingest/model_parents", cause="check complete failed: 2 rows; at least 9 expected.", fatal=False)
        in outcome.facts
    )
    assert outcome.facts[-1].asset == "publish/count"


def test_foreign_store_is_refused_before_anything_runs(go, tmp_path):
    open_store(UPath(tmp_path / "snapshot"), "synthetic")
    with pytest.raises(StoreError, match="made for mode 'synthetic'"):
        go(data=str(tmp_path))


def test_url_store_works_end_to_end(go, tmp_path):
    assert not go(data=f"memory://{tmp_path.name}").problems


def test_instance_settings_are_copied_once(go):
    go()
    home = Settings.load().dagster_home / "dagster.yaml"
    home.write_text(home.read_text() + "# mine\n")
    go()
    assert home.read_text().endswith("# mine\n")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("one", "one"),
        ("a\n\n  b  \nc", "a b c"),
        ("word " * 100, "word " * 60 + "…"),
        ("", ""),
    ],
)
def test_messages_are_put_on_one_line(message, said):
    assert one_line(message) == said
