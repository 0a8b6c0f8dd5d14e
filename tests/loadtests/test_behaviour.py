import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.behaviour import (
    Request,
    Turn,
    chance_of,
    request_chooser,
    turns,
    zipf_sums,
)
from loadtests.profiles import PROFILES, Profile
from loadtests.profiles.profile import ConstantThinkTime, ExponentialThinkTime, ThinkTime

ORIGIN = PROFILES["origin"]
PINNED_PATHS = [f"/customerdata/{key}" for key in (4053, 728, 1218, 1043)]
PINNED_WAITS = [5.44727732613241, 8.48993383306133, 7.366697467397746, 8.964162655243769]
# SHA-256 of 200 turns each of 6 users, as the first version of the profiles made them.
FIRST_VERSION = {
    "origin": "9f5a070a8854b4de373e5e89e16c46af598d931369dbf7aacc837f06217f9851",
    "quick": "a83e31f8f866cdec5b7040207b33ced0333c61a3a1978606af8ca348da7c1b00",
}


def first_turns(seed: int, number: int, count: int = 50, profile: Profile = ORIGIN) -> list[Turn]:
    return list(islice(turns(profile, seed, number), count))


def requested(profile: Profile, count: int) -> list[Request]:
    chance = chance_of("a test")
    choose = request_chooser(profile)
    return [choose(chance) for _ in range(count)]


def customer_id(turn: Turn) -> int:
    return int(turn.request.path.rpartition("/")[2])


def with_keys(last_id: int, zipf_exponent: float) -> Profile:
    return replace(ORIGIN, keys=replace(ORIGIN.keys, last_id=last_id, zipf_exponent=zipf_exponent))


def with_routes(**weights: float) -> Profile:
    routes: Mapping[str, float] = {
        {"data": "/customerdata/{id}", "name": "/customer/{id}", "root": "/"}[name]: weight
        for name, weight in weights.items()
    }
    return replace(ORIGIN, routes=routes)


def with_think_time(think_time: ThinkTime) -> Profile:
    assert ORIGIN.closed is not None
    return replace(ORIGIN, closed=replace(ORIGIN.closed, think_time=think_time))


def test_the_same_seed_makes_the_same_users() -> None:
    assert first_turns(seed=7, number=3) == first_turns(seed=7, number=3)


def test_users_and_seeds_differ() -> None:
    assert first_turns(seed=7, number=3) != first_turns(seed=7, number=4)
    assert first_turns(seed=7, number=3) != first_turns(seed=8, number=3)
    # "1/11" and "11/1" are two users, which adding the numbers would make one.
    assert first_turns(seed=1, number=11) != first_turns(seed=11, number=1)


def test_a_seed_means_the_same_on_every_python() -> None:
    found = first_turns(seed=1, number=1, count=4)

    assert [turn.request.path for turn in found] == PINNED_PATHS
    assert [turn.wait_seconds for turn in found] == PINNED_WAITS


@pytest.mark.parametrize("name", ["origin", "quick"])
def test_a_seed_means_the_same_as_in_the_first_version(name: str) -> None:
    found = [
        [
            (turn.request.path, turn.wait_seconds)
            for turn in first_turns(seed, number, 200, PROFILES[name])
        ]
        for seed in (1, 7)
        for number in (1, 2, 33)
    ]

    assert hashlib.sha256(json.dumps(found).encode()).hexdigest() == FIRST_VERSION[name]


@given(st.integers(), st.integers(1, 2000))
def test_ids_and_waits_stay_within_the_profile(seed: int, number: int) -> None:
    for turn in first_turns(seed, number):
        assert 1 <= customer_id(turn) <= 4499
        assert 5 <= turn.wait_seconds <= 9


def test_both_ends_of_the_ids_are_asked_for() -> None:
    asked = {customer_id(turn) for turn in first_turns(seed=1, number=1, count=60_000)}

    assert (min(asked), max(asked)) == (1, 4499)


def test_zipf_asks_for_the_nth_customer_in_proportion_to_the_power_of_n() -> None:
    asked = Counter(one.path for one in requested(with_keys(last_id=4, zipf_exponent=1.0), 25_000))

    # 1/1 : 1/2 : 1/3 : 1/4 is 12 : 6 : 4 : 3.
    shares = [asked[f"/customerdata/{key}"] / 25_000 for key in (1, 2, 3, 4)]
    assert shares == pytest.approx([0.48, 0.24, 0.16, 0.12], abs=0.01)


def test_zipf_sums_are_exact() -> None:
    assert zipf_sums(3, 2.0) == pytest.approx((1, 1 + 1 / 4, 1 + 1 / 4 + 1 / 9), rel=1e-15)


class AlmostOne:
    def random(self) -> float:
        return 1 - 2**-53


def test_the_largest_draw_is_still_the_last_customer() -> None:
    choose = request_chooser(with_keys(last_id=4499, zipf_exponent=0.9))

    assert choose(AlmostOne()).path == "/customerdata/4499"  # type: ignore[arg-type]


def test_routes_are_asked_for_by_their_weights() -> None:
    asked = Counter(one.route for one in requested(with_routes(data=7, name=2, root=1), 20_000))

    assert asked["/customerdata/{id}"] / 20_000 == pytest.approx(0.7, abs=0.01)
    assert asked["/customer/{id}"] / 20_000 == pytest.approx(0.2, abs=0.01)
    assert asked["/"] / 20_000 == pytest.approx(0.1, abs=0.01)


def test_a_route_without_an_id_is_asked_for_as_it_is() -> None:
    assert requested(with_routes(root=1), 2) == [Request("/", "/")] * 2


def test_a_request_is_counted_under_its_route() -> None:
    (request,) = requested(with_routes(name=1), 1)

    assert request.route == "/customer/{id}"
    assert request.path.startswith("/customer/")
    assert request.path.rpartition("/")[2].isdigit()


def test_a_constant_think_time_is_constant() -> None:
    profile = with_think_time(ConstantThinkTime(0.25))

    assert {turn.wait_seconds for turn in first_turns(1, 1, profile=profile)} == {0.25}


def test_an_exponential_think_time_has_its_mean_and_its_many_short_waits() -> None:
    profile = with_think_time(ExponentialThinkTime(0.5))

    waits = [turn.wait_seconds for turn in first_turns(1, 1, 20_000, profile)]

    assert sum(waits) / len(waits) == pytest.approx(0.5, rel=0.03)
    # Below the mean are 1 - 1/e of all.
    assert sum(wait < 0.5 for wait in waits) / len(waits) == pytest.approx(0.632, abs=0.01)


def test_paths_of_other_servers_are_asked_for_by_weight_with_a_key_in_place_of_id() -> None:
    profile = replace(ORIGIN, paths={"/search?q={id}": 3.0, "/about": 1.0})

    asked = requested(profile, 4000)

    counts = Counter(one.route for one in asked)
    assert counts["/about"] == pytest.approx(1000, rel=0.15)
    assert {one.path for one in asked if one.route == "/about"} == {"/about"}
    ids = [int(one.path.removeprefix("/search?q=")) for one in asked if one.route != "/about"]
    assert 1 <= min(ids) <= max(ids) <= 4499
