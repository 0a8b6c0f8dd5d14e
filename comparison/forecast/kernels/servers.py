"""The EC2 side event by event: connections, instances, the data behind them.

A request's answer is known when its instance has computed it; until then its client may give up.
"""

from comparison.forecast.kernels.accepting import DROPPED, accept_at
from comparison.forecast.kernels.clients import (
    ANSWERED,
    CLIENT_TIMEOUT,
    NO_CONNECTION,
    NO_DATABASE,
    NOBODY,
    begin_step,
    give_back,
    later,
    new_call,
    plan_open,
    send,
    settle,
    stays,
)
from comparison.forecast.kernels.compiled import Array, Row, compiled, entry
from comparison.forecast.kernels.data_tier import cache_wait, database_wait
from comparison.forecast.kernels.event_heap import (
    ACCEPTED,
    CONNECT,
    SEND,
    START,
    WAKE,
    item_of,
    kind_of,
    number_of,
    pop,
)
from comparison.forecast.kernels.instances import (
    advance,
    complete,
    enqueue,
    first_done,
    forget,
    remember,
)
from comparison.forecast.kernels.parts import Accepting, Fleet, Tier, Users
from comparison.forecast.kernels.random_numbers import pick, uniform
from comparison.forecast.kernels.upkeep import begin_instance, tick

DONE, PATIENCE, STEP, TICK, OPEN, HEAP = 0, 1, 2, 3, 4, 5


@entry
def run(users_: Users, accepting: Accepting, fleet_: Fleet, tier_: Tier) -> bool:
    """Until the last answer; False where more attempts were open at once than there is room for."""
    users, calls, heap, kinds, tables, counters, steps = users_
    accept, slots, queued = accepting
    fleet, instances, computed, queues, variation, upkeep = fleet_
    tier, free_at = tier_
    begin_step(users, heap, steps)
    while users.step < len(steps) or users.outstanding > 0:
        if users.free < 2:
            return False
        done = first_done(instances)
        what, now = _next(users, heap, fleet, calls, upkeep, instances[done].next_done)
        if what == DONE:
            number = complete(fleet, instances[done], computed[done], queues, calls, now)
            after, reason = _reply(users, calls[number], kinds, tier, free_at, now)
            if calls[number].given_up == 0:
                forget(fleet, calls, number)
                settle(users, calls, heap, counters, steps, number, now + after, reason)
            give_back(users, calls, number)
        elif what == PATIENCE:
            number = fleet.oldest
            forget(fleet, calls, number)
            # The server does not know, and goes on.
            calls[number].given_up = 1
            reason = NO_CONNECTION if calls[number].syns > 0 else CLIENT_TIMEOUT
            settle(users, calls, heap, counters, steps, number, now, reason)
        elif what == STEP:
            _close_step(users, steps, fleet, instances)
            begin_step(users, heap, steps)
        elif what == TICK:
            tick(upkeep, fleet, instances, computed, users, heap)
        else:
            kind, number = _arriving(users, calls, heap, kinds, steps, what, now)
            if kind == START:
                begin_instance(upkeep, fleet, instances, now)
            if kind == SEND:
                _send(users, calls, kinds, tables, steps, fleet, instances, variation, number, now)
            if kind in (SEND, CONNECT) and accept.limited != 0:
                kind = _connect(users, calls, heap, accept, slots, queued, queues, number, now)
            if kind in (SEND, ACCEPTED):
                enqueue(fleet, instances, computed, queues, calls, number, now)
    return True


@compiled
def _next(
    users: Row, heap: Array, fleet: Row, calls: Array, upkeep: Row, done_at: float
) -> tuple[int, float]:
    """What happens next, and when."""
    what, now = DONE, done_at
    if users.next_open < now:
        what, now = OPEN, users.next_open
    if users.heap_size > 0 and heap[0].time < now:
        what, now = HEAP, heap[0].time
    if fleet.oldest != NOBODY:
        patience = calls[fleet.oldest].sent + max(users.timeout - users.network, 0.0)
        if patience < now:
            what, now = PATIENCE, patience
    if users.next_step < now:
        what, now = STEP, users.next_step
    if upkeep.next_tick < now:
        what, now = TICK, upkeep.next_tick
    return what, now


