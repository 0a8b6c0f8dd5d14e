import json
import re
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.latency_log import (
    INTENDED,
    MEASURED,
    SENT,
    WARM_UP,
    LatencyLog,
    measured_successes,
    parse,
)
from comparison.records import LoadRecord, from_json
from loadtests.histogram_log import header
from loadtests.recorder import Label, Recorder, Seen

ROUTE = "/customerdata/{id}"


def a_recorder() -> Recorder:
    return Recorder(warm_up_seconds=5.0, block_seconds=15.0)


def add(
    recorder: Recorder,
    intended_seconds: float,
    latency_seconds: float = 0.01,
    late_seconds: float = 0.0,
    **over: Any,
) -> None:
    label = Label(ROUTE, 200, None, "hit", cold=False)._replace(**over)
    sent_seconds = intended_seconds + late_seconds
    recorder.add(label, [intended_seconds, sent_seconds, sent_seconds + latency_seconds, 100])


def record_of(recorder: Recorder, now_seconds: float = 15.0) -> LoadRecord:
    return from_json(LoadRecord, recorder.snapshot(now_seconds), "snapshot")


def log_of(recorder: Recorder, now_seconds: float | None = None) -> LatencyLog:
    return parse(header(0.0) + "".join(recorder.close(now_seconds)), "log")


def latencies_of(log: LatencyLog, start: str = SENT) -> list[int]:
    found = measured_successes(log, start)
    return [
        value
        for value, count in zip(found.values_us.tolist(), found.counts.tolist(), strict=True)
        for _ in range(count)
    ]


def test_a_snapshot_is_a_load_record() -> None:
    recorder = a_recorder()
    recorder.health.connection_opened()
    add(recorder, 1.0)
    add(recorder, 6.0)
    add(recorder, 7.0, status=503, error="HTTP 503", cache_state=None)

    record = record_of(recorder)

    assert (record.requests, record.failures, record.errors) == (3, 1, {"HTTP 503": 1})
    assert (record.measured_requests, record.measured_failures) == (2, 1)
    assert (record.response_bytes, record.cache_states) == (100, {"hit": 1})
    assert (record.connections_opened, record.measured_seconds) == (1, 10.0)


def test_an_empty_block_is_a_load_record_too() -> None:
    record = record_of(a_recorder(), now_seconds=0.0)

    assert (record.requests, record.failures, record.measured_seconds) == (0, 0, 0.0)
    assert latencies_of(log_of(a_recorder())) == []


@pytest.mark.parametrize(
    ("intended", "phase"),
    [(0.0, WARM_UP), (4.999, WARM_UP), (5.0, MEASURED), (14.9, MEASURED), (15.0, WARM_UP)],
)
def test_the_intended_start_decides_whether_a_request_is_measured(
    intended: float, phase: str
) -> None:
    recorder = a_recorder()

    add(recorder, intended, latency_seconds=3.0, late_seconds=2.0)

    assert record_of(recorder).measured_requests == (phase == MEASURED)
    assert set(log_of(recorder).by("phase")) == {phase}


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

    assert latencies_of(log_of(recorder)) == pytest.approx(sorted(latencies_us), rel=1e-3)


def test_latency_counts_from_the_send_and_from_the_intended_start() -> None:
    recorder = a_recorder()

    add(recorder, 6.0, latency_seconds=0.002, late_seconds=0.005)

    log = log_of(recorder)
    assert latencies_of(log, SENT) == pytest.approx([2000], rel=1e-3)
    assert latencies_of(log, INTENDED) == pytest.approx([7000], rel=1e-3)


def test_latencies_beyond_the_histogram_count_at_its_ends() -> None:
    recorder = a_recorder()

    add(recorder, 6.0, latency_seconds=0.0)
    add(recorder, 6.0, latency_seconds=75.0)

    assert latencies_of(log_of(recorder)) == pytest.approx([1, 60_000_000], rel=1e-3)


def test_a_failure_has_a_latency_of_its_own_kind_and_no_cache_state_and_no_bytes() -> None:
    recorder = a_recorder()

    add(recorder, 6.0, status=0, error="timeout", cache_state=None)
    add(recorder, 6.0, status=503, error="HTTP 503", cache_state=None)

    record = record_of(recorder)
    log = log_of(recorder)
    assert latencies_of(log) == []
    assert set(log.by("status_class")) == {"error", "5xx"}
    assert (record.cache_states, record.response_bytes) == ({}, 0)


def test_what_differs_stands_in_lines_of_its_own() -> None:
    recorder = a_recorder()
    for over in ({}, {"route": "/"}, {"cache_state": "miss"}, {"cold": True}):
        add(recorder, 6.0, **over)

    log = log_of(recorder)

    assert set(log.by("route")) == {ROUTE, "/"}
    assert set(log.by("cache_state")) == {"hit", "miss"}
    assert set(log.by("temperature")) == {"cold", "warm"}
    assert len(log.line_tags) == 2 * 4


def test_two_kinds_of_error_with_one_tag_share_a_line() -> None:
    recorder = a_recorder()
    for kind in ("timeout", "connection refused"):
        add(recorder, 6.0, status=0, error=kind)

    log = log_of(recorder)

    assert log.line_sizes.tolist() == [1, 1]
    assert record_of(recorder).errors == {"timeout": 1, "connection refused": 1}


