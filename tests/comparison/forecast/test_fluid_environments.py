import pytest

from comparison.forecast.fluid_environments import Pool, expected_environments


def pool(**changes: float) -> Pool:
    made = {
        "service": 0.1,
        "init": 0.3,
        "concurrency": 1000,
        "provisioned": 0,
        "idle_expiry": 600.0,
        "scaling_per_second": 100.0,
        "scaling_burst": 1000.0,
    }
    return Pool(**{**made, **changes})  # type: ignore[arg-type] # numbers of either kind


def test_a_longer_window_sees_a_higher_peak_and_fewer_cold_starts() -> None:
    short, often = expected_environments(100.0, 0.1, window=1.0)
    long, seldom = expected_environments(100.0, 0.1, window=600.0)

    assert 10 < short < long < 10 + 6 * 10**0.5
    assert often > seldom > 0


def test_the_first_requests_start_one_each_until_the_first_is_ready() -> None:
    cold, throttled = pool().step(100.0, 1.0, 1.0)

    assert cold == pytest.approx(100 * (0.3 + 0.1), rel=0.1)
    assert throttled == 0


def test_scaling_is_throttled_when_the_burst_is_spent() -> None:
    side = pool(scaling_burst=10.0, scaling_per_second=5.0)

    _, throttled = side.step(1000.0, 1.0, 1.0)

    assert side.existing == pytest.approx(10)
    assert throttled == pytest.approx(0.9)


def test_idle_environments_are_gone_after_the_expiry() -> None:
    side = pool(idle_expiry=10.0)
    side.step(100.0, 1.0, 1.0)

    existing = []
    for second in range(2, 15):
        side.step(0.0, 1.0, float(second))
        existing.append(side.existing)

    assert existing[8] > 30
    assert existing[-1] == 0


def test_provisioned_ones_stay() -> None:
    side = pool(provisioned=50)

    cold, _ = side.step(100.0, 1.0, 1.0)

    assert cold < 0.01
    assert side.existing == 50
