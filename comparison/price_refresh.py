"""A price book with what AWS's Price List says today: what changed, what was kept, the new file.

Pure; separate from price_list.py, which reads single answers, and from prices.py, which only reads.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from comparison.price_list import Found
from comparison.prices import FORMAT, Price, PriceBook, Tier


@dataclass(frozen=True, slots=True)
class TierChange:
    """One tier's price, before and after."""

    price_id: str
    start: Decimal
    """Where the tier begins."""
    old_usd: Decimal | None
    """None: unknown, or there was no tier that began here."""
    new_usd: Decimal | None
    """None: no tier begins here any more."""

    @property
    def percent(self) -> Decimal | None:
        """The difference in percent of the old price; None without an old or a new one."""
        if not self.old_usd or self.new_usd is None:
            return None
        return (self.new_usd - self.old_usd) / self.old_usd * 100


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh would make of a book."""

    book: PriceBook
    """With the prices that were found; not written yet."""
    found: int
    changes: tuple[TierChange, ...]
    """Of the found prices; empty when only the dates are new."""
    kept: Mapping[str, str]
    """Price id -> why its old price stays."""


def refresh(
    book: PriceBook, found: Mapping[str, Found], kept: Mapping[str, str], today: date
) -> Refresh:
    """Put the found prices, as primary and of today, in the place of the book's own."""
    prices = {
        price_id: _renewed(price, found[price_id], today) if price_id in found else price
        for price_id, price in book.prices.items()
    }
    changes = tuple(
        change
        for price_id in book.prices
        if price_id in found
        for change in _changes(book.prices[price_id], found[price_id])
    )
    return Refresh(replace(book, prices=MappingProxyType(prices)), len(found), changes, kept)


def book_text(book: PriceBook) -> str:
    """The book as its file: parse_price_book() reads it, and the digits stay what they are."""
    entries = ",\n".join(_entry_text(price) for price in book.prices.values())
    head = f'{{\n  "format": {FORMAT},\n  "region": {_text(book.region)},\n  "currency": "USD",'
    return f'{head}\n  "prices": {{\n{entries}\n  }}\n}}\n'


def _renewed(price: Price, found: Found, today: date) -> Price:
    """Notes of primary prices say what is counted; those of all others, why they are in doubt."""
    return replace(
        price,
        tiers=found.tiers,
        as_of=today.isoformat(),
        confidence="primary",
        source=found.source,
        note=price.note if price.confidence == "primary" else None,
    )


def _changes(price: Price, found: Found) -> list[TierChange]:
    old = {tier.start: tier.usd for tier in price.tiers}
    new = {tier.start: tier.usd for tier in found.tiers}
    return [
        TierChange(price.id, start, old.get(start), new.get(start))
        for start in sorted(old.keys() | new.keys())
        if start not in new or start not in old or old[start] != new[start]
    ]


def _entry_text(price: Price) -> str:
    tiers = [_tier_text(tier) for tier in price.tiers]
    listed = tiers[0] if len(tiers) == 1 else "\n        " + ",\n        ".join(tiers) + "\n      "
    return (
        f"    {_text(price.id)}: {{\n"
        f'      "unit": {_text(price.unit)},\n'
        f'      "tiers": [{listed}],\n'
        f'      "as_of": {_text(price.as_of)},\n'
        f'      "confidence": {_text(price.confidence)},\n'
        f'      "source": {_text(price.source)},\n'
        f'      "note": {_text(price.note)}\n'
        "    }"
    )


def _tier_text(tier: Tier) -> str:
    start, end, usd = map(_number, (tier.start, tier.end, tier.usd))
    return f'{{"from": {start}, "to": {end}, "usd": {usd}}}'


def _number(value: Decimal | None) -> str:
    return "null" if value is None else f"{value.normalize():f}"


def _text(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)
