"""Do the intervals hold what they promise? Thousands of synthetic runs whose truth is known.

tests/comparison/test_coverage.py asks the same of fewer runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.synthetic_runs import World, run
from comparison.block_intervals import side_estimates
from comparison.differences import corrected_for_table, latency_differences
from comparison.percentiles import stacked
from comparison.significance import ALPHA, Interval

SHARES = ("difference", "ratio", "side")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is repeated."""

    pairs: int
    requests: int
    """Per block."""
    ratio: float
    """How many times as slow the second side is."""
    world: World = field(default_factory=World)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of the runs; by percentile where that is the key."""

    covered: dict[str, dict[str, float]]
    """For difference, ratio and the second side's value: the 95 % interval holds the truth."""
    below_alpha: dict[str, float]
    """The row's own p-value is 0.05 or less."""
    shown: dict[str, float]
    """The row is claimed, after correction for the number of rows."""
    any_shown: float


def measure(plan: Plan, percents: Sequence[str], runs: int, seed: int) -> Coverage:
    """Repeat a run; every percentile must have an interval at this number of requests."""
    generator = np.random.default_rng(seed)
    truth = {percent: plan.world.percentile_ms(percent) for percent in percents}
    covered = {share: dict.fromkeys(percents, 0) for share in SHARES}
    below, shown = dict.fromkeys(percents, 0), dict.fromkeys(percents, 0)
    any_shown = 0
    for _ in range(runs):
        first, second = run(generator, plan.world, plan.pairs, plan.requests, plan.ratio)
        table = corrected_for_table(latency_differences("second", first, second, {}))
        rows = {one.label: one for one in table}
        sides = side_estimates(stacked(second), percents, (0.0,) * len(percents))
        for percent, side in zip(percents, sides, strict=True):
            row = rows[f"p{percent}"]
            if row.difference is None or row.ratio is None or row.p_value is None:
                raise ValueError(f"p{percent} has no interval with {plan.requests} requests")
            wanted = (plan.ratio - 1) * truth[percent], plan.ratio, plan.ratio * truth[percent]
            found = row.difference.interval, row.ratio.interval, side.interval
            for share, value, interval in zip(SHARES, wanted, found, strict=True):
                covered[share][percent] += _holds(interval, value)
            below[percent] += row.p_value <= ALPHA
            shown[percent] += row.shown
        any_shown += any(row.shown for row in rows.values())
    return Coverage(
        {share: _shares(counts, runs) for share, counts in covered.items()},
        _shares(below, runs),
        _shares(shown, runs),
        any_shown / runs,
    )


def _shares(counts: dict[str, int], runs: int) -> dict[str, float]:
    return {key: count / runs for key, count in counts.items()}


def _holds(interval: Interval | None, value: float) -> bool:
    """Whether it holds the truth; no interval excludes nothing."""
    return interval is None or interval.low <= value <= interval.high


PLANS = (
    Plan(3, 1000, 1.0),
    Plan(4, 1000, 1.0),
    Plan(4, 1000, 1.3),
    Plan(6, 700, 1.0),
    Plan(6, 700, 1.3),
    Plan(10, 1000, 1.3),
    Plan(20, 1000, 1.3),
    Plan(6, 700, 1.0, World(pair=0.2, pair_memory=0.9)),
    Plan(6, 700, 1.3, World(pair=0.2, pair_memory=0.9)),
)
PERCENTS = ("50", "90", "95", "99")
RUNS = 1000


def main() -> None:
    for plan in PLANS:
        found = measure(plan, PERCENTS, RUNS, seed=2020)
        drift = f", pairs drift by {plan.world.pair:.0%}" if plan.world.pair_memory else ""
        print(
            f"  {RUNS:,} runs of {plan.pairs} pairs of {plan.requests:,} requests,"
            f" second side x{plan.ratio:g}{drift}"
        )
        for share in SHARES:
            print(f"    intervals of the {share} hold the truth: {_line(found.covered[share])}")
        print(f"    p <= {ALPHA:g}: {_line(found.below_alpha)}")
        print(f"    claimed: {_line(found.shown)}; any row {found.any_shown:.1%}")


def _line(shares: dict[str, float]) -> str:
    return ", ".join(f"p{percent} {share:.1%}" for percent, share in shares.items())
