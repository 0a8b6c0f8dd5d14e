"""The user's own prices (--prices FILE): discounts per service, and whole prices by id.

Separate from prices.py: what AWS publishes and what one customer pays must never be mixed up, so
every price that this module touches is marked as the user's. docs/prices.md shows such a file.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from comparison.errors import ComparisonError
from comparison.prices import Price, PriceBook, Tier, number, parse_tiers, without_repetition

FIELDS = ("region", "discount_percent", "prices")
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """What the user's file says."""

    name: str
    """The file's; begins error messages."""
    region: str | None
    """For which region the prices hold; None: for any."""
    discount_percent: Mapping[str, Decimal]
    """The beginning of price ids, at a dot ("lambda", "ec2.linux") -> 0 to 100."""
    prices: Mapping[str, tuple[Tier, ...]]
    """By price id; no discount is taken off these."""


def parse_own_prices(text: str, name: str) -> OwnPrices:
    """Read the text of a .toml or .json file; every error begins with `name`, the file's."""
    page = _read(text, name)
    for field in page:
        if field not in FIELDS:
            raise ComparisonError(f"{name}: {field}: not known; there are {', '.join(FIELDS)}")
    region = page.get("region")
    if region is not None and not isinstance(region, str):
        raise ComparisonError(f"{name}: region: {region!r} is not a text")
    return OwnPrices(
        name=name,
        region=region,
        discount_percent=MappingProxyType(
            {
                prefix: _percent(value, f"{name}: discount_percent: {prefix}")
                for prefix, value in _flat(page, "discount_percent", name)
            }
        ),
        prices=MappingProxyType(
            {
                price_id: _own_tiers(value, f"{name}: prices: {price_id}")
                for price_id, value in _flat(page, "prices", name)
            }
        ),
    )


def apply_own_prices(book: PriceBook, own: OwnPrices) -> PriceBook:
    """The book with the user's prices and discounts; those that change nothing are an error."""
    if own.region not in {None, book.region}:
        raise ComparisonError(
            f"{own.name}: region: the prices are of {own.region}, but the bill is made for"
            f" {book.region}; add --region {own.region} or change the file"
        )
    for price_id in own.prices:
        if price_id not in book.prices:
            raise ComparisonError(f"{own.name}: prices: there is no price {price_id!r}; {_LIST}")
    for prefix in own.discount_percent:
        if not any(_begins(price_id, prefix) for price_id in book.prices):
            raise ComparisonError(
                f"{own.name}: discount_percent: no price begins with {prefix!r}; {_LIST}"
            )
    prices = {price_id: _priced(price, own) for price_id, price in book.prices.items()}
    return PriceBook(f"{book.name} with {own.name}", book.region, MappingProxyType(prices))


_LIST = "./compare.py prices lists them"


def _priced(price: Price, own: OwnPrices) -> Price:
    if price.id in own.prices:
        return replace(
            price,
            tiers=own.prices[price.id],
            as_of=None,
            confidence="own",
            source=own.name,
            note=None,
        )
    prefixes = [prefix for prefix in own.discount_percent if _begins(price.id, prefix)]
    percent = own.discount_percent[max(prefixes, key=len)] if prefixes else Decimal(0)
    if not percent or all(tier.usd is None for tier in price.tiers):
        return price
    left = 1 - percent / HUNDRED
    tiers = tuple(
        tier if tier.usd is None else replace(tier, usd=(tier.usd * left).normalize())
        for tier in price.tiers
    )
    source = f"{own.name}: {percent} % off {price.source}"
    return replace(price, tiers=tiers, confidence="discounted", source=source)


def _begins(price_id: str, prefix: str) -> bool:
    return price_id == prefix or price_id.startswith(f"{prefix}.")


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        if name.endswith(".toml"):
            return tomllib.loads(text, parse_float=Decimal)
        if name.endswith(".json"):
            page = json.loads(text, parse_float=Decimal, object_pairs_hook=without_repetition)
        else:
            raise ComparisonError(f"{name}: not a .toml or .json file; rename it to what it is")
    except (ValueError, RecursionError) as error:
        # Both parsers name the line, and neither can read what is nested a thousand deep.
        raise ComparisonError(f"{name}: cannot be read: {error}") from error
    if not isinstance(page, dict):
        raise ComparisonError(f"{name}: not an object with the fields {', '.join(FIELDS)}")
    return page


def _flat(page: Mapping[str, Any], field: str, name: str) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of a table; TOML makes nested tables of dots that stand unquoted."""
    table = page.get(field, {})
    if not isinstance(table, dict):
        raise ComparisonError(f"{name}: {field}: {table!r} is not a table")
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{rest}", inner) for rest, inner in _flat(table, key, name))
        else:
            yield key, value


def _percent(value: object, where: str) -> Decimal:
    percent = number(value, where)
    if percent > HUNDRED:
        raise ComparisonError(f"{where}: {percent} is not a percentage from 0 to 100")
    return percent


def _own_tiers(value: object, where: str) -> tuple[Tier, ...]:
    """One number for every quantity, or a list of tiers as in the price book.

    The last tier may leave `to` out, because TOML has no null.
    """
    if isinstance(value, list):
        tiers = parse_tiers(
            [{"to": None, **tier} if isinstance(tier, dict) else tier for tier in value], where
        )
    else:
        tiers = (Tier(Decimal(0), None, number(value, where)),)
    if any(tier.usd is None for tier in tiers):
        raise ComparisonError(f"{where}: usd is null; state your price or leave the entry out")
    return tiers
