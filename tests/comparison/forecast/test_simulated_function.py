from dataclasses import replace

import pytest

from comparison.errors import ComparisonError
from comparison.forecast.load import Load
from comparison.forecast.scenario import (
    Cache,
    Client,
    CpuTime,
    Database,
    Gateway,
    constant_time,
)
from comparison.forecast.simulation import simulate
from tests.comparison.forecast.builders import closed_load, function, kind, mean_ms, open_load


def test_the_same_seed_gives_the_same_outcome_and_another_one_another() -> None:
    scenario = function(open_load(200.0, 20.0), kind(20.0))

    first, again, other = simulate(scenario, 7), simulate(scenario, 7), simulate(scenario, 8)

    assert (first.requests, first.busy_seconds) == (again.requests, again.busy_seconds)
    assert (first.latencies.counts == again.latencies.counts).all()
    assert first.requests != other.requests


def test_a_user_who_thinks_longer_than_the_idle_expiry_always_starts_cold() -> None:
    alone = closed_load(1.0, 100.0, think=(10.0, 10.0))
    scenario = function(alone, kind(1.0), init=constant_time(300.0))

    kept = simulate(scenario, 1)
    expired = simulate(replace(scenario, idle_expiry_seconds=5.0), 1)

    assert kept.cold_starts == 1
    assert expired.cold_starts == expired.requests == 10
    assert expired.percentile_ms("50") == pytest.approx(301.0, rel=1e-3)
    assert expired.busy_seconds == pytest.approx(10 * 0.301)


def test_provisioned_environments_do_not_start_and_do_not_expire() -> None:
    load = open_load(100.0, 20.0)
    scenario = function(
        load, kind(20.0), init=constant_time(300.0), provisioned=20, idle_expiry_seconds=1.0
    )

    outcome = simulate(scenario, 1)

    assert outcome.cold_starts == 0
    assert outcome.peak_units == 20
    assert outcome.unit_seconds == 20 * 20.0


def test_new_environments_come_at_the_scaling_rate() -> None:
    scenario = function(
        closed_load(500.0, 1.0), kind(10_000.0), init=constant_time(0.0), scaling_environments=100
    )

    outcome = simulate(scenario, 1)

    # 100 at once, 10 a second after that, while nobody comes back within the second.
    assert outcome.cold_starts == pytest.approx(110, abs=2)
    assert outcome.errors["function throttled"] > 300


def test_reserved_concurrency_bounds_what_is_in_flight() -> None:
    scenario = function(open_load(1000.0, 10.0), kind(100.0), reserved_concurrency=30)

    outcome = simulate(scenario, 1)

    assert outcome.peak_units == 30
    assert set(outcome.errors) == {"function throttled"}


def test_requests_per_second_are_bounded_by_ten_times_the_concurrency() -> None:
    scenario = function(open_load(500.0, 100.0), kind(1.0), reserved_concurrency=20)

    assert simulate(scenario, 1).answered == pytest.approx(200 * 101, rel=0.01)


def test_the_gateway_gives_up_after_29_seconds_and_the_function_goes_on() -> None:
    scenario = function(closed_load(1.0, 60.0), kind(40_000.0))

    outcome = simulate(scenario, 1)

    assert outcome.errors == {"gateway timeout": outcome.requests}
    assert outcome.busy_seconds == pytest.approx(40.0 * outcome.requests)


def test_the_client_gives_up_before_that_if_it_likes() -> None:
    scenario = function(closed_load(1.0, 60.0), kind(40_000.0), client=Client(timeout_seconds=3.0))

    assert set(simulate(scenario, 1).errors) == {"client timeout"}


def test_the_gateway_and_the_network_add_to_every_answer() -> None:
    scenario = function(
        open_load(100.0, 10.0),
        kind(20.0),
        gateway=Gateway(overhead_ms=10.0),
        client=Client(round_trip_ms=5.0),
    )

    assert simulate(scenario, 1).percentile_ms("50") == pytest.approx(35.0, rel=1e-3)


