from shared.breaker import Breaker
from tests.shared.fakes import Clock


def test_it_allows_everybody_until_something_fails() -> None:
    breaker = Breaker(2.0, Clock())

    assert [breaker.allows() for _ in range(3)] == [True] * 3


def test_after_a_failure_it_allows_nobody_until_the_pause_is_over() -> None:
    clock = Clock()
    breaker = Breaker(2.0, clock)
    breaker.failed()
    clock.now_seconds += 1.999

    assert [breaker.allows() for _ in range(3)] == [False] * 3


def test_after_the_pause_one_may_probe_and_the_others_still_not() -> None:
    clock = Clock()
    breaker = Breaker(2.0, clock)
    breaker.failed()
    clock.now_seconds += 2.0

    assert [breaker.allows() for _ in range(4)] == [True, False, False, False]


def test_a_probe_that_succeeds_closes_it_for_all() -> None:
    clock = Clock()
    breaker = Breaker(2.0, clock)
    breaker.failed()
    clock.now_seconds += 2.0
    breaker.allows()
    breaker.succeeded()

    assert [breaker.allows() for _ in range(3)] == [True] * 3


def test_a_probe_that_fails_opens_it_for_another_pause() -> None:
    clock = Clock()
    breaker = Breaker(2.0, clock)
    breaker.failed()
    clock.now_seconds += 2.0
    breaker.allows()
    clock.now_seconds += 0.5
    breaker.failed()
    clock.now_seconds += 1.999

    assert not breaker.allows()
    clock.now_seconds += 0.001
    assert breaker.allows()


def test_a_probe_that_never_comes_back_costs_one_more_pause() -> None:
    clock = Clock()
    breaker = Breaker(2.0, clock)
    breaker.failed()
    clock.now_seconds += 2.0
    breaker.allows()
    clock.now_seconds += 2.0

    assert breaker.allows()
