import pytest

from comparison.forecast.stations import Queue, Station

LONG = 1e9
"""So long that chance has built up every queue it builds."""


def test_below_full_load_chance_makes_the_wait_of_m_m_1() -> None:
    queue = Queue(Station("cpu", 1.0, 0.001, squared_variation=1.0))

    wait, rate, failed = queue.step(500.0, 1.0, LONG)

    assert wait.share * wait.mean == pytest.approx(0.001)
    assert [wait.backlog, rate, failed] == [0.0, 500.0, 0.0]


def test_beyond_it_a_backlog_grows_by_what_cannot_be_served() -> None:
    queue = Queue(Station("cpu", 2.0, 0.001))

    wait, rate, _ = queue.step(3000.0, 10.0, 10.0)

    assert queue.backlog == pytest.approx(10_000)
    assert rate == pytest.approx(2000)
    assert [wait.backlog, wait.rise] == pytest.approx([2.5, 5.0])


def test_a_backlog_is_worked_off_when_the_rate_falls() -> None:
    queue = Queue(Station("cpu", 1.0, 0.001), backlog=1000.0)

    _, rate, _ = queue.step(500.0, 1.0, 10.0)

    assert queue.backlog == pytest.approx(500)
    assert rate == pytest.approx(1000)


def test_who_would_wait_too_long_fails_at_once() -> None:
    queue = Queue(Station("connection", 10.0, 0.1, longest_wait=0.5))

    for _ in range(3):
        wait, rate, failed = queue.step(150.0, 1.0, 10.0)

    assert [wait.backlog, rate, failed] == pytest.approx([0.5, 100.0, 50.0])


def test_only_those_who_visit_are_held_up() -> None:
    queue = Queue(Station("database", 1.0, 0.01, share=0.1))

    _, rate, _ = queue.step(2000.0, 1.0, 10.0)

    assert rate == pytest.approx(1800 + 100)


def test_chance_needs_time_to_build_up_a_queue() -> None:
    nearly_full = Station("cpu", 1.0, 0.001, squared_variation=1.0)

    young, _, _ = Queue(nearly_full).step(999.9, 1.0, 1.0)
    old, _, _ = Queue(nearly_full).step(999.9, 1.0, LONG)

    assert young.mean < 0.1 < old.mean


def test_more_instances_are_more_queues_not_longer_ones() -> None:
    one = Queue(Station("cpu", 2.0, 0.001, squared_variation=1.0, queues=2))

    wait, _, _ = one.step(2000.0, 1.0, LONG, servers=4.0)

    assert wait.share * wait.mean == pytest.approx(0.001)


def test_what_takes_no_time_is_no_station() -> None:
    assert Queue(Station("cache", 1.0, 0.0)).step(5.0, 1.0, 1.0)[1:] == (5.0, 0.0)
