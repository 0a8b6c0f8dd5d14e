from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.architectures import ARCHITECTURES, Demand, Setup
from comparison.billing.database import DataTier
from comparison.billing.functions import Function
from comparison.billing.parts import Part
from comparison.billing.traffic import SHAPES
from comparison.billing.usage import RequestUsage
from comparison.cost import bill, exact_usd, marginal_usd, requests_per_month, to_cent
from comparison.errors import ComparisonError
from comparison.prices import load_price_book

US = load_price_book("us-east-1")
EU = load_price_book("eu-central-1")
USAGE = RequestUsage(
    cpu_ms=Decimal("0.4"),
    database_cpu_ms=Decimal("0.03"),
    response_bytes=Decimal(742),
    new_connections=Decimal("0.08"),
    active_connections=Decimal(7),
)
BILLED_MS = st.decimals("0.001", 900_000, places=3)
REQUESTS = st.integers(0, 40_000_000_000)
ROUNDED_AWAY = Decimal("1e-12")
"""USD: Decimal keeps 28 digits."""
NAMES = st.sampled_from(sorted(ARCHITECTURES))


def parts(
    name: str, billed_ms: str = "3.6", setup: Setup | None = None, rate: float | None = 3500
) -> tuple[Part, ...]:
    demand = Demand(USAGE, Function(512, "x86_64", Decimal(billed_ms)), rate)
    return ARCHITECTURES[name](demand, setup or Setup())


def amounts(name: str, requests: int, setup: Setup | None = None) -> dict[str, Decimal | None]:
    items = bill(name, parts(name, setup=setup), requests, US).items
    return {f"{item.component} {item.what}": item.amount_usd for item in items}


def test_the_ec2_side_in_frankfurt_line_by_line() -> None:
    items = bill("ec2", parts("ec2"), 10_000_000, EU).items

    assert {f"{item.component} {item.what}": item.amount_usd for item in items} == {
        "EC2 public IPv4 address": Decimal("3.65"),
        "EC2 t3.micro, Linux": Decimal("8.76"),
        "EC2 EBS gp3, 8 GB": Decimal("0.76"),
        # 742 + 350 bytes x 10 million = 10.17 GB; 240 bytes x 10 million = 2.24 GB.
        "Data out to the internet": Decimal("0.92"),
        "CloudWatch logs taken in": Decimal("1.41"),
        "Secrets Manager secret": Decimal("0.40"),
        "RDS MariaDB db.t3.micro": Decimal("14.60"),
        "RDS storage gp3, 20 GB": Decimal("2.74"),
        "ElastiCache Redis t3.micro": Decimal("13.87"),
    }


def test_the_serverless_side_adds_gateway_function_and_proxy() -> None:
    found = amounts("serverless", 1_000_000)

    assert found["API Gateway REST requests"] == Decimal("3.50")
    assert found["Lambda requests"] == Decimal("0.20")
    assert found["Lambda duration at 512 MB"] == Decimal("0.03")
    assert found["RDS Proxy 2 vCPU"] == Decimal("21.90")


def test_three_tier_is_cached_without_the_cache() -> None:
    without = amounts("cached", 1_000_000)
    del without["ElastiCache Redis t3.micro"]

    assert amounts("three-tier", 1_000_000) == without


def test_scaled_out_has_a_load_balancer_two_instances_and_data_between_zones() -> None:
    found = amounts("scaled-out", 100_000_000)

    assert found["EC2 t3.micro, Linux"] == Decimal("15.18")
    assert found["Load balancer hours"] == Decimal("16.43")
    assert found["Load balancer IPv4 address"] == Decimal("3.65")
    # 742 / 2 bytes x 100 million, on both sides: 69.1 GB x $0.01.
    assert found["Data between zones"] == Decimal("0.69")
    # 742 + 350 + 250 bytes x 100 million = 134.2 GB, as many LCU-hours.
    assert found["Load balancer LCU"] == Decimal("1.07")


def test_a_second_instance_brings_the_load_balancer_with_it() -> None:
    one, two = (amounts("cached", requests_per_month(rate)) for rate in (3499, 3501))

    assert "Load balancer hours" not in one
    assert two["Load balancer hours"] == Decimal("16.43")
    assert two["EC2 t3.micro, Linux"] == Decimal("15.18")


def test_the_busiest_hour_decides_how_many_instances_run() -> None:
    items = [
        bill("ec2", parts("ec2", setup=Setup(shape=shape)), requests_per_month(2000), US).items
        for shape in SHAPES.values()
    ]

    hours = [
        next(item.quantity for item in one if item.price_id == "ec2.linux.t3.micro")
        for one in items
    ]
    # The peaks are 2,000, 3,600 and 8,400 requests/s; an instance carries 3,500.
    assert hours == [730, 2 * 730, 3 * 730]


def test_a_larger_database_makes_the_proxy_dearer() -> None:
    setup = Setup(data=DataTier(database_vcpus=8))

    proxy = next(part for part in parts("serverless", setup=setup) if part.component == "RDS Proxy")

    assert proxy.quantity.at(Decimal(0)) == 8 * 730


def test_valkey_is_a_fifth_cheaper_than_redis() -> None:
    setup = Setup(data=DataTier(cache_engine="valkey"))

    priced = bill("ec2", parts("ec2", setup=setup), 0, EU)

    found = {item.price_id: item.amount_usd for item in priced.items}
    assert found["elasticache.valkey.cache.t3.micro"] == to_cent(Decimal("13.87") * Decimal("0.8"))


