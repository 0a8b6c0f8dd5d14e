"""What recording costs: CPU time of the generator per request, with and without the recorder.

Both take turns of a few requests in one process against the calibrated echo, which runs in
another; writing the files comes on top, over all requests that they hold.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ratios import Goal, ratio, report
from emulation.supervision import Supervisor
from measurement.calibration import started_echo

SECONDS = 60
ROUNDS = 10
"""What the turns are divided into, for a spread."""
_REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bench-recorder-") as name,
        Supervisor() as owner,
        started_echo(owner, Path(name, "echo.log")) as url,
    ):
        command = [sys.executable, "-m", "benchmarks.recorded_load", url, str(SECONDS), name]
        done = subprocess.run(
            command, cwd=_REPOSITORY, env=os.environ, capture_output=True, text=True, check=True
        )
    figures = json.loads(done.stdout)
    recorded = medians(figures["recorded_us"])
    bare = medians(figures["bare_us"])
    written = figures["written_us"]
    with_files = [us + written for us in recorded]
    report(
        "CPU per request, recorded / not recorded",
        ratio(with_files, bare),
        Goal(1.03, at_most=True),
    )
    share = 100 * (statistics.median(with_files) / statistics.median(bare) - 1)
    print(
        f"  {share:.1f} % more: in us here {statistics.median(bare):.1f} without,"
        f" {statistics.median(recorded):.1f} with, {written:.2f} for the files;"
        f" {len(figures['bare_us'])} turns of each"
    )


def medians(of_turns: Sequence[float]) -> list[float]:
    """The median turn of each round; a turn that something else interrupted is none of them."""
    size = len(of_turns) // ROUNDS
    return [statistics.median(of_turns[at * size : (at + 1) * size]) for at in range(ROUNDS)]


if __name__ == "__main__":
    main()
