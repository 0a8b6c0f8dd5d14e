"""AWS's worked examples are from https://aws.amazon.com/elasticloadbalancing/pricing/."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.billing.load_balancer import BalancedTraffic, lcu_dimensions, lcus

HOUR_USD, LCU_USD = Decimal("0.0225"), Decimal("0.008")
AMOUNTS = st.decimals(0, 100_000, places=2)


def monthly_usd(traffic: BalancedTraffic) -> Decimal:
    """Of the examples' 30 days."""
    return round((HOUR_USD + lcus(traffic)[0] * LCU_USD) * 24 * 30, 2)


def test_one_connection_a_second_and_sixty_rules() -> None:
    # Each lasts two minutes; 5 requests/s; 300 KB/s = 1.08 GB/h.
    traffic = BalancedTraffic(
        new_connections_per_second=Decimal(1),
        active_connections=Decimal(120),
        gb_per_hour=Decimal(300 * 3600) / 1_000_000,
        requests_per_second=Decimal(5),
        rules=Decimal(60),
    )

    assert list(lcu_dimensions(traffic).values()) == [
        Decimal("0.04"),
        Decimal("0.04"),
        Decimal("1.08"),
        Decimal("0.25"),
    ]
    assert lcus(traffic) == (Decimal("1.08"), "processed bytes")
    assert monthly_usd(traffic) == Decimal("22.42")


def test_a_hundred_connections_a_second_of_three_minutes() -> None:
    traffic = BalancedTraffic(
        new_connections_per_second=Decimal(100),
        active_connections=Decimal(100 * 180),
        gb_per_hour=Decimal("3.6"),
        requests_per_second=Decimal(400),
        rules=Decimal(20),
    )

    assert lcus(traffic) == (Decimal(6), "active connections")
    assert monthly_usd(traffic) == Decimal("50.76")


def test_lambda_targets_have_less_than_half_a_gigabyte_per_lcu() -> None:
    mixed = BalancedTraffic(gb_per_hour=Decimal(1), lambda_gb_per_hour=Decimal("0.4"))

    assert lcus(mixed) == (Decimal(2), "processed bytes")


def test_mutual_tls_halves_the_active_connections_of_an_lcu() -> None:
    traffic = BalancedTraffic(active_connections=Decimal(3000), mutual_tls=True)

    assert lcus(traffic) == (Decimal(2), "active connections")


@pytest.mark.parametrize(("rules", "units"), [(0, 0), (10, 0), (11, 1), (20, 10)])
def test_ten_rules_are_free(rules: int, units: int) -> None:
    traffic = BalancedTraffic(requests_per_second=Decimal(1000), rules=Decimal(rules))

    assert lcus(traffic)[0] == units


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_largest_dimension_is_billed_alone(
    connections: Decimal, active: Decimal, gb: Decimal
) -> None:
    traffic = BalancedTraffic(connections, active, gb)

    units, name = lcus(traffic)

    assert units == max(lcu_dimensions(traffic).values())
    assert lcu_dimensions(traffic)[name] == units
