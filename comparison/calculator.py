"""A bill from quantities that somebody typed in: nothing measured, no architecture.

Only what is named is billed, each line by AWS's rule for it, so that any of AWS's own worked
examples, or a line of somebody's bill, can be computed and checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from comparison.billing import api_gateway
from comparison.billing.credits import (
    CREDITS_PER_VCPU_HOUR,
    Mode,
    Phase,
    burstable,
    ended,
    run_phases,
)
from comparison.billing.database import CACHE_ENGINES, DATABASE_CREDITS_PRICE_ID, proxy_parts
from comparison.billing.functions import FunctionMonth, month_parts, snapstart_parts
from comparison.billing.load_balancer import BalancedTraffic, lcu_dimensions, lcus
from comparison.billing.operations import FREE_LOGS_GB
from comparison.billing.parts import HOURS_PER_MONTH, Part, fixed
from comparison.billing.transfer import FREE_EGRESS_GB, interface_endpoints, nat_gateways
from comparison.errors import ComparisonError

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Quantities:
    """A month's quantities; what is 0 or None is not billed. Hours are the month's."""

    hours: Decimal = Decimal(HOURS_PER_MONTH)
    free_tier: bool = False
    functions: tuple[FunctionMonth, ...] = ()
    snapstart_memory_mb: int = 0
    snapstart_hours: Decimal = ZERO
    snapstart_restores: Decimal = ZERO
    api: api_gateway.Kind | None = None
    api_requests: Decimal = ZERO
    payload_kb: Decimal = Decimal(1)
    api_cache_hours: Decimal = ZERO
    instance: str | None = None
    instances: Decimal = Decimal(1)
    ebs_gb: Decimal = ZERO
    ebs_hours: Decimal | None = None
    """Of the month; None = all of it."""
    public_ipv4: Decimal = ZERO
    cpu_phases: tuple[Phase, ...] = ()
    """What each instance's CPU does, from its launch on."""
    credit_mode: Mode = "unlimited"
    terminated: bool = False
    """Whether the instances end after the last phase, and pay what they owe."""
    surplus_vcpu_hours: Decimal = ZERO
    """Charged ones, if they are known."""
    load_balancers: Decimal = ZERO
    traffic: BalancedTraffic | None = None
    """Of each load balancer."""
    lcus: Decimal | None = None
    """Of each load balancer in each hour, if they are known."""
    egress_gb: Decimal = ZERO
    cross_zone_gb: Decimal = ZERO
    nat_gateways: Decimal = ZERO
    nat_gb: Decimal = ZERO
    endpoints: Decimal = ZERO
    endpoint_gb: Decimal = ZERO
    database: str | None = None
    database_gb: Decimal = ZERO
    database_surplus_vcpu_hours: Decimal = ZERO
    proxy_vcpus: int = 0
    cache_class: str | None = None
    cache_engine: str = "redis"
    cache_nodes: Decimal = Decimal(1)
    log_gb: Decimal = ZERO
    log_storage_gb: Decimal = ZERO
    secrets: Decimal = ZERO
    secret_calls: Decimal = ZERO
    lines: tuple[tuple[str, Decimal], ...] = ()
    """(price id, quantity) of anything else."""
    savings_plan_percent: Decimal = ZERO
    """Off EC2 instances and off Lambda's duration and provisioned concurrency."""


def calculator_parts(quantities: Quantities) -> tuple[Part, ...]:
    """The lines of everything that is named; ComparisonError where a quantity is impossible."""
    parts = (
        *_serverless(quantities),
        *_servers(quantities),
        *_load_balancers(quantities),
        *_data(quantities),
        *_network(quantities),
        *_operations(quantities),
        *(fixed("", price_id, price_id, amount, "--line") for price_id, amount in quantities.lines),
    )
    return tuple(with_savings_plan(part, quantities.savings_plan_percent) for part in parts)


