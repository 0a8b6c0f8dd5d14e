"""The price book: dated, sourced prices of one region, and what a quantity costs in tiers.

Money is Decimal from the file's digits to the report; no price passes through a float. A price
that nobody could source is null in the file: asking for it is an error that names it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import resources
from types import MappingProxyType
from typing import Any

from comparison.errors import ComparisonError

FORMAT = 1
REGIONS = ("eu-central-1", "us-east-1")
FIELDS = frozenset({"unit", "tiers", "as_of", "confidence", "source", "note"})
FOUND: Mapping[str, str] = MappingProxyType(
    {
        "primary": "read from AWS's price list, pages or documents",
        "primary-old": "read from AWS's price list, but long ago",
        "primary-tier1": "only the first tier was read from AWS's price list",
        "derived": "computed from a real bill",
        "secondary": "third-party price tables only",
        "flat-rate": "taken from other regions: the same rate everywhere it was seen",
        "other-region": "taken from another region",
        "inferred": "taken by analogy",
        "missing": "not found",
    }
)
"""How a price in a file was found -> what that means, in words for the report."""
CONFIDENCES: Mapping[str, str] = MappingProxyType(
    {
        **FOUND,
        "assumed-tiers": "upper tiers assumed to cost what they cost in another region",
        "assumed": "assumed to cost what it costs in another region",
        "discounted": "your price: with your discount",
        "own": "your price",
    }
)
"""The same with what --assume and --prices make of prices."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of the units above `start` up to `end` of one month."""

    start: Decimal
    end: Decimal | None
    """None in the last tier."""
    usd: Decimal | None
    """USD per unit; None = unknown."""
    assumed: bool = False
    """Whether the price is another region's; never in a file."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of something costs in one region."""

    id: str
    unit: str
    tiers: tuple[Tier, ...]
    """Contiguous, from 0 to no end."""
    as_of: str | None
    """When it was seen, as far as is known: YYYY, YYYY-MM or YYYY-MM-DD. None: never."""
    confidence: str
    """A key of CONFIDENCES."""
    source: str
    note: str | None


@dataclass(frozen=True, slots=True)
class TierAmount:
    """The part of a quantity that falls into one tier."""

    quantity: Decimal
    unit_usd: Decimal

    @property
    def usd(self) -> Decimal:
        return self.quantity * self.unit_usd


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices of one region."""

    name: str
    """Where it was read from; begins error messages."""
    region: str
    prices: Mapping[str, Price]

    def price(self, price_id: str) -> Price:
        """The price with this id; ComparisonError when the book lacks it."""
        if price_id not in self.prices:
            raise ComparisonError(f"{self.name}: there is no price {price_id!r}; add it there")
        return self.prices[price_id]

    def tier_amounts(self, price_id: str, quantity: Decimal) -> tuple[TierAmount, ...]:
        """Spread a month's quantity over the price's tiers; at least one part, even for 0.

        Raises ComparisonError when a tier that is needed has no known price.
        """
        price = self.price(price_id)
        amounts = []
        for tier in price.tiers:
            if tier.start > 0 and quantity <= tier.start:
                break
            if tier.usd is None:
                raise ComparisonError(self._unknown(price, tier))
            end = quantity if tier.end is None else min(quantity, tier.end)
            amounts.append(TierAmount(end - tier.start, tier.usd))
        return tuple(amounts)

    def amount_usd(self, price_id: str, quantity: Decimal) -> Decimal:
        """What a month's quantity costs over all tiers, not rounded."""
        return sum((part.usd for part in self.tier_amounts(price_id, quantity)), Decimal(0))

    def _unknown(self, price: Price, tier: Tier) -> str:
        above = f" above {tier.start:,f}" if tier.start else ""
        others = " or ".join(region for region in REGIONS if region != self.region)
        return (
            f"{self.name}: the price of {price.id} per {price.unit}{above} is unknown (null);"
            " ask AWS (./compare.py prices --refresh), state your own (--prices FILE), or take"
            f" another region's (--assume {others})"
        )


def is_sure(price: Price, tiers_used: int) -> bool:
    """Whether AWS's own publication gave every tier that was used, for this region."""
    if price.confidence == "primary-tier1":
        return tiers_used <= 1
    if price.confidence == "assumed-tiers":
        return not any(tier.assumed for tier in price.tiers[:tiers_used])
    return price.confidence.startswith("primary")


def load_price_book(region: str) -> PriceBook:
    """The price book that ships with this package for a region; REGIONS lists them."""
    if region not in REGIONS:
        raise ComparisonError(
            f"no price book for region {region!r}; there are {', '.join(REGIONS)}"
        )
    name = f"comparison/prices/{region}.json"
    data = resources.files("comparison").joinpath("prices", f"{region}.json")
    return parse_price_book(data.read_text(encoding="utf-8"), name)


