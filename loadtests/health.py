"""What the generator knows of its own condition: was it late, busy, paused, short of sockets?

Separate from the recorder, which keeps what servers did: this is what the generator did to the
measurement. Pure; whoever owns a meter tells it what happened and when (seconds of the block). Lag,
pauses and CPU time count in the measured window only, as a ramp and its start-up have their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """Of one Locust process, or of all together; the names are fields of `LoadRecord`."""

    scheduling_lag_ms_max: float = 0.0
    """Longest delay of a 50 ms timer."""
    gc_pause_ms_max: float = 0.0
    """Longest garbage collection: nothing else runs meanwhile."""
    gc_pause_ms: float = 0.0
    """All of them together."""
    process_cpu_share_max: float = 0.0
    """CPU time of the busiest process, as a share of one core."""
    connections_opened: int = 0
    """In the whole block."""
    requests_delayed: int = 0
    """Of an open model: those that found every connection busy, in the whole block."""


def together(parts: Iterable[Health]) -> Health:
    """Of several processes: the worst of what is a maximum, the sum of what is counted."""
    every = [Health(), *parts]
    return Health(
        scheduling_lag_ms_max=max(one.scheduling_lag_ms_max for one in every),
        gc_pause_ms_max=max(one.gc_pause_ms_max for one in every),
        gc_pause_ms=sum(one.gc_pause_ms for one in every),
        process_cpu_share_max=max(one.process_cpu_share_max for one in every),
        connections_opened=sum(one.connections_opened for one in every),
        requests_delayed=sum(one.requests_delayed for one in every),
    )


class HealthMeter:
    """Of one process, for one block."""

    def __init__(self, *, warm_up_seconds: float, block_seconds: float) -> None:
        self._begin = warm_up_seconds
        self._end = block_seconds
        self._lag_ms_max = 0.0
        self._gc_pause_ms_max = 0.0
        self._gc_pause_ms = 0.0
        self._cpu: list[tuple[float, float]] = []
        self._connections = 0
        self._delayed = 0

    def add_lag(self, at_seconds: float, lag_seconds: float) -> None:
        """Note how late a timer of the generator fired that was due at `at_seconds`."""
        if self._measured(at_seconds):
            self._lag_ms_max = max(self._lag_ms_max, lag_seconds * 1000)

    def add_gc_pause(self, at_seconds: float, pause_seconds: float) -> None:
        if self._measured(at_seconds):
            self._gc_pause_ms_max = max(self._gc_pause_ms_max, pause_seconds * 1000)
            self._gc_pause_ms += pause_seconds * 1000

    def add_cpu_reading(self, at_seconds: float, cpu_seconds: float) -> None:
        """Note the CPU time that the process has used by then."""
        if self._measured(at_seconds):
            self._cpu[1:] = [(at_seconds, cpu_seconds)]

    def connection_opened(self) -> None:
        self._connections += 1

    def request_delayed(self) -> None:
        self._delayed += 1

    def health(self) -> Health:
        """So far."""
        return Health(
            scheduling_lag_ms_max=self._lag_ms_max,
            gc_pause_ms_max=self._gc_pause_ms_max,
            gc_pause_ms=self._gc_pause_ms,
            process_cpu_share_max=self._cpu_share(),
            connections_opened=self._connections,
            requests_delayed=self._delayed,
        )

    def _measured(self, at_seconds: float) -> bool:
        return self._begin <= at_seconds < self._end

    def _cpu_share(self) -> float:
        if len(self._cpu) < 2:
            return 0.0
        (first_at, first), (last_at, last) = self._cpu[0], self._cpu[-1]
        return (last - first) / (last_at - first_at)
