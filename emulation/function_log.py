"""The function's log: one file with what CloudWatch Logs would show of all its environments.

Separate because two writers meet here, the platform (START, END, REPORT) and the function's own
output, and must come out in the order in which things happened. Lines are kept and written at most
a tenth of a second later: a reader sees them soon, an invocation does not wait for the disk.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from emulation.report_lines import ReportLine, format_report_line

FLUSH_SECONDS = 0.1

Line = bytes | str | ReportLine


class FunctionLog:
    """Appends lines to a file, buffered."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, or write to standard error with None."""
        where = os.dup(2) if path is None else path
        self._file = open(where, "ab", buffering=0)  # noqa: PTH123, SIM115 - a descriptor too; see close()
        self._lines: list[Line] = []
        self._flush_is_due = False

    def write(self, *lines: Line) -> None:
        """Add lines without their line ends; flushed within FLUSH_SECONDS."""
        self._lines += lines
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        self._flush_is_due = False
        if self._lines and not self._file.closed:
            lines, self._lines = self._lines, []
            self._file.write(b"".join([_encoded(line) for line in lines]))

    def close(self) -> None:
        self.flush()
        self._file.close()


def _encoded(line: Line) -> bytes:
    if isinstance(line, bytes):
        return line + b"\n"
    text = line if isinstance(line, str) else format_report_line(line)
    return f"{text}\n".encode("utf-8", errors="replace")


class LineSplitter:
    """Makes lines of the pieces in which one process's output arrives."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._write(line)

    def end(self) -> None:
        """Write what came without a line end."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""
