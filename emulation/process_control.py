"""Holds an environment's process back: frozen between invocations, within its CPU share in them.

Both are done with SIGSTOP and SIGCONT to the process group, which needs no privileges. Lambda
freezes an environment whenever it waits for an invocation ("Understanding the Lambda execution
environment lifecycle"): nothing of the function runs then, no thread and no timer.
"""

import asyncio
import math
import os
import signal
import sys
import time

from emulation.cpu_share import CpuQuota

_NANOSECONDS = 1_000_000_000
# Below this, setting a timer costs more than it saves.
_SHORTEST_WATCH_SECONDS = 0.0005


def can_limit_cpu() -> bool:
    """Whether this system tells the CPU time of another process exactly and at once."""
    if sys.platform != "linux":
        return False
    try:
        _cpu_seconds(os.getpid())
    except OSError:
        return False
    return True


class ProcessControl:
    """Stops and continues one process group; needs a running event loop.

    Without a quota the process has as much CPU as it takes.
    """

    def __init__(self, pid: int, quota: CpuQuota | None) -> None:
        self._pid = pid
        self._quota = quota
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def freeze(self) -> None:
        """The runtime waits for an invocation: nothing runs until `run`."""
        self._cancel()
        self._stop()

    def run(self) -> None:
        """An invocation begins: the process runs, and its CPU time is watched from here on."""
        self._continue()
        if self._quota is not None:
            self._watch(self._quota)

    def release(self) -> None:
        """The invocation has its answer: the process runs on, unwatched, to ask for the next."""
        self._cancel()
        self._continue()

    def close(self) -> None:
        """The process is gone or about to be killed: no signal any more, its pid may be reused."""
        self._cancel()
        self._pid = 0

    def _watch(self, quota: CpuQuota) -> None:
        """Look again when the quota can be used up at the earliest, or pause if it is."""
        now = time.monotonic()
        try:
            left_seconds = quota.charge(now, _cpu_seconds(self._pid))
        except OSError:  # it has just ended; whoever waits for it will notice
            return
        if left_seconds > 0:
            self._continue()
            wait_seconds = max(left_seconds, _SHORTEST_WATCH_SECONDS)
        else:
            self._stop()
            wait_seconds = quota.pause_seconds(now)
        # uvloop rounds to full milliseconds: rounded down, it would look again and again.
        wait_seconds = math.ceil(wait_seconds * 1000) / 1000
        self._timer = self._loop.call_later(wait_seconds, self._watch, quota)

    def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._signal(signal.SIGSTOP)

    def _continue(self) -> None:
        if self._stopped:
            self._stopped = False
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._pid:
            try:  # noqa: SIM105 - suppress() costs as much as the call, twice per invocation
                os.killpg(self._pid, number)
            except (ProcessLookupError, PermissionError):
                pass

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process in all its threads, by Linux' clock for it.

    The clock's number is made from the pid (clock_getcpuclockid(3); CPUCLOCK_SCHED is 2 in
    include/linux/posix-timers.h). Half a microsecond; reading /proc takes twenty times as long.
    """
    return time.clock_gettime_ns(~pid << 3 | 2) / _NANOSECONDS
