"""What one user does: which customer it asks for and how long it waits, from a seed.

Separate from Locust, so that the sequence depends on nothing but profile, seed and the user's
number: the k-th request of user n is the same on both sides, whatever their speed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.profiles import Profile


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of a user, and the wait between its answer and the next request."""

    customer_id: int
    wait_seconds: float

    @property
    def path(self) -> str:
        return f"/customerdata/{self.customer_id}"


def turns(profile: Profile, seed: int, number: int) -> Iterator[Turn]:
    """The endless sequence of what user `number` does."""
    # Repeatable on purpose; nothing here is a secret.
    chance = random.Random(f"{seed}/{number}")  # noqa: S311
    while True:
        yield Turn(
            customer_id=chance.randint(profile.first_id, profile.last_id),
            wait_seconds=chance.uniform(profile.wait_min_seconds, profile.wait_max_seconds),
        )
