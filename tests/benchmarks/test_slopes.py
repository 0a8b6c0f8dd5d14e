import random

import pytest

from benchmarks.slopes import slope


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    found = slope(list(range(100)), [7 + 0.5 * x for x in range(100)])

    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_noise_around_a_level_is_no_growth() -> None:
    draw = random.Random(1)  # noqa: S311 - not a secret

    found = slope(list(range(300)), [50 + draw.gauss(0, 5) for _ in range(300)])

    assert found.low < 0 < found.high
    assert not found.exceeds(0)


def test_growth_above_what_is_tolerated_is_found_in_noise() -> None:
    draw = random.Random(1)  # noqa: S311 - not a secret

    found = slope(list(range(300)), [0.1 * x + draw.gauss(0, 5) for x in range(300)])

    assert found.exceeds(0.05)
    assert not found.exceeds(0.2)


def test_too_few_readings_are_refused() -> None:
    with pytest.raises(ValueError, match="4 readings do not fill 10 batches"):
        slope([1, 2, 3, 4], [1, 2, 3, 4])
