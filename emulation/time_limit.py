"""A limit that is set and lifted for each of many requests, with few timers.

Separate because an environment has one for all its phases. Nearly always a limit is lifted long
before it is reached; a timer that is made and cancelled for each invocation would cost more than
all else that is done about it. So the timer stays, and looks when it ends whether it is needed.
"""

import asyncio
import time
from collections.abc import Callable

# uvloop's timers may be early by that much; what is limited has all of its time.
_TIMER_SECONDS = 0.001


class TimeLimit:
    """At most one limit at a time; `close` ends what is left of it in the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._timer_until = 0.0
        self._until = 0.0
        self._then: Callable[[], None] | None = None

    def set(self, seconds: float, then: Callable[[], None]) -> None:
        """Call `then` after so long, unless the limit is lifted or set anew before."""
        self._until = self._clock() + seconds
        self._then = then
        if self._timer is None or self._timer_until > self._until:
            self._set_timer(seconds)

    def lift(self) -> None:
        """There is no limit now."""
        self._then = None

    def close(self) -> None:
        """Lift it, and leave no timer behind."""
        self._then = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_until = self._until
        self._timer = self._loop.call_later(seconds + _TIMER_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        then = self._then
        if then is None:
            return
        left_seconds = self._until - self._clock()
        if left_seconds > 0:
            self._set_timer(left_seconds)
        else:
            self._then = None
            then()
