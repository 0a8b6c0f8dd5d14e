"""CPU time by component, read from the kernel's own account of each process.

CPU time per request is the figure that survives a noisy machine: it counts what a component used,
not how long it had to wait for a core.
"""

from collections.abc import Iterable, Mapping

import psutil

# The kernel counts in hundredths of a second; sums of these differ by rounding alone below that.
_LAST_BITS_SECONDS = 1e-6


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time so far of these processes and of the children they have waited for."""
    return sum(_of_process(pid) for pid in pids)


def tree(pid: int) -> list[int]:
    """A process and all its living descendants."""
    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def own_cpu_seconds(pid: int) -> float:
    """User and system time of one process without its children; 0 when it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What was used between two readings of the same components.

    A process that was started again in between counts from 0 again.
    """
    used = {name: after[name] - before.get(name, 0.0) for name in after}
    return {
        name: after[name] if used[name] < -_LAST_BITS_SECONDS else max(0.0, used[name])
        for name in after
    }


def _of_process(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # macOS does not account for children; there they are 0 and a process that ends takes its
    # time with it.
    return float(
        times.user
        + times.system
        + getattr(times, "children_user", 0.0)
        + getattr(times, "children_system", 0.0)
    )
