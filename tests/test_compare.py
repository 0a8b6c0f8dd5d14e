"""The command: what it accepts, what it says, and how it exits."""

import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from commands import showing
from comparison.reports import json_report
from measurement.results import ResultsFolder, create_results
from tests.measurement.records import a_block, a_run, keep

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished run."""
    folder = create_results(tmp_path / "run", NOW)
    folder.write_run(a_run())
    keep(folder, a_block(1, "ec2"))
    keep(folder, a_block(2, "serverless"))
    return folder.path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--users", "0"], "--users"),
        (["--users", "many"], "--users"),
        (["run", "--duration", "-1"], "--duration"),
        (["run", "--blocks", "0"], "--blocks"),
        (["run", "--seed", "x"], "--seed"),
        (["run", "--profile", "nosuch"], "--profile"),
        (["run", "--profil", "quick"], "--profile"),
        (["run", "--region", "mars-1"], "eu-central-1"),
        (["nosuch"], "nosuch"),
        (["serve"], "ec2"),
        (["serve", "nosuch"], "serverless"),
        (["serve", "ec2", "--port", "70000"], "--port"),
        (["report"], "DIR"),
    ],
)
def test_bad_input_is_one_line_naming_the_flag_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = compare.main(arguments)

    error = capsys.readouterr().err
    assert exit_code == 2
    assert error.startswith("compare.py: ")
    assert error.count("\n") == 1
    assert says in error


def test_help_fits_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 25
    assert max(map(len, lines)) <= 80


def test_report_prints_the_same_bytes_each_time(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = []
    for _ in range(2):
        assert compare.main(["report", str(results)]) == 0
        outputs.append(capsys.readouterr().out)

    assert outputs[0] == outputs[1]
    assert "serverless" in outputs[0]


def test_report_as_json_is_a_document_with_a_format_number(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["report", str(results), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["format"] == json_report.FORMAT


def test_an_invalid_comparison_is_shown_and_is_a_failure(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unequal = replace(a_run(), answers_different=("GET /customer/1: 200, it answered 500",))
    ResultsFolder(results).write_run(unequal)

    assert compare.main(["report", str(results)]) == 1

    shown = capsys.readouterr()
    assert shown.out.startswith("INVALID")
    assert shown.err == "compare.py: the comparison is INVALID; its first lines say why\n"


def test_a_partial_run_is_reported_with_what_it_lacks(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "blocks" / "02-serverless.json").unlink()

    assert compare.main(["report", str(results)]) == 0

    shown = capsys.readouterr()
    assert "serverless was not measured" in " ".join(shown.out.split())
    assert shown.err == "missing: 1 of 2 planned blocks: 02-serverless\n"


def test_report_can_draw_its_table(results: Path, tmp_path: Path) -> None:
    picture = tmp_path / "report.svg"

    assert compare.main(["report", str(results), "--picture", str(picture)]) == 0

    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_a_folder_without_results_is_a_wrong_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["report", str(tmp_path)]) == 2

    assert "holds no run.json" in capsys.readouterr().err


def test_results_that_are_there_already_are_a_wrong_argument(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["run", "--out", str(results)]) == 2

    assert "name a new folder" in capsys.readouterr().err


def test_a_run_that_cannot_start_is_an_expected_failure_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/else")

    assert compare.main(["run", "--out", str(tmp_path / "run")]) == 1

    assert "DATABASE_URL must look like mysql://" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_unexpected_error_keeps_its_traceback_in_a_file(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(path: Path) -> object:
        raise ZeroDivisionError("that")

    monkeypatch.setattr(showing, "read_results", break_down)

    assert compare.main(["report", str(results)]) == 3

    error = capsys.readouterr().err
    file = Path(error.strip().rpartition(" ")[2])
    assert "ZeroDivisionError: that" in error
    assert "Traceback" in file.read_text(encoding="utf-8")
    file.unlink()


def test_started_by_another_python_it_finds_its_own_environment(results: Path) -> None:
    other_python = Path(sys.base_prefix, "bin", "python3")
    command = [str(other_python), compare.__file__, "report", str(results), "--json"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout)["format"] == json_report.FORMAT


def test_ctrl_c_while_it_is_still_being_imported_ends_it_without_a_traceback(
    tmp_path: Path,
) -> None:
    (tmp_path / "click.py").write_text(
        "print('importing', flush=True); import time; time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, compare.__file__, "profiles"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)

    assert (process.returncode, error) == (-signal.SIGINT, "")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "/a/b: No space left on device"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files; raise the limit"),
    ],
)
def test_what_a_machine_runs_out_of_is_an_expected_failure(
    error: OSError, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare._exit_code(error) == 1

    assert capsys.readouterr().err.startswith(f"compare.py: {says}")
