"""What to ask AWS's Price List for each price, and how to read its answer.

Pure: measurement/price_list.py sends the questions. Filters, groups and usage types are those of
answers that public tools have recorded; tests/measurement/price_list/README.md lists them. An
answer is taken only when nothing about it is in doubt: one price, known unit, tiers without gaps.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from comparison.errors import ComparisonError
from comparison.numbers import unit_usd
from comparison.prices import Tier

ON_DEMAND_TERM = "JRTCKXETXF"
"""AWS's code of the on-demand offer term, the same in every price list."""
REGION_PREFIX = re.compile(r"^(?:[A-Z]{3}\d|EU)-")
"""What a usage type begins with in one region: EUC1-. In us-east-1 USE1-, nothing, or both."""
_GB_SECONDS = "Lambda-GB-Second|GB-Second|GB-Seconds|Second|Seconds|seconds"
TRANSFER_PREFIXES: Mapping[str, str] = {"us-east-1": "", "eu-central-1": "EUC1-"}
"""Data transfer has no region among its attributes: its usage type must be asked for whole."""


class NotInPriceListError(ComparisonError):
    """The answer holds no price that could be taken without a guess."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question to the Price List, and what an answer must look like."""

    service: str
    """AWS's ServiceCode."""
    filters: tuple[tuple[str, str], ...]
    """(field, value): all must match, as the API's TERM_MATCH does."""
    units: tuple[str, ...]
    """AWS's names for the book's unit."""
    usage_types: tuple[str, ...] = ()
    """Without the region's prefix; empty where the filters say it all."""


@dataclass(frozen=True, slots=True)
class Product:
    """One element of an answer's PriceList, as far as it matters here."""

    sku: str
    attributes: Mapping[str, str]
    """With productFamily, which AWS keeps beside them."""
    units: frozenset[str]
    tiers: tuple[Tier, ...]
    """On-demand prices in USD, by start; empty where there are none."""


@dataclass(frozen=True, slots=True)
class Found:
    """A price as AWS's list states it."""

    tiers: tuple[Tier, ...]
    source: str


def lookup(price_id: str, region: str) -> Lookup:
    """What to ask for a price of the book; NotInPriceListError where nobody knows."""
    if price_id in _FIXED:
        return _with_region(_FIXED[price_id], region)
    for beginning, build in _CLASSES:
        if price_id.startswith(beginning):
            return _with_region(build(price_id.removeprefix(beginning)), region)
    raise NotInPriceListError("how to ask for it is not known")


def parse_product(text: str) -> Product:
    """Read one element of PriceList, JSON text; ComparisonError when it has another form."""
    try:
        page = json.loads(text)
        product = page["product"]
        attributes = dict(product["attributes"])
        attributes["productFamily"] = product.get("productFamily", "")
        sku = product["sku"]
        # Some tools that record answers leave a text in place of the terms they cut.
        terms = page["terms"].get("OnDemand", {})
        dimensions = [
            dimension
            for term in terms.values()
            if term["offerTermCode"] == ON_DEMAND_TERM
            for dimension in term["priceDimensions"].values()
        ]
        tiers = tuple(sorted(map(_tier, dimensions), key=lambda tier: tier.start))
        units = frozenset(dimension["unit"] for dimension in dimensions)
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError) as error:
        raise ComparisonError(
            f"the answer of the Price List has an unknown form: {type(error).__name__}: {error}"
        ) from error
    return Product(sku, attributes, units, tiers)


def find_price(asked: Lookup, products: Iterable[Product]) -> Found:
    """The one price that the answer states; NotInPriceListError says why there is none."""
    matching = [product for product in products if product.tiers and _matches(asked, product)]
    if not matching:
        raise NotInPriceListError("no product matches")
    for product in matching:
        if not product.units <= set(asked.units):
            raise NotInPriceListError(
                f"the unit is {' and '.join(sorted(product.units))}, expected"
                f" {' or '.join(asked.units)} (SKU {product.sku})"
            )
        if not _is_complete(product.tiers):
            raise NotInPriceListError(f"the tiers have gaps (SKU {product.sku})")
    if len({product.tiers for product in matching}) > 1:
        prices = ", ".join(f"{product.sku} ${_first_usd(product)}" for product in matching)
        raise NotInPriceListError(f"{len(matching)} products match with different prices: {prices}")
    return Found(matching[0].tiers, f"AWS Price List API, {asked.service}, SKU {matching[0].sku}")


