"""Which execution environment takes a request: reuse, scaling out, throttling, expiry.

A state machine without processes, timers or a clock (`now` is an argument, in seconds), so that its
promises can be tested by random sequences: never more requests in flight than the concurrency
limit, never two in one environment. Rules: "Understanding Lambda function scaling",
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html . How long an idle environment
is kept is undocumented; about ten minutes were observed in 2019
(https://mikhail.io/2019/08/aws-lambda-cold-starts-after-10-minutes/).
"""

from dataclasses import dataclass

ACCOUNT_CONCURRENCY = 1000
"""Default for an account and Region: "Lambda quotas", concurrent executions."""
IDLE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Assignment:
    """The environment that takes a request."""

    environment_id: int
    cold: bool
    """It does not exist yet and must be started for this request."""


class SandboxPool:
    """The environments of one function: each initialising, busy or idle.

    `initialising` and `busy` hold one request each, which is what concurrency counts.
    """

    def __init__(self, concurrency_limit: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self.concurrency_limit = concurrency_limit
        self.idle_seconds = idle_seconds
        self.initialising: set[int] = set()
        self.busy: set[int] = set()
        self.idle: dict[int, float] = {}
        """Environment -> since when; insertion order, so the last one is the most recently used."""
        self._started = 0

    @property
    def concurrency(self) -> int:
        return len(self.initialising) + len(self.busy)

    def acquire(self) -> Assignment | None:
        """Assign a request to an environment; None: throttled."""
        if self.concurrency >= self.concurrency_limit:
            return None
        if self.idle:
            environment_id, _ = self.idle.popitem()
            self.busy.add(environment_id)
            return Assignment(environment_id, cold=False)
        self._started += 1
        self.initialising.add(self._started)
        return Assignment(self._started, cold=True)

    def initialised(self, environment_id: int) -> None:
        """Note that an environment began to work on the request that it was started for."""
        self.initialising.remove(environment_id)
        self.busy.add(environment_id)

    def release(self, environment_id: int, now: float) -> None:
        """Note that the environment's request is finished and it can take another one."""
        self.busy.remove(environment_id)
        self.idle[environment_id] = now

    def remove(self, environment_id: int) -> None:
        """Forget an environment that ended, in whatever state it was."""
        self.initialising.discard(environment_id)
        self.busy.discard(environment_id)
        self.idle.pop(environment_id, None)

    def expire(self, now: float) -> list[int]:
        """Remove and return the environments that were idle for too long."""
        expired = [
            environment_id
            for environment_id, since in self.idle.items()
            if now - since >= self.idle_seconds
        ]
        for environment_id in expired:
            del self.idle[environment_id]
        return expired
