import random
from statistics import mean

import pytest

from comparison.welch import welch

# "Welch's t-test", Wikipedia, example 1: t = -2.46, 25.0 degrees of freedom, p = 0.021. Here the
# 24.99 degrees count as 24, so p is a little larger.
FIRST = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]
SECOND = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4]


def test_a_published_example_comes_out() -> None:
    estimate, p_value = welch(mean(FIRST) - mean(SECOND), SECOND, FIRST)

    assert p_value == pytest.approx(0.021, abs=1e-3)
    assert estimate.interval is not None
    # t(0.975, 24) = 2.064 standard errors, each 2.1667 / 2.455.
    assert estimate.interval.half_width == pytest.approx(2.064 * 0.8824, rel=1e-3)


def test_two_blocks_say_nothing() -> None:
    assert welch(1.0, [1.0, 2.0], [1.0, 2.0, 3.0]) == welch(1.0, [0.0] * 3, [0.0])
    assert welch(1.0, [1.0, 2.0], [1.0, 2.0, 3.0])[1] is None


def test_blocks_that_are_all_the_same_say_nothing() -> None:
    estimate, p_value = welch(1.0, [1.0] * 4, [2.0] * 4)

    assert (estimate.value, estimate.interval, p_value) == (1.0, None, None)


@pytest.mark.parametrize("spread", [1.0, 5.0])
def test_where_nothing_changed_a_change_is_claimed_in_a_twentieth_of_runs(spread: float) -> None:
    dice = random.Random(7)  # noqa: S311 - not a secret
    claims = 0
    for _ in range(1000):
        base = [dice.gauss(10, 1) for _ in range(4)]
        new = [dice.gauss(10, spread) for _ in range(6)]
        _, p_value = welch(mean(new) - mean(base), base, new)
        claims += p_value is not None and p_value <= 0.05

    assert 15 <= claims <= 70
