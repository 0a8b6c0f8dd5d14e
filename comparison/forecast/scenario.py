"""What a forecast starts from: measured service times, and an architecture with its limits.

Frozen records only; what they do to requests is in simulation.py (event by event) and fluid.py
(rates). Times carry their unit in their name. Defaults that are AWS's come from limits.toml with
their sources, and every one may be replaced; what was measured has no default.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from comparison.forecast.limits import default
from comparison.forecast.load import Load
from comparison.latency import Distribution


@dataclass(frozen=True, slots=True)
class CpuTime:
    """CPU milliseconds that one request of a kind takes from each component; means."""

    app_ms: float = 0.0
    """Of the instance's server, or of the function's environment."""
    database_ms: float = 0.0
    cache_ms: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class RequestKind:
    """Requests that cost the same: hits, misses, bypasses, other routes."""

    name: str
    share: float
    """Of all requests; the shares of a scenario are taken in proportion to their sum."""
    service: Distribution
    """Wall time in the server or the environment when nobody else waits, in microseconds: what a
    run measured at a low load. It holds the CPU times below; the rest of it is waiting for
    something that is not busy: data's round trips, the kernel."""
    cpu: CpuTime
    connects_to_database: bool = False
    """Whether it takes a database connection: a miss does, a hit does not."""


@dataclass(frozen=True, slots=True)
class Client:
    """What a user's program does while it waits."""

    timeout_seconds: float = 60.0
    """It gives up then; the server goes on with the request."""
    retries: int = 0
    """How often a failed attempt is sent again."""
    backoff_seconds: float = 0.1
    """Before the first retry; doubled before each further one. The wait is uniform between 0 and
    that ("full jitter"), as AWS's SDKs do it:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"""
    round_trip_ms: float = 0.0
    """Network between client and service. What a run on one machine measured has none in it."""
    connection_per_request: bool = False
    """True: each request opens a connection, one more round trip, and needs an accept."""


@dataclass(frozen=True, slots=True)
class Database:
    """MariaDB: CPUs, and connections that are few."""

    vcpus: float
    max_connections: int
    proxy: bool = False
    """RDS Proxy: a connection is held for a query, not for an environment's life."""
    proxy_ms: float = field(default_factory=lambda: default("proxy.latency_ms"))
    wait_seconds: float = 0.7
    """How long a request waits for a connection before it is answered with 503: our service's
    own limit, or the proxy's borrow timeout where that is shorter."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Redis: one thread runs all commands."""

    threads: int = 1
    max_connections: int = field(default_factory=lambda: int(default("cache.connections")))


@dataclass(frozen=True, slots=True)
class Credits:
    """CPU credits of a burstable instance; 1 credit = 1 vCPU-minute."""

    baseline_share: float
    """Of each vCPU, that is earned all the time: 0.1 for t3.micro."""
    at_start: float
    """Credits each instance begins with."""
    maximum: float
    """Earned credits beyond this are lost: those of 24 h."""
    unlimited: bool
    """True: it goes on without credits and is billed for them. False: it falls to its baseline."""


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """Target tracking on the mean CPU of the instances."""

    minimum: int
    maximum: int
    target_cpu_share: float = 0.5
    period_seconds: float = field(
        default_factory=lambda: default("autoscaling.metric_period_seconds")
    )
    periods_to_add: int = field(default_factory=lambda: int(default("autoscaling.breaches_to_add")))
    periods_to_remove: int = field(
        default_factory=lambda: int(default("autoscaling.breaches_to_remove"))
    )
    start_seconds: float = field(default_factory=lambda: default("instance.start_seconds"))
    """From the decision until the load balancer sends requests."""


@dataclass(frozen=True, slots=True)
class Accept:
    """How a process takes connections; matters where each request opens one."""

    slots: int | None = None
    """Connections that a process serves at a time; None = as many as come."""
    hold_ms: float = 0.0
    """How long a slot is held beside the service time: until the client has closed, say."""
    queue: int = field(default_factory=lambda: int(default("tcp.accept_queue")))
    """Connections that wait for a slot; a SYN beyond is dropped and sent again by the client."""
    first_retransmission_seconds: float = field(
        default_factory=lambda: default("tcp.first_retransmission_seconds")
    )
    """Then twice as long each time."""


