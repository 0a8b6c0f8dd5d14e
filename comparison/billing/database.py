"""What both sides keep their data in: RDS for MariaDB, RDS Proxy, ElastiCache.

Rules: https://aws.amazon.com/rds/mariadb/pricing/, https://aws.amazon.com/rds/proxy/pricing/,
https://aws.amazon.com/elasticache/pricing/. One node and one zone each, the same on all sides, so
that the data tier does not decide the comparison.
"""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from comparison.billing.credits import SurplusCredits, burstable
from comparison.billing.parts import Part, fixed
from comparison.billing.quantities import Fleet

PROXY_MINIMUM_VCPUS = 2
"""RDS Proxy bills the database's vCPUs, at least two (https://aws.amazon.com/rds/proxy/pricing/)."""
DATABASE_CREDITS_PRICE_ID = "rds.cpu_credits.db_t3_t4g.mariadb"
CACHE_ENGINES = MappingProxyType({"redis": "Redis", "valkey": "Valkey"})

AWS_CACHE_ENGINE: Final = "valkey"
"""What infrastructure/templates/data.yaml makes."""


@dataclass(frozen=True, slots=True)
class DataTier:
    """Database and cache."""

    database_class: str = "db.t3.micro"
    """The smallest class; the whole data set is 50,000 readings and lives in its memory."""
    database_vcpus: int = 2
    database_storage_gb: int = 20
    """RDS's smallest gp3 volume."""
    cache_engine: Literal["redis", "valkey"] = "redis"
    """What both sides are measured with on one machine; valkey is 20 % cheaper on ElastiCache."""
    cache_class: str = "cache.t3.micro"


def database_parts(
    data: DataTier, hours: Decimal, cpu_ms_per_request: Decimal, weights: tuple[Decimal, ...]
) -> tuple[Part, ...]:
    """MariaDB on RDS: the instance, its storage, and CPU credits where the class has any."""
    name = data.database_class
    parts = (
        fixed(
            "RDS",
            f"MariaDB {name}",
            f"rds.mariadb.single_az.{name}",
            hours,
            "in one zone, the same on all sides",
            assumed=True,
        ),
        fixed(
            "RDS",
            f"storage gp3, {data.database_storage_gb} GB",
            "rds.storage.gp3",
            data.database_storage_gb,
            "the same on all sides; 20 GB is the smallest gp3 volume of RDS",
            assumed=True,
        ),
    )
    size = burstable(name)
    if size is None:
        return parts
    credits_used = SurplusCredits(size, cpu_ms_per_request / 3_600_000, Fleet(None), weights, hours)
    reason = (
        f"{cpu_ms_per_request} ms of database CPU per request, above the"
        f" {size.baseline_vcpus.normalize():f} vCPU that {name} has without credits"
    )
    return (
        *parts,
        Part(
            "RDS",
            "surplus CPU credits",
            DATABASE_CREDITS_PRICE_ID,
            credits_used,
            reason,
            shown_at_zero=False,
        ),
    )


def proxy_parts(vcpus: int, hours: Decimal) -> tuple[Part, ...]:
    """RDS Proxy in front of a database with so many vCPUs, and the secret that it logs in with."""
    billed = max(PROXY_MINIMUM_VCPUS, vcpus)
    return (
        fixed(
            "RDS Proxy",
            f"{billed} vCPU",
            "rds.proxy.vcpu_hour",
            billed * hours,
            f"the database's vCPUs, at least {PROXY_MINIMUM_VCPUS}",
        ),
    )


def cache_parts(data: DataTier, hours: Decimal) -> tuple[Part, ...]:
    """One ElastiCache node."""
    return (
        fixed(
            "ElastiCache",
            f"{CACHE_ENGINES[data.cache_engine]} {data.cache_class.removeprefix('cache.')}",
            f"elasticache.{data.cache_engine}.{data.cache_class}",
            hours,
            "one node, the same on all sides",
            assumed=True,
        ),
    )
