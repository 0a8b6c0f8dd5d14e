import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.sandboxes import Assignment, SandboxPool


def test_starts_an_environment_when_none_is_idle() -> None:
    pool = SandboxPool(concurrency_limit=10)

    first = pool.acquire()
    second = pool.acquire()

    assert (first, second) == (Assignment(1, cold=True), Assignment(2, cold=True))


def test_reuses_the_most_recently_used_environment() -> None:
    pool = SandboxPool(concurrency_limit=10)
    for _ in range(3):
        pool.acquire()
    for environment_id in (1, 2, 3):
        pool.initialised(environment_id)
    for now, environment_id in enumerate((1, 3, 2)):
        pool.release(environment_id, float(now))

    assert [pool.acquire(), pool.acquire()] == [
        Assignment(2, cold=False),
        Assignment(3, cold=False),
    ]


def test_throttles_at_the_concurrency_limit_counting_those_that_start() -> None:
    pool = SandboxPool(concurrency_limit=2)
    pool.acquire()
    pool.acquire()
    pool.initialised(1)

    assert pool.acquire() is None
    pool.release(1, 0.0)
    assert pool.acquire() == Assignment(1, cold=False)


def test_a_reserved_concurrency_of_zero_throttles_everything() -> None:
    assert SandboxPool(concurrency_limit=0).acquire() is None


def test_expires_what_was_idle_for_too_long() -> None:
    pool = SandboxPool(concurrency_limit=10, idle_seconds=60.0)
    for environment_id in (1, 2):
        pool.acquire()
        pool.initialised(environment_id)
    pool.release(1, 0.0)
    pool.release(2, 30.0)

    assert pool.expire(59.9) == []
    assert pool.expire(60.0) == [1]
    assert list(pool.idle) == [2]


@pytest.mark.parametrize("state", ["initialising", "busy", "idle"])
def test_forgets_an_environment_in_any_state(state: str) -> None:
    pool = SandboxPool(concurrency_limit=1)
    pool.acquire()
    if state != "initialising":
        pool.initialised(1)
    if state == "idle":
        pool.release(1, 0.0)

    pool.remove(1)

    assert pool.concurrency == 0
    assert pool.acquire() == Assignment(2, cold=True)


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
    pool = SandboxPool(limit, idle_seconds=3.0)
    working: list[int] = []
    for now, (step, choice) in enumerate(steps):
        if step == "acquire":
            assignment = pool.acquire()
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
                pool.initialised(environment_id)
            elif step == "release" and environment_id in pool.busy:
                pool.release(environment_id, float(now))
                working.remove(environment_id)
            elif step == "remove":
                pool.remove(environment_id)
                working.remove(environment_id)

        assert len(working) == pool.concurrency <= limit
        assert not set(pool.idle) & (pool.initialising | pool.busy)
