from dataclasses import replace
from decimal import Decimal

import pytest

from comparison.architectures import Setup
from comparison.billing.capacity import parse_slo
from comparison.billing.traffic import SHAPES
from comparison.errors import ComparisonError
from comparison.forecast.outcome import Bound, Outcome
from comparison.forecast.platforms import Surroundings
from comparison.forecast.projection import Models, forecast_scale
from comparison.forecast.scenario import Ec2Scenario, LambdaScenario, Scenario
from tests.comparison.forecast.measured import FakeModels, outcome, question, side_input

GATEWAY = Bound("API Gateway's rate", 10_000.0, "a quota request")


def test_users_wait_for_the_answer_and_think() -> None:
    made = forecast_scale(side_input(), 7000, question(), FakeModels().models())

    assert made.mean_rate == pytest.approx(1000, rel=0.001)
    assert made.requests_per_month == pytest.approx(1000 * 730 * 3600, rel=0.001)


def test_the_busiest_hour_of_a_wave_has_more_users_and_the_month_as_many_requests() -> None:
    models = FakeModels()
    asked = question(surroundings=Surroundings(Setup(shape=SHAPES["wave"])))

    made = forecast_scale(side_input(), 7000, asked, models.models())

    assert made.peak_rate == pytest.approx(1.8 * made.mean_rate, rel=0.001)
    assert max(models.simulated[0].load.levels) == pytest.approx(1.8 * 7000, rel=0.001)


def test_large_scales_are_reckoned_with_rates() -> None:
    models = FakeModels()

    made = forecast_scale(side_input(), 7000, question(), models.models(most_events=1000))

    assert made.method == "fluid"
    assert not models.simulated


def test_too_many_waiting_requests_are_reckoned_with_rates() -> None:
    def refuse(scenario: Scenario, seed: int) -> Outcome:
        raise ComparisonError("too many wait")

    models = Models(refuse, FakeModels().fluid)

    assert forecast_scale(side_input(), 7000, question(), models).method == "fluid"


def test_instances_are_added_while_they_help_the_slo() -> None:
    models = FakeModels(outcome(300.0), outcome(150.0), outcome(90.0))
    asked = question(surroundings=Surroundings(Setup(), slo=parse_slo("p95<100ms")))

    made = forecast_scale(side_input(), 70_000, asked, models.models())

    counts = [one.instances for one in models.simulated if isinstance(one, Ec2Scenario)]
    assert len(counts) == 3
    assert counts == sorted(counts)
    assert made.units == counts[-1]
    assert made.holds_slo


def test_instances_do_not_grow_where_another_limit_is_reached() -> None:
    models = FakeModels(outcome(300.0, bounds=[Bound("CPU of the cache", 10.0, "nodes")]))
    asked = question(surroundings=Surroundings(Setup(), slo=parse_slo("p95<100ms")))

    made = forecast_scale(side_input(), 70_000, asked, models.models())

    assert len(models.simulated) == 1
    assert made.holds_slo is False
    assert made.binding.reached


def test_the_bill_has_the_instances_that_were_simulated() -> None:
    one, five = (
        forecast_scale(side_input(), 700, question(instances=count), FakeModels().models())
        for count in (1, 5)
    )

    assert one.total_usd is not None
    assert five.total_usd is not None
    assert five.units == 5
    assert five.total_usd - one.total_usd > 4 * Decimal("7.6")


def test_failures_count_as_too_slow() -> None:
    models = FakeModels(outcome(2.0, {"gateway throttled": 60}, [GATEWAY]))
    asked = question(surroundings=Surroundings(Setup(), slo=parse_slo("p95<100ms")))

    made = forecast_scale(side_input("serverless"), 700, asked, models.models())

    assert made.holds_slo is False
    assert made.errors == {"gateway throttled": 60}


def test_a_limit_lies_at_so_many_users_and_a_quota_costs_nothing() -> None:
    models = FakeModels(outcome(bounds=[GATEWAY]))

    made = forecast_scale(side_input("serverless"), 7000, question(), models.models())

    (limit,) = made.limits
    assert limit.users == pytest.approx(70_000, rel=0.01)
    assert not limit.reached
    assert limit.raising_usd == 0


def test_instances_are_limited_by_all_of_their_cpu_time() -> None:
    side = side_input()
    metered = replace(side, calibration=replace(side.calibration, cpu_ms=10.0))

    made = forecast_scale(metered, 700, question(instances=3), FakeModels().models())

    assert made.binding.resource == "CPU of the instances"
    assert made.binding.rate == pytest.approx(3 * 2 * 1000 / 10)
    assert made.binding.raising_usd == Decimal("11.88")


def test_aws_has_its_own_limits_and_latencies() -> None:
    models = FakeModels()
    limits = {"gateway.overhead_ms": 30.0, "lambda.account_concurrency": 77.0}
    asked = question(surroundings=Surroundings(Setup(), limits=limits, memory_mb=1769))
    side = side_input("serverless")

    forecast_scale(side, 700, asked, models.models())

    scenario = models.simulated[0]
    assert isinstance(scenario, LambdaScenario)
    assert (scenario.gateway.overhead_ms, scenario.concurrency) == (30.0, 77)
    assert scenario.host_vcpus is None
    assert scenario.database is not None
    assert scenario.database.proxy
    assert scenario.database.max_connections == 42


def test_environments_with_a_share_of_a_core_take_longer() -> None:
    def fastest(memory_mb: int) -> int:
        models = FakeModels()
        asked = question(surroundings=Surroundings(Setup(), memory_mb=memory_mb))
        forecast_scale(side_input("serverless"), 700, asked, models.models())
        return int(models.simulated[0].requests[0].service.values_us[0])

    app_ms = side_input("serverless").calibration.kinds[0].cpu.app_ms
    assert fastest(442) - fastest(1769) == pytest.approx(1000 * app_ms * (1769 / 442 - 1), abs=2)


def test_a_limit_that_there_is_not_is_refused() -> None:
    with pytest.raises(ComparisonError, match=r"--limit 'gateway\.rate' is none of"):
        replace(Surroundings(Setup()), limits={"gateway.rate": 1.0})
