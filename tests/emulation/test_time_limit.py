import heapq
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from emulation.time_limit import TimeLimit


class FakeTimer:
    def __init__(self, then: Callable[[], None]) -> None:
        self.then = then
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """Its clock goes from timer to timer; counts the timers that were made."""

    def __init__(self) -> None:
        self.now = 0.0
        self.made = 0
        self._timers: list[tuple[float, int, FakeTimer]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, then: Callable[[], None]) -> FakeTimer:
        self.made += 1
        timer = FakeTimer(then)
        heapq.heappush(self._timers, (self.now + seconds, self.made, timer))
        return timer

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.now, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                timer.then()
        self.now = until

    @property
    def pending(self) -> int:
        return sum(not timer.cancelled for _, _, timer in self._timers)


def limited() -> tuple[FakeLoop, TimeLimit]:
    loop = FakeLoop()
    return loop, TimeLimit(cast("Any", loop), loop.time)


def test_a_thousand_limits_that_are_lifted_take_few_timers() -> None:
    loop, limit = limited()

    for _ in range(1000):
        limit.set(3.0, lambda: None)
        loop.pass_time(0.01)
        limit.lift()

    assert loop.made <= 5


def test_after_its_end_and_nothing_new_no_timer_is_left() -> None:
    loop, limit = limited()
    limit.set(3.0, lambda: None)
    limit.lift()

    loop.pass_time(4.0)

    assert loop.pending == 0


def test_a_closed_limit_leaves_no_timer() -> None:
    loop, limit = limited()
    limit.set(3.0, lambda: None)

    limit.close()

    assert loop.pending == 0


STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "lift"]), st.integers(1, 50), st.integers(0, 60)), max_size=30
)


@given(STEPS)
def test_every_limit_that_is_not_lifted_is_kept_to_the_timers_grain(
    steps: list[tuple[str, int, int]],
) -> None:
    loop, limit = limited()
    ended: list[tuple[int, float]] = []
    due: float | None = None

    def note(number: int) -> None:
        ended.append((number, loop.now))

    for number, (step, seconds, pause) in enumerate(steps):
        if step == "lift":
            limit.lift()
            due = None
        else:
            limit.set(seconds, partial(note, number))
            due = loop.now + seconds
        before = len(ended)
        loop.pass_time(pause + 0.5)
        if due is not None and due <= loop.now:
            [(which, at)] = ended[before:]
            assert (which, 0 <= at - due < 0.01) == (number, True)
            due = None
        else:
            assert len(ended) == before
