from pathlib import Path
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from comparison.records import LoadRecord, from_json
from loadtests.recorder import Recorder, error_kind, is_cold, write_atomically


def a_recorder() -> Recorder:
    return Recorder(warm_up_seconds=5.0, block_seconds=15.0)


def add(
    recorder: Recorder, start_seconds: float, latency_seconds: float = 0.01, **over: Any
) -> None:
    what: dict[str, Any] = {
        "route": "/customerdata/{id}",
        "status": 200,
        "error": None,
        "cache_state": "hit",
        "cold": False,
        "body_bytes": 100,
    }
    recorder.add(start_seconds, start_seconds, start_seconds + latency_seconds, **what | over)


def record_of(recorder: Recorder, now_seconds: float = 15.0) -> LoadRecord:
    return from_json(LoadRecord, recorder.snapshot(now_seconds), "snapshot")


def latencies_of(record: LoadRecord) -> HdrHistogram:
    return HdrHistogram.decode(record.latency_histogram)


def test_a_snapshot_is_a_load_record() -> None:
    recorder = a_recorder()
    recorder.connection_opened()
    add(recorder, 1.0)
    add(recorder, 6.0)
    add(recorder, 7.0, error="HTTP 503", cache_state=None)

    record = record_of(recorder)

    assert (record.requests, record.failures, record.errors) == (3, 1, {"HTTP 503": 1})
    assert (record.measured_requests, record.measured_failures) == (2, 1)
    assert (record.response_bytes, record.cache_states) == (100, {"hit": 1})
    assert (record.connections_opened, record.measured_seconds) == (1, 10.0)


def test_an_empty_block_is_a_load_record_too() -> None:
    record = record_of(a_recorder(), now_seconds=0.0)

    assert (record.requests, record.failures, record.measured_seconds) == (0, 0, 0.0)
    assert latencies_of(record).get_total_count() == 0


@pytest.mark.parametrize(("start", "measured"), [(0.0, 0), (4.999, 0), (5.0, 1), (14.9, 1)])
def test_the_start_of_a_request_decides_whether_it_is_measured(start: float, measured: int) -> None:
    recorder = a_recorder()

    add(recorder, start, latency_seconds=3.0)

    assert record_of(recorder).measured_requests == measured
    assert latencies_of(record_of(recorder)).get_total_count() == measured


@pytest.mark.parametrize(
    ("now", "measured_seconds"), [(0.0, 0.0), (5.0, 0.0), (7.5, 2.5), (15.0, 10.0), (20.0, 10.0)]
)
def test_measured_seconds_end_with_the_block(now: float, measured_seconds: float) -> None:
    assert record_of(a_recorder(), now).measured_seconds == measured_seconds


@given(st.lists(st.integers(1, 60_000_000), min_size=1))
def test_latencies_are_kept_to_three_digits(latencies_us: list[int]) -> None:
    recorder = a_recorder()

    for latency in latencies_us:
        add(recorder, 6.0, latency / 1e6)

    histogram = latencies_of(record_of(recorder))
    assert histogram.get_total_count() == len(latencies_us)
    for percentile, exact in ((0, min(latencies_us)), (100, max(latencies_us))):
        assert histogram.get_value_at_percentile(percentile) == pytest.approx(exact, rel=1e-3)


def test_latencies_beyond_the_histogram_count_at_its_ends() -> None:
    recorder = a_recorder()

    add(recorder, 6.0, latency_seconds=0.0)
    add(recorder, 6.0, latency_seconds=75.0)

    histogram = latencies_of(record_of(recorder))
    assert histogram.get_value_at_percentile(1) == 1
    assert histogram.get_value_at_percentile(100) == pytest.approx(60_000_000, rel=1e-3)


def test_a_failure_has_no_latency_no_cache_state_and_no_bytes() -> None:
    recorder = a_recorder()

    add(recorder, 6.0, error="timeout")

    record = record_of(recorder)
    assert latencies_of(record).get_total_count() == 0
    assert (record.cache_states, record.response_bytes) == ({}, 0)


