"""Private servers that a test may stop, freeze and restart; never the ones other tests share."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from emulation.private_mariadb import version_if_ready as mariadb_version_if_ready
from emulation.private_redis import version_if_ready as redis_version_if_ready
from emulation.starting import POLL_SECONDS
from emulation.supervision import ChildProcess, Supervisor

PATIENCE_SECONDS = 60.0


class RecordingSupervisor(Supervisor):
    """Remembers what it started, so that it can be started again."""

    def __init__(self) -> None:
        super().__init__()
        self.launches: dict[int, tuple[list[str], Mapping[str, str]]] = {}

    def start(self, name: str, command: Sequence[str | Path], **options: Any) -> ChildProcess:
        child = super().start(name, command, **options)
        self.launches[child.pid] = ([str(part) for part in command], options["environment"])
        return child


class OwnServer:
    """One running MariaDB or Redis, and how to start the same one again on the same port."""

    def __init__(self, supervisor: RecordingSupervisor, url: str, pid: int | None) -> None:
        assert pid is not None
        self.url = url
        self._supervisor = supervisor
        self._command, self._environment = supervisor.launches[pid]
        self._process = psutil.Process(pid)
        self._ask_version = (
            redis_version_if_ready if url.startswith("redis") else mariadb_version_if_ready
        )

    def stop(self) -> None:
        """End it, as a crash does."""
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)

    def start(self, *options: str) -> None:
        """Start it again, with these options behind its own, and wait until it answers."""
        # The accounts of an init file exist already.
        command = [part for part in self._command if not part.startswith("--init-file")]
        child = self._supervisor.start(
            "restarted server", [*command, *options], environment=self._environment
        )
        parts = urlsplit(self.url)
        assert parts.port is not None
        password, port = parts.password or "", parts.port
        while self._ask_version(password, port) is None:
            assert child.running
            time.sleep(POLL_SECONDS)
        self._process = psutil.Process(child.pid)

    def freeze(self) -> None:
        """From now on it accepts connections, the kernel does that, and never answers."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)
