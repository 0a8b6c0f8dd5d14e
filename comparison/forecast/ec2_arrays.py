"""From an EC2 scenario to the arrays of its kernels."""

from typing import NamedTuple

import numpy as np

from comparison.forecast.bounds import most_instances
from comparison.forecast.draws import variation_table
from comparison.forecast.kernels.accepting import ACCEPT
from comparison.forecast.kernels.clients import NOBODY
from comparison.forecast.kernels.instances import COMPUTED, FLEET, INSTANCE, QUEUE
from comparison.forecast.kernels.parts import Accepting, Fleet, Tier, Users
from comparison.forecast.kernels.upkeep import UPKEEP
from comparison.forecast.limits import default
from comparison.forecast.scenario import Ec2Scenario
from comparison.forecast.shared_arrays import connections_usable, row, tier_of, users_of


class Ec2Arrays(NamedTuple):
    """What servers.run() takes, in its order."""

    users: Users
    accepting: Accepting
    fleet: Fleet
    tier: Tier


def ec2_arrays(scenario: Ec2Scenario, seed: int, room: int) -> Ec2Arrays:
    """The side before its first request."""
    most = most_instances(scenario)
    balancer = scenario.load_balancer_ms or 0.0
    connections = connections_usable(scenario, most * scenario.connections_per_instance)
    return Ec2Arrays(
        users_of(scenario, seed, room, balancer / 1000, ()),
        _accepting(scenario, most),
        _fleet(scenario, most),
        tier_of(scenario.database, scenario.cache, connections),
    )


def _queues(scenario: Ec2Scenario) -> int:
    """Of one instance."""
    return 1 if scenario.one_queue else scenario.workers


def _accepting(scenario: Ec2Scenario, most: int) -> Accepting:
    accept = scenario.accept
    processes = most * _queues(scenario)
    slots = accept.slots or 1
    return Accepting(
        accept=row(
            ACCEPT,
            limited=accept.slots is not None,
            slots=slots,
            length=accept.queue,
            hold=accept.hold_ms / 1000,
            first_retransmission=accept.first_retransmission_seconds,
        ),
        slots=np.zeros(processes * slots),
        queued=np.full(processes * accept.queue, -np.inf),
    )


def _fleet(scenario: Ec2Scenario, most: int) -> Fleet:
    queues = _queues(scenario)
    instances = np.zeros(most, INSTANCE)
    instances["next_done"] = np.inf
    instances["speed"] = 1.0
    instances["credits"] = scenario.credits.at_start if scenario.credits else 0.0
    instances["in_rotation"] = np.arange(most)
    # The next to begin stands last among the stopped.
    stopped = most - scenario.instances
    instances["stopped"][:stopped] = np.arange(most - 1, scenario.instances - 1, -1)
    lines = np.zeros(most * queues, QUEUE)
    lines["first"] = NOBODY
    return Fleet(
        fleet=row(
            FLEET,
            vcpus=scenario.vcpus,
            queues=queues,
            servers=scenario.workers // queues,
            balanced=scenario.load_balancer_ms is not None,
            in_service=scenario.instances,
            stopped=stopped,
            turn=-1,
            oldest=NOBODY,
            youngest=NOBODY,
        ),
        instances=instances,
        computed=np.zeros((most, scenario.workers), COMPUTED),
        queues=lines,
        variation=variation_table(scenario.cpu_variation)[None, :],
        upkeep=_upkeep(scenario),
    )


def _upkeep(scenario: Ec2Scenario) -> np.void:
    burst, scaling = scenario.credits, scenario.autoscaling
    state = row(
        UPKEEP,
        next_tick=0.0 if burst or scaling else np.inf,
        seconds_per_credit=default("credits.seconds_per_credit"),
    )
    if burst is not None:
        state["burstable"] = 1
        state["baseline"] = burst.baseline_share
        state["at_start"] = burst.at_start
        state["maximum_credits"] = burst.maximum
        state["unlimited"] = burst.unlimited
    if scaling is not None:
        state["scaling"] = 1
        state["period"] = scaling.period_seconds
        state["next_period"] = scaling.period_seconds
        state["minimum"] = scaling.minimum
        state["target"] = scaling.target_cpu_share
        state["periods_to_add"] = scaling.periods_to_add
        state["periods_to_remove"] = scaling.periods_to_remove
        state["start_seconds"] = scaling.start_seconds
    return state