def _tier(dimension: Mapping[str, Any]) -> Tier:
    end = dimension["endRange"]
    return Tier(
        Decimal(dimension["beginRange"]),
        None if end == "Inf" else Decimal(end),
        Decimal(dimension["pricePerUnit"]["USD"]).normalize(),
    )


def _matches(asked: Lookup, product: Product) -> bool:
    """Whether nothing in the product contradicts the question."""
    if any(product.attributes.get(field, value) != value for field, value in asked.filters):
        return False
    usage_type = product.attributes.get("usagetype", "")
    bare = REGION_PREFIX.sub("", usage_type)
    return not asked.usage_types or bare in asked.usage_types


def _is_complete(tiers: Sequence[Tier]) -> bool:
    ends = [tier.end for tier in tiers]
    return [tier.start for tier in tiers] == [Decimal(0), *ends[:-1]] and ends[-1] is None


def _first_usd(product: Product) -> str:
    usd = product.tiers[0].usd
    return "" if usd is None else unit_usd(usd)


def _with_region(asked: Lookup, region: str) -> Lookup:
    if asked.service != "AWSDataTransfer":
        return Lookup(
            asked.service,
            (("regionCode", region), *asked.filters),
            asked.units,
            asked.usage_types,
        )
    if region not in TRANSFER_PREFIXES:
        raise NotInPriceListError(f"the usage types of data transfer in {region} are not known")
    whole = TRANSFER_PREFIXES[region] + asked.usage_types[0]
    return Lookup(
        asked.service, (("usagetype", whole), *asked.filters), asked.units, asked.usage_types
    )


def _family(family: str, *usage_types: str, service: str, unit: str, **filters: str) -> Lookup:
    return Lookup(
        service, (("productFamily", family), *filters.items()), tuple(unit.split("|")), usage_types
    )


def _instance(name: str) -> Lookup:
    return _family(
        "Compute Instance",
        f"BoxUsage:{name}",
        service="AmazonEC2",
        unit="Hrs",
        instanceType=name,
        operatingSystem="Linux",
        tenancy="Shared",
        preInstalledSw="NA",
        capacitystatus="Used",
        marketoption="OnDemand",
        licenseModel="No License required",
    )


def _database(name: str) -> Lookup:
    return _family(
        "Database Instance",
        f"InstanceUsage:{name}",
        service="AmazonRDS",
        unit="Hrs",
        instanceType=name,
        databaseEngine="MariaDB",
        deploymentOption="Single-AZ",
    )


def _cache(engine: str, name: str) -> Lookup:
    return _family(
        "Cache Instance",
        f"NodeUsage:{name}",
        service="AmazonElastiCache",
        unit="Hrs",
        instanceType=name,
        cacheEngine=engine,
    )


def _database_storage(usage_type: str) -> Lookup:
    return _family(
        "Database Storage",
        usage_type,
        service="AmazonRDS",
        unit="GB-Mo",
        databaseEngine="MariaDB",
        deploymentOption="Single-AZ",
    )


def _lambda(group: str, unit: str = _GB_SECONDS) -> Lookup:
    return Lookup("AWSLambda", (("group", f"AWS-Lambda-{group}"),), tuple(unit.split("|")))


_CLASSES = (
    ("ec2.linux.", _instance),
    ("rds.mariadb.single_az.", _database),
    ("elasticache.redis.", lambda name: _cache("Redis", name)),
    ("elasticache.valkey.", lambda name: _cache("Valkey", name)),
)
"""Beginning of a price id -> the question; the rest of the id is AWS's name of the class."""

_ec2 = partial(_family, service="AmazonEC2")
_rds = partial(_family, service="AmazonRDS")
_vpc = partial(_family, service="AmazonVPC")
_balancer = partial(
    _family,
    "Load Balancer-Application",
    service="AWSELB",
    operation="LoadBalancing:Application",
)
_gateway = partial(_family, service="AmazonApiGateway")
_secrets = partial(_family, service="AWSSecretsManager")
_logs = partial(_family, service="AmazonCloudWatch")

