from decimal import Decimal

import pytest

from comparison.assumed_prices import assume, assumed_ids
from comparison.errors import ComparisonError
from comparison.prices import REGIONS, Tier, is_sure
from tests.comparison.price_books import entry, frozen_book, parse, tiers

HERE = "eu-central-1"
THERE = "us-east-1"
PRIMARY_TIER1 = "primary-tier1"


def test_a_known_price_stays_as_it_is() -> None:
    book = frozen_book(HERE)

    filled = assume(book, frozen_book(THERE))

    assert filled.price("alb.hour") == book.price("alb.hour")


def test_the_shipped_books_fill_each_other_completely() -> None:
    for region, other in (REGIONS, REGIONS[::-1]):
        filled = assume(frozen_book(region), frozen_book(other))

        assert all(tier.usd is not None for p in filled.prices.values() for tier in p.tiers)
        assert filled.region == region


def test_an_unknown_price_is_taken_from_the_other_region_and_says_so() -> None:
    filled = assume(frozen_book(HERE), frozen_book(THERE))

    price = filled.price("apigw.http.requests")
    assert filled.amount_usd(price.id, Decimal(1_000_000)) == 1
    assert price.confidence == "assumed"
    assert price.source.startswith("as in us-east-1: ")
    assert not is_sure(price, 1)


def test_the_book_names_where_its_unknown_prices_come_from() -> None:
    filled = assume(frozen_book(HERE), frozen_book(THERE))

    assert "unknown prices assumed from us-east-1" in filled.name


def test_only_the_unknown_tiers_are_taken() -> None:
    here = parse({"a": entry(tiers=tiers(3, 100, None), confidence=PRIMARY_TIER1)})
    there = parse({"a": entry(tiers=tiers(2, 100, 1))}, region="there")

    price = assume(here, there).price("a")

    assert price.tiers == (
        Tier(Decimal(0), Decimal(100), Decimal(3)),
        Tier(Decimal(100), None, Decimal(1), assumed=True),
    )
    assert price.confidence == "assumed-tiers"


def test_a_bill_that_needs_only_known_tiers_stays_sure() -> None:
    here = parse({"a": entry(tiers=tiers(3, 100, None), confidence=PRIMARY_TIER1)})
    there = parse({"a": entry(tiers=tiers(2, 100, 1))}, region="there")

    price = assume(here, there).price("a")

    assert is_sure(price, 1)
    assert not is_sure(price, 2)


def test_the_other_regions_tiers_are_cut_to_what_is_unknown() -> None:
    here = parse({"a": entry(tiers=tiers(9, 50, None, 300, 4), confidence=PRIMARY_TIER1)})
    there = parse({"a": entry(tiers=tiers(8, 100, 7, 200, 6))}, region="there")

    price = assume(here, there).price("a")

    assert [str(tier.start) for tier in price.tiers] == ["0", "50", "100", "200", "300"]
    assert [str(tier.end) for tier in price.tiers] == ["50", "100", "200", "300", "None"]
    assert [str(tier.usd) for tier in price.tiers] == ["9", "8", "7", "6", "4"]


def test_a_price_that_the_book_lacks_is_taken_whole() -> None:
    filled = assume(parse({}), parse({"a": entry()}, region="there"))

    assert assumed_ids(filled) == ("a",)
    assert filled.price("a").confidence == "assumed"


def test_what_nobody_knows_stays_unknown() -> None:
    unknown = entry(tiers=tiers(None), as_of=None, confidence="missing")

    filled = assume(parse({"a": unknown}), parse({"a": unknown}, region="there"))

    assert assumed_ids(filled) == ()
    with pytest.raises(ComparisonError, match="the price of a per hour is unknown"):
        filled.amount_usd("a", Decimal(1))


def test_a_price_per_another_unit_cannot_fill() -> None:
    here = parse({"a": entry(tiers=tiers(None), as_of=None, confidence="missing")})
    there = parse({"a": entry(unit="second")}, region="there")

    with pytest.raises(ComparisonError, match=r"a: the unit is 'hour' here and 'second' in there"):
        assume(here, there)
