"""One block of load: its clock, its users in order, and what they have seen.

Separate from the locustfile, which is wiring, and from timers.py, which needs gevent: the clock is
an argument here.
"""

from collections.abc import Callable, Iterator

from loadtests.behaviour import Turn, turns
from loadtests.profiles import Profile
from loadtests.recorder import Recorder
from loadtests.shape import start_seconds


class Block:
    """Begins with its creation; `clock` gives seconds that never go back."""

    def __init__(self, profile: Profile, seed: int, clock: Callable[[], float]) -> None:
        self.profile = profile
        self.recorder = Recorder(
            warm_up_seconds=profile.warm_up_seconds, block_seconds=profile.block_seconds
        )
        self.active_users: set[object] = set()
        self.in_flight = 0
        self._seed = seed
        self._users = 0
        self._clock = clock
        self._began_at = clock()

    def seconds_at(self, moment: float) -> float:
        """A reading of the clock as seconds from the block's beginning."""
        return moment - self._began_at

    @property
    def elapsed_seconds(self) -> float:
        return self.seconds_at(self._clock())

    @property
    def left_seconds(self) -> float:
        return self.profile.block_seconds - self.elapsed_seconds

    def new_user(self) -> tuple[float, Iterator[Turn]]:
        """Number the next user: when it starts (seconds from the beginning), and what it does."""
        self._users += 1
        return (
            start_seconds(self.profile, self._users),
            turns(self.profile, self._seed, self._users),
        )

    def next_turn(self, user: Iterator[Turn]) -> Turn | None:
        """The user's next turn, or None once the block is over."""
        return next(user) if self.left_seconds > 0 else None
