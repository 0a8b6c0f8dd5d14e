"""Service times that fall while the rate rises, and how far that is followed."""

from collections.abc import Sequence

import pytest

from comparison.forecast.calibration import calibrate
from comparison.forecast.falling_times import (
    STEEPEST_SHARE,
    changed,
    shifted,
    trend_of,
    warm_median_ms,
)
from comparison.forecast.levels import Level
from comparison.forecast.load import Load, constant
from comparison.forecast.platforms import machine_scenario
from comparison.latency import merge, percentile_ms
from tests.comparison.forecast.measured import level

MEDIAN_MS = warm_median_ms(level())


def levels(changes_ms: Sequence[float]) -> list[Level]:
    """One for each doubling of the rate, whose times are so much longer than the first one's."""
    made = []
    for doubling, by_ms in enumerate(changes_ms):
        one = level(times=0.25 * 2**doubling)
        kinds = {kind: shifted(times, by_ms) for kind, times in one.kinds.items()}
        made.append(level(times=0.25 * 2**doubling, kinds=kinds))
    return made


def service_median_ms(measured: Sequence[Level], rate: float) -> float:
    load = Load("open", constant(rate, 10.0), 1.0)
    scenario = machine_scenario(calibrate(measured), load, 2)
    median = percentile_ms(merge(kind.service for kind in scenario.requests), "50")
    assert median is not None
    return median


def test_times_that_do_not_fall_stay_as_they_were_measured() -> None:
    flat, rising = levels([0, 0, 0]), levels([0, 0.1, 0.2])

    assert trend_of(flat).ms_per_doubling == trend_of(rising).ms_per_doubling == 0.0
    own = service_median_ms(flat, flat[-1].rate)
    assert service_median_ms(flat, 100 * flat[-1].rate) == own


def test_they_go_on_falling_with_each_doubling_but_not_for_ever() -> None:
    measured = levels([0, -0.1, -0.2])
    rate = measured[-1].rate

    own = service_median_ms(measured, rate)
    assert own == pytest.approx(MEDIAN_MS - 0.2 - 0.2, abs=0.02)  # less the generator's part
    assert service_median_ms(measured, 2 * rate) == pytest.approx(own - 0.1, abs=0.02)
    assert service_median_ms(measured, 64 * rate) == service_median_ms(measured, 2 * rate)


def test_the_slowest_answers_stay_as_slow_and_none_overtakes_another() -> None:
    times = merge(level().kinds.values())

    faster = changed(times, -0.3)

    assert percentile_ms(faster, "50") == pytest.approx(MEDIAN_MS - 0.3, abs=0.01)
    assert percentile_ms(faster, "95") == percentile_ms(times, "95")
    assert faster.samples == times.samples


def test_a_lower_rate_than_the_busiest_gets_the_busiests_times() -> None:
    measured = levels([0, -0.1, -0.2])

    own = service_median_ms(measured, measured[-1].rate)
    assert service_median_ms(measured, measured[0].rate) == own


@pytest.mark.parametrize(
    ("changes_ms", "per_doubling"),
    [([0, 0, 0, -0.1], -0.1), ([0, -0.1, -0.2, -0.2], -0.07)],
    ids=["they begin to fall late", "they cease to fall"],
)
def test_the_steeper_of_the_last_and_the_mean_doubling_counts(
    changes_ms: Sequence[float], per_doubling: float
) -> None:
    assert trend_of(levels(changes_ms)).ms_per_doubling == pytest.approx(per_doubling, abs=0.01)


def test_no_steeper_fall_is_believed_than_a_share_of_the_median() -> None:
    measured = levels([0, -1.0])

    steepest = STEEPEST_SHARE * warm_median_ms(measured[-1])
    assert trend_of(measured).ms_per_doubling == pytest.approx(-steepest)


def test_levels_that_are_too_near_each_other_show_no_trend() -> None:
    one, other = level(times=1.0), levels([0, -0.2])[-1]

    assert trend_of([one]).ms_per_doubling == 0.0
    assert trend_of([level(times=0.4, kinds=one.kinds), other]).ms_per_doubling == 0.0


def test_a_fall_is_told_among_the_assumptions() -> None:
    told = calibrate(levels([0, -0.1, -0.2])).assumptions

    assert any("service times fell by 0.10 ms with each doubling" in text for text in told)
    assert not any("service times fell" in text for text in calibrate(levels([0, 0])).assumptions)
