"""`./compare.py report --csv`: Locust's files, from the raw results."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from loadtests.profiles import find_profile
from measurement.results import create_results
from tests.measurement.records import a_block, a_run, keep


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished run."""
    folder = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    folder.write_run(a_run())
    folder.write_profile(find_profile("quick"))
    keep(folder, a_block(1, "ec2"))
    keep(folder, a_block(2, "serverless"))
    return folder.path


@pytest.mark.usefixtures("capsys")
def test_locusts_files_are_written_for_both_sides(results: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"

    assert compare.main(["report", str(results), "--csv", str(folder)]) == 0

    assert (folder / "figures.csv").exists()
    assert len(list(folder.glob("*_20_*.csv"))) == 6
    with (folder / "serverless_20_stats_history.csv").open(encoding="utf-8") as file:
        history = list(csv.DictReader(file))
    assert [row["User Count"] for row in history] == ["20", "20"]
    assert history[-1]["Total Request Count"] == "1500"


def test_a_folder_that_cannot_be_made_names_the_flag(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert compare.main(["report", str(results), "--csv", str(tmp_path / "file" / "x")]) == 2

    assert "--csv: cannot write" in capsys.readouterr().err
