import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.forecast.draws import TABLE_SIZE, service_table, variation_table
from comparison.latency import Distribution


@given(st.dictionaries(st.integers(0, 10_000_000), st.integers(1, 1000), min_size=1, max_size=50))
def test_a_table_keeps_the_mean_and_the_ends_of_what_was_measured(counts: dict[int, int]) -> None:
    values = np.array(sorted(counts), np.int64)
    weights = np.array([counts[int(value)] for value in values], np.int64)

    table = service_table(Distribution(values, weights))

    mean = (values * weights).sum() / weights.sum() / 1e6
    assert len(table) == TABLE_SIZE
    assert table.mean() == pytest.approx(mean, abs=1e-9)
    assert np.all(np.diff(table) >= -1e-9)
    assert table[0] >= values[0] / 1e6 - 1e-9
    assert table[-1] <= values[-1] / 1e6 + 1e-9


@pytest.mark.parametrize("variation", [0.2, 0.5, 1.0, 2.0])
def test_factors_have_mean_1_and_the_variation_asked_for(variation: float) -> None:
    factors = variation_table(variation)

    assert factors.mean() == pytest.approx(1.0)
    assert factors.std() == pytest.approx(variation, rel=0.01)


def test_no_variation_is_a_factor_of_1() -> None:
    assert variation_table(0.0).tolist() == [1.0]
