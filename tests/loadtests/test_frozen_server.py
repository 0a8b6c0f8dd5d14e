"""A server that stands still for a second, under the open model: what the two latencies say.

In fake time the truth is arithmetic. Requests are due every 10 ms and take 1 ms; the server is
frozen from just before 5 s on for 0.995 s: what reaches it in that time is answered at its end.
"""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import gevent
import pytest
from gevent.event import Event

from comparison.latency import Distribution, max_ms, percentile_ms
from comparison.latency_log import INTENDED, SENT, LatencyLog, measured_successes, parse
from loadtests.arrivals import Arrival, arrivals
from loadtests.behaviour import Request
from loadtests.histogram_log import header
from loadtests.open_model import OpenModel
from loadtests.profiles import PROFILES
from loadtests.recorder import Recorder

RATE = 100
BLOCK_SECONDS = 20.0
SERVICE_SECONDS = 0.001
FREEZE_BEGIN, FREEZE_END = 5.0, 5.995
REQUESTS = round(RATE * BLOCK_SECONDS)
# The smallest value that 99.9 % of 2,000 requests do not exceed is the third largest.
THIRD_LARGEST = 2
NEVER = 1e9


@dataclass
class FakeWorld:
    """A clock that jumps to the next moment that anybody waits for, once nobody has more to do."""

    now: float = 0.0
    _sleepers: list[tuple[float, int, Event]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    def sleep_until(self, moment: float) -> None:
        wakes = Event()
        heapq.heappush(self._sleepers, (moment, next(self._order), wakes))
        wakes.wait()

    def carry_out(self, work: Callable[[], object]) -> None:
        working = gevent.spawn(work)
        while not working.ready():
            for _ in range(4):
                gevent.sleep(0)
            if self._sleepers:
                moment, _, wakes = heapq.heappop(self._sleepers)
                self.now = max(self.now, moment)
                wakes.set()
        working.get()


@dataclass
class FrozenServer:
    """Each connection carries one request at a time; what it sees goes into the recorder."""

    world: FakeWorld
    recorder: Recorder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, request: Request, intended_seconds: float) -> None:
        sent = self.world.now
        reaches = FREEZE_END if FREEZE_BEGIN <= sent < FREEZE_END else sent
        self.world.sleep_until(reaches + SERVICE_SECONDS)
        label = (request.route, 200, None, "hit", False)
        self.recorder.add(label, [intended_seconds, sent, self.world.now, 600])


def schedule() -> list[Arrival]:
    profile = PROFILES["arrivals"]
    assert profile.open is not None
    constant = replace(profile.open, rate=float(RATE), spacing="constant")
    return [*arrivals(replace(profile, block_seconds=BLOCK_SECONDS, open=constant), seed=1)]


def log_of(max_connections: int) -> LatencyLog:
    world = FakeWorld()
    recorder = Recorder(warm_up_seconds=0.0, block_seconds=BLOCK_SECONDS)
    model = OpenModel(
        max_connections=max_connections,
        new_send=lambda: FrozenServer(world, recorder),
        sleep_until=world.sleep_until,
        elapsed_seconds=lambda: world.now,
    )
    world.carry_out(lambda: model.run(schedule(), NEVER))
    return parse(header(0.0) + "".join(recorder.close(None)), "log")


@pytest.fixture(scope="module")
def many_connections() -> LatencyLog:
    return log_of(max_connections=500)


@pytest.fixture(scope="module")
def one_connection() -> LatencyLog:
    return log_of(max_connections=1)


def delayed(found: Distribution) -> int:
    """Requests that took longer than the service does."""
    return int(found.counts[found.values_us > SERVICE_SECONDS * 1e6].sum())


def test_as_many_requests_are_delayed_as_were_due_while_the_server_stood_still(
    many_connections: LatencyLog,
) -> None:
    found = measured_successes(many_connections, INTENDED)

    assert found.samples == REQUESTS
    # Whole requests: one is due every 10 ms.
    assert abs(delayed(found) - RATE * (FREEZE_END - FREEZE_BEGIN)) < 1


def test_the_corrected_tail_is_the_analytic_one(many_connections: LatencyLog) -> None:
    found = measured_successes(many_connections, INTENDED)

    # The k-th request of the freeze waits for what is left of it.
    exact_ms = 1000 * (FREEZE_END - FREEZE_BEGIN - THIRD_LARGEST / RATE + SERVICE_SECONDS)
    assert percentile_ms(found, "99.9") == pytest.approx(exact_ms, rel=1e-3)
    assert max_ms(found) == pytest.approx(1000 * (0.995 + SERVICE_SECONDS), rel=1e-3)


def test_with_one_connection_the_corrected_tail_holds_the_queue_as_well(
    one_connection: LatencyLog,
) -> None:
    found = measured_successes(one_connection, INTENDED)

    # The k-th is served after the k before it, and was due k / RATE later than the first.
    waits = 0.995 + SERVICE_SECONDS * (1 + THIRD_LARGEST) - THIRD_LARGEST / RATE
    assert percentile_ms(found, "99.9") == pytest.approx(1000 * waits, rel=1e-3)
    # Until the backlog is gone: 0.995 s, served at 1 ms each while one more comes every 10 ms.
    assert delayed(found) == pytest.approx(0.995 / (1 / RATE - SERVICE_SECONDS), abs=1)


def test_from_the_send_the_same_second_is_a_single_slow_request(
    one_connection: LatencyLog,
) -> None:
    found = measured_successes(one_connection, SENT)

    assert delayed(found) == 1
    assert percentile_ms(found, "99.9") == pytest.approx(1000 * SERVICE_SECONDS, rel=1e-3)
    assert max_ms(found) == pytest.approx(1000 * (0.995 + SERVICE_SECONDS), rel=1e-3)


def test_by_second_the_freeze_is_where_it_was(many_connections: LatencyLog) -> None:
    slowest_ms = {
        second: max_ms(part.only(start=INTENDED).distribution())
        for second, part in many_connections.by_second().items()
    }

    assert {second for second, slowest in slowest_ms.items() if slowest and slowest > 2} == {5.0}
