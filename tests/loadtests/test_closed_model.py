import itertools
from dataclasses import dataclass, field, replace

from loadtests.behaviour import Request, Turn
from loadtests.block import Block, NewUser
from loadtests.closed_model import live
from loadtests.profiles import PROFILES
from loadtests.shape import Presence
from tests.loadtests.fake_clock import FakeClock

REQUEST = Request("/", "/")
PROFILE = replace(PROFILES["quick"], block_seconds=10.0, warm_up_seconds=0.0)


@dataclass
class FakeTarget:
    """Answers after `answer_seconds`, and notes when each request was intended and sent."""

    clock: FakeClock
    answer_seconds: float
    intended: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)

    def send(self, request: Request, intended_seconds: float) -> None:
        self.intended.append(intended_seconds)
        self.sent.append(self.clock.elapsed_seconds)
        self.clock.now += self.answer_seconds


def lead_a_life(
    *presences: Presence, answer_seconds: float, wait_seconds: float, oversleep_seconds: float = 0.0
) -> FakeTarget:
    clock = FakeClock()
    block = Block(PROFILE, seed=1, clock=clock)
    target = FakeTarget(clock, answer_seconds)
    user = NewUser(1, presences, itertools.repeat(Turn(REQUEST, wait_seconds)))

    def sleep_until(seconds: float) -> None:
        clock.sleep_until(seconds)
        clock.now += oversleep_seconds

    live(block, user, target.send, sleep_until)
    assert not block.active_users
    return target


def test_a_user_asks_waits_for_the_answer_and_then_a_while() -> None:
    target = lead_a_life(Presence(1, 10), answer_seconds=0.5, wait_seconds=2)

    assert target.sent == target.intended == [1, 3.5, 6, 8.5]


def test_a_late_generator_is_late_after_the_intended_moment() -> None:
    target = lead_a_life(Presence(0, 4), answer_seconds=0.5, wait_seconds=1, oversleep_seconds=0.25)

    assert target.intended == [0, 1.75, 3.5]
    assert target.sent == [0.25, 2, 3.75]


def test_no_request_begins_once_the_user_has_gone() -> None:
    assert lead_a_life(Presence(0, 4), answer_seconds=1, wait_seconds=1).sent == [0, 2]
    assert lead_a_life(Presence(0, 4.01), answer_seconds=1, wait_seconds=1).sent == [0, 2, 4]


def test_a_user_who_wakes_after_its_end_does_not_begin() -> None:
    late = lead_a_life(Presence(9, 10), answer_seconds=1, wait_seconds=1, oversleep_seconds=1.5)

    assert late.sent == []


def test_a_user_comes_again_when_its_next_presence_begins() -> None:
    target = lead_a_life(Presence(0, 2), Presence(6, 9), answer_seconds=0, wait_seconds=1.5)

    assert target.sent == [0, 1.5, 6, 7.5]


def test_a_user_who_is_never_there_does_nothing() -> None:
    assert lead_a_life(answer_seconds=1, wait_seconds=1).sent == []


def test_a_slow_server_is_asked_less() -> None:
    quick = lead_a_life(Presence(0, 10), answer_seconds=0, wait_seconds=1)
    slow = lead_a_life(Presence(0, 10), answer_seconds=4, wait_seconds=1)

    assert (len(quick.sent), len(slow.sent)) == (10, 2)
