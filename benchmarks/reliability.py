"""Do both sides bear what can fail? A run of the product's own with faults, and what it must give.

    python -m benchmarks.reliability [--short] [--out DIR]

Runs `./compare.py run` with profile `faults` (15 minutes; --short: five faults, two minutes), then
once more with all customers in the cache and only the database failing, and checks:

- a fault of the cache costs no request, on either side;
- a database that fails costs no request that the cache can answer;
- after each fault a side is well again within RECOVERY_SECONDS, without help.

Prints the table of faults and what was broken; exit code 1 where anything was.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

RECOVERY_SECONDS: Final = 3.0
"""Two, and the second that a recovery is known to."""
SHORT: Final = (
    *("--profile", "arrivals", "--rate", "60", "--duration", "50", "--blocks", "1"),
    *("--fault", "cache-hang@9s+4s", "--fault", "db-restart@18s+4s"),
    *("--fault", "proxy-down@27s+4s", "--fault", "worker-kill@36s+3s"),
    *("--fault", "env-crash@43s+3s"),
)
FULL: Final = ("--profile", "faults", "--duration", "150")
WARM: Final = (
    *("--profile", "arrivals", "--rate", "60", "--cache", "warm", "--blocks", "1"),
    *("--duration", "60", "--fault", "db-down@20s+8s", "--fault", "db-hang@34s+8s"),
    *("--fault", "db-restart@48s+8s"),
)
_REPOSITORY: Final = Path(__file__).resolve().parent.parent
Effect = Mapping[str, Any]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability")
    parser.add_argument("--short", action="store_true", help="five faults, two minutes")
    parser.add_argument("--out", type=Path, help="keep the results here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        effects = run(SHORT if options.short else FULL, out / "faults")
        found = list(broken(effects))
        if not options.short:
            found += list(lost_hits(run(WARM, out / "warm")))
    for sentence in found:
        print(f"BROKEN: {sentence}")
    if not found:
        print("every fault was borne as it must be")
    return 1 if found else 0


def run(arguments: Sequence[str], out: Path) -> list[Effect]:
    """One run of the product; what its faults did, as its report has it."""
    command = [sys.executable, "compare.py", "run", "--no-calibration", "--quiet"]
    done = subprocess.run([*command, *arguments, "--out", str(out)], cwd=_REPOSITORY, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)  # it has said why
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    effects: list[Effect] = report["faults"]
    return effects


def broken(effects: Sequence[Effect]) -> Iterator[str]:
    """What is not as it must be, one sentence each; a fault that a side cannot have is none."""
    for effect in effects:
        name = f"{effect['what']} on {effect['side']}"
        if effect["not_applicable"] is not None:
            continue
        if not effect["blocks"]:
            yield f"{name}: it was not injected"
            continue
        lost = effect["failed"] + effect["failed_after"]
        if effect["what"].startswith("cache-") and lost:
            yield f"{name}: {lost} requests failed; a cache may cost time, never an answer"
        if effect["not_recovered"]:
            yield f"{name}: it did not recover by itself"
        elif effect["recovered_seconds_max"] > RECOVERY_SECONDS:
            yield f"{name}: it took {effect['recovered_seconds_max']:.1f} s to recover"


def lost_hits(effects: Sequence[Effect]) -> Iterator[str]:
    """With all customers in the cache: nothing may depend on the database."""
    yield from broken(effects)
    for effect in effects:
        lost = effect["failed"] + effect["failed_after"]
        if lost:
            name = f"{effect['what']} on {effect['side']}"
            yield f"{name}: {lost} requests failed that the cache could answer"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