@compiled
def _arriving(
    users: Row, calls: Array, heap: Array, kinds: Array, steps: Array, what: int, now: float
) -> tuple[int, int]:
    """What the next request or event of the heap is about, and the number of its call.

    SEND, CONNECT, ACCEPTED, START; or WAKE, of nobody.
    """
    if what == OPEN:
        plan_open(users)
        return SEND, new_call(users, calls, kinds, now)
    kind, number = kind_of(heap[0].what), number_of(heap[0].what)
    users.heap_size = pop(heap, users.heap_size)
    if kind == WAKE and stays(users, steps):
        return SEND, new_call(users, calls, kinds, now)
    if kind in (CONNECT, ACCEPTED) and calls[number].given_up != 0:
        # The client has closed: the server finds nothing to read.
        give_back(users, calls, number)
        return WAKE, NOBODY
    return kind, number


@compiled
def _close_step(users: Row, steps: Array, fleet: Row, instances: Array) -> None:
    """`busy` holds a sum until the simulation ends."""
    used = 0.0
    for number in range(len(instances)):
        advance(fleet, instances[number], users.next_step)
        used += instances[number].busy
    step = steps[users.step]
    step.units = fleet.in_service
    step.busy = used
    fleet.unit_seconds += fleet.in_service * users.step_seconds


@compiled
def _send(
    users: Row,
    calls: Array,
    kinds: Array,
    tables: Array,
    steps: Array,
    fleet: Row,
    instances: Array,
    variation: Array,
    number: int,
    now: float,
) -> None:
    """An attempt leaves for an instance and a queue, in turn where a load balancer chooses."""
    call = calls[number]
    send(users, call, tables, steps, now)
    call.work = kinds[call.kind].app_cpu * pick(users, variation, 0)
    call.given_up = 0
    call.syns = 0
    remember(fleet, calls, number)
    fleet.turn += 1
    instance = instances[fleet.turn % fleet.in_service].in_rotation
    queue = 0
    if fleet.queues > 1:
        turn = fleet.turn // fleet.in_service
        queue = turn if fleet.balanced != 0 else int(uniform(users) * fleet.queues)
    call.queue = instance * fleet.queues + queue % fleet.queues


@compiled
def _connect(
    users: Row,
    calls: Array,
    heap: Array,
    accept: Row,
    slots: Array,
    queued: Array,
    queues: Array,
    number: int,
    now: float,
) -> int:
    """A SYN arrives: ACCEPTED at once, or CONNECT where the answer comes later."""
    call = calls[number]
    seconds = max(call.service, call.work)
    accepted = accept_at(accept, slots, queued, queues, call.queue, now, seconds)
    if accepted == now:
        return ACCEPTED
    if accepted == DROPPED:
        wait = accept.first_retransmission * 2.0**call.syns
        call.syns += 1
        later(users, heap, now + wait, item_of(number, CONNECT))
    else:
        later(users, heap, accepted, item_of(number, ACCEPTED))
    return CONNECT


@compiled
def _reply(
    users: Row, call: Row, kinds: Array, tier: Row, free_at: Array, now: float
) -> tuple[float, int]:
    """A request is computed: after which time its client has the answer, or knows what failed."""
    kind = kinds[call.kind]
    computing = kind.app_cpu + kind.cache_cpu + kind.database_cpu
    rest = max(call.service - computing, 0.0)
    seconds = rest + kind.cache_cpu + kind.database_cpu
    seconds += cache_wait(tier, free_at, now, kind.cache_cpu)
    reason = ANSWERED
    if kind.connects != 0:
        waited = database_wait(tier, free_at, now, kind.database_cpu, rest)
        reason = ANSWERED if waited >= 0.0 else NO_DATABASE
        seconds = seconds + waited if waited >= 0.0 else tier.wait_limit
    seconds += users.network
    if now + seconds - call.sent > users.timeout:
        return call.sent + users.timeout - now, CLIENT_TIMEOUT
    return seconds, reason
