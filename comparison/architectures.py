"""What stands on the bill of each architecture: parts, quantities, and the reason of each.

Separate from cost.py, which only multiplies: whoever wants another instance class or another
cache changes a default here. Every default that was chosen rather than measured says why.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from comparison.errors import ComparisonError

EC2 = "ec2"
SERVERLESS = "serverless"
SIDES = (EC2, SERVERLESS)

HOURS_PER_MONTH = 730
"""The month of AWS's pricing calculator: 365 x 24 / 12."""
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
PROXY_MINIMUM_VCPUS = 2
"""RDS Proxy bills the database's vCPUs, at least two (https://aws.amazon.com/rds/proxy/pricing/)."""

Basis = Literal["fixed", "per request"]

LEFT_OUT = (
    "data transfer out to the internet, and between zones",
    "logs (CloudWatch) and backups",
    "CPU credits beyond the baseline of T3 instances (EC2 and RDS)",
    "a load balancer: the ec2 side is one instance with a public address",
    "calls to Secrets Manager, and a VPC endpoint to reach it",
    "free tier, savings plans, taxes and support",
)
"""What the first version of the bill does not contain, in words for the report."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a bill before it is priced."""

    component: str
    what: str
    price_id: str
    basis: Basis
    quantity: Decimal
    """In the price's unit: per month where fixed, per request otherwise."""
    reason: str
    """Why this part, this size or this quantity."""
    assumed: bool = False
    """Whether the size was chosen; False where the architecture or the measurement gives it."""


@dataclass(frozen=True, slots=True)
class DataTier:
    """Database and cache: the same on both sides, so that they do not decide the comparison."""

    database_class: str = "db.t3.micro"
    """The smallest class; the whole data set is 50,000 readings and lives in its memory."""
    database_vcpus: int = 2
    database_storage_gb: int = 20
    """RDS's smallest gp3 volume."""
    cache_engine: Literal["redis", "valkey"] = "redis"
    """What both sides are measured with; valkey is 20 % cheaper on ElastiCache."""
    cache_class: str = "cache.t3.micro"


@dataclass(frozen=True, slots=True)
class Instance:
    """The EC2 instance class, and what its CPU credits allow for ever."""

    name: str = "t3.micro"
    """What the 2020 experiment ran on."""
    vcpus: int = 2
    baseline_share: Decimal = Decimal("0.10")
    """Of each vCPU. EC2 User Guide, "Burstable performance instances", table of baselines."""
    volume_gb: int = 8
    """The root volume of Amazon's Linux images."""

    @property
    def baseline_vcpus(self) -> Decimal:
        return self.vcpus * self.baseline_share


@dataclass(frozen=True, slots=True)
class Function:
    """The Lambda function as configured, and what the run measured of it."""

    memory_mb: int
    architecture: str
    """AWS's name: x86_64 or arm64."""
    mean_billed_ms: Decimal
    """Mean Billed Duration of all invocations, init included."""


def ec2_parts(instance: Instance, data: DataTier) -> tuple[Part, ...]:
    """The `cached` architecture: one instance, MariaDB, cache."""
    return (
        _hourly(
            "EC2",
            f"{instance.name}, Linux",
            f"ec2.linux.{instance.name}",
            "one instance, of the class of the 2020 experiment",
            assumed=True,
        ),
        _hourly(
            "EC2",
            "public IPv4 address",
            "vpc.public_ipv4.in_use",
            "clients reach the instance directly",
            assumed=False,
        ),
        Part(
            "EC2",
            f"EBS gp3, {instance.volume_gb} GB",
            "ebs.gp3.storage",
            "fixed",
            Decimal(instance.volume_gb),
            "the root volume of Amazon's Linux images",
            assumed=True,
        ),
        *_data_parts(data),
    )


def serverless_parts(function: Function, data: DataTier) -> tuple[Part, ...]:
    """The `serverless` architecture: API Gateway (REST), Lambda, RDS Proxy, MariaDB, cache."""
    proxy_vcpus = max(PROXY_MINIMUM_VCPUS, data.database_vcpus)
    return (
        Part(
            "API Gateway",
            "REST requests",
            "apigw.rest.requests",
            "per request",
            Decimal(1),
            "Chalice deploys a REST API; every request is billed, failed ones too",
        ),
        Part(
            "Lambda",
            "requests",
            "lambda.requests",
            "per request",
            Decimal(1),
            "one invocation per request",
        ),
        Part(
            "Lambda",
            f"duration at {function.memory_mb} MB",
            f"lambda.duration.{_price_name(function.architecture)}",
            "per request",
            gb_seconds(function),
            f"measured: {function.mean_billed_ms} ms billed x {function.memory_mb} MB",
        ),
        Part(
            "RDS Proxy",
            f"{proxy_vcpus} vCPU",
            "rds.proxy.vcpu_hour",
            "fixed",
            Decimal(proxy_vcpus * HOURS_PER_MONTH),
            f"the database's vCPUs, at least {PROXY_MINIMUM_VCPUS}",
        ),
        Part(
            "RDS Proxy",
            "secret",
            "secretsmanager.secret",
            "fixed",
            Decimal(1),
            "RDS Proxy logs into MariaDB with a Secrets Manager secret",
        ),
        *_data_parts(data),
    )


def gb_seconds(function: Function) -> Decimal:
    """GB-seconds per request: billed ms / 1000 x MB / 1024 (https://aws.amazon.com/lambda/pricing/)."""
    return function.mean_billed_ms / 1000 * function.memory_mb / 1024


def _data_parts(data: DataTier) -> tuple[Part, ...]:
    engine = {"redis": "Redis", "valkey": "Valkey"}[data.cache_engine]
    return (
        _hourly(
            "RDS",
            f"MariaDB {data.database_class}",
            f"rds.mariadb.single_az.{data.database_class}",
            "the smallest class, in one zone, the same on both sides",
            assumed=True,
        ),
        Part(
            "RDS",
            f"storage gp3, {data.database_storage_gb} GB",
            "rds.storage.gp3",
            "fixed",
            Decimal(data.database_storage_gb),
            "the smallest gp3 volume of RDS",
            assumed=True,
        ),
        _hourly(
            "ElastiCache",
            f"{engine} {data.cache_class.removeprefix('cache.')}",
            f"elasticache.{data.cache_engine}.{data.cache_class}",
            "one node, the same on both sides",
            assumed=True,
        ),
    )


def _hourly(component: str, what: str, price_id: str, reason: str, *, assumed: bool) -> Part:
    return Part(component, what, price_id, "fixed", Decimal(HOURS_PER_MONTH), reason, assumed)


def _price_name(architecture: str) -> str:
    names = {"x86_64": "x86", "arm64": "arm64"}
    if architecture not in names:
        raise ComparisonError(
            f"run.json: lambda_architecture {architecture!r} is none of {', '.join(names)}"
        )
    return names[architecture]
