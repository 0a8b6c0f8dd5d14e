from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.significance import (
    ALPHA,
    SEQUENTIAL_ALPHA,
    Estimate,
    Interval,
    StudentTest,
    adjusted,
    mean_difference,
)

DIFFERENCES = st.lists(st.floats(-1000, 1000), min_size=3, max_size=40)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_the_interval_of_a_textbook_sample() -> None:
    # Differences 1, 2, 3: mean 2, s = 1, half width 4.303 / sqrt(3).
    estimate, p_value = mean_difference([1, 2, 3])

    assert estimate.interval is not None
    assert estimate.interval.low == pytest.approx(2 - 4.303 / sqrt(3), abs=1e-3)
    assert estimate.interval.high == pytest.approx(2 + 4.303 / sqrt(3), abs=1e-3)
    # t = 2 sqrt(3) with 2 degrees of freedom: 1 - t / sqrt(t^2 + 2).
    assert p_value == pytest.approx(1 - sqrt(12 / 14), abs=1e-6)


@pytest.mark.parametrize("differences", [[1.0], [1.0, 2.0]])
def test_fewer_than_three_pairs_give_no_interval_and_no_p_value(differences: list[float]) -> None:
    estimate, p_value = mean_difference(differences)

    assert (estimate.interval, p_value) == (None, None)
    assert estimate.value == sum(differences) / len(differences)


def test_equal_differences_leave_no_doubt() -> None:
    assert mean_difference([5.0, 5.0, 5.0]) == (Estimate(5.0, Interval(5.0, 5.0)), 0.0)
    assert mean_difference([0.0, 0.0, 0.0])[1] == 1.0


@settings(deadline=None)
@given(DIFFERENCES)
def test_the_interval_holds_the_mean_and_turns_with_the_sides(differences: list[float]) -> None:
    estimate, p_value = mean_difference(differences)
    turned, same = mean_difference([-one for one in differences])

    assert estimate.interval is not None
    assert turned.interval is not None
    assert estimate.interval.low - 1e-6 <= estimate.value <= estimate.interval.high + 1e-6
    assert turned.interval.low == pytest.approx(-estimate.interval.high)
    assert p_value == same


@pytest.mark.parametrize("alpha", [ALPHA, SEQUENTIAL_ALPHA])
def test_the_p_value_is_five_percent_where_the_interval_ends_at_zero(alpha: float) -> None:
    test = StudentTest(blocks=6, alpha=alpha)
    difference = test.t * 0.4 + 0.1

    estimate = test.around(difference, error=0.4, systematic=0.1)

    assert estimate.interval is not None
    assert estimate.interval.low == pytest.approx(0, abs=1e-9)
    assert test.p_value(difference, error=0.4, systematic=0.1) == pytest.approx(ALPHA, abs=1e-5)


def test_a_difference_within_the_systematic_error_is_none() -> None:
    test = StudentTest(blocks=6)

    assert test.p_value(0.09, error=0.0, systematic=0.1) == 1.0
    assert test.p_value(0.11, error=0.0, systematic=0.1) == 0.0


def test_holms_correction_of_a_textbook_sample() -> None:
    # 4 x 0.01; 3 x 0.015; 2 x 0.02 would be 0.04, but may not fall below the one before.
    assert adjusted([0.02, 0.01, 0.5, 0.015]) == pytest.approx((0.045, 0.04, 0.5, 0.045))


@given(P_VALUES)
def test_a_corrected_p_value_is_never_smaller_and_keeps_its_place(p_values: list[float]) -> None:
    corrected = adjusted(p_values)

    assert all(own <= new <= 1 for own, new in zip(p_values, corrected, strict=True))
    ordered = [new for _, new in sorted(zip(p_values, corrected, strict=True))]
    assert ordered == sorted(ordered)
    assert min(corrected) == pytest.approx(min(1.0, len(p_values) * min(p_values)))
