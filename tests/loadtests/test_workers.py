from types import SimpleNamespace
from typing import Any

import pytest

from loadtests.block import Part
from loadtests.workers import (
    FINISHED,
    LEAD_SECONDS,
    Workers,
    begins_in_seconds,
    deal_parts,
    part_of,
    report_finished,
)

INDEX = {"c": 0, "a": 1, "b": 4}


def test_parts_are_dealt_in_the_order_of_the_workers_indexes() -> None:
    # Indexes have gaps where a worker has left.
    assert deal_parts(["a", "b", "c", "a"], INDEX.__getitem__) == {"c": 0, "a": 1, "b": 2}


def test_a_worker_finds_its_part_among_all() -> None:
    assert part_of("a", {"c": 0, "a": 1, "b": 2}) == Part(1, 3)


def test_a_worker_without_a_part_has_nothing_to_do() -> None:
    part = part_of("new", {"a": 0, "b": 1})

    assert not any(part.has(number) for number in range(1, 100))


def test_a_test_is_over_when_all_parts_are() -> None:
    workers = Workers({"a": 0, "b": 1})

    workers.note_finished("a")
    before = workers.expect_more(["a", "b"])
    workers.note_finished("b")

    assert (before, workers.expect_more(["a", "b"])) == (True, False)
    assert workers.made_the_load


def test_a_worker_that_is_lost_is_not_waited_for_and_its_part_is_missing() -> None:
    workers = Workers({"a": 0, "b": 1})

    workers.note_finished("a")

    assert not workers.expect_more(["a"])
    assert not workers.made_the_load


def test_a_worker_that_joins_on_the_way_makes_it_another_load() -> None:
    workers = Workers({"a": 0})

    workers.note_connected("new")
    workers.note_finished("a")

    assert not workers.made_the_load


def test_a_part_that_begins_late_makes_it_another_load() -> None:
    workers = Workers({"a": 0})

    workers.note_late()
    workers.note_finished("a")

    assert not workers.made_the_load


@pytest.mark.parametrize(
    ("now", "seconds"), [(99.5, 0.5), (98.5, 1.5), (100.0, 0.0), (101.0, 0.0), (90.0, LEAD_SECONDS)]
)
def test_parts_begin_together_but_never_wait_for_a_clock_that_is_wrong(
    now: float, seconds: float
) -> None:
    assert begins_in_seconds(100.0, now) == seconds


def test_a_worker_that_says_hello_again_changes_nothing() -> None:
    workers = Workers({"a": 0})

    workers.note_connected("a")
    workers.note_finished("a")

    assert workers.made_the_load


class FakeWorkerRunner:
    """Adds to a report what a listener would, and keeps what is sent."""

    client_id = "a"

    def __init__(self) -> None:
        report = SimpleNamespace(fire=lambda client_id, data: data.update(recorder=client_id))
        self.environment = SimpleNamespace(events=SimpleNamespace(report_to_master=report))
        self.sent: list[tuple[str, Any]] = []

    def send_message(self, msg_type: str, data: Any = None) -> None:
        self.sent.append((msg_type, data))


def test_the_last_report_comes_before_the_end() -> None:
    runner = FakeWorkerRunner()

    report_finished(runner)

    assert runner.sent == [("stats", {"recorder": "a"}), (FINISHED, None)]
