"""What happens later: a binary heap of times and what happens then; and one of times only.

A heap is as long as it may become; the caller keeps its size. Several heaps of times lie one after
the other in one array, each full from the start.
"""

import numpy as np

from comparison.forecast.kernels.compiled import Array, compiled

EVENT = np.dtype([("time", "f8"), ("what", "i8")])
WAKE, SEND, CONNECT, ACCEPTED, START = 0, 1, 2, 3, 4
"""What an item is about: a user has thought; a retry is due; a SYN is sent again; a connection is
accepted; an instance is ready. The rest of the item is the number of a call or an instance."""
_KINDS = 8


@compiled
def item_of(number: int, kind: int) -> int:
    return number * _KINDS + kind


@compiled
def kind_of(item: int) -> int:
    return item % _KINDS


@compiled
def number_of(item: int) -> int:
    return item // _KINDS


@compiled
def push(heap: Array, size: int, time: float, item: int) -> int:
    """Add an item; the new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if heap[above].time <= time:
            break
        heap[at].time = heap[above].time
        heap[at].what = heap[above].what
        at = above
    heap[at].time = time
    heap[at].what = item
    return size + 1


@compiled
def pop(heap: Array, size: int) -> int:
    """Take the earliest away, after it was read from position 0; the new size."""
    last = size - 1
    time = heap[last].time
    item = heap[last].what
    at = 0
    child = 1
    while child < last:
        if child + 1 < last and heap[child + 1].time < heap[child].time:
            child += 1
        if time <= heap[child].time:
            break
        heap[at].time = heap[child].time
        heap[at].what = heap[child].what
        at = child
        child = 2 * at + 1
    heap[at].time = time
    heap[at].what = item
    return last


@compiled
def replace_earliest(times: Array, start: int, size: int, time: float) -> None:
    """Put a later time in the place of the earliest, times[start], of `size` times."""
    at = 0
    child = 1
    while child < size:
        if child + 1 < size and times[start + child + 1] < times[start + child]:
            child += 1
        if time <= times[start + child]:
            break
        times[start + at] = times[start + child]
        at = child
        child = 2 * at + 1
    times[start + at] = time
