import numpy as np
import pytest

from comparison.latency import Distribution
from comparison.significance import SEQUENTIAL_ALPHA, StudentTest
from comparison.stop_rule import MINIMUM_PAIRS, decide
from tests.comparison.test_percentiles import distribution


def blocks(*levels_us: int, requests: int = 100) -> list[Distribution]:
    return [distribution([level + one for one in range(requests)]) for level in levels_us]


def test_alike_pairs_are_enough_from_the_minimum_on() -> None:
    reference, other = blocks(*[1000] * 6), blocks(*[2000] * 6)

    decision = decide(reference, other, 0.05)

    assert decision.enough
    assert decision.missing == ""
    assert not decide(reference[:5], other[:5], 0.05).enough
    assert decide(reference[:5], other[:5], 0.05).missing == "5 of at least 6 pairs of blocks"


def test_pairs_that_differ_must_go_on_and_it_says_how_wide_they_are() -> None:
    decision = decide(blocks(*[1000] * 6), blocks(1500, 2500, 1700, 2300, 2000, 2000), 0.05)

    assert not decision.enough
    p50, p95 = decision.widths
    assert p50.half_width_ms is not None
    assert p50.share == pytest.approx(p50.half_width_ms / 1.049, rel=1e-3)
    assert p95.share is not None
    assert decision.missing == (f"p50 ±{p50.share:.1%}, p95 ±{p95.share:.1%} of the 5.0% asked for")


def test_the_same_width_is_enough_for_a_reader_who_asks_for_less() -> None:
    reference, other = blocks(*[1000] * 6), blocks(1500, 1600, 1550, 1580, 1520, 1560)

    assert not decide(reference, other, 0.01).enough
    assert decide(reference, other, 0.20).enough


def test_too_few_requests_are_never_enough() -> None:
    few = blocks(*[1000] * 6, requests=30)

    decision = decide(few, few, 0.05)

    assert not decision.enough
    assert decision.missing == "p95 has no interval yet of the 5.0% asked for"


def test_nothing_measured_is_not_enough() -> None:
    decision = decide([], blocks(1000), 0.05)

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
