"""The engine on gevent, against a target whose answers the test gives."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import gevent
from gevent.event import Event

from loadtests.arrivals import Arrival
from loadtests.behaviour import Request
from loadtests.closed_model import Send
from loadtests.open_model import OpenModel
from tests.loadtests.fake_clock import FakeClock

NEVER = 1e9


def schedule(*due_seconds: float) -> list[Arrival]:
    return [
        Arrival(number, due, Request("/", f"/{number}"))
        for number, due in enumerate(due_seconds, start=1)
    ]


@dataclass
class Target:
    """Each connection has a number; a request is answered once `open` is set."""

    open: Event = field(default_factory=Event)
    connections: int = 0
    sent: list[tuple[int, str, float]] = field(default_factory=list)
    answered: int = 0
    delayed: list[None] = field(default_factory=list)

    def new_send(self) -> Send:
        self.connections += 1
        connection = self.connections

        def send(request: Request, intended_seconds: float) -> None:
            self.sent.append((connection, request.path, intended_seconds))
            self.open.wait()
            self.answered += 1

        return send


@dataclass
class Sleeper:
    """Sleeping moves the fake clock, and lets the other greenlets run."""

    clock: FakeClock

    def sleep_until(self, seconds: float) -> None:
        self.clock.sleep_until(seconds)
        for _ in range(5):
            gevent.sleep(0)


def a_model(target: Target, clock: FakeClock, max_connections: int) -> OpenModel:
    return OpenModel(
        max_connections=max_connections,
        new_send=target.new_send,
        sleep_until=Sleeper(clock).sleep_until,
        elapsed_seconds=lambda: clock.elapsed_seconds,
        delayed=lambda: target.delayed.append(None),
    )


def answering() -> Target:
    target = Target()
    target.open.set()
    return target


def opening_at(seconds: float, of: list[Arrival], target: Target) -> Iterator[Arrival]:
    """The schedule; the target begins to answer when it comes to this moment."""
    for arrival in of:
        if arrival.due_seconds >= seconds:
            target.open.set()
        yield arrival


def test_each_request_is_sent_with_its_own_due_moment() -> None:
    target, clock = answering(), FakeClock()

    unsent = a_model(target, clock, max_connections=3).run(schedule(0, 0.5, 0.5, 2), NEVER)

    assert [(path, due) for _, path, due in target.sent] == [
        ("/1", 0),
        ("/2", 0.5),
        ("/3", 0.5),
        ("/4", 2),
    ]
    assert (unsent, target.answered) == ((), 4)


def test_one_connection_is_enough_while_answers_come_in_time() -> None:
    target = answering()

    a_model(target, FakeClock(), max_connections=9).run(schedule(0, 1, 2, 3, 4), NEVER)

    assert target.connections == 1


def test_requests_start_though_earlier_ones_are_not_answered() -> None:
    target = Target()
    gevent.spawn_later(0.05, target.open.set)

    a_model(target, FakeClock(), max_connections=9).run(schedule(0, 1, 2, 3), NEVER)

    assert [(connection, due) for connection, _, due in target.sent] == [
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 3),
    ]


def test_the_most_recently_used_connection_is_taken_again() -> None:
    target = Target()
    due = schedule(0, 0, 0, 5, 6, 7)

    a_model(target, FakeClock(), max_connections=9).run(opening_at(5, due, target), NEVER)

    later = [connection for connection, path, _ in target.sent if path in {"/5", "/6"}]
    assert len(set(later)) == 1


def test_above_the_maximum_a_request_waits_and_keeps_its_due_moment() -> None:
    target, clock = Target(), FakeClock()
    model = a_model(target, clock, max_connections=2)

    unsent = model.run(opening_at(4, schedule(0, 1, 2, 3, 4), target), NEVER)

    assert target.connections == 2
    assert sorted(path for _, path, _ in target.sent) == ["/1", "/2", "/3", "/4", "/5"]
    assert sorted(due for *_, due in target.sent) == [0, 1, 2, 3, 4]
    assert len(target.delayed) >= 2
    assert unsent == ()


def test_what_never_gets_a_connection_is_returned() -> None:
    target, clock = Target(), FakeClock()
    model = a_model(target, clock, max_connections=1)
    gevent.spawn_later(0.05, target.open.set)

    unsent = model.run(schedule(0, 1, 2), give_up_seconds=2)

    assert [arrival.number for arrival in unsent] == [2, 3]
    assert target.answered == 1


def test_a_generator_that_is_late_sends_everything_still() -> None:
    target, clock = answering(), FakeClock()
    clock.now += 100

    a_model(target, clock, max_connections=50).run(schedule(*[0.1] * 500), NEVER)

    assert target.answered == 500
