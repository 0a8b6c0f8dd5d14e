"""When each request of an open model is due, from a seed: arithmetic, no clock.

Separate from the engine that sends them, so that what was asked for can be compared with what was
done. Requests are numbered over all processes: each takes its share of one and the same schedule.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.behaviour import Request, chance_of, request_chooser
from loadtests.profiles.profile import OpenModel, Point, Profile


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of the schedule."""

    number: int
    """From 1."""
    due_seconds: float
    """From the block's beginning."""
    request: Request


def arrivals(profile: Profile, seed: int) -> Iterator[Arrival]:
    """The requests of one block in the order in which they are due."""
    assert profile.open is not None, "users of a closed model have no schedule"
    chance = chance_of(f"{seed}/requests")
    next_request = request_chooser(profile)
    due = due_seconds(profile.open, profile.block_seconds, seed)
    for number, moment in enumerate(due, start=1):
        yield Arrival(number, moment, next_request(chance))


def due_seconds(model: OpenModel, block_seconds: float, seed: int) -> Iterator[float]:
    """When requests are due, each later than or at the one before, all below `block_seconds`.

    The k-th is due when as many requests as its count have been due by the curve: counts 0, 1, 2…
    with constant spacing; with Poisson spacing, sums of exponential gaps of mean 1, which is how a
    Poisson process of varying rate is made (Cinlar, Introduction to Stochastic Processes, 1975,
    chapter 4.7: change of time).
    """
    counts = _poisson_counts(seed) if model.spacing == "poisson" else map(float, itertools.count())
    segments = _segments(model, block_seconds)
    segment = next(segments)
    for count in counts:
        while count >= segment.last_count:
            following = next(segments, None)
            if following is None:
                return
            segment = following
        moment = segment.moment_of(count)
        if moment >= block_seconds:
            return
        yield moment


def expected_requests(model: OpenModel, block_seconds: float) -> float:
    """How many requests a block has by its curve."""
    return [*_segments(model, block_seconds)][-1].last_count


def rate_at(model: OpenModel, share: float) -> float:
    """Requests per second after this share of the block."""
    return model.rate * level_at(model.curve, share)


def level_at(curve: tuple[Point, ...], share: float) -> float:
    """The curve's level at this share of the block; after the jump where it jumps."""
    for left, right in reversed([*itertools.pairwise(curve)]):
        if left.at <= share and left.at < right.at:
            rise = (right.level - left.level) / (right.at - left.at)
            return left.level + rise * (min(share, 1.0) - left.at)
    return curve[0].level


@dataclass(frozen=True, slots=True)
class _Segment:
    """A straight part of the curve, and how many requests are due before it and by its end."""

    start_seconds: float
    start_rate: float
    slope: float
    first_count: float
    last_count: float

    def moment_of(self, count: float) -> float:
        # Solves rate * x + slope / 2 * x^2 = missing, in the form that stays exact for a small
        # slope.
        missing = count - self.first_count
        root = math.sqrt(max(0.0, self.start_rate**2 + 2 * self.slope * missing))
        return self.start_seconds + (2 * missing / (self.start_rate + root) if missing else 0.0)


def _segments(model: OpenModel, block_seconds: float) -> Iterator[_Segment]:
    count = 0.0
    for left, right in itertools.pairwise(model.curve):
        seconds = (right.at - left.at) * block_seconds
        start, end = model.rate * left.level, model.rate * right.level
        last = count + (start + end) / 2 * seconds
        slope = (end - start) / seconds if seconds else 0.0
        yield _Segment(left.at * block_seconds, start, slope, count, last)
        count = last


def _poisson_counts(seed: int) -> Iterator[float]:
    chance = chance_of(f"{seed}/arrivals")
    return itertools.accumulate(chance.expovariate(1.0) for _ in itertools.count())