def with_savings_plan(part: Part, percent: Decimal) -> Part:
    """The part at a Compute Savings Plan's price, if it is one that such a plan covers.

    https://docs.aws.amazon.com/savingsplans/latest/userguide/what-is-savings-plans.html: EC2
    instances, Lambda's duration and provisioned concurrency; not CPU credits, not requests.
    """
    covered = ("lambda.duration", "lambda.provisioned", "ec2.linux.")
    if not percent or not part.price_id.startswith(covered):
        return part
    return replace(
        part,
        price_factor=part.price_factor * (1 - percent / 100),
        reason=f"{part.reason}; {percent} % less with a savings plan",
    )


def _serverless(quantities: Quantities) -> Iterator[Part]:
    if quantities.functions:
        yield from month_parts(quantities.functions, free_tier=quantities.free_tier)
    if quantities.snapstart_memory_mb:
        yield from snapstart_parts(
            quantities.snapstart_memory_mb,
            quantities.snapstart_hours * 3600,
            quantities.snapstart_restores,
        )
    if quantities.api is not None:
        calls = api_gateway.metered_calls(quantities.api, quantities.payload_kb)
        yield fixed(
            "API Gateway",
            f"{quantities.api.upper()} requests",
            api_gateway.PRICE_IDS[quantities.api],
            quantities.api_requests * calls,
            f"{quantities.api_requests:,} calls, each counted as {calls}",
        )
    if quantities.api_cache_hours:
        yield fixed(
            "API Gateway",
            "cache, 0.5 GB",
            "apigw.cache.0.5gb",
            quantities.api_cache_hours,
            "each hour that the stage has it",
        )


def _servers(quantities: Quantities) -> Iterator[Part]:
    count = quantities.instances
    if quantities.instance is not None:
        yield fixed(
            "EC2",
            f"{quantities.instance}, Linux",
            f"ec2.linux.{quantities.instance}",
            count * quantities.hours,
            f"{count} x {quantities.hours} h",
        )
    surplus = quantities.surplus_vcpu_hours
    reason = "as given"
    if quantities.cpu_phases:
        surplus, reason = _charged(quantities)
    if surplus:
        family = (quantities.instance or "t3.").split(".")[0]
        yield fixed(
            "EC2",
            "surplus CPU credits",
            # AWS charges T2, T3 and T3a alike (EC2 User Guide, unlimited mode), T4g less.
            f"ec2.cpu_credits.{'t4g' if family == 't4g' else 't3'}.linux",
            surplus,
            reason,
        )
    if quantities.ebs_gb:
        hours = quantities.hours if quantities.ebs_hours is None else quantities.ebs_hours
        yield fixed(
            "EC2",
            "EBS gp3",
            "ebs.gp3.storage",
            quantities.ebs_gb * hours / quantities.hours,
            f"{quantities.ebs_gb} GB for {hours} of {quantities.hours} h",
        )
    if quantities.public_ipv4:
        yield fixed(
            "EC2",
            "public IPv4 addresses",
            "vpc.public_ipv4.in_use",
            quantities.public_ipv4 * quantities.hours,
            f"{quantities.public_ipv4} x {quantities.hours} h, in use or not",
        )


def _charged(quantities: Quantities) -> tuple[Decimal, str]:
    """The vCPU-hours of surplus credits that all instances are charged, and how they come about."""
    size = burstable(quantities.instance or "")
    if size is None:
        raise ComparisonError(
            f"--cpu-phase: {quantities.instance or 'no --instance'} has no CPU credits;"
            " name a T3 or T4g with --instance"
        )
    account = run_phases(size, quantities.cpu_phases, quantities.credit_mode)[-1]
    if quantities.terminated:
        account = ended(account)
    return account.charged_vcpu_hours * quantities.instances, (
        f"{account.charged.normalize():f} credits charged for each instance, of"
        f" {CREDITS_PER_VCPU_HOUR} a vCPU-hour; {account.surplus.normalize():f} still owed"
    )