@pytest.mark.parametrize(
    ("header", "state"),
    [("hit", "hit"), ("miss", "miss"), ("bypass", "bypass"), (None, "none"), ("x", "none")],
)
def test_cache_states_are_those_of_the_service(header: str | None, state: str) -> None:
    recorder = a_recorder()

    add(recorder, 6.0, cache_state=header)

    assert record_of(recorder).cache_states == {state: 1}
    assert set(log_of(recorder).by("cache_state")) == {state}


def test_a_second_is_written_when_it_is_over_and_only_once() -> None:
    recorder = a_recorder()
    add(recorder, 6.5)
    add(recorder, 7.5)

    assert len(list(recorder.close(6.99))) == 0
    first = list(recorder.close(7.0))
    again = list(recorder.close(7.9))
    rest = list(recorder.close(None))

    assert [",6.000,1.000," in line for line in first] == [True, True]
    assert again == []
    assert [",7.000,1.000," in line for line in rest] == [True, True]
    assert record_of(recorder).requests == 2


def test_an_answer_counts_in_the_second_in_which_it_came() -> None:
    recorder = a_recorder()

    add(recorder, 6.9, latency_seconds=2.0)

    assert list(log_of(recorder).by_second()) == [8.0]


def test_what_comes_after_its_second_was_written_counts_in_the_next() -> None:
    recorder = a_recorder()
    list(recorder.close(8.0))

    add(recorder, 7.9, latency_seconds=0.05)

    assert list(log_of(recorder).by_second()) == [8.0]
    assert record_of(recorder).requests == 1


def test_memory_does_not_grow_with_the_number_of_requests() -> None:
    recorder = a_recorder()
    for index in range(10_000):
        add(recorder, 6.0, 0.001 + index % 10 / 1000, error=None if index % 2 else "HTTP 503")

    list(recorder.close(7.0))

    assert recorder._seconds == {}
    assert record_of(recorder).measured_requests == 10_000


def test_progress_shows_the_last_whole_seconds() -> None:
    recorder = a_recorder()
    for second in range(1, 11):
        for _ in range(second):
            add(recorder, second - 0.5, latency_seconds=second / 1000)
    list(recorder.close(10.0))

    shown = recorder.progress(now_seconds=10.4, users=20)

    assert shown == {
        "elapsed_seconds": 10.4,
        "users": 20,
        "requests": 55,
        "failures": 0,
        "requests_per_second": (9 + 10) / 2,
        "p95_ms": 10.0,
    }


def test_progress_of_a_server_that_stands_still_is_zero() -> None:
    recorder = a_recorder()
    add(recorder, 0.5)

    list(recorder.close(9.0))

    shown = recorder.progress(now_seconds=9.0, users=20)
    assert (shown["requests"], shown["requests_per_second"], shown["p95_ms"]) == (1, 0.0, 0.0)


def workers_of(recorders: Sequence[Recorder]) -> Recorder:
    """What a master holds after four workers have reported each second."""
    master = a_recorder()
    for second in range(1, 16):
        for number, recorder in enumerate(recorders):
            master.merge(f"worker {number}", recorder.report(float(second), users=5))
    return master


def fill(recorders: Sequence[Recorder]) -> None:
    chance = Random(1)  # noqa: S311 - repeatable on purpose
    for index in range(400):
        add(
            recorders[index % len(recorders)],
            intended_seconds=chance.uniform(0, 14),
            latency_seconds=chance.uniform(0.001, 0.5),
            late_seconds=chance.uniform(0, 0.01),
            cache_state=chance.choice(("hit", "miss")),
            error=chance.choice((None, None, "timeout")),
        )


def test_four_workers_leave_what_one_process_would_have_left() -> None:
    one, four = a_recorder(), [a_recorder() for _ in range(4)]
    fill([one])
    fill(four)

    master = workers_of(four)

    assert record_of(master) == record_of(one)
    assert sorted(master.close(None)) == sorted(one.close(None))
    assert master.progress(15.0, users=0)["users"] == 4 * 5


def test_a_master_waits_for_its_slowest_worker_but_not_for_ever() -> None:
    master, fast, slow = a_recorder(), a_recorder(), a_recorder()
    add(fast, 1.5)
    master.merge("fast", fast.report(9.0, users=1))
    master.merge("slow", slow.report(1.9, users=1))

    assert list(master.close(9.0)) == []
    assert len(list(master.close(12.0))) == 2


def test_lag_and_connections_of_workers_are_counted_once_each() -> None:
    master, worker = a_recorder(), a_recorder()
    worker.health.connection_opened()
    worker.health.add_lag(6.0, 0.020)

    for second in (6.0, 7.0, 8.0):
        master.merge("worker", worker.report(second, users=1))

    record = record_of(master)
    assert (record.connections_opened, record.scheduling_lag_ms_max) == (1, 20.0)


def test_single_requests_are_handed_over_when_their_second_is_over() -> None:
    recorder = a_recorder()
    kept: list[Seen] = []
    add(recorder, 6.0, latency_seconds=0.25, late_seconds=0.5)
    add(recorder, 7.0)

    list(recorder.close(7.0, kept.append))

    [seen] = kept
    assert seen.rows.tolist() == [[6.0, 6.5, 6.75, 100.0]]
    assert (seen.measured, seen.label.route) == (True, ROUTE)


def test_every_snapshot_is_json() -> None:
    recorder = a_recorder()
    add(recorder, 6.0)

    text = json.dumps(recorder.snapshot(7.0))

    assert re.search(r'"measured_requests": 1\b', text)
