import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comparison.errors import ComparisonError
from comparison.records import to_json
from measurement.errors import MeasurementError
from measurement.results import create_results, read_results
from tests.measurement.records import a_block, a_run, keep

NOW = datetime(2026, 11, 23, 12, 30, 5, tzinfo=UTC)


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    run, blocks = a_run(), [a_block(2, "ec2"), a_block(1, "serverless")]

    folder.write_run(run)
    for block in blocks:
        keep(folder, block)

    assert read_results(folder.path) == (run, sorted(blocks, key=lambda block: block.index))


def test_results_are_named_by_the_time_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert create_results(None, NOW).path == Path("results/2026-11-23T12-30-05Z")


def test_results_of_another_run_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")

    with pytest.raises(MeasurementError, match=r"--out: .* is not empty; name a new folder"):
        create_results(tmp_path, NOW)


def test_a_folder_that_cannot_be_made_names_the_flag(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(MeasurementError, match=r"--out: cannot make .*name a folder"):
        create_results(tmp_path / "file" / "run", NOW)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"holds no run\.json"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "run.json: cannot be read"),
        ("[]", "run.json: not a JSON object"),
        ('{"format": 99}', "run.json: format 99; this version reads format 2"),
        (json.dumps({**to_json(a_run()), "users": "many"}), "run.json: users: 'many'"),
        (json.dumps({**to_json(a_run()), "surprise": 1}), "unknown field 'surprise'"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")

    with pytest.raises(ComparisonError, match=says):
        read_results(tmp_path)


def test_half_written_files_are_not_read(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    folder.write_run(a_run())
    (folder.blocks / ".01-ec2.json.part").write_text("{", encoding="utf-8")

    assert read_results(folder.path) == (a_run(), [])
