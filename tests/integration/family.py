"""A started ./compare.py, and everything that it was seen to start."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

COMPARE = Path(__file__).resolve().parents[2] / "compare.py"
TEMPORARY = re.compile(r"/tmp/[\w-]+-[0-9a-f]{12}")
PASSWORD = re.compile(r":([^:@/]+)@")
GONE_WITHIN_SECONDS = 10.0


@dataclass
class Family:
    """A started compare.py and everything it was seen to start."""

    process: "subprocess.Popen[str]"
    processes: set[psutil.Process] = field(default_factory=set)
    directories: set[Path] = field(default_factory=set)
    command_lines: set[str] = field(default_factory=set)
    passwords: set[str] = field(default_factory=set)
    """Those in the URLs that its processes were given."""
    listening: set[str] = field(default_factory=set)
    """Addresses on which they wait for connections."""

    def look(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self.processes.add(child)
                with contextlib.suppress(psutil.Error):
                    words = " ".join(child.cmdline())
                    self.command_lines.add(words)
                    self.directories.update(map(Path, TEMPORARY.findall(words)))

    def inspect(self) -> None:
        """Look once at what only takes a moment's longer look: environments and sockets."""
        self.look()
        for process in self.processes:
            with contextlib.suppress(psutil.Error):
                given = process.environ()
                for name in ("DATABASE_URL", "CACHE_URL"):
                    self.passwords.update(PASSWORD.findall(given.get(name, "")))
                for one in process.net_connections("inet"):
                    if one.status == psutil.CONN_LISTEN:
                        self.listening.add(one.laddr.ip)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "it never came so far"
            self.look()
            time.sleep(0.1)

    def left_behind(self) -> list[str]:
        """What is still there after the time that everything has to disappear in."""
        deadline = time.monotonic() + GONE_WITHIN_SECONDS
        while time.monotonic() < deadline and (self._alive() or self._existing()):
            time.sleep(0.1)
        return [*self._alive(), *self._existing()]

    def _alive(self) -> list[str]:
        alive = []
        for process in self.processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    alive.append(str(process))
        return alive

    def _existing(self) -> list[str]:
        return [str(path) for path in self.directories if path.exists()]


@contextmanager
def started(*arguments: str | Path) -> Iterator[Family]:
    process = subprocess.Popen(
        [sys.executable, COMPARE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Its own process group, as a shell gives it: Ctrl-C must reach it and not pytest.
        start_new_session=True,
    )
    try:
        yield Family(process)
    finally:
        process.kill()
        process.communicate()
