import numpy as np
import pytest

from comparison.forecast.hold_out import hold_out
from comparison.forecast.scenario import Ec2Scenario, LambdaScenario
from comparison.forecast.simulation import simulate
from comparison.latency import Distribution
from tests.comparison.forecast.measured import FakeModels, level, outcome


def test_the_higher_levels_are_foretold_from_the_lower_ones() -> None:
    models = FakeModels(outcome(ms=2.0))

    made = hold_out([level(times=4), level(times=1), level(times=2)], models.simulate, seed=1)

    (one,) = made.predictions
    assert (one.level, one.calibrated_on) == ("x4", ("x1", "x2"))
    assert one.p50_error == pytest.approx(2.0 / 1.91 - 1, abs=0.01)
    assert made.largest_error == abs(one.p95_error or 0)


def test_a_level_is_foretold_with_its_own_load_on_the_machine_it_was_measured_on() -> None:
    models = FakeModels()
    levels = [level(side, times) for side in ("ec2", "serverless") for times in (1, 4)]

    hold_out(levels, models.simulate, seed=1)

    ec2, function = models.simulated
    assert isinstance(ec2, Ec2Scenario)
    assert isinstance(function, LambdaScenario)
    assert ec2.load is levels[1].load
    assert ec2.vcpus < 2
    assert function.host_vcpus == 2
    assert function.gateway.overhead_ms == 0
    assert ec2.client.round_trip_ms == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("ms", "failed", "good"), [(2.2, 0, True), (2.4, 0, False), (1.6, 0, False), (2.0, 30, False)]
)
def test_a_forecast_is_good_within_15_percent_and_2_points(
    ms: float, failed: int, *, good: bool
) -> None:
    always_2_ms = Distribution(np.array([2000]), np.array([1000]))
    levels = [level(times=1), level(times=4, latencies=always_2_ms)]
    models = FakeModels(outcome(ms, {"client timeout": failed}))

    (one,) = hold_out(levels, models.simulate, seed=1).predictions

    assert one.p50_error == pytest.approx(ms / 2 - 1)
    assert one.failure_points == pytest.approx(failed / 10)
    assert one.good is good


@pytest.mark.parametrize("side", ["ec2", "serverless"])
def test_a_machine_that_stays_idle_is_foretold_as_it_was(side: str) -> None:
    made = hold_out([level(side, times=1), level(side, times=2.5)], simulate, seed=1)

    (one,) = made.predictions
    assert one.good
    assert one.predicted_error_share == 0


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ([level()], "one load level only; measure another with run --users or --rate"),
        ([level(times=1), level(times=1.5)], "no level has less than half of the highest rate"),
        ([level(times=1, on_aws=True), level(times=4, on_aws=True)], "measured on AWS"),
        ([level(times=1, cores=None), level(times=4, cores=None)], "machine.cores"),
        ([level(times=1, cpu_ms={}), level(times=4)], "lacks the CPU time"),
    ],
)
def test_what_could_not_be_checked_says_why(levels: list[object], says: str) -> None:
    made = hold_out(levels, FakeModels().simulate, seed=1)  # type: ignore[arg-type]

    assert made.predictions == ()
    assert made.largest_error is None
    assert says in made.unchecked[0]
