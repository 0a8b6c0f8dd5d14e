import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.architectures import SECONDS_PER_MONTH, SIDES
from comparison.billing.parts import Part
from comparison.billing.quantities import Fixed, Fleet, PerInstance, PerRequest
from comparison.break_even import HIGHEST_RATE, break_even
from comparison.cost import exact_usd
from comparison.errors import ComparisonError
from comparison.prices import PriceBook, parse_price_book

MONTH = SECONDS_PER_MONTH


def book(*tiers: tuple[int, int | None, float | None]) -> PriceBook:
    """`fixed` costs $1 a piece; `tiered` what is given."""

    def entry(tiers: tuple[tuple[int, int | None, float | None], ...]) -> dict[str, object]:
        return {
            "unit": "piece",
            "tiers": [{"from": start, "to": end, "usd": usd} for start, end, usd in tiers],
            "as_of": "2026",
            "confidence": "primary",
            "source": "invented",
            "note": None,
        }

    prices = {"fixed": entry(((0, None, 1),)), "tiered": entry(tiers or ((0, None, 1),))}
    page = {"format": 1, "region": "x", "currency": "USD", "prices": prices}
    return parse_price_book(json.dumps(page), "invented.json")


def fixed(usd: int) -> Part:
    return Part("c", "fixed", "fixed", Fixed(Decimal(usd)), "")


def per_request(quantity: int | str = 1) -> Part:
    return Part("c", "tiered", "tiered", PerRequest(Decimal(quantity)), "")


def test_a_fixed_price_meets_a_price_per_request_where_both_are_the_same() -> None:
    result = break_even(SIDES, [fixed(12 * MONTH)], [per_request(4)], book())

    assert result.rates == (Decimal("3.00"),)
    assert result.cheaper_at_first == "serverless"
    assert result.searched_to == HIGHEST_RATE
    assert result.stopped_by is None


def test_none_is_an_answer() -> None:
    result = break_even(SIDES, [fixed(1)], [fixed(2), per_request()], book())

    assert result.rates == ()
    assert result.cheaper_at_first == "ec2"


def test_a_tier_that_costs_nothing_makes_the_sides_cross_again() -> None:
    prices = book((0, 100 * MONTH, 3), (100 * MONTH, 300 * MONTH, 0), (300 * MONTH, None, 3))
    slow = Part("c", "slow", "fixed", PerRequest(Decimal("0.5")), "")

    # 3 a request up to 100/s, then 300 until 300/s, against 200 + 0.5 r.
    first, second = [fixed(200 * MONTH), slow], [per_request()]
    result = break_even(SIDES, first, second, prices)

    assert result.rates == (Decimal("80.00"), Decimal("200.00"), Decimal("320.00"))


def test_every_crossing_is_found_across_tiers() -> None:
    prices = book((0, 100 * MONTH, 3), (100 * MONTH, 300 * MONTH, 0), (300 * MONTH, None, 5))

    result = break_even(
        SIDES, [fixed(200 * MONTH)], [per_request("0.5"), fixed(100 * MONTH)], prices
    )

    # 100 + 3 x 0.5 r = 200 at r = 66.67; the plateau of 400 begins at r = 200.
    assert result.rates == (Decimal("66.67"),)
    assert result.cheaper_at_first == "serverless"


def test_the_search_stops_at_the_first_unknown_price_and_names_it() -> None:
    prices = book((0, 50 * MONTH, 1), (50 * MONTH, None, None))

    result = break_even(SIDES, [fixed(80 * MONTH)], [per_request()], prices)

    assert result.rates == ()
    assert result.searched_to == 50
    assert result.stopped_by == "the price of tiered above 131,400,000 a month is unknown"


def test_a_price_unknown_from_the_start_is_an_error() -> None:
    with pytest.raises(ComparisonError, match="tiered is unknown"):
        break_even(SIDES, [fixed(1)], [per_request()], book((0, None, None)))


def test_the_same_bill_twice_has_no_break_even() -> None:
    result = break_even(SIDES, [per_request()], [per_request()], book())

    assert result.rates == ()
    assert result.cheaper_at_first is None


def test_sides_that_meet_and_then_stay_equal_do_not_cross() -> None:
    prices = book((0, 10 * MONTH, 1), (10 * MONTH, None, 0))

    result = break_even(SIDES, [fixed(10 * MONTH)], [per_request()], prices)

    assert result.rates == ()
    assert result.cheaper_at_first == "serverless"


def test_every_further_instance_may_make_the_sides_cross_again() -> None:
    # An instance costs 150 and carries 100 requests/s, each request/s costs 1.6: one instance is
    # cheaper from 93.75/s, two are dearer again just above 100/s, and so on.
    fleet = Fleet(Decimal(100 * MONTH))
    instances = Part("c", "instances", "fixed", PerInstance(Decimal(150 * MONTH), fleet), "")

    result = break_even(SIDES, [instances], [per_request("1.6")], book())

    assert result.rates[:4] == (
        Decimal("93.75"),
        Decimal("100.00"),
        Decimal("187.50"),
        Decimal("200.00"),
    )


@settings(deadline=None)
@given(st.integers(1, 9_000), st.integers(1, 50), st.integers(0, 50))
def test_both_sides_cost_the_same_at_the_rate_found(
    rate: int, more_per_request: int, shared: int
) -> None:
    first = [fixed(rate * more_per_request * MONTH), per_request(shared)]
    second = [per_request(shared + more_per_request)]

    result = break_even(SIDES, first, second, book())

    assert result.rates == (Decimal(rate),)
    requests = Decimal(rate * MONTH)
    assert exact_usd(first, requests, book()) == exact_usd(second, requests, book())
