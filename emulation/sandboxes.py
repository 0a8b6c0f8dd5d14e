"""Which execution environment takes a request: reuse, scaling out, throttling, expiry.

A state machine without processes, timers or a clock (`now` is an argument, in seconds), so that its
promises can be tested by random sequences: never more requests in flight than the concurrency
limit, never two in one environment. Rules: "Understanding Lambda function scaling",
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html . How long an idle environment
is kept is undocumented; about ten minutes were observed in 2019
(https://mikhail.io/2019/08/aws-lambda-cold-starts-after-10-minutes/).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from emulation.token_bucket import TokenBucket

ACCOUNT_CONCURRENCY = 1000
"""Default for an account and Region: "Lambda quotas", concurrent executions."""
IDLE_SECONDS = 600.0
SCALING_BURST, SCALING_PER_SECOND = 1000, 100.0
"""A function gets 1,000 new environments in 10 s, refilled all the time and not saved up:
https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html"""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What bounds the environments of one function."""

    concurrency: int = ACCOUNT_CONCURRENCY
    provisioned: int = 0
    """So many are loaded before any request."""
    idle_seconds: float = IDLE_SECONDS
    max_age_seconds: float | None = None
    """Then an environment takes no more requests; Lambda does that after hours. None: never."""
    scaling_burst: int = SCALING_BURST
    scaling_per_second: float = SCALING_PER_SECOND


class Assignment(NamedTuple):
    """The environment that takes a request."""

    environment_id: int
    cold: bool
    """It does not exist yet and must be started for this request."""


@dataclass(slots=True)
class _Environment:
    born: float
    provisioned: bool = False


@dataclass(slots=True)
class SandboxPool:
    """The environments of one function: each preparing, initialising, busy or idle.

    `initialising` and `busy` hold one request each, which is what concurrency counts; `preparing`
    is the init phase of provisioned ones, before any request.
    """

    limits: PoolLimits = field(default_factory=PoolLimits)
    preparing: set[int] = field(default_factory=set)
    initialising: set[int] = field(default_factory=set)
    busy: set[int] = field(default_factory=set)
    idle: dict[int, float] = field(default_factory=dict)
    """Environment -> since when; insertion order, so the last one is the most recently used."""
    idle_provisioned: dict[int, float] = field(default_factory=dict)
    _known: dict[int, _Environment] = field(default_factory=dict)
    _started: int = 0
    _scaling: TokenBucket = field(init=False)

    def __post_init__(self) -> None:
        self._scaling = TokenBucket(self.limits.scaling_per_second, self.limits.scaling_burst)

    @property
    def concurrency(self) -> int:
        return len(self.initialising) + len(self.busy)

    def acquire(self, now: float) -> Assignment | None:
        """Assign a request to an environment, a provisioned one first; None: throttled."""
        if self.concurrency >= self.limits.concurrency:
            return None
        for idle in (self.idle_provisioned, self.idle):
            if idle:
                environment_id, _ = idle.popitem()
                self.busy.add(environment_id)
                return Assignment(environment_id, cold=False)
        if not self._scaling.take(now):
            return None
        environment_id = self._new(now, provisioned=False)
        self.initialising.add(environment_id)
        return Assignment(environment_id, cold=True)

    def provision(self, now: float) -> int:
        """Add an environment that is initialised before any request and never expires."""
        environment_id = self._new(now, provisioned=True)
        self.preparing.add(environment_id)
        return environment_id

    def is_provisioned(self, environment_id: int) -> bool:
        """Whether it was made by `provision` and is still known."""
        known = self._known.get(environment_id)
        return known is not None and known.provisioned

    def initialised(self, environment_id: int, now: float) -> None:
        """Note that an environment is loaded: it begins with its request, or waits for one."""
        if environment_id in self.preparing:
            self.preparing.remove(environment_id)
            self.idle_provisioned[environment_id] = now
        else:
            self.initialising.remove(environment_id)
            self.busy.add(environment_id)

    def release(self, environment_id: int, now: float) -> bool:
        """Note that its request is finished. False: it is too old and takes no other one."""
        self.busy.remove(environment_id)
        if self._too_old(environment_id, now):
            return False
        idle = self.idle_provisioned if self.is_provisioned(environment_id) else self.idle
        idle[environment_id] = now
        return True

    def remove(self, environment_id: int) -> None:
        """Forget an environment that ended, in whatever state it was."""
        self._known.pop(environment_id, None)
        for states in (self.preparing, self.initialising, self.busy):
            states.discard(environment_id)
        for idle in (self.idle, self.idle_provisioned):
            idle.pop(environment_id, None)

    def expire(self, now: float) -> list[int]:
        """Take and return the environments that were idle for too long or are too old."""
        expired = [
            environment_id
            for environment_id, since in self.idle.items()
            if now - since >= self.limits.idle_seconds or self._too_old(environment_id, now)
        ]
        expired += [
            environment_id
            for environment_id in self.idle_provisioned
            if self._too_old(environment_id, now)
        ]
        return self._take(expired)

    def retire_idle(self) -> list[int]:
        """Take and return all idle environments: the next request is a cold start."""
        return self._take([*self.idle, *self.idle_provisioned])

    def _take(self, environment_ids: list[int]) -> list[int]:
        for environment_id in environment_ids:
            self.idle.pop(environment_id, None)
            self.idle_provisioned.pop(environment_id, None)
        return environment_ids

    def _new(self, now: float, *, provisioned: bool) -> int:
        self._started += 1
        self._known[self._started] = _Environment(now, provisioned)
        return self._started

    def _too_old(self, environment_id: int, now: float) -> bool:
        limit = self.limits.max_age_seconds
        return limit is not None and now - self._known[environment_id].born >= limit
