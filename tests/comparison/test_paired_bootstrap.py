from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.paired_bootstrap import Joint, paired_estimates, ratio_interval, resamples
from comparison.percentiles import BlockCounts, stacked
from comparison.significance import ALPHA, SEQUENTIAL_ALPHA, Interval
from tests.comparison.test_percentiles import distribution


def sides(*pairs: tuple[int, int]) -> tuple[BlockCounts, BlockCounts]:
    """Blocks in which every request takes the same time, in microseconds."""
    first, second = zip(*pairs, strict=True)
    return (
        stacked([distribution([one] * 10) for one in first]),
        stacked([distribution([one] * 10) for one in second]),
    )


@pytest.mark.parametrize("pairs", [2, 3, 4])
def test_few_pairs_are_resampled_in_every_way_there_is(pairs: int) -> None:
    drawn = Counter(
        tuple(draw.count(pair) for pair in range(pairs))
        for draw in product(range(pairs), repeat=pairs)
    )

    weights, repeats = resamples(pairs)

    assert dict(zip(map(tuple, weights.tolist()), repeats.tolist(), strict=True)) == drawn


@pytest.mark.parametrize("pairs", [6, 7, 30])
def test_every_resample_has_as_many_pairs_as_the_run(pairs: int) -> None:
    weights, repeats = resamples(pairs)

    assert set(weights.sum(axis=1).tolist()) == {pairs}
    assert len(weights) == len(repeats) <= 1000


def test_what_falls_on_both_blocks_of_a_pair_does_not_count_as_doubt() -> None:
    first, second = sides((1000, 1100), (3000, 3100), (2000, 2100), (9000, 9100))

    (estimate,) = paired_estimates(first, second, ["50"], [0.0])

    assert estimate.difference.interval is not None
    assert estimate.difference.interval.low == pytest.approx(0.1)
    assert estimate.difference.interval.high == pytest.approx(0.1)
    assert estimate.p_value is not None
    assert estimate.p_value < 1e-6


def test_sides_that_differ_only_by_chance_are_compatible_with_no_difference() -> None:
    first, second = sides((1000, 1050), (1060, 1010), (1030, 1040), (1020, 1000))

    (estimate,) = paired_estimates(first, second, ["50"], [0.0])

    assert estimate.difference.interval is not None
    assert estimate.difference.interval.low < 0 < estimate.difference.interval.high
    assert estimate.ratio.interval is not None
    assert estimate.ratio.interval.low < 1 < estimate.ratio.interval.high
    assert estimate.p_value is not None
    assert estimate.p_value > ALPHA


def test_the_generators_own_error_widens_difference_and_ratio() -> None:
    first, second = sides((1000, 1310), (1010, 1290), (1020, 1300), (1000, 1305))

    (exact,) = paired_estimates(first, second, ["50"], [0.0])
    (doubted,) = paired_estimates(first, second, ["50"], [0.4])

    assert exact.difference.interval is not None
    assert doubted.difference.interval is not None
    assert doubted.difference.interval.low == pytest.approx(exact.difference.interval.low - 0.4)
    assert doubted.difference.interval.high == pytest.approx(exact.difference.interval.high + 0.4)
    assert doubted.ratio.interval is not None
    assert doubted.ratio.interval.low < 1 < doubted.ratio.interval.high
    assert (exact.p_value or 0) < ALPHA
    assert doubted.p_value == 1.0


def test_a_run_that_ends_when_it_is_narrow_gets_wider_intervals() -> None:
    first, second = sides((1000, 1310), (1010, 1250), (1020, 1330), (1000, 1305))

    (usual,) = paired_estimates(first, second, ["50"], [0.0])
    (sequential,) = paired_estimates(first, second, ["50"], [0.0], SEQUENTIAL_ALPHA)

    assert usual.difference.interval is not None
    assert sequential.difference.interval is not None
    assert sequential.difference.interval.half_width > usual.difference.interval.half_width
    assert (sequential.p_value or 0) > (usual.p_value or 0)


def test_two_pairs_give_figures_and_no_claim() -> None:
    first, second = sides((1000, 2000), (1000, 2000))

    (estimate,) = paired_estimates(first, second, ["50"], [0.0])

    assert (estimate.difference.value, estimate.ratio.value) == (1.0, 2.0)
    assert estimate.difference.interval is None
    assert estimate.ratio.interval is None
    assert estimate.p_value is None


@given(
    st.floats(1, 100),
    st.floats(1, 100),
    st.floats(0.01, 4),
    st.floats(0.01, 4),
    st.floats(-0.9, 0.9),
)
def test_the_ratio_holds_one_exactly_where_the_difference_holds_zero(
    first: float, second: float, own_error: float, other_error: float, correlation: float
) -> None:
    joint = Joint(
        first, second, own_error**2, other_error**2, correlation * own_error * other_error
    )
    t = 3.182

    interval = ratio_interval(joint, t)

    if interval is not None and abs(abs(second - first) - t * joint.difference_error) > 1e-6:
        spans_zero = abs(second - first) < t * joint.difference_error
        assert (interval.low < 1 < interval.high) == spans_zero
        assert interval.low <= second / first <= interval.high


def test_a_reference_that_might_be_zero_gives_no_ratio() -> None:
    assert ratio_interval(Joint(1.0, 2.0, 4.0, 0.1, 0.0), t=3.182) is None


def test_known_figures_give_a_ratio_without_doubt() -> None:
    assert ratio_interval(Joint(2.0, 3.0, 0.0, 0.0, 0.0), t=3.182) == Interval(1.5, 1.5)


def test_the_same_records_give_the_same_interval_to_the_last_digit() -> None:
    generator = np.random.default_rng(1)
    pairs = [(int(a), int(b)) for a, b in generator.integers(900, 1100, (9, 2))]

    once = paired_estimates(*sides(*pairs), ["50", "95"], [0.0, 0.0])

    assert paired_estimates(*sides(*pairs), ["50", "95"], [0.0, 0.0]) == once
