"""The files of a block as Locust leaves them: after its end, and after kill -9 in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from comparison.latency import max_ms
from comparison.latency_log import INTENDED, SENT, LatencyLog, measured_successes, parse
from loadtests.samples import read_samples
from tests.loadtests.echo_server import Answer, echo_server

ROOT = Path(__file__).parents[2]
END_SECONDS = 60.0
FREEZE_SECONDS = 1.0
FROZEN_AT_REQUEST = 30
ARRIVALS = ("--profile", "arrivals", "--rate", "40", "--block-seconds", "3")


@dataclass
class Freezing:
    """Answers at once, but from one request on nothing at all for a second."""

    asked: int = 0
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _: str) -> Answer:
        with self.lock:
            self.asked += 1
            if self.asked == FROZEN_AT_REQUEST:
                self.until = time.monotonic() + FREEZE_SECONDS
            left = self.until - time.monotonic()
        time.sleep(max(0.0, left))
        return Answer(cache_state="hit")


def start_locust(url: str, record: Path, *options: str) -> "subprocess.Popen[str]":
    fixed = ("--headless", "--only-summary", "--host", url, "--warm-up-seconds", "0")
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py"),
            *(*fixed, "--record", str(record), *options),
        ],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if "LOCUST" not in key},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@dataclass(frozen=True)
class Left:
    """The folder with what both runs left, and how many requests the frozen server saw."""

    folder: Path
    asked: int

    def log(self, name: str) -> LatencyLog:
        return parse((self.folder / name).read_text(encoding="ascii"), name)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """Both runs at the same time, as each mostly waits."""
    folder, freezing = tmp_path_factory.mktemp("records"), Freezing()
    with ExitStack() as stack:
        frozen_server = stack.enter_context(echo_server(freezing))
        server = stack.enter_context(echo_server(lambda _: Answer()))
        frozen = start_locust(frozen_server.url, folder / "frozen.json", *ARRIVALS, "--samples")
        killed = start_locust(
            server.url, folder / "killed.json", "--profile", "quick", "--block-seconds", "300"
        )
        for process in (frozen, killed):
            stack.enter_context(process)
            stack.callback(process.kill)
        wait_for_lines(folder / "killed.hlog", killed)
        killed.send_signal(signal.SIGKILL)
        output, _ = frozen.communicate(timeout=END_SECONDS)
        assert frozen.returncode == 0, output
        yield Left(folder, freezing.asked)


def wait_for_lines(log: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + END_SECONDS
    while not (log.exists() and "Tag=" in log.read_text(encoding="ascii")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_request_stands_in_the_log_from_both_starts(left: Left) -> None:
    log = left.log("frozen.hlog")

    for start in (SENT, INTENDED):
        assert measured_successes(log, start).samples == left.asked
    assert log.cut_line is None
    assert set(log.by("cache_state")) == {"hit"}


def test_the_freeze_is_seen_in_full_from_the_intended_start(left: Left) -> None:
    log = left.log("frozen.hlog")

    corrected_ms = max_ms(measured_successes(log, INTENDED))
    from_send_ms = max_ms(measured_successes(log, SENT))
    assert corrected_ms is not None
    assert from_send_ms is not None
    assert corrected_ms >= FREEZE_SECONDS * 1000
    assert corrected_ms >= from_send_ms * 0.999


def test_hdrhs_own_reader_reads_the_log(left: Left) -> None:
    reader = HistogramLogReader(str(left.folder / "frozen.hlog"), HdrHistogram(1, 60_000_000, 3))
    counts = {"sent": 0, "intended": 0}

    while (found := reader.get_next_interval_histogram()) is not None:
        counts[found.get_tag().rpartition(";")[2]] += found.get_total_count()
    reader.input_file.close()

    assert counts == {"sent": left.asked, "intended": left.asked}


def test_single_requests_are_kept_where_that_was_asked_for(left: Left) -> None:
    found = read_samples(left.folder / "frozen.samples.npz")

    assert len(found["sent_us"]) == left.asked
    assert found["answered_us"].tolist() == sorted(found["answered_us"].tolist())
    durations_us = found["answered_us"].astype(int) - found["intended_us"].astype(int)
    assert max(durations_us) >= FREEZE_SECONDS * 1e6
    assert set(found["route"].tolist()) == {"/customerdata/{id}"}
    assert not (left.folder / "killed.samples.npz").exists()


def test_a_log_can_be_read_after_kill_9_in_the_middle(left: Left) -> None:
    log = left.log("killed.hlog")

    assert measured_successes(log, SENT).samples > 0
    assert log.line_seconds.tolist() == sorted(log.line_seconds.tolist())
