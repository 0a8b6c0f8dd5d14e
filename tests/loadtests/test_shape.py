import dataclasses
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.behaviour import turns
from loadtests.profiles import PROFILES, Profile, customised
from loadtests.shape import start_seconds, users_at

ORIGIN = PROFILES["origin"]
PROFILE = st.builds(
    lambda users, step_seconds, step_share, spawn_rate: dataclasses.replace(
        ORIGIN,
        users=users,
        step_seconds=step_seconds,
        step_share=step_share,
        spawn_rate=spawn_rate,
    ),
    st.integers(1, 400),
    st.floats(0.1, 60),
    st.floats(0.01, 1),
    st.floats(0.1, 100),
)


@pytest.mark.parametrize(
    ("users", "elapsed_seconds", "expected"),
    [
        (50, 0.0, 1),
        (50, 0.1, 2),
        (50, 0.4, 5),  # the first step is done: 10 %
        (50, 14.9, 5),
        (50, 15.0, 6),
        (50, 29.9, 10),
        (50, 135.4, 50),
        (50, 179.9, 50),
        (50, 180.0, None),
        (50, 200.0, None),
        (1500, 1.0, 11),
        (1500, 14.9, 150),
        (1500, 149.9, 1500),  # full load after 150 s
        (3000, 149.9, 1500),  # more than 10 a second do not start
        (4, 0.0, 1),  # 10 % of 4: somebody starts at once
        (1, 0.0, 1),
        (6, 74.9, 3),  # not 4, though in floating point 6 x 0.1 x 5 is a little above 3
    ],
)
def test_origin_adds_a_tenth_of_the_users_every_15_seconds(
    users: int, elapsed_seconds: float, expected: int | None
) -> None:
    assert users_at(customised(ORIGIN, users=users), elapsed_seconds) == expected


def test_quick_is_at_full_load_a_second_before_its_warm_up_ends() -> None:
    quick = PROFILES["quick"]

    assert users_at(quick, quick.warm_up_seconds - 1) == quick.users


@given(PROFILE)
def test_users_start_in_order_and_never_faster_than_the_spawn_rate(profile: Profile) -> None:
    starts = [start_seconds(profile, number) for number in range(1, profile.users + 1)]

    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert starts[0] == 0
    assert all(pause >= 1 / profile.spawn_rate - 1e-6 for pause in pauses)


@given(PROFILE, st.integers(1, 400))
def test_a_user_is_counted_from_its_start_on(profile: Profile, number: int) -> None:
    number = min(number, profile.users)
    start = start_seconds(profile, number)
    profile = dataclasses.replace(profile, block_seconds=start + 1)

    assert users_at(profile, start) == number
    assert (users_at(profile, start - 1e-3) or 0) < number


@pytest.mark.parametrize(
    ("users", "published"),
    [(50, 822), (100, 1640), (200, 3270), (400, 6500), (800, 12700), (1500, 22860)],
)
def test_origin_makes_as_many_requests_as_in_2020(users: int, published: int) -> None:
    profile = customised(ORIGIN, users=users)

    made = sum(requests_of(profile, number) for number in range(1, users + 1))

    assert made == pytest.approx(published, rel=0.03)


def requests_of(profile: Profile, number: int, answer_seconds: float = 0.02) -> int:
    now = start_seconds(profile, number)
    made = 0
    for turn in turns(profile, seed=1, number=number):
        if now >= profile.block_seconds:
            break
        made += 1
        now += answer_seconds + turn.wait_seconds
    return made
