from decimal import Decimal

import pytest

from comparison.billing.traffic import SHAPES


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_has_the_mean_rate_as_its_mean(name: str) -> None:
    weights = SHAPES[name].weights

    assert abs(sum(weights, Decimal(0)) / len(weights) - 1) < Decimal("1e-20")
    assert min(weights) >= 0


@pytest.mark.parametrize(
    ("name", "peak", "hours"), [("constant", "1", 1), ("wave", "1.8", 24), ("office", "4.2", 168)]
)
def test_a_shape_has_its_peak_and_its_period(name: str, peak: str, hours: int) -> None:
    assert str(SHAPES[name].peak) == peak
    assert len(SHAPES[name].weights) == hours
