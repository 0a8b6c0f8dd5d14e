"""Starts the proxy as a process of its own and says where it listens.

Separate from __main__.py, which is what runs in that process.
"""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from emulation.control_token import VARIABLE, bearer, new_token
from emulation.errors import EmulationError
from emulation.starting import POLL_SECONDS, READY_SECONDS, log_tail
from emulation.supervision import ChildProcess, Supervisor

_REPOSITORY = Path(__file__).resolve().parent.parent.parent
_LISTENING = "listening on "


@dataclass(frozen=True, slots=True)
class StartedProxy:
    """A proxy that listens."""

    child: ChildProcess
    database_url: str
    """The database's own URL, with the proxy's address in it."""
    control_url: str
    control_token: str = field(repr=False)

    def metrics(self) -> dict[str, Any]:
        """What it says of itself at this moment, under CloudWatch's names."""
        asked = urllib.request.Request(  # noqa: S310 - our own http URL
            f"{self.control_url}/metrics", headers=bearer(self.control_token)
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - as above
            metrics: dict[str, Any] = json.load(answer)
        return metrics


def start_proxy(
    supervisor: Supervisor,
    database_url: str,
    log: Path,
    *flags: str | Path,
    environ: Mapping[str, str] = os.environ,
) -> StartedProxy:
    """Start it in front of a database; EmulationError with the end of its log otherwise."""
    token = new_token()
    with log.open("wb") as output:
        child = supervisor.start(
            "RDS Proxy",
            [sys.executable, "-m", "emulation.rds_proxy", *flags],
            # In the environment, because a command line can be read by everybody.
            environment={
                **environ,
                "DATABASE_URL": database_url,
                VARIABLE: token,
                "PYTHONPATH": str(_REPOSITORY),
            },
            cwd=_REPOSITORY,
            stdout=output,
        )
    address, control_url = _addresses(child, log)
    parts = urlsplit(database_url)
    login = parts.netloc.rpartition("@")[0]
    netloc = f"{login}@{address}"
    return StartedProxy(child, urlunsplit(parts._replace(netloc=netloc)), control_url, token)


def _addresses(child: ChildProcess, log: Path) -> tuple[str, str]:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        running = child.running
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(_LISTENING):
                address, control_url = line.removeprefix(_LISTENING).split()
                return address, control_url
        if not running:
            raise EmulationError(f"{child.name} ended while starting: {log_tail(log)}")
        time.sleep(POLL_SECONDS)
    raise EmulationError(f"{child.name} does not listen after {READY_SECONDS:g} s: {log_tail(log)}")
