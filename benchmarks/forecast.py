"""How fast the forecast is: simulated requests per second of one core, and the fluid model's hour.

Absolute goals, not ratios: nothing else simulates these architectures. Seconds are of CPU time,
which others on the machine disturb less. Compiling is not counted, but printed. Each figure is the
best of three, in a process of its own, so that its memory is its own too.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from comparison.forecast.fluid import fluid
from comparison.forecast.load import Load, constant
from comparison.forecast.outcome import Outcome
from comparison.forecast.scenario import (
    Cache,
    CpuTime,
    Database,
    Ec2Scenario,
    Gateway,
    LambdaScenario,
    RequestKind,
    Scenario,
    constant_time,
)
from comparison.forecast.simulation import simulate
from comparison.latency import Distribution

ROUNDS = 3
MEMORY_GOAL_MB = 1000
_MAX_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of forecast in a process of its own."""

    requests: int
    seconds: float
    first_seconds: float
    """The first call of the process: compiling, or loading what was compiled before."""
    peak_megabytes: float


def main() -> None:
    for name, goal in (("ec2", 2e6), ("function", 1e6)):
        found = _in_its_own_process(name)
        rate = found.requests / found.seconds
        verdict = "met" if rate >= goal else "MISSED"
        print(f"  {name}: {rate:,.0f} requests/s; goal >= {goal:,.0f}: {verdict}")
        _rest(found)
    found = _in_its_own_process("fluid")
    verdict = "met" if found.seconds < 10 else "MISSED"
    print(f"  fluid, {found.requests:,} requests: {found.seconds:.2f} s; goal < 10 s: {verdict}")
    _rest(found)


def _rest(found: Measured) -> None:
    memory = found.peak_megabytes
    verdict = "met" if memory < MEMORY_GOAL_MB else "MISSED"
    print(f"    first call {found.first_seconds:.1f} s")
    print(f"    memory {memory:.0f} MB; goal < {MEMORY_GOAL_MB} MB: {verdict}")


def _in_its_own_process(name: str) -> Measured:
    command = [sys.executable, "-m", "benchmarks.forecast", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return Measured(**json.loads(done.stdout))


def measure(name: str) -> Measured:
    """The best of three rounds, after one that is not counted."""
    scenario, run = FORECASTS[name]
    began = time.process_time()
    run(_shorter(scenario))
    first = time.process_time() - began
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        outcome = run(scenario)
        rounds.append((time.process_time() - began, outcome.requests))
    seconds, requests = min(rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAX_RSS_UNIT / 1e6
    return Measured(requests, seconds, first, peak)


def _shorter(scenario: Scenario) -> Scenario:
    return replace(scenario, load=replace(scenario.load, levels=scenario.load.levels[:1]))


def _simulated(scenario: Scenario) -> Outcome:
    return simulate(scenario, seed=1)


def _lognormal(median_ms: float) -> Distribution:
    drawn = np.exp(0.35 * np.random.default_rng(1).standard_normal(100_000)) * median_ms * 1000
    return Distribution(*np.unique(np.rint(drawn).astype(np.int64), return_counts=True))


def _kinds(median_ms: float) -> tuple[RequestKind, ...]:
    """Nine hits for each miss, as in a run with the profile `steady`."""
    return (
        RequestKind("hit", 0.9, _lognormal(median_ms), CpuTime(0.1, 0.0, 0.02)),
        RequestKind(
            "miss",
            0.1,
            _lognormal(3 * median_ms),
            CpuTime(0.5, 0.3, 0.04),
            connects_to_database=True,
        ),
    )


_EC2 = Ec2Scenario(
    _kinds(1.0),
    Load("open", constant(8000.0, 500.0), 1.0),
    database=Database(2.0, 40),
    cache=Cache(),
)
_FUNCTION = LambdaScenario(
    _kinds(10.0),
    Load("open", constant(8000.0, 500.0), 1.0),
    init=constant_time(300.0),
    memory_mb=512,
    database=Database(2.0, 40, proxy=True),
    cache=Cache(),
)
_TEN_MILLION_USERS = replace(
    _FUNCTION,
    load=Load("closed", constant(10_000_000.0, 3600.0), 1.0, 5.0, 9.0),
    account_concurrency=100_000,
    scaling_environments=100_000,
    gateway=Gateway(requests_per_second=2_000_000.0, burst=1_000_000.0),
    database=Database(96.0, 12_000, proxy=True),
    cache=Cache(threads=64),
)
FORECASTS: Mapping[str, tuple[Scenario, Callable[[Scenario], Outcome]]] = {
    "ec2": (_EC2, _simulated),
    "function": (_FUNCTION, _simulated),
    "fluid": (_TEN_MILLION_USERS, fluid),
}


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1]))))
