"""One line of a bill before it is priced: what, how much of it, and why."""

from dataclasses import dataclass
from decimal import Decimal

from comparison.billing.quantities import Basis, Fixed, Quantity

HOURS_PER_MONTH = 730
"""The month of AWS's pricing calculator: 365 x 24 / 12."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a bill before it is priced."""

    component: str
    what: str
    price_id: str
    quantity: Quantity
    """In the price's unit, per month."""
    reason: str
    """Why this part, this size or this quantity."""
    assumed: bool = False
    """Whether the size was chosen; False where the architecture or the measurement gives it."""
    price_factor: Decimal = Decimal(1)
    """What the unit price is multiplied by: 0.83 = a savings plan of 17 %."""

    shown_at_zero: bool = True
    """False: a bill leaves the line out where nothing of it is used."""

    @property
    def basis(self) -> Basis:
        return self.quantity.basis


def fixed(  # noqa: PLR0913 - a line's columns
    component: str,
    what: str,
    price_id: str,
    quantity: Decimal | int,
    reason: str,
    *,
    assumed: bool = False,
) -> Part:
    """A part whose quantity is the same at every rate."""
    return Part(component, what, price_id, Fixed(Decimal(quantity)), reason, assumed)
