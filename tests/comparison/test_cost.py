from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.architectures import (
    DataTier,
    Function,
    Instance,
    Part,
    ec2_parts,
    gb_seconds,
    serverless_parts,
)
from comparison.cost import bill, exact_usd, requests_per_month, to_cent
from comparison.errors import ComparisonError
from comparison.prices import load_price_book

US = load_price_book("us-east-1")
EU = load_price_book("eu-central-1")
BILLED_MS = st.decimals("0.001", 900_000, places=3)
REQUESTS = st.integers(0, 40_000_000_000)


def function(
    billed_ms: str = "3.6", memory_mb: int = 512, architecture: str = "x86_64"
) -> Function:
    return Function(memory_mb, architecture, Decimal(billed_ms))


def serverless(billed_ms: str = "3.6") -> tuple[Part, ...]:
    return serverless_parts(function(billed_ms), DataTier())


def cents(price_id: str, quantity: Decimal | int) -> Decimal:
    return to_cent(US.amount_usd(price_id, Decimal(quantity)))


def test_lambda_duration_example_of_awss_pricing_page() -> None:
    # https://aws.amazon.com/lambda/pricing/: 3M requests, 120 ms, 1536 MB; the free 400,000 GB-s
    # and 1M requests taken off: $2.33 + $0.40.
    used = gb_seconds(function("120", 1536)) * 3_000_000

    assert used == 540_000
    assert cents("lambda.duration.x86", used - 400_000) == Decimal("2.33")
    assert cents("lambda.requests", 2_000_000) == Decimal("0.40")


def test_lambda_duration_tiers_of_awss_announcement() -> None:
    # https://aws.amazon.com/blogs/compute/introducing-tiered-pricing-for-aws-lambda/: x86 from 6
    # to 15 billion GB-s costs 10 % less, above that 20 % less.
    assert cents("lambda.duration.x86", 6_000_000_000) == Decimal("100000.20")
    assert cents("lambda.duration.x86", 9_000_000_000) == Decimal("145000.20")
    assert cents("lambda.duration.x86", 16_000_000_000) == Decimal("248333.60")


def test_api_gateway_examples_of_awss_pricing_page() -> None:
    # https://aws.amazon.com/api-gateway/pricing/: 5 million REST calls cost $17.50; 15 billion
    # are 333M x $3.50 + 667M x $2.80 + 14,000M x $2.38 per million.
    assert cents("apigw.rest.requests", 5_000_000) == Decimal("17.50")
    assert cents("apigw.rest.requests", 15_000_000_000) == Decimal("36353.10")
    assert cents("apigw.http.requests", 432_000_000) == Decimal("418.80")


def test_rds_proxy_example_of_awss_pricing_page() -> None:
    # https://aws.amazon.com/rds/proxy/pricing/: a t2.small has 1 vCPU, 2 are billed; 30 days are
    # 1,440 vCPU-hours and cost $21.60.
    parts = serverless_parts(function(), DataTier(database_vcpus=1))
    proxy = next(part for part in parts if part.price_id == "rds.proxy.vcpu_hour")

    assert proxy.quantity == 2 * 730
    assert cents("rds.proxy.vcpu_hour", 2 * 24 * 30) == Decimal("21.60")


def test_a_larger_database_makes_the_proxy_dearer() -> None:
    parts = serverless_parts(function(), DataTier(database_vcpus=8))

    proxy = next(part for part in parts if part.price_id == "rds.proxy.vcpu_hour")
    assert proxy.quantity == 8 * 730


def test_the_ec2_side_in_frankfurt_line_by_line() -> None:
    amounts = {
        item.what: item.amount_usd
        for item in bill("ec2", ec2_parts(Instance(), DataTier()), 5, EU).items
    }

    assert amounts == {
        "t3.micro, Linux": Decimal("8.76"),
        "public IPv4 address": Decimal("3.65"),
        "EBS gp3, 8 GB": Decimal("0.76"),
        "MariaDB db.t3.micro": Decimal("14.60"),
        "storage gp3, 20 GB": Decimal("2.74"),
        "Redis t3.micro": Decimal("13.87"),
    }


