from itertools import islice

from loadtests.behaviour import turns
from loadtests.block import Block
from loadtests.profiles import PROFILES
from loadtests.shape import start_seconds

QUICK = PROFILES["quick"]


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_users_are_numbered_in_order_of_creation() -> None:
    block = Block(QUICK, seed=5, clock=FakeClock())

    for number in (1, 2, 3):
        start, user = block.new_user()

        assert start == start_seconds(QUICK, number)
        assert list(islice(user, 10)) == list(islice(turns(QUICK, 5, number), 10))


def test_time_counts_from_the_creation() -> None:
    clock = FakeClock()
    block = Block(QUICK, seed=5, clock=clock)

    clock.now += 4

    assert (block.elapsed_seconds, block.left_seconds) == (4, 11)
    assert block.seconds_at(1003) == 3


def test_no_turn_begins_once_the_block_is_over() -> None:
    clock = FakeClock()
    block = Block(QUICK, seed=5, clock=clock)
    _, user = block.new_user()

    clock.now = 1014.999
    assert block.next_turn(user) is not None
    clock.now = 1015.0
    assert block.next_turn(user) is None
