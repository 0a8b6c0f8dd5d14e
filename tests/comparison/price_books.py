"""Small price books for tests: every entry valid until a test says otherwise."""

import json
from typing import Any

from comparison.prices import PriceBook, parse_price_book


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
