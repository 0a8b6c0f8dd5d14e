"""How many users there are, or how many requests per second, over time.

Separate from the architectures: all of them get the same load. A load is a list of levels, one per
step of time, so that every shape is drawn the same way by the simulation and by the fluid model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, cos, fsum, pi
from typing import Literal

WAVE_SWING = 0.8
"""The crest of a wave has 1.8 times the mean, the trough 0.2 times, as for the bill's wave."""
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Load:
    """A level for each step of time."""

    model: Literal["open", "closed"]
    """open: requests come at a rate, whatever becomes of earlier ones (Poisson, as of many users
    who do not know of each other). closed: so many users, who wait for each answer and then think.
    """
    levels: tuple[float, ...]
    """Requests per second (open) or users (closed) in each step."""
    step_seconds: float
    think_min_seconds: float = 0.0
    think_max_seconds: float = 0.0
    """A closed model's users think for a time uniform between these."""
    warm_up_seconds: float = 0.0
    """Requests that are sent before this are simulated, not counted."""

    @property
    def duration_seconds(self) -> float:
        return len(self.levels) * self.step_seconds

    @property
    def think_seconds(self) -> float:
        """The mean."""
        return (self.think_min_seconds + self.think_max_seconds) / 2

    def rates(self, answer_seconds: float = 0.0) -> tuple[float, ...]:
        """Requests per second of each step, when each answer takes that long."""
        if self.model == "open":
            return self.levels
        return tuple(level / (self.think_seconds + answer_seconds) for level in self.levels)

    def measured_rate(self) -> float:
        """Requests per second on average from the end of the warm-up on; of all where none is."""
        rates = self.rates()
        measured = rates[int(self.warm_up_seconds / self.step_seconds) :] or rates
        return fsum(measured) / len(measured) if measured else 0.0


def constant(level: float, duration_seconds: float, step_seconds: float = 1.0) -> tuple[float, ...]:
    """The same level all the time."""
    return _levels(lambda _: level, duration_seconds, step_seconds)


def ramp(
    first: float, last: float, duration_seconds: float, step_seconds: float = 1.0
) -> tuple[float, ...]:
    """From one level to another in a straight line."""
    return _levels(lambda share: first + (last - first) * share, duration_seconds, step_seconds)


def wave(mean: float, duration_seconds: float, step_seconds: float = 1.0) -> tuple[float, ...]:
    """One day, however short it is played: a cosine with its trough at both ends."""
    return _levels(
        lambda share: mean * (1 - WAVE_SWING * cos(2 * pi * share)), duration_seconds, step_seconds
    )


def _levels(
    at: Callable[[float], float], duration_seconds: float, step_seconds: float
) -> tuple[float, ...]:
    """`at` takes the share of the time that is over: the middle of each step."""
    steps = max(1, ceil(duration_seconds / step_seconds))
    return tuple(at((step + 0.5) / steps) for step in range(steps))
