"""Faults of processes: killed ones, greedy ones, and a load generator whose disk is full."""

import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final

import psutil

from emulation.supervision import ChildProcess, Supervisor
from measurement.errors import MeasurementError
from measurement.faults.disturbances import Disturbance, NotApplicable, Prepared

_BURN: Final = "while True: pass"


def killed_every_second(pids: Callable[[], Sequence[int]], seed: int) -> Disturbance:
    """One of these processes, drawn, gets SIGKILL at once and then every second."""
    draw = random.Random(seed)  # noqa: S311 - not a secret

    def kill() -> None:
        found = sorted(pids())
        if found:
            # Gone meanwhile: then it needs no killing.
            _signal(draw.choice(found))

    return Disturbance(begin=kill, again=kill)


def _signal(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def every_core_used(supervisor: Supervisor) -> Disturbance:
    """Another program computes on every core of this machine, the load generator's too."""
    burning: list[ChildProcess] = []

    def begin() -> None:
        for _ in range(os.cpu_count() or 1):
            command = [sys.executable, "-c", _BURN]
            burning.append(supervisor.start("cpu-hog", command, environment=os.environ))

    def end() -> None:
        while burning:
            supervisor.kill(burning.pop())

    return Disturbance(begin, end)


def full_disk() -> Prepared:
    """The load generator's processes can write no more bytes to any file.

    By the kernel's limit of a file's size, which another process may set (prlimit(2), Linux).
    """
    if sys.platform != "linux":
        return NotApplicable("only Linux lets one process limit another's files (prlimit)")
    limited: dict[int, tuple[int, int]] = {}

    def begin() -> None:
        generators = [pid for pid in _descendants() if _makes_load(pid)]
        if not generators:
            raise MeasurementError("no load generator is there, so its disk cannot become full")
        for pid in generators:
            _, most = limited[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))

    def end() -> None:
        for pid, usual in limited.items():
            if psutil.pid_exists(pid):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
        limited.clear()

    return Disturbance(begin, end)


def _descendants() -> list[int]:
    return [one.pid for one in psutil.Process().children(recursive=True)]


def _makes_load(pid: int) -> bool:
    return any(one.endswith("locustfile.py") for one in command_of(pid))


def command_of(pid: int) -> list[str]:
    """The command line of a process; empty when it is gone, or a zombie."""
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []
