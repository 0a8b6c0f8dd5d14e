"""The leaves of the compiled code, run as Python: what a simulation shows only in sum."""

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.forecast.kernels.event_heap import EVENT, pop, push, replace_earliest
from comparison.forecast.kernels.latency_counters import COUNTERS, count, distribution
from comparison.forecast.kernels.random_numbers import uniform
from comparison.forecast.kernels.token_bucket import BUCKET, take

TIMES = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


def python(function: Any) -> Callable[..., Any]:
    """The function before it was compiled."""
    found: Callable[..., Any] = function.py_func
    return found


@given(TIMES)
def test_the_heap_gives_events_in_the_order_of_their_times(times: list[float]) -> None:
    heap = np.rec.array(np.zeros(len(times), EVENT))
    size = 0
    for number, time in enumerate(times):
        size = python(push)(heap, size, time, number)

    taken = []
    while size:
        taken.append((float(heap[0].time), int(heap[0].what)))
        size = python(pop)(heap, size)

    assert [time for time, _ in taken] == sorted(times)
    assert sorted(number for _, number in taken) == list(range(len(times)))
    assert all(times[number] == time for time, number in taken)


@given(TIMES, TIMES)
def test_replacing_the_earliest_is_what_heapq_does(first: list[float], later: list[float]) -> None:
    reference = sorted(first)
    times = np.array([-1.0, *reference, -1.0])

    for time in later:
        python(replace_earliest)(times, 1, len(first), time)
        heapq.heapreplace(reference, time)
        assert times[1] == reference[0]

    assert sorted(times[1:-1]) == sorted(reference)
    assert times[0] == times[-1] == -1.0


@given(st.lists(st.integers(0, 50_000_000), min_size=1, max_size=50))
def test_counted_latencies_are_within_a_thousandth(microseconds: list[int]) -> None:
    counters = np.zeros(COUNTERS, np.int64)
    for value in microseconds:
        python(count)(counters, value / 1e6)

    found = distribution(counters)

    assert found.samples == len(microseconds)
    for value, seen in zip(
        sorted(microseconds), np.repeat(found.values_us, found.counts), strict=True
    ):
        assert value <= seen <= value * 1.001 + 1


def test_a_latency_beyond_the_last_counter_counts_there() -> None:
    counters = np.zeros(COUNTERS, np.int64)

    python(count)(counters, 1e9)

    assert counters[-1] == 1


def test_random_numbers_are_those_of_splitmix64() -> None:
    state = np.rec.array(np.zeros(1, [("random", "u8")]))[0]
    state.random = np.uint64(1234567)

    with np.errstate(over="ignore"):
        drawn = [python(uniform)(state) for _ in range(2)]

    # Reference output of Vigna's splitmix64.c for this seed, https://prng.di.unimi.it/splitmix64.c
    expected = [6457827717110365317, 3203168211198807973]
    assert drawn == [pytest.approx((value >> 11) * 2.0**-53) for value in expected]


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    buckets = np.rec.array(np.zeros(1, BUCKET))
    buckets[0].per_second = 2.0
    buckets[0].burst = buckets[0].tokens = 3.0

    assert [python(take)(buckets, 0, 0.0) for _ in range(4)] == [True, True, True, False]
    assert [python(take)(buckets, 0, 1.0) for _ in range(3)] == [True, True, False]
    assert [python(take)(buckets, 0, 100.0) for _ in range(4)] == [True, True, True, False]
