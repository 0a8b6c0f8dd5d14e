"""Outlives its parent just long enough to remove what the parent left behind.

A child process of the supervisor reads lines from its standard input: `group <pgid>` and
`directory <path>` take something into custody, `released <either line>` lets it go. End of input
means that every writer is gone, however it ended (SIGKILL included), and `end` that the supervisor
wants no more: the reaper then ends the process groups, removes the directories and exits. Works
wherever pipes and process groups do, so on Linux and macOS alike; prctl(PR_SET_PDEATHSIG) is Linux
only, fires when a *thread* ends, and cannot remove a directory.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

GRACE_SECONDS = 3.0
POLL_SECONDS = 0.05
REMOVE_ATTEMPTS = 20


def main() -> None:
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.SIG_IGN)
    groups, directories = read_custody(sys.stdin)
    end_groups(groups, GRACE_SECONDS)
    for directory in directories:
        remove(directory)


def read_custody(lines: Iterable[str]) -> tuple[list[int], list[Path]]:
    """What is still in custody at the end: process groups and directories."""
    custody: dict[str, None] = {}
    for line in lines:
        entry = line.rstrip("\n")
        if entry == "end":
            break
        if entry.startswith("released "):
            custody.pop(entry.removeprefix("released "), None)
        else:
            custody[entry] = None
    groups = [int(entry[6:]) for entry in custody if entry.startswith("group ")]
    directories = [Path(entry[10:]) for entry in custody if entry.startswith("directory ")]
    return groups, directories


def end_groups(groups: Iterable[int], grace_seconds: float) -> None:
    """SIGTERM to each process group, SIGKILL to those that are still there after the grace."""
    alive = [group for group in groups if _signal_group(group, signal.SIGTERM)]
    for group in alive:
        _signal_group(group, signal.SIGCONT)  # a frozen Lambda environment must see it, too
    deadline = time.monotonic() + grace_seconds
    while alive and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        alive = [group for group in alive if _signal_group(group, 0)]
    for group in alive:
        _signal_group(group, signal.SIGKILL)


def remove(directory: Path) -> None:
    """Remove a directory, again if a process that is just ending still writes into it."""
    for _ in range(REMOVE_ATTEMPTS):
        _make_writable(directory)
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(POLL_SECONDS)


def _make_writable(directory: Path) -> None:
    """Undo what Lambda's read-only task root would keep from being removed."""
    for folder, _, _ in os.walk(directory):
        if not os.access(folder, os.W_OK):
            with contextlib.suppress(OSError):
                Path(folder).chmod(0o700)


def _signal_group(group: int, signal_number: int) -> bool:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal_number)
        return True
    return False


if __name__ == "__main__":
    main()
