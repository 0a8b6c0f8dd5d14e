from decimal import Decimal

import pytest

from comparison.architectures import Demand, Setup
from comparison.billing.functions import Function
from comparison.billing.usage import RequestUsage
from comparison.cost import bill
from comparison.errors import ComparisonError
from comparison.prices import load_price_book
from comparison.what_ifs import Variant, parse_what_if, variants

US = load_price_book("us-east-1")
USAGE = RequestUsage(cpu_ms=Decimal(2))
DEMANDS = {
    "ec2": Demand(USAGE, rate_per_instance=700.0),
    "serverless": Demand(USAGE, Function(512, "x86_64", Decimal(10))),
}


def changed(text: str) -> tuple[Variant, ...]:
    return variants([parse_what_if(text)], DEMANDS, Setup())


def amounts(variant: Variant, requests: int = 10_000_000) -> dict[str, Decimal | None]:
    items = bill(variant.name, variant.parts, requests, US).items
    return {f"{item.component} {item.what}": item.amount_usd for item in items}


def test_more_memory_costs_more_at_the_same_duration() -> None:
    (variant,) = changed("memory=1024")

    assert variant.name == "serverless, memory=1024"
    # 10 million x 10 ms x 1 GB = 100,000 GB-s.
    assert amounts(variant)["Lambda duration at 1024 MB"] == Decimal("1.67")
    assert "stay as they are" in variant.note


def test_more_memory_may_come_with_its_own_duration() -> None:
    (variant,) = changed("memory=1024:5")

    assert amounts(variant)["Lambda duration at 1024 MB"] == Decimal("0.83")


def test_arm64_and_http_api_take_their_own_prices() -> None:
    (arm,), (http,) = changed("arm64"), changed("http-api")

    assert amounts(arm)["Lambda duration at 512 MB"] == Decimal("0.67")
    assert amounts(http)["API Gateway HTTP requests"] == Decimal("10.00")
    assert "API Gateway REST requests" not in amounts(http)


def test_provisioned_concurrency_is_paid_all_month_and_served_at_its_own_price() -> None:
    (variant,) = changed("provisioned=1")

    found = amounts(variant)
    # 512 MB for 730 h = 1,314,000 GB-s; one environment serves 100/s, the mean is 3.8/s.
    assert found["Lambda provisioned, x86"] == Decimal("5.48")
    assert found["Lambda duration, provisioned"] == Decimal("0.49")
    assert found["Lambda duration at 512 MB"] == Decimal("0.00")


def test_without_proxy_or_cache_their_lines_are_gone() -> None:
    (no_proxy,) = changed("no-proxy")
    ec2, serverless = changed("no-cache")

    assert "RDS Proxy 2 vCPU" not in amounts(no_proxy)
    assert [one.side for one in (ec2, serverless)] == ["ec2", "serverless"]
    assert not any("ElastiCache" in line for one in (ec2, serverless) for line in amounts(one))


def test_a_savings_plan_is_a_column_for_every_side() -> None:
    ec2, serverless = changed("savings-plan=50")

    assert amounts(ec2)["EC2 t3.micro, Linux"] == Decimal("3.80")
    assert amounts(serverless)["Lambda duration at 512 MB"] == Decimal("0.42")
    assert amounts(serverless)["Lambda requests"] == Decimal("2.00")


def test_managed_instances_replace_gb_seconds_by_instances_and_a_fee() -> None:
    (variant,) = changed("managed-instances")

    found = amounts(variant)
    # Three m6i.large at $0.096, and 15 % of that; requests are billed, durations are not.
    assert found["Lambda managed m6i.large"] == Decimal("210.24")
    assert found["Lambda management fee"] == Decimal("31.54")
    assert found["Lambda requests"] == Decimal("2.00")
    assert not any("duration" in line for line in found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour=red", "is none of memory=MB"),
        ("memory", r"write memory=MB"),
        ("provisioned=", "write provisioned=N"),
        ("memory=lots", "'lots' is not a number"),
        ("savings-plan=120", "a percentage is 0 to 100"),
        ("memory=64", "Lambda has 128 to 10,240 MB"),
        ("managed-instances=z9", "its vCPUs are not known"),
    ],
)
def test_a_change_that_cannot_be_is_an_error_that_names_it(text: str, says: str) -> None:
    with pytest.raises(ComparisonError, match=says):
        changed(text)
