"""Starts a server on a free port and waits until it answers: the same for every private server.

What is started and how it is asked are arguments; retries, patience and the words for a server
that dies are here.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from emulation.errors import EmulationError
from emulation.supervision import ChildProcess, Supervisor

READY_SECONDS = 60.0
POLL_SECONDS = 0.02
PORT_ATTEMPTS = 5
_LOG_TAIL_LINES = 8
# What MariaDB, Redis and Docker log when somebody else took the port in the meantime.
_PORT_TAKEN: Final = ("address already in use", "port is already allocated")


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one server."""

    name: str
    command: Callable[[int], Sequence[str | Path]]
    """The command line for a port."""
    environment: Mapping[str, str]
    stdin: Path
    """What it reads from standard input, e.g. a configuration with a password in it."""
    log: Path
    """Where its output goes; the end of it becomes part of an error message."""
    ready_seconds: float = READY_SECONDS


@dataclass(frozen=True, slots=True)
class StartedServer:
    """A server that has answered."""

    child: ChildProcess
    port: int
    version: str


def start_on_free_port(
    supervisor: Supervisor, launch: Launch, ask_version: Callable[[int], str | None]
) -> StartedServer:
    """Start until it answers; `ask_version(port)` gives None while it does not.

    Between finding a free port and the server's taking it somebody else may be quicker: then the
    next port is tried. Raises EmulationError with the end of the server's log.
    """
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        with launch.log.open("wb") as log:
            child = supervisor.start(
                launch.name,
                launch.command(port),
                environment=launch.environment,
                stdin=launch.stdin,
                stdout=log,
            )
        version = _wait_until_ready(child, launch.ready_seconds, partial(ask_version, port))
        if version is not None:
            return StartedServer(child, port, version)
        failure = _failure(child, launch)
        supervisor.stop(child)
        if not any(words in failure.lower() for words in _PORT_TAKEN):
            break
    raise EmulationError(failure)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether nobody listens on this TCP port of 127.0.0.1 at this moment."""
    with socket.socket() as probe:
        # As a server does: a port that was closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def log_tail(log: Path) -> str:
    """The last lines of a server's log, on one line."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines[-_LOG_TAIL_LINES:] if line.strip())
    return ""


def _wait_until_ready(
    child: ChildProcess, ready_seconds: float, ask_version: Callable[[], str | None]
) -> str | None:
    deadline = time.monotonic() + ready_seconds
    while child.running and time.monotonic() < deadline:
        version = ask_version()
        if version is not None:
            return version
        time.sleep(POLL_SECONDS)
    return None


def _failure(child: ChildProcess, launch: Launch) -> str:
    if child.running:
        problem = f"did not answer within {launch.ready_seconds:g} s"
    else:
        problem = f"ended with exit code {child.process.returncode}"
    return f"{launch.name} {problem}; end of its log: {log_tail(launch.log) or '(empty)'}"
