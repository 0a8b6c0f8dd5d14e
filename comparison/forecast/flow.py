"""What the fluid model knows of each step, before latencies are drawn from it."""

from dataclasses import dataclass, field

from comparison.forecast.demand import needs_of
from comparison.forecast.scenario import (
    Cache,
    Client,
    Database,
    Reason,
    RequestKind,
    Scenario,
)
from comparison.forecast.stations import Queue, Station, Wait

NO_WAIT = Wait()


@dataclass(slots=True)
class FlowStep:
    """One step of the load; rates per second."""

    calls: float = 0.0
    attempts: float = 0.0
    failed: dict[Reason, float] = field(default_factory=dict)
    """Attempts that fail for a reason that is not their own waiting."""
    computing: Wait = NO_WAIT
    cache: Wait = NO_WAIT
    database: Wait = NO_WAIT
    connection: Wait = NO_WAIT
    cold_share: float = 0.0
    units: float = 0.0
    busy: float = 0.0

    def fail(self, reason: Reason, rate: float) -> None:
        if rate > 0:
            self.failed[reason] = self.failed.get(reason, 0.0) + rate

    @property
    def failed_share(self) -> float:
        """Of attempts."""
        return min(1.0, sum(self.failed.values()) / self.attempts) if self.attempts > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Flow:
    """All steps, and what is added up over them."""

    steps: tuple[FlowStep, ...]
    added_seconds: float
    """What every answer takes besides: network, gateway or load balancer."""
    deadline_seconds: float
    """The gateway's; infinite without one."""
    utilisation: dict[str, float]
    cold_starts: float
    busy_seconds: float
    unit_seconds: float
    surplus_credits: float


class Users:
    """Who asks, how often: closed users who wait do not ask; failed attempts are sent again."""

    def __init__(self, scenario: Scenario) -> None:
        load, client = scenario.load, scenario.client
        self._closed = load.model == "closed"
        self._seconds = load.step_seconds
        self._service = needs_of(scenario.requests).service
        self._think = (load.think_min_seconds, load.think_max_seconds)
        self._cycle = load.think_seconds + self._service
        # Users who come back within a step are a rate; others are followed until they do.
        self._followed = self._closed and self._cycle >= 2 * self._seconds
        self._returning = [0.0] * (len(load.levels) + 1)
        self._step = -1
        self._users = self._leaving = 0.0
        self._retries = client.retries
        self._failed_before = 0.0

    def rates(self, level: float, waiting: float) -> tuple[float, float]:
        """Calls and attempts per second of the next step, with so many requests in a backlog."""
        self._step += 1
        calls = self._closed_rate(level, waiting) if self._closed else level
        shares = (self._failed_before**retry for retry in range(self._retries + 1))
        return calls, calls * sum(shares)

    def _closed_rate(self, level: float, waiting: float) -> float:
        """New users ask at once, the others when they have thought."""
        staying = min(self._leaving, max(0.0, level - self._users))
        begun = max(0.0, level - self._users) - staying
        self._leaving += max(0.0, self._users - level) - staying
        self._users = level
        if not self._followed:
            return begun / self._seconds + max(0.0, level - begun - waiting) / self._cycle
        back = self._returning[self._step]
        gone = min(back, self._leaving)
        self._leaving -= gone
        return (begun + back - gone) / self._seconds

    def learn(self, calls: float, wait: float, failed_share: float) -> None:
        """Take up what became of the step's calls.

        Failed attempts are sent again in the next step; users come back when they have waited and
        thought.
        """
        self._failed_before = failed_share
        if not self._followed:
            return
        begin = self._step * self._seconds + self._service + wait
        first, last = begin + self._think[0], begin + self._seconds + self._think[1]
        per_second = calls * self._seconds / (last - first)
        step = int(first / self._seconds)
        while step < len(self._returning) and step * self._seconds < last:
            begins, ends = step * self._seconds, (step + 1) * self._seconds
            self._returning[step] += per_second * (min(last, ends) - max(first, begins))
            step += 1


def too_late(wait: float, client: Client) -> bool:
    """Whether everybody who comes now gives up before the answer."""
    return wait > client.timeout_seconds


class Data:
    """The stations behind both sides: cache, database connections, database CPU."""

    def __init__(
        self,
        kinds: tuple[RequestKind, ...],
        database: Database | None,
        cache: Cache | None,
        connections: int,
    ) -> None:
        needs = needs_of(kinds)
        share = needs.connecting if database is not None else 0.0
        self._queues = {
            "cache": Queue(Station("cache", cache.threads if cache else 1.0, needs.cache_cpu)),
            "connection": Queue(
                Station(
                    "connection",
                    float(max(1, connections)),
                    needs.connected / share if share else 0.0,
                    share,
                    longest_wait=database.wait_seconds if database else 0.0,
                )
            ),
            "database": Queue(
                Station(
                    "database",
                    database.vcpus if database else 1.0,
                    needs.database_cpu / share if share else 0.0,
                    share,
                    longest_wait=database.wait_seconds if database else 0.0,
                )
            ),
        }
        self._present = {"database": database is not None, "cache": cache is not None}
        self._busy = {"database": 0.0, "cache": 0.0}

    def step(self, step: FlowStep, rate: float, seconds: float, elapsed: float) -> None:
        """Let requests at that rate pass; what they wait and what fails goes into the step."""
        for name, queue in self._queues.items():
            wait, rate, failed = queue.step(rate, seconds, elapsed)
            setattr(step, name, wait)
            step.fail("no database connection", failed)
            station = queue.station
            if name in self._busy:
                used = rate * station.share * station.seconds / station.servers
                self._busy[name] += min(1.0, used) * seconds

    def utilisation(self, seconds: float) -> dict[str, float]:
        return {name: busy / seconds for name, busy in self._busy.items() if self._present[name]}
