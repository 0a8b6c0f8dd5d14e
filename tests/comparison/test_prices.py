from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.errors import ComparisonError
from comparison.prices import REGIONS, is_sure, load_price_book, parse_price_book
from tests.comparison.price_books import entry, frozen_book, parse

QUANTITIES = st.decimals(0, 50_000_000_000, places=3)
TIERED = ["apigw.rest.requests", "lambda.duration.x86", "lambda.duration.arm64", "dto.internet"]


@pytest.mark.parametrize("region", REGIONS)
def test_the_shipped_books_are_valid_and_say_where_every_price_comes_from(region: str) -> None:
    book = load_price_book(region)

    assert book.region == region
    assert len(book.prices) > 50
    assert all(price.source for price in book.prices.values())


def test_the_shipped_books_have_the_same_prices_per_the_same_units() -> None:
    units = [
        {price.id: price.unit for price in load_price_book(region).prices.values()}
        for region in REGIONS
    ]

    assert all(book == units[0] for book in units)


@pytest.mark.parametrize("region", REGIONS)
def test_a_shipped_price_is_missing_exactly_where_it_has_no_known_tier(region: str) -> None:
    for price in load_price_book(region).prices.values():
        known = [tier.usd is not None for tier in price.tiers]

        assert (price.confidence == "missing") == (not any(known)), price.id
        assert price.confidence == "primary-tier1" or all(known) or not any(known), price.id


def test_another_region_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(ComparisonError, match="'mars-1'; there are eu-central-1, us-east-1"):
        load_price_book("mars-1")


def test_digits_of_a_price_are_kept_exactly() -> None:
    book = frozen_book("us-east-1")

    assert book.price("lambda.duration.x86").tiers[0].usd == Decimal("0.0000166667")


def test_a_quantity_spreads_over_the_tiers_it_reaches() -> None:
    amounts = frozen_book("us-east-1").tier_amounts("apigw.rest.requests", Decimal(400_000_000))

    assert [(part.quantity, part.unit_usd) for part in amounts] == [
        (Decimal(333_000_000), Decimal("0.0000035")),
        (Decimal(67_000_000), Decimal("0.0000028")),
    ]


def test_an_unknown_tier_is_refused_by_name_and_its_known_part_still_has_a_price() -> None:
    book = frozen_book("eu-central-1")

    known = book.amount_usd("apigw.rest.requests", Decimal(333_000_000))

    assert known == Decimal("1232.10")
    with pytest.raises(ComparisonError, match=r"apigw\.rest\.requests .* above 333,000,000"):
        book.amount_usd("apigw.rest.requests", Decimal(333_000_001))


def test_a_price_that_nobody_found_is_refused_even_for_nothing() -> None:
    with pytest.raises(ComparisonError, match=r"apigw\.http\.requests .* is unknown"):
        frozen_book("eu-central-1").amount_usd("apigw.http.requests", Decimal(0))


def test_a_price_that_is_not_in_the_book_is_refused_with_the_files_name() -> None:
    with pytest.raises(ComparisonError, match=r"us-east-1\.json: there is no price 'ec2\.none'"):
        frozen_book("us-east-1").price("ec2.none")


@pytest.mark.parametrize(
    ("confidence", "tiers_used", "sure"),
    [
        ("primary", 3, True),
        ("primary-old", 1, True),
        ("primary-tier1", 1, True),
        ("primary-tier1", 2, False),
        ("derived", 1, False),
        ("secondary", 1, False),
    ],
)
def test_only_what_aws_published_is_sure(confidence: str, tiers_used: int, sure: bool) -> None:  # noqa: FBT001 - a table's column
    price = parse({"a": entry(confidence=confidence)}).price("a")

    assert is_sure(price, tiers_used) is sure


@settings(deadline=None)
@given(QUANTITIES, QUANTITIES, st.sampled_from(TIERED))
def test_more_usage_never_costs_less(first: Decimal, second: Decimal, price_id: str) -> None:
    book = frozen_book("us-east-1")

    less, more = (book.amount_usd(price_id, quantity) for quantity in sorted([first, second]))

    assert less <= more