def test_the_serverless_side_adds_gateway_function_proxy_and_secret() -> None:
    priced = bill("serverless", serverless("4"), 1_000_000, US)

    amounts = {item.price_id: item.amount_usd for item in priced.items}
    assert amounts["apigw.rest.requests"] == Decimal("3.50")
    assert amounts["lambda.requests"] == Decimal("0.20")
    assert amounts["lambda.duration.x86"] == Decimal("0.03")
    assert amounts["rds.proxy.vcpu_hour"] == Decimal("21.90")
    assert amounts["secretsmanager.secret"] == Decimal("0.40")
    assert priced.per_request_usd == Decimal("3.73")


def test_valkey_is_a_fifth_cheaper_than_redis() -> None:
    parts = ec2_parts(Instance(), DataTier(cache_engine="valkey"))

    prices = {item.price_id: item.amount_usd for item in bill("ec2", parts, 0, EU).items}

    assert prices["elasticache.valkey.cache.t3.micro"] == to_cent(Decimal("13.87") * Decimal("0.8"))


def test_arm64_takes_the_price_of_arm64() -> None:
    parts = serverless_parts(function(architecture="arm64"), DataTier())

    assert "lambda.duration.arm64" in {part.price_id for part in parts}


def test_an_unknown_processor_is_an_error_that_names_the_field() -> None:
    with pytest.raises(ComparisonError, match="lambda_architecture 'riscv' is none of"):
        serverless_parts(function(architecture="riscv"), DataTier())


def test_a_line_says_where_its_price_comes_from_and_how_sure_it_is() -> None:
    items = {
        item.price_id: item for item in bill("ec2", ec2_parts(Instance(), DataTier()), 0, EU).items
    }

    instance, address = items["ec2.linux.t3.micro"], items["vpc.public_ipv4.in_use"]
    assert (instance.price_as_of, instance.price_is_sure) == ("2019-04-05", True)
    assert (address.price_as_of, address.price_is_sure) == ("2026-07", False)
    assert instance.price_source
    assert (instance.assumed, address.assumed) == (True, False)


def test_a_total_that_needs_an_unknown_price_is_refused_and_named() -> None:
    priced = bill("serverless", serverless(), 333_000_001, EU)

    assert priced.total_usd is None
    assert priced.usd_per_million_requests is None
    assert priced.fixed_usd == Decimal("57.89")
    assert len(priced.missing) == 1
    assert "apigw.rest.requests per request above 333,000,000" in priced.missing[0]


def test_without_requests_there_is_a_total_but_no_cost_per_million() -> None:
    priced = bill("serverless", serverless(), 0, EU)

    assert priced.total_usd == priced.fixed_usd
    assert priced.usd_per_million_requests is None


def test_a_month_has_730_hours() -> None:
    assert requests_per_month(10) == 10 * 730 * 3600


@settings(deadline=None)
@given(REQUESTS, BILLED_MS)
def test_the_lines_add_up_to_the_total(requests: int, billed_ms: Decimal) -> None:
    priced = bill("serverless", serverless(str(billed_ms)), requests, US)

    assert sum(item.amount_usd or 0 for item in priced.items) == priced.total_usd


@settings(deadline=None)
@given(REQUESTS, BILLED_MS)
def test_rounding_moves_the_total_by_at_most_half_a_cent_a_line(
    requests: int, billed_ms: Decimal
) -> None:
    parts = serverless(str(billed_ms))

    exact = exact_usd(parts, Decimal(requests), US)

    total = bill("serverless", parts, requests, US).total_usd
    assert total is not None
    assert abs(total - exact) <= Decimal("0.005") * len(parts)


@settings(deadline=None)
@given(REQUESTS, REQUESTS, BILLED_MS, BILLED_MS)
def test_more_requests_or_more_milliseconds_never_cost_less(
    requests: int, other_requests: int, billed_ms: Decimal, other_ms: Decimal
) -> None:
    fewer, more = sorted([requests, other_requests])
    shorter, longer = sorted([billed_ms, other_ms])

    low = exact_usd(serverless(str(shorter)), Decimal(fewer), US)

    assert low <= exact_usd(serverless(str(longer)), Decimal(more), US)
