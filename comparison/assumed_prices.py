"""Fills the unknown prices of one region from another region's book, because the user said so.

Separate from prices.py, which never guesses. What is taken over is marked tier by tier, so that a
bill which needs only the known tiers stays sure.
"""

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from comparison.errors import ComparisonError
from comparison.prices import Price, PriceBook, Tier


def assume(book: PriceBook, other: PriceBook) -> PriceBook:
    """The book with every unknown tier, and every price it lacks, taken from the other region.

    What both do not know stays unknown. Raises ComparisonError when both mean different units.
    """
    prices = {
        price_id: _filled(price, other.prices[price_id], other.region)
        if price_id in other.prices
        else price
        for price_id, price in book.prices.items()
    }
    for price_id, price in other.prices.items():
        if price_id not in prices:
            prices[price_id] = _filled(_unknown(price), price, other.region)
    name = f"{book.name} (unknown prices assumed from {other.region})"
    return PriceBook(name, book.region, MappingProxyType(prices))


def assumed_ids(book: PriceBook) -> tuple[str, ...]:
    """The prices of which at least one tier is another region's."""
    return tuple(
        price.id for price in book.prices.values() if any(tier.assumed for tier in price.tiers)
    )


def _unknown(price: Price) -> Price:
    return replace(price, tiers=(Tier(price.tiers[0].start, None, None),), confidence="missing")


def _filled(price: Price, other: Price, region: str) -> Price:
    if all(tier.usd is not None for tier in price.tiers):
        return price
    if price.unit != other.unit:
        raise ComparisonError(
            f"{price.id}: the unit is {price.unit!r} here and {other.unit!r} in {region};"
            f" --assume {region} cannot fill it"
        )
    tiers = tuple(part for tier in price.tiers for part in _tier(tier, other.tiers))
    if not any(tier.assumed for tier in tiers):
        return price
    upper = price.confidence == "primary-tier1" and not tiers[0].assumed
    return replace(
        price,
        tiers=tiers,
        as_of=price.as_of if upper else other.as_of,
        confidence="assumed-tiers" if upper else "assumed",
        source=f"{price.source}; upper tiers as in {region}: {other.source}"
        if upper
        else f"as in {region}: {other.source}",
    )


def _tier(tier: Tier, others: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """A known tier itself; an unknown one as the other's tiers, cut to where it begins and ends."""
    if tier.usd is not None:
        return (tier,)
    return tuple(
        Tier(
            start=max(tier.start, other.start),
            end=_first_end(tier, other),
            usd=other.usd,
            assumed=other.usd is not None,
        )
        for other in others
        if (tier.end is None or other.start < tier.end)
        and (other.end is None or other.end > tier.start)
    )


def _first_end(first: Tier, second: Tier) -> Decimal | None:
    ends = [tier.end for tier in (first, second) if tier.end is not None]
    return min(ends) if ends else None
