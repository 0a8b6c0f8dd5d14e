"""The EC2 side of the fluid model: instances that come and go, credits, their workers' queue."""

from dataclasses import dataclass, field
from math import ceil, fsum, inf

from comparison.forecast.bounds import most_instances
from comparison.forecast.demand import needs_of
from comparison.forecast.flow import Data, Flow, FlowStep, Users, too_late
from comparison.forecast.limits import default
from comparison.forecast.network import network_seconds
from comparison.forecast.scenario import Autoscaling, Ec2Scenario
from comparison.forecast.stations import Queue, Station


def ec2_flow(scenario: Ec2Scenario) -> Flow:
    """All steps of the load, one after the other."""
    load, seconds = scenario.load, scenario.load.step_seconds
    users, fleet = Users(scenario), _Fleet(scenario)
    queue = Queue(_computing(scenario))
    connections = scenario.connections_per_instance * most_instances(scenario)
    if scenario.database is not None:
        connections = min(connections, scenario.database.max_connections)
    data = Data(tuple(scenario.requests), scenario.database, scenario.cache, connections)
    steps = []
    for number, level in enumerate(load.levels):
        step = FlowStep(units=float(fleet.instances))
        elapsed = (number + 1) * seconds
        step.calls, step.attempts = users.rates(level, queue.backlog)
        servers = fleet.servers
        step.computing, rate, _ = queue.step(step.attempts, seconds, elapsed, servers)
        data.step(step, rate, seconds, elapsed)
        step.busy = min(rate * needs_of(scenario.requests).app_cpu, fleet.vcpus)
        wait = step.computing.backlog
        late = too_late(wait, scenario.client)
        patience = min(wait, scenario.client.timeout_seconds)
        users.learn(step.calls, patience, 1.0 if late else step.failed_share)
        fleet.step(step.busy, seconds)
        steps.append(step)
    unit_seconds = fsum(step.units for step in steps) * seconds
    busy_seconds = fsum(step.busy for step in steps) * seconds
    return Flow(
        steps=tuple(steps),
        added_seconds=network_seconds(scenario.client) + (scenario.load_balancer_ms or 0.0) / 1000,
        deadline_seconds=inf,
        utilisation={
            "instances": busy_seconds / (unit_seconds * scenario.vcpus),
            **data.utilisation(load.duration_seconds),
        },
        cold_starts=0.0,
        busy_seconds=busy_seconds,
        unit_seconds=unit_seconds,
        surplus_credits=fleet.surplus,
    )


def _computing(scenario: Ec2Scenario) -> Station:
    """The workers, or the slots for connections where these bind first."""
    needs, accept = needs_of(scenario.requests), scenario.accept
    queues = 1 if scenario.one_queue else scenario.workers
    station = Station(
        "computing",
        min(float(scenario.workers), scenario.vcpus) * scenario.instances,
        needs.app_cpu,
        squared_variation=_squared_variation(scenario),
        # More workers than vCPUs share these: as one queue of as many servers as vCPUs.
        queues=queues * scenario.instances if scenario.workers <= scenario.vcpus else 1,
    )
    if accept.slots is None:
        return station
    held = needs.service + accept.hold_ms / 1000
    slots = float(accept.slots * queues * scenario.instances)
    if slots / held > station.servers / max(station.seconds, 1e-12):
        return station
    return Station("slots", slots, held, queues=queues * scenario.instances)


def _squared_variation(scenario: Ec2Scenario) -> float:
    """Of the CPU time over all kinds: E[S^2] / E[S]^2 - 1."""
    kinds = scenario.requests
    total = fsum(kind.share for kind in kinds)
    mean = fsum(kind.share * kind.cpu.app_ms for kind in kinds) / total
    if mean <= 0:
        return 0.0
    squares = fsum(kind.share * kind.cpu.app_ms**2 for kind in kinds) / total
    return squares * (1 + scenario.cpu_variation**2) / mean**2 - 1


@dataclass(slots=True)
class _Fleet:
    """Instances over time: how many, how fast, with how many credits."""

    scenario: Ec2Scenario
    instances: int = 0
    surplus: float = 0.0
    _credits: float = 0.0
    _speed: float = 1.0
    _used: float = 0.0
    _period: float = 0.0
    _above: int = 0
    _below: int = 0
    _starting: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.instances = self.scenario.instances
        if self.scenario.credits is not None:
            self._credits = self.scenario.credits.at_start

    @property
    def vcpus(self) -> float:
        return self.instances * self.scenario.vcpus * self._speed

    @property
    def servers(self) -> float | None:
        """Of the computing station; None where slots bind and instances are as they were."""
        changed = self.scenario.autoscaling is not None or self._speed < 1.0
        usable = min(float(self.scenario.workers), self.scenario.vcpus)
        return usable * self.instances * self._speed if changed else None

    def step(self, busy: float, seconds: float) -> None:
        """Spend credits and scale, after a step with so many busy vCPUs."""
        self._account(busy / self.instances, seconds)
        self._starting = [left - seconds for left in self._starting]
        ready = sum(left <= 0 for left in self._starting)
        self._starting = [left for left in self._starting if left > 0]
        self.instances += ready
        self._used += busy * seconds
        self._period += seconds
        scaling = self.scenario.autoscaling
        if scaling is not None and self._period >= scaling.period_seconds:
            self._scale(scaling)
            self._used = self._period = 0.0

    def _account(self, busy: float, seconds: float) -> None:
        burst = self.scenario.credits
        if burst is None:
            return
        earned = burst.baseline_share * self.scenario.vcpus * seconds
        balance = self._credits + (earned - busy * seconds) / default("credits.seconds_per_credit")
        if burst.unlimited:
            # Each instance's; all are alike.
            per_instance = self.surplus / self.instances
            repaid = min(per_instance, max(balance, 0.0))
            self.surplus += (max(-balance, 0.0) - repaid) * self.instances
            balance = max(balance - repaid, 0.0)
        self._credits = min(balance, burst.maximum)
        enough = self.scenario.vcpus * seconds / default("credits.seconds_per_credit")
        full = burst.unlimited or self._credits >= enough
        self._speed = 1.0 if full else burst.baseline_share

    def _scale(self, scaling: Autoscaling) -> None:
        share = self._used / (self._period * self.instances * self.scenario.vcpus)
        wanted = ceil(self.instances * share / scaling.target_cpu_share)
        self._above = self._above + 1 if share > scaling.target_cpu_share else 0
        self._below = self._below + 1 if wanted < self.instances else 0
        if self._above >= scaling.periods_to_add:
            missing = min(wanted, scaling.maximum) - self.instances - len(self._starting)
            self._starting += [scaling.start_seconds] * max(0, missing)
        elif self._below >= scaling.periods_to_remove and not self._starting:
            self.instances = max(wanted, scaling.minimum)
