"""What happens to instances besides requests: CPU credits, and scaling out and in.

Looked at once a second, as often as credits matter; the scaling policy once a metric's period.
"""

import numpy as np

from comparison.forecast.kernels.clients import later
from comparison.forecast.kernels.compiled import Array, Row, compiled
from comparison.forecast.kernels.event_heap import START, item_of
from comparison.forecast.kernels.instances import advance, reschedule

TICK_SECONDS = 1.0

UPKEEP = np.dtype(
    [
        ("next_tick", "f8"),
        ("burstable", "i8"),
        ("baseline", "f8"),
        ("at_start", "f8"),
        ("maximum_credits", "f8"),
        ("unlimited", "i8"),
        ("seconds_per_credit", "f8"),
        ("scaling", "i8"),
        ("next_period", "f8"),
        ("period", "f8"),
        ("minimum", "i8"),
        ("target", "f8"),
        ("periods_to_add", "i8"),
        ("periods_to_remove", "i8"),
        ("above", "i8"),
        ("below", "i8"),
        ("start_seconds", "f8"),
        ("starting", "i8"),
    ]
)


@compiled
def tick(
    upkeep: Row, fleet: Row, instances: Array, computed: Array, users: Row, heap: Array
) -> None:
    """One look at everything."""
    now = upkeep.next_tick
    upkeep.next_tick += TICK_SECONDS
    for place in range(fleet.in_service):
        number = instances[place].in_rotation
        advance(fleet, instances[number], now)
        if upkeep.burstable != 0:
            _account(upkeep, fleet, instances[number], computed[number])
    if upkeep.scaling != 0 and now >= upkeep.next_period:
        _scale(upkeep, fleet, instances, users, heap, now)
        upkeep.next_period += upkeep.period


@compiled
def _account(upkeep: Row, fleet: Row, instance: Row, computed: Array) -> None:
    """Earn and spend the credits of one tick; without any, fall to the baseline or go into debt."""
    earned = upkeep.baseline * fleet.vcpus * TICK_SECONDS / upkeep.seconds_per_credit
    spent = (instance.busy - instance.busy_before) / upkeep.seconds_per_credit
    instance.busy_before = instance.busy
    balance = instance.credits + earned - spent
    if upkeep.unlimited != 0:
        repaid = min(instance.surplus, max(balance, 0.0))
        instance.surplus += max(-balance, 0.0) - repaid
        instance.credits = min(max(balance - repaid, 0.0), upkeep.maximum_credits)
        return
    instance.credits = min(balance, upkeep.maximum_credits)
    # A tick at full speed must be paid for before it begins: nothing is forgiven.
    enough = fleet.vcpus * TICK_SECONDS / upkeep.seconds_per_credit
    speed = 1.0 if instance.credits >= enough else upkeep.baseline
    if speed != instance.speed:
        instance.speed = speed
        reschedule(fleet, instance, computed)


@compiled
def _scale(upkeep: Row, fleet: Row, instances: Array, users: Row, heap: Array, now: float) -> None:
    """Target tracking: https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html"""
    used = 0.0
    for place in range(fleet.in_service):
        instance = instances[instances[place].in_rotation]
        used += instance.busy - instance.busy_period
        instance.busy_period = instance.busy
    share = used / (fleet.in_service * fleet.vcpus * upkeep.period)
    wanted = int(np.ceil(fleet.in_service * share / upkeep.target))
    upkeep.above = upkeep.above + 1 if share > upkeep.target else 0
    upkeep.below = upkeep.below + 1 if wanted < fleet.in_service else 0
    if upkeep.above >= upkeep.periods_to_add:
        missing = min(wanted - fleet.in_service, fleet.stopped) - upkeep.starting
        for _ in range(missing):
            upkeep.starting += 1
            later(users, heap, now + upkeep.start_seconds, item_of(0, START))
    elif upkeep.below >= upkeep.periods_to_remove and upkeep.starting == 0:
        for _ in range(fleet.in_service - max(wanted, upkeep.minimum)):
            # The youngest leaves the rotation; it finishes what it has.
            fleet.in_service -= 1
            instances[fleet.stopped].stopped = instances[fleet.in_service].in_rotation
            fleet.stopped += 1


@compiled
def begin_instance(upkeep: Row, fleet: Row, instances: Array, now: float) -> None:
    """An instance that was asked for takes requests from now on."""
    upkeep.starting -= 1
    fleet.stopped -= 1
    number = instances[fleet.stopped].stopped
    instance = instances[number]
    advance(fleet, instance, now)
    instance.credits = upkeep.at_start
    instance.speed = 1.0
    instance.busy_before = instance.busy
    instance.busy_period = instance.busy
    instances[fleet.in_service].in_rotation = number
    fleet.in_service += 1
