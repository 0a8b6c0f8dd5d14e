"""Price books for tests: small ones, and the shipped ones as they were on 2026-11-23.

A test that states an amount takes a frozen book: `./compare.py prices --refresh` changes the
shipped ones, and must not make tests fail.
"""

import json
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from comparison.prices import PriceBook, Tier, parse_price_book

FROZEN = Path(__file__).with_name("frozen_prices")


@cache
def frozen_book(region: str) -> PriceBook:
    """The price book of eu-central-1 or us-east-1, by the name that the shipped one has."""
    text = (FROZEN / f"{region}.json").read_text(encoding="utf-8")
    return parse_price_book(text, f"comparison/prices/{region}.json")


def entry(**changes: object) -> dict[str, Any]:
    return {
        "unit": "hour",
        "tiers": [{"from": 0, "to": None, "usd": 0.1}],
        "as_of": "2026-08-12",
        "confidence": "primary",
        "source": "AWS price list",
        "note": None,
    } | changes


def tiers(*limits_and_prices: float | None) -> list[dict[str, Any]]:
    """From (0.3, 100, 0.2): USD 0.3 up to 100, 0.2 above; None is an unknown price."""
    starts = [0, *limits_and_prices[1::2]]
    ends = [*limits_and_prices[1::2], None]
    return [
        {"from": start, "to": end, "usd": usd}
        for start, end, usd in zip(starts, ends, limits_and_prices[::2], strict=True)
    ]


def parse(entries: object, **changes: object) -> PriceBook:
    book = {"format": 1, "region": "here", "currency": "USD", "prices": entries}
    return parse_price_book(json.dumps(book | changes), "my-prices.json")


def book_with_break_even() -> PriceBook:
    """us-east-1 with dear instances and a cheap gateway: serverless is cheaper at low rates."""
    book = frozen_book("us-east-1")
    changed = {"ec2.linux.t3.micro": Decimal("0.08"), "apigw.rest.requests": Decimal("0.0000004")}
    dearer = {
        name: replace(price, tiers=(Tier(Decimal(0), None, changed[name]),))
        for name, price in book.prices.items()
        if name in changed
    }
    return replace(book, prices={**book.prices, **dearer})
