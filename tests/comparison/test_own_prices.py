import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.assumed_prices import assume
from comparison.errors import ComparisonError
from comparison.own_prices import apply_own_prices, parse_own_prices
from comparison.prices import PriceBook, is_sure
from tests.comparison.price_books import entry, frozen_book, parse, tiers

US = frozen_book("us-east-1")


def priced(toml: str, book: PriceBook = US) -> PriceBook:
    return apply_own_prices(book, parse_own_prices(toml, "mine.toml"))


def test_a_discount_lowers_every_tier_of_its_service() -> None:
    own = priced("discount_percent.lambda = 12.5")

    before = US.price("lambda.duration.x86").tiers
    after = own.price("lambda.duration.x86").tiers
    assert [tier.usd for tier in after] == [(tier.usd or 0) * Decimal("0.875") for tier in before]


def test_other_services_keep_their_prices() -> None:
    own = priced("discount_percent.lambda = 12.5")

    assert own.price("alb.hour") == US.price("alb.hour")


def test_the_longest_beginning_wins() -> None:
    own = priced('discount_percent = {lambda = 50, "lambda.duration" = 10}')

    assert own.amount_usd("lambda.duration.x86", Decimal(1)) == Decimal("0.00001500003")
    assert own.amount_usd("lambda.requests", Decimal(1)) == Decimal("0.0000001")


def test_a_discount_of_nothing_leaves_the_price_as_aws_has_it() -> None:
    own = priced('discount_percent = {lambda = 50, "lambda.duration" = 0}')

    assert own.price("lambda.duration.x86") == US.price("lambda.duration.x86")


def test_a_service_ends_at_a_dot() -> None:
    with pytest.raises(ComparisonError, match=r"mine\.toml: discount_percent: no .* 'lamb'"):
        priced("discount_percent.lamb = 10")


def test_an_own_price_stands_for_every_quantity_and_no_discount_is_taken_off() -> None:
    own = priced('prices."alb.hour" = 0.02\ndiscount_percent.alb = 50')

    assert own.amount_usd("alb.hour", Decimal(100)) == 2
    assert own.amount_usd("alb.lcu_hour", Decimal(100)) == Decimal("0.4")


def test_dots_need_no_quotes() -> None:
    own = priced("prices.ec2.linux.t3.micro = 0.007")

    assert own.amount_usd("ec2.linux.t3.micro", Decimal(1000)) == 7


def test_an_own_price_may_have_tiers() -> None:
    own = priced('prices."dto.internet" = [{from = 0, to = 10, usd = 2}, {from = 10, usd = 0.5}]')

    assert own.amount_usd("dto.internet", Decimal(30)) == 30


def test_json_says_the_same_as_toml() -> None:
    json_prices = parse_own_prices('{"prices": {"alb.hour": 0.02}}', "mine.json")
    toml_prices = parse_own_prices('prices."alb.hour" = 0.02', "mine.toml")

    assert json_prices.prices == toml_prices.prices


def test_own_prices_are_marked() -> None:
    own = priced("discount_percent.lambda = 10\nprices.alb.hour = 0.02")

    marked = {price.id: price for price in own.prices.values() if not is_sure(price, 1)}
    assert marked["alb.hour"].confidence == "own"
    assert marked["lambda.requests"].confidence == "discounted"
    assert marked["lambda.requests"].source.startswith("mine.toml: 10 % off AWS Price List API")
    assert "with mine.toml" in own.name


def test_a_discount_off_an_unknown_price_leaves_it_unknown_and_off_an_assumed_one_counts() -> None:
    eu = frozen_book("eu-central-1")
    discount = "discount_percent.apigw = 50"

    assumed = priced(discount, assume(eu, US)).amount_usd("apigw.http.requests", Decimal(10**6))

    assert assumed == Decimal("0.5")
    with pytest.raises(ComparisonError, match="unknown"):
        priced(discount, eu).amount_usd("apigw.http.requests", Decimal(10**6))


@given(st.decimals(0, 100, places=2), st.integers(0, 10**9))
def test_a_discount_takes_off_its_percentage(percent: Decimal, quantity: int) -> None:
    book = parse({"a.b": entry(tiers=tiers(0.5, 1000, 0.25))})

    own = priced(f"discount_percent.a = {percent}", book)

    full = book.amount_usd("a.b", Decimal(quantity))
    assert own.amount_usd("a.b", Decimal(quantity)) == full * (100 - percent) / 100


@pytest.mark.parametrize(
    ("complaint", "toml"),
    [
        (r"cannot be read: .*line 2", "a = 1\nb = ]"),
        ("colour: not known; there are region, discount_percent, prices", "colour = 'red'"),
        ("region: 7 is not a text", "region = 7"),
        ("region: the prices are of mars-1, but", "region = 'mars-1'"),
        ("discount_percent: 5 is not a table", "discount_percent = 5"),
        ("discount_percent: lambda: 101 is not a percentage", "discount_percent.lambda = 101"),
        ("discount_percent: lambda: -1 is not a number", "discount_percent.lambda = -1"),
        ("discount_percent: lambda: '5' is not a number", "discount_percent.lambda = '5'"),
        ("discount_percent: lambda: True is not", "discount_percent.lambda = true"),
        ("prices: there is no price 'alb.day'", "prices.alb.day = 1"),
        ("prices: alb.hour: -1 is not a number", "prices.alb.hour = -1"),
        ("prices: alb.hour: NaN is not", "prices.alb.hour = nan"),
        ("prices: alb.hour: tier 1: needs", "prices.alb.hour = [{usd = 1}]"),
    ],
)
def test_a_mistake_is_named_with_file_and_field(complaint: str, toml: str) -> None:
    with pytest.raises(ComparisonError, match=rf"^mine\.toml: {complaint}"):
        priced(toml)


@pytest.mark.parametrize(
    ("complaint", "text"),
    [
        (r"cannot be read: .*line 1 column", "{"),
        ("cannot be read: the key 'a' stands twice", '{"a": 1, "a": 2}'),
        ("not an object with the fields", "[]"),
        ("prices: a: usd is null", '{"prices": {"a": [{"from": 0, "to": null, "usd": null}]}}'),
    ],
)
def test_a_mistake_in_json_is_named_too(complaint: str, text: str) -> None:
    with pytest.raises(ComparisonError, match=rf"^mine\.json: {complaint}"):
        parse_own_prices(text, "mine.json")


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ComparisonError, match=r"^mine\.yaml: not a \.toml or \.json file"):
        parse_own_prices("", "mine.yaml")


def test_the_example_in_the_documentation_is_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "prices.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)

    own = priced(example, frozen_book("eu-central-1"))

    assert own.amount_usd("alb.hour", Decimal(1000)) == 24
    assert own.amount_usd("dto.internet", Decimal(20_480)) == Decimal("1433.6")
    assert own.amount_usd("lambda.requests", Decimal(10**6)) == Decimal("0.2")
    assert own.amount_usd("ec2.linux.t3.micro", Decimal(1000)) == Decimal("8.7")
    assert own.amount_usd("ec2.cpu_credits.t3.linux", Decimal(1)) == Decimal("0.05")
