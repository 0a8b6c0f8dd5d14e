"""How much of something a month needs, as a function of its requests.

Separate from the prices: a quantity knows how it grows, and where its growth changes, so that a
break-even can be solved between those places instead of searched. Requests are a month's, and
Decimal, for a break-even need not fall on a whole request.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Literal, Protocol

from comparison.errors import ComparisonError

Basis = Literal["fixed", "in steps", "per request"]
"""fixed: the same at every rate; in steps: whole instances; per request: grows with each."""


class Quantity(Protocol):
    """A month's quantity in its price's unit."""

    @property
    def basis(self) -> Basis: ...

    def at(self, requests: Decimal) -> Decimal:
        """The quantity of a month with so many requests."""

    def knots(self, limit: Decimal) -> Iterator[Decimal]:
        """Requests a month, up to `limit`, where the growth changes or the quantity jumps.

        A jump is given twice: the last request before it and the first after it.
        """

    def reaches(self, quantity: Decimal) -> Decimal | None:
        """The requests a month at which it becomes so much; None where that cannot be said."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same quantity at every rate."""

    quantity: Decimal

    @property
    def basis(self) -> Basis:
        return "fixed"

    def at(self, requests: Decimal) -> Decimal:  # noqa: ARG002 - every Quantity takes it
        return self.quantity

    def knots(self, limit: Decimal) -> Iterator[Decimal]:  # noqa: ARG002 - as at()
        return iter(())

    def reaches(self, quantity: Decimal) -> Decimal | None:  # noqa: ARG002 - as at()
        return None


@dataclass(frozen=True, slots=True)
class PerRequest:
    """So much for each request, less what a month has free."""

    quantity: Decimal
    free: Decimal = Decimal(0)
    """Of a month's quantity: a free tier."""

    @property
    def basis(self) -> Basis:
        return "per request"

    def at(self, requests: Decimal) -> Decimal:
        return max(Decimal(0), self.quantity * requests - self.free)

    def knots(self, limit: Decimal) -> Iterator[Decimal]:
        if self.quantity and self.free and self.free / self.quantity < limit:
            yield self.free / self.quantity

    def reaches(self, quantity: Decimal) -> Decimal | None:
        return (quantity + self.free) / self.quantity if self.quantity else None


MOST_INSTANCES = 100_000
"""An instance that carries less than 0.1 requests a second is a mistake in its figures."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many instances a month's requests need."""

    requests_per_instance: Decimal | None
    """A month's, that one instance carries; None = unknown: then there is always `minimum`."""
    minimum: int = 1
    spare: int = 0
    """Instances beyond what the load needs: 1 = N+1."""

    def count(self, requests: Decimal) -> int:
        if self.requests_per_instance is None:
            return self.minimum
        whole = (requests / self.requests_per_instance).to_integral_value(ROUND_CEILING)
        return max(self.minimum, int(whole) + self.spare)

    def jumps(self, limit: Decimal) -> Iterator[Decimal]:
        """The last month's requests before each further instance, and the first with it.

        Raises ComparisonError where these would be more than MOST_INSTANCES.
        """
        if self.requests_per_instance is None:
            return
        if limit / MOST_INSTANCES > self.requests_per_instance:
            raise ComparisonError(
                f"{limit:,.0f} requests a month need over {MOST_INSTANCES:,} instances: the CPU"
                " time per request (cpu_seconds by requests in blocks/*.json) cannot be right"
            )
        carrying = self.minimum - self.spare
        while (last := max(carrying, 0) * self.requests_per_instance) < limit:
            yield last
            yield last + 1
            carrying = max(carrying, 0) + 1


@dataclass(frozen=True, slots=True)
class PerInstance:
    """So much for each instance of a fleet."""

    each: Decimal
    fleet: Fleet

    @property
    def basis(self) -> Basis:
        return "in steps"

    def at(self, requests: Decimal) -> Decimal:
        return self.each * self.fleet.count(requests)

    def knots(self, limit: Decimal) -> Iterator[Decimal]:
        return self.fleet.jumps(limit)

    def reaches(self, quantity: Decimal) -> Decimal | None:  # noqa: ARG002 - it jumps
        return None


@dataclass(frozen=True, slots=True)
class OnceSeveral:
    """Another quantity, but only where the fleet has more than one instance."""

    inner: Quantity
    fleet: Fleet

    @property
    def basis(self) -> Basis:
        return "in steps" if self.inner.basis == "fixed" else self.inner.basis

    def at(self, requests: Decimal) -> Decimal:
        return self.inner.at(requests) if self.fleet.count(requests) > 1 else Decimal(0)

    def knots(self, limit: Decimal) -> Iterator[Decimal]:
        yield from self.inner.knots(limit)
        yield from self.fleet.jumps(limit)

    def reaches(self, quantity: Decimal) -> Decimal | None:
        return self.inner.reaches(quantity)


@dataclass(frozen=True, slots=True)
class Served:
    """So much for each request up to a capacity of every hour, or for each request above it.

    Requests follow a week's hourly weights; what an hour's capacity cannot take overflows.
    """

    quantity: Decimal
    requests_per_hour: Decimal
    """The capacity of one hour."""
    weights: tuple[Decimal, ...]
    """Of each hour of a week, relative to the mean."""
    hours: Decimal
    """Of the month."""
    overflow: bool = False

    @property
    def basis(self) -> Basis:
        return "per request"

    def at(self, requests: Decimal) -> Decimal:
        mean = requests / self.hours
        served = sum(min(mean * weight, self.requests_per_hour) for weight in self.weights)
        share = served * self.hours / len(self.weights)
        return self.quantity * (requests - share if self.overflow else share)

    def knots(self, limit: Decimal) -> Iterator[Decimal]:
        for weight in sorted(set(self.weights)):
            if weight and (knot := self.requests_per_hour * self.hours / weight) < limit:
                yield knot

    def reaches(self, quantity: Decimal) -> Decimal | None:  # noqa: ARG002 - not needed so far
        return None
