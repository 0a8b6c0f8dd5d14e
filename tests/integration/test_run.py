"""`./compare.py run` for real: both sides, real servers, short blocks."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from comparison.records import BlockRecord, RunRecord
from measurement.results import read_results
from tests.integration.family import COMPARE, Family, started


@dataclass(frozen=True)
class FinishedRun:
    output: str
    folder: Path
    run: RunRecord
    blocks: list[BlockRecord]
    errors: str
    family: Family
    left_behind: list[str]


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("results") / "run"
    load = ("--users", "5", "--duration", "3", "--blocks", "2")
    with started("run", *load, "--seed", "3", "--out", folder) as family:
        family.wait_until(lambda: any(folder.glob("blocks/*.json")))
        family.inspect()
        family.wait_until((folder / "report.json").exists)
        output, errors = family.process.communicate(timeout=30)
        assert family.process.returncode == 0, errors
        run, blocks = read_results(folder)
        left_behind = family.left_behind()
        return FinishedRun(output, folder, run, blocks, errors, family, left_behind)


def test_both_sides_get_the_same_load_and_no_request_fails(short_run: FinishedRun) -> None:
    requests: dict[str, int] = {"ec2": 0, "serverless": 0}
    for block in short_run.blocks:
        requests[block.side] += block.load.requests
        assert block.load.failures == 0, block.load.errors

    assert [block.index for block in short_run.blocks] == [1, 2, 3, 4]
    assert min(requests.values()) > 50
    assert min(requests.values()) > 0.7 * max(requests.values())


def test_both_sides_answer_every_route_and_error_alike(short_run: FinishedRun) -> None:
    assert short_run.run.answers_different == ()
    assert short_run.run.answers_checked > 40
    assert not short_run.run.interrupted


def test_every_component_was_metered_while_it_worked(short_run: FinishedRun) -> None:
    components = {
        "ec2": {"app", "database", "cache", "generator"},
        "serverless": {"gateway", "environments", "proxy", "database", "cache", "generator"},
    }
    for block in short_run.blocks:
        assert set(block.cpu_seconds) == components[block.side]
        assert all(seconds >= 0 for seconds in block.cpu_seconds.values())
    assert any(block.cpu_seconds.get("app", 0) > 0 for block in short_run.blocks)
    assert any(block.cpu_seconds.get("environments", 0) > 0 for block in short_run.blocks)


def test_each_request_is_one_invocation_with_a_bill(short_run: FinishedRun) -> None:
    for block in short_run.blocks:
        if block.side == "serverless":
            assert block.serverless is not None
            assert block.serverless.invocations == block.load.requests
            assert sum(block.serverless.billed_ms_counts.values()) == block.load.requests
            assert block.serverless.errors == 0


def test_cache_hits_and_misses_were_both_seen(short_run: FinishedRun) -> None:
    for block in short_run.blocks:
        assert set(block.load.cache_states) == {"hit", "miss"}
        assert block.load.cache_states["hit"] > block.load.cache_states["miss"]


def test_the_table_is_printed_and_kept_and_can_be_made_again(short_run: FinishedRun) -> None:
    report = (short_run.folder / "report.txt").read_text(encoding="utf-8")

    assert report in short_run.output
    assert str(short_run.folder) in short_run.output
    assert "serverless" in report
    again = subprocess.run(
        [sys.executable, COMPARE, "report", short_run.folder, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout == (short_run.folder / "report.json").read_text(encoding="utf-8")


def test_passwords_are_in_no_command_line_no_output_no_log_and_no_result(
    short_run: FinishedRun,
) -> None:
    files = [file for file in short_run.folder.rglob("*") if file.is_file()]
    texts = [short_run.output, short_run.errors, *short_run.family.command_lines]
    texts += [file.read_text(encoding="utf-8", errors="replace") for file in files]

    assert len(short_run.family.passwords) >= 2  # MariaDB's and Redis', each run's own
    assert len(short_run.family.command_lines) >= 6
    assert len(files) > 10
    for password in short_run.family.passwords:
        assert len(password) >= 32
        assert not any(password in text for text in texts)


def test_everything_listens_on_this_machine_alone(short_run: FinishedRun) -> None:
    assert short_run.family.listening == {"127.0.0.1"}


def test_no_secret_is_kept_in_the_results(short_run: FinishedRun) -> None:
    for file in short_run.folder.rglob("*"):
        if file.is_file():
            assert "mysql://" not in file.read_text(encoding="utf-8", errors="replace"), file


def test_no_process_and_no_directory_is_left_behind(short_run: FinishedRun) -> None:
    assert short_run.left_behind == []
