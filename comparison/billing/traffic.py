"""The shape of a month's traffic: how its requests spread over the hours of a week.

A shape changes no bill that counts requests; it decides how many instances the busiest hour needs,
which CPU credits are earned and spent, and what provisioned concurrency covers.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import cos, pi
from types import MappingProxyType

HOURS_PER_DAY, DAYS_PER_WEEK = 24, 7
WAVE_SWING = 0.8
"""The busiest hour of a daily wave has 1.8 times the mean, the quietest 0.2 times."""
OFFICE_HOURS = range(9, 17)
OFFICE_DAYS = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """Hourly weights of a period that repeats; their mean is 1."""

    name: str
    weights: tuple[Decimal, ...]
    description: str

    @property
    def peak(self) -> Decimal:
        """The busiest hour's rate over the mean rate."""
        return max(self.weights)


def _wave() -> tuple[Decimal, ...]:
    """A day as a cosine with its crest at 15:00, to four digits, its mean kept at exactly 1."""
    raw = [
        round(1 + WAVE_SWING * cos(2 * pi * (hour - 15) / HOURS_PER_DAY), 4)
        for hour in range(HOURS_PER_DAY)
    ]
    weights = [Decimal(repr(weight)) for weight in raw]
    weights[0] += HOURS_PER_DAY - sum(weights)
    return tuple(weights)


def _office() -> tuple[Decimal, ...]:
    busy = OFFICE_DAYS * len(OFFICE_HOURS)
    weight = Decimal(DAYS_PER_WEEK * HOURS_PER_DAY) / busy
    return tuple(
        weight if day < OFFICE_DAYS and hour in OFFICE_HOURS else Decimal(0)
        for day in range(DAYS_PER_WEEK)
        for hour in range(HOURS_PER_DAY)
    )


CONSTANT = Shape("constant", (Decimal(1),), "the same rate at all hours")
SHAPES = MappingProxyType(
    {
        shape.name: shape
        for shape in (
            CONSTANT,
            Shape("wave", _wave(), "a daily wave between 0.2 and 1.8 times the mean rate"),
            Shape("office", _office(), "Monday to Friday, 9 to 17 h; nothing else"),
        )
    }
)
"""--shape -> what it means. Chosen, not measured: real traffic lies in between."""
