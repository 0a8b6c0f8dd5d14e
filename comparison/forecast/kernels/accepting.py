"""Connections that are opened for each request: slots, the accept queue, SYNs sent again.

A process serves so many connections at a time; so many more wait in its accept queue. When that is
full the kernel drops the SYN, and the client's kernel sends it again after 1 s, 3 s, 7 s...
(RFC 6298): this is what makes a few requests slow by whole seconds while the median stays low.
"""

import numpy as np

from comparison.forecast.kernels.compiled import Array, Row, compiled
from comparison.forecast.kernels.event_heap import replace_earliest

ACCEPT = np.dtype(
    [
        ("limited", "i8"),
        ("slots", "i8"),
        ("length", "i8"),
        ("hold", "f8"),
        ("first_retransmission", "f8"),
    ]
)
"""`free_at` holds when each process' slots are free, `queued` the last `length` times at which each
accepted or will accept a connection that had to wait."""
DROPPED = -1.0


@compiled
def accept_at(
    accept: Row,
    free_at: Array,
    queued: Array,
    queues: Array,
    process: int,
    now: float,
    seconds: float,
) -> float:
    """When a connection is accepted that is then served for so long; DROPPED: the queue is full."""
    start = process * accept.slots
    accepted = max(now, free_at[start])
    if accepted > now:
        if accept.length == 0:
            return DROPPED
        oldest = queues[process].oldest_queued
        place = process * accept.length + oldest
        # Accepted in order: when the last but `length` still waits, all of them do.
        if queued[place] > now:
            return DROPPED
        queued[place] = accepted
        queues[process].oldest_queued = (oldest + 1) % accept.length
    replace_earliest(free_at, start, accept.slots, accepted + accept.hold + seconds)
    return float(accepted)
