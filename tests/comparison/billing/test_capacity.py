from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.billing.capacity import Slo, parse_slo, rate_carried, wait_ms
from comparison.errors import ComparisonError


def test_an_slo_is_a_percentile_and_a_limit() -> None:
    assert parse_slo("p95<200ms") == Slo("95", 200.0)
    assert parse_slo("p99.9 < 1.5 ms") == Slo("99.9", 1.5)
    assert parse_slo("p95<200ms").text == "p95<200ms"


@pytest.mark.parametrize("text", ["", "p95", "200ms", "p42<1ms", "p95<0ms", "p95<200", "p95>2ms"])
def test_anything_else_is_an_error_that_shows_how_to_write_it(text: str) -> None:
    with pytest.raises(ComparisonError, match="such as p95<200ms"):
        parse_slo(text)


def test_without_an_slo_the_cpu_and_its_headroom_decide() -> None:
    assert rate_carried(2.0, 2, headroom=0.3) == pytest.approx(700.0)
    assert rate_carried(2.0, 2, headroom=0.0) == pytest.approx(1000.0)


def test_one_server_waits_as_the_textbook_says() -> None:
    # M/M/1: the wait exceeds t with probability rho exp(-(mu - lambda) t).
    cpu_ms, rate = 10.0, 50.0

    at = wait_ms(cpu_ms, 1, rate, 0.95)

    assert 0.5 * exp(-(1 / cpu_ms - rate / 1000) * at) == pytest.approx(0.05)


def test_two_servers_have_to_wait_as_erlang_says() -> None:
    # Erlang C for 2 servers and a load of 1: 1/3 of the requests wait.
    assert wait_ms(10.0, 2, 100.0, 2 / 3) == pytest.approx(0.0)
    assert wait_ms(10.0, 2, 100.0, 0.67) > 0


def test_a_tight_slo_leaves_an_instance_fewer_requests() -> None:
    loose = rate_carried(10.0, 2, 0.3, Slo("95", 500.0), measured_ms=20.0)
    tight = rate_carried(10.0, 2, 0.3, Slo("95", 25.0), measured_ms=20.0)

    assert loose == pytest.approx(140.0)
    assert 0 < tight < loose
    assert wait_ms(10.0, 2, tight, 0.95) == pytest.approx(5.0)


def test_an_slo_that_does_not_hold_when_idle_holds_nowhere() -> None:
    assert rate_carried(2.0, 2, 0.3, Slo("95", 20.0), measured_ms=20.0) == 0


def test_a_baseline_of_less_than_a_vcpu_is_one_slow_one() -> None:
    slow = rate_carried(2.0, 0.2, 0.3, Slo("95", 60.0), measured_ms=20.0)

    assert 0 < slow < rate_carried(2.0, 0.2, 0.3)


@given(st.floats(0.01, 500), st.sampled_from([0.2, 0.6, 1, 2, 8, 64]), st.floats(0.1, 5000))
def test_a_looser_slo_never_carries_less(cpu_ms: float, vcpus: float, limit_ms: float) -> None:
    tight, loose = (
        rate_carried(cpu_ms, vcpus, 0.3, Slo("95", limit), measured_ms=1.0)
        for limit in (limit_ms, limit_ms * 2)
    )

    assert 0 <= tight <= loose * (1 + 1e-9)
    assert loose <= rate_carried(cpu_ms, vcpus, 0.3)
