import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.student_t import two_sided_p, two_sided_quantile

# NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975.
NIST = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    7: 2.365,
    10: 2.228,
    29: 2.045,
    100: 1.984,
}


@pytest.mark.parametrize(("degrees", "quantile"), NIST.items())
def test_quantiles_are_those_of_the_published_table(degrees: int, quantile: float) -> None:
    assert two_sided_quantile(0.95, degrees) == pytest.approx(quantile, abs=0.0006)


def test_many_degrees_of_freedom_come_close_to_the_normal_distribution() -> None:
    assert two_sided_quantile(0.95, 2000) == pytest.approx(1.959964, abs=2e-3)


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 49])
def test_at_the_quantile_the_p_value_is_what_is_left(degrees: int) -> None:
    assert two_sided_p(two_sided_quantile(0.97, degrees), degrees) == pytest.approx(0.03, abs=2e-6)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 60))
def test_a_larger_t_is_never_likelier(one: float, other: float, degrees: int) -> None:
    low, high = sorted((one, other))

    assert 0 <= two_sided_p(high, degrees) <= two_sided_p(low, degrees) <= 1
    assert two_sided_p(-high, degrees) == two_sided_p(high, degrees)