@dataclass(frozen=True, slots=True, eq=False)
class Ec2Scenario:
    """Instances that each run some worker processes; each worker is an event loop.

    A worker computes one request at a time, first come first served; the workers of an instance
    share its vCPUs. Waiting (for data, say) occupies neither.
    """

    requests: Sequence[RequestKind]
    load: Load
    client: Client = Client()
    instances: int = 1
    """At the beginning; without autoscaling always."""
    workers: int = 2
    """Processes of an instance."""
    vcpus: float = 2.0
    """Of an instance."""
    one_queue: bool = False
    """True: whichever worker of an instance is free takes the next request. False: a request
    waits for the worker that holds its connection, as with one listening socket per worker."""
    cpu_variation: float = 0.0
    """Coefficient of variation of a request's CPU time: 0 = always the mean, 1 = exponential."""
    accept: Accept = field(default_factory=Accept)
    load_balancer_ms: float | None = None
    """None = no load balancer: then there is one instance."""
    credits: Credits | None = None
    autoscaling: Autoscaling | None = None
    connections_per_instance: int = 16
    """To the database: our server has 8 threads in each worker, with one each."""
    database: Database | None = None
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """API Gateway: a token bucket, an overhead, a deadline."""

    requests_per_second: float = field(
        default_factory=lambda: default("gateway.requests_per_second")
    )
    burst: float = field(default_factory=lambda: default("gateway.burst"))
    overhead_ms: float = field(default_factory=lambda: default("gateway.overhead_ms"))
    timeout_seconds: float = field(default_factory=lambda: default("gateway.timeout_seconds"))


@dataclass(frozen=True, slots=True, eq=False)
class LambdaScenario:
    """API Gateway in front of a function; each environment has one request at a time."""

    requests: Sequence[RequestKind]
    """`service` is the time in a warm environment, `cpu.app_ms` the part of it that computes."""
    load: Load
    init: Distribution
    """What a cold start adds, in microseconds."""
    memory_mb: int
    client: Client = Client()
    gateway: Gateway = field(default_factory=Gateway)
    account_concurrency: int = field(
        default_factory=lambda: int(default("lambda.account_concurrency"))
    )
    reserved_concurrency: int | None = None
    provisioned: int = 0
    """Environments that are ready from the start and never expire."""
    scaling_environments: int = field(
        default_factory=lambda: int(default("lambda.scaling_environments"))
    )
    """New environments in 10 s."""
    requests_per_second_per_concurrency: float = field(
        default_factory=lambda: default("lambda.requests_per_second_per_concurrency")
    )
    idle_expiry_seconds: float = field(
        default_factory=lambda: default("lambda.idle_expiry_seconds")
    )
    host_vcpus: float | None = None
    """The cores that all environments share, where they run on one machine; None on AWS, where
    each has its own. Rounded down to whole cores, first come first served."""
    database: Database | None = None
    cache: Cache | None = None

    @property
    def concurrency(self) -> int:
        """Requests that the function may have in flight."""
        if self.reserved_concurrency is None:
            return self.account_concurrency
        return min(self.reserved_concurrency, self.account_concurrency)


Scenario = Ec2Scenario | LambdaScenario

Reason = Literal[
    "client timeout",
    "no connection",
    "gateway throttled",
    "gateway timeout",
    "function throttled",
    "no database connection",
]
REASONS: tuple[Reason, ...] = (
    "client timeout",
    "no connection",
    "gateway throttled",
    "gateway timeout",
    "function throttled",
    "no database connection",
)
"""Why a request fails: the client gave up waiting; it could not connect in that time; API Gateway
answered 429; it answered 504; the function's concurrency, rate or scaling was used up (500 from
the gateway); no database connection was free (503)."""


def constant_time(ms: float) -> Distribution:
    """A service time that is always the same."""
    return Distribution(np.array([round(1000 * ms)], np.int64), np.ones(1, np.int64))
