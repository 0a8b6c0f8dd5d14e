"""What stands on the bill of each architecture: parts, quantities, and the reason of each.

Separate from cost.py, which only multiplies, and from billing/, which knows AWS's rules: whoever
wants another instance class or another cache changes a default here. Every default that was
chosen rather than measured says why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from comparison.billing import api_gateway, operations, transfer
from comparison.billing.capacity import DEFAULT_HEADROOM
from comparison.billing.database import DataTier, cache_parts, database_parts, proxy_parts
from comparison.billing.functions import Function, growing_parts
from comparison.billing.instances import (
    Connections,
    Instance,
    address,
    fleet_parts,
    load_balancer_parts,
)
from comparison.billing.parts import HOURS_PER_MONTH, Part
from comparison.billing.quantities import Fleet, PerRequest
from comparison.billing.traffic import CONSTANT, Shape
from comparison.billing.usage import LAMBDA_LOG_BYTES, RequestUsage

EC2 = "ec2"
"""How a run calls its cached side where it is not asked for by that name."""
THREE_TIER = "three-tier"
CACHED = "cached"
SCALED_OUT = "scaled-out"
SERVERLESS = "serverless"
SIDES = (EC2, SERVERLESS)
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
MINIMUM_SCALED_OUT = 2
"""Behind a load balancer in two zones, an instance in each."""

LEFT_OUT = (
    "a larger database or cache, where the load needs one; backups; keeping logs",
    "data between zones on the sides with one instance: it stands in the data's zone",
    "free tier and savings plans (./compare.py cost has flags for both), taxes and support",
    "people: operating instances takes time that no price list has",
)
"""What a bill of an architecture does not contain, in words for the report."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that is chosen rather than measured."""

    instance: Instance = field(default_factory=Instance)
    data: DataTier = field(default_factory=DataTier)
    shape: Shape = CONSTANT
    hours: Decimal = Decimal(HOURS_PER_MONTH)
    headroom: float = DEFAULT_HEADROOM
    """Share of the CPU that stays idle in the busiest hour."""
    api: api_gateway.Kind = "rest"
    """What Chalice deploys is a REST API."""
    payload_kb: Decimal = Decimal(1)
    """Of one call, for the steps of 512 KB of an HTTP API."""
    free_tier: bool = False
    proxy: bool = True


@dataclass(frozen=True, slots=True)
class Demand:
    """One side's measured needs."""

    usage: RequestUsage
    function: Function | None = None
    """None where the side has no Lambda."""
    rate_per_instance: float | None = None
    """Requests per second that one instance carries; None = unknown, then one is billed."""


Architecture = Callable[[Demand, Setup], tuple[Part, ...]]


def three_tier(demand: Demand, setup: Setup) -> tuple[Part, ...]:
    """Instance and MariaDB; several instances with a load balancer where one is not enough."""
    fleet = fleet_of(demand, setup)
    return (
        address(setup.hours),
        *fleet_parts(setup.instance, fleet, setup.hours, demand.usage.cpu_ms, setup.shape.weights),
        *load_balancer_parts(fleet, _connections(demand.usage), setup.hours),
        *_common(demand.usage, setup, Decimal(0)),
    )


def cached(demand: Demand, setup: Setup) -> tuple[Part, ...]:
    """Three-tier with Redis in front of MariaDB."""
    return (*three_tier(demand, setup), *cache_parts(setup.data, setup.hours))


def scaled_out(demand: Demand, setup: Setup) -> tuple[Part, ...]:
    """A load balancer over instances in two zones, one more than needed (N+1), with Redis."""
    fleet = fleet_of(demand, setup, minimum=MINIMUM_SCALED_OUT, spare=1)
    crossing = transfer.between_zones(
        demand.usage.response_bytes / 2,
        "half of the instances stand in the other zone than cache and database, whose answers are"
        " about as long as the service's own",
    )
    return (
        address(setup.hours),
        *fleet_parts(setup.instance, fleet, setup.hours, demand.usage.cpu_ms, setup.shape.weights),
        *load_balancer_parts(fleet, _connections(demand.usage), setup.hours),
        crossing,
        *_common(demand.usage, setup, Decimal(0)),
        *cache_parts(setup.data, setup.hours),
    )


def serverless(demand: Demand, setup: Setup) -> tuple[Part, ...]:
    """API Gateway, Lambda, RDS Proxy, MariaDB and Redis."""
    if demand.function is None:
        raise ValueError("a serverless side needs its function")
    proxy = proxy_parts(setup.data.database_vcpus, setup.hours) if setup.proxy else ()
    return (
        Part(
            "API Gateway",
            f"{setup.api.upper()} requests",
            api_gateway.PRICE_IDS[setup.api],
            PerRequest(api_gateway.metered_calls(setup.api, setup.payload_kb)),
            "every request is billed, failed ones too; Chalice deploys a REST API",
        ),
        *growing_parts(
            demand.function, setup.shape.weights, setup.hours, free_tier=setup.free_tier
        ),
        *proxy,
        *_common(demand.usage, setup, Decimal(LAMBDA_LOG_BYTES)),
        *cache_parts(setup.data, setup.hours),
    )


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        THREE_TIER: three_tier,
        CACHED: cached,
        SCALED_OUT: scaled_out,
        SERVERLESS: serverless,
        EC2: cached,
    }
)
"""Name -> what it consists of."""


def fleet_of(demand: Demand, setup: Setup, minimum: int = 1, spare: int = 0) -> Fleet:
    """The instances for the busiest hour; a month's requests that one of them carries."""
    if demand.rate_per_instance is None:
        return Fleet(None, minimum)
    carried = Decimal(repr(demand.rate_per_instance)) * setup.hours * 3600 / setup.shape.peak
    # Whole requests, rounded down: the last one must still be carried.
    return Fleet(max(carried // 1, Decimal(1)), minimum, spare)


def _common(usage: RequestUsage, setup: Setup, platform_log_bytes: Decimal) -> tuple[Part, ...]:
    """What every architecture has: MariaDB, its secret, logs, and answers that leave AWS."""
    log_bytes = usage.log_bytes + platform_log_bytes
    lines = "the access log's line" + (
        " and Lambda's START, END and REPORT" if platform_log_bytes else ", sent there by an agent"
    )
    return (
        transfer.egress(
            usage.answer_bytes,
            f"{usage.response_bytes} bytes of body and about {usage.header_bytes} of headers",
            free_tier=setup.free_tier,
        ),
        operations.logs(log_bytes, f"{log_bytes} bytes: {lines}", free_tier=setup.free_tier),
        operations.secret("the password of MariaDB, for the instances or for RDS Proxy"),
        *database_parts(setup.data, setup.hours, usage.database_cpu_ms, setup.shape.weights),
    )


def _connections(usage: RequestUsage) -> Connections:
    return Connections(usage.new_connections, usage.active_connections, usage.exchanged_bytes)