@pytest.mark.parametrize(
    ("header", "state"),
    [("hit", "hit"), ("miss", "miss"), ("bypass", "bypass"), (None, "none"), ("x", "none")],
)
def test_cache_states_are_those_of_the_service(header: str | None, state: str) -> None:
    recorder = a_recorder()

    add(recorder, 6.0, cache_state=header)

    assert record_of(recorder).cache_states == {state: 1}


def test_memory_does_not_grow_with_the_number_of_requests() -> None:
    recorder = a_recorder()
    for index in range(10_000):
        add(recorder, 6.0, 0.001 + index % 10 / 1000, error=None if index % 2 else "HTTP 503")

    record = record_of(recorder)

    assert record.measured_requests == 10_000
    assert (len(record.errors), len(record.cache_states)) == (1, 1)
    assert len(record.latency_histogram) < 500


def test_only_lag_in_the_measured_window_counts() -> None:
    recorder = a_recorder()

    recorder.add_lag(4.9, 0.300)
    recorder.add_lag(6.0, 0.020)
    recorder.add_lag(7.0, 0.010)
    recorder.add_lag(15.0, 0.400)

    assert record_of(recorder).scheduling_lag_ms_max == 20.0


def test_progress_shows_the_last_intervals() -> None:
    recorder = a_recorder()
    for second in range(1, 11):
        for _ in range(second):
            add(recorder, second - 0.5, latency_seconds=second / 1000)
        shown = recorder.progress(now_seconds=float(second), users=20)

    assert shown == {
        "elapsed_seconds": 10.0,
        "users": 20,
        "requests": 55,
        "failures": 0,
        "requests_per_second": (7 + 8 + 9 + 10) / 4,
        "p95_ms": 10.0,
    }


def test_progress_before_the_first_request_is_zero() -> None:
    shown = a_recorder().progress(now_seconds=0.0, users=0)

    assert (shown["requests_per_second"], shown["p95_ms"]) == (0.0, 0.0)


class HTTPConnectionClosed(Exception):  # noqa: N818 - named as the HTTP client's
    pass


class Wrapped(Exception):  # noqa: N818 - stands for the HTTP client's RetriesExceeded
    def __init__(self, original: Exception) -> None:
        self.original = original


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (200, None, None),
        (503, ValueError("bad status"), "HTTP 503"),
        (201, None, "HTTP 201"),
        (302, None, "HTTP 302"),
        (0, TimeoutError("timed out"), "timeout"),
        (0, Wrapped(TimeoutError()), "timeout"),
        (0, ConnectionRefusedError(111, "127.0.0.1:4711"), "connection refused"),
        (0, ConnectionResetError(), "connection closed by the server"),
        (0, HTTPConnectionClosed(), "connection closed by the server"),
        (200, HTTPConnectionClosed(), "connection closed by the server"),
        (0, KeyError("other"), "KeyError"),
        (0, None, "no answer"),
    ],
)
def test_failures_have_few_names(status: int, error: Exception | None, kind: str | None) -> None:
    assert error_kind(status, error) == kind


@pytest.mark.parametrize(
    ("header", "cold"),
    [
        (None, False),
        ("cache;dur=0.2, total;dur=1.0", False),
        ("cold, cache;dur=0.2, total;dur=1.0", True),
        ("total;dur=1.0,cold", True),
        ("cold;dur=230", True),
        ("scolding;dur=1", False),
        ('total;desc="cold"', False),
    ],
)
def test_the_first_answer_of_a_process_says_so(header: str | None, cold: bool) -> None:  # noqa: FBT001 - a test's parameter
    assert is_cold(header) is cold


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "record.json"

    write_atomically(path, "first")
    before = path.stat().st_ino
    write_atomically(path, "second")

    assert path.read_text() == "second"
    assert path.stat().st_ino != before
    assert list(tmp_path.iterdir()) == [path]
