"""Starts the relays as one process of their own, and tells it how bad the network is.

Separate from __main__.py, which is what runs in that process.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from emulation.errors import EmulationError
from emulation.relay.conditions import Mode
from emulation.starting import POLL_SECONDS, READY_SECONDS, log_tail
from emulation.supervision import ChildProcess, Supervisor

_REPOSITORY = Path(__file__).resolve().parent.parent.parent
_LISTENING = "listening on "
_ANSWER_SECONDS = 10.0
_PORTS: Mapping[str, int] = {"mysql": 3306, "redis": 6379}


@dataclass(frozen=True, slots=True)
class StartedRelays:
    """Relays that listen."""

    child: ChildProcess
    addresses: Mapping[str, str]
    """Name -> host:port, where the relay of that name listens."""
    control: Path

    def url(self, name: str, url: str) -> str:
        """The server's own URL with the relay's address in it."""
        parts = urlsplit(url)
        login, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{login}{at}{self.addresses[name]}"))

    def set_conditions(
        self, name: str, mode: Mode = "pass", *, delay_seconds: float = 0.0, loss: float = 0.0
    ) -> None:
        """From now on; without arguments nothing is disturbed. Raises EmulationError."""
        self._tell({"relay": name, "mode": mode, "delay_seconds": delay_seconds, "loss": loss})

    def cut(self, name: str) -> None:
        """Reset the connections that there are; new ones pass. Raises EmulationError."""
        self._tell({"relay": name, "cut": True})

    def _tell(self, order: Mapping[str, object]) -> None:
        try:
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(_ANSWER_SECONDS)
                control.connect(str(self.control))
                control.sendall(json.dumps(order).encode() + b"\n")
                answer = control.makefile("r", encoding="utf-8").readline().rstrip("\n")
        except OSError as error:
            raise EmulationError(f"the relay cannot be told what to do: {error}") from error
        if answer != "ok":
            raise EmulationError(f"the relay refuses: {answer or 'it has ended'}")


def start_relays(supervisor: Supervisor, urls: Mapping[str, str]) -> StartedRelays:
    """One relay for each server's URL; EmulationError with the end of its log otherwise.

    Only the addresses of the URLs reach the process, none of their passwords.
    """
    directory = supervisor.directory("relay")
    control, log = directory / "control", directory / "relay.log"
    upstreams = [f"{name}={_address(name, url)}" for name, url in urls.items()]
    with log.open("wb") as output:
        child = supervisor.start(
            "relay",
            [sys.executable, "-m", "emulation.relay", "--control", control, *upstreams],
            environment={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
            cwd=_REPOSITORY,
            stdout=output,
        )
    return StartedRelays(child, _addresses(child, log), control)


def _address(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "rediss":
        raise EmulationError(f"{name}: no relay can stand before TLS; use redis:// on this machine")
    return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"


def _addresses(child: ChildProcess, log: Path) -> dict[str, str]:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        running = child.running
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(_LISTENING):
                pairs = line.removeprefix(_LISTENING).split()
                return dict(pair.split("=", 1) for pair in pairs)
        if not running:
            raise EmulationError(f"{child.name} ended while starting: {log_tail(log)}")
        time.sleep(POLL_SECONDS)
    raise EmulationError(f"{child.name} does not listen after {READY_SECONDS:g} s: {log_tail(log)}")
