"""Keeps the machine's cores awake: one busy process a core, which everything else goes before.

    python -m benchmarks.wakefulness CORE

For what is measured in a tight loop through several processes: there, waking an idle core costs as
much at each hand-over as all that the processes do. Linux' policy SCHED_IDLE runs a process only
where nothing else wants the core (sched(7)). Not for a run of the comparison, where it was tried:
p95 rose from 1 to 2.4 ms (EC2) and from 2.3 to 5.0 ms (serverless) at 1,500 users on two cores.
"""

import os
import sys
from pathlib import Path

from emulation.supervision import Supervisor

_REPOSITORY = Path(__file__).resolve().parent.parent


def keep_awake(supervisor: Supervisor) -> bool:
    """Start the busy processes, which end with the supervisor; whether this system can."""
    if sys.platform != "linux":
        return False
    for core in sorted(os.sched_getaffinity(0)):
        supervisor.start(
            f"what keeps core {core} awake",
            [sys.executable, "-m", "benchmarks.wakefulness", str(core)],
            environment={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
            cwd=_REPOSITORY,
        )
    return True


def stay_awake(core: int) -> None:
    """Keep one core busy with nothing, until this process is ended."""
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        os.sched_setaffinity(0, {core})
    while True:
        pass


if __name__ == "__main__":
    stay_awake(int(sys.argv[1]))