def test_a_line_says_where_its_price_comes_from_and_how_sure_it_is() -> None:
    items = {item.price_id: item for item in bill("ec2", parts("ec2"), 0, EU).items}

    instance, address = items["ec2.linux.t3.micro"], items["vpc.public_ipv4.in_use"]
    assert (instance.price_as_of, instance.price_is_sure) == ("2019-04-05", True)
    assert (address.price_as_of, address.price_is_sure) == ("2026-07", False)
    assert instance.price_source
    assert (instance.assumed, address.assumed) == (True, False)


def test_a_total_that_needs_an_unknown_price_is_refused_and_named() -> None:
    priced = bill("serverless", parts("serverless"), 333_000_001, EU)

    assert priced.total_usd is None
    assert priced.usd_per_million_requests is None
    assert priced.fixed_usd == Decimal("57.89")
    assert len(priced.missing) == 1
    assert "apigw.rest.requests per request above 333,000,000" in priced.missing[0]


def test_a_total_just_below_an_unknown_price_is_known_but_not_what_one_request_more_costs() -> None:
    priced = bill("serverless", parts("serverless"), 333_000_000, EU)

    assert priced.total_usd is not None
    assert priced.marginal_usd_per_million is None


def test_without_requests_there_is_a_total_but_no_cost_per_million() -> None:
    priced = bill("serverless", parts("serverless"), 0, EU)

    assert priced.total_usd == priced.fixed_usd
    assert priced.usd_per_million_requests is None


def test_a_month_has_730_hours_unless_told_otherwise() -> None:
    assert requests_per_month(10) == 10 * 730 * 3600
    assert requests_per_month(Decimal("0.5"), Decimal(720)) == 720 * 1800


def test_a_factor_changes_the_unit_price_and_the_line_says_so() -> None:
    part = replace(parts("ec2")[1], price_factor=Decimal("0.83"))

    (item,) = bill("ec2", [part], 0, US).items

    assert item.tiers[0].unit_usd == Decimal("0.0104") * Decimal("0.83")
    assert item.amount_usd == Decimal("6.30")
    assert item.price_factor == Decimal("0.83")


def test_a_price_that_no_book_has_is_an_error_that_names_it() -> None:
    part = replace(parts("ec2")[0], price_id="ec2.linux.z9.huge")

    with pytest.raises(ComparisonError, match=r"there is no price 'ec2\.linux\.z9\.huge'"):
        bill("ec2", [part], 0, US)


@settings(deadline=None)
@given(NAMES, REQUESTS, BILLED_MS)
def test_the_lines_add_up_to_the_total(name: str, requests: int, billed_ms: Decimal) -> None:
    priced = bill(name, parts(name, str(billed_ms)), requests, US)

    assert sum(item.amount_usd or 0 for item in priced.items) == priced.total_usd
    assert priced.total_usd == (priced.fixed_usd or 0) + (priced.per_request_usd or 0)


@settings(deadline=None)
@given(NAMES, REQUESTS, BILLED_MS)
def test_rounding_moves_the_total_by_at_most_half_a_cent_a_line(
    name: str, requests: int, billed_ms: Decimal
) -> None:
    made = parts(name, str(billed_ms))

    exact = exact_usd(made, Decimal(requests), US)

    total = bill(name, made, requests, US).total_usd
    assert total is not None
    assert abs(total - exact) <= Decimal("0.005") * len(made)


@settings(deadline=None)
@given(NAMES, REQUESTS, REQUESTS, BILLED_MS, BILLED_MS, st.sampled_from(sorted(SHAPES)))
def test_more_requests_or_more_milliseconds_never_cost_less(  # noqa: PLR0917 - drawn values
    name: str, requests: int, other_requests: int, billed_ms: Decimal, other_ms: Decimal, shape: str
) -> None:
    fewer, more = sorted([requests, other_requests])
    shorter, longer = sorted([billed_ms, other_ms])
    setup = Setup(shape=SHAPES[shape])

    low = exact_usd(parts(name, str(shorter), setup), Decimal(fewer), US)

    assert low <= exact_usd(parts(name, str(longer), setup), Decimal(more), US)


@settings(deadline=None)
@given(NAMES, st.integers(0, 300_000_000), st.integers(0, 30_000_000))
def test_within_the_tiers_the_next_requests_cost_the_marginal_price(
    name: str, requests: int, more: int
) -> None:
    # Up to 330 million requests no tier ends and one instance is enough.
    made = parts(name)

    marginal = marginal_usd(made, Decimal(requests), US)

    grown = exact_usd(made, Decimal(requests + more), US) - exact_usd(made, Decimal(requests), US)
    assert abs(grown - marginal * more) < ROUNDED_AWAY


@settings(deadline=None)
@given(NAMES, st.integers(0, 330_000_000))
def test_fixed_and_marginal_part_give_the_total(name: str, requests: int) -> None:
    made = parts(name)

    fixed = exact_usd(made, Decimal(0), US)

    total = exact_usd(made, Decimal(requests), US)
    marginal = marginal_usd(made, Decimal(requests), US)
    assert abs(total - fixed - requests * marginal) < ROUNDED_AWAY
