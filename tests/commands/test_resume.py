"""`./compare.py resume`: what it refuses before it starts anything."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from commands.resume import same_order
from loadtests.profiles import find_profile
from measurement.machine import machine
from measurement.results import ResultsFolder, create_results
from tests.measurement.records import a_block, a_run, keep

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def cut_run(tmp_path: Path) -> ResultsFolder:
    """The first of two blocks, on this machine."""
    results = create_results(tmp_path / "run", NOW)
    results.write_run(replace(a_run(), interrupted=True, machine=machine()))
    results.write_profile(find_profile("quick"))
    keep(results, a_block(1, "ec2"))
    return results


def refused(results: ResultsFolder, capsys: pytest.CaptureFixture[str]) -> str:
    assert compare.main(["resume", str(results.path)]) == 2
    return capsys.readouterr().err


def test_a_complete_run_has_nothing_to_resume(
    cut_run: ResultsFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_run.write_run(replace(a_run(), interrupted=False))
    keep(cut_run, a_block(2, "serverless"))

    assert "is complete; ./compare.py report" in refused(cut_run, capsys)


def test_a_run_of_another_machine_is_not_continued_here(
    cut_run: ResultsFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = {**machine(), "cores": "96"}
    cut_run.write_run(replace(a_run(), interrupted=True, machine=elsewhere))

    assert "another machine: cores was 96, now it is" in refused(cut_run, capsys)


def test_a_folder_without_a_run_is_a_wrong_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no run.json" in refused(ResultsFolder(tmp_path), capsys)


def test_a_run_without_its_profile_says_which_file_is_missing(
    cut_run: ResultsFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    (cut_run.path / "profile.json").unlink()

    assert compare.main(["resume", str(cut_run.path)]) == 1
    assert "profile.json cannot be read" in capsys.readouterr().err


def test_a_run_goes_on_as_it_was_ordered() -> None:
    urls = {"a": "http://127.0.0.1:1", "b": "http://127.0.0.1:2"}
    record = replace(
        a_run(), targets=("b", "a"), urls=urls, cache="unknown", slo="p95<9ms", processes=3
    )

    order = same_order(replace(record, answers_compared="status"), find_profile("quick"), 60.0)

    assert (order.targets, order.urls, order.cache) == (("b", "a"), urls, "unknown")
    assert (order.slo, order.answers_compared, order.processes) == ("p95<9ms", "status", 3)


def test_load_that_goes_to_other_hosts_must_be_agreed_to_again(
    cut_run: ResultsFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = {"ec2": "http://one.example", "serverless": "http://two.example"}
    record = replace(a_run(), interrupted=True, machine=machine(), urls=urls, emulated=())
    cut_run.write_run(record)

    assert "the load goes to one.example, two.example" in refused(cut_run, capsys)
