"""The calibrated echo, started for a benchmark of the load generator."""

import os
import sys
from pathlib import Path

from emulation.supervision import Supervisor
from measurement.targets import wait_until

_REPOSITORY = Path(__file__).resolve().parent.parent


def started_echo(owner: Supervisor, log: Path) -> str:
    """Start it, and return its base URL; it ends with its owner."""
    with log.open("wb") as output:
        echo = owner.start(
            "echo server",
            [sys.executable, "-m", "measurement.echo_server"],
            environment=dict(os.environ),
            cwd=_REPOSITORY,
            stdout=output,
        )
    wait_until(lambda: "listening on " in log.read_text(encoding="utf-8"), echo, log)
    return log.read_text(encoding="utf-8").split()[-1]
