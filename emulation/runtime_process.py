"""The operating system's side of an environment: its process, its output, its peak memory.

Separate from environments.py, which knows what the process is doing.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping

import psutil

from emulation.cpu_share import CpuQuota, vcpus
from emulation.exit_watch import ExitWatch
from emulation.function_log import LineSplitter
from emulation.process_control import ProcessControl
from emulation.runtime_settings import FunctionSettings
from emulation.supervision import Supervisor

MAX_DESCRIPTORS = 1024
"""File descriptors of an environment: "Lambda quotas"."""
_READ_BYTES = 65536
_STATUS_BYTES = 4096
_HAS_PROC = sys.platform == "linux"


class RuntimeProcess:
    """`python -m awslambdaric HANDLER`, from its start to its end; needs a running event loop."""

    def __init__(
        self,
        settings: FunctionSettings,
        supervisor: Supervisor,
        variables: Mapping[str, str],
        write_line: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._supervisor = supervisor
        self._lines = LineSplitter(write_line)
        self._output, write_end = os.pipe()
        os.set_blocking(self._output, False)
        try:
            self._child = supervisor.start(
                f"environment of {settings.name}",
                [settings.python, "-m", "awslambdaric", settings.handler],
                environment=variables,
                cwd=settings.task_root,
                stdout=write_end,
                max_descriptors=MAX_DESCRIPTORS,
            )
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(write_end)
        self._ended = False
        self._memory = _MemoryMeter(self._child.pid)
        self.control = ProcessControl(self._child.pid, _quota(settings))
        """Freezes the process between invocations and keeps it within its CPU share."""
        self._exit_watch = ExitWatch(self._child.pid, ended)
        asyncio.get_running_loop().add_reader(self._output, self.drain)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.running

    def drain(self) -> None:
        """Pass on the output that is there, without waiting for more."""
        while self._output >= 0:
            try:
                piece = os.read(self._output, _READ_BYTES)
            except BlockingIOError:
                return
            if not piece:
                self._close_output()
                return
            self._lines.feed(piece)

    def end_line(self) -> None:
        """Pass on the output so far, also without a line end: an invocation is over."""
        self.drain()
        self._lines.end()

    def measure_memory(self) -> int:
        """Peak resident memory so far, in full MB (2^20 bytes), rounded up."""
        return self._memory.peak_mb()

    @property
    def max_memory_mb(self) -> int:
        """The same as last measured; `end` measures too."""
        return self._memory.last_mb

    def end(self) -> int:
        """Kill the whole process group, once; return the exit code."""
        if not self._ended:
            self._ended = True
            self._memory.peak_mb()
            self.control.close()
            self._exit_watch.close()
            self._supervisor.kill(self._child)
            self.end_line()
            self._close_output()
            self._memory.close()
        return self._child.process.returncode

    def _close_output(self) -> None:
        if self._output >= 0:
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            self._output = -1


def _quota(settings: FunctionSettings) -> CpuQuota | None:
    """None from one whole vCPU on: more than one is of use to several threads only."""
    share = vcpus(settings.memory_mb)
    return CpuQuota(share) if settings.cpu_share_enforced and share < 1 else None


class _MemoryMeter:
    """Reads a process's peak resident memory; keeps the last value once it is gone."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        # Kept open: it is read once per invocation, and opening costs as much as reading.
        self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY) if _HAS_PROC else -1
        self.last_mb = 0

    def peak_mb(self) -> int:
        try:
            if _HAS_PROC:
                peak_bytes = _peak_bytes(os.pread(self._status, _STATUS_BYTES, 0))
            else:  # no peak of another process is to be had: the highest value that was seen
                peak_bytes = self._process.memory_info().rss
        except (OSError, psutil.Error):
            return self.last_mb
        self.last_mb = max(self.last_mb, -(-peak_bytes // 2**20))
        return self.last_mb

    def close(self) -> None:
        if self._status >= 0:
            os.close(self._status)
            self._status = -1


def _peak_bytes(status: bytes) -> int:
    """Find the VmHWM line of /proc/PID/status, in kB; a process that has ended has none."""
    _, _, after = status.partition(b"\nVmHWM:")
    return int(after.split(maxsplit=1)[0]) * 1024 if after else 0
