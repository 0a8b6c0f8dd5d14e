"""Wakes greenlets at exact moments.

Separate because it needs the kernel. gevent's own timers end in epoll_wait(), which counts whole
milliseconds: a request would be sent up to 1 ms late, several times what a local answer takes.
Linux has a timer that a file descriptor tells of, exact to some 50 us (timerfd_create(2)); Python
offers it from 3.13 on, so it is called through ctypes. Elsewhere (kqueue) gevent's are exact.
"""

import contextlib
import ctypes
import heapq
import itertools
import os
import sys
import time
from types import TracebackType
from typing import Any, Protocol, Self

import gevent

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_READABLE = 1


class Alarm(Protocol):
    """Sleeps until a reading of time.perf_counter(); at once where that is past."""

    def sleep_until(self, moment: float) -> None: ...

    def close(self) -> None: ...


def new_alarm() -> Alarm:
    """The most exact that this system has."""
    return KernelAlarm() if sys.platform == "linux" else GeventAlarm()


class GeventAlarm:
    def sleep_until(self, moment: float) -> None:
        gevent.sleep(max(0.0, moment - time.perf_counter()))

    def close(self) -> None:
        """Nothing is held."""


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSettings(ctypes.Structure):
    _fields_ = (("interval", _Time), ("first", _Time))


class _Sleeper:
    """One greenlet in the queue; without its greenlet it was killed meanwhile."""

    __slots__ = ("greenlet", "moment", "order")

    def __init__(self, moment: float, order: int) -> None:
        self.moment = moment
        self.order = order
        self.greenlet: Any = gevent.getcurrent()

    def __lt__(self, other: "_Sleeper") -> bool:
        return (self.moment, self.order) < (other.moment, other.order)


class KernelAlarm:
    """One kernel timer for all who sleep, set to the earliest moment.

    perf_counter() is CLOCK_MONOTONIC on Linux, so its readings need no conversion.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._sleepers: list[_Sleeper] = []
        self._order = itertools.count()
        self._settings = _TimerSettings()
        self._watcher = gevent.get_hub().loop.io(self._fd, _READABLE)
        self._watcher.start(self._ring)

    def sleep_until(self, moment: float) -> None:
        if moment <= time.perf_counter():
            gevent.sleep(0)  # others' turn
            return
        sleeper = _Sleeper(moment, next(self._order))
        heapq.heappush(self._sleepers, sleeper)
        if self._sleepers[0] is sleeper:
            self._set(moment)
        try:
            gevent.get_hub().switch()
        finally:
            sleeper.greenlet = None

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _set(self, moment: float) -> None:
        nanoseconds = int(moment * 1e9)
        first = self._settings.first
        first.seconds, first.nanoseconds = divmod(nanoseconds, 1_000_000_000)
        settings = ctypes.byref(self._settings)
        self._libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, settings, None)

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
        now = time.perf_counter()
        while self._sleepers and self._sleepers[0].moment <= now:
            sleeper = heapq.heappop(self._sleepers)
            if sleeper.greenlet is not None:
                sleeper.greenlet.switch()
        if self._sleepers:
            self._set(self._sleepers[0].moment)
