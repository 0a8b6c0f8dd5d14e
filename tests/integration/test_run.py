"""`./compare.py run` for real: both sides, real servers, short blocks."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from comparison.records import BlockRecord, RunRecord
from emulation.starting import free_port
from measurement.results import read_results

COMPARE = Path(__file__).resolve().parents[2] / "compare.py"
TEMPORARY = re.compile(r"/tmp/[\w-]+-[0-9a-f]{12}")
GONE_WITHIN_SECONDS = 10.0


@dataclass
class Family:
    """A started compare.py and everything it was seen to start."""

    process: "subprocess.Popen[str]"
    processes: set[psutil.Process] = field(default_factory=set)
    directories: set[Path] = field(default_factory=set)

    def look(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self.processes.add(child)
                with contextlib.suppress(psutil.Error):
                    found = TEMPORARY.findall(" ".join(child.cmdline()))
                    self.directories.update(map(Path, found))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "it never came so far"
            self.look()
            time.sleep(0.1)

    def left_behind(self) -> list[str]:
        """What is still there after the time that everything has to disappear in."""
        deadline = time.monotonic() + GONE_WITHIN_SECONDS
        while time.monotonic() < deadline and (self._alive() or self._existing()):
            time.sleep(0.1)
        return [*self._alive(), *self._existing()]

    def _alive(self) -> list[str]:
        alive = []
        for process in self.processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    alive.append(str(process))
        return alive

    def _existing(self) -> list[str]:
        return [str(path) for path in self.directories if path.exists()]


@contextmanager
def started(*arguments: str | Path) -> Iterator[Family]:
    process = subprocess.Popen(
        [sys.executable, COMPARE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Its own process group, as a shell gives it: Ctrl-C must reach it and not pytest.
        start_new_session=True,
    )
    try:
        yield Family(process)
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class FinishedRun:
    output: str
    folder: Path
    run: RunRecord
    blocks: list[BlockRecord]
    left_behind: list[str]


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("results") / "run"
    load = ("--users", "5", "--duration", "3", "--blocks", "2")
    with started("run", *load, "--seed", "3", "--out", folder) as family:
        family.wait_until((folder / "report.json").exists)
        output, errors = family.process.communicate(timeout=30)
        assert family.process.returncode == 0, errors
        run, blocks = read_results(folder)
        return FinishedRun(output, folder, run, blocks, family.left_behind())


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


def test_no_secret_is_kept_in_the_results(short_run: FinishedRun) -> None:
    for file in short_run.folder.rglob("*"):
        if file.is_file():
            assert "mysql://" not in file.read_text(encoding="utf-8", errors="replace"), file


def test_no_process_and_no_directory_is_left_behind(short_run: FinishedRun) -> None:
    assert short_run.left_behind == []


def test_ctrl_c_keeps_what_was_measured_and_stops_everything(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with started("run", "--users", "3", "--duration", "2", "--out", folder) as family:
        family.wait_until(lambda: any(folder.glob("blocks/*.json")))
        family.process.send_signal(signal.SIGINT)
        output, errors = family.process.communicate(timeout=30)

        assert family.process.returncode == 130
        assert "interrupted" in errors
        assert family.left_behind() == []
    run, blocks = read_results(folder)
    assert run.interrupted
    assert len(blocks) >= 1
    assert "interrupted" in output.lower()


def test_kill_9_in_mid_run_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with started("run", "--users", "3", "--duration", "60", "--out", folder) as family:
        family.wait_until(lambda: any(folder.glob("logs/*.progress.json")))
        family.look()
        family.process.kill()
        family.process.wait()

        assert len(family.processes) >= 6
        assert family.directories
        assert family.left_behind() == []


@pytest.mark.parametrize("side", ["ec2", "serverless"])
def test_serve_leaves_one_side_running_until_ctrl_c(side: str) -> None:
    with started("serve", side, "--port", str(free_port())) as family:
        assert family.process.stdout is not None
        url = re.search(r"http://[\d.:]+", family.process.stdout.readline())
        assert url is not None, family.process.communicate()
        family.look()
        with urlopen(f"{url.group()}/customerdata/1") as answer:
            readings = json.load(answer)
        family.process.send_signal(signal.SIGINT)

        assert family.process.wait(timeout=30) == 130
        assert len(readings["Measures"]) == 10
        assert family.left_behind() == []
