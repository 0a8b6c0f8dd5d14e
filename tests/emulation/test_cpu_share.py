"""CPU by memory size: the quota in simulated time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.cpu_share import PERIOD_SECONDS, CpuQuota, vcpus


def greedy(quota: CpuQuota, seconds: float, threads: int = 1) -> float:
    """The CPU time of a process that never waits, run as process_control.py runs it."""
    now = used = 0.0
    while now < seconds:
        left = quota.charge(now, used)
        if left > 0:
            # As the watch does: no timer is shorter than it is worth.
            step = max(left, 0.0005)
            now += step
            used += step * threads
        else:
            now += quota.pause_seconds(now) + 1e-9
    return used


@pytest.mark.parametrize(
    ("memory_mb", "share"), [(128, 0.0724), (512, 0.2894), (1024, 0.5789), (1769, 1.0)]
)
def test_memory_buys_cpu_in_proportion(memory_mb: int, share: float) -> None:
    assert vcpus(memory_mb) == pytest.approx(share, abs=0.0001)


@given(share=st.floats(0.05, 0.95), threads=st.integers(1, 4))
def test_a_process_that_never_waits_gets_its_share_and_no_more(share: float, threads: int) -> None:
    used = greedy(CpuQuota(share), seconds=10.0, threads=threads)

    assert used == pytest.approx(10.0 * share, abs=4 * PERIOD_SECONDS)


def test_what_fits_into_the_quota_is_not_held_up() -> None:
    quota = CpuQuota(0.25)

    left = [quota.charge(number * PERIOD_SECONDS, number * 0.004) for number in range(5)]

    assert left == pytest.approx([0.005, 0.001, 0.001, 0.001, 0.001])


def test_what_is_left_over_lapses() -> None:
    quota = CpuQuota(0.5)
    quota.charge(0.0, 0.0)

    assert quota.charge(100.0, 0.0) == pytest.approx(0.5 * PERIOD_SECONDS)


def test_an_overdraft_is_paid_back_in_the_following_periods() -> None:
    quota = CpuQuota(0.5)
    quota.charge(0.0, 0.0)

    assert quota.charge(0.005, 0.035) == pytest.approx(-0.025)
    assert quota.pause_seconds(0.005) == pytest.approx(3 * PERIOD_SECONDS - 0.005)
    assert quota.charge(3 * PERIOD_SECONDS, 0.035) == pytest.approx(0.005)


def test_loading_is_not_charged() -> None:
    quota = CpuQuota(0.1)

    assert quota.charge(7.0, 0.5) == pytest.approx(0.002)
