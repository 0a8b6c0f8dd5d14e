"""`python -m tests.fuzz`: coverage-guided fuzzing of every reader, some seconds each.

    python -m tests.fuzz --seconds 60 ec2_http latency_log

An input that breaks a property is kept in tests/fuzz/corpus/, where the ordinary tests replay it;
exit code 1 then. Needs atheris: Linux on x86-64, and Python before 3.14.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.targets import CORPUS, TARGETS

_LONGEST_BYTES = 4096
# An input that takes longer hangs.
_HANG_SECONDS = 10


@dataclass(frozen=True)
class Fuzzed:
    """What came of one target."""

    name: str
    inputs: int
    seconds: int
    edges: int
    """Places in the product's code that were reached (libFuzzer's `cov`)."""
    words: str
    """What was said of an input that broke it; "" where none did."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = [name for name in options.targets if name not in TARGETS]
    if unknown:
        parser.error(f"no target {unknown[0]}; there are {', '.join(TARGETS)}")
    if find_spec("atheris") is None:
        sys.exit("fuzz: atheris is not installed: it runs on Linux, x86-64, Python before 3.14")
    with ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(fuzz, name, options.seconds) for name in options.targets or TARGETS]
        done = []
        for job in jobs:
            done.append(job.result())
            sys.stdout.write(f"{_line(done[-1])}\n")
            sys.stdout.flush()
    inputs, broken = sum(one.inputs for one in done), [one for one in done if one.words]
    sys.stdout.write(f"{inputs:,} inputs, {len(broken)} of {len(done)} readers broken\n")
    for one in broken:
        sys.stdout.write(f"\n{one.name}:\n{one.words}\n")
    return 1 if broken else 0


def fuzz(name: str, seconds: int) -> Fuzzed:
    """One target for so many seconds, in a process of its own: libFuzzer ends it."""
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as folder:
        for number, seed in enumerate(TARGETS[name].seeds):
            Path(folder, f"seed-{number}").write_bytes(seed)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.one_target", name, folder, str(kept)),
                *(f"-max_total_time={seconds}", f"-max_len={_LONGEST_BYTES}"),
                *(f"-artifact_prefix={kept}/", f"-timeout={_HANG_SECONDS}", "-seed=1"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    said = done.stdout.decode(errors="replace")
    ran = re.search(r"Done (\d+) runs in (\d+) second", said)
    edges = [int(cov) for cov in re.findall(r"cov: (\d+)", said)]
    if not any(kept.iterdir()):
        kept.rmdir()
    return Fuzzed(
        name,
        int(ran[1]) if ran else 0,
        int(ran[2]) if ran else 0,
        max(edges, default=0),
        said[-6000:] if done.returncode else "",
    )


def _line(one: Fuzzed) -> str:
    verdict = "BROKEN" if one.words else "ok"
    rate = one.inputs / one.seconds if one.seconds else 0
    return f"{one.name:16} {one.inputs:>9,} inputs {rate:>7,.0f}/s {one.edges:>6,} edges  {verdict}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all"
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--jobs", type=int, default=1, help="so many targets at once")
    return parser


if __name__ == "__main__":
    sys.exit(main())
