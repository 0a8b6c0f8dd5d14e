from dataclasses import replace

import pytest

from comparison.forecast.bounds import bounds
from comparison.forecast.scenario import (
    Accept,
    Autoscaling,
    Cache,
    CpuTime,
    Credits,
    Database,
    Scenario,
)
from tests.comparison.forecast.builders import ec2, function, kind, open_load

LOAD = open_load(1.0, 1.0)


def rates(scenario: Scenario) -> dict[str, float]:
    return {bound.resource: bound.rate for bound in bounds(scenario)}


def test_an_instance_carries_its_vcpus_over_the_cpu_time_of_a_request() -> None:
    scenario = ec2(LOAD, kind(5.0, app_ms=0.5), workers=2, vcpus=2.0, instances=3)

    assert rates(scenario) == {"CPU of the instances": pytest.approx(12_000)}


def test_more_vcpus_than_workers_are_of_no_use() -> None:
    scenario = ec2(LOAD, kind(1.0, app_ms=1.0), workers=1, vcpus=8.0)

    assert rates(scenario)["CPU of the instances"] == pytest.approx(1000)


def test_autoscaling_counts_with_its_maximum() -> None:
    scenario = ec2(LOAD, kind(1.0, app_ms=1.0), autoscaling=Autoscaling(1, 4))

    assert rates(scenario)["CPU of the instances"] == pytest.approx(4000)


def test_without_credits_a_standard_instance_carries_its_baseline() -> None:
    burst = Credits(0.1, 0.0, 288.0, unlimited=False)
    scenario = ec2(LOAD, kind(1.0, app_ms=1.0), workers=2, vcpus=2.0, credits=burst)

    assert rates(scenario)["CPU credits, once they are spent"] == pytest.approx(200)
    unlimited = replace(scenario, credits=replace(burst, unlimited=True))
    assert "CPU credits, once they are spent" not in rates(unlimited)


def test_slots_bind_by_how_long_a_connection_is_held() -> None:
    scenario = ec2(LOAD, kind(2.0), accept=Accept(slots=8, hold_ms=98.0))

    assert bounds(scenario)[0].rate == pytest.approx(80)


def test_the_data_tier_binds_by_cpu_connections_and_the_cache_thread() -> None:
    kinds = (
        kind(1.0, share=9.0, cpu=CpuTime(cache_ms=0.01)),
        kind(21.0, connects_to_database=True, cpu=CpuTime(1.0, 2.0, 0.02)),
    )
    scenario = ec2(
        LOAD, *kinds, database=Database(2.0, 30), cache=Cache(), connections_per_instance=8
    )

    found = rates(scenario)

    assert found["CPU of the database"] == pytest.approx(2 / 0.0002)
    # 8 of 30 connections are the instance's; each is held for 20 ms by a tenth of the requests.
    assert found["database connections"] == pytest.approx(8 / 0.002)
    assert found["CPU of the cache"] == pytest.approx(1 / 0.000011)


def test_a_short_function_binds_at_its_rate_and_a_long_one_at_its_concurrency() -> None:
    short, long = function(LOAD, kind(20.0)), function(LOAD, kind(500.0))

    assert bounds(long)[0].resource == "the function's concurrency"
    assert bounds(long)[0].rate == pytest.approx(2000)
    assert rates(short)["the function's requests per second"] == 10_000
    assert rates(short)["API Gateway's rate"] == 10_000


def test_a_proxy_takes_the_environments_connections_away_as_a_limit() -> None:
    database = Database(2.0, 40)
    miss = kind(20.0, connects_to_database=True, cpu=CpuTime(database_ms=1.0))
    without = function(LOAD, miss, database=database)
    behind = replace(without, database=replace(database, proxy=True))

    assert rates(without)["database connections of the environments"] == pytest.approx(2000)
    assert "database connections of the environments" not in rates(behind)


def test_the_lowest_comes_first_and_each_says_how_to_raise_it() -> None:
    found = bounds(function(LOAD, kind(20.0), host_vcpus=2.0, cache=Cache()))

    assert [bound.rate for bound in found] == sorted(bound.rate for bound in found)
    assert all(bound.raising for bound in found)