@pytest.mark.parametrize("price_id", TIERED)
def test_the_amount_does_not_jump_where_a_tier_begins(price_id: str) -> None:
    book = frozen_book("us-east-1")
    tiny = Decimal("0.000001")

    for tier in book.price(price_id).tiers[1:]:
        at = book.amount_usd(price_id, tier.start)
        assert 0 <= book.amount_usd(price_id, tier.start + tiny) - at < Decimal("0.000001")


BAD_ENTRIES = {
    "not an object": 7,
    "field 'unit' is missing": {key: value for key, value in entry().items() if key != "unit"},
    "field 'colour' is not known": entry(colour="red"),
    "unit is '', not a text": entry(unit=""),
    "confidence 'sure' is none of": entry(confidence="sure"),
    "confidence 'own' is none of": entry(confidence="own"),
    r"confidence is \['primary'\], not a text": entry(confidence=["primary"]),
    "source is None": entry(source=None),
    "needs as_of": entry(as_of=None),
    "as_of 'August' is not a date": entry(as_of="August"),
    "as_of '2026-13' is not a date": entry(as_of="2026-13"),
    "as_of '2026-02-30' is not a date": entry(as_of="2026-02-30"),
    "tiers is not a list": entry(tiers=[]),
    "tier 1: needs the fields": entry(tiers=[{"usd": 1}]),
    "tier 1: usd: '1' is not a number": entry(tiers=[{"from": 0, "to": None, "usd": "1"}]),
    "tier 1: usd: -1 is not a number": entry(tiers=[{"from": 0, "to": None, "usd": -1}]),
    "tier 1: usd: True is not a number": entry(tiers=[{"from": 0, "to": None, "usd": True}]),
    "tier 1: usd: nan is not a number": entry(tiers=[{"from": 0, "to": None, "usd": float("nan")}]),
    "tier 1: starts at 5, not at 0": entry(tiers=[{"from": 5, "to": None, "usd": 1}]),
    "tier 1: ends at 0": entry(tiers=[{"from": 0, "to": 0, "usd": 1}]),
    "the last tier must have no end": entry(tiers=[{"from": 0, "to": 9, "usd": 1}]),
    "tier 2: starts at 8, not at 9": entry(
        tiers=[{"from": 0, "to": 9, "usd": 1}, {"from": 8, "to": None, "usd": 1}]
    ),
}


@pytest.mark.parametrize(("complaint", "bad"), BAD_ENTRIES.items())
def test_a_bad_entry_is_named_with_its_file(complaint: str, bad: object) -> None:
    with pytest.raises(ComparisonError, match=rf"^my-prices\.json: some\.price: .*{complaint}"):
        parse({"some.price": bad})


@pytest.mark.parametrize(
    ("complaint", "changes"),
    [
        ("format 2; this version reads 1", {"format": 2}),
        ("currency 'EUR'", {"currency": "EUR"}),
        ("region is ''", {"region": ""}),
        ("prices is not an object", {"prices": []}),
        ("needs the fields", {"more": 1}),
    ],
)
def test_a_bad_book_is_named(complaint: str, changes: dict[str, object]) -> None:
    with pytest.raises(ComparisonError, match=rf"^my-prices\.json: {complaint}"):
        parse({}, **changes)


def test_a_price_that_stands_twice_is_an_error() -> None:
    text = '{"format": 1, "region": "x", "currency": "USD", "prices": {"a": 1, "a": 2}}'

    with pytest.raises(ComparisonError, match="the key 'a' stands twice"):
        parse_price_book(text, "my-prices.json")


def test_text_that_is_no_json_is_an_error() -> None:
    with pytest.raises(ComparisonError, match=r"my-prices\.json: not valid JSON"):
        parse_price_book("{", "my-prices.json")
