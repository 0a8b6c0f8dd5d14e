import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.latency import Distribution
from comparison.percentiles import (
    percentiles_us,
    samples_for_a_value,
    samples_for_an_interval,
    stacked,
)

BLOCK = st.lists(st.integers(1, 60), min_size=1, max_size=40)


def distribution(latencies_us: list[int]) -> Distribution:
    values, counts = np.unique(np.array(latencies_us, dtype=np.int64), return_counts=True)
    return Distribution(values, counts.astype(np.int64))


@settings(deadline=None)
@given(
    st.lists(st.tuples(BLOCK, st.integers(0, 3)), min_size=1, max_size=5).filter(
        lambda blocks: any(weight for _, weight in blocks)
    ),
    st.sampled_from(["50", "95", "99.9"]),
)
def test_weighed_blocks_have_the_percentiles_of_their_requests_repeated(
    blocks: list[tuple[list[int], int]], percent: str
) -> None:
    counts = stacked([distribution(latencies) for latencies, _ in blocks])

    found = percentiles_us(counts, np.array([[weight for _, weight in blocks]]), [percent])

    repeated = sorted(one for latencies, weight in blocks for one in latencies * weight)
    rank = -(-round(float(percent) * 10) * len(repeated) // 1000)
    assert found.tolist() == [[repeated[rank - 1]]]


def test_each_resample_and_percentile_has_its_own_cell() -> None:
    counts = stacked([distribution([1] * 9 + [5]), distribution([2] * 10)])

    found = percentiles_us(counts, np.array([[1, 0], [0, 1], [1, 1]]), ["50", "99"])

    assert found.tolist() == [[1, 5], [2, 2], [2, 5]]


def test_a_rank_on_the_edge_is_exact() -> None:
    # 0.999 x 1000 is 999 exactly, though not in floating point.
    counts = stacked([distribution([1] * 999 + [7])])

    assert percentiles_us(counts, np.array([[1]]), ["99.9"]).tolist() == [[1]]


@pytest.mark.parametrize(
    ("percent", "value", "interval"),
    [("50", 2, 20), ("95", 20, 200), ("99", 100, 1000), ("99.99", 10_000, 100_000)],
)
def test_the_further_out_a_percentile_the_more_requests_it_needs(
    percent: str, value: int, interval: int
) -> None:
    assert samples_for_a_value(percent) == value
    assert samples_for_an_interval(percent) == interval
