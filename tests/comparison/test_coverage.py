"""The statistics, tried on runs whose truth is known.

Log-normal latencies with outliers, and levels that last for seconds (AR(1)), for a block and for a
pair. `python -m benchmarks coverage` repeats this with more runs and more kinds of them.
"""

from functools import cache

import pytest

from benchmarks.coverage import Coverage, Plan, measure
from benchmarks.synthetic_runs import World

PERCENTS = ("50", "90", "95")
DRIFTING = World(pair=0.2, pair_memory=0.9)


@cache
def covered(ratio: float, world: World = World()) -> Coverage:  # noqa: B008 - frozen, and compared
    return measure(Plan(4, 1000, ratio, world), PERCENTS, runs=500, seed=7)


@pytest.mark.parametrize("ratio", [1.0, 1.3])
@pytest.mark.parametrize("share", ["difference", "ratio", "side"])
@pytest.mark.parametrize("percent", PERCENTS)
def test_a_95_percent_interval_holds_the_truth_in_93_to_97_of_100_runs(
    ratio: float, share: str, percent: str
) -> None:
    assert 0.93 <= covered(ratio).covered[share][percent] <= 0.97


def test_equal_sides_are_told_apart_in_at_most_5_of_100_runs() -> None:
    assert covered(1.0).any_shown <= 0.05


def test_a_known_shift_is_found_and_a_large_one_always() -> None:
    assert covered(1.3).below_alpha["50"] >= 0.7
    assert measure(Plan(6, 700, 2.0), PERCENTS, runs=40, seed=7).shown["95"] == 1.0


def test_a_machine_that_drifts_makes_no_false_difference() -> None:
    drifting = covered(1.0, DRIFTING)

    assert drifting.any_shown <= 0.05
    assert 0.93 <= drifting.covered["ratio"]["50"] <= 0.97
    assert drifting.covered["side"]["50"] < 0.9
