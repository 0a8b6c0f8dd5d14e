"""`python -m tests.chaos`: kill the tool at random moments; 1 if anything was lost or left behind.

    python -m tests.chaos --kills 200 --seed 1 --lanes 2

Not one of the ordinary tests: 200 kills take half an hour. CI makes a few.
"""

import argparse
import multiprocessing
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

from tests.chaos.lane import Killed, kill_in_a_lane


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    shares = [len(range(lane, options.kills, options.lanes)) for lane in range(options.lanes)]
    seeds = [options.seed * 1000 + lane for lane in range(options.lanes)]
    # Spawned: a lane adopts orphans, which shall be none of ours.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.lanes, mp_context=context) as pool:
        done = [one for lane in pool.map(kill_in_a_lane, seeds, shares) for one in lane]
    return _summary(done, time.monotonic() - began)


def _summary(done: Sequence[Killed], seconds: float) -> int:
    killed = [one for one in done if one.signal_name != "none"]
    faulty = [one for one in done if one.faults]
    by_signal = Counter(one.signal_name for one in killed)
    by_blocks = Counter(one.blocks for one in killed)
    gone = [one.gone_seconds for one in killed] or [0.0]
    sys.stdout.write(
        f"\n{len(killed)} kills in {seconds:.0f} s: {dict(sorted(by_signal.items()))}\n"
        f"commands: {dict(Counter(one.command for one in killed))}"
        f", and {len(done) - len(killed)} that got to their end\n"
        f"blocks measured by then: {dict(sorted(by_blocks.items()))}\n"
        f"all processes gone after {statistics.median(gone):.1f} s (median), at most"
        f" {max(gone):.1f} s\n"
        f"with faults: {len(faulty)}\n"
    )
    for one in faulty:
        sys.stdout.write(f"{asdict(one)}\n")
    return 1 if faulty else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=2, help="so many at once")
    return parser


if __name__ == "__main__":
    sys.exit(main())
