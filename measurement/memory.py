"""Resident memory by component, and which processes are execution environments."""

from collections.abc import Iterable

import psutil


def memory_bytes(pids: Iterable[int]) -> int:
    """Resident set size of these processes together; those that are gone hold nothing.

    Pages that processes share are counted in each: the sum is an upper bound.
    """
    return sum(_resident_bytes(pid) for pid in pids)


def environment_pids(pids: Iterable[int]) -> list[int]:
    """Those that run AWS's runtime client: one such process is one execution environment."""
    return [pid for pid in pids if "awslambdaric" in _command(pid)]


def is_alive(pid: int) -> bool:
    """Whether this process runs, or could: a zombie does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _resident_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _command(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:  # gone, or a zombie whose command cannot be read
        return []
