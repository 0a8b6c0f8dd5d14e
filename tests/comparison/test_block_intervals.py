import pytest

from comparison.block_intervals import side_estimates
from comparison.percentiles import BlockCounts, stacked
from comparison.significance import SEQUENTIAL_ALPHA, Interval
from tests.comparison.test_percentiles import distribution

EVEN = list(range(1000, 2000))
LATE = list(range(1300, 2300))


def interval(
    blocks: BlockCounts, percent: str = "50", error_ms: float = 0.0, **how: float
) -> Interval:
    (estimate,) = side_estimates(blocks, [percent], [error_ms], **how)
    assert estimate.interval is not None
    assert estimate.interval.low <= estimate.value <= estimate.interval.high
    return estimate.interval


def test_blocks_that_are_all_alike_leave_no_doubt() -> None:
    found = interval(stacked([distribution(EVEN)] * 4))

    assert found.high - found.low <= 0.001


def test_blocks_that_differ_widen_the_interval_however_many_requests_they_hold() -> None:
    few = interval(stacked([distribution(one) for one in (EVEN, LATE, EVEN, LATE)]))
    many = interval(stacked([distribution(one * 50) for one in (EVEN, LATE, EVEN, LATE)]))

    assert many.half_width == pytest.approx(few.half_width, rel=0.01)
    assert few.half_width > 0.2


def test_more_blocks_narrow_it() -> None:
    four = interval(stacked([distribution(one) for one in (EVEN, LATE) * 2]))
    twenty = interval(stacked([distribution(one) for one in (EVEN, LATE) * 10]))

    assert twenty.half_width < four.half_width / 2


def test_a_thin_tail_makes_it_longer_upwards() -> None:
    tails = ([9000] * 2, [20_000] * 8, [30_000] * 5, [9000] * 12)
    blocks = stacked([distribution(EVEN + tail) for tail in tails])

    (estimate,) = side_estimates(blocks, ["99"], [0.0])

    assert estimate.interval is not None
    assert estimate.interval.high - estimate.value > estimate.value - estimate.interval.low


def test_blocks_weigh_by_their_requests() -> None:
    small_and_slow = [distribution([9000] * 2)]
    found = side_estimates(stacked([distribution(EVEN)] * 3 + small_and_slow), ["50"], [0.0])

    assert found[0].value == pytest.approx(1.5, abs=0.002)
    assert found[0].interval is not None
    assert found[0].interval.high < 1.6


def test_the_generators_own_error_is_added_and_a_time_is_never_below_zero() -> None:
    blocks = stacked([distribution(EVEN)] * 4)

    found = interval(blocks, error_ms=0.25)

    assert found.low == pytest.approx(interval(blocks).low - 0.25)
    assert found.high == pytest.approx(interval(blocks).high + 0.25)
    assert interval(blocks, error_ms=5.0).low == 0.0


def test_a_run_that_ends_when_it_is_narrow_gets_wider_intervals() -> None:
    blocks = stacked([distribution(one) for one in (EVEN, LATE, EVEN, LATE)])

    assert interval(blocks, alpha=SEQUENTIAL_ALPHA).half_width > interval(blocks).half_width


def test_two_blocks_give_a_value_without_interval() -> None:
    (estimate,) = side_estimates(stacked([distribution(EVEN)] * 2), ["50"], [0.0])

    assert estimate.value == pytest.approx(1.5, abs=0.002)
    assert estimate.interval is None
