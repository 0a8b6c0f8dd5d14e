from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]  # ships no types

from loadtests.recorder import Recorder
from loadtests.worker_reports import from_message, receive_reports, send_reports, to_message


class FakeEvent:
    """A locust.event.EventHook: importing Locust would patch this whole test process."""

    def __init__(self) -> None:
        self._handlers: list[Callable[..., None]] = []

    def add_listener(self, handler: Callable[..., None]) -> None:
        self._handlers.append(handler)

    def fire(self, **what: Any) -> None:
        for handler in self._handlers:
            handler(**what)


def through_the_network(values: dict[str, Any]) -> dict[str, Any]:
    """As Locust packs and unpacks a message."""
    received: dict[str, Any] = msgpack.loads(msgpack.dumps(values), raw=False, strict_map_key=False)
    return received


def a_recorder() -> Recorder:
    return Recorder(warm_up_seconds=0.0, block_seconds=10.0)


def add(recorder: Recorder, at_seconds: float, error: str | None = None) -> None:
    status = 0 if error else 200
    row = [at_seconds, at_seconds + 0.001, at_seconds + 0.003, 20]
    recorder.add(("/", status, error, None, False), row)


def test_a_report_survives_its_message() -> None:
    recorder = a_recorder()
    add(recorder, 1.0)
    add(recorder, 2.0, error="timeout")
    report = recorder.report(3.0, users=7)

    received = from_message(through_the_network(to_message(report)))

    one, other = a_recorder(), a_recorder()
    one.merge("w1", report)
    other.merge("w1", received)
    assert other.snapshot(3.0) == one.snapshot(3.0)
    assert other.progress(3.0, users=0) == one.progress(3.0, users=0)
    assert list(other.close(None)) == list(one.close(None))


def test_what_a_worker_counted_arrives_once_through_locusts_own_events() -> None:
    report_to_master, worker_report = FakeEvent(), FakeEvent()
    worker, master = a_recorder(), a_recorder()
    send_reports(report_to_master, lambda: worker.report(5.0, users=3))
    receive_reports(worker_report, lambda: master)

    for _ in range(3):
        add(worker, 4.0)
        data: dict[str, Any] = {"stats": []}
        report_to_master.fire(client_id="w1", data=data)
        worker_report.fire(client_id="w1", data=through_the_network(data))

    assert master.snapshot(5.0)["requests"] == 3
    assert worker.snapshot(5.0)["requests"] == 0


def test_between_blocks_nothing_is_sent_and_nothing_counted() -> None:
    report_to_master, worker_report = FakeEvent(), FakeEvent()
    data: dict[str, Any] = {"stats": []}
    send_reports(report_to_master, lambda: None)
    receive_reports(worker_report, lambda: None)

    report_to_master.fire(client_id="w1", data=data)
    worker_report.fire(client_id="w1", data=data)

    assert data == {"stats": []}
