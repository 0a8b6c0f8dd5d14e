"""A Lambda function: takes invocations and finds or starts an environment for each.

Joins the pool's decisions (sandboxes.py) with the environments that carry them out, as Lambda's
Invoke API does. Knows nothing of HTTP requests or of API Gateway.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from emulation.environments import Environment, EnvironmentEvents
from emulation.function_log import FunctionLog
from emulation.invocations import THROTTLED, Invocation, Outcome
from emulation.loading_queue import HOLD_SECONDS, LoadingQueue
from emulation.metrics import LambdaMetrics
from emulation.request_ids import REQUEST_ID_BITS, request_id
from emulation.runtime_settings import FunctionSettings
from emulation.sandboxes import SandboxPool
from emulation.supervision import Supervisor

_EXPIRY_CHECK_SECONDS = 1.0
_MEMORY_CHECK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """What the control port tells of an environment."""

    environment_id: int
    phase: str
    provisioned: bool
    pid: int | None
    max_memory_mb: int


class LambdaFunction:
    """One function and all its environments; must be made and used in a running event loop."""

    def __init__(
        self,
        settings: FunctionSettings,
        pool: SandboxPool,
        supervisor: Supervisor,
        log: FunctionLog,
        loads_at_once: int,
    ) -> None:
        """`loads_at_once`: so many environments load at the same time."""
        self._settings = settings
        self._pool = pool
        self._supervisor = supervisor
        self._log = log
        self._loop = asyncio.get_running_loop()
        self.metrics = LambdaMetrics()
        self._environments: dict[int, Environment] = {}
        self._loading = LoadingQueue(loads_at_once)
        self._starting: set[asyncio.Task[None]] = set()
        self._closed = False
        self._events = EnvironmentEvents(
            initialised=self._initialised,
            finished=self._finished,
            retired=pool.remove,
            ended=self._ended,
            reported=self.metrics.reported,
        )
        self._expiry = self._loop.call_later(_EXPIRY_CHECK_SECONDS, self._expire)
        self._memory_watch = self._loop.call_later(_MEMORY_CHECK_SECONDS, self._check_memory)

    def provision(self, count: int) -> None:
        """Start environments that are loaded before any request and replaced when they end."""
        for _ in range(count):
            self._start(self._pool.provision(time.monotonic()), None)

    def invoke(self, payload: bytes, trace: str, done: Callable[[Outcome], None]) -> None:
        """Run the function once; `done` is called with the outcome, at once if throttled."""
        assignment = None if self._closed else self._pool.acquire(time.monotonic())
        if assignment is None:
            self.metrics.throttles.record(1.0)
            done(THROTTLED)
            return
        self.metrics.concurrent_executions.record(self._pool.concurrency)
        invocation = Invocation(
            request_id(random.getrandbits(REQUEST_ID_BITS)), payload, trace, done
        )
        if assignment.cold:
            self._start(assignment.environment_id, invocation)
        else:
            self._environments[assignment.environment_id].take(invocation)

    def environments(self) -> list[EnvironmentState]:
        """Those that are there, oldest first."""
        return [
            EnvironmentState(
                environment_id,
                environment.phase,
                self._pool.is_provisioned(environment_id),
                environment.pid,
                environment.max_memory_mb,
            )
            for environment_id, environment in sorted(self._environments.items())
        ]

    def retire_idle(self) -> int:
        """End all idle environments, so that the next request is a cold start; how many."""
        retired = self._pool.retire_idle()
        for environment_id in retired:
            self._environments[environment_id].end()
        return len(retired)

    def check_exits(self) -> None:
        """Notice processes that ended; to be called on SIGCHLD where nothing else tells."""
        for environment in list(self._environments.values()):
            environment.check_exit()

    def close(self) -> None:
        """Kill every environment."""
        self._closed = True
        self._expiry.cancel()
        self._memory_watch.cancel()
        for environment in list(self._environments.values()):
            environment.end()

    def _start(self, environment_id: int, invocation: Invocation | None) -> None:
        environment = Environment(
            environment_id,
            self._settings,
            self._supervisor,
            self._log,
            self._events,
        )
        self._environments[environment_id] = environment
        environment.expect(invocation)
        self._loading.load(environment_id, partial(self._load, environment))

    def _load(self, environment: Environment) -> None:
        task = self._loop.create_task(environment.start())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        self._loop.call_later(HOLD_SECONDS, self._loading.done, environment.environment_id)

    def _initialised(self, environment_id: int) -> None:
        self._pool.initialised(environment_id, time.monotonic())
        self._loading.done(environment_id)

    def _finished(self, environment_id: int) -> None:
        if not self._pool.release(environment_id, time.monotonic()):
            self._environments[environment_id].end()

    def _ended(self, environment_id: int) -> None:
        # One that could not even load would do so for ever.
        replaced = self._pool.is_provisioned(environment_id) and not self._closed
        replaced = replaced and environment_id not in self._pool.preparing
        self._pool.remove(environment_id)
        self._environments.pop(environment_id, None)
        self._loading.done(environment_id)
        if replaced:
            self.provision(1)

    def _expire(self) -> None:
        for environment_id in self._pool.expire(time.monotonic()):
            self._environments[environment_id].end()
        self._expiry = self._loop.call_later(_EXPIRY_CHECK_SECONDS, self._expire)

    def _check_memory(self) -> None:
        """Look at those that work: one timer for all costs an invocation nothing."""
        for environment_id in [*self._pool.preparing, *self._pool.initialising, *self._pool.busy]:
            self._environments[environment_id].check_memory()
        self._memory_watch = self._loop.call_later(_MEMORY_CHECK_SECONDS, self._check_memory)
