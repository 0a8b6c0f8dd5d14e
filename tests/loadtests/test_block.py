from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals import arrivals
from loadtests.behaviour import turns
from loadtests.block import Block, Part
from loadtests.profiles import PROFILES, customised
from loadtests.shape import start_seconds
from tests.loadtests.fake_clock import FakeClock

QUICK = PROFILES["quick"]
ARRIVALS = PROFILES["arrivals"]


def test_users_are_numbered_in_order_of_creation() -> None:
    block = Block(QUICK, seed=5, clock=FakeClock())

    for number in (1, 2, 3):
        user = block.new_user()

        assert user.number == number
        assert [one.start_seconds for one in user.presences] == [start_seconds(QUICK, number)]
        assert list(islice(user.turns, 10)) == list(islice(turns(QUICK, 5, number), 10))


def test_time_counts_from_the_creation() -> None:
    clock = FakeClock()
    block = Block(QUICK, seed=5, clock=clock)

    clock.now += 4

    assert (block.elapsed_seconds, block.left_seconds) == (4, 6)
    assert (block.seconds_at(1003), block.moment_at(3)) == (3, 1003)


def test_a_block_may_begin_a_little_later() -> None:
    block = Block(QUICK, seed=5, clock=FakeClock(), begins_in_seconds=2.0)

    assert (block.elapsed_seconds, block.left_seconds) == (-2, 12)


@pytest.mark.parametrize("processes", [1, 2, 3, 7, 30])
def test_every_user_is_in_exactly_one_part(processes: int) -> None:
    blocks = [Block(QUICK, 1, FakeClock(), Part(at, processes)) for at in range(processes)]

    made = [block.new_user() for block in blocks for _ in range(-(-QUICK.users // processes))]

    there = sorted(user.number for user in made if user.presences)
    assert there == list(range(1, QUICK.users + 1))


def test_users_beyond_the_last_are_never_there() -> None:
    block = Block(customised(QUICK, users=1), seed=1, clock=FakeClock(), part=Part(1, 2))

    assert block.new_user().presences == ()


@given(st.integers(1, 8))
def test_every_arrival_is_in_exactly_one_part(processes: int) -> None:
    parts = [Block(ARRIVALS, 3, FakeClock(), Part(at, processes)) for at in range(processes)]

    found = [arrival for part in parts for arrival in part.arrivals()]

    assert sorted(found, key=lambda one: one.number) == list(arrivals(ARRIVALS, 3))


@given(st.integers(1, 9), st.integers(1, 100))
def test_the_connections_of_all_parts_are_those_of_the_profile(
    processes: int, max_connections: int
) -> None:
    assert ARRIVALS.open is not None
    few = replace(ARRIVALS, open=replace(ARRIVALS.open, max_connections=max_connections))
    parts = [Block(few, 1, FakeClock(), Part(at, processes)) for at in range(processes)]

    assert sum(part.max_connections for part in parts) == max(max_connections, processes)


def test_a_block_is_quiet_when_nothing_is_in_flight_and_nothing_due() -> None:
    block = Block(ARRIVALS, seed=1, clock=FakeClock())
    found = [block.is_quiet]
    block.schedules += 1
    found.append(block.is_quiet)
    block.in_flight += 1
    block.schedules -= 1
    found.append(block.is_quiet)
    block.in_flight -= 1
    found.append(block.is_quiet)

    assert found == [True, False, False, True]


def test_active_are_the_users_or_else_the_requests_in_flight() -> None:
    users, schedule = (Block(profile, 1, FakeClock()) for profile in (QUICK, ARRIVALS))

    users.active_users.add("somebody")
    schedule.in_flight = 3

    assert (users.active, schedule.active) == (1, 3)


def test_a_request_that_was_never_sent_is_a_failure() -> None:
    clock = FakeClock()
    block = Block(ARRIVALS, seed=1, clock=clock)
    unsent = next(block.arrivals())
    clock.now += 45

    block.note_unsent(unsent)

    counts = block.recorder.snapshot(45.0)
    assert (counts["requests"], counts["errors"]) == (1, {"no free connection": 1})
