import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.sandboxes import Assignment, PoolLimits, SandboxPool


def test_starts_an_environment_when_none_is_idle() -> None:
    pool = SandboxPool(PoolLimits(10))

    first = pool.acquire(0.0)
    second = pool.acquire(0.0)

    assert (first, second) == (Assignment(1, cold=True), Assignment(2, cold=True))


def test_reuses_the_most_recently_used_environment() -> None:
    pool = SandboxPool(PoolLimits(10))
    for _ in range(3):
        pool.acquire(0.0)
    for environment_id in (1, 2, 3):
        pool.initialised(environment_id, 0.0)
    for now, environment_id in enumerate((1, 3, 2)):
        pool.release(environment_id, float(now))

    assert [pool.acquire(0.0), pool.acquire(0.0)] == [
        Assignment(2, cold=False),
        Assignment(3, cold=False),
    ]


def test_throttles_at_the_concurrency_limit_counting_those_that_start() -> None:
    pool = SandboxPool(PoolLimits(2))
    pool.acquire(0.0)
    pool.acquire(0.0)
    pool.initialised(1, 0.0)

    assert pool.acquire(0.0) is None
    pool.release(1, 0.0)
    assert pool.acquire(0.0) == Assignment(1, cold=False)


def test_a_reserved_concurrency_of_zero_throttles_everything() -> None:
    assert SandboxPool(PoolLimits(0)).acquire(0.0) is None


def test_expires_what_was_idle_for_too_long() -> None:
    pool = SandboxPool(PoolLimits(10, idle_seconds=60.0))
    for environment_id in (1, 2):
        pool.acquire(0.0)
        pool.initialised(environment_id, 0.0)
    pool.release(1, 0.0)
    pool.release(2, 30.0)

    assert pool.expire(59.9) == []
    assert pool.expire(60.0) == [1]
    assert list(pool.idle) == [2]


@pytest.mark.parametrize("state", ["initialising", "busy", "idle"])
def test_forgets_an_environment_in_any_state(state: str) -> None:
    pool = SandboxPool(PoolLimits(1))
    pool.acquire(0.0)
    if state != "initialising":
        pool.initialised(1, 0.0)
    if state == "idle":
        pool.release(1, 0.0)

    pool.remove(1)

    assert pool.concurrency == 0
    assert pool.acquire(0.0) == Assignment(2, cold=True)


def test_a_provisioned_environment_serves_first_and_the_rest_spills_over() -> None:
    pool = SandboxPool(PoolLimits(10))
    first = pool.provision(0.0)
    before_it_is_ready = pool.acquire(0.0)
    pool.initialised(first, 1.0)

    assert before_it_is_ready == Assignment(2, cold=True)
    assert pool.acquire(1.0) == Assignment(first, cold=False)
    assert pool.acquire(1.0) == Assignment(3, cold=True)
    assert pool.concurrency == 3


def test_a_provisioned_environment_never_expires() -> None:
    pool = SandboxPool(PoolLimits(10, idle_seconds=60.0))
    provisioned = pool.provision(0.0)
    pool.initialised(provisioned, 0.0)

    assert pool.expire(1e6) == []
    pool.acquire(1e6)
    assert pool.release(provisioned, 1e6)
    assert pool.expire(2e6) == []
    assert pool.is_provisioned(provisioned)


def test_starts_a_thousand_environments_at_once_and_a_thousand_more_in_ten_seconds() -> None:
    pool = SandboxPool(PoolLimits(concurrency=5000))

    def started(now: float) -> int:
        return sum(pool.acquire(now) is not None for _ in range(1500))

    assert [started(0.0), started(1.0), started(11.0), started(12.0)] == [1000, 100, 1000, 100]


def test_the_scaling_rate_does_not_hold_back_what_idle_environments_serve() -> None:
    pool = SandboxPool(PoolLimits(scaling_burst=1, scaling_per_second=0.0))
    pool.acquire(0.0)
    assert pool.acquire(0.0) is None
    pool.initialised(1, 0.0)
    pool.release(1, 0.0)

    assert pool.acquire(0.0) == Assignment(1, cold=False)


def test_an_environment_over_its_age_takes_no_more_requests() -> None:
    pool = SandboxPool(PoolLimits(10, max_age_seconds=60.0))
    for environment_id in (1, 2):
        pool.acquire(0.0)
        pool.initialised(environment_id, 0.0)

    assert pool.release(1, 59.0)
    assert not pool.release(2, 60.0)
    assert pool.expire(60.0) == [1]


def test_retiring_the_idle_leaves_those_that_work() -> None:
    pool = SandboxPool(PoolLimits(10))
    for environment_id in (1, 2):
        pool.acquire(0.0)
        pool.initialised(environment_id, 0.0)
    pool.release(1, 0.0)
    pool.initialised(pool.provision(0.0), 0.0)

    assert pool.retire_idle() == [1, 3]
    assert pool.busy == {2}


@given(
    limit=st.integers(0, 4),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["acquire", "initialised", "release", "remove", "expire"]),
            st.integers(0, 9),
        ),
        max_size=80,
    ),
)
def test_never_exceeds_the_limit_nor_shares_an_environment(
    limit: int, steps: list[tuple[str, int]]
) -> None:
    pool = SandboxPool(PoolLimits(limit, idle_seconds=3.0, max_age_seconds=20.0))
    working: list[int] = []
    for now, (step, choice) in enumerate(steps):
        if step == "acquire":
            assignment = pool.acquire(float(now))
            if assignment is not None:
                assert assignment.environment_id not in working
                working.append(assignment.environment_id)
            else:
                assert len(working) == limit
        elif step == "expire":
            assert not set(pool.expire(float(now))) & set(working)
        elif working:
            environment_id = working[choice % len(working)]
            if step == "initialised" and environment_id in pool.initialising:
                pool.initialised(environment_id, 0.0)
            elif step == "release" and environment_id in pool.busy:
                if not pool.release(environment_id, float(now)):
                    pool.remove(environment_id)
                working.remove(environment_id)
            elif step == "remove":
                pool.remove(environment_id)
                working.remove(environment_id)

        assert len(working) == pool.concurrency <= limit
        assert not set(pool.idle) & (pool.initialising | pool.busy)
