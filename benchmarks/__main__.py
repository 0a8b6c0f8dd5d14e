"""`python -m benchmarks [NAME ...]`: run these benchmarks, or all."""

import sys
from collections.abc import Callable, Mapping

from benchmarks import (
    cold_start,
    coverage,
    emulator,
    forecast,
    hot_path,
    judging,
    lambda_hit,
    load_clients,
    rds_proxy,
    recorder,
)

BENCHMARKS: Mapping[str, Callable[[], None]] = {
    "hot_path": hot_path.main,
    "lambda_hit": lambda_hit.main,
    "cold_start": cold_start.main,
    "emulator": emulator.main,
    "load_clients": load_clients.main,
    "rds_proxy": rds_proxy.main,
    "recorder": recorder.main,
    "judging": judging.main,
    "coverage": coverage.main,
    "forecast": forecast.main,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"benchmarks: no {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"== {name}")
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
