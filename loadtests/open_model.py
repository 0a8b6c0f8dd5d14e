"""Sends requests when they are due, whatever the answers do.

Separate from the schedule (arrivals.py), which is arithmetic: here are greenlets. One greenlet
keeps time; each connection has one that carries out exchanges. The most recently used idle
connection is taken, else a new one is opened, up to a stated maximum; above it a request waits for
the first connection that becomes free. It is not skipped, and its latency counts from when it was
due. What has still not been sent long after the block's end is recorded as failed.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from gevent.pool import Group

from loadtests.arrivals import Arrival
from loadtests.closed_model import Send, SleepUntil

# Even a generator that is late lets answers be read after so many sends.
_SENDS_IN_A_ROW = 32
_LOOK_SECONDS = 0.01


class OpenModel:
    """The connections of one process, and the requests that wait for one."""

    def __init__(
        self,
        *,
        max_connections: int,
        new_send: Callable[[], Send],
        sleep_until: SleepUntil,
        elapsed_seconds: Callable[[], float],
        delayed: Callable[[], None] = lambda: None,
    ) -> None:
        """`delayed` is called for each request that finds every connection busy."""
        self._max_connections = max_connections
        self._new_send = new_send
        self._sleep_until = sleep_until
        self._elapsed_seconds = elapsed_seconds
        self._delayed = delayed
        self._connections = Group()
        self._idle: list[Any] = []
        self._waiting: deque[Arrival] = deque()

    def run(self, schedule: Iterable[Arrival], give_up_seconds: float) -> tuple[Arrival, ...]:
        """Send every request of the schedule, and wait for the answers.

        Returns those that `give_up_seconds` of the block find still without a connection.
        """
        try:
            self._keep_time(schedule)
            while self._waiting and self._elapsed_seconds() < give_up_seconds:
                gevent.sleep(_LOOK_SECONDS)
            unsent = tuple(self._waiting)
            self._waiting.clear()
            while len(self._idle) < len(self._connections):
                gevent.sleep(_LOOK_SECONDS)
            return unsent
        finally:
            self._connections.kill(block=False)

    def _keep_time(self, schedule: Iterable[Arrival]) -> None:
        in_a_row = 0
        for arrival in schedule:
            in_a_row += 1
            if arrival.due_seconds > self._elapsed_seconds() or in_a_row == _SENDS_IN_A_ROW:
                self._sleep_until(arrival.due_seconds)
                in_a_row = 0
            self._dispatch(arrival)

    def _dispatch(self, arrival: Arrival) -> None:
        if self._idle:
            connection = self._idle.pop()
            gevent.get_hub().loop.run_callback(connection.switch, arrival)
        elif len(self._connections) < self._max_connections:
            self._connections.spawn(self._serve, arrival)
        else:
            self._delayed()
            self._waiting.append(arrival)

    def _serve(self, arrival: Arrival) -> None:
        send = self._new_send()
        hub, this = gevent.get_hub(), gevent.getcurrent()
        while True:
            send(arrival.request, arrival.due_seconds)
            if self._waiting:
                arrival = self._waiting.popleft()
            else:
                self._idle.append(this)
                arrival = hub.switch()
