"""What a deployment on AWS costs by the hour while nobody uses it: `up` shows it before it asks.

Separate from the comparison's bill, which is of one side alone and of a month's load: here both
sides share one database and one cache, and only what stands there is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from comparison.billing.parts import HOURS_PER_MONTH
from comparison.prices import Price, PriceBook, is_sure
from infrastructure.plan import DeploymentOptions

PROXY_VCPUS: Final = 2
"""RDS Proxy bills the database's vCPUs, at least two (https://aws.amazon.com/rds/proxy/pricing/);
every RDS class in the price books has two."""
ROOT_VOLUME_GB: Final = 8
SECRETS: Final = 2
"""The administrator's, which RDS keeps, and the service's."""
LOAD_BALANCER_ADDRESSES: Final = 2
"""One public address in each of its two zones."""
NOT_COUNTED: Final = (
    "requests, logs, data out, CPU credits above the baseline, detailed monitoring and alarms,"
    " and the Fargate tasks while they run"
)


Line = tuple[str, str, int | Decimal]
"""What, its price's id, and the quantity of a month."""


@dataclass(frozen=True, slots=True)
class HourlyItem:
    """One line: what stands there, and what it costs by the hour."""

    what: str
    usd: Decimal
    sure: bool
    """Whether AWS's own publication gave the price."""
    price: Price


def hourly_items(
    options: DeploymentOptions, kinds: Iterable[str], book: PriceBook
) -> tuple[HourlyItem, ...]:
    """The lines of these stacks; ComparisonError naming a price that is unknown or not there."""
    lines: Mapping[str, Sequence[Line]] = {
        "ec2": _ec2(options),
        "data": _data(options),
        "serverless": _function(options),
    }
    return tuple(
        _item(what, price_id, Decimal(quantity), book)
        for kind in kinds
        for what, price_id, quantity in lines.get(kind, ())
    )


def total_usd(items: Sequence[HourlyItem]) -> Decimal:
    return sum((item.usd for item in items), Decimal(0))


def table(items: Sequence[HourlyItem]) -> list[str]:
    """The lines and their sum, as text; ~ marks a price that is not AWS's own word."""
    rows = [
        f"  {item.what:<42}{'' if item.sure else '~':>2} $ {item.usd:>8.4f} an hour"
        for item in items
    ]
    total = total_usd(items)
    rows.append(
        f"  {'together':<42}   $ {total:>8.4f} an hour, $ {total * 24:.2f} a day,"
        f" $ {total * HOURS_PER_MONTH:.2f} a month"
    )
    return rows


def _ec2(options: DeploymentOptions) -> list[Line]:
    instance = options.instance_type
    lines: list[Line] = [
        (f"EC2 {instance}, Linux", f"ec2.linux.{instance}", HOURS_PER_MONTH),
        ("its public IPv4 address", "vpc.public_ipv4.in_use", HOURS_PER_MONTH),
        (f"its volume, gp3, {ROOT_VOLUME_GB} GB", "ebs.gp3.storage", ROOT_VOLUME_GB),
    ]
    if options.architecture == "scaled-out":
        hours = LOAD_BALANCER_ADDRESSES * HOURS_PER_MONTH
        lines += [("load balancer", "alb.hour", HOURS_PER_MONTH)]
        if not options.loadgen:  # else it is an internal one
            lines += [("its two public IPv4 addresses", "vpc.public_ipv4.in_use", hours)]
    return lines


def _data(options: DeploymentOptions) -> list[Line]:
    database, storage = options.database_class, options.database_storage_gb
    cache = options.cache_node_type
    return [
        (f"RDS MariaDB {database}", f"rds.mariadb.single_az.{database}", HOURS_PER_MONTH),
        (f"its storage, gp3, {storage} GB", "rds.storage.gp3", storage),
        (f"RDS Proxy, {PROXY_VCPUS} vCPU", "rds.proxy.vcpu_hour", PROXY_VCPUS * HOURS_PER_MONTH),
        (f"ElastiCache Valkey {cache}", f"elasticache.valkey.{cache}", HOURS_PER_MONTH),
        (f"{SECRETS} secrets", "secretsmanager.secret", SECRETS),
    ]


def _function(options: DeploymentOptions) -> list[Line]:
    """Lambda itself costs nothing while nobody asks, but what is kept initialised does."""
    count, memory_mb = options.provisioned_concurrency, options.lambda_memory_mb
    if not count:
        return []
    processor = "arm64" if options.lambda_architecture == "arm64" else "x86"
    gb_seconds = Decimal(count * memory_mb) / 1024 * 3600 * HOURS_PER_MONTH
    what = f"provisioned concurrency, {count} x {memory_mb} MB"
    return [(what, f"lambda.provisioned_concurrency.{processor}", gb_seconds)]


def _item(what: str, price_id: str, quantity: Decimal, book: PriceBook) -> HourlyItem:
    tiers = book.tier_amounts(price_id, quantity)
    price = book.price(price_id)
    usd = sum((tier.usd for tier in tiers), Decimal(0)) / HOURS_PER_MONTH
    return HourlyItem(what, usd, is_sure(price, len(tiers)), price)
