"""The fluid model against the simulation where both must agree, and alone where only it can go."""

from dataclasses import replace

import numpy as np
import pytest

from comparison.forecast.fluid import fluid
from comparison.forecast.fluid_error import compare_models, fluid_error
from comparison.forecast.load import Load, constant, ramp, wave
from comparison.forecast.scenario import (
    Autoscaling,
    Cache,
    Client,
    CpuTime,
    Credits,
    Database,
    RequestKind,
    Scenario,
    constant_time,
)
from comparison.forecast.simulation import simulate
from comparison.latency import Distribution
from tests.comparison.forecast.builders import ec2, function, kind, open_load


def lognormal(median_ms: float) -> Distribution:
    values = np.exp(0.35 * np.random.default_rng(3).standard_normal(20_000)) * median_ms * 1000
    return Distribution(*np.unique(np.rint(values).astype(np.int64), return_counts=True))


HIT = RequestKind("hit", 0.9, lognormal(1.0), CpuTime(0.12, 0.0, 0.02))
MISS = RequestKind("miss", 0.1, lognormal(3.0), CpuTime(0.5, 0.6, 0.04), connects_to_database=True)
DRAWS = 1 << 17
DATA = {"database": Database(2.0, 30, proxy=True, proxy_ms=0.0), "cache": Cache()}
PAIR = {"workers": 2, "vcpus": 2.0, **DATA}
SLOW = tuple(replace(one, service=lognormal(15.0)) for one in (HIT, MISS))
COLD = {"init": constant_time(300.0), **DATA}

CALM: dict[str, Scenario] = {
    "ec2 idle": ec2(open_load(1000.0, 30.0), HIT, MISS, **PAIR),
    "ec2 busy": ec2(open_load(9000.0, 30.0), HIT, MISS, **PAIR),
    "ec2 ramp": ec2(Load("open", ramp(1000.0, 10_000.0, 60.0), 1.0), HIT, MISS, **PAIR),
    "ec2 closed": ec2(Load("closed", ramp(0.0, 50_000.0, 60.0), 1.0, 5.0, 9.0), HIT, MISS, **PAIR),
    "function": function(open_load(2000.0, 60.0), *SLOW, **COLD),
    "function ramp": function(Load("open", ramp(0.0, 4000.0, 60.0), 1.0), *SLOW, **COLD),
}


@pytest.mark.parametrize("name", CALM)
def test_both_models_agree_below_every_limit(name: str) -> None:
    error = compare_models(fluid(CALM[name], DRAWS), simulate(CALM[name], 1))

    assert error.percentiles["50"] == pytest.approx(0, abs=0.02)
    assert error.percentiles["95"] == pytest.approx(0, abs=0.03)
    assert error.percentiles["99"] == pytest.approx(0, abs=0.05)
    assert error.error_points == pytest.approx(0, abs=0.1)
    assert error.requests == pytest.approx(0, abs=0.02)
    assert error.peak_units == pytest.approx(0, abs=0.2)


OVERLOADED: dict[str, Scenario] = {
    "ec2": ec2(open_load(14_000.0, 30.0), HIT, MISS, client=Client(timeout_seconds=2.0), **PAIR),
    "ec2 with retries": ec2(
        open_load(14_000.0, 30.0), HIT, MISS, client=Client(timeout_seconds=1.0, retries=2), **PAIR
    ),
    "ec2 without credits": ec2(
        open_load(2000.0, 120.0),
        HIT,
        MISS,
        credits=Credits(0.1, 0.1, 288.0, unlimited=False),
        client=Client(timeout_seconds=5.0),
        **PAIR,
    ),
    "concurrency": function(open_load(4000.0, 30.0), *SLOW, reserved_concurrency=60, **COLD),
    "gateway": function(open_load(14_000.0, 20.0), *SLOW, account_concurrency=3000, **COLD),
    "retried": function(
        open_load(4000.0, 20.0), *SLOW, reserved_concurrency=60, client=Client(retries=2), **COLD
    ),
}


