"""Lambda's execution environments: reuse, cold starts, concurrency, scaling, expiry.

The rules are those of the emulator (emulation/sandboxes.py), here for millions of requests: an
environment has one request at a time, the one that became free last is used first, and one that
stays idle for too long is gone.
"""

import numpy as np

from comparison.forecast.kernels.compiled import Array, Row, compiled
from comparison.forecast.kernels.event_heap import pop, push
from comparison.forecast.kernels.token_bucket import take

GATEWAY, REQUEST_RATE, SCALING = 0, 1, 2
"""Positions of the buckets."""
NONE = -1

FUNCTION = np.dtype(
    [
        ("concurrency", "i8"),
        ("provisioned", "i8"),
        ("idle_expiry", "f8"),
        ("overhead", "f8"),
        ("deadline", "f8"),
        ("proxy", "i8"),
        ("max_connections", "i8"),
        ("busy", "i8"),
        ("ready", "i8"),
        ("idle", "i8"),
        ("oldest_idle", "i8"),
        ("unused", "i8"),
        ("existing", "i8"),
        ("connected", "i8"),
        ("cold_starts", "i8"),
        ("busy_area", "f8"),
        ("counted_until", "f8"),
        ("billed", "f8"),
    ]
)
"""Settings in seconds and numbers, then how many environments are in which state."""
PLACE = np.dtype(
    [("idle", "i8"), ("idle_since", "f8"), ("ready", "i8"), ("unused", "i8"), ("connected", "i8")]
)
"""Columns of their own: a ring of the idle, of which the youngest is taken and the oldest expires;
stacks of provisioned ones without a request and of unused numbers; whether an environment holds a
database connection."""


@compiled
def release(function: Row, busy: Array, places: Array, now: float) -> None:
    """Let all requests end that have ended by now, then what was idle for too long."""
    while function.busy > 0 and busy[0].time <= now:
        ended = busy[0].time
        environment = busy[0].what
        count_busy(function, ended)
        function.busy = pop(busy, function.busy)
        if environment < function.provisioned:
            places[function.ready].ready = environment
            function.ready += 1
        else:
            place = places[(function.oldest_idle + function.idle) % len(places)]
            place.idle = environment
            place.idle_since = ended
            function.idle += 1
    while (
        function.idle > 0 and now - places[function.oldest_idle].idle_since >= function.idle_expiry
    ):
        _expire_oldest(function, places)


@compiled
def count_busy(function: Row, now: float) -> None:
    """Add up busy environments times seconds."""
    function.busy_area += function.busy * (now - function.counted_until)
    function.counted_until = now


@compiled
def _expire_oldest(function: Row, places: Array) -> None:
    environment = places[function.oldest_idle].idle
    function.oldest_idle = (function.oldest_idle + 1) % len(places)
    function.idle -= 1
    function.existing -= 1
    function.connected -= places[environment].connected
    places[environment].connected = 0
    places[function.unused].unused = environment
    function.unused += 1


@compiled
def acquire(function: Row, buckets: Array, places: Array, now: float) -> int:
    """The environment for a request, or NONE: throttled. A cold start raises `cold_starts`."""
    if function.busy >= function.concurrency or not take(buckets, REQUEST_RATE, now):
        return NONE
    if function.ready > 0:
        function.ready -= 1
        return int(places[function.ready].ready)
    if function.idle > 0:
        function.idle -= 1
        return int(places[(function.oldest_idle + function.idle) % len(places)].idle)
    if not take(buckets, SCALING, now):
        return NONE
    function.unused -= 1
    function.existing += 1
    function.cold_starts += 1
    return int(places[function.unused].unused)


@compiled
def occupy(function: Row, busy: Array, environment: int, now: float, seconds: float) -> None:
    """Let an environment be busy for so long."""
    count_busy(function, now)
    function.busy = push(busy, function.busy, now + seconds, environment)
    function.billed += seconds


@compiled
def connect(function: Row, places: Array, environment: int) -> bool:
    """Open an environment's own database connection, if it has none; False: too many are open."""
    if function.proxy != 0 or places[environment].connected != 0:
        return True
    if function.connected >= function.max_connections:
        return False
    places[environment].connected = 1
    function.connected += 1
    return True
