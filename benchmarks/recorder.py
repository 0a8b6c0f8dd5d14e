"""What recording costs: CPU time of the generator per request, with and without the recorder.

Both take turns in one process against the calibrated echo, which runs in another.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ratios import Goal, ratio, report
from emulation.supervision import Supervisor
from measurement.calibration import started_echo

ROUNDS = 8
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
    # What interferes only ever adds CPU time (caches, a neighbour on the same core), by far more
    # than a twentieth: the least of all rounds is the program's own (timeit's documentation).
    least = ratio([min(recorded)], [min(bare)])
    report("least CPU per request, recorded / not recorded", least, Goal(1.03, at_most=True))
    report("  round by round", ratio(recorded, bare))
    print(f"  least, in us here: {min(recorded):.1f} and {min(bare):.1f}")
