"""One block of load: its clock, this process's part of it, and what has been seen.

Separate from the locustfile, which is wiring, and from timers.py, which needs gevent: the clock is
an argument here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from loadtests.arrivals import Arrival, arrivals
from loadtests.behaviour import Turn, turns
from loadtests.profiles import Profile
from loadtests.recorder import Recorder
from loadtests.shape import Presence, presences


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the load one process makes: everything numbered index + 1, + count, …"""

    index: int
    """From 0."""
    count: int

    def has(self, number: int) -> bool:
        return (number - 1) % self.count == self.index

    def of(self, whole: int) -> int:
        """How many of the numbers 1 to `whole` are in this part."""
        return (whole - self.index + self.count - 1) // self.count


WHOLE = Part(0, 1)


@dataclass(frozen=True, eq=False, slots=True)
class NewUser:
    """One user of a closed model: when it is there, and what it does."""

    number: int
    presences: tuple[Presence, ...]
    turns: Iterator[Turn]


class Block:
    """Begins with its creation, or a little later; `clock` gives seconds that never go back."""

    def __init__(
        self,
        profile: Profile,
        seed: int,
        clock: Callable[[], float],
        part: Part = WHOLE,
        *,
        begins_in_seconds: float = 0.0,
    ) -> None:
        self.profile = profile
        self.recorder = Recorder(
            warm_up_seconds=profile.warm_up_seconds, block_seconds=profile.block_seconds
        )
        self.part = part
        self.active_users: set[object] = set()
        self.in_flight = 0
        self.schedules = 0
        """Schedules of an open model that have not been carried out yet."""
        self._seed = seed
        self._users = 0
        self._clock = clock
        self.began_at = clock() + begins_in_seconds

    def seconds_at(self, moment: float) -> float:
        """A reading of the clock as seconds from the block's beginning."""
        return moment - self.began_at

    def moment_at(self, seconds: float) -> float:
        """What the clock reads this long after the block's beginning."""
        return self.began_at + seconds

    @property
    def elapsed_seconds(self) -> float:
        return self.seconds_at(self._clock())

    @property
    def left_seconds(self) -> float:
        return self.profile.block_seconds - self.elapsed_seconds

    @property
    def active(self) -> int:
        """Users that are there, or in an open model requests in flight."""
        return len(self.active_users) if self.profile.closed else self.in_flight

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is in flight, and nothing waits that was due."""
        return not (self.in_flight or self.schedules)

    def new_user(self) -> NewUser:
        """The next user of this part, in the order of their numbers.

        Beyond the last one, users who are never there: Locust deals users out to processes in
        equal numbers.
        """
        number = self.part.index + 1 + self._users * self.part.count
        self._users += 1
        there = self._presences[number - 1] if number <= len(self._presences) else ()
        return NewUser(number, there, turns(self.profile, self._seed, number))

    def arrivals(self) -> Iterator[Arrival]:
        """The requests of this part of an open model, in the order in which they are due."""
        return (one for one in arrivals(self.profile, self._seed) if self.part.has(one.number))

    def note_unsent(self, arrival: Arrival) -> None:
        """Record a request that never got a connection as failed, with its lateness so far."""
        now = self.elapsed_seconds
        label = (arrival.request.route, 0, "no free connection", None, False)
        self.recorder.add(label, [arrival.due_seconds, now, now, 0])

    @property
    def max_connections(self) -> int:
        """Of this part; at least one."""
        assert self.profile.open is not None, "users of a closed model bring their own"
        return max(1, self.part.of(self.profile.open.max_connections))

    @cached_property
    def _presences(self) -> tuple[tuple[Presence, ...], ...]:
        return presences(self.profile)
