"""The users: when they ask, how long they wait, what they do when an attempt fails.

Shared by both architectures. A call is what a user wants; an attempt is one request for it. A
server that knows when an attempt will be answered says so at once (settle()), if that lies ahead
too: the user's next step is put into the heap.
"""

import numpy as np

from comparison.forecast.kernels.compiled import Array, Row, compiled
from comparison.forecast.kernels.event_heap import SEND, WAKE, item_of, push
from comparison.forecast.kernels.latency_counters import COUNTERS, count
from comparison.forecast.kernels.random_numbers import exponential, pick, uniform

ANSWERED = -1
CLIENT_TIMEOUT, NO_CONNECTION, GATEWAY_THROTTLED = 0, 1, 2
GATEWAY_TIMEOUT, FUNCTION_THROTTLED, NO_DATABASE = 3, 4, 5
"""Positions in scenario.REASONS."""
_REASONS = 6
ERRORS, ATTEMPT_ERRORS = COUNTERS, COUNTERS + _REASONS
"""Where the failures by reason begin, of calls and of attempts, behind the latency counters."""
ALL_COUNTERS = COUNTERS + 2 * _REASONS
NOBODY = -1

USERS = np.dtype(
    [
        ("closed", "i8"),
        ("think_min", "f8"),
        ("think_max", "f8"),
        ("step_seconds", "f8"),
        ("duration", "f8"),
        ("warm_up", "f8"),
        ("timeout", "f8"),
        ("network", "f8"),
        ("retries", "i8"),
        ("backoff", "f8"),
        ("random", "u8"),
        ("step", "i8"),
        ("next_step", "f8"),
        ("rate", "f8"),
        ("next_open", "f8"),
        ("users", "i8"),
        ("leaving", "i8"),
        ("outstanding", "i8"),
        ("free", "i8"),
        ("first_free", "i8"),
        ("heap_size", "i8"),
        ("requests", "i8"),
        ("attempts", "i8"),
        ("answered", "i8"),
    ]
)
"""Settings, in seconds (`network` is added to each answer), and from `random` on what changes."""
CALL = np.dtype(
    [
        ("first", "f8"),
        ("sent", "f8"),
        ("work", "f8"),
        ("service", "f8"),
        ("attempt", "i4"),
        ("kind", "i4"),
        ("queue", "i4"),
        ("given_up", "i4"),
        ("next", "i4"),
        ("older", "i4"),
        ("younger", "i4"),
        ("syns", "i4"),
    ]
)
"""One attempt: when its call began and it was sent, its CPU and wall seconds, where it stands.
`next` is the next of its queue, or of the unused."""
KIND = np.dtype(
    [
        ("up_to_share", "f8"),
        ("app_cpu", "f8"),
        ("database_cpu", "f8"),
        ("cache_cpu", "f8"),
        ("connects", "i8"),
    ]
)
STEP = np.dtype(
    [("level", "f8"), ("sent", "f8"), ("failed", "f8"), ("units", "f8"), ("busy", "f8")]
)


@compiled
def later(users: Row, heap: Array, time: float, item: int) -> None:
    """Let something happen at that time."""
    users.heap_size = push(heap, users.heap_size, time, item)


@compiled
def begin_step(users: Row, heap: Array, steps: Array) -> None:
    """Take the level of the next step: a rate, or users who begin or leave."""
    now = users.next_step
    users.step += 1
    if users.step >= len(steps):
        users.next_step = np.inf
        users.next_open = np.inf
        return
    users.next_step = (users.step + 1) * users.step_seconds
    level = steps[users.step].level
    if users.closed == 0:
        users.rate = level
        # The exponential distribution has no memory: the wait may begin anew with the new rate.
        users.next_open = now
        plan_open(users)
        return
    wanted = int(level + 0.5)
    staying = min(users.leaving, max(wanted - users.users, 0))
    for _ in range(wanted - users.users - staying):
        later(users, heap, now + uniform(users) * users.step_seconds, item_of(0, WAKE))
    users.leaving += max(users.users - wanted, 0) - staying
    users.users = wanted


@compiled
def plan_open(users: Row) -> None:
    """When the next request of an open load comes, after the one at `next_open`."""
    if users.rate <= 0.0:
        users.next_open = np.inf
    else:
        users.next_open += exponential(users) / users.rate


@compiled
def stays(users: Row, steps: Array) -> bool:
    """Whether a user who has thought asks again."""
    if users.leaving > 0:
        users.leaving -= 1
        return False
    return bool(users.step < len(steps))


@compiled
def take_unused(users: Row, calls: Array) -> int:
    number = users.first_free
    users.first_free = calls[number].next
    users.free -= 1
    return int(number)


@compiled
def give_back(users: Row, calls: Array, number: int) -> None:
    calls[number].next = users.first_free
    users.first_free = number
    users.free += 1


@compiled
def new_call(users: Row, calls: Array, kinds: Array, now: float) -> int:
    """The number of a call that begins now, its kind drawn."""
    number = take_unused(users, calls)
    call = calls[number]
    call.first = now
    call.attempt = 0
    drawn = uniform(users)
    kind = 0
    while drawn >= kinds[kind].up_to_share:
        kind += 1
    call.kind = kind
    users.outstanding += 1
    users.requests += now >= users.warm_up
    return number


@compiled
def send(users: Row, call: Row, tables: Array, steps: Array, now: float) -> None:
    """Note that an attempt is sent; its service time is drawn."""
    call.sent = now
    call.service = pick(users, tables, call.kind)
    users.attempts += call.first >= users.warm_up
    steps[min(users.step, len(steps) - 1)].sent += 1.0


@compiled
def settle(
    users: Row,
    calls: Array,
    heap: Array,
    counters: Array,
    steps: Array,
    number: int,
    at: float,
    reason: int,
) -> None:
    """End an attempt for its user at that time: ANSWERED, or why it failed."""
    call = calls[number]
    counted = call.first >= users.warm_up
    if reason != ANSWERED:
        counters[ATTEMPT_ERRORS + reason] += counted
        steps[min(int(call.sent / users.step_seconds), len(steps) - 1)].failed += 1.0
        if call.attempt < users.retries:
            _retry(users, calls, heap, number, at)
            return
        counters[ERRORS + reason] += counted
    elif counted:
        users.answered += 1
        count(counters, at - call.first)
    users.outstanding -= 1
    if users.closed != 0 and at < users.duration:
        think = users.think_min + uniform(users) * (users.think_max - users.think_min)
        later(users, heap, at + think, item_of(0, WAKE))


@compiled
def _retry(users: Row, calls: Array, heap: Array, number: int, at: float) -> None:
    """Plan the next attempt, as an entry of its own: the server may still hold the old one."""
    failed = calls[number]
    again = take_unused(users, calls)
    retry = calls[again]
    retry.first = failed.first
    retry.kind = failed.kind
    retry.attempt = failed.attempt + 1
    wait = uniform(users) * users.backoff * 2.0**failed.attempt
    later(users, heap, at + wait, item_of(again, SEND))
