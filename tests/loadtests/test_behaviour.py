from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from loadtests.behaviour import Turn, turns
from loadtests.profiles import PROFILES

ORIGIN = PROFILES["origin"]
PINNED_IDS = [4053, 728, 1218, 1043, 3592]


def first_turns(seed: int, number: int, count: int = 50) -> list[Turn]:
    return list(islice(turns(ORIGIN, seed, number), count))


def test_the_same_seed_makes_the_same_users() -> None:
    assert first_turns(seed=7, number=3) == first_turns(seed=7, number=3)


def test_users_and_seeds_differ() -> None:
    assert first_turns(seed=7, number=3) != first_turns(seed=7, number=4)
    assert first_turns(seed=7, number=3) != first_turns(seed=8, number=3)
    # "1/11" and "11/1" are two users, which adding the numbers would make one.
    assert first_turns(seed=1, number=11) != first_turns(seed=11, number=1)


def test_a_seed_means_the_same_on_every_python() -> None:
    assert [turn.customer_id for turn in first_turns(seed=1, number=1, count=5)] == PINNED_IDS


@given(st.integers(), st.integers(1, 2000))
def test_ids_and_waits_stay_within_the_profile(seed: int, number: int) -> None:
    for turn in first_turns(seed, number):
        assert 1 <= turn.customer_id <= 4499
        assert 5 <= turn.wait_seconds <= 9


def test_both_ends_of_the_ids_are_asked_for() -> None:
    asked = {turn.customer_id for turn in first_turns(seed=1, number=1, count=60_000)}

    assert (min(asked), max(asked)) == (1, 4499)


def test_a_turn_asks_for_the_data_of_its_customer() -> None:
    assert Turn(customer_id=17, wait_seconds=5.0).path == "/customerdata/17"
