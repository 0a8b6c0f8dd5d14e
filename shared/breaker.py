"""A breaker: leaves something that has failed alone for a while, then lets one request try it.

Separate from cache.py and database.py, which both have one: what counts as a failure is theirs.
"""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed (allows all), or open until a time, after which one caller may probe per pause.

    One per process and shared by its threads. Whoever was allowed reports succeeded() or failed().
    """

    def __init__(self, pause_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._probe_lock = threading.Lock()
        self._probe_at: float | None = None

    @property
    def closed(self) -> bool:
        """Whether all may try; does not count as the probe."""
        return self._probe_at is None

    def allows(self) -> bool:
        """Whether the caller may try; after the pause that is True for one caller, the probe."""
        if self._probe_at is None:
            return True
        with self._probe_lock:
            now = self._clock()
            if self._probe_at is not None and now < self._probe_at:
                return False
            # A probe that never comes back keeps the others out for one more pause, not for ever.
            self._probe_at = now + self._pause_seconds
            return True

    def succeeded(self) -> None:
        self._probe_at = None

    def failed(self) -> None:
        self._probe_at = self._clock() + self._pause_seconds
