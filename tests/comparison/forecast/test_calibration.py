import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import ComparisonError
from comparison.forecast.calibration import calibrate
from comparison.forecast.falling_times import shifted
from comparison.latency import Distribution, percentile_ms
from tests.comparison.forecast.measured import level


def cpu(app_ms: float, **others: float) -> dict[str, float]:
    return {"app": app_ms, "cache": 0.02, "database": 0.0, "generator": 1.0, **others}


def test_the_generators_part_comes_off_every_service_time() -> None:
    (hits,) = calibrate([level()]).kinds

    assert percentile_ms(hits.service, "50") == pytest.approx(1.91 - 0.2, abs=0.03)


def test_service_times_come_from_levels_that_left_the_machine_idle() -> None:
    made = calibrate([level(times=1), level(times=2), level(times=10)])

    assert made.levels == ("x1", "x2")
    assert made.highest_users == 2500


def test_where_none_was_idle_the_lowest_level_is_taken_and_that_is_said() -> None:
    made = calibrate([level(times=20), level(times=10)])

    assert made.levels == ("x10",)
    assert "waiting is within them, so the forecast is too slow" in made.assumptions[0]


def test_what_a_process_computes_for_nobody_is_no_requests() -> None:
    # 10 ms in each second for nobody, and 0.2 ms for each request.
    levels = [level(times=times) for times in (1, 4)]
    rates = [one.rate for one in levels]
    levels = [
        level(times=times, cpu_ms=cpu(0.2 + 10 / rate))
        for times, rate in zip((1, 4), rates, strict=True)
    ]

    (hits,) = calibrate(levels).kinds

    assert hits.cpu.app_ms == pytest.approx(0.2)


def test_no_request_computes_longer_than_the_fastest_tenth_took() -> None:
    made = calibrate([level(cpu_ms=cpu(5.0))])

    (hits,) = made.kinds
    fastest = percentile_ms(hits.service, "10")
    assert fastest is not None
    assert hits.cpu.app_ms + hits.cpu.cache_ms == pytest.approx(fastest)
    assert any("on the way to the answer" in text for text in made.assumptions)


def test_a_function_starts_with_a_measured_init_and_without_the_emulated_gateway() -> None:
    made = calibrate([level("serverless")])

    assert made.init is not None
    assert made.init.values_us.tolist() == [208_400, 209_900, 227_750]
    assert made.gateway_ms == pytest.approx(1000 * 0.19 / 640, rel=0.01)


def test_without_a_cold_start_the_documented_figure_is_taken_and_that_is_said() -> None:
    made = calibrate([level("serverless", init_us=())])

    assert made.init is not None
    assert made.init.values_us.tolist() == [300_000]
    assert "no cold start was measured: 300 ms are assumed" in made.assumptions


@pytest.mark.parametrize(("side", "missing"), [("ec2", "app"), ("serverless", "environments")])
def test_cpu_time_that_was_not_metered_is_named(side: str, missing: str) -> None:
    with pytest.raises(ComparisonError, match=f"cpu_seconds: {missing}"):
        calibrate([level(side, cpu_ms={"cache": 0.1})])


def test_too_few_answers_are_refused() -> None:
    few = Distribution(np.array([1000]), np.array([150]))

    with pytest.raises(ComparisonError, match="x1: 150 measured warm answers of ec2"):
        calibrate([level(kinds={("/customerdata/{id}", "hit"): few})])


def test_the_database_computes_for_those_that_ask_it() -> None:
    hits = Distribution(np.array([2000]), np.array([900]))
    misses = Distribution(np.array([5000]), np.array([100]))
    kinds = {("/", "hit"): hits, ("/", "miss"): misses}

    made = calibrate([level(kinds=kinds, cpu_ms=cpu(0.1, database=0.05))])

    assert [kind.cpu.database_ms for kind in made.kinds] == [0.0, pytest.approx(0.5)]
    assert [kind.connects_to_database for kind in made.kinds] == [False, True]
    assert made.hit_share == pytest.approx(0.9)


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=20, unique=True), st.integers(-9, 9))
def test_a_shift_keeps_every_sample_and_no_time_becomes_nothing(
    values: list[int], by_ms: int
) -> None:
    times = Distribution(np.array(sorted(values)), np.arange(1, len(values) + 1))

    moved = shifted(times, by_ms)

    assert moved.samples == times.samples
    assert moved.values_us[0] >= 1
    assert np.all(np.diff(moved.values_us) > 0)
