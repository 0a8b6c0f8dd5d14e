"""What recording costs: CPU time of the generator per request, with and without the recorder.

Both take turns in one process against the calibrated echo, which runs in another.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ratios import Goal, ratio, report
from emulation.supervision import Supervisor
from measurement.calibration import started_echo

ROUNDS = 25
_REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bench-recorder-") as name,
        Supervisor() as owner,
        started_echo(owner, Path(name, "echo.log")) as url,
    ):
        command = [sys.executable, "-m", "benchmarks.recorded_load", url, str(ROUNDS), name]
        done = subprocess.run(
            command, cwd=_REPOSITORY, env=os.environ, capture_output=True, text=True, check=True
        )
    recorded, bare = zip(*json.loads(done.stdout), strict=True)
    found = ratio(recorded, bare)
    report("CPU per request, recorded / not recorded", found, Goal(1.03, at_most=True))
    with_us, without_us = statistics.median(recorded), statistics.median(bare)
    print(f"  in us here: {with_us:.1f} and {without_us:.1f}")
