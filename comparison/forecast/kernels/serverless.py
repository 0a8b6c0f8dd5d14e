"""The serverless side event by event: API Gateway, Lambda, the data behind it.

When an attempt reaches its environment, the time of its answer follows at once, so that the only
events are requests: each environment's end is looked at when the next request comes.
"""

import numpy as np

from comparison.forecast.kernels.clients import (
    ANSWERED,
    CLIENT_TIMEOUT,
    FUNCTION_THROTTLED,
    GATEWAY_THROTTLED,
    GATEWAY_TIMEOUT,
    NO_DATABASE,
    NOBODY,
    begin_step,
    give_back,
    new_call,
    plan_open,
    send,
    settle,
    stays,
)
from comparison.forecast.kernels.compiled import Array, Row, compiled, entry
from comparison.forecast.kernels.data_tier import cache_wait, database_wait, host_wait
from comparison.forecast.kernels.environments import (
    GATEWAY,
    NONE,
    acquire,
    connect,
    count_busy,
    occupy,
    release,
)
from comparison.forecast.kernels.event_heap import WAKE, kind_of, number_of, pop
from comparison.forecast.kernels.parts import Function, Tier, Users
from comparison.forecast.kernels.random_numbers import pick
from comparison.forecast.kernels.token_bucket import take


@entry
def run(users_: Users, function_: Function, tier_: Tier) -> bool:
    """Until the last answer; False where more calls were open at once than there is room for."""
    users, calls, heap, kinds, tables, counters, steps = users_
    function, buckets, busy, places = function_
    tier, free_at = tier_
    begin_step(users, heap, steps)
    while True:
        now = min(users.next_open, users.next_step)
        if users.heap_size > 0:
            now = min(now, heap[0].time)
        if now == np.inf:
            return True
        if users.free < 2:
            return False
        if now == users.next_step:
            _close_step(users, steps, function, busy, places)
            begin_step(users, heap, steps)
            continue
        number = _arriving(users, calls, heap, kinds, steps, now)
        if number == NOBODY:
            continue
        call = calls[number]
        send(users, call, tables, steps, now)
        after, reason = _invoke(
            users, call, kinds, tables, function, buckets, busy, places, tier, free_at, now
        )
        settle(users, calls, heap, counters, steps, number, now + after, reason)
        give_back(users, calls, number)


@compiled
def _arriving(users: Row, calls: Array, heap: Array, kinds: Array, steps: Array, now: float) -> int:
    """The next attempt: of an open load, of a user who has thought, or a retry; or NOBODY."""
    if now == users.next_open:
        plan_open(users)
        return new_call(users, calls, kinds, now)
    item = heap[0].what
    users.heap_size = pop(heap, users.heap_size)
    if kind_of(item) != WAKE:
        return number_of(item)
    return new_call(users, calls, kinds, now) if stays(users, steps) else NOBODY


@compiled
def _close_step(users: Row, steps: Array, function: Row, busy: Array, places: Array) -> None:
    release(function, busy, places, users.next_step)
    count_busy(function, users.next_step)
    step = steps[users.step]
    step.units = function.existing
    step.busy = function.busy_area / users.step_seconds
    function.busy_area = 0.0


@compiled
def _invoke(
    users: Row,
    call: Row,
    kinds: Array,
    tables: Array,
    function: Row,
    buckets: Array,
    busy: Array,
    places: Array,
    tier: Row,
    free_at: Array,
    now: float,
) -> tuple[float, int]:
    """One attempt from the gateway on: after which time its client knows, and what."""
    around = function.overhead + users.network
    if not take(buckets, GATEWAY, now):
        return around, GATEWAY_THROTTLED
    release(function, busy, places, now)
    cold_starts = function.cold_starts
    environment = acquire(function, buckets, places, now)
    if environment == NONE:
        return around, FUNCTION_THROTTLED
    init = pick(users, tables, len(kinds)) if function.cold_starts > cold_starts else 0.0
    kind = kinds[call.kind]
    seconds = init + call.service
    seconds += host_wait(tier, free_at, now, init + kind.app_cpu)
    seconds += cache_wait(tier, free_at, now, kind.cache_cpu)
    reason = ANSWERED
    if kind.connects != 0:
        # Too many connections are refused at once; a busy proxy lets wait.
        waited, limit = -1.0, 0.0
        if connect(function, places, environment):
            rest = max(call.service - kind.app_cpu - kind.database_cpu, 0.0)
            waited = database_wait(tier, free_at, now, kind.database_cpu, rest)
            limit = tier.wait_limit
        reason = ANSWERED if waited >= 0.0 else NO_DATABASE
        seconds += waited if waited >= 0.0 else limit
    occupy(function, busy, environment, now, seconds)
    if seconds > function.deadline:
        seconds, reason = function.deadline, GATEWAY_TIMEOUT
    if seconds + around > users.timeout:
        return users.timeout, CLIENT_TIMEOUT
    return seconds + around, reason
