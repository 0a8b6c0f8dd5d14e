"""Usage x prices = line items: what an architecture costs in a month.

Amounts are rounded to the cent per line and then added, as AWS's bills do it, so a reader who adds
the lines gets the total. exact_usd() is the same sum before rounding, for solving equations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from comparison.billing.parts import HOURS_PER_MONTH, Part
from comparison.billing.quantities import Basis
from comparison.errors import ComparisonError
from comparison.prices import PriceBook, TierAmount, is_sure

CENT = Decimal("0.01")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LineItem:
    """One priced line; quantity x unit price = amount, with where the price comes from."""

    component: str
    what: str
    basis: Basis
    quantity: Decimal
    """A month's, in `unit`."""
    unit: str
    tiers: tuple[TierAmount, ...]
    """How the quantity spreads over the price's tiers; empty where a price is unknown."""
    amount_usd: Decimal | None
    """To the cent; None where a price is unknown."""
    price_id: str
    price_factor: Decimal
    """What the book's unit price was multiplied by to get that in `tiers`; 1 = nothing."""
    price_as_of: str | None
    price_confidence: str
    price_is_sure: bool
    price_source: str
    price_note: str | None
    reason: str
    """Why this part, this size or this quantity."""
    assumed: bool
    """Whether the size was chosen rather than given or measured."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A month of one side at one mean rate."""

    side: str
    requests_per_month: int
    items: tuple[LineItem, ...]
    missing: tuple[str, ...]
    """What kept the totals from being known, in words; then the totals are None."""
    fixed_usd: Decimal | None
    """The lines that the next request does not change: fixed ones, and whole instances."""
    per_request_usd: Decimal | None
    """The part of the month's total that grows with the requests."""
    total_usd: Decimal | None
    """The lines' sum, each rounded to the cent."""
    unrounded_usd: Decimal | None
    """The same without rounding: an example with lines below a cent adds up like this."""
    usd_per_million_requests: Decimal | None
    """The total over the month's requests in millions, to the cent."""
    marginal_usd_per_million: Decimal | None
    """What a million requests more cost in the tiers reached, without a further instance."""


def requests_per_month(
    requests_per_second: float | Decimal, hours: Decimal = Decimal(HOURS_PER_MONTH)
) -> int:
    """A mean rate kept up for a month; AWS's calculator takes 730 hours."""
    return round(Decimal(str(requests_per_second)) * hours * 3600)


def bill(side: str, parts: Sequence[Part], requests: int, book: PriceBook) -> Bill:
    """Price every part for a month with so many requests; unknown prices end up in `missing`."""
    priced = [
        _line_item(part, requests, book)
        for part in parts
        if part.shown_at_zero or part.quantity.at(Decimal(requests))
    ]
    items = tuple(item for item, _ in priced)
    missing = tuple(dict.fromkeys(reason for _, reason in priced if reason))
    fixed = _total(item for item in items if item.basis != "per request")
    per_request = _total(item for item in items if item.basis == "per request")
    total = None if fixed is None or per_request is None else fixed + per_request
    marginal = None if missing else _marginal_or_none(parts, requests, book)
    return Bill(
        side=side,
        requests_per_month=requests,
        items=items,
        missing=missing,
        fixed_usd=fixed,
        per_request_usd=per_request,
        total_usd=total,
        unrounded_usd=None if total is None else sum((_unrounded(item) for item in items), ZERO),
        usd_per_million_requests=None if total is None else per_million(total, requests),
        marginal_usd_per_million=None if marginal is None else to_cent(marginal * 1_000_000),
    )


def per_million(usd: Decimal, requests: int) -> Decimal | None:
    """USD per million requests to the cent; None without requests."""
    return to_cent(usd * 1_000_000 / requests) if requests else None


def exact_usd(parts: Iterable[Part], requests: Decimal, book: PriceBook) -> Decimal:
    """The month's total before rounding; ComparisonError when a needed price is unknown."""
    return sum((_exact_part_usd(part, requests, book) for part in parts), Decimal(0))


def marginal_usd(parts: Sequence[Part], requests: Decimal, book: PriceBook) -> Decimal:
    """What the next request adds, before rounding: each growing part at the tier reached."""
    total = Decimal(0)
    for part in parts:
        if part.basis == "per request":
            growth = part.quantity.at(requests + 1) - part.quantity.at(requests)
            if growth:
                reached = book.tier_amounts(part.price_id, part.quantity.at(requests + 1))
                total += growth * reached[-1].unit_usd * part.price_factor
    return total


def _marginal_or_none(parts: Sequence[Part], requests: int, book: PriceBook) -> Decimal | None:
    try:
        return marginal_usd(parts, Decimal(requests), book)
    except ComparisonError:
        # The total is known, but not that of one request more: its price is another, unknown one.
        return None


def to_cent(usd: Decimal) -> Decimal:
    return usd.quantize(CENT, ROUND_HALF_UP)


def _exact_part_usd(part: Part, requests: Decimal, book: PriceBook) -> Decimal:
    quantity = part.quantity.at(requests)
    return book.amount_usd(part.price_id, quantity) * part.price_factor if quantity else Decimal(0)


def _line_item(part: Part, requests: int, book: PriceBook) -> tuple[LineItem, str]:
    """The priced line, and why it has no amount (empty where it has one)."""
    price = book.price(part.price_id)
    quantity = part.quantity.at(Decimal(requests))
    tiers: tuple[TierAmount, ...] = ()
    problem = ""
    try:
        tiers = tuple(
            TierAmount(tier.quantity, tier.unit_usd * part.price_factor)
            for tier in book.tier_amounts(part.price_id, quantity)
        )
    except ComparisonError as error:
        # Nothing of it is used: what it would cost does not keep the total from being known.
        problem = str(error) if quantity else ""
    amount = None if problem else to_cent(sum((tier.usd for tier in tiers), ZERO))
    item = LineItem(
        component=part.component,
        what=part.what,
        basis=part.basis,
        quantity=quantity,
        unit=price.unit,
        tiers=tiers,
        amount_usd=amount,
        price_id=price.id,
        price_factor=part.price_factor,
        price_as_of=price.as_of,
        price_confidence=price.confidence,
        price_is_sure=is_sure(price, len(tiers)),
        price_source=price.source,
        price_note=price.note,
        reason=part.reason,
        assumed=part.assumed,
    )
    return item, problem


def _unrounded(item: LineItem) -> Decimal:
    return sum((tier.usd for tier in item.tiers), ZERO)


def _total(items: Iterable[LineItem]) -> Decimal | None:
    total = Decimal(0)
    for item in items:
        if item.amount_usd is None:
            return None
        total += item.amount_usd
    return total