def test_without_a_proxy_environments_beyond_max_connections_get_none() -> None:
    database = Database(vcpus=2.0, max_connections=5)
    miss = kind(100.0, connects_to_database=True)
    scenario = function(open_load(100.0, 20.0), miss, database=database)

    alone = simulate(scenario, 1)
    behind = simulate(replace(scenario, database=replace(database, proxy=True)), 1)

    assert alone.errors["no database connection"] > alone.requests / 4
    # Behind the proxy they wait: 5 connections x 100 ms carry half of the requests.
    assert behind.answered == pytest.approx(behind.requests / 2, rel=0.1)
    assert mean_ms(behind) > 500


def test_the_database_cores_are_a_queue_behind_the_proxy() -> None:
    miss = kind(1.0, connects_to_database=True, cpu=CpuTime(database_ms=1.0))
    database = Database(2.0, 1000, proxy=True, proxy_ms=0.0)
    scenario = function(open_load(1500.0, 100.0), miss, database=database)

    outcome = simulate(scenario, 1)

    assert outcome.utilisation["database"] == pytest.approx(0.75, rel=0.01)
    # M/D/2 at 75 %: about half of the wait of M/M/2, which is 1.29 ms.
    assert mean_ms(outcome) == pytest.approx(1 + 1.29 / 2, rel=0.05)


def test_one_thread_runs_all_commands_of_the_cache() -> None:
    hit = kind(0.0, cpu=CpuTime(cache_ms=0.1))
    scenario = function(open_load(5000.0, 40.0), hit, cache=Cache())

    outcome = simulate(scenario, 1)

    assert outcome.utilisation["cache"] == pytest.approx(0.5, rel=0.01)
    assert mean_ms(outcome) == pytest.approx(0.05, rel=0.03)


def test_environments_on_one_host_wait_for_its_cores() -> None:
    scenario = function(open_load(700.0, 200.0), kind(1.0, app_ms=1.0), host_vcpus=1.0)

    outcome = simulate(scenario, 1)

    assert outcome.utilisation["host"] == pytest.approx(0.7, rel=0.01)
    assert mean_ms(outcome) == pytest.approx(1 + 0.7 / (2 * 0.3), rel=0.02)


def test_a_retry_is_an_attempt_of_the_same_request() -> None:
    scenario = function(
        open_load(100.0, 50.0),
        kind(100.0),
        reserved_concurrency=10,
        client=Client(retries=5, backoff_seconds=0.2),
    )

    outcome = simulate(scenario, 1)

    assert outcome.attempts > outcome.requests
    failed = sum(outcome.attempt_errors.values())
    assert outcome.attempts - outcome.requests == failed - sum(outcome.errors.values())
    assert outcome.answered + sum(outcome.errors.values()) == outcome.requests


def test_what_comes_before_the_end_of_the_warm_up_is_not_counted() -> None:
    scenario = function(open_load(100.0, 100.0, warm_up_seconds=90.0), kind(1.0))

    outcome = simulate(scenario, 1)

    assert outcome.requests == pytest.approx(1000, rel=0.1)
    assert outcome.timeline.sent.sum() == pytest.approx(10_000, rel=0.05)


def test_users_leave_when_the_level_falls_and_come_back_when_it_rises() -> None:
    levels = (100.0,) * 100 + (10.0,) * 100 + (100.0,) * 100
    scenario = function(Load("closed", levels, 1.0, 1.0, 1.0), kind(1.0))

    sent = simulate(scenario, 1).timeline.sent

    assert sent[50:100].mean() == pytest.approx(100, rel=0.02)
    assert sent[150:200].mean() == pytest.approx(10, rel=0.02)
    assert sent[250:300].mean() == pytest.approx(100, rel=0.02)


def test_the_timeline_holds_what_happened_in_each_step() -> None:
    outcome = simulate(function(open_load(1000.0, 30.0, 10.0), kind(50.0)), 1)

    assert outcome.timeline.sent.sum() == outcome.attempts
    assert len(outcome.timeline.units) == 3
    assert outcome.timeline.busy == pytest.approx([50.0] * 3, rel=0.03)


def test_too_many_open_attempts_are_an_error_that_says_what_to_do() -> None:
    scenario = function(
        open_load(2000.0, 5.0),
        kind(1.0),
        reserved_concurrency=1,
        client=Client(retries=1, backoff_seconds=1000.0),
    )

    assert simulate(scenario, 1).requests > 9000
    with pytest.raises(ComparisonError, match=r"more than 1,024 .* the fluid model"):
        simulate(scenario, 1, most_room=1024)
