from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.behaviour import turns
from loadtests.profiles import PROFILES, Profile, customised
from loadtests.profiles.profile import Point, Steps, UserCurve
from loadtests.shape import presences, start_seconds, users_at, users_started

ORIGIN = PROFILES["origin"]


def with_users(users: int, shape: Steps | UserCurve, block_seconds: float = 180.0) -> Profile:
    assert ORIGIN.closed is not None
    closed = replace(ORIGIN.closed, users=users, shape=shape)
    return replace(ORIGIN, closed=closed, block_seconds=block_seconds)


PROFILE = st.builds(
    lambda users, every_seconds, share, spawn_rate: with_users(
        users, Steps(every_seconds, share, spawn_rate)
    ),
    st.integers(1, 400),
    st.floats(0.1, 60),
    st.floats(0.01, 1),
    st.floats(0.1, 100),
)
CURVE = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=6).map(
    lambda inner: (Point(0, 0.5), *(Point(*point) for point in sorted(inner)), Point(1, 1))
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
    assert profile.closed is not None
    assert starts[0] == 0
    assert all(pause >= 1 / profile.closed.shape.spawn_rate - 1e-6 for pause in pauses)


@given(PROFILE, st.integers(1, 400))
def test_a_user_is_counted_from_its_start_on(profile: Profile, number: int) -> None:
    number = min(number, profile.users)
    start = start_seconds(profile, number)
    profile = replace(profile, block_seconds=start + 1)

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


def test_a_spike_comes_at_once_stays_and_goes() -> None:
    spike = PROFILES["spike"]

    there = [users_at(spike, moment) for moment in (0.5, 19.7, 20.305, 21.0, 40.1, 40.3, 59.9)]

    assert there == [10, 10, 61, 100, 100, 10, 10]


def test_users_of_a_curve_come_no_faster_than_the_spawn_rate() -> None:
    curve = UserCurve((Point(0, 1), Point(1, 1)), spawn_rate=4)

    found = presences(with_users(3, curve, block_seconds=10))

    assert [(user[0].start_seconds, user[0].end_seconds) for user in found] == [
        (0.0, 10),
        (0.25, 10),
        (0.5, 10),
    ]


def test_a_user_goes_when_the_curve_falls_below_it_and_comes_again() -> None:
    curve = UserCurve((Point(0, 1), Point(0.5, 0), Point(1, 1)), spawn_rate=100)

    first, second = presences(with_users(2, curve, block_seconds=20))

    # User 2 is there above half of the load, user 1 above none of it.
    assert [(one.start_seconds, one.end_seconds) for one in first] == [(0, 10), (10, 20)]
    assert [(one.start_seconds, one.end_seconds) for one in second] == [(0.01, 5), (15, 20)]


def test_a_user_who_would_start_after_its_end_never_comes() -> None:
    curve = UserCurve((Point(0, 1), Point(0.1, 0), Point(1, 0)), spawn_rate=1)

    found = presences(with_users(10, curve, block_seconds=10))

    assert [len(user) for user in found] == [1] + [0] * 9
    assert start_seconds(with_users(10, curve, block_seconds=10), 10) == float("inf")


@given(st.integers(1, 60), CURVE, st.floats(1, 100))
def test_presences_follow_each_other_within_the_block(
    users: int, points: tuple[Point, ...], spawn_rate: float
) -> None:
    found = presences(with_users(users, UserCurve(points, spawn_rate), block_seconds=30))

    assert len(found) == users
    for user in found:
        moments = [moment for one in user for moment in (one.start_seconds, one.end_seconds)]
        assert moments == sorted(moments)
        assert all(0 <= moment <= 30 for moment in moments)


@given(st.integers(1, 60), CURVE, st.floats(1, 100))
def test_users_start_for_the_first_time_in_the_order_of_their_numbers(
    users: int, points: tuple[Point, ...], spawn_rate: float
) -> None:
    found = presences(with_users(users, UserCurve(points, spawn_rate), block_seconds=30))

    firsts = [user[0].start_seconds for user in found if user]

    assert firsts == sorted(firsts)


def test_users_who_have_started_are_those_whose_start_has_passed() -> None:
    assert [users_started((0.0, 1.0, 2.5), moment) for moment in (-1, 0, 2, 9)] == [0, 1, 2, 3]
