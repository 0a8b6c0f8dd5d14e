import time
from collections.abc import Callable

import gevent
import pytest

from loadtests.alarm import Alarm, GeventAlarm, new_alarm

BOTH = pytest.mark.parametrize("make", [new_alarm, GeventAlarm])


@BOTH
def test_nobody_is_woken_too_early_and_all_in_order(make: Callable[[], Alarm]) -> None:
    alarm = make()
    woken: list[tuple[int, bool]] = []
    began = time.perf_counter()

    def sleep(tenths: int) -> None:
        moment = began + tenths / 100
        alarm.sleep_until(moment)
        woken.append((tenths, time.perf_counter() >= moment))

    gevent.joinall([gevent.spawn(sleep, tenths) for tenths in (5, 1, 3, 2)], raise_error=True)
    alarm.close()

    assert woken == [(1, True), (2, True), (3, True), (5, True)]


@BOTH
def test_a_moment_that_is_past_lets_the_others_run_first(make: Callable[[], Alarm]) -> None:
    alarm = make()
    ran: list[str] = []
    gevent.spawn(ran.append, "other")

    alarm.sleep_until(time.perf_counter() - 1)
    alarm.close()

    assert ran == ["other"]


@BOTH
def test_a_killed_sleeper_disturbs_nobody(make: Callable[[], Alarm]) -> None:
    alarm = make()
    began = time.perf_counter()
    killed = gevent.spawn(alarm.sleep_until, began + 0.01)
    gevent.sleep(0)

    killed.kill()
    alarm.sleep_until(began + 0.03)
    alarm.close()

    assert killed.dead
    assert time.perf_counter() >= began + 0.03


@BOTH
def test_an_earlier_moment_is_not_held_up_by_a_later_one(make: Callable[[], Alarm]) -> None:
    alarm = make()
    began = time.perf_counter()
    late = gevent.spawn(alarm.sleep_until, began + 600)
    gevent.sleep(0)

    alarm.sleep_until(began + 0.01)

    assert not late.dead
    late.kill()
    alarm.close()
