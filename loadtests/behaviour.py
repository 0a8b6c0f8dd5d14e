"""What is asked for, and how long a user waits in between, from a seed.

Separate from Locust, so that the sequence depends on nothing but profile, seed and the user's
number: the k-th request of user n is the same on both sides, whatever their speed, and however
many processes make the load.
"""

import bisect
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from loadtests.profiles.profile import (
    ConstantThinkTime,
    ExponentialThinkTime,
    Keys,
    Profile,
    UniformThinkTime,
)

Chance = random.Random


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; `route` is what it is counted under."""

    route: str
    path: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of a user, and the wait between its answer and the next request."""

    request: Request
    wait_seconds: float

    @property
    def path(self) -> str:
        return self.request.path


def turns(profile: Profile, seed: int, number: int) -> Iterator[Turn]:
    """The endless sequence of what user `number` (from 1) does, in a closed model."""
    assert profile.closed is not None, "an open model has no users"
    chance = chance_of(f"{seed}/{number}")
    next_request, next_wait = request_chooser(profile), _waits(profile.closed.think_time)
    while True:
        yield Turn(next_request(chance), next_wait(chance))


def chance_of(seed: str) -> Chance:
    """A sequence of its own for each text; the same on every machine and Python version."""
    # Repeatable on purpose; nothing here is a secret.
    return Chance(seed)


def request_chooser(profile: Profile) -> Callable[[Chance], Request]:
    """What makes the next request: a route by weight, then an id where the route has one."""
    routes, weights = list(profile.asked), list(profile.asked.values())
    next_id = _ids(profile.keys)

    def request(chance: Chance) -> Request:
        route = routes[0] if len(routes) == 1 else chance.choices(routes, weights)[0]
        if "{id}" not in route:
            return Request(route, route)
        return Request(route, route.replace("{id}", str(next_id(chance))))

    return request


def _ids(keys: Keys) -> Callable[[Chance], int]:
    first, last = keys.first_id, keys.last_id
    if keys.zipf_exponent == 0:
        return lambda chance: chance.randint(first, last)
    sums = zipf_sums(last - first + 1, keys.zipf_exponent)
    # random() is below 1, but its product with the sum may be rounded up to the sum itself.
    return lambda chance: min(last, first + bisect.bisect(sums, chance.random() * sums[-1]))


@cache
def zipf_sums(count: int, exponent: float) -> tuple[float, ...]:
    """Running sums of 1/n^exponent for n = 1..count: the weights of Zipf's law, cumulative."""
    return tuple(itertools.accumulate(n**-exponent for n in range(1, count + 1)))


def _waits(
    think_time: ConstantThinkTime | UniformThinkTime | ExponentialThinkTime,
) -> Callable[[Chance], float]:
    match think_time:
        case ConstantThinkTime(seconds):
            return lambda _: seconds
        case UniformThinkTime(low, high):
            return lambda chance: chance.uniform(low, high)
        case ExponentialThinkTime(mean):
            return lambda chance: chance.expovariate(1 / mean)
