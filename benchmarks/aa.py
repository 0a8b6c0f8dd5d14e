"""`python -m benchmarks.aa RUNS FOLDER [flags of run]`: does a run see what is not there?

Both sides are the same target, so every latency row ought to read `~`. Each run has a seed and a
folder of its own below FOLDER; those that have a report already are read, so a series that was
interrupted goes on where it stopped. Twenty quick runs take about an hour.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

SAME_TARGET_TWICE = ("--targets", "ec2,ec2")
GOAL_SHARE = 0.95
"""19 of 20."""

Run = Callable[[list[str]], None]


def series(runs: int, folder: Path, flags: Sequence[str], run: Run) -> list[list[str]]:
    """The latency rows that claim a difference, of each run; `run` gets compare.py's arguments."""
    claims = []
    for number in range(1, runs + 1):
        out = folder / f"{number:03d}"
        if not (out / "report.json").is_file():
            targets = () if "--targets" in flags else SAME_TARGET_TWICE
            run(["run", "--quiet", *targets, "--seed", str(number), "--out", str(out), *flags])
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        claims.append(claimed(report))
        print(f"  run {number}: {_line(report, claims[-1])}", flush=True)
    return claims


def claimed(report: Mapping[str, Any]) -> list[str]:
    """Latency rows of a report that claim a difference, with their p-values.

    An invalid run claims nothing, but shows nothing either: ValueError.
    """
    if report["standing"] != "valid":
        raise ValueError(f"a run is {report['standing']}: {report['verdict']}")
    latencies = [row for row in report["differences"] if row["label"].startswith("p")]
    if not any(row["p_value"] is not None for row in latencies):
        raise ValueError("a run has no row with an interval; more blocks are needed")
    return [f"{row['label']} p {row['p_value_of_table']:.3f}" for row in latencies if row["shown"]]


def _line(report: Mapping[str, Any], claims: Sequence[str]) -> str:
    p_values = ", ".join(
        f"{row['label']} {row['p_value']:.2f}"
        for row in report["differences"]
        if row["p_value"] is not None and row["label"].startswith("p")
    )
    return f"{'CLAIMS ' + ', '.join(claims) if claims else 'all ~'}; each row alone: {p_values}"


def _compare(arguments: list[str]) -> None:
    subprocess.run(["./compare.py", *arguments], check=True, stdout=subprocess.DEVNULL)


def main(arguments: Sequence[str], run: Run = _compare) -> int:
    if len(arguments) < 2 or not arguments[0].isdigit() or not int(arguments[0]):
        print("usage: python -m benchmarks.aa RUNS FOLDER [flags of run]", file=sys.stderr)
        return 2
    runs, folder = int(arguments[0]), Path(arguments[1])
    try:
        claims = series(runs, folder, arguments[2:], run)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        print(f"benchmarks.aa: {error}", file=sys.stderr)
        return 1
    quiet = claims.count([])
    met = quiet >= GOAL_SHARE * runs
    print(
        f"  every latency row is ~ in {quiet} of {runs} runs;"
        f" goal {GOAL_SHARE:.0%}: {'met' if met else 'MISSED'}"
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
