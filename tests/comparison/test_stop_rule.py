from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import pytest

from comparison.latency_log import SENT
from comparison.records import BlockRecord
from comparison.significance import SEQUENTIAL_ALPHA, StudentTest
from comparison.stop_rule import MINIMUM_PAIRS, StopDecision, decide
from tests.comparison.builders import ec2_block, load, serverless_block

MAKERS = (ec2_block, serverless_block)


def measured(
    reference_us: Sequence[int], other_us: Sequence[int], requests: int = 400
) -> list[BlockRecord]:
    """Blocks of latencies from that many microseconds on, one apart, pair after pair."""
    return [
        make(2 * pair + number, load=load([level + one for one in range(requests)]))
        for pair, levels in enumerate(zip_longest(reference_us, other_us))
        for number, (make, level) in enumerate(zip(MAKERS, levels, strict=True), start=1)
        if level is not None
    ]


def decided(blocks: list[BlockRecord], target_share: float = 0.05) -> StopDecision:
    return decide(("ec2", "serverless"), blocks, target_share, SENT)


def test_alike_pairs_are_enough_from_the_minimum_on() -> None:
    six, five = measured([1000] * 6, [2000] * 6), measured([1000] * 5, [2000] * 5)

    assert decided(six).enough
    assert decided(six).missing == ""
    assert not decided(five).enough
    assert decided(five).missing == "5 of at least 6 pairs of blocks"


def test_pairs_that_differ_must_go_on_and_it_says_how_wide_they_are() -> None:
    decision = decided(measured([1000] * 6, [1500, 2500, 1700, 2300, 2000, 2000]))

    p50, p95 = decision.widths
    assert not decision.enough
    assert p50.half_width_ms is not None
    assert p50.share == pytest.approx(p50.half_width_ms / 1.199, rel=2e-3)
    assert p95.share is not None
    assert decision.missing == f"p50 ±{p50.share:.1%}, p95 ±{p95.share:.1%} of the 5.0% asked for"


def test_the_same_width_is_enough_for_a_reader_who_asks_for_less() -> None:
    blocks = measured([1000] * 6, [1500, 1600, 1550, 1580, 1520, 1560])

    assert not decided(blocks, 0.01).enough
    assert decided(blocks, 0.20).enough


def test_a_block_whose_pair_is_not_complete_does_not_count() -> None:
    complete = measured([1000] * 6, [2000] * 6)

    assert decided(measured([1000] * 6 + [9000], [2000] * 6)) == decided(complete)


def test_too_few_requests_are_never_enough() -> None:
    decision = decided(measured([1000] * 6, [2000] * 6, requests=30))

    assert not decision.enough
    assert decision.missing == "p95 has no interval yet of the 5.0% asked for"


def test_nothing_measured_is_not_enough() -> None:
    decision = decided([])

    assert (decision.pairs, decision.enough) == (0, False)
    assert "p50 has no interval yet" in decision.missing


@pytest.mark.parametrize("target", [3.0, 1.5, 1.0, 0.7, 0.5])
@pytest.mark.parametrize("outliers", [0.0, 0.1])
def test_looking_after_every_pair_leaves_at_least_95_of_100_intervals_right(
    target: float, outliers: float
) -> None:
    """Runs of normal differences around 0, some four times as large, stopped by their width."""
    generator = np.random.default_rng(11)
    shape = (20_000, 60)
    size = np.where(generator.random(shape) < outliers, 4.0, 1.0)
    differences = generator.standard_normal(shape) * size
    pairs = np.arange(1, shape[1] + 1)
    means = np.cumsum(differences, axis=1) / pairs
    squares = np.cumsum(differences**2, axis=1) - pairs * means**2
    t = [StudentTest(int(count), SEQUENTIAL_ALPHA).t for count in pairs[MINIMUM_PAIRS - 1 :]]
    errors = np.sqrt(squares / np.maximum(pairs - 1, 1) / pairs)[:, MINIMUM_PAIRS - 1 :]
    half_widths = errors * t

    stopped = half_widths <= target
    stopped[:, -1] = True
    look = (np.arange(shape[0]), stopped.argmax(axis=1))

    missed = np.abs(means[:, MINIMUM_PAIRS - 1 :][look]) > half_widths[look]
    assert missed.mean() <= 0.05
