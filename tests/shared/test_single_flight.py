"""Threads and one key. How many requests end in one load: tests/faults/test_stampede.py."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.single_flight import SingleFlight, _Flight

PATIENCE_SECONDS = 30.0


def work() -> str:
    return "own"


def fail() -> str:
    raise ValueError("a bug")


def flights_with(flight: "_Flight[str]", patience_seconds: float = 30.0) -> SingleFlight[str]:
    """Where another thread has begun to work for b"key"."""
    flights: SingleFlight[str] = SingleFlight(patience_seconds)
    flights._flights[b"key"] = flight
    return flights


def test_who_is_alone_works() -> None:
    flights: SingleFlight[str] = SingleFlight(PATIENCE_SECONDS)

    assert [flights.run(b"key", work) for _ in range(2)] == [("own", True)] * 2


def test_who_comes_while_another_works_takes_the_result() -> None:
    flight: _Flight[str] = _Flight()
    flights = flights_with(flight)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(flights.run, b"key", work) for _ in range(3)]
        flight.land("the other's", None)

        assert [other.result() for other in waiting] == [("the other's", False)] * 3


def test_other_keys_do_not_wait() -> None:
    assert flights_with(_Flight()).run(b"other", work) == ("own", True)


def test_an_error_is_shared_too() -> None:
    flight: _Flight[str] = _Flight()
    flight.land(None, ValueError("the other's"))

    with pytest.raises(ValueError, match="the other's"):
        flights_with(flight).run(b"key", work)


def test_after_an_error_the_next_one_works() -> None:
    flights: SingleFlight[str] = SingleFlight(PATIENCE_SECONDS)
    with pytest.raises(ValueError, match="a bug"):
        flights.run(b"key", fail)

    assert flights.run(b"key", work) == ("own", True)


def test_who_has_waited_long_enough_works_too() -> None:
    assert flights_with(_Flight(), patience_seconds=0.01).run(b"key", work) == ("own", True)


def test_the_end_of_the_working_thread_is_not_the_others_end() -> None:
    flight: _Flight[str] = _Flight()
    flight.land(None, KeyboardInterrupt())

    assert flights_with(flight).run(b"key", work) == ("own", True)


def test_what_one_works_on_is_shared_while_it_works() -> None:
    flights: SingleFlight[str] = SingleFlight(PATIENCE_SECONDS)
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert may_end.wait(PATIENCE_SECONDS)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.run, b"key", slow)
        assert begun.wait(PATIENCE_SECONDS)
        shared = flights._flights[b"key"]
        may_end.set()

        assert first.result() == ("slow", True)
    assert shared.result_within(PATIENCE_SECONDS) == "slow"