@pytest.mark.parametrize("name", OVERLOADED)
def test_both_models_fail_the_same_share_for_the_same_reason_in_an_overload(name: str) -> None:
    approximate, exact = fluid(OVERLOADED[name], DRAWS), simulate(OVERLOADED[name], 1)

    error = compare_models(approximate, exact)

    assert error.error_points == pytest.approx(0, abs=4)
    assert approximate.attempts == pytest.approx(exact.attempts, rel=0.05)
    assert max(approximate.errors, key=lambda reason: approximate.errors[reason]) in exact.errors


def test_a_wave_keeps_environments_for_the_idle_expiry() -> None:
    scenario = function(
        Load("open", wave(2000.0, 240.0), 1.0), *SLOW, idle_expiry_seconds=60.0, **COLD
    )

    approximate, exact = fluid(scenario, DRAWS), simulate(scenario, 1)

    assert approximate.unit_seconds == pytest.approx(exact.unit_seconds, rel=0.15)
    assert approximate.cold_starts == pytest.approx(exact.cold_starts, rel=0.2)


def test_instances_are_added_at_the_same_time() -> None:
    scenario = ec2(
        Load("open", ramp(300.0, 1200.0, 600.0), 1.0),
        kind(2.0, app_ms=1.5),
        load_balancer_ms=1.0,
        autoscaling=Autoscaling(1, 6),
    )

    approximate, exact = fluid(scenario, DRAWS), simulate(scenario, 1)

    assert approximate.unit_seconds == pytest.approx(exact.unit_seconds, rel=0.05)
    assert approximate.peak_units == exact.peak_units


def test_unlimited_credits_are_billed_alike() -> None:
    burst = Credits(0.1, 0.1, 288.0, unlimited=True)
    scenario = ec2(open_load(4000.0, 60.0), HIT, MISS, credits=burst, **PAIR)

    surplus = simulate(scenario, 1).surplus_credits

    assert fluid(scenario, DRAWS).surplus_credits == pytest.approx(surplus, rel=0.05)


def test_ten_million_users_for_an_hour_are_within_its_reach() -> None:
    load = Load("closed", constant(10_000_000.0, 3600.0), 1.0, 5.0, 9.0, warm_up_seconds=60.0)
    scenario = function(
        load,
        kind(20.0),
        account_concurrency=1_000_000,
        scaling_environments=10_000_000,
        gateway=replace(function(load, kind(20.0)).gateway, requests_per_second=1e8, burst=1e8),
    )

    outcome = fluid(scenario, DRAWS)

    assert outcome.requests == pytest.approx(1e7 / 7.02 * 3540, rel=0.01)
    assert outcome.error_share < 0.01
    assert outcome.timeline.busy[-1] == pytest.approx(1e7 / 7.02 * 0.02, rel=0.02)


def test_its_error_is_that_of_the_simulation_of_the_same_scenario() -> None:
    scenario = ec2(open_load(500.0, 20.0), kind(2.0, app_ms=1.0))

    error = fluid_error(scenario, seed=1)

    exact = simulate(scenario, seed=1)
    assert error.requests == fluid(scenario).answered / exact.answered - 1
    assert error.percentiles.keys() == {"50", "95", "99"}


def test_it_says_the_same_each_time() -> None:
    first, again = fluid(CALM["ec2 busy"], DRAWS), fluid(CALM["ec2 busy"], DRAWS)

    assert (first.latencies.counts == again.latencies.counts).all()


def test_without_any_request_there_is_nothing_to_say() -> None:
    silent = function(open_load(0.0, 5.0), kind(20.0))

    for outcome in (fluid(silent, DRAWS), simulate(silent, 1)):
        assert (outcome.requests, outcome.error_share, outcome.peak_units) == (0, 0.0, 0)
        assert outcome.percentile_ms("50") is None