def parse_price_book(text: str, name: str) -> PriceBook:
    """Read a price book from JSON text; `name` (a file's) begins every error message."""
    try:
        book = json.loads(text, parse_float=Decimal, object_pairs_hook=without_repetition)
    except (ValueError, RecursionError) as error:
        raise ComparisonError(f"{name}: not valid JSON: {error}") from error
    if not isinstance(book, dict) or set(book) != {"format", "region", "currency", "prices"}:
        raise ComparisonError(f"{name}: needs the fields format, region, currency and prices")
    if book["format"] != FORMAT:
        raise ComparisonError(f"{name}: format {book['format']!r}; this version reads {FORMAT}")
    if book["currency"] != "USD":
        raise ComparisonError(f"{name}: currency {book['currency']!r}; only USD is understood")
    if not isinstance(book["prices"], dict):
        raise ComparisonError(f"{name}: prices is not an object")
    prices = {key: _price(key, entry, f"{name}: {key}") for key, entry in book["prices"].items()}
    return PriceBook(name, _text(book, "region", name), MappingProxyType(prices))


def _price(price_id: str, entry: object, where: str) -> Price:
    if not isinstance(entry, dict):
        raise ComparisonError(f"{where}: not an object")
    for field in sorted(FIELDS ^ set(entry)):
        raise ComparisonError(
            f"{where}: field {field!r} is {'missing' if field in FIELDS else 'not known'}"
        )
    confidence = _text(entry, "confidence", where)
    if confidence not in FOUND:
        raise ComparisonError(f"{where}: confidence {confidence!r} is none of {', '.join(FOUND)}")
    tiers = parse_tiers(entry["tiers"], where)
    if entry["as_of"] is None and any(tier.usd is not None for tier in tiers):
        raise ComparisonError(f"{where}: a known price needs as_of, the date it was seen")
    return Price(
        id=price_id,
        unit=_text(entry, "unit", where),
        tiers=tiers,
        as_of=None if entry["as_of"] is None else _day(entry, where),
        confidence=confidence,
        source=_text(entry, "source", where),
        note=None if entry["note"] is None else _text(entry, "note", where),
    )


def parse_tiers(values: object, where: str) -> tuple[Tier, ...]:
    """Tiers from a list of {from, to, usd}: contiguous from 0 to no end, as in the file."""
    if not isinstance(values, list) or not values:
        raise ComparisonError(f"{where}: tiers is not a list with at least one tier")
    tiers = []
    expected_start: Decimal | None = Decimal(0)
    for position, value in enumerate(values, start=1):
        inside = f"{where}: tier {position}"
        if not isinstance(value, dict) or set(value) != {"from", "to", "usd"}:
            raise ComparisonError(f"{inside}: needs the fields from, to and usd")
        tier = Tier(
            number(value["from"], f"{inside}: from"),
            None if value["to"] is None else number(value["to"], f"{inside}: to"),
            None if value["usd"] is None else number(value["usd"], f"{inside}: usd"),
        )
        if tier.start != expected_start:
            raise ComparisonError(f"{inside}: starts at {tier.start}, not at {expected_start}")
        if tier.end is not None and tier.end <= tier.start:
            raise ComparisonError(f"{inside}: ends at {tier.end}, which is not above its start")
        expected_start = tier.end
        tiers.append(tier)
    if expected_start is not None:
        raise ComparisonError(f"{where}: the last tier must have no end (to: null)")
    return tuple(tiers)


def number(value: Any, where: str) -> Decimal:  # noqa: ANN401 - one JSON value of any kind
    """A number of 0 or more as it stands in the file; ComparisonError names where it stands."""
    if type(value) not in (int, Decimal) or not Decimal(value).is_finite() or value < 0:
        shown = str(value) if isinstance(value, Decimal) else repr(value)
        raise ComparisonError(f"{where}: {shown} is not a number of 0 or more")
    return Decimal(value)


def _day(entry: Mapping[str, Any], where: str) -> str:
    day = _text(entry, "as_of", where)
    full = {4: f"{day}-01-01", 7: f"{day}-01", 10: day}.get(len(day), "")
    try:
        date.fromisoformat(full)
    except ValueError:
        raise ComparisonError(
            f"{where}: as_of {day!r} is not a date: YYYY-MM-DD, YYYY-MM or YYYY"
        ) from None
    return day


def _text(entry: Mapping[str, Any], field: str, where: str) -> str:
    value = entry[field]
    if not isinstance(value, str) or not value.strip():
        raise ComparisonError(f"{where}: {field} is {value!r}, not a text")
    return value


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON allows a key twice and keeps the last; for prices that would be a silent change."""
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return values
