"""The rate at which two architectures cost the same: exact, over all price tiers.

Both totals are straight lines between the rates where some price changes its tier, so it is
enough to look at those rates and to solve one linear equation wherever the cheaper side changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from comparison.architectures import SECONDS_PER_MONTH, Part
from comparison.cost import exact_usd
from comparison.errors import ComparisonError
from comparison.prices import PriceBook

HIGHEST_RATE = 10_000
"""Requests/s up to which is searched: far above what one account gets without asking AWS."""


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
    sides: tuple[str, str], first: Sequence[Part], second: Sequence[Part], book: PriceBook
) -> BreakEven:
    """Find all rates where the cheaper side changes, up to HIGHEST_RATE or the first unknown price.

    Raises ComparisonError when a total is unknown at every rate.
    """

    def difference(requests: Decimal) -> Decimal:
        return exact_usd(first, requests, book) - exact_usd(second, requests, book)

    knots, stopped_by = _knots([*first, *second], book)
    differences = [difference(requests) for requests in knots]
    signs = [(difference > 0) - (difference < 0) for difference in differences]
    rates = []
    last = 0
    cheaper_sign = 0
    for at, sign in enumerate(signs):
        if sign == 0:
            continue
        cheaper_sign = cheaper_sign or sign
        if sign == -signs[last]:
            rates.append(_crossing(knots, differences, last, at))
        last = at
    cheaper = {1: sides[1], -1: sides[0], 0: None}[cheaper_sign]
    return BreakEven(tuple(rates), cheaper, _rate(knots[-1]), stopped_by)


def _knots(parts: Sequence[Part], book: PriceBook) -> tuple[list[Decimal], str | None]:
    """Requests per month, ascending from 0, between which every part costs a straight line."""
    knots = {Decimal(0)}
    limit = Decimal(HIGHEST_RATE * SECONDS_PER_MONTH)
    stopped_by = None
    for part in parts:
        if part.basis == "fixed" or not part.quantity:
            continue
        for tier in book.price(part.price_id).tiers:
            start = tier.start / part.quantity
            if tier.usd is None and start < limit:
                # Whole requests: the division's last digit must not reach into the unknown tier.
                limit = start // 1
                stopped_by = _unknown(part, book)
            knots.add(start)
    return [*sorted(knot for knot in knots if knot < limit), limit], stopped_by


def _unknown(part: Part, book: PriceBook) -> str:
    for tier in book.price(part.price_id).tiers:
        if tier.usd is None and tier.start:
            return f"the price of {part.price_id} above {tier.start:,f} a month is unknown"
    raise ComparisonError(f"{book.name}: the price of {part.price_id} is unknown (null)")


def _crossing(knots: list[Decimal], differences: list[Decimal], last: int, at: int) -> Decimal:
    """The rate where the line between two knots is zero.

    A stretch of zeros counts as its beginning: from there on the sides cost the same.
    """
    if at > last + 1:
        return _rate(knots[last + 1])
    share = differences[last] / (differences[last] - differences[at])
    return _rate(knots[last] + share * (knots[at] - knots[last]))


def _rate(requests: Decimal) -> Decimal:
    return (requests / SECONDS_PER_MONTH).quantize(Decimal("0.01"))
