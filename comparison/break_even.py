"""The rates at which two architectures cost the same, over all price tiers and all instances.

Both totals are straight lines between the rates where some quantity or price changes how it grows
(its knots), so it is enough to look at those and to solve one linear equation wherever the cheaper
side changes. CPU credits of a week with idle days bend between their knots; what is found is
therefore solved again inside until it is exact to 0.01 requests/s.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from comparison.billing.credits import SurplusCredits
from comparison.billing.parts import HOURS_PER_MONTH, Part
from comparison.cost import exact_usd
from comparison.errors import ComparisonError
from comparison.prices import PriceBook

HIGHEST_RATE = 10_000
"""Requests/s up to which is searched: far above what one account gets without asking AWS."""
RATE_DIGITS = Decimal("0.01")
MOST_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where the first side's total and the second side's are equal."""

    rates: tuple[Decimal, ...]
    """Every rate in requests/s at which the cheaper side changes, ascending, to 0.01."""
    cheaper_at_first: str | None
    """The side that is cheaper just above rate 0; None where the two never differ."""
    searched_to: Decimal
    """Requests/s."""
    stopped_by: str | None
    """Why the search ended before HIGHEST_RATE: the price that is unknown above it."""


def break_even(
    sides: tuple[str, str],
    first: Sequence[Part],
    second: Sequence[Part],
    book: PriceBook,
    hours: Decimal = Decimal(HOURS_PER_MONTH),
) -> BreakEven:
    """Find all rates where the cheaper side changes, up to HIGHEST_RATE or the first unknown price.

    Raises ComparisonError when a total is unknown at every rate.
    """
    only_first, only_second = _without_common(first, second)

    def difference(requests: Decimal) -> Decimal:
        return exact_usd(only_first, requests, book) - exact_usd(only_second, requests, book)

    seconds = hours * 3600
    all_knots, stopped_by = _knots([*first, *second], book, seconds)
    knots = _undecided(all_knots, only_first, only_second, book)
    differences = [difference(requests) for requests in knots]
    signs = [_sign(value) for value in differences]
    rates = []
    last = 0
    cheaper_sign = 0
    for at, sign in enumerate(signs):
        if sign == 0:
            continue
        cheaper_sign = cheaper_sign or sign
        if sign == -signs[last]:
            # A stretch of zeros counts as its beginning: from there on both cost the same.
            crossing = (
                knots[last + 1]
                if at > last + 1
                else _crossing(difference, knots[last], knots[at], seconds)
            )
            rates.append((crossing / seconds).quantize(RATE_DIGITS))
        last = at
    cheaper = {1: sides[1], -1: sides[0], 0: None}[cheaper_sign]
    return BreakEven(tuple(rates), cheaper, (knots[-1] / seconds).quantize(RATE_DIGITS), stopped_by)


def _without_common(first: Sequence[Part], second: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Each side's parts without those that both have: they cancel out, and most are the same."""
    only_second = list(second)
    only_first = []
    for part in first:
        if part in only_second:
            only_second.remove(part)
        else:
            only_first.append(part)
    return only_first, only_second


def _sign(value: Decimal) -> int:
    return (value > 0) - (value < 0)


def _knots(
    parts: Sequence[Part], book: PriceBook, seconds: Decimal
) -> tuple[list[Decimal], str | None]:
    """Requests per month, ascending from 0, between which every part costs a straight line."""
    limit = HIGHEST_RATE * seconds
    stopped_by = None
    for part in parts:
        unknown = _unknown_from(part, book, limit)
        if unknown is not None and unknown < limit:
            limit, stopped_by = unknown, _unknown(part, book)
    knots = {Decimal(0)}
    for part in parts:
        knots.update(part.quantity.knots(limit))
        knots.update(_tier_knots(part, book))
    return [*sorted(knot for knot in knots if knot < limit), limit], stopped_by


def _undecided(
    knots: Sequence[Decimal], first: Sequence[Part], second: Sequence[Part], book: PriceBook
) -> list[Decimal]:
    """The knots between which the cheaper side may change.

    Costs rise with requests: where one side costs less at the end of a stretch than the other at
    its beginning, nothing inside needs a look. A fleet may have thousands of knots.
    """
    kept = {0, len(knots) - 1}
    stretches = [(0, len(knots) - 1)]
    while stretches:
        start, end = stretches.pop()
        first_least, first_most = _range_usd(first, knots[start], knots[end], book)
        second_least, second_most = _range_usd(second, knots[start], knots[end], book)
        if first_most < second_least or second_most < first_least:
            continue
        kept |= {start, end}
        if end - start > 1:
            middle = (start + end) // 2
            stretches += [(start, middle), (middle, end)]
    return [knots[at] for at in sorted(kept)]


def _range_usd(
    parts: Sequence[Part], low: Decimal, high: Decimal, book: PriceBook
) -> tuple[Decimal, Decimal]:
    """The least and the most that the parts can cost from `low` to `high` requests."""
    least = most = Decimal(0)
    for part in parts:
        quantity = part.quantity
        ends = (
            quantity.between(low, high)
            if isinstance(quantity, SurplusCredits)
            else (quantity.at(low), quantity.at(high))
        )
        low_usd, high_usd = (
            book.amount_usd(part.price_id, end) * part.price_factor if end else Decimal(0)
            for end in ends
        )
        least += low_usd
        most += high_usd
    return least, most


def _tier_knots(part: Part, book: PriceBook) -> Iterator[Decimal]:
    for tier in book.price(part.price_id).tiers:
        start = part.quantity.reaches(tier.start)
        if start is not None:
            yield start


def _unknown_from(part: Part, book: PriceBook, limit: Decimal) -> Decimal | None:
    """The last month's requests that are still priced; None where all are."""
    unknown = next((tier for tier in book.price(part.price_id).tiers if tier.usd is None), None)
    if unknown is None or part.quantity.at(limit) <= unknown.start:
        return None
    start = part.quantity.reaches(unknown.start)
    if start is None or not unknown.start:
        raise ComparisonError(f"{book.name}: the price of {part.price_id} is unknown (null)")
    # Whole requests: the division's last digit must not reach into the unknown tier.
    return start // 1


def _unknown(part: Part, book: PriceBook) -> str:
    tier = next(tier for tier in book.price(part.price_id).tiers if tier.usd is None)
    return f"the price of {part.price_id} above {tier.start:,f} a month is unknown"


def _crossing(
    difference: Callable[[Decimal], Decimal], low: Decimal, high: Decimal, seconds: Decimal
) -> Decimal:
    """The requests a month where the difference is zero; its sign changes between the two.

    One step where it is a straight line; else halving is mixed in, so that it always ends.
    """
    at_low, at_high = difference(low), difference(high)
    for round_number in range(MOST_ROUNDS):
        share = at_low / (at_low - at_high) if round_number % 2 == 0 else Decimal("0.5")
        middle = low + share * (high - low)
        value = difference(middle)
        if abs(value) < Decimal("0.000001") or high - low < seconds * RATE_DIGITS / 10:
            return middle
        if _sign(value) == _sign(at_low):
            low, at_low = middle, value
        else:
            high, at_high = middle, value
    return middle
