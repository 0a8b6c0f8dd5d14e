"""`./compare.py diff`: two runs, folders or saved reports."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from measurement.results import create_results
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


@pytest.fixture
def saved(results: Path, tmp_path: Path, capsys: Captured) -> Path:
    """The same run as `report --json` prints it."""
    assert compare.main(["report", str(results), "--json"]) == 0
    file = tmp_path / "baseline.json"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


def test_a_folder_is_compared_with_a_saved_report(
    results: Path, saved: Path, capsys: Captured
) -> None:
    assert compare.main(["diff", str(saved), str(results)]) == 0

    shown = " ".join(capsys.readouterr().out.split())
    assert "No claim about ec2: too few requests or blocks" in shown
    assert "p95_ms 1.95 1.95 the same" in shown


def test_json_alone_goes_to_standard_output(results: Path, saved: Path, capsys: Captured) -> None:
    assert compare.main(["diff", str(saved), str(results), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["sides"] == ["ec2", "serverless"]


def test_a_limit_on_a_change_is_decided(results: Path, saved: Path, capsys: Captured) -> None:
    limits = ["--fail-if", "ec2.p95_ms.change > 10%", "--fail-if", "ec2.p95_ms >= 1.9"]

    assert compare.main(["diff", str(saved), str(results), *limits]) == 1

    said = capsys.readouterr().err
    assert "kept: ec2.p95_ms.change > 10%: ec2.p95_ms.change is 0.000 %" in said
    assert "1 of 2 limits not kept: ec2.p95_ms >= 1.9" in said


@pytest.mark.parametrize("limit", ["ec2.p95_ms.changed > 1", "ec3.p95_ms > 1"])
def test_a_limit_on_nothing_is_a_wrong_argument(results: Path, limit: str) -> None:
    assert compare.main(["diff", str(results), str(results), "--fail-if", limit]) == 2


def test_a_run_that_is_not_there_is_a_wrong_argument(results: Path, capsys: Captured) -> None:
    assert compare.main(["diff", str(results / "nosuch"), str(results)]) == 2

    assert "BASE" in capsys.readouterr().err
