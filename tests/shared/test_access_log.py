"""The access log's lines, and the queue between the answers and the writer."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access_log import LINES_PER_WRITE, Entry, QueuedAccessLog, line_of, write_now

REPOSITORY = Path(__file__).resolve().parents[2]
DURATIONS = ("0.100", "2.000", "2.500")


def entry(number: int = 1, method: str = "GET") -> Entry:
    route = "/customer/{customer_id}"
    return (1_600_000_000.25, method, route, 200, 47, "miss", DURATIONS, f"r-{number}")


class Writes:
    """What was written; fails as long as `error` is set."""

    def __init__(self) -> None:
        self.error: OSError | None = None
        self.pieces: list[bytes] = []

    def __call__(self, piece: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.pieces.append(piece)

    def lines(self) -> list[dict[str, object]]:
        text = b"".join(self.pieces).decode()
        assert not text or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def writes() -> Writes:
    return Writes()


def test_a_line_says_what_was_asked_and_how_long_it_took() -> None:
    line = line_of(entry())

    assert json.loads(line) == {
        "time": "2020-09-13T12:26:40.250Z",
        "method": "GET",
        "route": "/customer/{customer_id}",
        "status": 200,
        "bytes": 47,
        "cache": "miss",
        "cache_ms": 0.1,
        "database_ms": 2.0,
        "total_ms": 2.5,
        "request_id": "r-1",
    }
    assert line.count("\n") == 1


def test_what_looked_nothing_up_says_nothing_of_the_cache() -> None:
    line = json.loads(
        line_of((1_600_000_000.0, "GET", None, 404, 99, None, ("0", "0", "0.050"), "r-1"))
    )

    assert (line["route"], line["status"], line["total_ms"]) == (None, 404, 0.05)
    assert not {"cache", "cache_ms", "database_ms"} & set(line)


@given(st.text())
def test_no_method_can_forge_a_line_or_a_field(method: str) -> None:
    line = line_of(entry(method=method))

    assert len(line.splitlines()) == 1
    assert json.loads(line)["method"] == method


def test_a_line_can_be_written_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    write_now(entry(7))

    assert json.loads(capfd.readouterr().out)["request_id"] == "r-7"


def test_lines_are_written_in_order_and_in_batches(writes: Writes) -> None:
    log = QueuedAccessLog(writes)
    numbers = range(LINES_PER_WRITE * 2 + 1)

    for number in numbers:
        log(entry(number))
    assert writes.pieces == []
    log.flush()

    assert [line["request_id"] for line in writes.lines()] == [f"r-{n}" for n in numbers]
    assert len(writes.pieces) == 3


def test_what_does_not_fit_is_dropped_and_its_count_said_once(writes: Writes) -> None:
    log = QueuedAccessLog(writes, limit=2)

    for number in range(5):
        log(entry(number))
    log.flush()
    log(entry(5))
    log.flush()

    first, *others = writes.lines()
    assert first["dropped_lines"] == 3
    assert [line["request_id"] for line in others] == ["r-0", "r-1", "r-5"]


def test_a_full_disk_stops_nothing_and_is_counted(writes: Writes) -> None:
    log = QueuedAccessLog(writes)
    writes.error = OSError(28, "No space left on device")
    log(entry(1))
    log(entry(2))
    log.flush()

    writes.error = None
    log(entry(3))
    log.flush()

    assert [line.get("dropped_lines", line.get("request_id")) for line in writes.lines()] == [
        2,
        "r-3",
    ]


def test_many_threads_lose_nothing_but_what_is_counted(writes: Writes) -> None:
    log = QueuedAccessLog(writes, limit=100)

    def answer_500() -> None:
        for number in range(500):
            log(entry(number))

    threads = [threading.Thread(target=answer_500) for _ in range(4)]

    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        log.flush()
    log.flush()

    lines = writes.lines()
    dropped = sum(line.get("dropped_lines", 0) for line in lines)  # type: ignore[misc]
    assert sum("request_id" in line for line in lines) + dropped == 2000


def test_the_writer_ends_by_itself_after_the_main_thread_and_writes_all() -> None:
    program = (
        "from tests.shared.test_access_log import entry\n"
        "from shared.access_log import QueuedAccessLog\n"
        "log = QueuedAccessLog()\n"
        "log.start()\n"
        "for number in range(1000): log(entry(number))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, check=True
    )

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["request_id"] for line in lines] == [f"r-{n}" for n in range(1000)]
