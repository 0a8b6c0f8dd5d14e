"""The simulation against results that are known exactly, each within 1 %.

Sources: L. Kleinrock, "Queueing Systems" I (1975) for M/M/c, M/D/1 and M/G/1-PS; A. K. Erlang's
formulas B and C as in R. B. Cooper, "Introduction to Queueing Theory" (1981), chapter 3. The runs
are long enough for noise of about 0.3 % at the seed chosen, and each seed gives the same always.
"""

from math import factorial

import pytest

from comparison.forecast.scenario import Accept, Client
from comparison.forecast.simulation import simulate
from tests.comparison.forecast.builders import closed_load, ec2, function, kind, mean_ms, open_load

WITHIN = 0.01


def erlang_b(servers: int, offered: float) -> float:
    """The share of requests that find all servers busy and are lost."""
    terms = [offered**busy / factorial(busy) for busy in range(servers + 1)]
    return terms[-1] / sum(terms)


def erlang_c(servers: int, offered: float) -> float:
    """The share of requests that have to wait."""
    lost = erlang_b(servers, offered)
    return lost / (1 - offered / servers * (1 - lost))


def test_one_server_with_exponential_times_is_m_m_1() -> None:
    scenario = ec2(open_load(500.0, 2000.0), kind(0.0, app_ms=1.0), cpu_variation=1.0)

    outcome = simulate(scenario, seed=1)

    assert mean_ms(outcome) == pytest.approx(1 / (1 - 0.5), rel=WITHIN)
    # Its sojourn time is exponential itself: the median is ln 2 of the mean.
    assert outcome.percentile_ms("50") == pytest.approx(2 * 0.6931, rel=WITHIN)
    assert outcome.percentile_ms("99") == pytest.approx(2 * 4.6052, rel=2 * WITHIN)


def test_one_server_with_constant_times_is_m_d_1() -> None:
    scenario = ec2(open_load(700.0, 1500.0), kind(0.0, app_ms=1.0))

    waited_ms = mean_ms(simulate(scenario, seed=1)) - 1.0

    assert waited_ms == pytest.approx(0.7 / (2 * (1 - 0.7)), rel=WITHIN)


@pytest.mark.parametrize(("servers", "rate"), [(2, 1200.0), (5, 3500.0)])
def test_several_workers_with_one_queue_are_m_m_c(servers: int, rate: float) -> None:
    scenario = ec2(
        open_load(rate, 1_200_000 / rate),
        kind(0.0, app_ms=1.0),
        workers=servers,
        vcpus=float(servers),
        one_queue=True,
        cpu_variation=1.0,
    )

    waited_ms = mean_ms(simulate(scenario, seed=2)) - 1.0

    # Erlang C: who has to wait, and how long these wait.
    expected_ms = erlang_c(servers, rate / 1000) / (servers - rate / 1000)
    assert waited_ms + 1.0 == pytest.approx(expected_ms + 1.0, rel=WITHIN)


def test_a_queue_for_each_worker_is_so_many_times_m_m_1() -> None:
    scenario = ec2(
        open_load(1000.0, 1000.0),
        kind(0.0, app_ms=1.0),
        workers=2,
        vcpus=2.0,
        cpu_variation=1.0,
    )

    assert mean_ms(simulate(scenario, seed=1)) == pytest.approx(2.0, rel=WITHIN)


@pytest.mark.parametrize("variation", [0.0, 2.0])
def test_many_workers_on_one_core_are_m_g_1_with_processor_sharing(variation: float) -> None:
    scenario = ec2(
        open_load(500.0, 2000.0),
        kind(0.0, app_ms=1.0),
        workers=512,
        one_queue=True,
        cpu_variation=variation,
    )

    # Insensitive to how much the times vary: only their mean counts.
    assert mean_ms(simulate(scenario, seed=1)) == pytest.approx(2.0, rel=WITHIN)


def test_environments_that_are_limited_lose_what_erlang_b_says() -> None:
    scenario = function(open_load(100.0, 10_000.0), kind(100.0), reserved_concurrency=12)

    outcome = simulate(scenario, seed=1)

    share = outcome.errors["function throttled"] / outcome.requests
    assert share == pytest.approx(erlang_b(12, 10.0), rel=WITHIN)
    assert outcome.busy_seconds / 10_000 == pytest.approx(10 * (1 - share), rel=WITHIN)


def test_slots_without_a_queue_drop_what_erlang_b_says() -> None:
    accept = Accept(slots=5, queue=0, hold_ms=0.0, first_retransmission_seconds=1e6)
    scenario = ec2(
        open_load(400.0, 2500.0),
        kind(10.0),
        accept=accept,
        client=Client(timeout_seconds=0.5),
    )

    outcome = simulate(scenario, seed=1)

    assert outcome.errors["no connection"] / outcome.requests == pytest.approx(
        erlang_b(5, 4.0), rel=WITHIN
    )


def test_a_gateway_lets_through_its_rate_and_once_its_burst() -> None:
    scenario = function(open_load(400.0, 500.0), kind(0.1))
    gateway = {"requests_per_second": 300.0, "burst": 5000.0}
    limited = function(
        open_load(400.0, 500.0),
        kind(0.1),
        gateway=type(scenario.gateway)(**gateway, overhead_ms=0.0),
    )

    assert simulate(scenario, seed=1).answered == simulate(scenario, seed=1).requests
    assert simulate(limited, seed=1).answered == pytest.approx(300 * 500 + 5000, rel=WITHIN)


def test_users_who_think_make_the_rate_that_littles_law_gives() -> None:
    outcome = simulate(function(closed_load(800.0, 1000.0), kind(1000.0)), seed=1)

    assert outcome.requests / 1000 == pytest.approx(800 / (7.0 + 1.0), rel=WITHIN)
