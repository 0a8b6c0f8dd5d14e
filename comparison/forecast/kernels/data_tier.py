"""The cache and the database: waiting for their CPU, and for a connection.

Both take requests in the order in which they come, so it is enough to know when each of their
cores, and each connection, is free again: an answer's time is known as soon as its request is sent
(Kiefer and Wolfowitz, "On the theory of queues with many servers", 1955). So are the cores that
Lambda's environments share on one machine.
"""

import numpy as np

from comparison.forecast.kernels.compiled import Array, Row, compiled
from comparison.forecast.kernels.event_heap import replace_earliest

TIER = np.dtype(
    [
        ("cache_threads", "i8"),
        ("cores", "i8"),
        ("connections", "i8"),
        ("host_cores", "i8"),
        ("wait_limit", "f8"),
        ("proxy", "f8"),
        ("cache_busy", "f8"),
        ("database_busy", "f8"),
        ("host_busy", "f8"),
    ]
)
"""How many there are of each; then seconds. `free_at` holds, in this order, when each of them is
free again."""


@compiled
def start_on(free_at: Array, start: int, size: int, now: float, seconds: float) -> float:
    """Take whichever of these servers is free first for that long; when it begins."""
    begins = max(now, free_at[start])
    replace_earliest(free_at, start, size, begins + seconds)
    return float(begins)


@compiled
def cache_wait(tier: Row, free_at: Array, now: float, cpu: float) -> float:
    """How long a command waits for the cache's thread."""
    if cpu <= 0.0:
        return 0.0
    tier.cache_busy += cpu
    return start_on(free_at, 0, tier.cache_threads, now, cpu) - now


@compiled
def database_wait(tier: Row, free_at: Array, now: float, cpu: float, rest: float) -> float:
    """How long a query waits for a connection and for a core; below 0 where it gets none in time.

    The connection is held for the CPU time and the rest, the way back.
    """
    cores = tier.cache_threads
    connections = cores + tier.cores
    granted = max(now, free_at[connections])
    if granted - now > tier.wait_limit:
        return -1.0
    begins = start_on(free_at, cores, tier.cores, granted, cpu)
    replace_earliest(free_at, connections, tier.connections, begins + cpu + rest)
    tier.database_busy += cpu
    return float(begins - now + tier.proxy)


@compiled
def host_wait(tier: Row, free_at: Array, now: float, cpu: float) -> float:
    """How long a request waits for a core that all environments share."""
    if tier.host_cores == 0:
        return 0.0
    tier.host_busy += cpu
    start = tier.cache_threads + tier.cores + tier.connections
    return start_on(free_at, start, tier.host_cores, now, cpu) - now
