"""The load generator's requests per second of CPU, beside Locust's own HTTP users.

Ours is the whole thing: profile `arrivals` through `locust -f loadtests/locustfile.py`, with its
schedule, its pool of connections and its recorder writing its log. The peers are bare loops, with
nothing but Locust's statistics. All ask the calibrated echo, in turns.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.ratios import Goal, alternating, ratio, report
from emulation.supervision import Supervisor
from loadtests.profiles import PROFILES, Profile, customised
from measurement.calibration import started_echo
from measurement.locust_run import LoadOrder, LoadProgress, run_load

ROUNDS = 5
SECONDS = 4.0
# Below what saturates a shared core, and enough that timers and the log's lines weigh little.
RATE = 2000.0
_REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-clients-") as name, Supervisor() as owner:
        folder = Path(name)
        with started_echo(owner, folder / "echo.log") as url:
            measure: list[Callable[[], float]] = [
                partial(_ours, owner, url, folder),
                partial(_peer, "fast", url),
                partial(_peer, "http", url),
            ]
            ours, fast, http = alternating(ROUNDS, measure)
    report("requests per CPU-second, arrivals / bare FastHttpUser", ratio(ours, fast), Goal(0.8))
    report("requests per CPU-second, arrivals / bare HttpUser", ratio(ours, http), Goal(2.0))
    shown = ", ".join(f"{statistics.median(figures):,.0f}" for figures in (ours, fast, http))
    print(f"  requests per CPU-second here: {shown}")


def _ours(owner: Supervisor, url: str, folder: Path) -> float:
    seen: list[int] = []

    def note(progress: LoadProgress) -> None:
        seen.append(progress.requests)

    load = run_load(owner, LoadOrder(_profile(), 1, url), folder, "bench", note)
    assert load.generator_cpu_seconds is not None, "its own processes are metered on this machine"
    return (seen[-1] - seen[0]) / load.generator_cpu_seconds


def _profile() -> Profile:
    return customised(
        PROFILES["arrivals"], rate=RATE, block_seconds=SECONDS + 1, warm_up_seconds=1.0
    )


def _peer(kind: str, url: str) -> float:
    command = [sys.executable, "-m", "benchmarks.peers.locust_loop", kind, url, str(SECONDS)]
    done = subprocess.run(
        command, cwd=_REPOSITORY, env=os.environ, capture_output=True, text=True, check=True
    )
    return float(done.stdout)