_FIXED: Mapping[str, Lookup] = {
    "ec2.cpu_credits.t3.linux": _ec2(
        "CPU Credits", "CPUCredits:t3", unit="vCPU-Hours", operatingSystem="Linux"
    ),
    "ec2.cpu_credits.t4g.linux": _ec2(
        "CPU Credits", "CPUCredits:t4g", unit="vCPU-Hours", operatingSystem="Linux"
    ),
    "ebs.gp3.storage": _ec2(
        "Storage", "EBS:VolumeUsage.gp3", unit="GB-Mo|GB-month", volumeApiName="gp3"
    ),
    "nat.hour": _ec2("NAT Gateway", "NatGateway-Hours", unit="Hrs"),
    "nat.gb": _ec2("NAT Gateway", "NatGateway-Bytes", unit="GB"),
    "vpc.public_ipv4.in_use": Lookup(
        "AmazonVPC",
        (("group", "VPCPublicIPv4Address"),),
        ("Hrs",),
        ("PublicIPv4:InUseAddress",),
    ),
    "vpce.interface.hour": _vpc("VpcEndpoint", "VpcEndpoint-Hours", unit="Hrs"),
    "vpce.interface.gb": _vpc("VpcEndpoint", "VpcEndpoint-Bytes", unit="GB"),
    "alb.hour": _balancer("LoadBalancerUsage", unit="Hrs"),
    "alb.lcu_hour": _balancer("LCUUsage", unit="LCU-Hrs"),
    "dto.internet": Lookup("AWSDataTransfer", (), ("GB",), ("DataTransfer-Out-Bytes",)),
    "dto.inter_az": Lookup("AWSDataTransfer", (), ("GB",), ("DataTransfer-Regional-Bytes",)),
    "rds.cpu_credits.db_t3_t4g.mariadb": _rds(
        "CPU Credits",
        "CPUCredits:db.t3",
        "CPUCredits:db.t4g",
        unit="vCPU-Hours",
        databaseEngine="MariaDB",
    ),
    "rds.storage.gp2": _database_storage("RDS:GP2-Storage"),
    "rds.storage.gp3": _database_storage("RDS:GP3-Storage"),
    "rds.backup": _rds("Storage Snapshot", "RDS:ChargedBackupUsage", unit="GB-Mo"),
    "rds.proxy.vcpu_hour": _rds("RDSProxy", "RDS:ProxyUsage", unit="Hrs|vCPU-Hours"),
    "lambda.requests": _lambda("Requests", "Requests|Request"),
    "lambda.duration.x86": _lambda("Duration"),
    "lambda.duration.arm64": _lambda("Duration-ARM"),
    "lambda.provisioned_concurrency.x86": _lambda("Provisioned-Concurrency"),
    "lambda.provisioned_concurrency.arm64": _lambda("Provisioned-Concurrency-ARM"),
    "lambda.duration_under_pc.x86": _lambda("Duration-Provisioned"),
    "lambda.duration_under_pc.arm64": _lambda("Duration-Provisioned-ARM"),
    "lambda.ephemeral_storage": _lambda("Storage-Duration"),
    "lambda.snapstart.cache": _family(
        "Serverless", "Lambda-SnapStart-Cached-GB-S", service="AWSLambda", unit=_GB_SECONDS
    ),
    "lambda.snapstart.restore": _family(
        "Serverless", "Lambda-SnapStart-Restored-GB", service="AWSLambda", unit="GB"
    ),
    "apigw.rest.requests": _gateway("API Calls", "ApiGatewayRequest", unit="Requests"),
    "apigw.http.requests": _gateway(
        "API Calls", "ApiGatewayHttpRequest", unit="Requests", operation="ApiGatewayHttpApi"
    ),
    "apigw.cache.0.5gb": _gateway("Amazon API Gateway Cache", unit="Hrs", cacheMemorySizeGb="0.5"),
    "secretsmanager.secret": _secrets(
        "Secret", "AWSSecretsManager-Secrets", "AWSSecretsManager-Secret", unit="Secrets"
    ),
    "secretsmanager.api_call": _secrets(
        "API Request",
        "AWSSecretsManagerAPIRequest",
        "AWSSecretsManager-APIRequests",
        unit="API Requests",
    ),
    "cloudwatch.logs.ingest": _logs("Data Payload", "DataProcessing-Bytes", unit="GB"),
    "cloudwatch.logs.storage": _logs("Storage Snapshot", "TimedStorage-ByteHrs", unit="GB-Mo"),
}
"""Price id -> the question, without the region."""
