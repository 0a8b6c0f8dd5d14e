"""Which environments may load at the same time."""

from functools import partial

from emulation.loading_queue import LoadingQueue


def wanting(queue: LoadingQueue, *environments: int) -> list[int]:
    """Those that have begun to load, as the list grows."""
    begun: list[int] = []
    for environment_id in environments:
        queue.load(environment_id, partial(begun.append, environment_id))
    return begun


def test_no_more_than_its_width_load_at_a_time() -> None:
    assert wanting(LoadingQueue(2), 1, 2, 3, 4) == [1, 2]


def test_the_next_one_begins_when_one_is_done() -> None:
    queue = LoadingQueue(1)
    begun = wanting(queue, 1, 2, 3)

    queue.done(1)
    assert begun == [1, 2]
    queue.done(2)
    assert begun == [1, 2, 3]


def test_one_that_ends_while_it_waits_never_loads() -> None:
    queue = LoadingQueue(1)
    begun = wanting(queue, 1, 2, 3)

    queue.done(2)
    queue.done(1)

    assert begun == [1, 3]


def test_being_done_twice_makes_no_room_twice() -> None:
    queue = LoadingQueue(1)
    begun = wanting(queue, 1, 2, 3)

    queue.done(1)
    queue.done(1)

    assert begun == [1, 2]
