"""`python -m benchmarks.experiment FOLDER`: the 2020 experiment again, all of it.

Runs what FOLDER lacks (24 blocks of three minutes and 32 short ones, an hour and a half in all),
goes on with what was cut, and prints the tables of docs/experiment.md. A folder that is whole is
only read, so the tables can be made again from an archive of it.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.experiment_tables import Measured, tables
from commands.price_options import load_prices
from comparison.forecast.origin_2020 import USERS
from comparison.prices import PriceBook
from comparison.verdict import compare
from measurement.results import read_results

ARCHITECTURES = ("three-tier", "cached", "scaled-out", "serverless")
SLO = "p95<200ms"
KEPT, NEW = "quick", "quick-new-connections"
"""Two runs of the profile `quick`, whose blocks give intervals; the second with a new
connection for every request, as in 2020."""
Run = Callable[[list[str]], None]


def orders(folder: Path) -> dict[Path, list[str]]:
    """Results folder -> the flags of its run."""
    every = ["--architectures", ",".join(ARCHITECTURES), "--slo", SLO]
    loads = {
        folder / f"origin-{users}": [*every, "--profile", "origin", "--users", str(users)]
        for users in USERS
    }
    quick = [*every, "--profile", "quick", "--blocks", "4"]
    return loads | {folder / KEPT: quick, folder / NEW: [*quick, "--keep-alive", "off"]}


def complete(folder: Path, run: Run) -> list[Path]:
    """Carry out what is missing; `run` gets compare.py's arguments."""
    for out, flags in orders(folder).items():
        if not (out / "run.json").is_file():
            run(["run", "--quiet", *flags, "--out", str(out)])
        elif read_results(out)[0].interrupted:
            run(["resume", str(out), "--quiet"])
    return list(orders(folder))


def measured(folder: Path, book: PriceBook) -> Measured:
    """One run, judged."""
    run, blocks = read_results(folder)
    return Measured(compare(run, blocks, book), blocks)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m benchmarks.experiment FOLDER", file=sys.stderr)
        return 2
    folders = complete(Path(arguments[0]), _compare)
    # Frankfurt, where it was in 2020; one price of it nobody published is taken from Virginia.
    book = load_prices("eu-central-1", assume="us-east-1")
    *loads, kept, new = [measured(folder, book) for folder in folders]
    print(tables(loads, kept, new))
    return 0


def _compare(arguments: list[str]) -> None:
    print(f"./compare.py {' '.join(arguments)}", file=sys.stderr, flush=True)
    subprocess.run(["./compare.py", *arguments], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
