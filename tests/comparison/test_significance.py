from math import gamma, pi, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.significance import T_975, Interval, paired_interval

DIFFERENCES = st.lists(st.floats(-1000, 1000), min_size=3, max_size=40)


def student_t_cdf(t: float, degrees: int) -> float:
    """Simpson's rule over the density; needs no statistics package."""
    scale = gamma((degrees + 1) / 2) / (sqrt(degrees * pi) * gamma(degrees / 2))
    steps = 4000

    def density(x: float) -> float:
        return float(scale * (1 + x * x / degrees) ** (-(degrees + 1) / 2))

    width = t / steps
    inner = sum((4 if step % 2 else 2) * density(step * width) for step in range(1, steps))
    return 0.5 + width / 3 * (density(0) + inner + density(t))


@pytest.mark.parametrize("degrees", range(1, len(T_975) + 1))
def test_the_table_holds_the_quantiles_of_students_t(degrees: int) -> None:
    rounded = T_975[degrees - 1]

    assert student_t_cdf(rounded - 0.0006, degrees) < 0.975
    assert student_t_cdf(rounded + 0.0006, degrees) > 0.975


def test_the_interval_of_a_textbook_sample() -> None:
    # Differences 1, 2, 3: mean 2, s = 1, half width 4.303 / sqrt(3).
    interval = paired_interval([1, 2, 3])

    assert interval is not None
    assert interval.low == pytest.approx(2 - 4.303 / sqrt(3))
    assert interval.high == pytest.approx(2 + 4.303 / sqrt(3))
    assert interval.pairs == 3


@pytest.mark.parametrize("differences", [[], [1.0], [1.0, 2.0]])
def test_fewer_than_three_pairs_give_no_interval(differences: list[float]) -> None:
    assert paired_interval(differences) is None


@pytest.mark.parametrize(
    ("low", "high", "spans"), [(-1, 1, True), (0, 2, True), (0.1, 2, False), (-2, -0.1, False)]
)
def test_an_interval_that_holds_zero_shows_no_difference(
    low: float,
    high: float,
    spans: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert Interval(low, high, 3).spans_zero is spans


def test_equal_differences_leave_no_doubt() -> None:
    assert paired_interval([5.0, 5.0, 5.0]) == Interval(5.0, 5.0, 3)


def test_many_pairs_use_the_last_row_of_the_table() -> None:
    interval = paired_interval([0.0, 2.0] * 50)

    assert interval is not None
    assert interval.high - 1 == pytest.approx(2.042 * sqrt(100 / 99) / sqrt(100))


@settings(deadline=None)
@given(DIFFERENCES)
def test_the_interval_holds_the_mean_and_turns_with_the_sides(differences: list[float]) -> None:
    interval = paired_interval(differences)
    turned = paired_interval([-one for one in differences])

    assert interval is not None
    assert turned is not None
    mean = sum(differences) / len(differences)
    assert interval.low - 1e-6 <= mean <= interval.high + 1e-6
    assert turned.low == pytest.approx(-interval.high)
    assert turned.spans_zero == interval.spans_zero
