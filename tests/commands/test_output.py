"""What report prints and leaves in each form, and when limits make it fail."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from commands.output_options import Output
from commands.price_options import load_prices
from commands.showing import as_text, compare_folder, write_and_print
from measurement.results import ResultsFolder, create_results
from tests.measurement.records import a_block, a_run, keep

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished run."""
    folder = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    folder.write_run(a_run())
    keep(folder, a_block(1, "ec2"))
    keep(folder, a_block(2, "serverless"))
    return folder.path


def test_a_limit_that_holds_is_said_and_exits_with_1(results: Path, capsys: Captured) -> None:
    limits = ["--fail-if", "serverless.p95_ms > 1", "--fail-if", "ec2.error_rate > 0.1%"]

    assert compare.main(["report", str(results), *limits]) == 1

    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("broken: serverless.p95_ms > 1: serverless.p95_ms is 1.95 ms")
    assert said[1].startswith("kept: ec2.error_rate > 0.1%")
    assert said[2] == ("compare.py: --fail-if: 1 of 2 limits not kept: serverless.p95_ms > 1")


def test_limits_that_are_kept_leave_the_exit_code_0(results: Path) -> None:
    assert compare.main(["report", str(results), "--fail-if", "ec2.p95_ms > 1s"]) == 0


def test_a_figure_that_is_not_known_is_a_failure(results: Path, capsys: Captured) -> None:
    assert compare.main(["report", str(results), "--fail-if", "ec2.p99.99_ms > 9s"]) == 1

    assert "unknown: ec2.p99.99_ms > 9s: ec2.p99.99_ms is not known" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("ec2.p95 > 1", "there is no figure 'p95'"),
        ("ec3.p95_ms > 1", "there is no side 'ec3'; choose from ec2, serverless"),
        ("ec2.p95_ms", "is no limit"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_a_wrong_argument(
    results: Path, limit: str, says: str, capsys: Captured
) -> None:
    assert compare.main(["report", str(results), "--fail-if", limit]) == 2

    error = capsys.readouterr().err
    assert "--fail-if" in error
    assert says in error


def test_a_run_refuses_a_limit_on_another_side_before_it_starts(
    tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "run"

    arguments = ["run", "--out", str(out), "--targets", "ec2,ec2"]
    assert compare.main([*arguments, "--fail-if", "serverless.p95_ms > 1"]) == 2

    assert "there is no side 'serverless'" in capsys.readouterr().err
    assert not out.exists()


def test_markdown_goes_to_standard_output_with_its_limits(results: Path, capsys: Captured) -> None:
    arguments = ["--markdown", "--fail-if", "ec2.p95_ms > 1s"]

    assert compare.main(["report", str(results), *arguments]) == 0

    page = capsys.readouterr().out
    assert page.startswith("## Server or serverless?\n")
    assert "- kept: `ec2.p95_ms > 1s`" in page


def test_two_forms_at_once_are_refused(results: Path, capsys: Captured) -> None:
    assert compare.main(["report", str(results), "--json", "--markdown"]) == 2

    assert "--json and --markdown" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_names_the_flag(results: Path, capsys: Captured) -> None:
    target = results / "run.json" / "report.svg"

    assert compare.main(["report", str(results), "--picture", str(target)]) == 2

    assert "--picture: cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_run_leaves_every_form_and_json_alone_on_standard_output(
    results: Path, capsys: Captured, *, interrupted: bool
) -> None:
    ResultsFolder(results).write_run(replace(a_run(), interrupted=interrupted))

    write_and_print(ResultsFolder(results), load_prices("eu-central-1"), Output("json"))

    shown = capsys.readouterr()
    assert shown.out == (results / "report.json").read_text(encoding="utf-8")
    assert json.loads(shown.out)["run"]["interrupted"] is interrupted
    assert f"results: {results}" in shown.err
    kept = {name: (results / name).read_bytes() for name in ("report.md", "figures.csv")}
    write_and_print(ResultsFolder(results), load_prices("eu-central-1"), Output("text"))
    assert kept == {name: (results / name).read_bytes() for name in kept}


def test_no_color_takes_the_colours_of_a_terminal_away(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = compare_folder(results, load_prices("eu-central-1"))
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = as_text(comparison)
    monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b[" in coloured
    assert "\x1b[" not in as_text(comparison)
