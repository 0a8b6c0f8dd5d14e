"""Tells at once when a child process has ended, without asking all of them at every signal.

SIGCHLD also comes each time a child is stopped or continued, which happens twice per invocation;
Linux' process descriptors speak for one process and only of its end. Elsewhere the owner calls
`check_exits` on SIGCHLD.
"""

import asyncio
import os
from collections.abc import Callable


class ExitWatch:
    """Calls back in the event loop once the process has ended; needs a running event loop."""

    def __init__(self, pid: int, ended: Callable[[], None]) -> None:
        self._descriptor = _open(pid)
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        if self._descriptor >= 0:
            self._loop.add_reader(self._descriptor, self._notice)

    def close(self) -> None:
        """Watch no longer."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _notice(self) -> None:
        self.close()
        self._ended()


def watches_exits() -> bool:
    """Whether this system has process descriptors (Linux 5.3; not macOS)."""
    descriptor = _open(os.getpid())
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True


def _open(pid: int) -> int:
    """A descriptor for the process, or -1 where there is no such thing."""
    if not hasattr(os, "pidfd_open"):
        return -1
    try:
        return os.pidfd_open(pid)
    except OSError:  # an old kernel, or a sandbox that does not know the call
        return -1