def _load_balancers(quantities: Quantities) -> Iterator[Part]:
    count = quantities.load_balancers
    if not count:
        return
    hours = count * quantities.hours
    yield fixed("Load balancer", "hours", "alb.hour", hours, f"{count} x {quantities.hours} h")
    if quantities.lcus is not None:
        each, reason = quantities.lcus, "as given"
    elif quantities.traffic is not None:
        each, dimension = lcus(quantities.traffic)
        shown = ", ".join(
            f"{name} {value.normalize():f}"
            for name, value in lcu_dimensions(quantities.traffic).items()
        )
        reason = f"the largest is {dimension}, of {shown}"
    else:
        return
    yield fixed("Load balancer", "LCU", "alb.lcu_hour", each * hours, reason)


def _data(quantities: Quantities) -> Iterator[Part]:
    if quantities.database is not None:
        yield fixed(
            "RDS",
            f"MariaDB {quantities.database}",
            f"rds.mariadb.single_az.{quantities.database}",
            quantities.hours,
            "in one zone",
        )
    if quantities.database_gb:
        yield fixed("RDS", "storage gp3", "rds.storage.gp3", quantities.database_gb, "GB all month")
    if quantities.database_surplus_vcpu_hours:
        yield fixed(
            "RDS",
            "surplus CPU credits",
            DATABASE_CREDITS_PRICE_ID,
            quantities.database_surplus_vcpu_hours,
            "as given",
        )
    if quantities.proxy_vcpus:
        yield from proxy_parts(quantities.proxy_vcpus, quantities.hours)
    if quantities.cache_class is not None:
        engine, nodes = quantities.cache_engine, quantities.cache_nodes
        yield fixed(
            "ElastiCache",
            f"{CACHE_ENGINES[engine]} {quantities.cache_class.removeprefix('cache.')}",
            f"elasticache.{engine}.{quantities.cache_class}",
            nodes * quantities.hours,
            f"{nodes} x {quantities.hours} h",
        )


def _network(quantities: Quantities) -> Iterator[Part]:
    if quantities.egress_gb:
        free = min(FREE_EGRESS_GB, quantities.egress_gb) if quantities.free_tier else ZERO
        yield fixed(
            "Data out",
            "to the internet",
            "dto.internet",
            quantities.egress_gb - free,
            f"{quantities.egress_gb} GB" + (f", less {free} GB of the free tier" if free else ""),
        )
    if quantities.cross_zone_gb:
        yield fixed(
            "Data",
            "between zones",
            "dto.inter_az",
            2 * quantities.cross_zone_gb,
            f"{quantities.cross_zone_gb} GB, billed on both sides",
        )
    if quantities.nat_gateways:
        yield from nat_gateways(quantities.nat_gateways, quantities.hours, quantities.nat_gb)
    if quantities.endpoints:
        yield from interface_endpoints(
            quantities.endpoints, quantities.hours, quantities.endpoint_gb
        )


def _operations(quantities: Quantities) -> Iterator[Part]:
    if quantities.log_gb:
        free = min(FREE_LOGS_GB, quantities.log_gb) if quantities.free_tier else ZERO
        yield fixed(
            "CloudWatch",
            "logs taken in",
            "cloudwatch.logs.ingest",
            quantities.log_gb - free,
            f"{quantities.log_gb} GB" + (f", less {free} GB of the free tier" if free else ""),
        )
    if quantities.log_storage_gb:
        yield fixed(
            "CloudWatch",
            "logs kept",
            "cloudwatch.logs.storage",
            quantities.log_storage_gb,
            "GB all month, as they are stored (compressed)",
        )
    if quantities.secrets:
        yield fixed(
            "Secrets Manager", "secrets", "secretsmanager.secret", quantities.secrets, "all month"
        )
    if quantities.secret_calls:
        yield fixed(
            "Secrets Manager", "calls", "secretsmanager.api_call", quantities.secret_calls, "each"
        )
