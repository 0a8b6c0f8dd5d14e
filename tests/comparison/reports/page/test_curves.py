import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.latency import Distribution, percentile_ms
from comparison.reports.page.curves import POINTS, distribution_curve, percentile_curve

COUNTS = st.dictionaries(st.integers(1, 10**6), st.integers(1, 500), min_size=1, max_size=300)


def distribution(counts: dict[int, int]) -> Distribution:
    values = sorted(counts)
    return Distribution(np.array(values), np.array([counts[value] for value in values]))


@given(COUNTS)
def test_curves_rise_and_stay_short(counts: dict[int, int]) -> None:
    for curve in (percentile_curve, distribution_curve):
        points = curve(distribution(counts))

        assert len(points) <= POINTS
        assert [one.value_ms for one in points] == sorted({one.value_ms for one in points})
        assert [one.share for one in points] == sorted(one.share for one in points)


@given(COUNTS)
def test_every_point_is_the_share_of_requests_up_to_its_value(counts: dict[int, int]) -> None:
    total = sum(counts.values())

    for one in distribution_curve(distribution(counts)):
        up_to = sum(count for value, count in counts.items() if value / 1000 <= one.value_ms)
        assert one.share == pytest.approx(up_to / total)


def test_the_curve_goes_through_the_percentiles_of_the_table() -> None:
    made = distribution(dict.fromkeys(range(1, 10001), 1))

    values = {round(one.share, 2): one.value_ms for one in percentile_curve(made)}

    assert values[0.99] == pytest.approx(percentile_ms(made, "99"), rel=0.01)


def test_without_requests_there_is_no_curve() -> None:
    nothing = distribution({})

    assert percentile_curve(nothing) == distribution_curve(nothing) == ()
