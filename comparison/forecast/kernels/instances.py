"""Instances and their workers: event loops that share an instance's vCPUs.

Each queue is served first come first served by one worker, or by all of an instance; the requests
being computed share the vCPUs evenly. With one worker that is M/G/1, with as many workers as vCPUs
M/G/c, with more workers than requests processor sharing. Sharing is counted in virtual time: it
runs as fast as each computed request gets CPU, so that a request ends when virtual time has gone on
by its CPU seconds, whatever comes and goes meanwhile.
"""

import numpy as np

from comparison.forecast.kernels.clients import NOBODY
from comparison.forecast.kernels.compiled import Array, Row, compiled

FLEET = np.dtype(
    [
        ("vcpus", "f8"),
        ("queues", "i8"),
        ("servers", "i8"),
        ("balanced", "i8"),
        ("in_service", "i8"),
        ("stopped", "i8"),
        ("turn", "i8"),
        ("oldest", "i8"),
        ("youngest", "i8"),
        ("unit_seconds", "f8"),
    ]
)
"""`queues` of an instance with `servers` workers each; `oldest` and `youngest` attempt that still
waits for its answer."""
INSTANCE = np.dtype(
    [
        ("next_done", "f8"),
        ("virtual", "f8"),
        ("updated", "f8"),
        ("rate", "f8"),
        ("speed", "f8"),
        ("running", "i8"),
        ("busy", "f8"),
        ("busy_before", "f8"),
        ("busy_period", "f8"),
        ("credits", "f8"),
        ("surplus", "f8"),
        ("in_rotation", "i8"),
        ("stopped", "i8"),
    ]
)
"""`busy` are vCPU-seconds so far; `busy_before` at the last look at credits, `busy_period` at the
last of the scaling policy. The last two are columns of their own: the numbers of the instances in
service, and of the others."""
COMPUTED = np.dtype([("finish", "f8"), ("call", "i8")])
"""(instances, workers): the virtual time at which a request is computed."""
QUEUE = np.dtype([("first", "i8"), ("last", "i8"), ("working", "i8"), ("oldest_queued", "i8")])
"""First and last waiting call, how many of its workers are busy; the last is accepting.py's."""


@compiled
def first_done(instances: Array) -> int:
    """The instance whose request is computed next."""
    found = 0
    for number in range(1, len(instances)):
        if instances[number].next_done < instances[found].next_done:
            found = number
    return found


@compiled
def advance(fleet: Row, instance: Row, now: float) -> None:
    """Bring an instance to the present."""
    if instance.running > 0:
        passed = now - instance.updated
        instance.virtual += passed * instance.rate
        used = min(float(instance.running), fleet.vcpus)
        instance.busy += passed * used * instance.speed
    instance.updated = now


@compiled
def reschedule(fleet: Row, instance: Row, computed: Array) -> None:
    """Work out when its next request is computed, after anything changed."""
    if instance.running == 0:
        instance.next_done = np.inf
        return
    instance.rate = instance.speed * min(1.0, fleet.vcpus / instance.running)
    earliest = computed[0].finish
    for place in range(1, instance.running):
        earliest = min(earliest, computed[place].finish)
    left = max(earliest - instance.virtual, 0.0)
    instance.next_done = instance.updated + left / instance.rate


@compiled
def _start(instance: Row, computed: Array, queue: Row, number: int, work: float) -> None:
    place = computed[instance.running]
    place.finish = instance.virtual + work
    place.call = number
    instance.running += 1
    queue.working += 1


@compiled
def enqueue(
    fleet: Row,
    instances: Array,
    computed: Array,
    queues: Array,
    calls: Array,
    number: int,
    now: float,
) -> None:
    """Give a request to the worker of its queue, or let it wait."""
    call = calls[number]
    queue = queues[call.queue]
    if queue.working < fleet.servers:
        place = call.queue // fleet.queues
        instance = instances[place]
        advance(fleet, instance, now)
        _start(instance, computed[place], queue, number, call.work)
        reschedule(fleet, instance, computed[place])
        return
    call.next = NOBODY
    if queue.first == NOBODY:
        queue.first = number
    else:
        calls[queue.last].next = number
    queue.last = number


@compiled
def complete(
    fleet: Row, instance: Row, computed: Array, queues: Array, calls: Array, now: float
) -> int:
    """Take the request that an instance has computed; the next of its queue begins."""
    advance(fleet, instance, now)
    done = 0
    for other in range(1, instance.running):
        if computed[other].finish < computed[done].finish:
            done = other
    number = computed[done].call
    instance.running -= 1
    computed[done].finish = computed[instance.running].finish
    computed[done].call = computed[instance.running].call
    queue = queues[calls[number].queue]
    queue.working -= 1
    following = queue.first
    if following != NOBODY:
        queue.first = calls[following].next
        _start(instance, computed, queue, following, calls[following].work)
    reschedule(fleet, instance, computed)
    return int(number)


@compiled
def remember(fleet: Row, calls: Array, number: int) -> None:
    """Append an attempt to those that wait for an answer, in the order in which they give up."""
    call = calls[number]
    call.older = fleet.youngest
    call.younger = NOBODY
    if fleet.youngest == NOBODY:
        fleet.oldest = number
    else:
        calls[fleet.youngest].younger = number
    fleet.youngest = number


@compiled
def forget(fleet: Row, calls: Array, number: int) -> None:
    """Take an attempt out of these."""
    call = calls[number]
    if call.older == NOBODY:
        fleet.oldest = call.younger
    else:
        calls[call.older].younger = call.younger
    if call.younger == NOBODY:
        fleet.youngest = call.older
    else:
        calls[call.younger].older = call.older
