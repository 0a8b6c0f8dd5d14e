from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.billing.quantities import Fixed, Fleet, OnceSeveral, PerInstance, PerRequest, Served
from comparison.errors import ComparisonError

LIMIT = Decimal(10_000)
REQUESTS = st.decimals(0, 10_000, places=1)


def test_a_free_part_is_taken_off_once_and_never_paid_out() -> None:
    quantity = PerRequest(Decimal(2), free=Decimal(100))

    assert [quantity.at(Decimal(at)) for at in (0, 50, 80)] == [0, 0, 60]
    assert list(quantity.knots(LIMIT)) == [50]
    assert quantity.reaches(Decimal(60)) == 80


def test_a_fleet_grows_by_whole_instances_and_keeps_its_spare_one() -> None:
    fleet = Fleet(Decimal(100), minimum=2, spare=1)

    assert [fleet.count(Decimal(at)) for at in (0, 100, 101, 200, 201)] == [2, 2, 3, 3, 4]
    assert list(fleet.jumps(Decimal(250))) == [100, 101, 200, 201]


def test_a_fleet_of_unknown_capacity_keeps_its_minimum() -> None:
    fleet = Fleet(None, 2)

    assert fleet.count(Decimal(10**9)) == 2
    assert list(fleet.jumps(LIMIT)) == []


def test_what_several_instances_need_is_absent_with_one() -> None:
    quantity = OnceSeveral(Fixed(Decimal(730)), Fleet(Decimal(100)))

    assert [quantity.at(Decimal(at)) for at in (100, 101)] == [0, 730]
    assert quantity.basis == "in steps"


def test_what_provisioned_capacity_cannot_serve_overflows() -> None:
    # An hour with three times and one with a third of the mean; 150 an hour are served.
    weights = (Decimal("1.5"), Decimal("0.5"))
    served = Served(Decimal(1), Decimal(150), weights, Decimal(2))
    rest = Served(Decimal(1), Decimal(150), weights, Decimal(2), overflow=True)

    assert served.at(Decimal(400)) == 150 + 100
    assert rest.at(Decimal(400)) == 150
    assert list(served.knots(LIMIT)) == [600, 200]


@given(REQUESTS, REQUESTS)
def test_no_quantity_falls_when_requests_rise(first: Decimal, second: Decimal) -> None:
    fleet = Fleet(Decimal(77), minimum=1, spare=1)
    weights = (Decimal("1.6"), Decimal("0.4"))
    fewer, more = sorted([first, second])

    for quantity in (
        Fixed(Decimal(3)),
        PerRequest(Decimal("0.3"), Decimal(20)),
        PerInstance(Decimal(730), fleet),
        OnceSeveral(PerRequest(Decimal(2)), fleet),
        Served(Decimal(1), Decimal(9), weights, Decimal(20)),
        Served(Decimal(1), Decimal(9), weights, Decimal(20), overflow=True),
    ):
        assert quantity.at(fewer) <= quantity.at(more)


def test_a_fleet_of_more_instances_than_anybody_has_is_refused() -> None:
    with pytest.raises(ComparisonError, match=r"over 100,000 instances: the CPU time"):
        list(Fleet(Decimal("0.001")).jumps(Decimal(1000)))
