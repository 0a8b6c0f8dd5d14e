import json
from decimal import Decimal
from typing import Any

import pytest

from comparison.errors import ComparisonError
from comparison.price_list import (
    Lookup,
    NotInPriceListError,
    Product,
    find_price,
    lookup,
    parse_product,
)
from comparison.prices import REGIONS, load_price_book
from tests.measurement.pricing_api import item, recorded, recorded_tiers

ASKED = Lookup("AWSELB", (("operation", "balance"),), ("Hrs",), ("LoadBalancerUsage",))
USAGE = {"usagetype": "EUC1-LoadBalancerUsage", "operation": "balance"}


def product(*prices: list[str], sku: str = "ONE", end: str = "Inf", **attributes: str) -> Product:
    tiers = list(prices) or [["0", "Hrs", "0.0270000000"]]
    return parse_product(json.dumps(item(sku, "AWSELB", "Family", USAGE | attributes, tiers, end)))


@pytest.mark.parametrize("region", REGIONS)
def test_for_every_price_of_the_books_there_is_a_question(region: str) -> None:
    for price_id in load_price_book(region).prices:
        filters = dict(lookup(price_id, region).filters)

        assert filters.get("regionCode") == region or "usagetype" in filters, price_id


def test_no_two_prices_have_the_same_question() -> None:
    ids = load_price_book(REGIONS[0]).prices

    assert len({lookup(price_id, REGIONS[0]) for price_id in ids}) == len(ids)


def test_a_new_instance_class_needs_no_new_question() -> None:
    asked = lookup("ec2.linux.c7g.large", "eu-central-1")

    assert ("instanceType", "c7g.large") in asked.filters


def test_a_price_that_is_not_amazons_cannot_be_asked_for() -> None:
    with pytest.raises(NotInPriceListError, match="not known"):
        lookup("coffee", "eu-central-1")


def test_the_one_product_that_matches_gives_the_price() -> None:
    found = find_price(ASKED, [product()])

    assert [tier.usd for tier in found.tiers] == [Decimal("0.027")]
    assert found.source.endswith("AWSELB, SKU ONE")


def test_tiers_are_put_in_order() -> None:
    tiers = parse_product(json.dumps(recorded_tiers())).tiers

    assert [str(tier.usd) for tier in tiers] == ["0.0001", "0.00005", "0.000025", "0.000005"]
    assert [tier.start for tier in tiers] == [0, 10_000_000, 50_000_000, 100_000_000]
    assert tiers[-1].end is None


def test_an_item_of_2018_is_read() -> None:
    page = recorded("lambda_requests_eu-west-1_2018-12-12.json")

    assert parse_product(json.dumps(page)).tiers[0].usd == Decimal("0.0000002")


@pytest.mark.parametrize("usage_type", ["LoadBalancerUsage", "USE1-LoadBalancerUsage"])
def test_the_regions_prefix_may_be_there_or_not(usage_type: str) -> None:
    assert find_price(ASKED, [product(usagetype=usage_type)]).tiers


@pytest.mark.parametrize(
    "attributes",
    [
        {"usagetype": "EUC1-Outposts-LoadBalancerUsage"},
        {"usagetype": "EUC1-TS-LoadBalancerUsage"},
        {"usagetype": "EUC1-LoadBalancerUsage:more"},
        {"operation": "route"},
    ],
)
def test_a_neighbouring_product_is_no_answer(attributes: dict[str, str]) -> None:
    with pytest.raises(NotInPriceListError, match="no product matches"):
        find_price(ASKED, [product(**attributes)])


def test_products_with_the_same_price_are_no_contradiction() -> None:
    found = find_price(ASKED, [product(), product(sku="TWO")])

    assert found.source.endswith("SKU ONE")


def test_products_with_different_prices_are_refused_and_named() -> None:
    other = product(["0", "Hrs", "0.03"], sku="TWO")

    with pytest.raises(NotInPriceListError, match=r"ONE \$0\.027, TWO \$0\.03"):
        find_price(ASKED, [product(), other])


def test_a_changed_unit_is_refused() -> None:
    with pytest.raises(NotInPriceListError, match=r"the unit is Seconds, expected Hrs"):
        find_price(ASKED, [product(["0", "Seconds", "0.027"])])


@pytest.mark.parametrize(
    ("prices", "end"),
    [([["0", "Hrs", "1"]], "750"), ([["1", "Hrs", "1"]], "Inf")],
)
def test_tiers_that_do_not_reach_from_zero_to_infinity_are_refused(
    prices: list[list[str]], end: str
) -> None:
    with pytest.raises(NotInPriceListError, match="the tiers have gaps"):
        find_price(ASKED, [product(*prices, end=end)])


def test_a_product_that_can_only_be_reserved_has_no_price() -> None:
    page = item("ONE", "AWSELB", "Family", USAGE, [["0", "Hrs", "1"]])
    page["terms"] = {"Reserved": {}}

    with pytest.raises(NotInPriceListError, match="no product matches"):
        find_price(ASKED, [parse_product(json.dumps(page))])


@pytest.mark.parametrize(
    "change",
    [
        {"product": {}},
        {"terms": []},
        {"terms": {"OnDemand": {"a": {"offerTermCode": "JRTCKXETXF"}}}},
    ],
)
def test_an_answer_of_another_form_is_an_error(change: dict[str, Any]) -> None:
    page = item("ONE", "AWSELB", "Family", USAGE, [["0", "Hrs", "1"]]) | change

    with pytest.raises(ComparisonError, match="the answer of the Price List has an unknown form"):
        parse_product(json.dumps(page))


@pytest.mark.parametrize("price", [{"CNY": "1"}, {"USD": "cheap"}])
def test_a_price_that_is_no_number_of_dollars_is_an_error(price: dict[str, str]) -> None:
    page = item("ONE", "AWSELB", "Family", USAGE, [["0", "Hrs", "1"]])
    term = page["terms"]["OnDemand"]["ONE.JRTCKXETXF"]
    next(iter(term["priceDimensions"].values()))["pricePerUnit"] = price

    with pytest.raises(ComparisonError, match="unknown form"):
        parse_product(json.dumps(page))
