"""The serverless side of the fluid model: buckets, environments, the data behind them."""

from dataclasses import dataclass
from math import fsum

from comparison.forecast.demand import needs_of
from comparison.forecast.erlang import lost_share
from comparison.forecast.flow import Data, Flow, FlowStep, Users, too_late
from comparison.forecast.fluid_environments import Pool
from comparison.forecast.network import network_seconds
from comparison.forecast.scenario import LambdaScenario
from comparison.forecast.stations import Queue, Station


def lambda_flow(scenario: LambdaScenario) -> Flow:
    """All steps of the load, one after the other."""
    side = _Side(scenario)
    seconds = scenario.load.step_seconds
    for number, level in enumerate(scenario.load.levels):
        side.step(level, seconds, (number + 1) * seconds)
    steps, duration = side.steps, scenario.load.duration_seconds
    host = {"host": side.host_busy / duration} if scenario.host_vcpus is not None else {}
    return Flow(
        steps=tuple(steps),
        added_seconds=network_seconds(scenario.client) + scenario.gateway.overhead_ms / 1000,
        deadline_seconds=scenario.gateway.timeout_seconds,
        utilisation={**host, **side.data.utilisation(duration)},
        cold_starts=side.cold_starts,
        busy_seconds=fsum(step.busy for step in steps) * seconds,
        unit_seconds=fsum(step.units for step in steps) * seconds,
        surplus_credits=0.0,
    )


@dataclass(slots=True)
class _Bucket:
    per_second: float
    burst: float
    tokens: float

    def refused(self, rate: float, seconds: float) -> float:
        """Of so many requests per second, those that find the bucket empty."""
        left = self.tokens + (self.per_second - rate) * seconds
        self.tokens = min(max(left, 0.0), self.burst)
        return max(0.0, -left) / seconds


class _Side:
    """The serverless side while steps go on."""

    def __init__(self, scenario: LambdaScenario) -> None:
        self._scenario = scenario
        self._needs = needs_of(scenario.requests)
        self._users = Users(scenario)
        gateway, concurrency = scenario.gateway, scenario.concurrency
        quota = concurrency * scenario.requests_per_second_per_concurrency
        self._gateway = _Bucket(gateway.requests_per_second, gateway.burst, gateway.burst)
        self._quota = _Bucket(quota, quota, quota)
        init = scenario.init
        self._init = float((init.values_us * init.counts).sum() / init.counts.sum()) / 1e6
        self._pool = Pool(
            service=max(self._needs.service, 1e-6),
            init=self._init,
            concurrency=concurrency,
            provisioned=scenario.provisioned,
            idle_expiry=scenario.idle_expiry_seconds,
            scaling_per_second=scenario.scaling_environments / 10,
            scaling_burst=float(scenario.scaling_environments),
        )
        cores = float(int(scenario.host_vcpus or 0))
        self._host = Queue(Station("host", cores or 1.0, self._needs.app_cpu if cores else 0.0))
        most = scenario.database.max_connections if scenario.database is not None else 1
        self.data = Data(tuple(scenario.requests), scenario.database, scenario.cache, most)
        self.steps: list[FlowStep] = []
        self.cold_starts = 0.0
        self.host_busy = 0.0

    def step(self, level: float, seconds: float, elapsed: float) -> None:
        step = FlowStep()
        step.calls, step.attempts = self._users.rates(level, self._host.backlog)
        rate = self._admitted(step, seconds, elapsed)
        step.computing, rate, _ = self._host.step(rate, seconds, elapsed)
        self.host_busy += rate * self._host.station.seconds / self._host.station.servers * seconds
        self._refuse_connections(step, rate)
        self.data.step(step, rate, seconds, elapsed)
        waited = step.computing.backlog + self._needs.connecting * step.database.backlog
        step.busy = rate * (self._needs.service + waited + step.cold_share * self._init)
        step.units = max(self._pool.existing, 0.0)
        late = too_late(waited, self._scenario.client)
        patience = min(waited, self._scenario.client.timeout_seconds)
        self._users.learn(step.calls, patience, 1.0 if late else step.failed_share)
        self.steps.append(step)

    def _admitted(self, step: FlowStep, seconds: float, elapsed: float) -> float:
        """The rate that reaches an environment."""
        refused = self._gateway.refused(step.attempts, seconds)
        step.fail("gateway throttled", refused)
        rate = step.attempts - refused
        concurrency = self._scenario.concurrency
        lost = rate * lost_share(concurrency, round(rate * self._needs.service, 6))
        over_quota = self._quota.refused(rate - lost, seconds)
        rate -= lost + over_quota
        cold, without = self._pool.step(rate, seconds, elapsed)
        step.fail("function throttled", lost + over_quota + rate * without)
        rate *= 1 - without
        cold = min(cold, rate * seconds)
        self.cold_starts += cold
        step.cold_share = cold / (rate * seconds) if rate > 0 else 0.0
        return rate

    def _refuse_connections(self, step: FlowStep, rate: float) -> None:
        """Without a proxy each environment keeps a connection: those beyond the last have none."""
        database = self._scenario.database
        if database is None or database.proxy or self._pool.existing <= 0:
            return
        without = max(0.0, 1 - database.max_connections / self._pool.existing)
        step.fail("no database connection", rate * self._needs.connecting * without)
