"""Named loads, as data: who asks how often, for how long.

Separate from the code that makes the load, so that a new profile is one entry in `PROFILES` and
so that the tool can read it without starting a load generator.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loadtests.errors import LoadTestError

DEFAULT_PROFILE = "quick"
# Locust warns above 100 new users a second; its own latencies are wrong then.
MAX_SPAWN_RATE = 100.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One load: a block of it is what one side gets before it is the other side's turn.

    A user repeats: ask for the data of a random customer, wait. Users come in steps.
    Raises LoadTestError, naming the profile and the field, where a value makes no sense.
    """

    name: str
    description: str
    users: int
    """Users at full load."""
    block_seconds: float
    """No request starts after this time; those in flight are waited for."""
    warm_up_seconds: float
    """Requests that start earlier in the block count, but their latency does not."""
    blocks: int
    """Blocks per side."""
    wait_min_seconds: float
    """A user waits uniformly between this..."""
    wait_max_seconds: float
    """...and this, from the answer to the next request."""
    first_id: int
    """Smallest customer id that is asked for."""
    last_id: int
    """Largest one, included."""
    preload_share: float
    """Share of these customers that is in the cache when a block begins; 0 to 1."""
    step_seconds: float
    """Every so often, `step_share` of the users are added; the first of them at 0 s."""
    step_share: float
    """0.01 to 1."""
    spawn_rate: float
    """Users started per second within a step; a step that is not done delays the next."""

    def __post_init__(self) -> None:
        for field, valid, must_be in self._rules():
            if not valid:
                value = getattr(self, field)
                raise LoadTestError(
                    f"profile {self.name}: {field} must be {must_be}, not {value!r}"
                )

    def _rules(self) -> Iterator[tuple[str, bool, str]]:
        yield "users", self.users >= 1, "at least 1"
        yield "block_seconds", 1 <= self.block_seconds < math.inf, "at least 1"
        yield (
            "warm_up_seconds",
            0 <= self.warm_up_seconds < self.block_seconds,
            f"0 or more and below block_seconds ({self.block_seconds:g})",
        )
        yield "blocks", self.blocks >= 1, "at least 1"
        yield "wait_min_seconds", 0 <= self.wait_min_seconds < math.inf, "0 or more"
        yield (
            "wait_max_seconds",
            self.wait_min_seconds <= self.wait_max_seconds < math.inf,
            f"at least wait_min_seconds ({self.wait_min_seconds:g})",
        )
        yield "first_id", self.first_id >= 1, "at least 1"
        yield "last_id", self.last_id >= self.first_id, f"at least first_id ({self.first_id})"
        yield "preload_share", 0 <= self.preload_share <= 1, "0 to 1"
        yield "step_seconds", 0 < self.step_seconds < math.inf, "above 0"
        yield "step_share", 0.01 <= self.step_share <= 1, "at least 0.01 and at most 1"
        yield (
            "spawn_rate",
            0 < self.spawn_rate <= MAX_SPAWN_RATE,
            f"above 0 and at most {MAX_SPAWN_RATE:g}",
        )


_ALL = (
    Profile(
        name="origin",
        description="The step load of 2020: +10 % of the users every 15 s, 3 minutes in all",
        users=50,
        block_seconds=180.0,
        warm_up_seconds=0.0,
        blocks=1,
        wait_min_seconds=5.0,
        wait_max_seconds=9.0,
        first_id=1,
        last_id=4499,
        preload_share=1.0,
        step_seconds=15.0,
        step_share=0.1,
        spawn_rate=10.0,
    ),
    Profile(
        name="quick",
        description="About a minute per side: 4 blocks of 15 s at a steady 100 requests/s or less",
        users=20,
        block_seconds=15.0,
        warm_up_seconds=5.0,
        blocks=4,
        wait_min_seconds=0.1,
        wait_max_seconds=0.3,
        first_id=1,
        last_id=4499,
        preload_share=0.9,
        step_seconds=15.0,
        step_share=1.0,
        spawn_rate=5.0,
    ),
)
PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in _ALL}


def find_profile(name: str, flag: str = "--profile") -> Profile:
    """The profile of that name; raises LoadTestError naming `flag` and the known profiles."""
    if name not in PROFILES:
        raise LoadTestError(f"{flag}: no profile {name!r}; choose one of: {', '.join(PROFILES)}")
    return PROFILES[name]


def customised(
    profile: Profile,
    *,
    users: int | None = None,
    block_seconds: float | None = None,
    warm_up_seconds: float | None = None,
    blocks: int | None = None,
) -> Profile:
    """The profile with what is not None replaced; raises LoadTestError as Profile does."""
    return dataclasses.replace(
        profile,
        users=profile.users if users is None else users,
        block_seconds=profile.block_seconds if block_seconds is None else block_seconds,
        warm_up_seconds=profile.warm_up_seconds if warm_up_seconds is None else warm_up_seconds,
        blocks=profile.blocks if blocks is None else blocks,
    )


def shortened(profile: Profile, block_seconds: float | None) -> Profile:
    """The profile with blocks of that length; a shorter block has a warm-up shorter in proportion.

    None leaves it as it is. Raises LoadTestError as Profile does.
    """
    if block_seconds is None:
        return profile
    share = min(1.0, block_seconds / profile.block_seconds)
    return customised(
        profile,
        block_seconds=block_seconds,
        warm_up_seconds=profile.warm_up_seconds * share,
    )
