from dataclasses import replace

import numpy as np
import pytest

from comparison.forecast.load import Load
from comparison.forecast.scenario import (
    Autoscaling,
    Client,
    CpuTime,
    Credits,
    Database,
    Ec2Scenario,
)
from comparison.forecast.simulation import simulate
from tests.comparison.forecast.builders import closed_load, ec2, kind, mean_ms, open_load

SCALING = Autoscaling(minimum=1, maximum=4, target_cpu_share=0.5, start_seconds=90.0)


def test_without_other_requests_one_takes_what_was_measured() -> None:
    scenario = ec2(closed_load(1.0, 100.0), kind(20.0, app_ms=1.0))

    assert simulate(scenario, 1).percentile_ms("50") == pytest.approx(20.0, rel=1e-3)


def test_a_new_connection_costs_one_more_round_trip() -> None:
    kept = ec2(closed_load(1.0, 100.0), kind(1.0), client=Client(round_trip_ms=13.0))
    opened = replace(kept, client=replace(kept.client, connection_per_request=True))

    assert simulate(kept, 1).percentile_ms("50") == pytest.approx(14.0, rel=1e-3)
    assert simulate(opened, 1).percentile_ms("50") == pytest.approx(27.0, rel=1e-3)


def test_waiting_for_data_occupies_no_worker() -> None:
    scenario = ec2(open_load(500.0, 100.0), kind(1000.0, app_ms=0.1))

    outcome = simulate(scenario, 1)

    assert outcome.utilisation["instances"] == pytest.approx(0.05, rel=0.05)
    assert outcome.percentile_ms("95") == pytest.approx(1000.0, rel=0.01)


def test_a_load_balancer_shares_requests_among_instances() -> None:
    one = ec2(open_load(900.0, 50.0), kind(0.0, app_ms=1.0), load_balancer_ms=1.0)
    three = replace(one, instances=3)

    assert mean_ms(simulate(three, 1)) < mean_ms(simulate(one, 1)) / 2
    assert simulate(three, 1).utilisation["instances"] == pytest.approx(0.3, rel=0.02)


def test_who_waits_longer_than_the_timeout_gives_up_and_the_server_goes_on() -> None:
    scenario = ec2(
        open_load(2000.0, 20.0), kind(0.0, app_ms=1.0), client=Client(timeout_seconds=2.0)
    )

    outcome = simulate(scenario, 1)

    assert set(outcome.errors) == {"client timeout"}
    # Answered in time are the first 4 s; from then on the server works for nobody.
    assert outcome.answered == pytest.approx(4000, rel=0.05)
    assert outcome.busy_seconds == pytest.approx(20.0, rel=0.01)


def test_after_a_spike_retries_keep_an_overload_going() -> None:
    levels = (700.0,) * 10 + (3000.0,) * 5 + (700.0,) * 85
    spike = ec2(
        Load("open", levels, 1.0), kind(0.0, app_ms=1.0), client=Client(timeout_seconds=1.0)
    )

    patient = simulate(spike, 1)
    storm = simulate(replace(spike, client=replace(spike.client, retries=3)), 1)

    assert patient.timeline.failed[-20:].sum() == 0
    assert storm.timeline.failed[-20:].sum() > 20 * 700
    assert storm.answered < patient.answered


def test_a_request_that_gets_no_database_connection_in_time_fails() -> None:
    miss = kind(100.0, connects_to_database=True)
    scenario = ec2(
        open_load(100.0, 50.0), miss, database=Database(2.0, 5), connections_per_instance=16
    )

    outcome = simulate(scenario, 1)

    assert set(outcome.errors) == {"no database connection"}
    assert outcome.error_share == pytest.approx(0.5, abs=0.05)


def credits_of(unlimited: bool) -> Ec2Scenario:  # noqa: FBT001 - the one thing that differs
    """200 s at half a vCPU, with a baseline of a tenth and 30 s of credits."""
    burst = Credits(baseline_share=0.1, at_start=0.5, maximum=10.0, unlimited=unlimited)
    return ec2(
        open_load(500.0, 200.0),
        kind(0.0, app_ms=1.0),
        credits=burst,
        client=Client(timeout_seconds=1.0),
    )


def test_a_standard_instance_falls_to_its_baseline_when_its_credits_are_spent() -> None:
    outcome = simulate(credits_of(unlimited=False), 1)

    # 30 s of credits at a net 0.4 a second last 75 s; then a tenth of a vCPU is left.
    assert outcome.timeline.busy[:70].mean() == pytest.approx(0.5, rel=0.02)
    assert outcome.timeline.busy[80:].mean() == pytest.approx(0.1, rel=0.05)
    assert outcome.error_share > 0.5
    assert outcome.surplus_credits == 0


def test_an_unlimited_instance_goes_on_and_is_billed() -> None:
    outcome = simulate(credits_of(unlimited=True), 1)

    assert outcome.error_share == 0
    assert outcome.surplus_credits == pytest.approx((0.4 * 200 - 30) / 60, rel=0.05)


def test_instances_are_added_after_three_periods_and_the_time_they_take_to_start() -> None:
    scenario = ec2(
        open_load(1500.0, 600.0),
        kind(0.0, app_ms=1.0),
        workers=2,
        vcpus=2.0,
        load_balancer_ms=0.0,
        autoscaling=SCALING,
    )

    units = simulate(scenario, 1).timeline.units

    assert units[268] == 1
    assert units[271] == 2
    assert units.max() == 2


def test_instances_are_removed_after_fifteen_quiet_periods() -> None:
    scenario = ec2(
        open_load(100.0, 1200.0),
        kind(0.0, app_ms=1.0),
        instances=3,
        load_balancer_ms=0.0,
        autoscaling=SCALING,
    )

    units = simulate(scenario, 1).timeline.units

    assert units[895] == 3
    assert units[905] == 1


def test_busy_vcpus_of_all_steps_are_the_busy_seconds() -> None:
    scenario = ec2(open_load(300.0, 50.0), kind(0.0, app_ms=1.0))

    outcome = simulate(scenario, 1)

    assert np.sum(outcome.timeline.busy) == pytest.approx(outcome.busy_seconds)
    assert outcome.unit_seconds == 50.0
    assert outcome.utilisation["instances"] == pytest.approx(0.3, rel=0.03)


def test_kinds_come_in_their_shares() -> None:
    kinds = (kind(1.0, share=3.0), kind(100.0, share=1.0, cpu=CpuTime()))

    outcome = simulate(ec2(open_load(1000.0, 50.0), *kinds), 1)

    assert mean_ms(outcome) == pytest.approx(0.75 * 1.0 + 0.25 * 100.0, rel=0.02)
