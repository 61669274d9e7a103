"""The command line: help, exit codes, one-line errors and the closing text."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from rich.console import Console

from pipelines import build as assembly
from pipelines import cli, execution
from pipelines.cli.progress import Progress, terminal
from pipelines.cli.summary import closing_lines
from pipelines.cli.ui import WORKSPACE
from pipelines.execution import Finished, Problem, Skipped, Started, Told

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def atlas(toy, monkeypatch, capsys):
    """Run the command line on the toy graph; returns exit code, standard output and standard error."""
    monkeypatch.setattr(
        execution, "build_defs", lambda **arguments: assembly.build_defs(modules=[toy.module], **arguments)
    )

    def start(*arguments):
        code = cli.run(arguments)
        return code, *capsys.readouterr()

    return start


def test_help_is_for_people(atlas):
    code, out, err = atlas("--help")
    assert (code, err) == (0, "")
    assert {"build", "ui"} <= set(cli.atlas.commands)
    for command in cli.atlas.commands:
        assert f"  {command} " in out
        assert "Examples:" in atlas(command, "--help")[1]


def test_no_command_shows_help_and_is_wrong_usage(atlas):
    code, out, err = atlas()
    assert (code, out) == (2, "")
    assert "Commands:" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bild",), "No such command 'bild'. Did you mean 'build'? (see 'atlas --help')"),
        (("build", "--lve"), "No such option '--lve'. Did you mean '--live'? (see 'atlas build --help')"),
        (("ui", "--port", "x"), "Invalid value for '--port'"),
        (("build", "--only", "maps"), "no group or asset is called maps; groups: ingest, publish; assets: ingest/mo"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(atlas, arguments, said):
    code, out, err = atlas(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"atlas: error: {said}")
    assert err.count("\n") == 1


def test_build_ends_with_what_was_made(atlas, tmp_path):
    code, out, err = atlas("build", "--output", str(tmp_path / "maps"))
    assert (code, err) == (0, "")
    assert f"{tmp_path}/maps/map.html\n      Where it is" in out
    assert "survey use: 2 measured, 7 suppressed (too few people)" in out
    assert out.splitlines()[-1].startswith("Mode snapshot; ")
    assert "peak memory" in out.splitlines()[-1]


def test_part_of_a_build_does_not_print_an_older_summary(atlas):
    assert "Made:" in atlas("build")[1]
    code, out, _ = atlas("build", "--only", "ingest")
    assert code == 0
    assert "Made:" not in out


def test_live_sets_the_mode(atlas):
    code, out, _ = atlas("build", "--live")
    assert code == 0
    assert "Mode live; " in out
    assert (Path(os.environ["ATLAS_DATA"]) / "live" / "STORE.json").is_file()


def test_failing_asset_is_one_line_and_code_1(atlas, toy):
    toy.error = RuntimeError("the source is closed")
    code, _, err = atlas("build")
    assert code == 1
    assert err.startswith("atlas: error: ingest/model_parents: the source is closed; see details: ")
    assert err.count("\n") == 1
    assert Path(err.strip().rpartition(": ")[2]).is_file()


def test_failing_check_is_code_1(atlas, toy):
    toy.check_passes = False
    code, _, err = atlas("build")
    assert code == 1
    assert "ingest/model_parents: check complete failed: 2 rows; at least 9 expected; see details: " in err


def test_wrong_setting_is_one_line_and_code_1(atlas, monkeypatch):
    monkeypatch.setenv("ATLAS_MODE", "liev")
    assert atlas("build") == (
        1,
        "",
        "atlas: error: ATLAS_MODE is 'liev'; it must be one of snapshot, live, synthetic\n",
    )


def test_store_that_cannot_be_made_is_one_line(atlas, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = atlas("build", "--data", str(tmp_path / "file"))
    assert code == 1
    assert err.count("\n") == 1
    assert "Not a directory" in err


def test_taken_port_is_one_line(atlas):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = atlas("ui", "--port", str(port))
    assert (code, err) == (1, f"atlas: error: port {port} is in use; choose another one with --port\n")


def test_ui_starts_dagster_on_this_machine_only(atlas, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append((program, arguments)))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    code, out, _ = atlas("ui", "--live", "--port", "45671")
    assert code == 0
    assert out == "Mode live. Open http://127.0.0.1:45671/asset-groups (stop with Ctrl-C).\n"
    ((program, arguments),) = started
    assert program == sys.executable
    assert " ".join(arguments[3:]).startswith(f"-m dagster dev -w {WORKSPACE} -h 127.0.0.1 -p 45671")
    assert os.environ["ATLAS_MODE"] == "live"
    assert (Path(os.environ["DAGSTER_HOME"]) / "dagster.yaml").is_file()


def test_bugs_keep_their_trace(monkeypatch):
    @click.command()
    def broken():
        raise KeyError("bug")

    monkeypatch.setitem(cli.atlas.commands, "broken", broken)
    with pytest.raises(KeyError):
        cli.run(["broken"])


def test_interruption_is_one_line_and_code_130(monkeypatch, capsys):
    @click.command()
    def endless():
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.atlas.commands, "endless", endless)
    assert cli.run(["endless"]) == 130
    assert capsys.readouterr().err.strip() == "atlas: error: stopped"


def test_a_history_that_is_not_there_is_not_made_to_be_pruned(capsys):
    assert cli.run(["prune"]) == 1
    assert "there is no history at" in capsys.readouterr().err
    assert not Path(os.environ["DAGSTER_HOME"]).exists()


def test_program_answers_at_once_and_without_dagster():
    check = "import sys, pipelines.cli; assert not {'dagster', 'polars', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=PROJECT, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "Usage: atlas" in done.stdout


def test_module_ends_with_the_code_of_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", "bild"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("atlas: error: No such command 'bild'.")


def test_progress_is_plain_without_a_terminal(capsys):
    with terminal() as console, Progress(console) as progress:
        for fact in (
            Started(asset="ingest/models"),
            Told(asset="ingest/models", said="page 1"),
            Finished(asset="ingest/models", rows=17820, seconds=0.07),
            Finished(asset="publish/maps", rows=None, seconds=1.5),
            Problem(asset="ingest/x", cause="[red]low[/]", fatal=False),
            Problem(asset="ingest/y", cause="gone"),
            Skipped(asset="publish/z"),
        ):
            progress.tell(fact)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "made ingest/models 17,820 rows 0.07 s",
        "made publish/maps 1.50 s",
        "warning ingest/x: [red]low[/]",
        "FAILED ingest/y: gone",
        "skipped publish/z",
    ]


def test_progress_moves_on_a_terminal():
    console = Console(force_terminal=True, width=80, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    with console.file, Progress(console) as progress:
        progress.tell(Started(asset="ingest/models"))
        progress.tell(Told(asset="ingest/models", said="page 1 [of 9]"))
        assert progress._status.status == r"ingest/models: page 1 \[of 9]"
        progress.tell(Finished(asset="ingest/models", rows=1, seconds=0))
    assert "ingest/models" in console.export_text()


def test_summary_names_every_state(tmp_path):
    (tmp_path / "summary.json").write_text(
        '{"outputs": [], "regions": {"fork": {"not_observed": 249, "value": 0}, "survey_use": {}}}'
    )
    lines = list(closing_lines(tmp_path, since=0))
    assert "  fork: 249 not observed (no data in this run)" in lines
    assert "  survey use: none" in lines
    assert list(closing_lines(tmp_path / "absent", since=0)) == []
